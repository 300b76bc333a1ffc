# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The local grid: pages that are complete, escaped, offline, and usable in a real browser; and the module that writes them."""
from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.grid import summary
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.page import render, style, view
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.page.view import Tab
from ansible_collections.assay.clusters.plugins.modules.testgrid_page import SPEC
from ansible_collections.assay.clusters.tests.unit.results.test_html import CHROMIUM, Reader, browse
from ansible_collections.assay.clusters.tests.unit.testgrid.configs import config, text
from ansible_collections.assay.clusters.tests.unit.testgrid.grids import HOUR, NOW, case, drawn, failed, make

GROUP = {"name": "g", "num_columns_recent": 5, "num_failures_to_alert": 2}
EVIL = '"><script>alert(1)</script><b onmouseover=x>{{ 7*7 }}</b>&amp;'


def tab(*rows: str, name: str = "c1, conformance", message: str = "went wrong", **fields: Any) -> Tab:
    grid = drawn(*rows, message=message)
    return Tab({"name": name, **fields}, grid, summary.summary(grid, GROUP, fields, NOW, NOW))


def page(*tabs: Tab, **fields: Any) -> str:
    return render.dashboard({"name": "conformance-example", **fields}, tabs or [tab("FFPPP", "PKPPP", "SPR--")])


PAGES = {"some": page(), "empty": page(Tab({"name": "c1"}, drawn("-"), summary.summary(drawn("-"), GROUP, {}, NOW, NOW))),
         "many": page(*(tab("PFPPP", name=f"c{n}") for n in range(5))),
         "list": render.index([("one", "one.html", ["PASS", "FAIL"]), ("two", "two.html", ["PASS"])], {"all": ["one"]})}


@pytest.mark.parametrize("name", PAGES)
def test_well_formed_with_working_links(name: str) -> None:
    reader = Reader(PAGES[name])
    ids = reader.all("id")
    assert not reader.stack and len(ids) == len(set(ids))
    assert {h.removeprefix("#") for h in reader.all("href") if h.startswith("#")} <= set(ids)
    assert set(reader.all("aria-labelledby")) <= set(ids)


@pytest.mark.parametrize("name", PAGES)
def test_asks_the_network_for_nothing(name: str) -> None:
    reader = Reader(PAGES[name])
    assert not {t for t, _a in reader.tags} & {"img", "iframe", "object", "embed", "base", "form", "video", "audio"}
    assert all(h.startswith(("#", "data:")) or re.fullmatch(r"[\w-]+\.html", h) for h in reader.all("href") + reader.all("src"))
    assert "default-src 'none'" in PAGES[name] and not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|WebSocket", PAGES[name])


def test_says_what_matters() -> None:
    words = " ".join(Reader(page(tab("FFPPP", "PKPPP"), tab("PPPPP", name="c2"), description="Nightly")).words.split())
    for part in ("1 of 2 tabs fails, 1 passes.", "Nightly", "Tab stats: 3 of 5 (60.0%) recent columns passed", "commit-2",
                 "2 rows · 1 alert",
                 "Fails since 2026-01-01 18:40 UTC, 2 failures; it last passed 2026-01-01 17:40 UTC.", "2 columns of 5",
                 "failed in job/100: went wrong",
                 "(the same in 1 before, back to 2026-01-01 18:40 UTC)"):
        assert part in words, part


def test_every_cell_says_its_status_in_words() -> None:
    cells = re.findall(r'<td>(?:<a|<span) class="(?:box v-\w+|empty-cell)".*?</td>', page(tab("FKPSR-")))
    words = [re.search(r'class="sr">\s*([\w ]+)<', c) for c in cells]
    assert [m[1].strip() if m else "" for m in words] == ["failed", "flaky", "passed", "passed with skips", "running", ""]


@pytest.mark.parametrize(("states", "first", "opened"), [
    (["PPP"] * 2, "", [0, 1]), (["PPP"] * 4, "", []), (["PPP"] * 4, "c2", [2]), (["PPP", "FPP", "PPP"], "c2", [1, 2])])
def test_what_is_open(states: list[str], first: str, opened: list[int]) -> None:
    found = re.findall(r'<details class="card cluster[^>]*?( open)?>', page(
        *(tab(s, name=f"c{n}") for n, s in enumerate(states)), default_tab=first))
    assert [n for n, word in enumerate(found) if word] == opened


def test_what_failed_is_reached_from_its_cell() -> None:
    found = page(tab("FFPPP", "PPPPP"))
    hrefs = re.findall(r'<a class="box v-failed" href="#([\w-]+)" title="went wrong">', found)
    assert len(hrefs) == 2 and len(set(hrefs)) == 1 and f'<li id="{hrefs[0]}">' in found


