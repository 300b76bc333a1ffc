# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all views of the page need: ids, words, moments."""
from __future__ import annotations

import hashlib
import re


def anchor(*parts: str) -> str:
    """An id for any names; the digest keeps "a-b" + "c" apart from "a" + "b-c"."""
    joined = "-".join(re.sub(r"[^A-Za-z0-9]+", "-", p).strip("-").lower() for p in parts)
    return f"{joined}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:6]}"


def words(name: str) -> str:
    """"pod_network" as people say it."""
    return name.replace("_", " ")


def moment(iso: str) -> str:
    """"2026-03-14 09:26:53 UTC"; other texts as they are."""
    match = re.match(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(Z|\+00:00)?$", iso)
    return f"{match[1]} {match[2]}" + (" UTC" if match[3] else "") if match else iso
