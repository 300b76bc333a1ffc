# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""YAML that is nested too deep is refused with its place, wherever a text of somebody else's is read."""
from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.clusters import access, manifests
from ansible_collections.assay.clusters.plugins.module_utils.clusters.konvoy import files as konvoy
from ansible_collections.assay.clusters.plugins.module_utils.kube.shallow import MOST, shallow
from ansible_collections.assay.clusters.plugins.module_utils.coverage import plan
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.kube import kubeconfig
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.plugins.module_utils.prepull import sources
from ansible_collections.assay.clusters.plugins.module_utils.submission import marked
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.config import blocks, located

MODULE_UTILS = Path(plan.__file__).resolve().parents[1]


def _brackets(depth: int) -> str:
    return "[" * depth + "]" * depth


def _braces(depth: int) -> str:
    return "{a: " * depth + "1" + "}" * depth


def _block(depth: int) -> str:
    return "\n".join(f"{' ' * n}a:" for n in range(depth)) + " 1"


def _dashes(depth: int) -> str:
    return "- " * depth + "1"


def _lists_below_keys(depth: int) -> str:
    """Half of the levels take no column."""
    return "\n".join(f"{'  ' * (n // 2)}{'- ' if n % 2 else ''}a{n}:" for n in range(depth // 2)) + " 1"


@pytest.mark.parametrize("nested", [_brackets, _braces, _block, _dashes])
def test_at_most_a_hundred_levels(nested: Callable[[int], str]) -> None:
    assert shallow(nested(MOST)) == nested(MOST) and yaml.safe_load(nested(MOST)) is not None
    with pytest.raises(yaml.MarkedYAMLError, match="nested too deep") as raised:
        shallow(f"\n\n{nested(MOST + 1)}" if nested is _brackets else nested(MOST + 1))
    assert raised.value.problem_mark.line == (2 if nested is _brackets else MOST if nested is _block else 0)


def test_many_levels_next_to_each_other_are_not_deep() -> None:
    wide = "\n".join(f"- [{n}, {{a: {n}}}]" for n in range(500))
    assert shallow(wide) == wide and shallow(_lists_below_keys(100)) and shallow("") == ""


@pytest.mark.parametrize("bad", [_brackets(50_000), _braces(50_000), _dashes(50_000)], ids=["brackets", "braces", "dashes"])
def test_whoever_reads_yaml_says_so_in_a_sentence(bad: str, tmp_path: Path) -> None:
    (tmp_path / "file.yaml").write_text(bad)
    for read, kind in ((lambda: kubeconfig._documents(bad, "x"), BadInput), (lambda: manifests.parse(bad, "x"), BadOption),
                       (lambda: access._mapping(bad, "x"), PlatformError), (lambda: plan.load(str(tmp_path / "file.yaml")), BadOption),
                       (lambda: sources.of_text(bad, "x"), BadOption), (lambda: blocks.plain("x", bad), PlatformError),
                       (lambda: marked.compose(bad), marked.BadYaml),
                       (lambda: konvoy.merged_cluster(tmp_path / "file.yaml", {"api_version": "v1beta2"}, _Any()), PlatformError)):
        with pytest.raises(kind) as raised:
            read()
        assert len(str(raised.value)) < 400
    [problem] = located.parse(bad, "x")[1]
    assert "nested too deep" in problem.message and problem.line == 1


class _Any:
    version = ""


def test_nobody_reads_yaml_that_was_not_looked_at() -> None:
    """But the events of a stream, of which nothing is built, and what we wrote ourselves."""
    reads = re.compile(r"yaml\.(?:safe_load|safe_load_all|load|load_all|compose|compose_all)\((?!shallow\()|\bLOADER\((?!shallow\()")
    found: list[Any] = [(p.relative_to(MODULE_UTILS).as_posix(), line.strip()) for p in sorted(MODULE_UTILS.rglob("*.py"))
                        for line in p.read_text(encoding="utf-8").splitlines() if reads.search(line)]
    assert found == [("testgrid/config/blocks.py", "listed = _child(_named(yaml.compose(text, Loader=located.LOADER), kind, name), LISTS[kind])")]
