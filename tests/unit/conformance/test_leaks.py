# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Namespaces that tests left are found, and never those of anybody else."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.conformance.leaks import BEFORE, SEEN, Leaks
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError

OWN = "assay-conformance-r1"


class FakeSpaces:
    """A fake API server that has namespaces only."""

    def __init__(self, **spaces: str):
        self.items = {n: {"metadata": {"name": n, "labels": {"e2e-run": run}}} for n, run in spaces.items()}
        self.patches: list[tuple[str, dict[str, Any]]] = []

    def list(self, path: str, params: dict[str, str], metadata_only: bool) -> Any:
        assert (path, params, metadata_only) == ("/api/v1/namespaces", {"labelSelector": "e2e-run"}, True)
        return SimpleNamespace(items=list(self.items.values()))

    def patch(self, path: str, body: dict[str, Any]) -> None:
        name = path.rpartition("/")[2]
        if name not in (*self.items, OWN):
            raise ApiError("http", 404, "NotFound", "not found", "PATCH", path)
        self.patches.append((name, body["metadata"]))

    def add(self, name: str, run: str, **meta: Any) -> None:
        self.items[name] = {"metadata": {"name": name, "labels": {"e2e-run": run}, **meta}}


def leaks(api: FakeSpaces, found: dict[str, Any] | None = None) -> Leaks:
    made = Leaks(api, OWN, found)  # type: ignore[arg-type]
    if found is None:
        made.remember()
    return made


def test_a_single_process_tells_its_id_in_the_log_and_others_are_nobody_s() -> None:
    api = FakeSpaces(old="before")
    made = leaks(api)
    api.add("dns-1", "ours")
    api.add("dns-2", "somebody's")
    assert made.leaked({"ours"}, 1) == ["dns-1"]


def test_without_a_log_a_single_id_that_came_is_ours() -> None:
    api = FakeSpaces(old="before")
    made = leaks(api)
    api.add("dns-1", "new")
    assert made.leaked(set(), 1) == ["dns-1"]


def test_of_more_ids_than_processes_none_is_taken_for_ours() -> None:
    api = FakeSpaces()
    made = leaks(api)
    for number in range(3):
        api.add(f"dns-{number}", f"id-{number}")
    assert made.leaked(set(), 2) == [] and made.leaked(set(), 3) == ["dns-0", "dns-1", "dns-2"]
    assert made.leaked({"id-1"}, 2) == ["dns-1"]


def test_what_goes_already_is_no_leak() -> None:
    api = FakeSpaces()
    made = leaks(api)
    api.add("dns-1", "ours", deletionTimestamp="2026-11-27T04:00:00Z")
    assert made.leaked({"ours"}, 1) == []


def test_ids_that_came_are_kept_for_who_goes_on() -> None:
    api = FakeSpaces(old="before")
    made = leaks(api)
    api.add("dns-1", "a")
    made.look()
    made.look()
    assert api.patches == [(OWN, {"annotations": {SEEN: "a"}})]
    del api.items["dns-1"]
    found = {"metadata": {"annotations": {BEFORE: "before", SEEN: "a"}}}
    again = leaks(api, found)
    api.add("dns-2", "a")
    assert again.leaked(set(), 1) == ["dns-2"]


@pytest.mark.parametrize("there", [True, False])
def test_marks_are_labels_of_the_run_and_one_that_went_needs_none(there: bool) -> None:
    api = FakeSpaces(**({"dns-1": "ours"} if there else {}))
    leaks(api).mark("dns-1", {"assay.clusters/run": "r1"})
    assert api.patches == ([("dns-1", {"labels": {"assay.clusters/run": "r1"}})] if there else [])
