# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands beside the verdicts: hosts that are one cluster, nodes that were not asked, how long the probes took."""
from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results import clean, notes, store, summary
from ansible_collections.assay.clusters.tests.unit.results import samples

SCHEMA = json.loads((Path(__file__).resolve().parents[3] / "docs/schemas/records.schema.json").read_text())
VIRTUAL = "it is a virtual node, without a machine of its own"


def _run(cluster: str, server: str = "https://api:6443", uid: str = "", **more: Any) -> dict[str, Any]:
    return clean.clean_run(samples.run(cluster, samples.healthy(cluster)["records"], server=server, uid=uid, **more))


@pytest.mark.parametrize(("runs", "same"), [
    ([("a", "https://x", ""), ("b", "https://y", "")], []),
    ([("a", "https://x", ""), ("b", "https://X/", "")], [["a", "b"]]),
    ([("a", "https://x", "u1"), ("b", "https://y", "u1"), ("c", "https://z", "u2")], [["a", "b"]]),
    ([("a", "https://x", "u1"), ("b", "https://x", "")], [["a", "b"]]),
    ([("a", "https://127.0.0.1:1", "u1"), ("b", "https://127.0.0.1:1", "u2")], []),
    ([("a", "https://127.0.0.1:1", "u1"), ("b", "https://127.0.0.1:1", "u2"), ("c", "https://127.0.0.1:1", "")], []),
    ([("a", "https://127.0.0.1:1", "u1"), ("b", "https://127.0.0.1:1", "u2"), ("c", "https://x", "u1")], [["a", "c"]]),
    ([("a", "", ""), ("b", "", "")], []),
], ids=["two", "address", "uid", "uid unread", "forwarded", "forwarded, unread", "forwarded, known", "never asked"])
def test_hosts_are_one_cluster_by_its_uid_else_by_its_address(runs, same):
    found = [_run(*run) for run in runs]
    assert notes.same_clusters(found) == same
    assert notes.same_as(found) == {c: [o for o in group if o != c] for group in same for c in group}


def _properties(path):
    """Of the suites of clusters; what clean-up found has none."""
    found = [s.find("properties") for s in ET.parse(path).getroot()]
    return [{p.get("name"): p.get("value") for p in one} for one in found if one is not None]


def test_of_many_names_enough_are_told_that_the_screen_has_the_whole_sentence():
    runs = [_run(f"prod-{n}", "https://127.0.0.1:6443", "u1") for n in range(17)]
    lines = summary.summary(runs, width=100).splitlines()
    assert "prod-0, prod-1, +15 more are one and the same cluster, https://127.0.0.1:6443, and counted as one" in lines


def test_one_cluster_under_two_names_is_one_in_every_report(tmp_path):
    runs = [_run("eks-prod", uid="u1"), _run("eks-stage", uid="u1"), _run("other", "https://other", "u2")]
    sentence = "eks-prod, eks-stage are one and the same cluster, https://api:6443, and counted as one"
    said = summary.summary(runs)
    assert "2 clusters under 3 names, 18 checks" in said and sentence in said
    paths = store.write_reports(tmp_path, runs)
    whole = json.loads(Path(paths["json"]).read_text())
    jsonschema.validate(whole, SCHEMA)
    assert whole["notes"][0].startswith(sentence)
    page = Path(paths["html"]).read_text()
    assert sentence in page and "All 3 hosts work, 3 with warnings" in page and "Same cluster as" in page
    properties = _properties(paths["junit"])
    assert [p.get("same_cluster_as") for p in properties] == ["eks-stage", "eks-prod", None]


PROBES = {"nodes": 300, "ready": 300, "seconds": 12.345, "sampled": "300 of 5,000 nodes asked", "joined": ["n7"],
          "left_out": {"f1": VIRTUAL, "f2": VIRTUAL, "w1": "its operating system is windows"}, "gone": []}
NOT_ASKED = (f"300 of 5,000 nodes asked; 2 nodes left out: {VIRTUAL}; 1 node left out: its operating system is windows; "
             "1 node joined meanwhile")


@pytest.mark.parametrize(("probes", "said"), [
    ({}, ""), (None, ""), ({"nodes": 3, "left_out": {}, "sampled": "", "joined": [], "gone": []}, ""), (PROBES, NOT_ASKED),
    ({"gone": ["a", "b"]}, "2 nodes left meanwhile"), ({"left_out": ["odd"], "joined": 3}, "")])
def test_what_was_not_asked_is_one_sentence(probes, said):
    assert notes.not_asked(_run("c", probes=probes)) == said


def test_what_was_not_asked_is_said_once_for_each_cluster(tmp_path):
    runs = [_run("a", "https://a", probes=PROBES, notes=["no Pod Security labels"]), _run("b", "https://b")]
    text = summary.summary(runs, 400)
    assert len(re.findall(r"^a: 300 of 5,000 nodes asked; .*; no Pod Security labels$", text, re.MULTILINE)) == 1
    assert not re.search("^b: ", text, re.MULTILINE)
    paths = store.write_reports(tmp_path, runs)
    jsonschema.validate(json.loads(Path(paths["json"]).read_text()), SCHEMA)
    page = Path(paths["html"]).read_text()
    assert page.count("300 of 5,000 nodes asked") == 1 and "Probes ready after" in page and "12 s" in page
    first, second = _properties(paths["junit"])
    assert first["probes_ready_seconds"] == "12.345" and first["notes"].startswith("300 of 5,000")
    assert not {"probes_ready_seconds", "notes"} & set(second)


def test_notes_of_a_fleet_leave_room_for_the_causes():
    runs = [_run(f"c{n:02}", f"https://{n}", probes=PROBES) for n in range(30)]
    text = summary.summary(runs, 100, more=["old: not of this run"])
    assert len(text.splitlines()) <= 40 and "old: not of this run" in text
    assert len(re.findall(r"nodes asked", text)) == 4 and "+26 more notes, see the report" in text
