# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A failure that is known, as docs/results.md writes it into an inventory, in a run of the playbook: of a cluster that is not there."""
from __future__ import annotations

import datetime
import json
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.documented import files
from tests.integration.conftest import Playbook

[KNOWN] = yaml.safe_load(files("docs/results.md")["prod/host_vars/webshop.yml"])["validate_known_failures"]
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(name="book")
def _book(tmp_path: Path) -> Playbook:
    book = Playbook(tmp_path, {"webshop": {"cluster_host": "https://127.0.0.1:1", "cluster_api_key": "k"}})
    book.env["COLUMNS"] = "120"  # lines are cut at the width of the terminal, which is that of whoever runs the tests
    return book


def _run(book: Playbook, allowed: bool = False, **more: Any) -> subprocess.CompletedProcess[str]:
    """allowed: whether it is good enough that nothing was proved, as in a run of one check that is known to fail."""
    known = {**KNOWN, "check": "api_server", "cause": "api.unreachable", **more}
    variables = book.folder / "host_vars/webshop.yml"
    variables.parent.mkdir()
    variables.write_text(yaml.safe_dump({"validate_known_failures": [known]}), encoding="utf-8")
    return book.run("-e", "validate_checks=api_server", "-e", f"validate_allow_skipped={allowed}")


def test_it_is_accepted_until_its_day_and_told_everywhere(book: Playbook) -> None:
    done = _run(book, True, until=TODAY + datetime.timedelta(days=2))
    assert done.returncode == 0 and "WARNED  1 cluster, 1 check: 1 failed" in done.stdout
    told = f"until {TODAY + datetime.timedelta(days=2)}: {KNOWN['reason']}"
    [record] = book.records()
    assert (record["verdict"], record["cause"], record["known"]) == ("failed", "api.unreachable", told)
    case = next(ET.parse(book.results / "junit.xml").getroot().iter("testcase"))
    assert case.find("failure") is None and case.find("skipped").get("message") == f"known {told}"
    assert told in (book.results / "report.html").read_text(encoding="utf-8")


def test_from_the_day_after_on_the_cluster_is_red_and_the_summary_says_that_it_was_known(book: Playbook) -> None:
    day = TODAY - datetime.timedelta(days=2)
    done = _run(book, until=day)
    assert done.returncode == 2 and "FAILED  1 cluster" in done.stdout
    assert f"webshop: api_server: api.unreachable was known until {day} and counts again" in done.stdout


@pytest.mark.parametrize(("wrong", "words"), [({"until": "soon"}, "until of api_server must be a day such as 2026-12-31"),
                                              ({"untill": "2026-12-31"}, "untill")])
def test_what_is_known_wrongly_is_refused_before_anything_is_asked(book: Playbook, wrong: dict[str, str], words: str) -> None:
    done = _run(book, **wrong)
    assert done.returncode == 2 and words in " ".join(done.stdout.split())
    assert json.loads((book.results / "records.json").read_text())["runs"] == []
