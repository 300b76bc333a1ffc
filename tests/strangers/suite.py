# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The whole suite as a stranger's user runs it, and what must be as it was afterwards."""
from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.engine import options, registry
from ansible_collections.assay.clusters.plugins.module_utils.engine.run import Run, Settings
from ansible_collections.assay.clusters.plugins.module_utils.engine.terms import Terms
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.results.record import Record
from tests.lab.like import Stranger
from tests.lab.like.stranger import repeated
from tests.proved import SKIPPED, proved, told
from tests.runner import ours

# What the lab's own name server answers for the internet.
EXTERNAL = {"dns": {"external_name": "www.lab.test"}}
# Of a stranger's objects, what nobody but its owner writes.
_THEIRS = ("labels", "annotations", "finalizers", "ownerReferences")
_SHIFTING = {"Lease", "Node"}


class Suite:
    """Runs checks as a stranger's user does and hands back their records by name."""

    def __init__(self, lab: Any, folder: Path):
        self.lab, self.folder = lab, folder
        self.result: dict[str, Any] = {}

    def __call__(self, stranger: Stranger, *checks: str, bare: bool = False, limit: float = 900.0, say: Callable[..., None] | None = None,
                 **own: dict[str, Any]) -> dict[str, Record]:
        """bare: without the settings that its user would make. own: options by check name."""
        chosen = registry.select(registry.load(), checks)
        given = {c.name: options.resolve(c, {**EXTERNAL.get(c.name, {}), **own.get(c.name, {})}, {}) for c in chosen}
        wanted = {} if bare else dict(stranger.settings)
        terms = {f.name: wanted.pop(f.name) for f in dataclasses.fields(Terms) if f.name in wanted}
        settings = Settings(self.lab.name, Connection.resolve({"kubeconfig": str(stranger.kubeconfig)}, {}), chosen, given, limit=limit,
                            journal_dir=self.folder)
        settings = dataclasses.replace(settings, terms=Terms(**terms), **wanted)
        self.result = Run(settings, say or (lambda _record, _final: None)).go()
        records = [Record.from_dict(r) for r in self.result["records"]]
        for r in records:
            print(f"{r.verdict:12} {r.check:12} {r.seconds:6.1f} s  {r.cause or '-'} {r.confidence} {r.scope} {r.step!r} {r.message[:600]}  "
                  f"<- {r.consequence_of}")
            print("      ", json.dumps(r.observed)[:600])
            for line in r.evidence[:6]:
                print("      ", line[:300])
        return {r.check: r for r in records}


def unlike(records: dict[str, Record], expected: dict[str, tuple[str, ...]]) -> list[str]:
    """What is not as it should be, a line each.

    expected: check -> (verdict, words that its message or what it observed must hold, no warning without one
    of them); all others must have passed. "or passed" behind a verdict: what is in its way may come later than the check, which
    then passed. Beside passed, a warning that a
    loaded machine alone explains will do. That machines are skipped, as the lab names no platform for them, is always expected.
    """
    wrong = []
    for name, record in records.items():
        verdict, *words = expected.get(name, ("skipped",) if name in SKIPPED else ("passed",))
        verdict, late, _rest = verdict.partition(" or passed")
        if late and record.verdict == "passed":
            continue
        fits = proved(record) if verdict == "passed" else record.verdict == verdict
        said = f"{record.message} {json.dumps(record.observed)}"
        missing = [w for w in words if not re.search(w, said)]
        more = [part for part in told(record.message) if record.verdict == "warned" and words and not any(re.search(w, part) for w in words)]
        if not fits or missing or more:
            wanted = f"{verdict}{f' with {missing}' if missing else ''}"
            wrong.append(f"{name}: {record.verdict}, expected {wanted}: {record.cause} {record.message}")
    return wrong


@contextmanager
def placed(lab: Any) -> Iterator[set[str]]:
    """Nodes that pods of runs were seen on meanwhile."""
    found: set[str] = set()

    def look() -> None:
        for item in lab.api(f"/api/v1/pods?labelSelector={ours.MANAGED_BY}%3D{ours.MANAGER}")["items"]:
            found.add(item["spec"].get("nodeName", ""))

    with repeated("pods of runs", look, 0.5):
        yield found


def others(lab: Any) -> dict[str, str]:
    """Objects of all kinds in all namespaces that are not ours -> what their owners wrote of them."""
    found = {}
    with ours.reading(str(lab.kubeconfig)) as get:
        for path, resource in ours._kinds(get):
            if resource["kind"] in _SHIFTING or resource["kind"] == "CertificateSigningRequest":
                continue
            for item in ours._listed(get, f"{path}/{resource['name']}"):
                meta = item["metadata"]
                where = meta.get("namespace", meta.get("name", ""))
                if meta.get("labels", {}).get(ours.MANAGED_BY) == ours.MANAGER or where.startswith("assay-"):
                    continue
                said = {k: v for k, v in item.items() if k not in ("metadata", "status")} | {k: meta.get(k) for k in (*_THEIRS, "uid")}
                found[f"{resource['kind']} {meta.get('namespace', '')}/{meta['name']}"] = json.dumps(said, sort_keys=True)
    return found
