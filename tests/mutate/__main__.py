# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the kept mutants, prints the score by room, and exits 0 only when none fails and no room is below the goal.

    python -m tests.mutate [ROOM...] [--id ID]... [--jobs N] [--list]
    python -m tests.mutate --file FILE [--tests ARGUMENT]... [--sample N] [--seed N]

The second form makes mutants from the code of a file and judges no more than that: what survived is printed as entries of a
list. Exit status 2: nothing was judged, since a list cannot be read or tests are red without a mutant.
"""
from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from . import invent, report
from .judge import SURVIVED, Outcome, Red, fitting, judging
from .lists import ListError, Mutant, load

CHECKOUT = Path(__file__).resolve().parents[2]
LISTS = Path(__file__).resolve().parent / "lists"


def say(text: str) -> None:
    print(text, flush=True)


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", metavar="ROOM")
    parser.add_argument("--id", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--file")
    parser.add_argument("--tests", action="append", default=[])
    parser.add_argument("--sample", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(words)


def _judged(mutants: list[Mutant], checkout: Path, jobs: int) -> list[Outcome]:
    with judging(checkout, max(1, jobs), say) as judge:
        fit, stale = fitting(mutants, judge.root)
        for outcome in stale:
            say(str(outcome))
        judge.green(fit)
        return stale + judge.judge(fit)


def _kept(options: argparse.Namespace, checkout: Path, lists: Path) -> int:
    mutants = load(lists, options.rooms, options.id)
    if options.list:
        for m in mutants:
            say(f"{m.room:<12} {m.id:<6} {m.file}: {m.what or m.old.splitlines()[0]}" + (" (with reason)" if m.reason else ""))
        return 0
    outcomes = _judged(mutants, checkout, options.jobs)
    failed = "".join(f"{o}\n" for o in outcomes if o.failed)
    say(f"\n{failed}\n{report.table(outcomes)}\n\n{report.closing(outcomes)}")
    return report.status(outcomes)


def _invented(options: argparse.Namespace, checkout: Path, lists: Path) -> int:
    tests = tuple(options.tests) or invent.default_tests(options.file, checkout, load(lists, [], []))
    mutants = invent.sample(options.file, checkout, tests, options.sample, options.seed)
    outcomes = _judged(mutants, checkout, options.jobs)
    survivors = [o.mutant for o in outcomes if o.kind == SURVIVED]
    say(f"\n{invent.entries(survivors)}{len(outcomes) - len(survivors)} killed, {len(survivors)} survived")
    return 0


def _interrupted(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main(words: list[str], checkout: Path = CHECKOUT, lists: Path = LISTS) -> int:
    options = _options(words)
    try:
        return (_invented if options.file else _kept)(options, checkout, lists)
    except ListError as e:
        print(e, file=sys.stderr)
        return 2
    except Red as e:
        print(f"{e}\nmutants prove nothing on red tests\n0 passed, 1 failed", flush=True)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupted)
    sys.exit(main(sys.argv[1:]))
