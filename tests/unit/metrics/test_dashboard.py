# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The dashboard for Grafana and the rules for alerts: JSON and YAML, with metrics, labels and values that there are."""
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.metrics.families import FAMILIES
from ansible_collections.assay.clusters.plugins.module_utils.results.record import VERDICTS

ROOT = Path(__file__).resolve().parents[3]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "docs/examples/grafana/clusters.json").read_text(encoding="utf-8"))
LABELS = {family.name: set(family.labels) for family in FAMILIES}
# Where a legend shows a label that an aggregation keeps.
_BY = re.compile(r"\bby \(([^)]*)\)")


def _rules() -> list[str]:
    page = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    [block] = re.findall(r"(?ms)^```yaml\n(groups:.*?)^```$", page)
    return [rule["expr"] for group in yaml.safe_load(block)["groups"] for rule in group["rules"]]


TARGETS = [t for panel in DASHBOARD["panels"] for t in panel["targets"]]
QUERIES = [*(t["expr"] for t in TARGETS), DASHBOARD["templating"]["list"][1]["query"]["query"], *_rules()]


@pytest.mark.parametrize("query", QUERIES)
def test_metrics_labels_and_verdicts_are_there(query: str) -> None:
    asked = re.findall(r"(assay_\w+)(?:\{([^}]*)\})?", query)
    assert asked and query.count("(") == query.count(")") and query.count("{") == query.count("}")
    for name, chosen in asked:
        told = dict(re.findall(r'(\w+)=~?"([^"]*)"', chosen))
        assert set(told) <= LABELS[name]
        assert set(filter(None, told.get("verdict", "").split("|"))) <= set(VERDICTS)


def test_legends_show_labels_that_the_query_has() -> None:
    for target in TARGETS:
        names = re.findall(r"assay_\w+", target["expr"])
        kept = _BY.search(target["expr"])
        there = set(kept[1].split(", ")) if kept else set.intersection(*(LABELS[n] for n in names))
        assert set(re.findall(r"{{(\w+)}}", target.get("legendFormat", ""))) <= there


def test_every_metric_is_on_it() -> None:
    assert {name for t in TARGETS for name in re.findall(r"assay_\w+", t["expr"])} == set(LABELS)


def test_panels_do_not_lie_on_each_other() -> None:
    taken = [(x, y) for p in DASHBOARD["panels"] for x in range(p["gridPos"]["x"], p["gridPos"]["x"] + p["gridPos"]["w"])
             for y in range(p["gridPos"]["y"], p["gridPos"]["y"] + p["gridPos"]["h"])]
    assert len(taken) == len(set(taken)) and max(x for x, _y in taken) < 24
    assert len({p["id"] for p in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
