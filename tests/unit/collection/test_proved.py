# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was proved on what is said of each check and each platform, once; what was never tried is said, too."""
from __future__ import annotations

import re
from pathlib import Path

import yaml

from ansible_collections.assay.clusters.plugins.inventory import clusters
from ansible_collections.assay.clusters.plugins.module_utils.arguments.machines import MACHINES
from ansible_collections.assay.clusters.plugins.module_utils.engine import registry

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "proved.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines()
        if line.startswith("| ") and not line.startswith(("| ---", "| feature", "| platform"))]


def test_every_check_and_every_platform_has_one_row() -> None:
    named = [name for row in ROWS for name in re.findall(r"`([a-z_]+)`", row[0])]
    sources = yaml.safe_load(clusters.DOCUMENTATION)["options"]["sources"]["suboptions"]["platform"]["choices"]
    wanted = {*(f"check_{n}" for n in registry.load()), *sources, *MACHINES["platform"]["choices"]}
    assert {n for n in wanted if named.count(n) != 1} == set()


def test_what_no_real_system_stood_behind_says_what_was_not_tried() -> None:
    assert all(len(row) == 5 for row in ROWS)
    assert [row[0] for row in ROWS if not row[1] and not row[4]] == []


def test_features_of_machines_have_a_word_for_each_platform() -> None:
    """In docs/platforms.md, in no other words than this page has: the simulators, our fakes, or that there is nothing to prove."""
    text = (DOCS / "platforms.md").read_text(encoding="utf-8")
    head = "| feature | " + " | ".join(f"`{p}`" for p in MACHINES["platform"]["choices"]) + " |\n"
    assert text.count(head) == 1
    lines = [line for line in text.partition(head)[2].splitlines()[1:] if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    features = " ".join(row[0] for row in rows)
    assert all(word in features for word in ("take", "shut down", "quiesce", "revert", "prune", "consolidate", "leftovers"))
    known = re.compile(r"vcsim|moto|\bfakes?\b|cannot|nothing|not looked for")
    assert [row for row in rows if len(row) != 4 or not all(known.search(cell) for cell in row[1:])] == []
