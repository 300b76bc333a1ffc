# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rights that the guide lists, and those that a policy allows, are those that the code uses."""
from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.assay.clusters.plugins.module_utils.machines.aws import rights as aws_rights

ROOT = Path(__file__).resolve().parents[3]
_OPERATION = re.compile(r'(?:call|pages|_listed)\(\s*"([A-Z]\w+)"|\("((?:Start|Stop)\w+)",|else \("((?:Start|Stop)\w+)",')


def _used() -> set[str]:
    code = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "plugins/module_utils/machines/aws").glob("*.py"))
    return {name for groups in _OPERATION.findall(code) for name in groups if name}


def test_the_guide_lists_every_right_and_no_other() -> None:
    assert _used() == set(re.findall(r"`(?:ec2|autoscaling):(\w+)`", (ROOT / "docs/machines.md").read_text(encoding="utf-8")))


def test_a_policy_has_every_right_and_no_other() -> None:
    given = {*aws_rights.LOOKING, *aws_rights.CHECKING, *aws_rights.TAKING, *aws_rights.REVERTING,
             *aws_rights.REPLACING_ROOTS, *aws_rights.SUSPENDING}
    # Tags that are put on while something is made want the right to make tags, which no call shows.
    assert {a.partition(":")[2] for a in given} == _used()
