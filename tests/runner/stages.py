# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `make test` runs: the stages as data."""
from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import clusters, keep

CHECKOUT = Path(__file__).resolve().parents[2]
OUTPUT = CHECKOUT / "tests/output/stages"
# What fault tests expected and what was claimed, while the gauntlet runs.
CLAIMS = OUTPUT / "claims.jsonl"
LAB_LINES = r"(::.* |\] )(PASSED|FAILED|ERROR|SKIPPED)\b|^(FAILED|ERROR) tests/"
FAILED_LINES = r"^(\[gw\d+\] )?(FAILED|ERROR)\b|\bFAILED\b"
# How nice stages are beside those on clusters, whose tests have limits of time: tests that have few, and what only computes.
_BESIDE, _COMPUTES = 2, 3
# Of the thousand tests and more of a stage that run beside everything else.
_AGAIN = 3
# Tests on fakes and simulators that have weather (tests/fakes/weather.py).
IN_WEATHER = (*(f"tests/integration/test_{n}.py" for n in (
    "vsphere", "vsphere_choice", "vsphere_tags", "machines_vsphere", "leftovers_vsphere", "esxi", "esxi_world", "machines", "snapshot_platforms",
    "aws_certificates", "aws_lists", "aws_snapshots", "aws_status", "aws_world", "leftovers_aws", "leftovers_aws_kinds",
    "leftovers_aws_late")),
    *(f"tests/unit/{n}.py" for n in (
        "clusters/test_rancher", "clusters/test_rancher_world", "leftovers/test_rancher", "clusters/test_eks", "clusters/test_eks_auto",
        "clusters/test_eks_extras", "clusters/test_eks_fargate", "clusters/test_cluster_api", "clusters/test_konvoy", "clusters/test_nkp",
        "leases/test_heartbeat", "leases/test_lease", "leases/test_places")))
# Tests on clusters of the lab whose API server has weather (tests/integration/management.py).
IN_WEATHER_ON_CLUSTERS = tuple(f"tests/integration/test_{n}.py" for n in (
    "cluster_api", "cluster_api_shared", "leftovers_cluster_api", "nkp_drift", "revert_managed"))
# Rooms of tests on clusters, which one run of pytest hands out to all clusters; each can be named on the command line.
ON_CLUSTERS = ("integration", "molecule", "faults")


@dataclass(frozen=True)
class Stage:
    """One command with one log.

    uses: what it must have for itself; two stages run side by side only when they share nothing.
    needs: stages that must have passed, else this one is failed without a run.
    rooms: for a stage of pytest, the folders below tests/ that it runs, each with the least number of cases it must have.
    least: for any other, the least number of tests that its closing line must tell.
    on_clusters: it makes things on clusters, so after it nothing of ours may be left there.
    handed_out: its tests go one by one to the clusters, the longest first. by_file: its files to whoever is free, the longest first.
    nice: how much it yields to the others: what computes for minutes, to what is waited for. Little for tests with servers of their own,
        which would get no answer in time.
    show: the lines of its output worth showing live (a regular expression), the first `most` of them.
    limit: seconds, then it is ended.
    again: at most so many of its tests are tried a second time when they failed, alone, when it has ended; see again.py.
    absent: why it cannot run here; the stage then counts as skipped. in_all: part of a plain `make test`.
    """

    name: str
    command: tuple[str, ...] = ()
    uses: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    rooms: dict[str, int] = field(default_factory=dict)
    least: int = 1
    on_clusters: bool = False
    handed_out: bool = False
    by_file: bool = False
    nice: int = 0
    show: str = FAILED_LINES
    most: int = 15
    limit: float = 900.0
    again: int = 0
    absent: str = ""
    in_all: bool = True
    counted: bool = True
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return OUTPUT / f"{self.name}.log"

    @property
    def junit(self) -> Path:
        """A folder: every JUnit file that the stage writes there is counted."""
        return OUTPUT / f"{self.name}.junit"


def _pytest(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "pytest", f"--junitxml={OUTPUT / f'{name}.junit' / 'pytest.xml'}", *arguments)


def _rooms(stage: str, *rooms: str) -> dict[str, int]:
    """At least one case each, and as many as are kept."""
    kept = keep.read()["cases"].get(stage, {})
    return {room: max(1, kept.get(room, 0)) for room in rooms}


