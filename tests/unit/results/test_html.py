"""The page: complete, escaped, offline, and without errors in a real browser."""
from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results import clean, html, html_words
from ansible_collections.assay.clusters.plugins.module_utils.results.record import FAILED, PASSED, SKIPPED
from ansible_collections.assay.clusters.tests.unit.results import samples

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VOID = {"meta", "link", "br", "hr", "img", "input", "path", "use"}


def page(*runs: dict) -> str:
    return html.page([clean.clean_run(r) for r in runs], "2026-03-14T09:31:00+00:00")


class Reader(HTMLParser):
    """Tags, attributes, text; fails on tags that do not match."""

    def __init__(self, text: str):
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack and self.stack.pop() == tag, f"</{tag}> does not match"

    def handle_data(self, data: str) -> None:
        if not self.stack or self.stack[-1] not in ("style", "script"):
            self.words += data

    def all(self, name: str) -> list[str]:
        return [a[name] or "" for _t, a in self.tags if name in a]


ALL = {"estate": samples.estate(), "one": [samples.node_down()], "healthy": [samples.healthy()],
       "fleet": samples.fleet(),
       "red": samples.fleet(3, 12, 1), "empty": [], "no records": [samples.run("c1", [])]}


@pytest.mark.parametrize("name", ALL)
def test_well_formed_with_working_links(name: str) -> None:
    reader = Reader(page(*ALL[name]))
    assert not reader.stack
    ids = reader.all("id")
    assert len(ids) == len(set(ids))
    assert {h.removeprefix("#") for h in reader.all("href") if h.startswith("#")} <= set(ids)
    assert all(re.search(rf"\b{part}\b", " ".join(ids)) for part in ("clusters",))


@pytest.mark.parametrize("name", ALL)
def test_asks_the_network_for_nothing(name: str) -> None:
    text = page(*ALL[name])
    reader = Reader(text)
    assert not {t for t, _a in reader.tags} & {"img", "iframe", "object", "embed", "base", "form", "video", "audio"}
    assert all(h.startswith(("#", "data:")) for h in reader.all("href") + reader.all("src"))
    assert "default-src 'none'" in text
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|WebSocket|sendBeacon", text)


def test_says_what_matters() -> None:
    words = " ".join(Reader(page(*samples.estate())).words.split())
    for part in ("3 of 5 clusters failed", "3 causes explain all 8 checks that did not pass.", "node.unreachable",
                 "confirmed",
                 "node/ip-10-40-3-17.eu-west-1.compute.internal", "lease kube-node-lease/", "Bring the machine",
                 "kubectl --context prod-eu-2 describe node", "1 object left behind", "pod network",
                 "the cluster has no StorageClass",
                 "service name from n1", "v1.33.5", "3f9a21c0", "2026-03-14 09:31:00 UTC", "layer 2, nodes"):
        assert part in words, part


@pytest.mark.parametrize("runs, headline", [
    ([samples.node_down("c1")], "c1 failed"), ([samples.image_missing("c1")], "c1 could not be tested fully"),
    ([samples.healthy("c1")], "c1 works, with warnings"), ([samples.healthy("a"), samples.healthy("b")],
                                                           "All 2 clusters work, 2 with warnings"),
    ([samples.node_down("a"), samples.node_down("b")], "All 2 clusters failed"), ([], "No cluster was tested"),
    ([samples.run("c1", [samples.record("c1", "dns", "dns", PASSED)])], "c1 works"),
    ([samples.run("c1", [samples.record("c1", "dns", "dns", SKIPPED)])], "Nothing was tested")])
def test_headlines(runs: list, headline: str) -> None:
    assert re.search(rf"</span>{headline}</h1>", page(*runs))


@pytest.mark.parametrize("codes, sentence", [
    (["net.mtu"], "One cause explains the one check that did not pass."),
    (["net.mtu", "net.mtu"], "One cause explains all 2 checks that did not pass."),
    (["net.mtu", "unknown.timeout", ""], "One cause explains 1 of 3 checks that did not pass."),
    (["unknown.timeout", ""], "No cause was found for 2 checks; the evidence is below.")])
def test_no_more_is_explained_than_is_known(codes: list, sentence: str) -> None:
    records = [samples.record("c1", "d", f"k{i}", FAILED, cause=code) for i, code in enumerate(codes)]
    assert f'<p class="lead">{sentence}</p>' in page(samples.run("c1", records))


