# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was run on which versions: kept in tests/versions.json by the programs that ran it, for the table of the README.

    {"runs": [{"ansible_core": "2.18.19", "python": "3.11.9", "kubernetes": "", "what": "versions", "tests": 178, "passed": 178,
               "date": "2026-11-27"}],
     "besides": {"2.16": "what was run once, by hand"}}

kubernetes is "" where no cluster was asked. One run is kept for each series of ansible-core and each `what`, of `kubernetes` one for
each series of Kubernetes.
"""
from __future__ import annotations

import datetime
import json
import platform
from pathlib import Path
from typing import Any

KEPT = Path(__file__).resolve().parents[1] / "versions.json"
WHAT = {"test": "everything, `make test`", "kubernetes": "a whole run of checks, and faults of four domains, `make kubernetes`",
        "versions": "plugins and playbooks, `make versions`"}


def series(version: str) -> str:
    """2.18 of 2.18.19, 1.36 of v1.36.1."""
    return ".".join(version.removeprefix("v").split(".")[:2])


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in version.removeprefix("v").split("."))


def read() -> dict[str, Any]:
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else {"runs": [], "besides": {}}


def note(ansible_core: str, what: str, passed: int, failed: int, kubernetes: str = "") -> None:
    """Keep a run of today in the place of the one before it."""
    def place(of: dict[str, Any]) -> tuple[str, ...]:
        return series(of["ansible_core"]), of["what"], series(of["kubernetes"]) if of["what"] == "kubernetes" else ""

    kept = read()
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    run = {"ansible_core": ansible_core, "python": platform.python_version(), "kubernetes": kubernetes.removeprefix("v"),
           "what": what, "tests": passed + failed, "passed": passed, "date": today}
    others = [r for r in kept["runs"] if place(r) != place(run)]
    kept["runs"] = sorted([*others, run], key=lambda r: (_order(r["ansible_core"]), _order(r["kubernetes"] or "0")), reverse=True)
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def _row(run: dict[str, Any], besides: str) -> str:
    what = WHAT[run["what"]] + (f"; besides, once: {besides}" if besides else "")
    cells = (run["ansible_core"], run["python"], run["kubernetes"] or "none", what,
             f"{run['passed']:,} of {run['tests']:,}", run["date"])
    return f"| {' | '.join(cells)} |"


def _nothing(runs: list[dict[str, Any]]) -> str:
    """Which versions are beyond all that was tried."""
    def next_one(key: str) -> str:
        major, minor = max(_order(r[key])[:2] for r in runs)
        return f"{major}.{minor + 1}"

    major, minor = min(_order(r["kubernetes"])[:2] for r in runs if r["kubernetes"])
    return (f"Nothing was run on ansible-core {next_one('ansible_core')} and newer, Python {next_one('python')} and newer, "
            f"Kubernetes {major}.{minor - 1} and older.")


def table() -> str:
    """The lines of the README."""
    kept = read()
    head = ["| ansible-core | Python | Kubernetes | what was run | tests passed | on |", f"|{' --- |' * 6}"]
    rows = [_row(r, kept["besides"].get(series(r["ansible_core"]), "")) for r in kept["runs"]]
    return "\n".join([*head, *rows, "", _nothing(kept["runs"])]) + "\n"
