# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The upstream conformance tests of the cluster's own version, run side by side: that the lab is a real cluster."""
from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import build
from .base import KUBERNETES, LabError, run, say

OUTPUT = Path(__file__).resolve().parents[2] / "tests/output/conformance"
FOCUS = r"\[Conformance\]"
GROUPS = "sig-network || sig-auth || sig-api-machinery"
# These disturb other tests, or take long by design.
ALONE = r"\[Serial\]|\[Slow\]|\[Disruptive\]"
PROCESSES, LIMIT, HEARTBEAT = 6, 1500, 30.0
# What cannot pass here, by name, and why.
LEFT_OUT = {
    r"\[sig-network\] DNS should": "wants the image glibc-dns-testing, which cannot be had",
    r"Aggregator Should be able to support the 1\.\d+ Sample API Server":
        "wants the image sample-apiserver, which cannot be had",
}


@dataclass(frozen=True)
class Result:
    name: str
    state: str
    seconds: float
    message: str

    @classmethod
    def of(cls, spec: dict[str, Any]) -> Result:
        name = " ".join([*(spec.get("ContainerHierarchyTexts") or []), spec.get("LeafNodeText", "")])
        failure = spec.get("Failure") or {}
        return cls(name, spec["State"], spec.get("RunTime", 0) / 1e9, failure.get("Message", "").strip())


def _results(report: Path) -> list[Result]:
    """The tests of a ginkgo report that were chosen."""
    if not report.exists():
        raise LabError(f"conformance: the tests left no report; see {OUTPUT}/log")
    specs = [s for suite in json.loads(report.read_text()) for s in suite.get("SpecReports") or []]
    return [r for r in (Result.of(s) for s in specs if s.get("LeafNodeType") == "It") if r.state != "skipped"]


def _binaries() -> Path:
    """A folder with e2e.test and ginkgo under their own names."""
    build.build(build.CONFORMANCE)
    folder = OUTPUT / "bin"
    folder.mkdir(parents=True)
    for program in build.CONFORMANCE:
        (folder / program.name).symlink_to(program.path)
    return folder


def _chosen(bins: Path, kubeconfig: Path) -> list[str]:
    """Names of the tests in the groups, without running one."""
    run(bins / "e2e.test", "--provider=skeleton", f"--kubeconfig={kubeconfig}", "--ginkgo.dry-run",
        f"--ginkgo.focus={FOCUS}", f"--ginkgo.skip={ALONE}", f"--ginkgo.label-filter={GROUPS}",
        f"--ginkgo.json-report={OUTPUT}/chosen.json", "--ginkgo.silence-skips")
    return [r.name for r in _results(OUTPUT / "chosen.json")]


@contextmanager
def _heartbeat(log: Path, wanted: int) -> Iterator[None]:
    """Now and then how far it is, by the marks in ginkgo's output."""
    done, start = threading.Event(), time.monotonic()

    def beat() -> None:
        while not done.wait(HEARTBEAT):
            text = log.read_text(errors="replace")
            say(f"{text.count('•')} of {wanted} tests ended, {text.count('• [FAILED]')} failed, "
                f"{time.monotonic() - start:.0f} s")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def run_on(lab: Any) -> int:
    """Run them; prints what failed and what was left out, by name. Exit status 1 if one failed or none ran."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    bins = _binaries()
    lab.settle()
    left = {n: why for n in _chosen(bins, lab.kubeconfig) for pattern, why in LEFT_OUT.items() if re.search(pattern, n)}
    wanted = len(_results(OUTPUT / "chosen.json")) - len(left)
    say(f"{wanted} upstream conformance tests of Kubernetes {KUBERNETES}, {PROCESSES} at once; log: {OUTPUT}/log")
    log = OUTPUT / "log"
    with open(log, "w", encoding="utf-8") as out, _heartbeat(log, wanted):
        subprocess.run([bins / "ginkgo", f"--procs={PROCESSES}", "--no-color", f"--timeout={LIMIT}s", f"--focus={FOCUS}",
                        f"--skip={'|'.join([ALONE, *LEFT_OUT])}", f"--label-filter={GROUPS}",
                        f"--output-dir={OUTPUT}", "--json-report=report.json", "--junit-report=junit.xml",
                        bins / "e2e.test", "--", "--provider=skeleton", f"--kubeconfig={lab.kubeconfig}"],
                       stdout=out, stderr=subprocess.STDOUT, check=False)
    return _tell(_results(OUTPUT / "report.json"), left)


def _tell(results: list[Result], left: dict[str, str]) -> int:
    failed = [r for r in results if r.state != "passed"]
    for name, why in left.items():
        print(f"left out: {name}: {why}")
    for r in failed:
        print(f"{r.state}: {r.name} ({r.seconds:.0f} s): {' '.join(r.message.split())[:300]}")
    print(f"JUnit: {OUTPUT}/junit.xml\n{len(results) - len(failed)} passed, {len(failed)} failed, {len(left)} left out")
    return int(bool(failed) or not results)