def test_causes_come_before_the_matrix_and_the_clusters() -> None:
    text = page(*samples.estate())
    places = [text.index(f'<h2 id="{name}"') for name in ("causes", "matrix", "measured", "clusters")]
    assert places == sorted(places)
    opened = re.findall(r'<details class="evidence"( open)?>', text[:places[1]])
    assert opened == [" open", "", ""]


def test_matrix_says_every_verdict_in_words() -> None:
    text = page(*samples.fleet(20, 40))
    cells = re.findall(r'<a class="cell v-(\w+)[^>]*>.*?<span class="word">(\w+)</span>', text)
    assert len(cells) == 800
    assert all(a == b for a, b in cells)
    assert 'id="matrix"' not in page(samples.healthy())


def test_everything_is_escaped() -> None:
    evil = '"><script>alert(1)</script><b onmouseover=x>{{ 7*7 }}</b>&amp;'
    record = samples.record(evil, evil, evil, FAILED, **{n: evil for n in ("message", "step", "cause", "remedy",
                                                                           "next_command")},
                            scope=[evil], evidence=[evil], observed={evil: evil},
                            measurements=[samples.measured(evil, 1, evil)])
    run = samples.run(evil, [record], server=evil, version=evil, run_id=evil, leftovers=[evil], transport=evil)
    for runs in ([run], [run, samples.healthy()]):
        text = page(*runs)
        assert "<script>alert" not in text and "<b onmouseover" not in text
        assert text.count("<script>") == 1
        assert "{{ 7*7 }}" in text
        assert not Reader(text).stack


def test_measurements_are_drawn() -> None:
    record = samples.record("c1", "dns", "dns", measurements=[samples.measured("a", 50), samples.measured("b", 100),
                                                              samples.measured("b", 60), samples.measured("c", 0.2, "s"),
                                                              samples.measured("d", 7, "MB/s")])
    rows = html.view([clean.clean_run(samples.run("c1", [record]))], "")["clusters"][0]["measured"][0]["rows"]
    assert [(r["name"], r["bar"], r["label"], r["dots"]) for r in rows] == [
        ("a", 25, "50 ms", []), ("b", 40, "60–100 ms", [50, 30]), ("c", 100, "0.2 s", []), ("d", 100, "7 MB/s", [])]
    assert 'style="width:25.0%"' in page(samples.run("c1", [record]))


def test_a_measurement_is_shown_beside_what_it_is_judged_by() -> None:
    measured = [{**samples.measured("read", 50), "threshold": 200}, {**samples.measured("write", 100), "threshold": 80}]
    runs = [samples.run(c, [samples.record(c, "dns", "dns", measurements=measured)]) for c in ("c1", "c2")]
    shown = html.view([clean.clean_run(r) for r in runs], "")
    rows = shown["clusters"][0]["measured"][0]["rows"]
    assert [(r["threshold"], r["tick"]) for r in rows] == [("200 ms", None), ("80 ms", 80)]
    assert [(r["threshold"], r["tick"]) for r in shown["compared"][0]["rows"]] == [("200 ms", None), ("80 ms", 80)]
    text = page(*runs)
    assert "judged by 200 ms" in text and 'class="tick" style="left:80.0%"' in text


def test_what_a_code_and_a_confidence_mean_is_on_the_page() -> None:
    failed = [samples.record("c1", "d", f"k{i}", FAILED, cause="stage.failed(hook)", message=f"words {i}") for i in range(9)]
    runs = [clean.clean_run(samples.run("c1", failed))]
    text = html.page(runs, meanings={"stage.failed": "a stage failed", "dns.upstream": "not here"})
    assert "<dt>Means</dt><dd>a stage failed</dd>" in text and "not here" not in text
    assert all(f"<b>{word}</b>" in text for word in ("confirmed", "probable", "suspected"))
    assert all(f"<li>words {i}</li>" in text for i in range(1, 6)) and "and 3 more, with the clusters below" in text


def test_time_against_the_limit() -> None:
    record = samples.record("c1", "dns", "dns", seconds=45, expected=30, limit=180)
    check = html.view([clean.clean_run(samples.run("c1", [record]))], "")["clusters"][0]["domains"][0]["checks"][0]
    assert (check["time"]["share"], check["time"]["over"], check["time"]["limit"]) == (25, True, "3 min")


