# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make test`: all stages, their times, one closing line. Exit 0 only if tests ran and none failed."""
from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable

from tests.setup import packages

from . import clusters, gauntlet, ours
from .counts import Counts
from .lab import Lab
from .schedule import Outcome, Schedule, say
from .stages import CHECKOUT, OUTPUT, Stage, chosen
from .summary import longest, reasons, table, total
from .use import Use

CONSENT = "ASSAY_TEST_CLUSTER"


def _install() -> None:
    """What tests use beside Python; where it is missing and we may not install it, they are skipped with that reason."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        try:
            packages.install(packages.listed(CHECKOUT / "tests/packages.txt"))
        except packages.PackageError as e:
            say(str(e))


def _own_cluster(stages: list[Stage]) -> ours.Cluster | None:
    """The cluster of KUBECONFIG where these stages write to it; SystemExit where nobody said that they may."""
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig or not any(s.on_clusters for s in stages):
        return None
    try:
        address = ours.server(kubeconfig)
        if os.environ.get(CONSENT) != "yes":
            raise SystemExit(f"KUBECONFIG: the tests make and delete namespaces, cluster roles, leases and pods on {address}, and sweep what"
                             f" expired runs of ours left there; set {CONSENT}=yes if they may, or unset KUBECONFIG for the lab")
        say(f"the tests write to {address}, by KUBECONFIG")
        return ours.Cluster(address, kubeconfig)
    except Exception as e:  # whatever keeps it from being used: no file, no server, no rights
        raise SystemExit(f"KUBECONFIG: {kubeconfig} cannot be used: {e}") from None


def _end(outcomes: list[Outcome], used: Use) -> Counts:
    """Print what there is to say; the numbers of all."""
    counts = total(outcomes)
    if not counts.passed and not counts.failed:
        counts += Counts(failed=1)
        say("no test ran, which is a failure")
    print(f"\n{table(outcomes)}\n\n{longest(outcomes)}\n\n{used.words()}\nlogs: {OUTPUT.relative_to(CHECKOUT)}\n"
          f"{reasons(outcomes)}{counts}", flush=True)
    return counts


def main(words: list[str]) -> int:
    used = Use()
    try:
        stages = chosen(words)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    own = _own_cluster(stages)
    _install()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    lab, keep = None, bool(os.environ.get("KEEP_LAB"))
    left: Callable[[], list[str]] = own.left if own else list
    if any(s.name == "lab" for s in stages):
        lab = Lab({used: {*names, *map(clusters.spare, names)} for used, names in (
            ("clusters", clusters.names(os.environ)), ("addons", clusters.of_addons(os.environ)))})
        left = lab.left
    schedule = Schedule(stages, left, lab.release if lab and not keep else None)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _frame: schedule.interrupt(f"interrupted by {signal.Signals(n).name}"))
    outcomes = schedule.go()
    if lab and not keep:
        outcomes.append(lab.take_down())
    if matrix := gauntlet.told(stages, [c for o in outcomes for c in o.cases if "ASSAY_CLAIMS" in o.stage.environ]):
        print(f"\n{matrix}\nalso in {gauntlet.FILE.relative_to(CHECKOUT)}", flush=True)
    counts = _end(outcomes, used)
    return 130 if schedule.interrupted else int(bool(counts.failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
