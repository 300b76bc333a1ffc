# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `make test` runs: the stages as data, quick ones first."""
from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
OUTPUT = CHECKOUT / "tests/output/stages"
# Others by name let two checkouts test on one machine at once; molecule/inventory names the second.
CLUSTERS = tuple(os.environ.get("ASSAY_CLUSTERS", "c1 c2").split())
LAB_LINES = r"(::.* |\] )(PASSED|FAILED|ERROR|SKIPPED)\b|^(FAILED|ERROR) tests/"
FAILED_LINES = r"^(\[gw\d+\] )?(FAILED|ERROR)\b|\bFAILED\b"


@dataclass(frozen=True)
class Stage:
    """One command with one log.

    uses: what it must have for itself; two stages run side by side only when they share nothing.
    after: stages that must have ended; needs: stages that must have passed, else this one is failed without a run.
    show: the lines of its output worth showing live (a regular expression), the first `most` of them.
    limit: seconds, then it is ended.
    absent: why there is nothing to run; the stage then counts as skipped. in_all: part of a plain `make test`.
    """

    name: str
    command: tuple[str, ...] = ()
    uses: frozenset[str] = frozenset()
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    show: str = FAILED_LINES
    most: int = 15
    limit: float = 900.0
    absent: str = ""
    in_all: bool = True
    counted: bool = True
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return OUTPUT / f"{self.name.replace(':', '-')}.log"

    @property
    def junit(self) -> Path:
        """A folder: every JUnit file that the stage writes there is counted."""
        return OUTPUT / f"{self.name.replace(':', '-')}.junit"


def _pytest(name: str, *arguments: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    junit = OUTPUT / f"{name}.junit" / "pytest.xml"
    return (sys.executable, "-m", "pytest", f"--junitxml={junit}", *arguments, *paths)


def _no_tests(folder: str) -> str:
    return "" if any((CHECKOUT / folder).rglob("test_*.py")) else f"{folder} holds no tests"


def _static_stages() -> list[Stage]:
    """What reads the code and runs it without a cluster."""
    static = frozenset({"static"})
    sanity = next((p for p in ("tests/sanity.py", "tests/sanity.sh", "tests/sanity/run.py", "tests/sanity/run.sh")
                   if (CHECKOUT / p).is_file()), "")
    sanity_command = (sys.executable, sanity) if sanity.endswith(".py") else ("bash", sanity)
    changes = (CHECKOUT / "changelogs").is_dir()
    return [
        Stage("unit", _pytest("unit", "-q", "-n2", paths=("tests/unit",)), static, limit=1800, absent=_no_tests("tests/unit")),
        Stage("changelog", ("antsibull-changelog", "lint"), static, absent="" if changes else "no changelogs folder"),
        Stage("lint", ("ansible-lint", "--offline", "--profile=production", "--nocolor"), static, show=r"^[\w/.-]+:\d+|Passed|Failed",
              absent="" if (CHECKOUT / "galaxy.yml").exists() else "no galaxy.yml"),
        Stage("sanity", sanity_command, static, show=r"^(ERROR|FATAL)", limit=1500,
              absent="" if sanity else "no sanity wrapper"),
    ]


def _scenarios() -> list[str]:
    """Molecule's scenarios, of either of its two homes."""
    return sorted(p.parent.name for home in ("molecule", "extensions/molecule")
                  for p in (CHECKOUT / home).glob("*/molecule.yml"))


def _lab_stage(own_cluster: bool) -> list[Stage]:
    if own_cluster:
        return []
    return [Stage("lab", (sys.executable, "tests/runner/lab_up.py", *CLUSTERS), frozenset(CLUSTERS), show=r"\S", most=1000,
                  limit=3000, counted=False)]


def _cluster_stages(own_cluster: bool) -> list[Stage]:
    """What needs a cluster: the lab's, or the one that KUBECONFIG names."""
    lab = () if own_cluster else ("lab",)
    only_lab = "KUBECONFIG is set: only the lab's own clusters are broken on purpose" if own_cluster else ""
    return [
        Stage("integration", _pytest("integration", "-v", "-m", "not soak and not no_cluster", paths=("tests/integration",)),
              frozenset({"c1"}), needs=lab, show=LAB_LINES, most=1000, limit=3600, absent=_no_tests("tests/integration")),
        *_molecule(lab),
        # Beside those that need the first cluster, when the second one's user is done: two cores carry two.
        Stage("platforms", _pytest("platforms", "-v", "-m", "no_cluster and not soak", paths=("tests/integration",)),
              frozenset({"c2"}), needs=lab, show=LAB_LINES, most=1000, limit=1800, absent=_no_tests("tests/integration")),
        Stage("faults", _pytest("faults", "-v", "-m", "not soak", "-n2", "--dist=worksteal", paths=("tests/faults",)),
              frozenset(CLUSTERS), after=("integration", "platforms"), needs=lab, show=LAB_LINES, most=1000, limit=2700,
              absent=only_lab or _no_tests("tests/faults")),
        Stage("soak", _pytest("soak", "-v", "-m", "soak", paths=("tests/integration", "tests/faults")),
              frozenset(CLUSTERS), needs=lab, show=LAB_LINES, most=1000, limit=7200, in_all=False, absent=only_lab),
    ]


def _molecule(lab: tuple[str, ...]) -> list[Stage]:
    if not _scenarios():
        return [Stage("molecule", absent="no molecule scenarios")]
    return [Stage(f"molecule:{name}", ("molecule", "test", "-s", name), frozenset({"c2", "molecule"}), needs=lab,
                  show=r"CRITICAL|ERROR|failed=[1-9]", limit=600)
            for name in _scenarios()]


def all_stages() -> list[Stage]:
    own_cluster = bool(os.environ.get("KUBECONFIG"))
    static = _static_stages()
    # The lab comes up while the quick stages run; they say first what is wrong.
    return [static[0], *_lab_stage(own_cluster), *static[1:], *_cluster_stages(own_cluster)]


def chosen(words: list[str]) -> list[Stage]:
    """The stages named (`molecule` means all its scenarios) with the lab where one needs it; all, if none is named.

    Raises ValueError for a word that names no stage.
    """
    stages = all_stages()
    if not words:
        return [s for s in stages if s.in_all]
    for word in words:
        if not any(_named(s, word) for s in stages):
            raise ValueError(f"there is no stage {word}; there are: {', '.join(s.name for s in stages)}")
    picked = {s.name for s in stages if any(_named(s, word) for word in words)}
    picked |= {need for s in stages if s.name in picked and not s.absent for need in s.needs}
    return [s for s in stages if s.name in picked]


def _named(stage: Stage, word: str) -> bool:
    return stage.name == word or stage.name.split(":")[0] == word
