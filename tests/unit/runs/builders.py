# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs of tests leave, in the forms of every generation; a few tests where real files have thousands."""
from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from ansible_collections.assay.clusters.plugins.module_utils.runs.model import Run
from ansible_collections.assay.clusters.plugins.module_utils.runs.read import read

SEED = 1724364152  # 2024-08-22T22:02:32Z, which is where the logs below begin
PASS = "[sig-network] DNS should provide DNS for services [Conformance]"
OTHER = "[sig-apps] Job should run to completion [Conformance]"
SKIP = "[sig-storage] PV should bind [Slow]"
_ELEMENTS = {"failed": '<failure message="" type="failed">{0}</failure>',
             "timedout": '<failure message="" type="timedout">{0}</failure>',
             "aborted": '<failure message="" type="aborted">{0}</failure>',
             "panicked": '<error message="" type="panicked">{0}</error>',
             "interrupted": '<error message="" type="interrupted">{0}</error>',
             "skipped": '<skipped message="skipped"></skipped>',
             "pending": '<skipped message="pending"></skipped>', "passed": ""}
Cases = list[tuple[str, str]]


def _case(name: str, status: str, text: str, more: str = "") -> str:
    inner = _ELEMENTS[status].format(text)
    return f'<testcase name={quoteattr(name)} classname="Kubernetes e2e suite"{more} time="1.5">{inner}</testcase>'


def ginkgo1(cases: Cases, seconds: float = 60.0, **numbers: int) -> str:
    """Up to Kubernetes 1.24: no time, and `tests` counts what ran."""
    bad = sum(s == "failed" for _n, s in cases)
    told = {"tests": sum(s != "skipped" for _n, s in cases), "failures": bad, **numbers}
    attributes = "".join(f' {k}="{v}"' for k, v in told.items())
    body = "\n".join("      " + _case(n, s, "Expected\n    &lt;int&gt;: 1").replace(' message="skipped"', "") for n, s in cases)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n  <testsuite{attributes} time="{seconds}">\n{body}\n  </testsuite>\n'


def ginkgo2(cases: Cases, timestamp: str = "2024-08-22T22:02:33", seconds: float = 61.5,
            properties: dict[str, str] | None = None,
            **numbers: int) -> str:
    """Since Kubernetes 1.25: a status for each case, set-up nodes among them."""
    cases = [("[SynchronizedBeforeSuite]", "passed"), *((n if n.startswith("[") and "Suite]" in n else f"[It] {n}", s)
                                                        for n, s in cases),
             ("[ReportAfterSuite] Kubernetes e2e suite report", "passed")]
    kinds = [s for _n, s in cases]
    told = {"tests": len(cases), "disabled": kinds.count("pending"), "skipped": kinds.count("skipped"),
            "errors": sum(k in ("panicked", "interrupted", "aborted") for k in kinds),
            "failures": sum(k in ("failed", "timedout") for k in kinds), **numbers}
    good = not told["errors"] and not told["failures"]
    held = {"SuiteSucceeded": str(good).lower(), "RandomSeed": str(SEED), "DryRun": "false", "FlakeAttempts": "0",
            **(properties or {})}
    attributes = "".join(f' {k}="{v}"' for k, v in told.items())
    inner = "".join(f'<property name="{k}" value={quoteattr(v)}></property>' for k, v in held.items())
    body = "\n".join(_case(n, s, "[FAILED] nothing came", f' status="{s}"') for n, s in cases)
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites tests="{told["tests"]}" time="{seconds}">\n'
            f'<testsuite name="Kubernetes e2e suite" package="/usr/local/bin"{attributes} time="{seconds}" '
            f'timestamp="{timestamp}">'
            f"<properties>{inner}</properties>\n{body}\n</testsuite>\n</testsuites>\n")


