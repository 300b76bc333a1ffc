# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Folders, tarballs and files as strangers make them: what points outside, what is cut, what would fill the memory."""
from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.runs import limits, tree
from ansible_collections.assay.clusters.plugins.module_utils.runs.archive import Archive
from ansible_collections.assay.clusters.plugins.module_utils.runs.model import FAILED, INCONCLUSIVE, PASSED
from ansible_collections.assay.clusters.plugins.module_utils.runs.read import SourceError, read
from ansible_collections.assay.clusters.tests.unit.runs.builders import (
    BAD, GOOD, codes, folder, ginkgo1, ginkgo2, new_log, old_log, tarball)

FILES = {"e2e.log": new_log(), "junit_01.xml": ginkgo2(GOOD)}


@pytest.fixture(autouse=True)
def _untouched(tmp_path: Path) -> Iterator[None]:
    """Nothing is written beside what a test makes, nor is anything of it changed."""
    os.chdir(tmp_path)
    yield
    assert not {p.name for p in tmp_path.rglob("*")} & {"passwd", "evil", "evil.xml"}


@pytest.mark.parametrize("mode", ["w:gz", "w", "w:bz2"])
@pytest.mark.parametrize("prefix", ["", "./", "./results/"])
def test_a_tarball(tmp_path: Path, mode: str, prefix: str) -> None:
    path = tarball(tmp_path / "results.bin", {f"{prefix}{n}": c for n, c in FILES.items()}, mode)
    (run,) = read(path)
    assert (run.verdict, run.counts.passed, codes(run), run.place) == (PASSED, 2, [], prefix.strip("./"))


def test_what_macos_puts_beside_is_nothing(tmp_path: Path) -> None:
    (run,) = read(tarball(tmp_path / "r.tgz", {**FILES, "._junit_01.xml": b"\x00\x05\x16\x07", "__MACOSX/junit_01.xml": "x"}))
    assert (run.verdict, codes(run), len(run.sources)) == (PASSED, [], 2)


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.size = kind, link, size
    return found


@pytest.mark.parametrize("odd", [
    _member("../junit_02.xml"), _member("/etc/passwd"), _member("a/../../evil.xml"), _member("/")], ids=lambda m: m.name)
def test_names_that_point_outside_are_told(tmp_path: Path, odd: tarfile.TarInfo) -> None:
    (run,) = read(tarball(tmp_path / "r.tgz", FILES, odd=[odd]))
    assert codes(run) == ["outside"]
    assert run.verdict == (INCONCLUSIVE if odd.name.endswith(".xml") else PASSED)


@pytest.mark.parametrize("odd", [
    _member("junit_02.xml", tarfile.SYMTYPE, "/etc/passwd"), _member("junit_02.xml", tarfile.LNKTYPE, "../../etc/passwd"),
    _member("junit_02.xml", tarfile.CHRTYPE), _member("junit_02.xml", tarfile.BLKTYPE),
    _member("junit_02.xml", tarfile.FIFOTYPE),
    _member("junit_02.xml", tarfile.GNUTYPE_SPARSE)])
def test_links_and_devices_are_told(tmp_path: Path, odd: tarfile.TarInfo) -> None:
    (run,) = read(tarball(tmp_path / "r.tgz", FILES, odd=[odd]))
    assert codes(run) == ["link"] and run.findings[0].files == ("junit_02.xml",)
    assert (run.verdict, run.verdict_source) == (INCONCLUSIVE, run.findings[0].message)


@pytest.mark.parametrize("odd", [
    _member("x/junit.xml", tarfile.SYMTYPE, "../junit_01.xml"), _member("junit.xml", tarfile.LNKTYPE, "junit_01.xml")])
def test_a_link_to_what_is_read_loses_nothing(tmp_path: Path, odd: tarfile.TarInfo) -> None:
    (run,) = read(tarball(tmp_path / "r.tgz", FILES, odd=[odd]))
    assert (run.verdict, [(f.code, f.severity) for f in run.findings]) == (PASSED, [("link", "note")])
    root = folder(tmp_path / "in", FILES)
    (root / "junit.xml").symlink_to("junit_01.xml")
    (run,) = read(root)
    assert (run.verdict, [(f.code, f.severity) for f in run.findings]) == (PASSED, [("link", "note")])


def test_many_links_are_said_once(tmp_path: Path) -> None:
    links = [_member(f"junit_{n}.xml", tarfile.SYMTYPE, "x") for n in range(50)]
    (run,) = read(tarball(tmp_path / "r.tgz", FILES, odd=links))
    assert codes(run) == ["link"] and run.findings[0].message.startswith("50 entries are links")


