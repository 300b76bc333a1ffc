# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What pages show is as the collection takes it."""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.action.preflight import _MACHINES, judged
from tests.documented import commands

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", *sorted(p for top in ("docs", "roles") for p in (ROOT / top).rglob("*.md"))]


def _found(value: Any, name: str) -> Iterator[Any]:
    """What stands under this name, at any depth."""
    for key, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if key == name:
            yield one
        yield from _found(one, name)


def _shown(name: str) -> list[Any]:
    """(page, what it shows under this name), of all blocks of YAML."""
    blocks = [(p, b) for p in PAGES for b in re.findall(r"(?ms)^```+yaml\n(.*?)^```+$", p.read_text(encoding="utf-8"))]
    return [pytest.param(one, id=f"{page.relative_to(ROOT)}") for page, block in blocks for one in _found(yaml.safe_load(block), name)
            if isinstance(one, dict)]


@pytest.mark.parametrize("machines", _shown("cluster_machines"))
def test_machines_of_pages_have_the_options_that_there_are(machines: dict[str, Any]) -> None:
    assert judged(_MACHINES, machines, "cluster_machines")[1] == ""


@pytest.mark.parametrize("page", ["roles/snapshot/README.md", "docs/machines.md"])
def test_a_vcenter_that_signs_for_itself_is_shown_whole(page: str) -> None:
    shown = [p.values[0] for p in _shown("cluster_machines") if p.id == page]
    assert any({"hostname", "username", "password", "validate_certs"} <= set(m) and "{{ vault_" in m["password"] for m in shown)


def test_a_block_goes_on_with_all_of_the_one_before_it() -> None:
    [account] = [c for c in commands("docs/restricted.md") if "create token" in c.text]
    assert account.needs == "cluster" and "assay.clusters.rbac" in account.before[0] and "kubectl apply" in account.before[0]
