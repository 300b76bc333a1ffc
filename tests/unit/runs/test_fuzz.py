# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sources that are cut or changed anywhere: a run or one sentence comes of them, and never a pass of what failed."""
from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.runs.model import PASSED, Run
from ansible_collections.assay.clusters.plugins.module_utils.runs.read import SourceError, read
from ansible_collections.assay.clusters.tests.unit.runs.builders import (
    BAD, GOOD, OTHER, folder, ginkgo1, ginkgo2, item, new_log, old_log, summary, tarball)

FAILED_LOG = old_log(ending=f"\n\nSummarizing 1 Failure:\n\n[Fail] {OTHER}\n" + summary(1, 1))
_RESULTS = item("e2e", "failed", [item("f", "failed", [item(OTHER, "failed", details={"failure": "x"})], type="file",
                                       file="results/global/f")])
_RECORDS = [{"check": "dns", "domain": "dns", "verdict": "failed", "seconds": 1}]
TEXTS = {
    "e2e.log": FAILED_LOG, "junit_01.xml": ginkgo2(BAD), "plugins/e2e/sonobuoy_results.yaml": json.dumps(_RESULTS),
    "started.json": '{"timestamp": 1724364152, "node": "n"}',
    "finished.json": '{"timestamp": 1724365152, "passed": false, "result": "FAILURE"}',
    "records.json": json.dumps({"version": 1, "runs": [{"cluster": "c", "records": _RECORDS}]})}
JUNK = [b"\x00", b"<", b">", b"&", b'"', b"]]>", b"{", b"[", b"}", b"\xff", b"\n", b"\r", b"-", b"9" * 30, b"*a",
        b"&a ", b"\x1f\x8b", b"SUCCESS! -- "]


def changed(data: bytes, dice: random.Random) -> bytes:
    out = bytearray(data)
    for _number in range(dice.randint(1, 6)):
        at, what = dice.randrange(len(out) + 1), dice.randrange(4)
        if what == 0:
            out[at:at + dice.randrange(40)] = b""
        elif what == 1:
            out[at:at] = dice.choice(JUNK)
        elif what == 2 and at < len(out):
            out[at] = dice.randrange(256)
        else:
            begin = dice.randrange(len(out) + 1)
            out[at:at] = out[begin:begin + dice.randrange(200)]
    return bytes(out)


def outcome(path: Path) -> list[Run]:
    """The runs, or none with one sentence; anything else that is raised fails the test."""
    try:
        runs = list(read(path))
    except SourceError as e:
        assert "\n" not in str(e) and len(str(e)) < 2000
        return []
    for run in runs:
        found = run.to_dict()
        assert all(f["message"] and f["severity"] in ("error", "warning", "note") for f in found["findings"])
        assert [c.to_dict() for c in run.cases] is not None and (run.seconds is None or run.seconds >= 0)
    return runs


@pytest.mark.parametrize("seed", range(8))
def test_changed_texts(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    for number in range(40):
        name = dice.choice(sorted(TEXTS))
        outcome(folder(tmp_path / str(number), {name: changed(TEXTS[name].encode(), dice)}))


@pytest.mark.parametrize("seed", range(4))
def test_changed_tarballs(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    for mode in ("w", "w:gz", "w:bz2"):
        data = tarball(tmp_path / "good.tar", {n: c for n, c in TEXTS.items() if not n.endswith(".json")}, mode).read_bytes()
        for number in range(15):
            path = tmp_path / f"{mode[2:]}{number}.tar.gz"
            path.write_bytes(changed(data, dice))
            outcome(path)


@pytest.mark.parametrize(("name", "text"), [("junit_01.xml", ginkgo1(BAD)), ("junit_01.xml", ginkgo2(BAD)),
                                            ("e2e.log", FAILED_LOG),
                                            ("plugins/e2e/sonobuoy_results.yaml", TEXTS["plugins/e2e/sonobuoy_results.yaml"])])
def test_what_failed_is_no_pass_wherever_it_is_cut(tmp_path: Path, name: str, text: str) -> None:
    data = text.encode()
    for end in range(0, len(data), 7):
        assert not [r for r in outcome(folder(tmp_path, {name: data[:end]})) if r.verdict == PASSED], end


@pytest.mark.parametrize("line", [
    "[FAIL] " + "[a, " * 4000, "[FAIL] x [" + ", a" * 5000, " " * 16000 + "{", "S" * 30000, "SUCCESS! - " * 3000,
    "FAIL! - x -- " * 2000, "[It] " * 5000, "1h" * 9000, "\x1b[" * 9000, "@ " * 9000, "I0822 " * 5000])
def test_no_line_takes_long(tmp_path: Path, line: str) -> None:
    """By their length and not by its square: a square would take minutes."""
    block = "\n".join(["Summarizing 3 Failures:", "Ginkgo ran 1 suite in " + line, *[line] * 40])
    junit = ginkgo2([(line[:4000].replace("\x1b", ""), "failed")] * 40)
    outcome(folder(tmp_path, {"e2e.log": old_log(ending=block + summary(1, 1)), "junit_01.xml": junit}))


@pytest.mark.parametrize(("name", "text", "enough"), [("junit_01.xml", ginkgo2(GOOD), "</testsuites>"),
                                                      ("e2e.log", new_log(), "1 Skipped")])
def test_what_passed_is_a_pass_only_when_it_is_whole(tmp_path: Path, name: str, text: str, enough: str) -> None:
    data, whole = text.encode(), text.encode().rindex(enough.encode()) + len(enough)
    for end in [*range(0, len(data), 11), whole - 1, whole, len(data)]:
        found = [r.verdict == PASSED for r in outcome(folder(tmp_path, {name: data[:end]}))]
        assert found in ([], [end >= whole]), end


def test_a_tarball_that_is_cut_anywhere_is_no_pass(tmp_path: Path) -> None:
    data = tarball(tmp_path / "good.tgz", {"junit_01.xml": ginkgo2(GOOD),
                                           "x.bin": random.Random(1).randbytes(3000)}).read_bytes()
    for end in range(0, len(data) - 60, 37):  # the end of the last block and of gzip tells nothing
        path = tmp_path / "cut.tgz"
        path.write_bytes(data[:end])
        assert not [r for r in outcome(path) if r.verdict == PASSED], end
