# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs of the playbook are kept, and a gate on what is new lets through what was red before."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

CHECKOUT = Path(__file__).resolve().parents[2]


def test_hosts_fail_for_what_is_new_alone(playbook: Any, tmp_path: Path) -> None:
    """The cluster has all nodes that it should have, or not, by what the inventory says."""
    book = playbook()

    def run(*words: str) -> tuple[int, str]:
        done = book.run("-e", f"validate_history={tmp_path / 'history'}", "-e", '{"validate_checks": ["nodes"]}', *words)
        return done.returncode, done.stdout

    lacking, gated = ("-e", "nodes_check_expected=99"), ("-e", "validate_baseline=previous")
    code, told = run("-e", "validate_change=v1")
    assert code == 0 and "None of 1 run failed." in told
    code, told = run(*lacking, *gated)
    assert code == 2 and "c, new failures: nodes" in told and "node.not-joined" in told
    code, told = run(*lacking, *gated)
    assert code == 0 and "new failures" not in told, "it was red before"
    assert run(*lacking)[0] == 2, "without a baseline it is as red as ever"
    code, told = run(*gated)
    assert code == 0 and "c, fixed: nodes" in told
    page = (book.results / "report.html").read_text()
    assert 'id="history"' in page and "<b>fixed</b> nodes" in page, "the run that just ended is in the view"
    schema = json.loads((CHECKOUT / "docs/schemas/history.schema.json").read_text())
    kept = [json.loads(p.read_text()) for p in sorted((tmp_path / "history/c").iterdir())]
    for one in kept:
        jsonschema.validate(one, schema)
    assert [(k["change"], k["verdict"]) for k in kept] == [
        ("v1", "passed"), ("", "failed"), ("", "failed"), ("", "failed"), ("", "passed")] and "evidence" not in str(kept)


def test_a_baseline_without_a_history_is_told_before_anything_is_done(playbook: Any) -> None:
    book = playbook()
    done = book.run("-e", "validate_baseline=previous")
    assert done.returncode == 2 and "validate_baseline: needs validate_history, the folder of the history" in done.stdout
    assert not book.results.exists()
