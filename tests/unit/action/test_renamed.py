# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of before are taken for those of now, and said once each."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.arguments.older import older
from ansible_collections.assay.clusters.plugins.plugin_utils import renamed, terminal

ROOT = Path(__file__).resolve().parents[3]
SPEC = {"boot_delay": {"type": "float", **older("pause")}, "wait": {"type": "bool"}, "wait_timeout": {"type": "float"}}


@pytest.fixture(name="said")
def _said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(terminal, "outdated", lambda old, new: found.append((old, new)))
    return found


@pytest.mark.parametrize(("given", "taken", "told"), [
    ({"boot_delay": 3}, {"boot_delay": 3}, []),
    ({"pause": 3}, {"boot_delay": 3}, ["pause"]),
    ({"pause": 3, "boot_delay": None}, {"boot_delay": 3}, ["pause"]),
    ({"pause": 3, "boot_delay": 0}, {"boot_delay": 0}, ["pause"]),
    ({"pause": None}, {}, []),
    ({"wait": True}, {"wait": True}, []), ({"wait": "yes"}, {"wait": "yes"}, []), ({"wait": 1}, {"wait": 1}, []),
    ({"wait": 0, "wait_timeout": 9}, {"wait": 0, "wait_timeout": 9}, []),
    ({"wait": 3600}, {"wait": True, "wait_timeout": 3600.0}, ["wait with seconds"]),
    ({"wait": "0.5"}, {"wait": True, "wait_timeout": 0.5}, ["wait with seconds"]),
    ({"wait": "3600", "wait_timeout": 9}, {"wait": True, "wait_timeout": 9}, ["wait with seconds"])])
def test_an_option_of_before_is_that_of_now(given: dict[str, Any], taken: dict[str, Any], told: list[str], said: list[Any]) -> None:
    assert renamed.arguments(SPEC, given) == taken
    assert [old for old, _new in said] == told


def test_seconds_stay_where_waiting_is_no_yes_or_no(said: list[Any]) -> None:
    assert renamed.arguments({"wait": {"type": "float"}}, {"wait": 3600}) == {"wait": 3600} and not said


def test_a_variable_of_before_is_told_where_a_host_has_it(said: list[Any]) -> None:
    renamed.tell({"prepull_floor": 3, "prepull_state": "present"})
    assert said == [("prepull_floor", "prepull_min_mb_per_second")]


def test_variables_of_before_are_those_of_the_roles() -> None:
    found = {}
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for name, option in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"].items():
            found |= {old: name for text in option["description"] for old in re.findall(r"The older name C\((\w+)\)", text)}
    # Of the playbook validate, which is no role.
    assert renamed.VARIABLES == {**found, "validate_limit": "validate_timeout"}


def test_each_is_in_the_table_of_names() -> None:
    text = (ROOT / "docs/names.md").read_text(encoding="utf-8")
    assert [old for old, new in renamed.VARIABLES.items() if f"| `{old}` | `{new}` |" not in text] == []