def _static_stages() -> list[Stage]:
    """What reads the code, one after the other, and what runs it without a cluster."""
    static, alone = frozenset({"static"}), frozenset({"computes"})
    return [
        # The judgement first: four seconds.
        Stage("diagnosis", _pytest("diagnosis", "-q", "tests/unit/diagnosis"), static, rooms=_rooms("diagnosis", "unit")),
        Stage("unit", _pytest("unit", "-q", "-n2", "-m", "not gauntlet", "tests/unit", "--ignore=tests/unit/diagnosis"), static,
              rooms=_rooms("unit", "unit"), nice=_BESIDE, limit=3600, again=_AGAIN),
        Stage("changelog", ("antsibull-changelog", "lint"), alone, nice=_COMPUTES, limit=5400),
        Stage("lint", ("ansible-lint", "--offline", "--profile=production", "--nocolor"), alone, nice=_COMPUTES, limit=5400,
              show=r"^[\w/.-]+:\d+|Passed|Failed"),
        Stage("sanity", (sys.executable, "tests/sanity.py"), alone, least=_rooms("sanity", "")[""], nice=_COMPUTES,
              show=r"^(ERROR|FATAL)", limit=5400),
        Stage("versions", (sys.executable, "-m", "tests.setup.versions", str(OUTPUT / "versions.junit")), static, rooms=_rooms("versions", "unit"),
              nice=_COMPUTES, limit=3600, in_all=False),
    ]


def _on_each(names: tuple[str, ...] | None = None) -> list[str]:
    """One worker for each cluster of the lab (of these), which takes the next test when it is free."""
    return [f"-n{len(names or clusters.names(os.environ))}", "--no-loadscope-reorder"]


def _handed_out(own_cluster: bool, names: tuple[str, ...] = ()) -> dict[str, str]:
    """What workers are told: the clusters, counted once, and that what takes long comes first."""
    named = {} if own_cluster else {"ASSAY_CLUSTERS": " ".join(names or clusters.names(os.environ))}
    return {"ASSAY_LONGEST_FIRST": "1", **named}


def _on_addons(name: str, marks: str, own_cluster: bool, **more: Any) -> Stage:
    """The tests of add-ons, on clusters with them and two API servers."""
    names = () if own_cluster else clusters.of_addons(os.environ)
    claims = more.pop("environ", {})
    environ = {} if own_cluster else {**_handed_out(False, names), "ASSAY_API_SERVERS": "2", **claims}
    return Stage(name, _pytest(name, "-v", "-m", marks, *(_on_each(names) if names else ()), "tests/addons"), frozenset({"addons"}),
                 rooms=_rooms(name, "addons"), on_clusters=True, handed_out=True, show=LAB_LINES, most=1000,
                 environ=environ, **more)


def _on_clusters(rooms: tuple[str, ...], own_cluster: bool) -> list[Stage]:
    """The tests on clusters: on those of the lab, or on the one that KUBECONFIG names, which nothing breaks on purpose."""
    if own_cluster:
        rooms = tuple(r for r in rooms if r != "faults")
    if not rooms:
        return []
    many = [] if own_cluster else _on_each()
    return [Stage("clusters", _pytest("clusters", "-v", "-m", "not soak and not gauntlet and not no_cluster", *many, *(f"tests/{r}" for r in rooms)),
                  frozenset({"clusters"}), needs=() if own_cluster else ("lab",), rooms=_rooms("clusters", *rooms),
                  on_clusters=True, handed_out=True, show=LAB_LINES, most=2000, limit=4800, again=_AGAIN,
                  environ=_handed_out(own_cluster))]


def _cluster_stages(rooms: tuple[str, ...], own_cluster: bool) -> list[Stage]:
    reason = "KUBECONFIG is set: only the lab's own clusters are broken on purpose" if own_cluster else ""
    weather = os.environ.get("ASSAY_WEATHER") or "1"
    broken = [Stage("faults", absent=reason)] if own_cluster and "faults" in rooms else []
    lab = [] if own_cluster else [Stage("lab", (sys.executable, "tests/runner/lab_up.py", *clusters.names(os.environ)[:1]),
                                        frozenset({"clusters"}), show=r"\S", most=1000, limit=3000, counted=False)]
    return [
        *lab, *_on_clusters(rooms, own_cluster), *broken,
        _on_addons("addons", "not soak and not gauntlet", own_cluster, needs=("lab",) if lab else (), limit=4800, again=_AGAIN,
                   absent=reason),
        *_gauntlet(own_cluster, ("lab",) if lab else (), reason),
        _on_simulators("platforms", "no_cluster and not soak and not gauntlet", ("lab",) if lab else (), limit=4000, again=_AGAIN),
        Stage("soak", _pytest("soak", "-v", "-m", "soak", "tests/integration", "tests/faults"), frozenset({"clusters"}),
              needs=("lab",) if lab else (), rooms={"integration": 1}, on_clusters=True, show=LAB_LINES, most=1000, limit=10800,
              in_all=False, absent=reason),
        Stage("kubernetes", (sys.executable, "-m", "tests.setup.older_kubernetes", str(OUTPUT / "kubernetes.junit")), frozenset({"clusters"}),
              rooms={"integration": 1, "faults": 1}, show=LAB_LINES, most=1000, limit=9000, in_all=False, absent=reason),
        Stage("weather", _pytest("weather", "-v", "-m", "no_cluster and not soak and not gauntlet", "-n3", "--dist=loadfile", *IN_WEATHER),
              frozenset({"platforms"}), needs=("lab",) if lab else (), rooms={"integration": 1, "unit": 1}, nice=_BESIDE, show=LAB_LINES, most=1000,
              limit=5400, in_all=False, environ={"ASSAY_WEATHER": weather}),
        Stage("weather-clusters", _pytest("weather-clusters", "-v", "-m", "not no_cluster and not soak", *([] if own_cluster else _on_each()),
                                          *IN_WEATHER_ON_CLUSTERS), frozenset({"clusters"}), needs=("lab",) if lab else (),
              rooms={"integration": 1}, on_clusters=True, handed_out=True, show=LAB_LINES, most=1000, limit=5400, in_all=False, absent=reason,
              environ={**_handed_out(own_cluster), "ASSAY_WEATHER": weather}),
        Stage("strangers", _pytest("strangers", "-v", "--timeout=2400", *([] if own_cluster else _on_each()), "tests/strangers"),
              frozenset({"clusters"}), needs=("lab",) if lab else (), rooms=_rooms("strangers", "strangers"), on_clusters=True, handed_out=True,
              show=LAB_LINES, most=1000, limit=5400, in_all=False, absent=reason, environ=_handed_out(own_cluster)),
    ]


