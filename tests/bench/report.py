# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make bench`: the page of a fleet of 100 clusters with 60 checks, written and opened in headless Chromium, and a history of
10,000 runs read and measured.

Each is done by a process of its own, whose memory is its highest, and from which that of one that only imports is taken.
Opening is from the start of the navigation to the whole page laid out, as the browser itself measures it, without its own start.
"""
from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

CLUSTERS, CHECKS, RUNS = 100, 60, 10_000
# Goals: seconds to open; CPU seconds and MiB of a process for the page, and for the history.
OPEN, PAGE, HISTORY = 1.0, (5.0, 250), (30.0, 400)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_COST = """
import resource, sys, time
{imports}
begin = time.process_time()
{work}
print(time.process_time() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
_PAGE = ("""from pathlib import Path
from ansible_collections.assay.clusters.plugins.module_utils.results import html, junit, store""",
         "store.write_reports(sys.argv[1], store.load_cluster_runs(sys.argv[1]))")
_HISTORY = ("""from ansible_collections.assay.clusters.plugins.module_utils.history import job
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.modules.history import SPEC""",
            """options = {n: s.get("default") for n, s in SPEC.argument_spec.items()} | {"path": sys.argv[1]}
found = job.entry({**options, "days": 365}, Job())
if found["runs"] != int(sys.argv[2]): raise SystemExit(found["msg"])""")
_SCRIPT = """<script>addEventListener("load", () => { const parsed = performance.now(); document.body.getBoundingClientRect();
document.title = "opened " + parsed + " " + performance.now(); });</script></body>"""


def _cost(what: tuple[str, str], *arguments: str) -> tuple[float, float]:
    """(CPU seconds, MiB at most) of that in a process of its own."""
    done = subprocess.run([sys.executable, "-c", _COST.format(imports=what[0], work=what[1]), *arguments], check=True,
                          capture_output=True, text=True)
    seconds, memory = done.stdout.split()[-2:]
    return float(seconds), int(memory) / 1024


def _fleet(folder: Path, clusters: int, checks: int) -> None:
    from ansible_collections.assay.clusters.plugins.module_utils.results import store
    from ansible_collections.assay.clusters.tests.unit.results import samples

    for run in samples.fleet(clusters, checks):
        store.write_cluster_run(folder, run)


def opened(page: Path, times: int = 3) -> float:
    """The median of so many openings, in seconds."""
    text = re.sub(r"script-src '[^']*'", "script-src 'unsafe-inline'", page.read_text(encoding="utf-8"))
    driven, found = page.with_name("driven.html"), []
    driven.write_text(text.replace("</body>", _SCRIPT), encoding="utf-8")
    for _time in range(times):
        done = subprocess.run([str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                               "--disable-background-networking", "--disable-dev-shm-usage",
                               f"--user-data-dir={page.parent / 'profile'}", "--dump-dom", driven.as_uri()],
                              check=True, capture_output=True, text=True, timeout=300)
        told = re.search(r"<title>opened ([\d.]+) ([\d.]+)</title>", done.stdout)
        found.append(float(told[2]) / 1000 if told else float("inf"))
    return statistics.median(found)


def page(folder: Path, clusters: int = CLUSTERS, checks: int = CHECKS) -> list[dict[str, Any]]:
    """The reports of a fleet: CPU seconds, MiB, MB of HTML, seconds to open it (none without a browser)."""
    _fleet(folder, clusters, checks)
    _none, nothing = _cost((_PAGE[0], ""))
    seconds, memory = _cost(_PAGE, str(folder))
    report = folder / "report.html"
    row = {"what": f"page of {clusters} clusters with {checks} checks", "seconds": round(seconds, 2), "mib": round(memory, 1),
           "own_mib": round(memory - nothing, 1), "megabytes": round(report.stat().st_size / 1e6, 2),
           "opened": round(opened(report), 2) if CHROMIUM else None, "goals": PAGE}
    said = f"opened in {row['opened']} s" if CHROMIUM else "not opened, as there is no chromium"
    print(f"{row['what']}: {seconds:.1f} CPU s, {memory:.0f} MiB ({row['own_mib']:.0f} of it for this), "
          f"{row['megabytes']} MB of HTML, {said}", flush=True)
    return [row]


def _kept(folder: Path, runs: int, clusters: int, checks: int) -> None:
    """As the module keeps them: one of eight runs is bad."""
    from datetime import datetime, timedelta, timezone

    from ansible_collections.assay.clusters.plugins.module_utils.history.entry import Entry, Result
    from ansible_collections.assay.clusters.plugins.module_utils.history.kept import name_of, text_of

    now = datetime.now(timezone.utc)
    for number in range(runs):
        bad = number % checks if number % 8 == 0 else -1
        results = tuple(Result(f"check_{n:02d}", "some", "failed" if n == bad else "passed", "net.mtu" if n == bad else "", 7,
                               message=f"no answer from 10.0.0.{number % 250} after 30 s" if n == bad else "", seconds=3.5)
                        for n in range(checks))
        one = Entry(f"c{number % clusters}", f"{number:08x}", now - timedelta(minutes=5 + number * 25), "failed" if bad >= 0 else "passed",
                    results, change=f"v{number // 500}")
        path = folder / name_of(one)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(one), encoding="utf-8")


def history(folder: Path, runs: int = RUNS, clusters: int = 20, checks: int = 20) -> list[dict[str, Any]]:
    """A history of so many runs: CPU seconds and MiB to read and measure it."""
    _kept(folder, runs, clusters, checks)
    _none, nothing = _cost((_HISTORY[0], ""))
    seconds, memory = _cost(_HISTORY, str(folder), str(runs))
    size = sum(p.stat().st_size for p in folder.rglob("*.json")) / 1e6
    row = {"what": f"history of {runs:,} runs", "seconds": round(seconds, 2), "mib": round(memory, 1), "own_mib": round(memory - nothing, 1),
           "megabytes": round(size, 1), "opened": None, "goals": HISTORY}
    print(f"{row['what']}, {clusters} clusters with {checks} checks, {size:.0f} MB: {seconds:.1f} CPU s, {memory:.0f} MiB "
          f"({row['own_mib']:.0f} of it for this)", flush=True)
    return [row]


def goals(found: list[dict[str, Any]]) -> list[str]:
    """One line per goal: met or missed."""
    lines = []
    for row in found:
        for value, unit, goal in ((row["seconds"], "CPU s", row["goals"][0]), (row["mib"], "MiB", row["goals"][1]),
                                  (row["opened"], "s to open", OPEN)):
            if value is not None:
                lines.append(f"{'met   ' if value <= goal else 'MISSED'} {row['what']}, {unit}: {value} (goal {goal})")
    return lines


def tell(found: list[dict[str, Any]], strict: bool) -> int:
    verdicts = goals(found)
    print("\n" + "\n".join(verdicts))
    print(json.dumps(found))
    return int(strict and any(v.startswith("MISSED") for v in verdicts))