@pytest.mark.parametrize("keep", [0.5, 0.8, 0.99])
def test_a_tarball_that_is_cut_is_no_pass(tmp_path: Path, keep: float) -> None:
    path = tarball(tmp_path / "r.tgz", {**FILES, "pad.txt": os.urandom(4000)})
    data = path.read_bytes()
    path.write_bytes(data[:int(len(data) * keep)])
    (run,) = read(path)
    assert run.verdict == INCONCLUSIVE and "archive-cut" in codes(run) and not run.complete
    assert run.verdict_source.startswith("r.tgz ends before its end")


def test_a_failure_before_the_cut_is_one(tmp_path: Path) -> None:
    path = tarball(tmp_path / "r.tgz", {"junit_01.xml": ginkgo1(BAD), "pad.txt": os.urandom(4000)})
    path.write_bytes(path.read_bytes()[:-2000])
    (run,) = read(path)
    assert run.verdict == FAILED and "archive-cut" in codes(run)


@pytest.mark.parametrize(("content", "told"), [
    (b"", "ends before its end"), (b"\x1f\x8b", "ends before its end"), (gzip.compress(b"", mtime=0), "no results|ends before"),
    (b"\x1f\x8b\x08\x00" + b"x" * 600, "damaged|before its end"), (b"x" * 4096, "ends before its end, or is damaged")])
def test_what_is_no_tarball(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "r.tar.gz").write_bytes(content)
    with pytest.raises(SourceError, match=told):
        list(read(tmp_path / "r.tar.gz"))


@pytest.mark.parametrize(("begin", "packed"), [(b"PK\x03\x04", "zip"), (b"\xfd7zXZ\x00", "xz"), (b"\x28\xb5\x2f\xfd", "zstd")])
def test_other_archives_are_named(tmp_path: Path, begin: bytes, packed: str) -> None:
    (tmp_path / "artifacts").write_bytes(begin + b"x" * 600)
    with pytest.raises(SourceError, match=f"packed by {packed}.*unpack it"):
        list(read(tmp_path / "artifacts"))


def test_a_bomb_ends_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ARCHIVE", 8 << 20)
    (run,) = read(tarball(tmp_path / "r.tgz", {**FILES, "bomb.bin": bytes(9 << 20)}))
    assert (run.verdict, codes(run)) == (INCONCLUSIVE, ["too-large"]) and "larger than 8 MiB" in run.findings[0].message


def test_a_file_that_becomes_too_large_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILE", 1 << 20)
    files = {"e2e.log": gzip.compress((old_log(ending="") + "S" * (3 << 20)).encode())}
    (run,) = read(folder(tmp_path / "in", files))
    assert (run.verdict, codes(run)[0]) == (INCONCLUSIVE, "log-unreadable") and "larger than 1 MiB" in run.findings[0].message


def _header(kind: bytes, size: int) -> bytes:
    return _member("x", kind, size=size).tobuf(tarfile.GNU_FORMAT)


class _Zeros(io.RawIOBase):
    """A header that says how long its name is, and zeros for ever."""

    def __init__(self, head: bytes) -> None:
        self.head, self.at, self.most = head, 0, 0

    def seek(self, at: int, whence: int = 0) -> int:
        self.at = at
        return at

    def read(self, size: int = -1) -> bytes:
        found = self.head[self.at:self.at + size]
        self.at += size
        self.most = max(self.most, self.at)
        return found + bytes(size - len(found))


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_name_without_end_is_not_held(kind: bytes) -> None:
    endless = _Zeros(_header(kind, 1 << 32))
    packed = Archive("r.tar", endless, lambda path: True)
    assert list(packed) == [] and "header that is larger than any" in packed.broken and endless.most < 8 << 20


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILES", 20)
    many = {f"x/{n}.txt": "" for n in range(30)}
    (run,) = read(tarball(tmp_path / "r.tgz", {**FILES, **many}))
    assert codes(run) == ["too-large"] and run.verdict == INCONCLUSIVE
    with pytest.raises(SourceError, match="more than 20 files"):
        list(read(folder(tmp_path / "in", {**FILES, **many})))


