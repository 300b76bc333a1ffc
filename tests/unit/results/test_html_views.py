# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The views of the fleet, the causes and the past: real tables, for keyboard and screen reader, whole without a script."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.history import told
from ansible_collections.assay.clusters.plugins.module_utils.results import clean, html
from ansible_collections.assay.clusters.plugins.module_utils.results.record import FAILED
from ansible_collections.assay.clusters.tests.unit.history.histories import NOW, result, run, runs
from ansible_collections.assay.clusters.tests.unit.results import samples
from ansible_collections.assay.clusters.tests.unit.results.test_html import CHROMIUM, Reader, browse

WHEN = "2026-11-20T12:00:00+00:00"


def history(*entries: Any, baseline: str = "previous") -> dict[str, Any]:
    """As the module history returns it, of these runs; the newest of each cluster is compared."""
    entries = tuple(sorted(entries, key=lambda e: e.started))
    newest = list({e.cluster: e for e in entries}.values())
    return told.told(entries, told.differences(entries, newest, baseline), NOW, 14)


def page(*of: dict[str, Any], past: dict[str, Any] | None = None) -> str:
    return html.page([clean.clean_run(r) for r in of], WHEN, history=past)


def seen(text: str) -> str:
    return " ".join(Reader(text).words.split())


PAST = history(*runs("prod-eu-1", "", "dns", "", "dns", ""), *runs("prod-eu-2", {"nodes": "node.unreachable"}, "", {"nodes": "node.unreachable"}),
               *runs("retired", "storage"))
WHOLE = page(*samples.estate(), past=PAST)


# ---- tables ------------------------------------------------------------------------------------------------------
def _tables(text: str) -> list[str]:
    return re.findall(r"<table.*?</table>", text, re.DOTALL)


def test_every_table_has_a_caption_and_headers_that_say_what_they_are_of() -> None:
    tables = _tables(WHOLE)
    assert len(tables) == 5
    for table in tables:
        assert re.match(r"<table[^>]*>\s*<caption", table) and "<thead>" in table
        assert all(re.search(r' scope="(col|row|colgroup)"', th) for th in re.findall(r"<th\b[^>]*>", table))
        body = re.search(r"<tbody>.*</tbody>", table, re.DOTALL)[0]
        assert all(re.match(r'\s*<th scope="row"', row) for row in re.split(r"<tr\b[^>]*>", body)[1:])


@pytest.mark.parametrize("checks", [6, 40], ids=["wide", "dense"])
def test_rows_of_a_table_are_of_one_width(checks: int) -> None:
    for table in _tables(page(*samples.fleet(7, checks), past=history(*runs("shop-prod-02", "dns", "")))):
        widths = {sum(int(re.search(r'colspan="(\d+)"', c)[1]) if "colspan" in c else 1 for c in re.findall(r"<t[dh]\b[^>]*>", row))
                  for row in re.split(r"<tr\b[^>]*>", table)[1:]}
        assert len(widths) == 1


def test_what_scrolls_is_reached_by_keyboard_and_has_a_name() -> None:
    regions = re.findall(r'<div class="card scroll[^>]*>', WHOLE)
    assert len(regions) == 5 and all('tabindex="0" role="region" aria-label' in r for r in regions)


def test_no_way_past_the_cells_is_longer_than_what_is_wrong() -> None:
    """Good cells of a large table are no stops of the tab key; arrow keys and a pointer reach them."""
    text = page(*samples.fleet(20, 40))
    cells = re.findall(r'<a class="cell v-(\w+)[^>]*?( tabindex="-1")?>', text)
    assert {bool(still) for verdict, still in cells if verdict in ("passed", "skipped")} == {True}
    assert {bool(still) for verdict, still in cells if verdict in ("failed", "inconclusive", "warned")} == {False}


def test_each_view_has_a_link_that_skips_to_it() -> None:
    for text, views in ((WHOLE, ["causes", "matrix", "history", "clusters"]), (page(samples.healthy()), ["clusters"])):
        assert re.findall(r'<a class="skip" href="#(\w+)"', text) == views
        assert all(f'<h2 id="{v}"' in text for v in views)


