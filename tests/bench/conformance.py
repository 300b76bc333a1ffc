# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`python -m tests.bench.conformance`: what the playbook adds to a run of the conformance tests.

The same real tests on a cluster of the lab, in turn by a bare pod of the community's image that kubectl makes and by the playbook.
Two figures: how much longer the tests themselves take while they are watched, and what goes before and after them. Judge the
share of a whole run, which takes about two hours: 422 tests, one after the other.
"""
from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.lab import Lab, build, conformance

from . import measure

FOCUS = r"\[sig-storage\] (ConfigMap|Secrets|Projected configMap|EmptyDir volumes) should .*\[Conformance\]"
SKIP = r"\[Serial\]|\[Slow\]|\[Disruptive\]|optional updates|updates should be reflected"
GOAL, WHOLE = 3.0, 2 * 3600.0
_SPACE = "bench-conformance"


def _seconds(log: str) -> float:
    """Of the tests alone, as Ginkgo says it at its end."""
    return max(float(n) for n in re.findall(r"Ran \d+ of \d+ Specs in ([\d.]+) seconds", log))


class Bench:
    def __init__(self, lab: Lab, image: str, folder: Path, parallel: int) -> None:
        self.lab, self.image, self.folder, self.parallel = lab, image, folder, parallel

    def _kubectl(self, *words: str, text: str = "") -> str:
        command = [str(build.bindir() / "kubectl"), "--kubeconfig", str(self.lab.kubeconfig), *words]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout

    def bare(self) -> dict[str, float]:
        """Wall seconds from the first request until the pod has ended, and those of the tests."""
        # The runner takes the number of processes as Ginkgo's own option only: E2E_PARALLEL with a number means one.
        wanted = {"E2E_FOCUS": FOCUS, "E2E_SKIP": SKIP, "E2E_PARALLEL": "true", "E2E_EXTRA_GINKGO_ARGS": f"--procs={self.parallel}"}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "e2e", "namespace": _SPACE}, "spec": {
            "serviceAccountName": "e2e", "restartPolicy": "Never", "tolerations": [{"operator": "Exists"}], "containers": [{
                "name": "e2e", "image": self.image, "env": [{"name": n, "value": v} for n, v in wanted.items()]}]}}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "e2e", "namespace": _SPACE}}
        start = time.monotonic()
        self._kubectl("create", "namespace", _SPACE)
        try:
            self._kubectl("create", "clusterrolebinding", _SPACE, "--clusterrole=cluster-admin", f"--serviceaccount={_SPACE}:e2e")
            self._kubectl("create", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": [account, pod]}))
            while True:
                status = json.loads(self._kubectl("get", "pod", "e2e", "-n", _SPACE, "-o", "json"))["status"]
                if status["phase"] in ("Succeeded", "Failed"):
                    break
                time.sleep(1.0)
            wall, log = time.monotonic() - start, self._kubectl("logs", "e2e", "-n", _SPACE)
        finally:
            self._kubectl("delete", "namespace,clusterrolebinding", _SPACE)
        return {"wall": wall, "tests": _seconds(log)}

    def ours(self, number: int) -> dict[str, float]:
        """Likewise of the playbook; cpu: seconds of the controller."""
        inventory, run = self.folder / "hosts.json", f"bench-{number}"
        inventory.write_text(json.dumps({"all": {"hosts": {"c": {"cluster_kubeconfig": str(self.lab.kubeconfig)}}}}))
        given = {"results_dir": str(self.folder), "run_id": run, "focus": FOCUS, "skip": SKIP, "parallel": self.parallel}
        command = ["ansible-playbook", "assay.clusters.conformance", "-i", str(inventory), "-e",
                   json.dumps({f"conformance_{n}": v for n, v in given.items()})]
        cost = measure.run(command, {**os.environ, "ANSIBLE_NOCOLOR": "1"}, self.folder / f"{run}.log")
        results = self.folder / "c" / run
        found = json.loads((results / "conformance.json").read_text())
        if cost.status or not found["counts"]["passed"]:
            raise SystemExit(f"the tests failed: {found['msg']}")
        print(f"  {found['counts']['passed']} tests passed", flush=True)
        return {"wall": cost.wall, "tests": _seconds((results / "e2e.log").read_text()), "cpu": cost.cpu}


def _told(name: str, rows: list[dict[str, float]]) -> dict[str, float]:
    middle = {k: statistics.median(r[k] for r in rows) for k in rows[0]}
    print(f"{name}: " + ", ".join(f"{k} {v:.1f} s" for k, v in middle.items()), flush=True)
    return middle


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.conformance", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--name", default="c1", help="cluster of the lab")
    options = parser.parse_args()
    lab = Lab(options.name)
    lab.ensure()
    measure.adopt_orphans()
    bare, ours = [], []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(lab, conformance.push(lab), Path(folder), options.parallel)
        for number in range(options.rounds):
            bare.append(bench.bare())
            ours.append(bench.ours(number))
    alone, watched = _told("a bare pod", bare), _told("the playbook", ours)
    slower = max(0.0, watched["tests"] / alone["tests"] - 1)
    around = (watched["wall"] - watched["tests"]) - (alone["wall"] - alone["tests"])
    share = 100 * (slower + around / WHOLE)
    print(f"tests while they are watched: x{watched['tests'] / alone['tests']:.3f}; before and after them {around:.1f} s more; "
          f"CPU of the controller {watched['cpu']:.1f} s")
    print(f"{'met   ' if share <= GOAL else 'MISSED'} overhead of a run of two hours: {share:.1f} % (goal {GOAL:g} %)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
