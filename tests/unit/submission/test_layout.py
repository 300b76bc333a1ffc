# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The folder, its files, the title, the window of releases."""
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.runs.builders import GOOD, folder, ginkgo2
from ansible_collections.assay.clusters.tests.unit.submission.submissions import (
    LATEST, call, content, finding, listed, review, said, submission)

FILES = ("README.md", "PRODUCT.yaml", "e2e.log", "junit_01.xml")


@pytest.mark.parametrize("name", FILES)
def test_each_file_must_be_there_and_hold_something(tmp_path: Path, name: str) -> None:
    files = content()
    lost = review(tmp_path / "lost", {n: c for n, c in files.items() if n != name})
    assert finding(lost, "file-missing")["file"] == f"v1.31/example/{name}" and not lost.get("valid")
    assert f"v1.31/example/{name}: is missing" in lost["refused"]
    for number, empty in enumerate(["", " \n\n"]):
        found = review(tmp_path / str(number), {**files, name: empty})
        assert finding(found, "file-empty")["file"] == f"v1.31/example/{name}"
        assert not {"junit-unreadable", "junit-empty", "log-empty", "product-missing"} & {*said(found)}


@pytest.mark.parametrize(("name", "code"), [
    ("junit_02.xml", "file-extra"), ("readme.md", "file-extra"), ("sonobuoy.tar.gz", "file-extra"), (".DS_Store", "file-extra"),
    ("old/README.md", "one-product")])
def test_nothing_else_may_be_there(tmp_path: Path, name: str, code: str) -> None:
    found = review(tmp_path, {**content(), name: ginkgo2(GOOD).replace("DNS", "other")})
    assert said(found) == [code]
    assert finding(found, code)["file"] == "v1.31/example/" + name.partition("/")[0]


@pytest.mark.parametrize("name", FILES)
def test_links_are_not_followed(tmp_path: Path, name: str) -> None:
    place = submission(tmp_path)
    os.rename(place / name, tmp_path / "elsewhere")
    (place / name).symlink_to(tmp_path / "elsewhere")
    found = call(src=[place], state="validated", conformance_yaml=listed(tmp_path), latest_version=LATEST)
    link = finding(found, "file-link")
    assert said(found)[0] == "file-link" and link["file"].endswith(name) and link["message"].startswith("is a link")
    assert (found["product"] == {}) == (name == "PRODUCT.yaml")


@pytest.mark.parametrize(("name", "text", "code", "severity"), [
    ("README.md", "# How".encode("utf-16"), "file-encoding", "error"),
    ("PRODUCT.yaml", b"vendor: \xe4", "file-encoding", "error"),
    ("PRODUCT.yaml", b"#" * (1 << 20) + b"\n", "file-large", "error"),
    ("PRODUCT.yaml", b"\x1f\x8b\x08", "file-packed", "error"), ("junit_01.xml", b"\x1f\x8b\x08", "file-packed", "error"),
    ("e2e.log", content()["e2e.log"].encode("utf-16"), "file-encoding", "warning")])
def test_files_are_plain_text(tmp_path: Path, name: str, text: bytes, code: str, severity: str) -> None:
    found = finding(review(tmp_path, {**content(), name: text}), code)
    assert (found["severity"], found["file"]) == (severity, f"v1.31/example/{name}")


@pytest.mark.parametrize("release", ["v1.9", "1.31", "v1.310", "v2.31", "v1.31.4", "master", "v1-31"])
def test_the_folder_around_it_is_the_release(tmp_path: Path, release: str) -> None:
    found = review(tmp_path, shown=f"{release}/example", latest_version="")
    assert "folder-version" in said(found) and repr(release) in finding(found, "folder-version")["message"]


def test_a_folder_of_several_products_or_releases_is_no_submission(tmp_path: Path) -> None:
    submission(tmp_path)
    only = call(src=[tmp_path], state="validated", conformance_yaml=listed(tmp_path))
    assert only["submission"] == "v1.31/example" and only["valid"]
    submission(tmp_path, shown="v1.31/other")
    many = call(src=[tmp_path], state="validated")
    assert "holds 2 submissions (v1.31/example, v1.31/other): name the folder of one" in many["refused"]
    assert "holds 2 submissions (example, other)" in call(src=[tmp_path / "v1.31"], state="validated")["refused"]
    assert "holds no submission" in call(src=[folder(tmp_path / "x", {"a/b/c/README.md": "x"})], state="validated")["refused"]
    assert "there is no folder" in call(src=[tmp_path / "v1.31/example/e2e.log"], state="validated")["refused"]
    assert "must be the one folder" in call(src=[tmp_path, tmp_path], state="validated")["refused"]


@pytest.mark.parametrize(("title", "wrong"), [
    ("Conformance results for v1.31/example", ""), ("Conformance results for v1.31 Example Kubernetes", ""),
    ("", ""), ("Conformance results for v1.30/example", "The title says v1.30, and the folder is v1.31"),
    ("Add example", "must be like"), ("v1.31/example", "must be like"), ("Results for 1.31/example", "must be like"),
    ("Results for v1.31", "must be like"), ("Results for v1.9/example", "must be like")])
def test_the_title_names_the_release_and_the_product(tmp_path: Path, title: str, wrong: str) -> None:
    found = review(tmp_path, title=title)
    assert said(found) == (["title"] if wrong else []) and wrong in found.get("refused", "")
    assert found["title"] == title or found["title"] == "Conformance results for v1.31/example"


@pytest.mark.parametrize(("latest", "wrong"), [
    ("v1.31.0", ""), ("v1.32.4", ""), ("v1.33", ""), ("v1.34.0", "v1.31 is too old: with v1.34.0 out, the newest 3 releases"),
    ("v1.30.9", "v1.31 is newer than the newest release, v1.30.9")])
def test_a_release_may_be_submitted_while_it_is_one_of_the_newest_three(tmp_path: Path, latest: str, wrong: str) -> None:
    found = review(tmp_path, latest_version=latest)
    assert said(found) == (["version-window"] if wrong else []) and wrong in found.get("refused", "")


def test_a_window_that_is_not_known_is_said(tmp_path: Path) -> None:
    found = review(tmp_path, latest_version="")
    assert said(found, "error", "warning", "note") == ["window-unknown"] and found["valid"]


@pytest.mark.parametrize(("option", "value"), [
    ("server_version", "1.31"), ("latest_version", "newest"), ("kubernetes_version", "v1.31.4"), ("kubernetes_version", "1.31"),
    ("product_dir", "a/b"), ("product_dir", "../a"), ("product_dir", ".a"), ("product_dir", "a b")])
def test_options_that_are_none(tmp_path: Path, option: str, value: Any) -> None:
    assert call(src=[tmp_path], **{option: value})["refused"].startswith(f"{option}: must be ")
