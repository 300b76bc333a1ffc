# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every variable of ours, misspelt, is refused with the right word; nobody else's is."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.action import cluster as action
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.plugins.plugin_utils import spelling

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTED = sorted(set(re.findall(r"`((?:validate|rbac|sweep|pipeline|cluster)_\w+)`", "\n".join(
    line for line in (ROOT / "docs/variables.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")))) - {"cluster_api", "validate_certs"})
ALL = [(prefix, name) for prefix, names in spelling.known().items() for name in sorted(names.offered)]


def _slips(name: str, prefix: str) -> set[str]:
    """Two letters that changed places, one that is missing, one twice, in what follows the prefix or in it."""
    middle = len(prefix) + 1 + (len(name) - len(prefix)) // 2
    return {name[:middle - 1] + name[middle] + name[middle - 1] + name[middle + 1:] if middle + 1 < len(name) else name + "x",
            name[:middle] + name[middle + 1:], name[:middle] + name[middle] + name[middle:], name[:2] + name[3:],
            name.upper(), name.replace("_", "-")}


def test_what_is_documented_is_known() -> None:
    assert len(DOCUMENTED) > 50
    assert [n for n in DOCUMENTED if not any(n in names.offered for names in spelling.known().values())] == []


@pytest.mark.parametrize("prefix", sorted({p for p, _name in ALL}))
def test_a_slip_of_the_pen_is_refused_with_the_right_word(prefix: str) -> None:
    names, taken = spelling.known()[prefix], set()
    for name in names.offered - {n for n in names.offered if len(n) - len(prefix) < 6}:
        for slip in _slips(name, prefix) - names.all:
            several = prefix == "cluster" and {slip + "s", slip.removesuffix("s")} & names.offered
            if several or re.fullmatch(rf"{prefix}_check_\w+", slip):
                continue  # lists of hosts; what is judged with its checks
            said = spelling.mistaken([slip], [prefix])
            assert "did you mean " in said.get(slip, ""), slip
            taken.add(said[slip].rpartition(" ")[2].rstrip("?") == name)
    assert True in taken


def test_a_name_that_is_right_or_another_s_is_let_be() -> None:
    own = ["pipeline_id", "validate_certs", "cluster_name", "cluster_hosts", "cluster_domain", "ansible_host", "storage_class",
           5, "x", "snapshot_dir", "clusters", "validate_"]
    assert spelling.mistaken([*own, *(n for _prefix, n in ALL)], spelling.known()) == {}


@pytest.mark.parametrize(("name", "meant"), [
    ("validate_chekcs", "validate_checks"), ("validate_time_out", "validate_timeout"), ("cluster_kubecfg", "cluster_kubeconfig"),
    ("pipeline_skp", "pipeline_skip"), ("pipeline_skpi", "pipeline_skip"), ("pipeline_skop", "pipeline_skip"),
    ("piepline_skip", "pipeline_skip"), ("dispose_sweep_everthing", "dispose_sweep_everything")])
def test_names_that_readers_tried(name: str, meant: str) -> None:
    with pytest.raises(BadInput, match=rf"^{name}: is no variable of .*; did you mean {meant}\?$"):
        spelling.refuse({name: 1, "mine": 2}, [*spelling.FLOW, "cluster"])


class _Task:
    """As the plugin sees a task."""

    def __init__(self, **args: Any):
        self.args = args


def _why(module: str, variables: dict[str, Any], **args: Any) -> str:
    plugin = object.__new__(action.ActionModule)
    plugin._task = _Task(**args)  # pylint: disable=protected-access
    try:
        plugin._check_names(module, variables)  # pylint: disable=protected-access
    except BadInput as e:
        return str(e)
    return ""


BEGUN = {"state": "begun", "destructive": ["dispose"]}


@pytest.mark.parametrize(("variable", "args", "sentence"), [
    ("pipeline_keep_it", BEGUN, "pipeline_keep_it: is no variable of pipeline, and nothing was done"),
    ("pipeline_keep_it", {**BEGUN, "skip": ["dispose"]}, ""), ("pipeline_keep_it", {"state": "begun", "destructive": []}, ""),
    ("pipeline_keep_it", {"state": "kept"}, ""), ("pipeline_keep_it", {**BEGUN, "skip": "hook, dispose"}, ""),
    ("dispose_not", BEGUN, "there are: dispose_adopt, dispose_attempts"),
    ("pipeline_skpi", {**BEGUN, "skip": ["dispose"]}, "did you mean pipeline_skip?"),
    ("validate_host", BEGUN, "did you mean validate_hosts?"), ("provision_nam", BEGUN, "did you mean provision_name?"),
    ("cluster_machine", BEGUN, ""), ("cluster_machnies", BEGUN, "did you mean cluster_machines?"),
    ("pipeline_folder", BEGUN, ""), ("other_skip", BEGUN, "")])
def test_no_pipeline_takes_anything_away_where_a_variable_may_have_been_meant_to_keep_it(variable, args, sentence) -> None:
    said = _why("pipeline_state", {variable: 1}, **args)
    assert sentence in said and bool(said) is bool(sentence)


def test_in_a_role_its_own_variables_are_judged_and_elsewhere_they_are_not() -> None:
    inside = {"ansible_role_name": "assay.clusters.dispose", "dispose_keep": 1}
    assert "dispose_keep: is no variable of dispose, and nothing was done" in _why("cluster", inside, state="absent")
    assert _why("cluster", inside, state="present") == "" == _why("cluster", {"dispose_keep": 1}, state="absent")
    assert "did you mean dispose_wait_timeout?" in _why("leftovers_info", {**inside, "dispose_wiat": 1})
    assert _why("leftovers_info", {"ansible_role_name": "mine.dispose", "dispose_wiat": 1}) == ""
    assert spelling.prefixes("sweep", {}) == ["sweep", "validate"]


@pytest.mark.parametrize(("name", "meant"), [
    ("validate_exlude", "validate_exclude"), ("validate_check", "validate_checks"), ("validate_image", "validate_images"),
    ("validate_allow_inconclusiv", "validate_allow_inconclusive"), ("validate_x", ""), ("validate_certs", ""),
    ("validate_namespace", ""), ("validate_hosts", ""), ("validate_folder", ""), ("validate_since", ""),
    ("validate_report", ""), ("exlude", "")])
def test_a_slip_of_the_pen_is_told_and_what_is_anothers_is_not(name, meant):
    sentence = f"{name}: is no variable of a run and does nothing; did you mean {meant}?"
    assert spelling.mistaken([name, 3], ["validate"]) == ({name: sentence} if meant else {})
