# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make bench`: what reading runs of tests costs: one log of 100 MB, a hundred JUnit files of 2 MB, the same as a tarball.

Each is read by a process of its own, whose memory is its highest, and from which that of one that reads nothing is taken.
"""
from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

# Goals: MiB of a process, as a whole; CPU seconds.
MEMORY, SECONDS = 150, 30
LOG_MB, FILES, CASES = 100, 100, 6600
_READ = """
import resource, sys, time
from ansible_collections.assay.clusters.plugins.module_utils.runs.read import read
begin, runs, cases = time.process_time(), 0, 0
for run in read(sys.argv[1]) if len(sys.argv) > 1 else ():
    runs, cases = runs + 1, cases + len(run.cases)
print(runs, cases, time.process_time() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def log(path: Path, megabytes: int = LOG_MB) -> Path:
    """A verbose log of one suite: stamps, steps, now and then a failure's dump."""
    head = ("Running Suite: Kubernetes e2e suite\nRandom Seed: 1724364152 - Will randomize all specs\n"
            "Will run 404 of 6603 specs\nAug 22 22:02:33.556: INFO: e2e test version: v1.24.3\n")
    lines = "".join(f"Aug 22 22:{n // 60:02}:{n % 60:02}.123: INFO: Waiting up to 5m0s for pod \"pod-{n}\" in namespace "
                    f"\"e2e-{n}\" to be ready, Phase=\"Pending\", Reason=\"\", readiness=false. Elapsed: {n}.08473694s\n"
                    "STEP: Creating a pod @ 08/22/24 22:02:33.358\n" for n in range(3600)).encode()
    end = ("\nRan 404 of 6603 Specs in 6078.355 seconds\nSUCCESS! -- 404 Passed | 0 Failed | 0 Pending | 6199 Skipped\nPASS\n\n"
           "Ginkgo ran 1 suite in 1h41m19.3s\nTest Suite Passed\n")
    with open(path, "wb") as file:
        file.write(head.encode())
        while file.tell() < megabytes * 1_000_000:
            file.write(lines)
        file.write(end.encode())
    return path


def junit(path: Path, cases: int = CASES) -> Path:
    """As Kubernetes 1.31 writes it: one test of sixteen ran; about 2 MB."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites tests="{cases}">\n<testsuite name="Kubernetes e2e '
                   f'suite" tests="{cases}" time="6078.3" timestamp="2024-08-22T22:02:33">\n')
        for n in range(cases):
            name = ("[It] [sig-storage] In-tree Volumes [Driver: local] [Testpattern: Dynamic PV (default fs)] "
                    f"subPath should support number {n} of all of them")
            ran = n % 16 == 0
            status, inner = ("passed", "") if ran else ("skipped", '<skipped message="skipped"></skipped>')
            file.write(f'<testcase name="{name}" classname="Kubernetes e2e suite" status="{status}" time="{n % 60}.5">{inner}'
                       "</testcase>\n" + ("<!-- as much again as timelines take: " + "x" * 500 + " -->\n" if ran else ""))
        file.write("</testsuite>\n</testsuites>\n")
    return path


def _cost(source: Path | None) -> tuple[int, int, float, float]:
    """(runs, cases, CPU seconds, MiB at most)."""
    done = subprocess.run([sys.executable, "-c", _READ, *([str(source)] if source else [])], check=True,
                          capture_output=True, text=True,
                          env=dict(os.environ))
    runs, cases, seconds, memory = done.stdout.split()
    return int(runs), int(cases), float(seconds), int(memory) / 1024


def rows(folder: Path) -> list[dict[str, Any]]:
    """A row for each source: what, runs, cases, CPU seconds, MiB of the process, MiB of it without the interpreter."""
    first = junit(folder / "first.xml")
    job = folder / "job"
    for number in range(FILES):
        (job / str(number)).mkdir(parents=True)
        os.link(first, job / str(number) / "junit_01.xml")
    packed = folder / "all.tar.gz"
    with tarfile.open(packed, "w:gz", compresslevel=1, dereference=True) as tar:
        for number in range(10):
            tar.add(first, f"plugins/e2e{number}/results/global/junit_01.xml")
    few, many = log(folder / "few.log", 1), log(folder / "many.log")
    *_rest, nothing = _cost(None)
    out = []
    for what, source in ((f"log of {LOG_MB} MB", many), ("log of 1 MB", few),
                         (f"{FILES} JUnit files of {first.stat().st_size / 1e6:.1f} MB", job),
                         ("tarball of 10 of them", packed)):
        runs, cases, seconds, memory = _cost(source)
        out.append({"what": what, "runs": runs, "cases": cases, "seconds": round(seconds, 2), "mib": round(memory, 1),
                    "own_mib": round(memory - nothing, 1)})
        print(f"reading, {what}: {runs} run(s), {cases} cases, {seconds:.1f} CPU s, {memory:.0f} MiB "
              f"({memory - nothing:.0f} of it for this)", flush=True)
    return out


def goals(found: list[dict[str, Any]]) -> list[str]:
    """One line per goal: met or missed."""
    lines = []
    for row in found:
        for key, unit, goal in (("mib", "MiB", MEMORY), ("seconds", "CPU s", SECONDS)):
            met = "met   " if row[key] <= goal else "MISSED"
            lines.append(f"{met} reading, {row['what']}, {unit}: {row[key]} (goal {goal})")
    return lines


def tell(found: list[dict[str, Any]], strict: bool) -> int:
    verdicts = goals(found)
    print("\n" + "\n".join(verdicts))
    return int(strict and any(v.startswith("MISSED") for v in verdicts))
