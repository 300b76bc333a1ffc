# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The virtual machines below the nodes, by what their platform said; for the check of machines alone."""
from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from ..results.record import INCONCLUSIVE
from .evidence import Candidate, Evidence
from .finding import Finding
from .paths import seen

# By the variant of what the check saw. What a machine that is off cannot do is told as being off.
_CODES = {"power": "vm.powered-off", "tools": "vm.tools-down", "consolidation": "vm.consolidation",
          "snapshot": "vm.snapshot-old", "disk_uuid": "vm.disk-uuid", "apart": "vm.anti-affinity"}
# These break something on their node, so the node is in the scope; the others are the machine's own matter.
_ON_NODE = ("power", "tools", "disk_uuid")
# How the platform's own tool calls a machine: by name where that is how people do, else by id.
_KINDS = {"aws": "instance", "esxi": "vmid"}


def _subject(f: Finding, machine: str) -> str:
    """The machine as the next command takes it; a name may hold blanks."""
    kind = _KINDS.get(str(f.observed.get("platform") or ""), "vm")
    if kind == "vm":
        return f"vm/{shlex.quote(machine)}"
    ids: Any = f.observed.get("machine_ids") or {}
    return f"{kind}/{ids.get(machine, machine)}"


def judged(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    for variant, code in _CODES.items():
        for o in seen(f, "machine", variant):
            if o["ok"]:
                continue
            name, node = o["target"], o.get("to_node") or ""
            scope = (f"vm/{name}", *((f"node/{node}",) if node and variant in _ON_NODE else ()))
            sure = "probable" if variant == "tools" else "confirmed"
            subject = f"node/{node}" if variant == "tools" and node else _subject(f, name)
            yield Candidate(code, sure, scope, (f"vm/{name} {o.get('error') or ''}".rstrip(),), subject=subject)


def datastores(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    kind = "local" if f.observed.get("platform") == "esxi" else "datastore"
    for o in seen(f, "datastore", "free"):
        if not o["ok"]:
            line = f"datastore/{o.get('error') or ''}"
            yield Candidate("vm.datastore-low", "confirmed", (f"datastore/{o['target']}",), (line,),
                            subject=f"{kind}/{shlex.quote(o['target'])}")


def not_found(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """Beside a proved fault this is only mentioned by the check: it may be a matter of rights."""
    missing = f.observed.get("machines_not_found")
    if f.verdict == INCONCLUSIVE and isinstance(missing, dict) and missing:
        yield Candidate("vm.not-found", "suspected", tuple(f"node/{n}" for n in missing), tuple(
            f"node/{n}: {why or 'no machine fits'}" for n, why in missing.items()))


def platform(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """The platform could not be asked: by an option of ours, or by its own words."""
    for key, code in (("bad_option", "harness.precondition"), ("platform_said", "vm.platform-unavailable")):
        if f.verdict == INCONCLUSIVE and f.observed.get(key):
            yield Candidate(code, "confirmed", (), (f.message,))


RULES = (judged, datastores, not_found, platform)
