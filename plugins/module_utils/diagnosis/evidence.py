# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading the evidence: typed questions to the plain data that a run collected, or that was saved from one."""
from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .finding import Finding


@dataclass(frozen=True)
class Candidate:
    """A cause that evidence supports for one finding.

    own: seen in the finding's own answers rather than on something below it. scope: objects as "kind/name" or
    "kind/namespace/name".
    """

    code: str
    confidence: str
    scope: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    own: bool = True


def seconds(stamp: str | None) -> float:
    """Epoch seconds of an RFC 3339 time; 0 where there is none."""
    try:
        return datetime.datetime.fromisoformat((stamp or "").replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def name_of(item: dict[str, Any]) -> str:
    return item["metadata"]["name"]


def space_of(item: dict[str, Any]) -> str:
    return item["metadata"].get("namespace", "")


class Evidence:
    """One cluster's evidence; see engine/evidence.py for what is collected."""

    def __init__(self, data: dict[str, Any]):
        self.data = data
        self.space: str = data.get("run_namespace", "")
        self.now = seconds(data.get("server_date"))

    def items(self, key: str) -> list[dict[str, Any]]:
        return self.data.get(key) or []

    # ---- nodes ------------------------------------------------------------------------------------------------
    @property
    def nodes(self) -> dict[str, dict[str, Any]]:
        return {name_of(n): n for n in self.items("nodes")}

    @staticmethod
    def condition(item: dict[str, Any], kind: str) -> dict[str, Any]:
        return next((c for c in item.get("status", {}).get("conditions") or [] if c["type"] == kind), {})

    def lease_age(self, node: str) -> float | None:
        """Seconds since the node renewed its Lease, on the API server's clock."""
        lease = next((i for i in self.items("node_leases") if name_of(i) == node), None)
        renewed = seconds(((lease or {}).get("spec") or {}).get("renewTime"))
        return self.now - renewed if renewed and self.now else None

    # ---- events, pods -----------------------------------------------------------------------------------------
    def events(self, kind: str = "", namespace: str | None = None, name: str = "") -> Iterator[dict[str, Any]]:
        for event in self.items("events"):
            about = event.get("involvedObject") or event.get("regarding") or {}
            if (not kind or about.get("kind") == kind) and (not name or about.get("name") == name) and (
                    namespace is None or about.get("namespace", "") == namespace):
                yield event

    def pods(self, namespace: str | None = None) -> list[dict[str, Any]]:
        return [p for p in self.items("pods") if namespace is None or space_of(p) == namespace]

    def logs(self, namespace: str, pod: str = "") -> Iterator[tuple[str, str]]:
        """(namespace/pod/container, line) of the collected log tails."""
        for key, lines in (self.data.get("logs") or {}).items():
            parts = key.split("/")
            if parts[0] == namespace and (not pod or parts[1] == pod):
                for line in lines:
                    yield key, line

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.data), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Evidence:
        return cls(json.loads(path.read_text(encoding="utf-8")))


def event_line(event: dict[str, Any]) -> str:
    about = event.get("involvedObject") or event.get("regarding") or {}
    return f"{about.get('kind', '').lower()}/{about.get('name')} {event.get('reason')}: " \
           f"{(event.get('message') or event.get('note') or '').strip()}"


def path_names(finding: Finding, kind: str) -> set[str]:
    """Names of the objects of a kind that the check depended on."""
    return {p["name"] for p in finding.path if p["kind"] == kind}


def failing_nodes(finding: Finding) -> set[str]:
    """Nodes at either end of an answer that was not as it should be."""
    bad = [o for o in finding.observations if not o["ok"]]
    return {n for o in bad for n in (o.get("from_node"), o.get("to_node")) if n}