def _luminance(colour: str) -> float:
    digits = "".join(c * 2 for c in colour) if len(colour) == 3 else colour
    parts = [int(digits[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_contrast(scheme: int) -> None:
    """WCAG AA: 4.5 to 1 for every colour of text on every ground that it stands on."""
    root = re.findall(r":root \{(.*?)\}", html.STYLE, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([\w-]+): #([0-9a-f]+)", root))
    pairs = [(text, ground) for text in ("ink", "muted", "link") for ground in ("page", "card", "sunk")]
    for verdict in ("passed", "failed", "warned", "inconclusive", "skipped"):
        pairs += [(verdict, f"{verdict}-bg"), (verdict, "card"), (verdict, "page")]
    for text, ground in pairs:
        low, high = sorted((_luminance(colours[text]), _luminance(colours[ground])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, f"{text} on {ground}"


# ---- in a browser ------------------------------------------------------------------------------------------------
def browse(path: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
                           "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
                           f"--user-data-dir={path.parent / 'profile'}", "--enable-logging=stderr", *flags,
                           path.as_uri()],
                          capture_output=True, text=True, timeout=180, check=True)


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")
@pytest.mark.parametrize("name", ["estate", "one", "fleet", "empty"])
def test_in_chromium(tmp_path: Path, name: str) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(*ALL[name]), encoding="utf-8")
    done = browse(path, "--dump-dom")
    assert "CONSOLE" not in done.stderr, "errors of the script or of the content policy"
    assert re.search(r"<h1>.*</h1>", done.stdout, re.DOTALL)
    if name != "empty":
        assert not re.search(r'<button[^>]*data-verdict="\w+"[^>]*disabled', done.stdout), "the script has run"
    if name == "estate":
        assert "3 of 5 clusters failed" in done.stdout and "node.unreachable" in done.stdout
        assert not re.search(r'class="copy"[^>]*hidden', done.stdout)


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")
def test_script_filters_and_opens(tmp_path: Path) -> None:
    """The page driven by a script of its own, with the policy widened for that script only."""
    drive = """<script>addEventListener("load", () => {
      const shown = (e) => e.getClientRects().length > 0;
      const all = [...document.querySelectorAll(".check")];
      document.querySelector('.filter[data-verdict="warned"]').click();
      const filtered = all.filter(shown).every((e) => e.classList.contains("v-warned")) && all.some(shown);
      document.querySelector('.filter[data-verdict=""]').click();
      const folded = document.querySelector("details.cluster"), inside = folded.querySelector(".check");
      folded.open = false;
      location.hash = "#" + inside.id;
      setTimeout(() => { document.title = JSON.stringify({ filtered, opened: folded.open,
        wide: document.documentElement.scrollWidth > innerWidth }); }, 300);
    });</script></body>"""
    text = re.sub(r"script-src '[^']*'", "script-src 'unsafe-inline'", page(*samples.estate())).replace("</body>",
                                                                                                        drive)
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    done = browse(path, "--virtual-time-budget=3000", "--window-size=500,900", "--dump-dom")
    assert '<title>{"filtered":true,"opened":true,"wide":false}</title>' in done.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")
def test_nothing_of_the_table_of_clusters_is_cut_on_a_small_screen(tmp_path: Path) -> None:
    """With the widest word, inconclusive, in a row of six checks."""
    told = """<script>addEventListener("load", () => { const card = document.querySelector(".fleet");
      document.title = JSON.stringify({ cut: card.scrollWidth - card.clientWidth }); });</script></body>"""
    path = tmp_path / "report.html"
    path.write_text(re.sub(r"script-src '[^']*'", "script-src 'unsafe-inline'", page(*samples.estate())).replace("</body>", told),
                    encoding="utf-8")
    done = browse(path, "--virtual-time-budget=3000", "--window-size=1100,900", "--dump-dom")
    assert '<title>{"cut":0}</title>' in done.stdout


def test_the_words_of_a_page_are_in_it_and_in_the_glossary() -> None:
    text = page(samples.run("c1", [samples.record("c1", "network", "dns", PASSED)]))
    guide = (Path(__file__).resolve().parents[3] / "docs/glossary.md").read_text(encoding="utf-8")
    assert [w for w, m in html_words.GLOSSARY if f"<dt>{w}</dt><dd>{m}</dd>" not in text or f"\n| {w} | " not in guide] == []
