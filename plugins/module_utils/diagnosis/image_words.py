# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What kubelets and container runtimes say about images that do not come, and which cause that is."""
from __future__ import annotations

import re

# Most special first, with how sure they are.
IMAGES = (
    ("image.kubelet-qps", "confirmed", r"pull QPS exceeded"),
    ("image.throttled", "confirmed", r"toomanyrequests|429 Too Many Requests|pull rate limit|too many requests"),
    # The Docker registry says the same of what is private and of what does not exist.
    ("image.auth", "probable", r"pull access denied, repository does not exist or may require"),
    ("image.auth", "confirmed", r"401 Unauthorized|403 Forbidden|no basic auth credentials|authorization failed"
                                r"|authentication required|unauthorized:"),
    ("image.registry-unreachable", "confirmed", r"no such host|i/o timeout|connection refused|x509:|no route to host"
                                                r"|dial tcp|TLS handshake timeout|server gave HTTP response to HTTPS"
                                                r"|connection reset by peer|server misbehaving|network is unreachable"),
    ("image.not-found", "confirmed", r"not found|manifest unknown|no match for platform|couldn't parse image (?:name|ref)"
                                     r"|name unknown|is not present with pull policy of Never|no such image"),
    ("image.registry-unreachable", "probable", r"context deadline exceeded|\bEOF\b|\b50[0234] [A-Z][a-z]"),
    # The way to the server of tokens may be what failed: that was asked first.
    ("image.auth", "probable", r"failed to fetch (?:anonymous|oauth) token"),
)


def cause_of(text: str) -> tuple[str, str]:
    """(code, confidence) of what is said about an image; two empty strings for what nobody knows."""
    return next(((code, sure) for code, sure, pattern in IMAGES if re.search(pattern, text)), ("", ""))
