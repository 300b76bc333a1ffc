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

from ..kube.errors import BadInput

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "assay.clusters"
RUN = "assay.clusters/run"
OWNER = "assay.clusters/owner"
EXPIRES = "assay.clusters/expires"
OURS = f"{MANAGED_BY}={MANAGER}"

# Upstream's test image for network questions, and the smallest shell; both are mirrored everywhere.
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


def labels(run_id: str, lifetime: float) -> dict[str, str]:
    """The labels of everything that a run makes; lifetime in seconds from now."""
    return {MANAGED_BY: MANAGER, RUN: run_id, OWNER: owner(), EXPIRES: str(int(time.time() + lifetime))}


def nearest(word: str, words: Iterable[str]) -> str:
    """A "did you mean" for a wrong word, or the list of right ones."""
    words = sorted(words)
    close = difflib.get_close_matches(word, words, 1, 0.5)
    return f"did you mean {close[0]}?" if close else f"there are: {', '.join(words)}"


def check_image_names(images: Mapping[str, str]) -> None:
    for name in images:
        if name not in IMAGES:
            raise BadInput(f"images: there is no image {name!r}; {nearest(name, IMAGES)}")


def image(name: str, images: Mapping[str, str], registry: str) -> str:
    """The reference of a logical image: mapped by name, else from the mirror, else as published.

    registry replaces the registry host and keeps the path: mirror.example.com/e2e-test-images/agnhost:2.53.
    """
    if images.get(name):
        return images[name]
    reference = IMAGES[name]
    return f"{registry.rstrip('/')}/{reference.partition('/')[2]}" if registry else reference
