# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs checks on a lab cluster in the test's own process, and says what a healthy or broken cluster must answer."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import options, registry
from ansible_collections.assay.clusters.plugins.module_utils.engine.run import Run, Settings
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.results.record import Record
from tests.proved import SKIPPED
from tests.runner import gauntlet

# What the lab's own name server answers for the internet.
EXTERNAL = {"dns": {"external_name": "www.lab.test"}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes first: at the end one cluster would wait for the other."""
    items.sort(key=lambda item: item.path.name != "test_nodes.py")


class Prover:
    """Runs checks on one cluster and hands back their records by name."""

    def __init__(self, kubeconfig: str | Path | dict[str, Any], cluster: str, journal_dir: Path):
        self.kubeconfig, self.cluster, self.journal_dir = kubeconfig, cluster, journal_dir
        self.result: dict[str, Any] = {}

    def __call__(self, *checks: str, connection: dict[str, Any] | None = None, images: dict[str, str] | None = None,
                 limit: float = 900.0, transport: str = "auto", **own: dict[str, Any]) -> dict[str, Record]:
        """own: options by check name, as dns={"external_name": "..."}; limit: seconds of the run, for what waits in vain;
        transport: the way to probes."""
        known = registry.load()
        chosen = registry.select(known, checks, exclude=() if checks else SKIPPED)
        given = {**EXTERNAL, **own}
        settings = Settings(
            self.cluster, Connection.resolve(connection or {"kubeconfig": self.kubeconfig}, {}), chosen,
            {c.name: options.resolve(c, given.get(c.name, {}), {}) for c in chosen}, images or {},
            limit=limit, transport=transport, journal_dir=self.journal_dir)
        self.result = Run(settings).go()
        records = [Record.from_dict(r) for r in self.result["records"]]
        for r in records:
            print(f"{r.verdict:12} {r.check:12} {r.seconds:6.1f} s  {r.cause or '-'} {r.confidence} {r.scope} {r.step!r} "
                  f"{r.message[:200]}  <- {r.consequence_of}")
            for line in r.evidence[:6]:
                print("      ", line[:200])
        gauntlet.note_run(records)
        return {r.check: r for r in records}

    def green(self, *checks: str, **own: Any) -> None:
        """The healthy half of every fault test: the checks pass, and nothing is left behind."""
        records = self(*checks, **own)
        wrong = {n: (r.verdict, r.cause, r.message) for n, r in records.items() if r.verdict not in ("passed", "warned")}
        assert not wrong
        assert self.result["leftovers"] == []


def assert_red(record: Record, cause: str, scope: list[str], confidence: str, *words: str, verdict: str = "failed",
               follows: str = "") -> None:
    """The failing half: all that a record claims, no more and no less.

    words: each is in a line of the evidence. follows: the cause that this one is a consequence of.
    """
    gauntlet.note_claim(record, cause, scope)
    claimed = (record.verdict, record.cause, record.scope, record.confidence, record.consequence_of)
    assert claimed == (verdict, cause, scope, confidence, follows), (record.message, record.evidence)
    assert not [w for w in words if not any(w in line for line in record.evidence)], record.evidence
    assert record.evidence and record.remedy and record.next_command


def node_to_lose(lab: Any) -> str:
    """A node without metrics-server: while an aggregated API is away, no namespace can be removed, and every run waits."""
    pods = lab.api("/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dmetrics-server")["items"]
    taken = {p["spec"].get("nodeName") for p in pods}
    return next(n for n in reversed(lab.machines) if lab.node_name(n) not in taken)


@pytest.fixture
def prove(lab: Any, tmp_path: Path) -> Callable[..., dict[str, Record]]:
    return Prover(lab.kubeconfig, lab.name, tmp_path / "journal")
