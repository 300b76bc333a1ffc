# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what a run left to the folder of a submission: all of it, or nothing."""
from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.submission import folder as written
from ansible_collections.assay.clusters.tests.unit.runs.builders import (
    BAD, GOOD, PASS, folder, ginkgo1, ginkgo2, new_log, old_log, summary, tarball)
from ansible_collections.assay.clusters.tests.unit.submission.submissions import (
    LOG, VALUES, call, content, listed, make, review, said, there)

WHOLE = ["v1.31", "v1.31/example", *(f"v1.31/example/{n}" for n in ("PRODUCT.yaml", "README.md", "e2e.log", "junit_01.xml"))]
JUNIT = ginkgo2(GOOD)
PLUGIN = "plugins/e2e/results/global"


def read(root: Path, name: str) -> str:
    return (root / "dest/v1.31/example" / name).read_text(encoding="utf-8")


# ---- what is made -----------------------------------------------------------------------------------------------
def test_what_is_made_is_what_a_reviewer_takes(tmp_path: Path) -> None:
    made = make(tmp_path)
    assert made["valid"] and made["changed"] and there(tmp_path) == WHOLE and not made["findings"]
    assert made["path"] == str(tmp_path / "dest/v1.31/example") and len(made["files"]) == 4
    assert call(src=[made["path"]], state="validated", conformance_yaml=listed(tmp_path), latest_version="v1.31.0")["valid"]
    assert yaml.safe_load(read(tmp_path, "PRODUCT.yaml")) == VALUES and read(tmp_path, "e2e.log") == LOG
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "dest/v1.31/example").iterdir()} == {0o644}
    assert (tmp_path / "dest/v1.31/example").stat().st_mode & 0o777 == 0o755


def test_again_it_changes_nothing_and_of_other_files_only_what_is_other(tmp_path: Path) -> None:
    make(tmp_path)
    again = make(tmp_path)
    assert not again["changed"] and again["files"] == [] == again["diff"]
    other = {"product": {**VALUES, "version": "4.3"}, "steps": ["Take ten machines."]}
    plan = make(tmp_path, check_mode=True, **other)
    assert plan["changed"] and plan["files"] == ["v1.31/example/README.md", "v1.31/example/PRODUCT.yaml"]
    assert "4.2" in read(tmp_path, "PRODUCT.yaml")
    (product,) = [d for d in plan["diff"] if d["after_header"].endswith("PRODUCT.yaml")]
    assert "'4.2'" in product["before"] and "'4.3'" in product["after"]
    assert make(tmp_path, **other)["changed"] and "4.3" in read(tmp_path, "PRODUCT.yaml") and there(tmp_path) == WHOLE


def test_check_mode_tells_the_plan_and_writes_nothing(tmp_path: Path) -> None:
    plan = make(tmp_path, check_mode=True)
    assert plan["changed"] and len(plan["files"]) == 4 and not (tmp_path / "dest").exists()
    assert plan["title"] == "Conformance results for v1.31/example"


@pytest.mark.parametrize("layout", [f"{PLUGIN}/", "plugins/e2e/results/", f"./{PLUGIN}/"])
def test_a_tarball_of_sonobuoy_of_any_age(tmp_path: Path, layout: str) -> None:
    left = tarball(tmp_path / "s.tar.gz", {
        f"{layout}e2e.log": new_log(), f"{layout}junit_01.xml": JUNIT, "serverversion.json": {"gitVersion": "v1.31.4"},
        "plugins/systemd-logs/results/node-1/systemd_logs": "{}", f"{layout}._junit_01.xml": "of a Mac"})
    made = make(tmp_path, src=[left])
    assert made["valid"] and not made["findings"], made
    assert "sonobuoy run --mode=certified-conformance" in read(tmp_path, "README.md") and read(tmp_path, "e2e.log") == new_log()


@pytest.mark.parametrize("files", [
    {"e2e.log.gz": LOG, "junit_01.xml.gz": JUNIT}, {"e2e.log": LOG.encode("utf-16"), "junit_01.xml": JUNIT},
    {"a/e2e.log": LOG, "a/junit_runner.xml": "<testsuite/>", "a/junit_01.xml": JUNIT},
    {"e2e.log": LOG, "junit_runner.xml": ginkgo1([("Up", "passed")]), "junit_01.xml": JUNIT},
    {"1767268800/started.json": {"timestamp": 1767268800}, "1767268800/build-log.txt": "x\n",
     "1767268800/finished.json": {"timestamp": 1767268900, "passed": True},
     "1767268800/artifacts/e2e.log": LOG, "1767268800/artifacts/junit_01.xml": JUNIT}])
def test_other_places_that_results_are_in(tmp_path: Path, files: dict[str, Any]) -> None:
    packed = {n: gzip.compress(c.encode()) if n.endswith(".gz") else c for n, c in files.items()}
    made = make(tmp_path, packed)
    assert made.get("valid"), made
    assert read(tmp_path, "e2e.log") == LOG
    assert PASS in read(tmp_path, "junit_01.xml")