def test_headings_leave_no_level_out() -> None:
    levels = [int(level) for level in re.findall(r"<h([1-6])\b", WHOLE)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:]))


def test_all_is_in_the_file_and_shown_without_a_script() -> None:
    """Only what a script alone can use is hidden until one runs."""
    hidden = re.findall(r"<(\w+)\b[^>]*?(?<!-)\bhidden\b(?!=)[^>]*>", re.sub(r"<(style|script)>.*?</\1>|aria-hidden", "", WHOLE, flags=re.DOTALL))
    assert set(hidden) == {"button", "div"} and hidden.count("div") == 1
    assert not re.search(r"\bdata-(cluster|domain)s?=[^>]*\bhidden", WHOLE)


@pytest.mark.parametrize("sign", ["passed", "failed", "warned", "inconclusive", "skipped"])
def test_no_verdict_is_told_by_colour_alone(sign: str) -> None:
    assert re.search(rf'\.dense \.cell\.v-{sign}::before, [^}}]*\.mini\.v-{sign}::before, [^}}]*::before {{ content: "[^"]+"', WHOLE)
    words = re.findall(rf'<(?:a|li) class="(?:cell|mini) v-{sign}[^>]*>(.*?)</(?:a|li)>', page(*samples.fleet(20, 40), past=PAST), re.DOTALL)
    assert all(sign in word for word in words)


# ---- the fleet ---------------------------------------------------------------------------------------------------
def test_rows_and_columns_count_what_is_not_good() -> None:
    of = html.view([clean.clean_run(r) for r in samples.estate()], "")["matrix"]
    assert {row["cluster"]: row["unmet"] for row in of["rows"]} == {
        "prod-eu-1": 0, "prod-eu-2": 3, "qa-eu-1": 1, "qa-us-1": 1, "edge-01": 3}
    assert {c["name"]: c["unmet"] for c in of["checks"]} == {
        "api server": 0, "dns": 3, "pod network": 2, "service": 2, "nodes": 1, "storage": 0}


def test_a_check_that_was_not_chosen_somewhere_is_no_verdict() -> None:
    text = page(samples.healthy("a"), samples.run("b", [samples.record("b", "dns", "dns")]))
    assert text.count('<span class="sr">not chosen</span>') == 5 and "empty: not chosen" in text
    assert "empty: not chosen" not in page(*samples.estate())


def test_of_very_many_checks_each_is_a_line_and_tells_as_much() -> None:
    text = page(*samples.fleet(40, 40))
    assert text.count('<article class="check') == 1600 and 'class="bars"' not in text[text.index('id="clusters"'):]
    assert len(re.findall(r'<p class="muted">first success [\d.]+ ms</p>', text)) > 1300 and "limit 5 min, expected at most 30 s" in text
    assert 'class="compact"' not in page(*samples.fleet(20, 40))


# ---- causes ------------------------------------------------------------------------------------------------------
def test_a_table_of_the_causes_says_each_once() -> None:
    [table] = [t for t in _tables(WHOLE) if "Failed because of it" in t]
    rows = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).strip()
            for row in re.findall(r"<tr data.*?</tr>", table, re.DOTALL)]
    assert rows == ["node.unreachable failed confirmed 1 nodes 2 checks 2026-11-20 09:00:00 UTC",
                    "dns.upstream failed confirmed 2 dns nothing else 2026-03-14 09:26:53 UTC",
                    "image.not-found inconclusive confirmed 1 dns, pod network, service nothing else 2026-03-14 09:26:53 UTC"]
    assert "Failed because of it" not in page(samples.node_down()), "one cause needs no table"


def test_since_when_a_cause_is_there_is_of_the_history_where_it_knows() -> None:
    assert "First seen 2026-11-20 09:00:00 UTC in 2 runs on 1 cluster in 28 days" in seen(WHOLE)
    assert "First seen 2026-03-14 09:26:53 UTC Remedy" in seen(page(samples.node_down()))


