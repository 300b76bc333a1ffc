# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names, labels and images of what a run makes."""
from __future__ import annotations

import difflib
import getpass
import re
import secrets
import socket
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ..kube.errors import BadInput

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "assay.clusters"
RUN = "assay.clusters/run"
OWNER = "assay.clusters/owner"
EXPIRES = "assay.clusters/expires"
OURS = f"{MANAGED_BY}={MANAGER}"

# Upstream's test image for network questions, which is mirrored everywhere. No check uses the others; users' inventories may name them.
IMAGES = {
    "agnhost": "registry.k8s.io/e2e-test-images/agnhost:2.53",
    "busybox": "docker.io/library/busybox:1.35",
    "pause": "registry.k8s.io/pause:3.10",
}


def new_run_id() -> str:
    return secrets.token_hex(4)


def nonce() -> str:
    """Ten characters, valid in a DNS label and as the end of a name."""
    return secrets.token_hex(5)


def owner() -> str:
    """user.host as a label value (at most 63 characters of letters, digits, '.', '_', '-')."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry in passwd
        user = "unknown"
    text = re.sub(r"[^A-Za-z0-9._-]", "-", f"{user}.{socket.gethostname()}")[:63]
    return text.strip("._-") or "unknown"


def labels(run_id: str, lifetime: float, now: float | None = None) -> dict[str, str]:
    """The labels of everything that a run makes; lifetime in seconds from now.

    now: epoch seconds on the clock by which others will see whether it has expired, the API server's; ours where there is none.
    """
    start = time.time() if now is None else now
    return {MANAGED_BY: MANAGER, RUN: run_id, OWNER: owner(), EXPIRES: str(int(start + lifetime))}


def nearest(word: str, words: Iterable[str]) -> str:
    """A "did you mean" for a wrong word, or the list of right ones."""
    words = sorted(words)
    close = difflib.get_close_matches(word, words, 1, 0.5)
    return f"did you mean {close[0]}?" if close else f"there are: {', '.join(words)}"


def check_images(images: Mapping[str, Any], registry: str = "") -> None:
    """Raise BadInput for what is no reference of an image, or no place for one."""
    for name, reference in images.items():
        if name not in IMAGES:
            raise BadInput(f"images: there is no image {name!r}; {nearest(name, IMAGES)}")
        if not isinstance(reference, str):
            raise BadInput(f"images: the reference of {name} must be text, not {reference!r}")
    for what, place in (("image_registry", registry), *((f"images: {n}", r) for n, r in images.items())):
        if "://" in place or any(c.isspace() for c in place):
            raise BadInput(f"{what}: must be like mirror.example.com/path, without https:// and spaces, not {place!r}")


def image(name: str, images: Mapping[str, str], registry: str) -> str:
    """The reference of a logical image: mapped by name, else from the mirror, else as published.

    registry replaces the registry host and keeps the path: mirror.example.com/e2e-test-images/agnhost:2.53.
    """
    if images.get(name):
        return images[name]
    reference = IMAGES[name]
    return f"{registry.rstrip('/')}/{reference.partition('/')[2]}" if registry else reference
