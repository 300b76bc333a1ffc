# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is read takes memory by its tests, not by its size: large sources are made while they are read."""
from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.runs import junit, limits, log, xml
from ansible_collections.assay.clusters.plugins.module_utils.runs.read import read
from ansible_collections.assay.clusters.tests.unit.runs.builders import GOOD, PASS, ginkgo2, new_log, old_log

KIB, MIB = 1 << 10, 1 << 20
# Pieces are small here, so that a small source is many of them.
PIECE, SIZE, HELD = 32 * KIB, 2 * MIB, 1536 * KIB


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_PIECE", PIECE)
    monkeypatch.setattr(log, "_LINE", PIECE // 8)
    monkeypatch.setattr(xml, "_PIECE", PIECE)


class Stream(io.RawIOBase):
    """begin, as much of more as is wanted, end: none of it is there before it is read."""

    def __init__(self, begin: str, more: bytes, end: str, size: int = SIZE) -> None:
        self.parts = self._made(begin.encode(), more * (PIECE // len(more)), end.encode(), size)
        self.rest = b""

    @staticmethod
    def _made(begin: bytes, more: bytes, end: bytes, size: int) -> Iterator[bytes]:
        yield begin
        for _number in range(size // len(more)):
            yield more
        yield end

    def read(self, size: int = -1) -> bytes:
        while len(self.rest) < size and (piece := next(self.parts, b"")):
            self.rest += piece
        found, self.rest = self.rest[:size], self.rest[size:]
        return found


@contextmanager
def held(most: int = HELD) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most, f"{peak / KIB:.0f} KiB at most"


@pytest.mark.parametrize("more", [b"Aug 22 22:02:34.123: INFO: hello\n", b"hello\n", "•S".encode(), b"x", b"\r\n",
                                  b"\x1b[31mred\x1b[0m\n",
                                  b"Test Suite of mine\n", b"[FAIL] [It] x\n"])
def test_a_log(more: bytes) -> None:
    whole = old_log(middle="\0")
    begin, end = whole.split("\0")
    with held():
        found = log.parse("e2e.log", limits.plain(Stream(begin, more, "\n" + end)))
    assert (found.verdict, found.counts.passed, found.seconds, found.broken) == ("passed", 2, 61.5, "")
    assert found.size > SIZE - 2 * PIECE


@pytest.mark.parametrize(("begin", "more", "end"), [
    ('<testsuite><testcase name="a"><failure>', b"words ", "</failure></testcase></testsuite>"),
    ('<testsuite><testcase name="a"><failure/><system-out>', b"<![CDATA[line\n]]>", "</system-out></testcase></testsuite>"),
    ('<testsuite><testcase name="a"><failure/>', b"<x>y</x>", "</testcase></testsuite>"),
    ('<testsuite><properties>', b'<property name="a" value="b"/>',
     '</properties><testcase name="a"><failure/></testcase></testsuite>')])
def test_junit(begin: str, more: bytes, end: str) -> None:
    with held():
        report = junit.parse("junit.xml", limits.plain(Stream(begin, more, end)))
    assert report.broken == "" and [c.outcome for c in report.cases] == ["failed"]


def _packed(path: Path, *files: tuple[str, bytes, int]) -> Path:
    """Of (name, a piece, how often)."""
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name, piece, count in files:
            member = tarfile.TarInfo(name)
            member.size = len(piece) * count
            tar.addfile(member, io.BytesIO(piece * count))
    return path


def test_a_tarball_with_much_beside_and_files_that_were_packed_again(tmp_path: Path) -> None:
    bomb = gzip.compress(new_log(ending="").encode() + bytes(16 * MIB))
    path = _packed(tmp_path / "r.tgz", ("podlogs/a.log", bytes(MIB), 16), ("junit_01.xml", ginkgo2(GOOD).encode(), 1),
                   ("e2e.log", bomb, 1), ("resources/x.json", bytes(MIB), 16))
    with held():
        (run,) = read(path)
    assert run.counts.passed == 2 and run.cases[1].name == PASS


def test_runs_of_a_folder_are_held_one_at_a_time(tmp_path: Path) -> None:
    text = ginkgo2([(f"test {n} of a suite with many of them", "passed" if n % 9 else "skipped") for n in range(500)])
    for number in range(40):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "junit_01.xml").write_text(text)
    with held(5 * MIB):  # all of them are more than 7
        assert sum(r.counts.ran for r in read(tmp_path)) == 40 * 444
