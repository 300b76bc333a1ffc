# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The submission that the role and the playbook conformance make of a run, which has ended before: no cluster is asked."""
from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Playbook
from tests.unit.runs.builders import GOOD, ginkgo2, new_log
from tests.unit.submission.submissions import LATEST, LIST, VALUES

pytestmark = pytest.mark.no_cluster
MISSING = "- testname: Other\n  codename: '[sig-x] Other should run [Conformance]'\n  release: v1.9\n"
TOLD = {"run_id": "r1", "version": "v1.31.4", "verdict": "passed", "good": True, "dry_run": False, "msg": "passed: 2 passed"}
FILES = ["PRODUCT.yaml", "README.md", "e2e.log", "junit_01.xml"]


@pytest.fixture
def book(tmp_path: Path) -> Playbook:
    """Of one cluster that nobody can reach, whose run r1 is in the results folder."""
    run = tmp_path / "left/c/r1"
    run.mkdir(parents=True)
    for name, text in {"e2e.log": new_log(), "junit_01.xml": ginkgo2(GOOD), "conformance.json": json.dumps(
            {**TOLD, "folder": str(run)})}.items():
        (run / name).write_text(text, encoding="utf-8")
    (tmp_path / "list.yaml").write_text(LIST, encoding="utf-8")
    made = Playbook(tmp_path, {"c": {"cluster_kubeconfig": str(tmp_path / "none")}})
    assert not (tmp_path / "none").exists()
    return made


def run(book: Playbook, *more: str, **given: Any) -> subprocess.CompletedProcess[str]:
    """given: of the submission, in place of what is good; None: not given."""
    good = {"dest": str(book.folder / "dest"), "product": VALUES, "product_dir": "example", "latest_version": LATEST,
            "conformance_yaml": str(book.folder / "list.yaml"), "steps": ["Take three machines."]}
    asked = {f"conformance_submission_{n}": v for n, v in {**good, **given}.items() if v is not None}
    return book.run("-e", json.dumps({"conformance_results_dir": str(book.folder / "left"), "conformance_run_id": "r1", **asked}),
                    *more, playbook="conformance")


def there(book: Playbook) -> list[str]:
    return sorted(p.name for p in (book.folder / "dest").rglob("*") if p.is_file())


def test_it_is_made_of_the_run_and_once(book: Playbook) -> None:
    done = run(book)
    assert done.returncode == 0 and there(book) == FILES
    assert "Conformance results for v1.31/example: v1.31/example is valid, 2 of 2 required tests passed" in done.stdout
    folder = book.folder / "dest/v1.31/example"
    assert "assay.clusters.conformance" in (folder / "README.md").read_text() and "Take three" in (folder / "README.md").read_text()
    assert "changed=0" in run(book).stdout
    mine = book.folder / "MINE.md"
    mine.write_text("# Mine\n")
    assert run(book, readme=str(mine), steps=None).returncode == 0 and (folder / "README.md").read_text() == "# Mine\n"
    told = run(book, test_steps=["Press the button."], title="Conformance results for v1.31/example, again")
    assert "Press the button." in (folder / "README.md").read_text() and "v1.31/example, again: " in told.stdout


@pytest.mark.parametrize("given", [{"dest": None}, {"dest": ""}], ids=["unasked", "empty"])
def test_nothing_is_made_unless_asked(book: Playbook, given: dict[str, Any]) -> None:
    done = run(book, **given)
    assert done.returncode == 0 and "passed: 2 passed" in done.stdout and there(book) == [] and "is valid" not in done.stdout


def test_a_rehearsal_makes_none(book: Playbook) -> None:
    assert run(book, "-e", json.dumps({"conformance_dry_run": True})).returncode == 0 and there(book) == []


@pytest.mark.parametrize("names", [["product"], ["product_dir"], ["conformance_yaml", "steps"]], ids="-".join)
def test_what_it_lacks_is_said_before_hours_of_tests(book: Playbook, names: list[str]) -> None:
    done = run(book, "-e", "conformance_run_id=r2", **dict.fromkeys(names))
    told = ", ".join(f"conformance_submission_{n}" for n in names)
    assert done.returncode and f"c: {told} is not set; conformance_submission_dest needs it" in done.stdout
    assert not (book.folder / "left/c/r2").exists() and "kubeconfig" not in done.stdout


def test_a_release_that_is_too_old_is_refused(book: Playbook) -> None:
    assert "v1.31 is too old" in run(book, latest_version="v1.40.0").stdout and there(book) == []


def test_a_run_that_lacks_a_test_is_refused_with_its_name(book: Playbook) -> None:
    (book.folder / "list.yaml").write_text(LIST + MISSING, encoding="utf-8")
    done = run(book)
    assert done.returncode and there(book) == []
    assert "is refused for 1 reason, so nothing was written" in done.stdout
    assert "[sig-x] Other should run [Conformance] did not run, and v1.31 requires it" in done.stdout