def test_many_causes_are_folded_but_for_the_weightiest() -> None:
    text = page(*samples.fleet(20, 40))
    causes = re.findall(r'<article class="card cause.*?</article>', text, re.DOTALL)
    assert len(causes) == 9 and ['<details class="body">' in c for c in causes] == [False] * 5 + [True] * 4
    assert all("Remedy" in c and "kubectl" in c for c in causes)


def test_many_clusters_of_one_cause_are_folded_and_named() -> None:
    text = page(*(samples.same_cause(f"c{n:02d}") for n in range(30)))
    assert "18 more clusters" in text and re.findall(r'data-cluster="c29"', text)


# ---- the past ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("past", [None, {}, {"skipped": True}, {"failed": True, "msg": "no"}, history()])
def test_without_a_history_there_is_no_view_of_it(past: Any) -> None:
    text = page(samples.healthy(), past=past)
    assert 'id="history"' not in text and "#history" not in text


def test_the_past_is_told_as_the_history_has_it() -> None:
    words = seen(WHOLE)
    for part in ("9 runs in 14 days", PAST["answer"]["words"], "prod-eu-1", "2 of 5", "retired not in this run", "1 of 1",
                 "fixed dns", "new nodes", "dns is bad", "2026-11-20 11:00"):
        assert part in words, part


def test_a_cluster_of_the_past_alone_has_no_news_of_today() -> None:
    [row] = re.findall(r'<tr data-cluster="retired">\s*<th.*?</tr>', WHOLE, re.DOTALL)[:1]
    assert 'href="' not in row and "first run" not in row


def test_a_row_leads_to_its_check_where_there_is_one() -> None:
    ids = set(Reader(WHOLE).all("id"))
    links = {h.removeprefix("#") for h in Reader(WHOLE).all("href") if h.startswith("#")}
    assert links <= ids and len(ids) == len(Reader(WHOLE).all("id"))


def test_more_than_fits_is_counted() -> None:
    checks = tuple(result(f"k{n}", FAILED, message=f"said {chr(97 + n % 26) * 9}") for n in range(70))
    text = seen(page(samples.healthy("c1"), past=history(run("c1", "dns", 2, results=checks), run("c1", "dns", 1, results=checks))))
    assert "10 steadier rows left out." in text and re.search(r"and \d+ other texts", text)


def test_hostile_names_of_the_past_are_text() -> None:
    evil = '"><script>alert(1)</script><b onmouseover=x>{{ 7*7 }}</b>&amp;'
    past = history(*(run(evil, "x", n, change=evil, results=(result(evil, FAILED, evil, message=evil),)) for n in (1, 2)))
    text = page(samples.run(evil, [samples.record(evil, evil, evil, FAILED, cause=evil)]), samples.healthy(), past=past)
    assert 'id="history"' in text and "<script>alert" not in text and "<b onmouseover" not in text
    assert text.count("<script>") == 1 and not Reader(text).stack


def test_secrets_of_the_past_do_not_reach_the_page() -> None:
    past = history(*(run("c1", "x", n, results=(result("x", FAILED, message="password=hunter2hunter2 was refused"),)) for n in (1, 2)))
    assert "hunter2hunter2" not in page(samples.healthy("c1"), past=past)


@pytest.mark.parametrize(("baseline", "whom"), [("previous", "the run before"), ("fleet", "the rest of the fleet")])
def test_the_view_says_what_runs_are_compared_with(baseline: str, whom: str) -> None:
    past = history(run("prod-eu-1", "dns"), run("prod-eu-2"), baseline=baseline)
    assert f"Against {whom}" in seen(page(*samples.estate(), past=past))


