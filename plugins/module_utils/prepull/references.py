# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of images: as people write them, as a container runtime reads them, and rewritten to a mirror."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..jobs.errors import BadOption

HUB = "docker.io"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
# The grammar of distribution/reference; a registry is told from a path by a dot, a colon or the name localhost.
_REFERENCE = re.compile(
    rf"(?:(?P<registry>localhost(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::\d+)?"
    rf"|[A-Za-z0-9-]+:\d+)/)?(?P<path>{_PART}(?:/{_PART})*)(?::(?P<tag>\w[\w.-]{{0,127}}))?"
    rf"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{{32,}}))?")


@dataclass(frozen=True)
class Reference:
    """registry/path, with a tag or a digest or both; the digest decides where there are both."""

    registry: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        return f"{self.registry}/{self.path}"

    @property
    def short(self) -> str:
        """For lines that people read: the last part of the path."""
        end = f":{self.tag}" if self.tag else f"@{self.digest[:19]}"
        return f"{self.path.rpartition('/')[2]}{end}"

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse(text: str, where: str = "images") -> Reference:
    """As containerd and Docker read it: "busybox" is docker.io/library/busybox:latest. BadOption for what is no image."""
    found = _REFERENCE.fullmatch(text.strip())
    if not found:
        raise BadOption(f"{where}: {text.strip()[:200]!r} is not the name of an image, as registry.k8s.io/pause:3.10 is")
    registry, path = found["registry"] or HUB, found["path"]
    if registry in ("index.docker.io", "registry-1.docker.io"):
        registry = HUB
    if registry == HUB and "/" not in path:
        path = f"library/{path}"
    digest = found["digest"] or ""
    return Reference(registry, path, found["tag"] or ("" if digest else "latest"), digest)


def rewrite(reference: Reference, rules: Iterable[Mapping[str, str]]) -> Reference:
    """The first rule whose `from` is a beginning of the name, up to a slash or the end, puts its `to` there."""
    for rule in rules:
        old, new = rule["from"].rstrip("/"), rule["to"].rstrip("/")
        name = reference.name
        if name == old or name.startswith(f"{old}/"):
            end = str(reference)[len(name):]
            return parse(f"{new}{name[len(old):]}{end}", "rewrite")
    return reference