def test_failures_that_differ_are_told_each() -> None:
    one = tab("FFF")
    for number, cell in enumerate(one.grid.rows[0].cells):
        object.__setattr__(cell, "message", ("after 3 s", "after 41 s", "no route")[number])
    words = Reader(page(one)).words
    assert "after 3 s" in words and "after 41 s" not in words and "no route" in words and "the same in 1 before" in words


def test_what_all_names_begin_with_is_shown_once() -> None:
    one = tab("PP", "PP", "PP")
    for row, name in zip(one.grid.rows, ("job.Overall", "Kubernetes e2e suite.[It] a b", "Kubernetes e2e suite.[It] a c")):
        row.name = name
    found = page(one)
    assert "All names of tests begin with &ldquo;Kubernetes e2e suite.[It] a&rdquo;" in found
    assert re.findall(r'<th scope="row" title="[^"]*">([^<]*)</th>', found) == ["job.Overall", "b", "c"]


@pytest.mark.parametrize(("statuses", "sentence"), [
    ([], "There is no tab."), (["PASS"], "Its one tab passes."), (["PASS"] * 3, "All 3 tabs pass."),
    (["FAIL", "PASS"], "1 of 2 tabs fails, 1 passes."),
    (["PASS", "STALE", "STALE", "UNKNOWN"], "2 of 4 tabs are stale, 1 passes, 1 has no result."),
    (["BROKEN"], "Its one tab is broken.")])
def test_sentences(statuses: list[str], sentence: str) -> None:
    assert view.sentence(statuses) == sentence


