# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Badges: well-formed, without references, as wide as their texts, the same for the same results."""
from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.arguments.badges import BADGES
from ansible_collections.assay.clusters.plugins.module_utils.badges import svg
from ansible_collections.assay.clusters.plugins.module_utils.badges.job import entry, said
from ansible_collections.assay.clusters.plugins.module_utils.badges.widths import width
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.results import store
from ansible_collections.assay.clusters.plugins.module_utils.results.record import VERDICTS

NS = "{http://www.w3.org/2000/svg}"
STARTED = "2026-11-20T12:00:00+00:00"


def _luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG21/#dfn-relative-luminance"""
    parts = [int(colour[n:n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("text", "pixels"), [
    ("", 0), ("i", 4), ("m", 11), ("W", 11), ("dns", 20), ("build", 27), ("passed", 39), ("iiiiiiiiii", 31), ("é", 7), ("e\u0301", 7), ("集", 11), ("Ω", 11),
    ("€" * 4, 43)])
def test_a_text_is_as_wide_as_its_letters(text: str, pixels: int) -> None:
    """Verdana at 11 pixels: i is 562, m 1992, e 1220 of 2048."""
    assert width(text) == pixels


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_has_a_colour_that_white_letters_are_read_on(verdict: str) -> None:
    text = svg.badge("c1", verdict, verdict)
    assert svg.COLOURS[verdict] in text and 1.05 / (_luminance(svg.COLOURS[verdict]) + 0.05) >= 4.5
    assert len(set(svg.COLOURS.values())) == len(VERDICTS)


@pytest.mark.parametrize("label", ["c1", "a<b>&\"'c", "größe 集群", "x" * 300, "a\nb\x00c", "", "]]>", "--><script>"])
def test_any_name_is_a_whole_badge_without_references(label: str) -> None:
    text = svg.badge(label, "passed", "passed", "2026")
    root = ET.fromstring(text)
    assert root.attrib["role"] == "img" and root.attrib["aria-label"].endswith(": passed")
    assert root.findtext(f"{NS}title") == root.attrib["aria-label"] + ", 2026"
    assert not re.search(r"href|src=|url\(|@import|<script|<style|<image|<foreignObject", text)
    assert re.findall(r"https?://[^\" ]+", text) == ["http://www.w3.org/2000/svg"], "the name of the format, which nobody fetches"
    assert len(root.findall(f".//{NS}text")[0].text or "") <= 60


def test_it_is_as_wide_as_both_its_texts() -> None:
    root = ET.fromstring(svg.badge("dns", "passed", "passed"))
    assert root.attrib["width"] == str(20 + 39 + 4 * 6) and [t.attrib["textLength"] for t in root.iter(f"{NS}text")] == ["20", "39"]
    assert [float(t.attrib["x"]) for t in root.iter(f"{NS}text")] == [16, 32 + 25.5]


@pytest.mark.parametrize(("verdicts", "words"), [
    (["passed"] * 3, "passed"), (["passed", "skipped"], "passed"), (["passed", "failed", "warned"], "1 of 3 failed"), (["failed"] * 2, "failed"),
    (["skipped"] * 2, "skipped"), (["inconclusive", "passed"], "1 of 2 inconclusive"), ([], "skipped")])
def test_it_says_the_worst(verdicts: list[str], words: str) -> None:
    assert said(verdicts)[0] == words and said(verdicts)[1] == words.split()[-1]


def stored(folder: Path, **clusters: dict[str, str]) -> str:
    """cluster={"domain:check": verdict}."""
    for cluster, verdicts in clusters.items():
        records = [{"domain": c.partition(":")[0], "check": c, "verdict": v} for c, v in verdicts.items()]
        store.write_cluster_run(folder, {"cluster": cluster, "run_id": "r", "started": STARTED, "records": records})
    return str(folder)


def badges(results: str, dest: Path, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    given = {n: s.get("default") for n, s in BADGES.items()}
    return entry({**given, "results_dir": results, "dest": str(dest), **options}, Job(check_mode=check_mode))


def name(path: Path) -> str:
    return ET.fromstring(path.read_text()).findtext(f"{NS}title") or ""


def test_there_is_one_of_each_cluster_and_domain(tmp_path: Path) -> None:
    results = stored(tmp_path / "r", c1={"dns:a": "passed", "load_balancing:b": "failed"}, c2={"dns:a": "warned", "dns:b": "passed"})
    told = badges(results, tmp_path / "b")
    found = {str(p.relative_to(tmp_path / "b")): name(p) for p in (tmp_path / "b").rglob("*.svg")}
    when = ", 2026-11-20 12:00:00 UTC"
    assert found == {
        "clusters/c1.svg": f"c1: 1 of 2 failed{when}", "clusters/c1/dns.svg": f"dns: passed{when}",
        "clusters/c1/load_balancing.svg": f"load balancing: failed{when}", "clusters/c2.svg": f"c2: 1 of 2 warned{when}",
        "clusters/c2/dns.svg": f"dns: 1 of 2 warned{when}", "domains/dns.svg": f"dns: 1 of 3 warned{when}",
        "domains/load_balancing.svg": f"load balancing: failed{when}"}
    assert told["changed"] and told["files"] == sorted(found) and told["paths"] == [str(tmp_path / "b" / f) for f in sorted(found)]
    assert not badges(results, tmp_path / "b")["changed"]


def test_only_what_changed_is_written_and_others_are_left(tmp_path: Path) -> None:
    badges(stored(tmp_path / "r", c1={"dns:a": "passed"}, c2={"dns:a": "passed"}), tmp_path / "b")
    told = badges(stored(tmp_path / "r", c1={"dns:a": "failed"}), tmp_path / "b", clusters=["c1"])
    assert told["files"] == ["clusters/c1.svg", "clusters/c1/dns.svg", "domains/dns.svg"]
    assert name(tmp_path / "b/clusters/c2.svg").startswith("c2: passed")


def test_names_of_clusters_lead_nowhere_else(tmp_path: Path) -> None:
    badges(stored(tmp_path / "r", **{"../../x": {"../../../y:z": "passed"}}), tmp_path / "b/inner")
    assert {p.relative_to(tmp_path).parts[:2] for p in tmp_path.rglob("*.svg")} == {("b", "inner")}


def test_a_file_of_others_is_left(tmp_path: Path) -> None:
    (tmp_path / "b/clusters").mkdir(parents=True)
    (tmp_path / "b/clusters/c1.svg").write_text("<svg/>")
    with pytest.raises(BadOption, match="clusters/c1.svg is there and is no badge of this module"):
        badges(stored(tmp_path / "r", c1={"dns:a": "passed"}), tmp_path / "b")
    assert [p.name for p in (tmp_path / "b").rglob("*.svg")] == ["c1.svg"]


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    told = badges(stored(tmp_path / "r", c1={"dns:a": "passed"}), tmp_path / "b", True)
    assert told["changed"] and not (tmp_path / "b").exists()
