# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets given by value: short ones, late ones, one in another, with line ends; and words that must not eat messages."""
from __future__ import annotations

import base64
import dataclasses
import json
import shlex
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results import clean
from ansible_collections.assay.clusters.plugins.module_utils.results import redact as module
from ansible_collections.assay.clusters.plugins.module_utils.results.record import FAILED, PASSED, SKIPPED, WARNED, Record
from ansible_collections.assay.clusters.plugins.module_utils.results.redact import MASK, Redactor
from ansible_collections.assay.clusters.tests.unit.results import samples


@pytest.mark.parametrize("secret", ["h7nt", "hunt2", "Pa55word", "hun-ter", "drei drei", "wörter", "correcthorse"])
def test_a_short_secret_is_found_anywhere(secret: str) -> None:
    assert Redactor([secret]).redact(f"log in as x{secret}y, {secret}") == f"log in as x{MASK}y, {MASK}"


@pytest.mark.parametrize("secret", ["", None, "abc", "    ", "\n\n\n\n\n", " ab \n"])
def test_what_is_too_short_for_a_secret_hits_nothing(secret: str | None) -> None:
    text = "abc  ab     \n\n\n\n\n\n ab \n abc"
    assert Redactor([secret]).redact(text) == text


def test_a_secret_that_becomes_known_later_is_found_in_texts_seen_before() -> None:
    redactor, said = Redactor(), {"message": "log in as hunt2", "lines": ["then h7nt-two", "other"]}
    assert redactor.redact(said) == said
    redactor.register("hunt2")
    assert redactor.redact(said) == {"message": f"log in as {MASK}", "lines": ["then h7nt-two", "other"]}
    redactor.register("h7nt-two")
    assert redactor.redact(said) == {"message": f"log in as {MASK}", "lines": [f"then {MASK}", "other"]}


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_secret_that_holds_another_nothing_stays(order: int) -> None:
    secrets = ["hunt2", "my-hunt2-and-more"][::order]
    for redactor in (Redactor(secrets), Redactor(secrets[:1])):
        redactor.register(*secrets)
        assert redactor.redact("see my-hunt2-and-more and hunt2") == f"see {MASK} and {MASK}"


@pytest.mark.parametrize("end", ["\n", "\r\n", " ", "\n\n"])
def test_a_secret_from_a_file_is_found_without_its_line_end(end: str) -> None:
    redactor = Redactor([f"planted-tok{end}"])
    assert redactor.redact("sent planted-tok, refused") == f"sent {MASK}, refused"
    assert redactor.redact(base64.b64encode(b"planted-tok").decode()) == MASK
    assert redactor.redact(base64.b64encode(f"planted-tok{end}".encode()).decode()) == MASK


FORMS = {
    "json": json.dumps, "json without ASCII": lambda s: json.dumps(s, ensure_ascii=False),
    "json of Go": lambda s: json.dumps(s, ensure_ascii=False).translate({ord(c): f"\\u00{ord(c):x}" for c in "&<>"}),
    "shell": shlex.quote, "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 without padding": lambda s: base64.b64encode(s.encode()).decode().rstrip("="),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
}


@pytest.mark.parametrize("secret", ["two\nlines7", "two\r\nlines7", "tab\tinside7", "it's 7 o'clock", 'quo"ted\\7', "a<7>&b>>c",
                                    "pässwört7", "???>>>~~~7"])
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_as_others_write_it(form: str, secret: str) -> None:
    written = FORMS[form](secret)
    cleaned = Redactor([secret]).redact(f"see {written} there")
    assert MASK in cleaned and len(cleaned) <= len(f"see '{MASK}' there"), "at most quotes and padding stay"


def test_numbers_and_structures_keep_their_type() -> None:
    assert Redactor(["12345678901", "h7nt"]).redact({"n": 12345678901, "ok": True, "h7nt": [{"x": "h7nt"}]}) == {
        "n": 12345678901, "ok": True, MASK: [{"x": MASK}]}


# ---- words and numbers ------------------------------------------------------------------------------------------
# A password may be a word that our own sentences, fields and verdicts have. A gap there tells it to everybody who knows the
# sentence, and hides what the reader is here for; so it is looked for where a value stands.
@pytest.mark.parametrize(("secret", "text"), [
    ("wrong", "clocks are wrong after the revert: n1 +3.0 s"), ("pass", "6 checks passed, as no pass is needed"),
    ("node", "node n1: nodes are on"), ("default", "namespace default/default has none"), ("ADMIN", "the ADMIN is asked"),
    ("Failed", "event Failed: Failed to pull"), ("1234", "uid 0f8f12345 took 12345 s, resourceVersion 91234"),
    ("8443", "10.0.0.1:18443 and x8443y"),
])
def test_a_password_that_is_a_word_does_not_eat_the_message(secret: str, text: str) -> None:
    assert Redactor([secret]).redact(text) == text


@pytest.mark.parametrize("text", ["PGPASS=wrong", "x=wrong&y=1", "admin:wrong", "user 'wrong' refused", '{"a": "wrong"}',
                                  "`wrong`", r'"{\"a\": \"wrong\"}"', "a:wrong,b", base64.b64encode(b"wrong").decode()])
def test_a_password_that_is_a_word_is_found_where_a_value_stands(text: str) -> None:
    cleaned = Redactor(["wrong"]).redact(text)
    assert MASK in cleaned and "wrong" not in cleaned


def test_a_password_that_is_a_number_is_found_as_a_whole() -> None:
    assert Redactor(["4711"]).redact("PIN 4711 of 14711, pin=4711, (4711)") == f"PIN {MASK} of 14711, pin=[redacted], ({MASK})"


@pytest.mark.parametrize("word", ["failed", "verdict", "message", "records", "changed"])
def test_a_password_that_is_a_word_of_ours_changes_no_result(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    expected = clean.clean_run(samples.node_down())
    monkeypatch.setattr(module, "_default", Redactor([word]))
    assert clean.clean_run(samples.node_down()) == expected
    task: dict[str, Any] = {"failed": True, "changed": False, "msg": "n1: failed"}
    assert module.redact(task) == task


@pytest.mark.parametrize("secret", ["hunter", "Sesame", "QWERTY", "drowssap"])
def test_any_other_word_is_hidden_wherever_it_stands_alone(secret: str) -> None:
    assert Redactor([secret]).redact(f"Cannot log in with {secret}, said vc1; {secret}") == f"Cannot log in with {MASK}, said vc1; {MASK}"
    assert Redactor([secret]).redact({"said": [secret]}) == {"said": [MASK]}
    assert Redactor([secret]).redact(f"x{secret}y") == f"x{secret}y"


def test_all_names_of_a_record_and_all_verdicts_are_words_of_ours() -> None:
    names = {f.name for f in dataclasses.fields(Record)} | {PASSED, WARNED, FAILED, SKIPPED}
    assert {n for n in names if n.isalpha() and len(n) <= 8} <= module._OURS  # pylint: disable=protected-access


def test_longer_words_are_secrets_like_any_other() -> None:
    assert Redactor(["kubernetes"]).redact("kubernetes.default is away") == f"{MASK}.default is away"