def test_what_the_conformance_image_leaves(tmp_path: Path) -> None:
    """Its folder, with a tarball of the same beside, and the file that says where that is."""
    root = folder(tmp_path / "results", {**FILES, "done": "/tmp/results/e2e.tar.gz"})
    tarball(root / "e2e.tar.gz", FILES)
    (run,) = read(root)
    assert (run.verdict, codes(run)) == (PASSED, [])
    (run,) = read(root / "e2e.tar.gz")
    assert (run.verdict, codes(run)) == (PASSED, [])


# ---- folders ----------------------------------------------------------------------------------------------------
def test_links_and_pipes_in_a_folder_are_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "outside.xml"
    secret.write_text(ginkgo1(BAD))
    root = folder(tmp_path / "in", FILES)
    (root / "junit_02.xml").symlink_to(secret)
    (root / "sub").symlink_to(tmp_path)
    os.mkfifo(root / "junit_03.xml")  # to open it would wait for ever
    (run,) = read(root)
    assert (run.verdict, codes(run)) == (INCONCLUSIVE, ["link", "link"]) and len(run.sources) == 2


def test_a_file_that_may_not_be_read_is_no_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path / "in", {**FILES, "junit_02.xml": ginkgo1(BAD)})
    real = os.open

    def refused(path, *args, **more):
        if str(path).endswith("junit_02.xml"):
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **more)

    monkeypatch.setattr(os, "open", refused)
    (run,) = read(root)
    assert run.verdict == INCONCLUSIVE and run.findings[0].message == "junit_02.xml cannot be read: Permission denied"


@pytest.mark.parametrize("become", [os.mkfifo, os.mkdir, lambda path: os.symlink("/etc/passwd", path)])
def test_a_file_becomes_something_else_meanwhile(tmp_path: Path, become) -> None:
    root = folder(tmp_path / "in", FILES)
    (entry, *_rest) = tree.folder(root, lambda path: True).entries
    os.unlink(entry.full)
    become(entry.full)
    with pytest.raises(OSError, match="no plain file|symbolic links"):
        entry.open()


@pytest.mark.parametrize("make", [
    lambda root: root / "none", lambda root: folder(root / "empty", {"x.txt": "x"}),
    lambda root: folder(root / "pom", {"pom.xml": "<project/>"}),
    lambda root: [], lambda root: [root, root], lambda root: Path(os.devnull)])
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, make) -> None:
    with pytest.raises(SourceError) as told:
        list(read(make(tmp_path)))
    assert str(told.value) and "\n" not in str(told.value)


def test_an_archive_in_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    tarball(tmp_path / "in/202408222202_sonobuoy_x.tar.gz", FILES)
    with pytest.raises(SourceError, match="but the archive 202408222202_sonobuoy_x.tar.gz: name that"):
        list(read(tmp_path / "in"))


def test_many_submissions_are_many_runs(tmp_path: Path) -> None:
    root = folder(tmp_path / "all", {f"v1.31/{p}/{n}": c for p in ("kind", "konvoy") for n, c in FILES.items()})
    assert [(r.place, r.verdict) for r in read(root)] == [("v1.31/kind", PASSED), ("v1.31/konvoy", PASSED)]


# ---- files ------------------------------------------------------------------------------------------------------
def test_files_that_are_named(tmp_path: Path) -> None:
    root = folder(tmp_path, {"output": new_log(), "report": ginkgo2(GOOD), "a/junit_01.xml": ginkgo1(GOOD),
                             "b/junit_01.xml": ginkgo1(BAD)})
    (run,) = read([root / "output", root / "report"])
    assert (run.verdict, codes(run), [s.kind for s in run.sources]) == (PASSED, [], ["junit", "log"])
    (run,) = read([root / "a/junit_01.xml", root / "b/junit_01.xml"])
    assert run.verdict == FAILED and [s.path for s in run.sources] == ["a/junit_01.xml", "b/junit_01.xml"]
    (root / "link").symlink_to(root / "report")
    assert next(read(root / "link")).verdict == PASSED  # the user's own word
    assert next(read(str(root / "report"))).verdict == PASSED


def test_an_archive_is_read_alone(tmp_path: Path) -> None:
    path = tarball(tmp_path / "r.tgz", FILES)
    folder(tmp_path, FILES)
    with pytest.raises(SourceError, match="r.tgz is an archive, which is read alone"):
        list(read([path, tmp_path / "e2e.log"]))


def test_nothing_is_written(tmp_path: Path) -> None:
    root = folder(tmp_path / "in", FILES)
    tarball(root / "r.tgz", FILES)
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in tmp_path.rglob("*")}
    for path in (root, *root.iterdir()):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
        list(read(path))
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in tmp_path.rglob("*")} == before
    root.chmod(0o755)