def test_the_same_results_are_the_same_page() -> None:
    assert page(*samples.fleet(5, 12), past=PAST) == page(*samples.fleet(5, 12), past=PAST)
    assert not re.search(r"https?://(?!\w+[\w-]*\.k8s\.example\.com)", re.sub(r"<(style|script)>.*?</\1>", "", WHOLE, flags=re.DOTALL))


# ---- in a browser ------------------------------------------------------------------------------------------------
_DRIVE = """<script>addEventListener("load", () => {
  const shown = (e) => e.getClientRects().length > 0, count = (s) => [...document.querySelectorAll(s)].filter(shown).length;
  const put = (id, value) => { const e = document.getElementById(id); e.value = value; e.dispatchEvent(new Event("input")); };
  const told = {};
  put("find-cluster", " QA-");
  told.rows = count(".matrix tbody tr"); told.clusters = count("details.cluster"); told.causes = count(".cause");
  told.past = count("#history ~ div tbody tr[data-cluster]"); told.said = document.getElementById("found").textContent;
  put("find-cluster", ""); put("find-domain", "network");
  told.columns = count(".matrix thead .checks th"); told.network = count(".cause");
  const bad = document.querySelector(".matrix a.v-failed"); bad.focus();
  const key = (k) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: k, bubbles: true, cancelable: true }));
  const place = () => { const c = document.activeElement.closest("td, th"); return [c.parentElement.rowIndex, c.cellIndex]; };
  const from = place(); key("ArrowDown"); key("ArrowRight"); const to = place();
  told.moved = [to[0] - from[0], to[1] - from[1]];
  location.hash = "#" + document.querySelector('.domain[data-domain="dns"] .check').id;
  setTimeout(() => { told.cleared = document.getElementById("find-domain").value; told.all = count(".matrix thead .checks th");
    told.wide = document.documentElement.scrollWidth > innerWidth; document.title = JSON.stringify(told); }, 300);
});</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")
def test_the_page_narrows_down_and_arrow_keys_move(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(re.sub(r"script-src '[^']*'", "script-src 'unsafe-inline'", WHOLE).replace("</body>", _DRIVE), encoding="utf-8")
    done = browse(path, "--virtual-time-budget=3000", "--window-size=500,900", "--dump-dom")
    assert ('<title>{"rows":2,"clusters":2,"causes":1,"past":0,"said":"2 of 5 clusters","columns":5,"network":2,"moved":[1,1],"cleared":"",'
            '"all":9,"wide":false}</title>') in done.stdout, re.findall("<title>.*", done.stdout)


_MEASURE = """<script>addEventListener("load", () => { const cut = (e) => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1;
  const heads = [...document.querySelectorAll(".matrix thead th > span")];
  document.title = heads.length + " heads, cut: " + heads.filter(cut).map(e => e.textContent).join(", "); });</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")
def test_names_of_domains_and_checks_are_read_whole_over_narrow_columns(tmp_path: Path) -> None:
    pairs = [*(("certificates", f"c{n}") for n in range(3)), ("control_plane", "a"), ("control_plane", "b"), ("machines", "machines"),
             ("load_balancing", "ingress"), ("observability", "service_monitor"), ("scaling", "node_autoscaling"),
             ("storage", "zonal_stateful_set")]
    path = tmp_path / "report.html"
    text = page(*(samples.run(c, [samples.record(c, *pair) for pair in pairs]) for c in ("c1", "c2")))
    path.write_text(re.sub(r"script-src '[^']*'", "script-src 'unsafe-inline'", text).replace("</body>", _MEASURE), encoding="utf-8")
    done = browse(path, "--window-size=1300,900", "--dump-dom")
    assert "<title>17 heads, cut: </title>" in done.stdout, re.findall("<title>.*", done.stdout)


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")
def test_a_large_fleet_in_chromium(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(*samples.fleet(30, 60), past=PAST), encoding="utf-8")
    done = browse(path, "--dump-dom")
    assert "CONSOLE" not in done.stderr and not re.search(r'<div class="find"[^>]*hidden', done.stdout)
    assert done.stdout.count('<article class="check') == 1800