def _gauntlet(own_cluster: bool, needs: tuple[str, ...], absent: str) -> list[Stage]:
    """Every fault test, also those that show a rule of which another one is in a plain `make test` already, and what goes a way
    on real clusters that another test goes, too."""
    claims = {"ASSAY_CLAIMS": str(CLAIMS)}
    return [
        Stage("gauntlet", _pytest("gauntlet", "-v", "-m", "not soak and not no_cluster and (faults or gauntlet)",
                                  *([] if own_cluster else _on_each()), "tests/faults", "tests/integration", "tests/molecule"),
              frozenset({"clusters"}), needs=needs, rooms=_rooms("gauntlet", "faults", "integration", "molecule"), on_clusters=True,
              handed_out=True, show=LAB_LINES, most=2000, limit=9000, in_all=False, absent=absent, environ={**_handed_out(own_cluster), **claims}),
        _on_addons("gauntlet-addons", "not soak", own_cluster, needs=needs, limit=16000, in_all=False, absent=absent, environ=claims),
        _on_simulators("gauntlet-platforms", "no_cluster and not soak and gauntlet", needs, ("integration", "unit"), limit=9000, in_all=False),
    ]


def _on_simulators(name: str, marks: str, needs: tuple[str, ...], rooms: tuple[str, ...] = ("integration",), **more: Any) -> Stage:
    """Tests on simulators and fakes, that mostly wait; the lab's build makes one of them."""
    command = _pytest(name, "-v", "-m", marks, "-n3", "--dist=loadfile", "--no-loadscope-reorder", *(f"tests/{r}" for r in rooms))
    return Stage(name, command, frozenset({"platforms"}), needs=needs, rooms=_rooms(name, *rooms), by_file=True, nice=_BESIDE, show=LAB_LINES,
                 most=1000, environ={"ASSAY_LONGEST_FILES_FIRST": "1"}, **more)


def all_stages(rooms: tuple[str, ...] = ON_CLUSTERS) -> list[Stage]:
    static, on_clusters = _static_stages(), _cluster_stages(rooms, bool(os.environ.get("KUBECONFIG")))
    # The judgement, then what everything waits for; what only computes is started after it and fills the gaps.
    return [static[0], *on_clusters, *static[1:]]


def chosen(words: list[str]) -> list[Stage]:
    """The stages named (integration, molecule and faults are rooms of one; gauntlet is three, soak is, too) and what they need; all,
    if none is named.

    Raises ValueError for a word that names no stage, and for bad variables of the environment.
    """
    if not words:
        return [s for s in all_stages() if s.in_all]
    rooms = tuple(r for r in ON_CLUSTERS if r in words or "clusters" in words)
    stages = all_stages(rooms)
    known = {s.name for s in stages} | {*ON_CLUSTERS, "clusters"}
    for word in words:
        if word not in known:
            raise ValueError(f"there is no stage {word}; there are: {', '.join(sorted(known))}")
    picked = {*words, *(["clusters"] if rooms else []), *(["diagnosis"] if "unit" in words else []),
              *(["gauntlet-addons", "gauntlet-platforms"] if "gauntlet" in words else []), *(["weather", "weather-clusters"] if "soak" in words else [])}
    picked |= {need for s in stages if s.name in picked and not s.absent for need in s.needs}
    return [s for s in stages if s.name in picked]
