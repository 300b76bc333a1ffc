# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Imports between the rooms of module_utils and between their files run one way, and what checks stand on knows no platform."""
from __future__ import annotations

import ast
import functools
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

UTILS = Path(__file__).resolve().parents[3] / "plugins/module_utils"
# From the bottom up: a room imports from those above it in this list only, and from those that all may know.
PLATFORMS = ["clouds", "clouds/vsphere", "machines", "machines/aws", "machines/esxi", "machines/vsphere", "machines/choice",
             "snapshots", "clusters", "clusters/eks", "clusters/rancher", "clusters/cluster_api", "clusters/konvoy", "clusters/flow",
             "leftovers", "leases", "pipeline"]
FOR_ALL = {"arguments", "common", "jobs", "kube", "results"}
# What checks may know of all this: how a provider and its machines are asked, not what is done with them.
KNOWN_TO_CHECKS = {"clouds.aws", "clouds.aws_tags", "machines.model", "machines.choice", "machines.aws.rights"}


def _imported(path: Path) -> Iterator[list[str]]:
    """What a file imports from other files of module_utils, as the parts of their dotted names."""
    package = path.relative_to(UTILS).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[:len(package) - node.level + 1], *(node.module or "").split(".")]
            whole = [p for p in base if p]
            folder = UTILS.joinpath(*whole).is_dir()
            yield from ([*whole, a.name] for a in node.names) if folder else [whole]


@functools.cache
def _arrows(room: str) -> frozenset[str]:
    """The rooms, by their folders, that files of this one import from."""
    found = {"/".join(name[:-1]) for path in (UTILS / room).glob("*.py") for name in _imported(path)}
    return frozenset(found - {room, ""})


def _below(room: str) -> set[str]:
    """All rooms that a room reaches, by itself or by others."""
    seen, waiting = set(), [room]
    while waiting:
        new = _arrows(waiting.pop()) - seen
        seen |= new
        waiting += new
    return seen


@pytest.mark.parametrize("room", PLATFORMS)
def test_a_room_of_platforms_knows_only_those_below_it(room: str) -> None:
    more = {"engine"} if room == "pipeline" else set()  # how rights are declared
    assert _arrows(room) - FOR_ALL - more <= set(PLATFORMS[:PLATFORMS.index(room)])


@pytest.mark.parametrize("room", sorted({p.parent.relative_to(UTILS).as_posix() for p in UTILS.rglob("*.py")} - {"."}))
def test_no_room_reaches_itself(room: str) -> None:
    assert room not in _below(room)


def _files(name: list[str]) -> set[Path]:
    """The files behind an imported name: a module, or a package with what is imported from it."""
    found = {UTILS.joinpath(*name).with_suffix(".py"), UTILS.joinpath(*name[:-1]).with_suffix(".py"), UTILS.joinpath(*name, "__init__.py")}
    return {f for f in found if f.is_file()}


def _in_a_circle(arrows: dict[str, set[str]]) -> list[str]:
    """What reaches itself: what is left when all are taken away that lead nowhere, or that nothing leads to, again and again."""
    left = dict(arrows)
    while True:
        reached = {b for there in left.values() for b in there}
        keep = {a: {b for b in there if b in left} for a, there in left.items() if a in reached}
        keep = {a: there for a, there in keep.items() if there}
        if keep == left:
            return sorted(left)
        left = keep


def test_no_file_reaches_itself() -> None:
    """Imports for typing alone count: what is needed to say what a thing is, is needed to understand it."""
    arrows = {str(path.relative_to(UTILS)): {str(f.relative_to(UTILS)) for name in _imported(path) for f in _files(name)} - {
        str(path.relative_to(UTILS))} for path in UTILS.rglob("*.py")}
    assert "engine/fixtures.py" in arrows["engine/context.py"] and "kube/errors.py" in arrows["engine/execute.py"]
    assert _in_a_circle(arrows) == []


@pytest.mark.parametrize(("arrows", "circle"), [
    ({"a": {"b"}, "b": {"c"}, "c": set()}, []), ({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}, ["b", "c"]), ({"a": {"a"}}, ["a"])])
def test_a_circle_is_found(arrows: dict[str, set[str]], circle: list[str]) -> None:
    assert _in_a_circle(arrows) == circle


def test_checks_know_platforms_by_their_interface_only() -> None:
    rooms = {r.partition("/")[0] for r in PLATFORMS}
    known = {".".join(n) for p in (UTILS / "checks").rglob("*.py") for n in _imported(p) if n[0] in rooms}
    assert known and {n for n in known if not any(n == k or n.startswith(f"{k}.") for k in KNOWN_TO_CHECKS)} == set()


@pytest.mark.parametrize("room", ["kube", "diagnosis", "engine", "results", "common", "jobs"])
def test_what_checks_stand_on_knows_no_platform(room: str) -> None:
    assert _below(room) & set(PLATFORMS) == set()


def test_every_file_can_be_imported() -> None:
    """Also what no other test here loads: a name that moved is found before a user's task finds it."""
    wrong = []
    for file in sorted(UTILS.parent.rglob("*.py")):
        name = ".".join(("ansible_collections.assay.clusters", "plugins", *file.relative_to(UTILS.parent).with_suffix("").parts)).removesuffix(".__init__")
        try:
            importlib.import_module(name)
        except ImportError as e:
            wrong.append(f"{name}: {e}")
    assert wrong == []
