# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make bench`: synthetic one-second checks, by this collection and by kubernetes.core tasks, in one run.

One cluster with ten checks and with forty, then twenty clusters (contexts of the same one). Judge the ratios and what
is over the slowest check; absolute seconds belong to the machine. A real namespace takes its controller five seconds and
more to remove, whoever asks, so the rows to compare leave that to after the playbook, as kubernetes.core does without
wait; two rows more wait for it.
"""
from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import crowd, measure, prepull, reading, report, synthetic, testgrid

CHECKOUT = Path(__file__).resolve().parents[2]
OUTPUT = CHECKOUT / "tests/output/bench"
# The bundle whose kubernetes.core is compared; installed for the bench only.
BUNDLE = "ansible==12.3.0"
SCENES = ((1, 10), (1, 40), (20, 10), (20, 40))
# Goals: seconds of wall time over the slowest check, CPU seconds and requests per cluster.
GOALS = {1: {"over": 0.7, "cpu": 0.9}, 20: {"over": 1.5, "cpu": 0.15}}


def _bundle() -> Path:
    """kubernetes.core out of its package, in a cache folder of its own."""
    cache = Path(os.environ["ASSAY_CACHE"]) / f"bench-{BUNDLE.replace('==', '-')}"
    core = cache / "ansible_collections/kubernetes/core"
    if not core.is_dir():
        print(f"installing {BUNDLE} for the comparison", flush=True)
        with tempfile.TemporaryDirectory(dir=cache.parent) as folder:
            subprocess.run(["uv", "pip", "install", "--quiet", "--no-deps", "--target", folder, BUNDLE], check=True)
            core.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(Path(folder) / "ansible_collections/kubernetes/core", core)
    return cache


@contextmanager
def _cluster() -> Iterator[tuple[str, Path | None]]:
    """A kubeconfig and the API server's audit log, if it can be read: the lab's c1 or KUBECONFIG."""
    if own := os.environ.get("KUBECONFIG"):
        yield own, None
        return
    lab = _lab()
    yield str(lab.kubeconfig), Path(lab.audit_log)


def _lab() -> Any:
    from tests.lab import Lab

    lab = Lab("c1")
    lab.ensure()
    return lab


class Bench:
    """Runs plays in a folder and collects rows."""

    def __init__(self, folder: Path, kubeconfig: str, audit_log: Path | None) -> None:
        self.folder, self.kubeconfig, self.audit_log = folder, kubeconfig, audit_log
        self.environ = {**os.environ, "ANSIBLE_FORKS": "20", "ANSIBLE_NOCOLOR": "1", "K8S_AUTH_KUBECONFIG": kubeconfig,
                        "ANSIBLE_LOCALHOST_WARNING": "0"}
        self.rows: list[dict[str, Any]] = []
        self.number = 0

    def play(self, play: list[dict[str, Any]], clusters: int, sample: float = 0.0,
             **environ: str) -> measure.Cost:
        self.number += 1
        book = synthetic.write_json(self.folder / f"play{self.number}.json", play)
        hosts = synthetic.write_json(self.folder / f"hosts{self.number}.json",
                                     synthetic.inventory(clusters, self.kubeconfig, self.number))
        log = OUTPUT / f"play{self.number}.log"
        cost = measure.run(["ansible-playbook", str(book), "-i", str(hosts)], {**self.environ, **environ}, log, sample)
        if cost.status:
            raise SystemExit(f"the run failed; its end:\n{cost.output[-2000:]}\nlog: {log}")
        return cost

    def empty(self) -> None:
        cost = self.play(synthetic.empty_play(), 1)
        self._row("empty play", 1, 0, cost, 0.0, None, None)

    def ours(self, clusters: int, checks: int, wait: bool = False) -> None:
        """wait: until the namespace is gone, which its controller leaves alone for five seconds; else that is done by
        the guardian after the playbook, and its CPU time is counted all the same."""
        folder = synthetic.write_checks(self.folder / f"checks{self.number}", checks)
        results = self.folder / f"results{self.number}"
        cost = self.play(synthetic.assay_play(folder, checks, results, wait), clusters)
        runs = [json.loads(p.read_text(encoding="utf-8")) for p in results.glob("clusters/*.json")]
        if len(runs) != clusters or any(len(r["records"]) != checks for r in runs):
            raise SystemExit(f"{len(runs)} of {clusters} clusters reported; log: {OUTPUT}/play{self.number}.log")
        memory = self.play(synthetic.assay_play(folder, checks, results, wait), clusters, sample=0.1)
        slowest = max(r["seconds"] for run in runs for r in run["records"])
        self._row("ours, waiting" if wait else "assay.clusters", clusters, checks, cost, memory.pss,
                  max(r["requests"] for r in runs),
                  max(r["connections"] for r in runs), slowest)

    def theirs(self, clusters: int, checks: int, bundle: Path) -> None:
        path = f"{self.environ['ANSIBLE_COLLECTIONS_PATH']}:{bundle}"
        lines = self._audited()
        cost = self.play(synthetic.modules_play(checks), clusters, sample=1.0, ANSIBLE_COLLECTIONS_PATH=path)
        after = self._audited()
        requests = None if lines is None or after is None else round((after - lines) / clusters)
        self._row("kubernetes.core", clusters, checks, cost, cost.pss, requests, None)

    def _audited(self) -> int | None:
        """Audit lines of the Python client so far."""
        if not self.audit_log or not self.audit_log.exists():
            return None
        with open(self.audit_log, encoding="utf-8", errors="replace") as handle:
            return sum('"userAgent":"OpenAPI-Generator' in line and '"stage":"ResponseComplete"' in line for line in handle)

    def _row(self, who: str, clusters: int, checks: int, cost: measure.Cost, pss: float, requests: int | None,
             connections: int | None, slowest: float = 1.0) -> None:
        row = {"who": who, "clusters": clusters, "checks": checks, "wall": round(cost.wall, 2),
               "slowest": round(slowest, 2), "over": round(cost.wall - slowest, 2), "cpu": round(cost.cpu, 2),
               "cpu_per_cluster": round(cost.cpu / clusters, 3), "pss_mib": round(pss), "requests": requests,
               "connections": connections}
        self.rows.append(row)
        print(f"{who}: {clusters} cluster(s), {checks} checks: {cost.wall:.2f} s, {cost.cpu:.2f} CPU s", flush=True)


def table(rows: list[dict[str, Any]]) -> str:
    """The rows with, for each of ours, how many times better it is than the same work in tasks."""
    lines = [f"{'':17}{'clusters':>9}{'checks':>7}{'wall s':>8}{'over':>7}{'CPU s':>8}{'CPU/cl':>8}{'PSS MiB':>8}"
             f"{'requests':>9}{'conns':>6}  tasks cost"]
    for row in rows:
        same = [o for o in rows if o["who"] == "kubernetes.core"
                and (o["clusters"], o["checks"]) == (row["clusters"], row["checks"])]
        times = ""
        if row["who"] == "assay.clusters" and same:
            times = f"wall x{same[0]['wall'] / row['wall']:.0f}, CPU x{same[0]['cpu'] / row['cpu']:.0f}"
        numbers = [("-" if row[k] is None else row[k]) for k in ("requests", "connections")]
        lines.append(f"{row['who']:17}{row['clusters']:9}{row['checks']:7}{row['wall']:8.2f}{row['over']:7.2f}"
                     f"{row['cpu']:8.2f}{row['cpu_per_cluster']:8.3f}{row['pss_mib']:8}{numbers[0]:>9}{numbers[1]:>6}"
                     f"  {times}")
    return "\n".join(lines)


def goals(rows: list[dict[str, Any]]) -> list[str]:
    """One line per goal: met or missed."""
    lines = []
    for row in (r for r in rows if r["who"] == "assay.clusters" and r["checks"] == 40):
        goal = GOALS[row["clusters"]]
        what = f"{row['clusters']} cluster(s), {row['checks']} checks"
        for name, value, limit in ((f"{what}: wall over the slowest check, s", row["over"], goal["over"]),
                                   (f"{what}: CPU s per cluster", row["cpu_per_cluster"], goal["cpu"]),
                                   (f"{what}: requests per cluster", row["requests"], 2 * row["checks"] + 5)):
            lines.append(f"{'met   ' if value <= limit else 'MISSED'} {name}: {value} (goal {limit})")
    return lines


def _reports(page: bool, history: bool) -> list[dict[str, Any]]:
    """What the page of a fleet and a history cost."""
    rows = []
    for wanted, what in ((page, report.page), (history, report.history)):
        with tempfile.TemporaryDirectory() as folder:
            rows += what(Path(folder)) if wanted else []
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only-ours", action="store_true", help="leave the comparison out; it takes minutes")
    parser.add_argument("--nodes", type=int, default=1000, help="kwok's nodes beside those of the lab; 0 leaves that out")
    parser.add_argument("--only-nodes", action="store_true", help="nothing but that")
    parser.add_argument("--all-checks", action="store_true", help="all checks there, and not only the four that look at nodes; no goals")
    parser.add_argument("--only-reading", action="store_true", help="nothing but runs of tests that are read, which needs no cluster")
    parser.add_argument("--only-html", action="store_true", help="nothing but the page of a large fleet, which needs no cluster")
    parser.add_argument("--only-history", action="store_true", help="nothing but a history of many runs, which needs no cluster")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a goal is missed")
    options = parser.parse_args()
    chosen = options.only_html or options.only_history
    told = [] if options.only_nodes or options.only_reading else _reports(
        options.only_html or not chosen, options.only_history or not chosen)
    if chosen:
        return report.tell(told, options.strict)
    with tempfile.TemporaryDirectory() as folder:
        read = reading.rows(Path(folder)) if not options.only_nodes else []
    if not options.only_nodes:
        testgrid.main()
    if options.only_reading:
        return reading.tell(read, options.strict)
    pulls = prepull.rows() if not options.only_nodes else []
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    measure.adopt_orphans()
    bundle = None if options.only_ours else _bundle()
    with _cluster() as (kubeconfig, audit_log), tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), kubeconfig, audit_log)
        checks = () if options.all_checks else crowd.CHECKS
        crowds = crowd.rows(bench.play, Path(folder), _lab(), options.nodes, checks) if options.nodes and audit_log else []
        if options.only_nodes:
            return _tell([], crowd.goals(crowds) if crowds and checks else [], crowds, options.strict)
        bench.empty()
        for clusters, checks in SCENES:
            bench.ours(clusters, checks)
        for clusters in (1, 20):
            bench.ours(clusters, 40, wait=True)
        for clusters, checks in SCENES[:-1] if bundle else ():
            bench.theirs(clusters, checks, bundle)
    return _tell(bench.rows, goals(bench.rows) + (crowd.goals(crowds) if crowds else []) + reading.goals(read)
                 + report.goals(told) + prepull.goals(pulls), crowds, options.strict, [*read, *told])


def _tell(rows: list[dict[str, Any]], verdicts: list[str], crowds: list[dict[str, Any]], strict: bool,
          read: list[dict[str, Any]] | None = None) -> int:
    result = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cpus": os.cpu_count(), "python": sys.version,
              "rows": rows, "crowd": crowds, "reading": read or [], "goals": verdicts}
    (OUTPUT / "results.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    print((f"\n{table(rows)}\n" if rows else "") + "\n" + "\n".join(verdicts) + f"\n\nresults: {OUTPUT}/results.json")
    return int(strict and any(v.startswith("MISSED") for v in verdicts))


if __name__ == "__main__":
    sys.exit(main())