def summary(passed: int = 2, failed: int = 0, skipped: int = 1, seconds: float = 61.5, flaked: int | None = None,
            after: str = "") -> str:
    word = "FAIL!" if failed else "SUCCESS!"
    tried = "" if flaked is None else f"{flaked} Flaked | "
    return (f"\nRan {passed + failed} of {passed + failed + skipped} Specs in {seconds:.3f} seconds\n"
            f"{word} -- {passed} Passed | {failed} Failed | {tried}0 Pending | {skipped} Skipped{after}\n")


def old_log(begin: str = "Aug 22 22:02:33", end: str = "Aug 22 22:03:34", seed: int | str = SEED, version: str = "v1.14.3",
            closing: str = "Test Suite Passed", middle: str = "", ending: str | None = None) -> str:
    """Up to Kubernetes 1.26: a stamp before each line, none with a year."""
    return (f"{begin}.295: INFO: Overriding default scale value of zero to 1\nRunning Suite: Kubernetes e2e suite\n"
            f"===================================\nRandom Seed: {seed} - Will randomize all specs\nWill run 2 of 3 specs\n\n"
            f"{begin}.556: INFO: e2e test version: {version}\n{begin}.557: INFO: kube-apiserver version: {version}\n"
            f"SS\n{middle}"
            f"{end}.811: INFO: Running AfterSuite actions on all nodes\n"
            + (summary(after=" PASS") + f"\nGinkgo ran 1 suite in 1m6.737523465s\n{closing}\n" if ending is None else ending))


def new_log(seed: int | str = SEED, klog: str = "0822 22:02:33.358600", ending: str | None = None) -> str:
    """Since Kubernetes 1.27: a line of klog, then marks in one long line."""
    first = f'  I{klog}      30 e2e.go:109] Starting e2e run "ce11a0ce" on Ginkgo node 1\n' if klog else ""
    return (f"{first}Running Suite: Kubernetes e2e suite - /usr/local/bin\n=====\n"
            f"Random Seed: {seed} - will randomize all specs\n\n"
            f"Will run 2 of 3 specs\n{'S' * 40}•SS•{'S' * 20}\n"
            + (summary() + "PASS\n\nGinkgo ran 1 suite in 1m9.3s\nTest Suite Passed\n" if ending is None else ending))


GOOD: Cases = [(PASS, "passed"), (OTHER, "passed"), (SKIP, "skipped")]
BAD: Cases = [(PASS, "passed"), (OTHER, "failed"), (SKIP, "skipped")]


def folder(root: Path, files: dict[str, str | bytes | dict[str, Any]]) -> Path:
    """Files by their paths; an object is JSON. Their date is that of the seed, or what tells a year would be today."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(content) if isinstance(content, dict) else content
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (SEED + 86400, SEED + 86400))
    return root


def tarball(path: Path, files: dict[str, str | bytes | dict[str, Any]], mode: str = "w:gz",
            odd: list[tarfile.TarInfo] | None = None) -> Path:
    """odd: members without data: links, devices, names that point outside."""
    with tarfile.open(path, mode) as tar:
        for member in odd or []:
            tar.addfile(member)
        for name, content in files.items():
            content = json.dumps(content) if isinstance(content, dict) else content
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(data), SEED + 86400
            tar.addfile(member, io.BytesIO(data))
    return path


def item(name: str, status: str, items: list[dict[str, Any]] | None = None, details: dict[str, str] | None = None,
         **meta: str) -> dict[str, Any]:
    """One of sonobuoy_results.yaml; JSON is YAML."""
    found: dict[str, Any] = {"name": name, "status": status}
    found |= {"meta": meta} if meta else {}
    found |= {"details": details} if details else {}
    return found | ({"items": items} if items is not None else {})


def one(root: Path, files: dict[str, str | bytes | dict[str, Any]], **wish: Any) -> Run:
    (run,) = read(folder(root, files), **wish)
    return run


def codes(run: Run) -> list[str]:
    return [f.code for f in run.findings]
