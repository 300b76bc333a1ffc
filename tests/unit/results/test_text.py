# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Words of clusters, registries and programs never steer the terminal of who reads them, whichever way they come there."""
from __future__ import annotations

import json
import random
import re

import pytest
from ansible_collections.assay.clusters.plugins.module_utils import task
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.jobs.program import Program
from ansible_collections.assay.clusters.plugins.module_utils.results import clean, html, junit, redact, summary, text
from ansible_collections.assay.clusters.plugins.plugin_utils import terminal

HOSTILE = [
    "busy\x1b[2J\x1b]0;x\x07\rc1-n1: image pulled, 0.1 s",      # clears, sets the title, writes over the line
    "a\x1b[31mred\x1b[0m b", "a\x9b31mred", "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "\x1bP1;1|data\x1b\\",
    "\x1b(0lqk\x1b(B",
    "\x1bc reset", "\x1b7\x1b8", "\x9d0;title\x9c", "\x1b", "a\x08\x08b", "a\x7fb", "a\x00b", "\x1b\x1b[31m[31mx",
    "\x1b]0;open",
    "a\u202egnp.exe", "a\u2066b\u2069", "pass\u200bed", "\ufeffx", "one\x85two", "one\u2028two", "one\x0btwo",
    "one\r\ntwo", "one\rtwo",
    "\udc9b31m", "\U000e0041tag"]
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def steers(shown: str, lines: bool = True) -> bool:
    return bool(_UNWANTED.search(shown)) or (not lines and ("\n" in shown or "\t" in shown))


@pytest.mark.parametrize("words", HOSTILE)
def test_no_way_out_carries_what_steers_a_terminal(words, monkeypatch, tmp_path):
    shown = []
    monkeypatch.setattr(terminal.display, "display", lambda line, color=None: shown.append(line))
    terminal.show(f"c1: {words}\nc2: passed")
    assert not steers(shown[0], lines=False) and shown[0].startswith("c1: ")
    terminal.show_lines(f"one\n  {words}")
    assert not steers(shown[1]) and shown[1].startswith("one\n")

    def entry(given, job):
        job.tell(words)
        raise PlatformError(words, found={words: [words, words.encode("utf-8", "surrogatepass")]})

    result = task.outcome(entry, {}, Job(), [])
    parts = [result["msg"], *result["progress"], *result["found"], *next(iter(result["found"].values()))]
    assert not any(map(steers, parts))

    record = {"cluster": words, "domain": "dns", "check": "dns", "verdict": "failed", "message": words,
              "evidence": [words],
              "observed": {words: [words]}, "remedy": words, "next_command": words, "scope": [words],
              "cause": "dns.config",
              "measurements": [{"name": words, "value": 1.0, "unit": words}], "leftovers": [words]}
    run = clean.clean_run({"cluster": words, "run_id": "r", "records": [record], "leftovers": [words],
                           "extra": {words: words}})
    document = json.loads(json.dumps(run), object_pairs_hook=lambda pairs: [*pairs])
    assert not steers(re.sub(r"\\n", "\n", repr(document)))
    assert not any(map(steers, (summary.summary([run]), summary.line(words, record), junit.junit([run]))))
    assert not steers(summary.line(words, record), lines=False)
    page = html.page([run], "2026-01-01T00:00:00+00:00")
    assert not steers(page)


def test_the_log_of_a_program_has_no_sequences(tmp_path):
    job = Job()
    Program(tmp_path, {}, job).run(["printf", r"busy\033[2J\033]0;x\007\rc1: pulled\n\302\233" + "31mred\n"], "make")
    written = (tmp_path / "make.log").read_text()
    assert not steers(written) and "busy" in written


def test_what_is_text_stays(monkeypatch):
    for words in ("naïve café — 日本語 😀", "a\tb\nc", "C:\\path [31m", "x" * 5000):
        assert text.printable(words) == words and redact.redact(words) == words
    assert text.live_line("  + resource \"x\" {") == "  + resource \"x\" {"
    assert text.printable("one\r\ntwo\rthree\x85four") == "one\ntwo\nthree\nfour"


def test_a_secret_between_sequences_is_still_one():
    redactor = redact.Redactor(["hunter2-secret", "odd\x7fone\x1b[mtwo"])
    assert redactor.redact("is hun\x1b[0mter2\u200b-secret.") == f"is {redact.MASK}."
    assert redactor.redact("is odd\x7fone\x1b[mtwo.") == f"is {redact.MASK}."


def test_random_bytes_never_steer():
    dice = random.Random(7)
    alphabet = ["\x1b", "[", "]", "0;", "m", "\x07", "\x9b", "\x9c", "\r", "\n", "P", "\\", "a", "31", "\u202e", "?",
                " ", "\x90"]
    for _turn in range(3000):
        words = "".join(dice.choices(alphabet, k=dice.randrange(1, 30)))
        assert not steers(text.printable(words)) and not steers(text.live_line(words), lines=False)


@pytest.mark.parametrize("start", ["\x9d", "\x1b]", "\x1b[", "\x9b", "\x1b(", "\x1bP", "\r"])
def test_the_time_is_a_multiple_of_the_length(start):
    assert not steers(text.printable(start * 200_000))