def test_everything_is_escaped() -> None:
    one = tab("FKPSR", name=EVIL, message=EVIL, description=EVIL)
    one.grid.rows[0].name, one.grid.headers = EVIL, [EVIL]
    for column in one.grid.columns:
        column.build, column.headers = EVIL, [EVIL]
    found = page(one, name=EVIL, description=EVIL, notifications=[{"summary": EVIL, "context_link": "javascript:alert(1)"}])
    for text_ in (found, render.index([(EVIL, "a.html", ["PASS"])], {EVIL: [EVIL]})):
        assert "<script>alert" not in text_ and "<b onmouseover" not in text_ and text_.count("<script>") == 1
        assert not Reader(text_).stack
    assert "javascript:" not in found


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_on_failed_cells_has_contrast(scheme: int) -> None:
    from ansible_collections.assay.clusters.tests.unit.results.test_html import _luminance

    root = re.findall(r":root \{(.*?)\}", style.STYLE, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([\w-]+): #([0-9a-f]+)", root))
    low, high = sorted(_luminance(colours[n]) for n in ("failed", "card"))
    assert (high + 0.05) / (low + 0.05) >= 4.5


# ---- the module --------------------------------------------------------------------------------------------------
def world(root: Path, **group: Any) -> dict[str, str]:
    """A configuration with one tab and three builds of a job; returns options."""
    (root / "config").mkdir()
    (root / "config/a.yaml").write_text(text(config({"gcs_prefix": "bucket/job", "num_failures_to_alert": 2, **group})))
    now = time.time()
    for number in (1, 2, 3):
        make(root / "builds", number, case("works"), failed("broken", "password=hunter2hunter2 and \u202ered"),
             started=now - (5 - number) * HOUR,
             finished={"timestamp": now - (5 - number) * HOUR + 60, "passed": False})
    return {"config_dir": str(root / "config"), "builds_dir": str(root / "builds"), "dest": str(root / "grid")}


def run(options: dict[str, Any], check: bool = False) -> dict[str, Any]:
    return SPEC.run({**{n: s.get("default") for n, s in SPEC.argument_spec.items()}, **options}, Job(check_mode=check))


def test_a_page_for_each_dashboard_and_a_list(tmp_path: Path) -> None:
    options = world(tmp_path)
    result = run(options)
    assert result["changed"] and result["files"] == ["conformance-example.html", "index.html"]
    shown = result["dashboards"]["conformance-example"]["Example Konvoy, v1.31"]
    assert shown["status"] == "FAIL" and (shown["columns"], shown["rows"]) == (3, 3)
    assert [(a["test"], a["failures"], a["since"]) for a in shown["alerts"]] == [("job.Overall", 3, "1"), ("broken", 3, "1")]
    found = Path(result["paths"]["conformance-example"]).read_text()
    assert "hunter2" not in found + json.dumps(result) and "\u202e" not in found and "password=[redacted] and red" in found
    assert 'href="index.html"' in found and "conformance-example.html" in (tmp_path / "grid/index.html").read_text()


def test_the_second_time_changes_nothing(tmp_path: Path) -> None:
    options = world(tmp_path)
    run(options)
    assert not run(options)["changed"]
    make(tmp_path / "builds", 4, case("works"), started=time.time() - 60)
    assert run(options)["files"] == ["conformance-example.html"]  # the list says the same as before


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    result = run(world(tmp_path), check=True)
    assert result["changed"] and result["dashboards"] and not (tmp_path / "grid").exists()


def test_pages_of_dashboards_that_are_gone_go_others_stay(tmp_path: Path) -> None:
    options = world(tmp_path)
    run(options)
    (tmp_path / "grid/old.html").write_text((tmp_path / "grid/index.html").read_text())
    (tmp_path / "grid/theirs.html").write_text("<html>")
    assert run(options)["files"] == ["old.html"]
    assert sorted(p.name for p in (tmp_path / "grid").iterdir()) == ["conformance-example.html", "index.html", "theirs.html"]


def test_chosen_dashboards_only(tmp_path: Path) -> None:
    options = world(tmp_path)
    result = run({**options, "dashboards": ["conformance-example"]})
    assert result["files"] == ["conformance-example.html"]
    assert "index.html" not in (tmp_path / "grid/conformance-example.html").read_text()


@pytest.mark.parametrize(("name", "file"), [
    ("Conformance, all (v1.31)", "conformance-all-v1-31.html"), ("index", "dashboard-index.html"),
    ("a" * 2048, "a" * 120 + "-")])
def test_the_file_of_a_dashboard(tmp_path: Path, name: str, file: str) -> None:
    options = world(tmp_path)
    whole = config({"gcs_prefix": "bucket/job"})
    whole["dashboards"][0]["name"] = name
    (tmp_path / "config/a.yaml").write_text(text(whole))
    found = run(options)["files"]
    assert len(found) == 2 and "index.html" in found and [f for f in found if f != "index.html"][0].startswith(file)


def test_without_builds_there_is_a_page_all_the_same(tmp_path: Path) -> None:
    shown = run(world(tmp_path, gcs_prefix="bucket/none"))["dashboards"]["conformance-example"]["Example Konvoy, v1.31"]
    assert shown["status"] == "STALE" and shown["stale"] == "no completed results" and shown["columns"] == 0


@pytest.mark.parametrize(("options", "wrong"), [
    ({"dashboards": ["other"]}, "dashboards: there is no 'other' in the configuration; there are 'conformance-example'"),
    ({"builds_dir": "/nowhere"}, "builds_dir: there is no folder /nowhere"),
    ({"config_dir": "/nowhere"}, "config_dir: there is no folder"),
    ({"default_file": "/nowhere.yaml"}, "nowhere.yaml: cannot be read")])
def test_bad_options(tmp_path: Path, options: dict[str, Any], wrong: str) -> None:
    result = run({**world(tmp_path), **options})
    assert result["failed"] and wrong in result["msg"], result["msg"]


def test_a_configuration_that_testgrid_refuses(tmp_path: Path) -> None:
    result = run(world(tmp_path, days_of_results=0))
    assert result["failed"] and "for 1 error, of which the first is a.yaml:4: test group" in result["msg"]


def test_pages_of_others_are_not_written_over(tmp_path: Path) -> None:
    options = world(tmp_path)
    (tmp_path / "grid").mkdir()
    (tmp_path / "grid/index.html").write_text("<html>theirs")
    result = run(options)
    assert result["failed"] and "index.html is there and was not written by this module" in result["msg"]
    assert [p.name for p in (tmp_path / "grid").iterdir()] == ["index.html"]


# ---- in a browser ------------------------------------------------------------------------------------------------
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")
def test_in_chromium(tmp_path: Path) -> None:
    """The page driven by a script of its own: filter, links into folded tabs, nothing wider than the window."""
    drive = """<script>addEventListener("load", () => {
      const shown = (e) => e.getClientRects().length > 0;
      const card = document.querySelector(".cluster"), rows = [...card.querySelectorAll("tbody tr")];
      card.querySelector('[data-rows="bad"]').click();
      const filtered = rows.filter(shown).length;
      card.querySelector('[data-rows="all"]').click();
      const all = rows.filter(shown).length, last = [...document.querySelectorAll(".cluster")].pop();
      const folded = !last.open;
      location.hash = "#" + last.id;
      setTimeout(() => { document.title = JSON.stringify({ filtered, all, folded, opened: last.open,
        wide: document.documentElement.scrollWidth > innerWidth }); }, 300);
    });</script></body>"""
    tabs = [tab("FFPPP", "PKPPP", "PPPPP", name="c0"), *(tab("PPPPP", name=f"c{n}") for n in range(1, 4))]
    path = tmp_path / "grid.html"
    path.write_text(page(*tabs), encoding="utf-8")
    assert "CONSOLE" not in browse(path, "--dump-dom").stderr
    path.write_text(re.sub(r"script-src '[^']*'", "script-src 'unsafe-inline'", page(*tabs)).replace("</body>", drive),
                    encoding="utf-8")
    done = browse(path, "--virtual-time-budget=3000", "--window-size=500,900", "--dump-dom")
    assert '<title>{"filtered":2,"all":3,"folded":true,"opened":true,"wide":false}</title>' in done.stdout, done.stdout[:2000]