def test_files_that_are_named(tmp_path: Path) -> None:
    left = folder(tmp_path / "left", {"out.txt": LOG, "results.xml": JUNIT})
    assert make(tmp_path, src=[left / "out.txt", left / "results.xml"])["valid"] and there(tmp_path) == WHOLE


def test_the_release_is_the_servers_unless_it_is_given(tmp_path: Path) -> None:
    left = {"e2e.log": new_log(), "junit_01.xml": JUNIT}
    unknown = make(tmp_path / "a", left)
    assert unknown["refused"].startswith("kubernetes_version: is needed, as the run does not tell")
    assert make(tmp_path / "b", left, server_version="v1.31.7")["submission"] == "v1.31/example"
    assert make(tmp_path / "c", left, kubernetes_version="v1.31")["submission"] == "v1.31/example"
    assert said(make(tmp_path / "d", kubernetes_version="v1.32")) == ["version-server"]


def test_the_readme_tells_the_steps_or_is_ones_own(tmp_path: Path) -> None:
    make(tmp_path / "a", test_steps=["$ ansible-playbook run.yml\n-e x=y", "Wait."])
    text = read(tmp_path / "a", "README.md")
    assert "1. Take three machines.\n2. Run\n\n   ```console\n   install --nodes 3\n   ```\n" in text
    assert "   ansible-playbook run.yml\n   -e x=y\n" in text and "2. Wait." in text and "hydrophone" not in text
    assert "API server of v1.31.4, begun 2024-08-22 22:02 UTC: 2 tests passed, 0 failed." in text
    own = folder(tmp_path, {"OWN.md": "# Mine\npassword: hunter2hunter2\n", "no.md": b"\0"})
    make(tmp_path / "b", readme=str(own / "OWN.md"), steps=[])
    assert read(tmp_path / "b", "README.md") == "# Mine\npassword: [redacted]\n"
    wrong = [({"steps": [" "]}, "steps: must say how"), ({"readme": str(own / "no.md")}, "is no text"),
             ({"readme": str(own / "gone")}, "readme: ")]
    for number, (options, words) in enumerate(wrong):
        assert words in make(tmp_path / str(number), **options)["refused"]


def test_the_readme_tells_how_the_run_was_made(tmp_path: Path) -> None:
    """By the module conformance, where its file is beside the results; that also tells the release."""
    told = {"run_id": "r1", "version": "v1.31.4"}
    left = {"e2e.log": new_log(), "junit_01.xml": JUNIT, "conformance.json": told}
    assert make(tmp_path / "a", left)["valid"]
    text = read(tmp_path / "a", "README.md")
    assert "   ansible-playbook assay.clusters.conformance -i inventory.yml\n" in text and "hydrophone" not in text
    other = {**left, "conformance.json": {"version": "v1.31.4"}}
    assert make(tmp_path / "b", other)["valid"] and "hydrophone --conformance" in read(tmp_path / "b", "README.md")


def test_secrets_do_not_leave(tmp_path: Path) -> None:
    secret = "AKIA" + "ABCDEFGHIJKLMNOP"
    junit = JUNIT.replace("<properties>", f"<properties><property name='a' value='{secret}'/>")
    made = make(tmp_path, {"e2e.log": LOG + f"aws {secret} x\n", "junit_01.xml": junit})
    assert made["valid"] and secret not in read(tmp_path, "e2e.log") + read(tmp_path, "junit_01.xml")


# ---- what is refused --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("files", "options", "words"), [
    ({"e2e.log": LOG, "junit_01.xml": ginkgo2(BAD)}, {}, "Job should run to completion [Conformance] failed"),
    ({"e2e.log": LOG}, {}, "junit_01.xml: is missing"),
    ({"junit_01.xml": JUNIT}, {"server_version": "v1.31.4"}, "e2e.log: is missing"),
    ({"e2e.log": LOG, "junit_01.xml": JUNIT[:-30]}, {}, "junit_01.xml cannot be read: the file is no whole XML"),
    ({"e2e.log": LOG, "junit_01.xml": JUNIT}, {"product": {**VALUES, "type": "x"}}, "PRODUCT.yaml:4: type must be one of"),
    ({"e2e.log": LOG, "junit_01.xml": JUNIT}, {"product": {}}, "refused for 8 reasons, so nothing was written"),
    ({"e2e.log": LOG, "junit_01.xml": JUNIT}, {"latest_version": "v1.35.0"}, "v1.31 is too old"),
    ({"e2e.log": LOG, "junit_01.xml": JUNIT}, {"title": "x"}, "The title must be like"),
    ({"e2e.log": LOG, "junit_01.xml": JUNIT}, {"server_version": "v1.31.5"}, "Version v1.31.5 was given"),
    ({"a/e2e.log": LOG, "a/junit_01.xml": JUNIT, "b/e2e.log": LOG, "b/junit_01.xml": JUNIT}, {},
     "there are 2 runs in it (a, b)"),
    ({"e2e.log": old_log(version="v1.31.1"), "junit_01.xml": ginkgo1(GOOD[:1]), "junit_02.xml": ginkgo1(GOOD[1:])}, {},
     "The run left 2 files of the kind junit (junit_01.xml, junit_02.xml)"),
    ({"x.txt": "nothing"}, {}, "there are no results of tests in it")])
