# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What kubelets and container runtimes say about images that do not come, and which cause that is."""
from __future__ import annotations

import re


def _status(numbers: str) -> str:
    """A status of HTTP by its number, as runtimes repeat it: what follows it are the server's own words, whatever they are."""
    return rf"[Ss]tatus\b[^\n]*?[: ](?:{numbers})(?![\w./-]|:\S)|\b(?:{numbers}) [A-Z][a-z]"


# Most special first, with how sure they are.
IMAGES = (
    ("image.kubelet-qps", "confirmed", r"pull QPS exceeded"),
    ("image.throttled", "confirmed", rf"toomanyrequests|pull rate limit|[Tt]oo many requests|{_status('429')}"),
    # A page of a portal or proxy where a manifest should be. What containerd does not know it does not find.
    ("image.registry-unreachable", "confirmed", r"unexpected media type text/|media type \W?text/html|unknown type text/html"
                                                r"|\(text/[\w.+-]+\) from remote"
                                                r"|invalid character '<' looking for beginning of value"),
    ("image.corrupt", "confirmed", r"unexpected commit (?:digest|size)|failed size validation|[Dd]igest did not match"
                                   r"|digest mismatch|does not match (?:the )?digest|manifest verification failed"
                                   r"|layers from manifest don't match|gzip: invalid (?:header|checksum)|invalid tar header"
                                   r"|[Ff]ilesystem layer verification failed"),
    # Less than the registry had promised: it has no more, or the way broke off.
    ("image.corrupt", "probable", r"failed to read expected number of bytes|short read: expected \d+ bytes"),
    # The Docker registry says the same of what is private and of what does not exist.
    ("image.auth", "probable", r"pull access denied, repository does not exist or may require"),
    ("image.auth", "confirmed", rf"no basic auth credentials|authorization failed|authentication required|unauthorized:"
                                rf"|{_status('401|403')}"),
    ("image.registry-unreachable", "confirmed", r"no such host|i/o timeout|connection refused|x509:|no route to host"
                                                r"|dial tcp|TLS handshake timeout|server gave HTTP response to HTTPS"
                                                r"|connection reset by peer|server misbehaving|network is unreachable"),
    ("image.not-found", "confirmed", r"not found|manifest unknown|no match for platform|couldn't parse image (?:name|ref)"
                                     rf"|name unknown|is not present with pull policy of Never|no such image|{_status('404')}"),
    ("image.registry-unreachable", "probable", rf"context deadline exceeded|\bEOF\b|{_status('50[0234]')}"),
    # The way to the server of tokens may be what failed: that was asked first.
    ("image.auth", "probable", r"failed to fetch (?:anonymous|oauth) token"),
)
# What is a matter of the registry rather than of one image in it.
OF_REGISTRY = {"image.throttled", "image.registry-unreachable", "image.corrupt", "image.auth"}


def cause_of(text: str) -> tuple[str, str]:
    """(code, confidence) of what is said about an image; two empty strings for what nobody knows."""
    return next(((code, sure) for code, sure, pattern in IMAGES if re.search(pattern, text)), ("", ""))


def registry_of(image: str) -> str:
    """The host that an image comes from, as the reference says it; that of short names is Docker's."""
    host, slash, _rest = image.partition("/")
    return host if slash and ("." in host or ":" in host or host == "localhost") else "docker.io"