def test_where_a_rule_is_broken_nothing_is_written(tmp_path: Path, files: Any, options: dict[str, Any], words: str) -> None:
    found = make(tmp_path, files, **options)
    assert words in found["refused"] and not (tmp_path / "dest").exists()
    make(tmp_path / "there")
    before = {p: p.read_bytes() for p in (tmp_path / "there/dest").rglob("*") if p.is_file()}
    folder(tmp_path / "there/left2", files)
    again = make(tmp_path / "there", **{"src": [tmp_path / "there/left2"], **options})
    assert "refused" in again and {p: p.read_bytes() for p in (tmp_path / "there/dest").rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(("files", "words"), [
    ({"v1.31/example/notes.txt": "mine"}, "holds notes.txt, which is of no submission"),
    ({"v1.31/example/PRODUCT.yaml": "vendor: Other Inc."}, "is of 'Other Inc.', not of 'Example Inc.'"),
    ({"v1.31/example/PRODUCT.yaml": "name: Other"}, "is of 'Other', not of 'Example Kubernetes'"),
    ({"v1.31/example": "a file"}, "is no folder"), ({"v1.31": "a file"}, "is no folder")])
def test_what_stands_there_of_others_is_left(tmp_path: Path, files: dict[str, str], words: str) -> None:
    folder(tmp_path / "dest", files)
    before = there(tmp_path)
    assert words in make(tmp_path)["refused"] and there(tmp_path) == before


def test_a_folder_that_is_a_link_is_left(tmp_path: Path) -> None:
    (tmp_path / "dest/v1.31").mkdir(parents=True)
    (tmp_path / "else").mkdir()
    (tmp_path / "dest/v1.31/example").symlink_to(tmp_path / "else")
    assert "is a link" in make(tmp_path)["refused"] and not list((tmp_path / "else").iterdir())


def test_other_products_of_a_checkout_are_nothing_to_it(tmp_path: Path) -> None:
    folder(tmp_path / "dest", {"v1.31/other/PRODUCT.yaml": "vendor: Other", "README.md": "x"})
    assert make(tmp_path)["valid"] and len(there(tmp_path)) == len(WHOLE) + 3


def test_a_disk_that_is_full_leaves_no_half_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.rename

    def full(source: str, target: str) -> None:
        if str(target).endswith("junit_01.xml"):
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(written.os, "rename", full)
    assert "cannot be written: No space left on device" in make(tmp_path)["refused"] and there(tmp_path) == ["v1.31"]


def test_a_run_of_our_own_checks_is_no_conformance_run(tmp_path: Path) -> None:
    found = make(tmp_path, {"clusters/c1.json": {"cluster": "c1", "run_id": "r", "records": []}})
    assert "refused" in found and not (tmp_path / "dest").exists()


def test_a_list_with_the_tests_of_a_whole_release(tmp_path: Path) -> None:
    """As many as the release has, in bounded time: names are looked up, not searched for."""
    names = [f"[sig-x] Feature should do the {n}th thing with a name that is rather long [Conformance]" for n in range(441)]
    text = "".join(f"- testname: t{n}\n  codename: '{c}'\n  release: v1.{9 + n % 23}\n" for n, c in enumerate(names))
    cases = [(n, "passed") for n in names] + [(f"[sig-y] other {n}", "skipped") for n in range(6000)]
    log = LOG.replace(summary(), summary(441, 0, 6000))
    found = review(tmp_path, content(log=log, junit=ginkgo2(cases)), conformance_yaml=listed(tmp_path / "l", text))
    assert found["msg"] == "v1.31/example is valid, 441 of 441 required tests passed"


@pytest.mark.parametrize(("files", "words"), [
    ({"plugins/e2e/errors/global/error.json": {"error": "pod was evicted"}}, "Sonobuoy has an error: pod was evicted"),
    ({"finished.json": {"timestamp": 1724364300, "passed": False}, "started.json": {"timestamp": 1724364152}},
     "The run is failed: finished")])
def test_what_the_source_says_beside_the_two_files_counts(tmp_path: Path, files: dict[str, Any], words: str) -> None:
    place = f"{PLUGIN}/" if "finished.json" not in files else ""
    found = make(tmp_path, {f"{place}e2e.log": LOG, f"{place}junit_01.xml": JUNIT, **files})
    assert words in found["refused"] and not (tmp_path / "dest").exists()


def test_an_archive_that_is_cut_is_no_source(tmp_path: Path) -> None:
    whole = tarball(tmp_path / "s.tar", {f"{PLUGIN}/e2e.log": LOG, f"{PLUGIN}/junit_01.xml": JUNIT, "x": "x" * 5000}, "w")
    (tmp_path / "cut.tar").write_bytes(whole.read_bytes()[:whole.read_bytes().index(b"xxxx") + 100])
    found = make(tmp_path, src=[tmp_path / "cut.tar"])
    assert "ends before its end" in found["refused"] and not (tmp_path / "dest").exists()
