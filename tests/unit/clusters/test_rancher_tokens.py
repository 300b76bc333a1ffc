# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tokens that Rancher makes for kubeconfigs: none outlives its cluster, whatever ends either, and none of others is ended."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clusters.flow import change
from ansible_collections.assay.clusters.plugins.module_utils.clusters.rancher import platform
from tests.fakes.rancher import FakeRancher

from .cluster_task import ensure, info
from .test_rancher_world import _quick, given, rancher

# Fixtures of the tests here.
__all__ = ["_quick", "given", "rancher"]


def test_tokens_of_kubeconfigs_end_with_the_cluster(given: dict[str, Any], rancher: FakeRancher) -> None:
    before = set(rancher.tokens)
    ensure(**given)
    first = rancher.tokens - before
    ensure(**given)
    assert len(first) == 1 and rancher.tokens - before == first  # the one in the file is used again
    Path(given["kubeconfig"]).unlink()
    ensure(**given)
    assert len(rancher.tokens - before) == 2
    assert ensure(**given, state="absent", disposable=True)["changed"] and rancher.tokens == before


class _Killed(BaseException):
    """As a signal ends the process: nothing that bears errors bears it."""


def _killed_at(monkeypatch: pytest.MonkeyPatch, owner: Any, method: str, **task: Any) -> None:
    def die(*_words: Any, **_options: Any) -> None:
        raise _Killed

    with monkeypatch.context() as killing, pytest.raises(_Killed):
        killing.setattr(owner, method, die)
        ensure(**task, state="absent", disposable=True)


def _look_until_gone(rancher: FakeRancher) -> None:
    while rancher.clusters:
        info(platform="rancher", rancher={"url": rancher.url, "token": rancher.token})


@pytest.mark.parametrize("at", ["before it is deleted", "after"])
def test_no_token_outlives_a_run_that_is_killed(
        given: dict[str, Any], rancher: FakeRancher, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    """Before the cluster is asked to go, or while that is waited for: then Rancher goes on by itself."""
    before = set(rancher.tokens)
    ensure(**given)
    if at == "before it is deleted":
        _killed_at(monkeypatch, platform.Rancher, "_delete", **given)
        assert rancher.clusters and rancher.tokens == before
        again = ensure(**given)  # who wants it back all the same gets another token
        assert not again["failed"] and len(rancher.tokens - before) == 1, again
        assert ensure(**given, state="absent", disposable=True)["changed"]
    else:
        _killed_at(monkeypatch, change.Flow, "_wait_gone_or_fail_again", **given)
        assert rancher.tokens == before
        _look_until_gone(rancher)
    assert rancher.tokens == before


def test_one_who_may_not_delete_gets_another_token(given: dict[str, Any], rancher: FakeRancher) -> None:
    ensure(**given)
    rancher.keeps = True
    refused = ensure(**given, state="absent", disposable=True)
    assert refused["failed"] and "Forbidden" in refused["msg"] and rancher.clusters
    again = ensure(**given)
    assert not again["failed"] and rancher.token not in again["kubeconfig"] and Path(given["kubeconfig"]).read_text() == again["kubeconfig"]


def test_the_token_of_a_cluster_that_somebody_else_deleted_ends(given: dict[str, Any], rancher: FakeRancher) -> None:
    before = set(rancher.tokens)
    ensure(**given)
    rancher.clusters.clear()
    rancher.newer.clear()
    assert len(rancher.tokens - before) == 1
    assert "is not marked as disposable" in ensure(**given, state="absent")["msg"]
    foretold = ensure(True, **given, state="absent", disposable=True)
    assert foretold["changed"] and len(rancher.tokens - before) == 1
    left = foretold["diff"]["before"]["left"]
    assert left[0].startswith("token kubeconfig-u-") and left[1:] == [given["kubeconfig"]]
    assert ensure(**given, state="absent", disposable=True)["changed"]
    assert rancher.tokens == before and not Path(given["kubeconfig"]).exists()
    assert not ensure(**given, state="absent", disposable=True)["changed"]


@pytest.mark.parametrize("whose", ["another Rancher's", "another cluster's", "one of a cluster that is not shown", "a user's own"])
def test_a_file_or_a_token_of_others_stays(given: dict[str, Any], rancher: FakeRancher, whose: str) -> None:
    of_others = "cluster" in whose
    made = ensure(**{**given, "name": "other" if of_others else "ci"})
    file, text = Path(given["kubeconfig"]), made["kubeconfig"]
    if "not shown" in whose:
        rancher.forbidden[f"/v3/clusters/{made['cluster']['id']}"] = 403
    if not of_others:
        rancher.clusters.clear()
        rancher.newer.clear()
    if whose == "another Rancher's":
        text = text.replace(rancher.url, "https://elsewhere.example.com").replace("kubeconfig-u-", "kubeconfig-u-0")
    elif whose == "a user's own":
        text = re.sub("token: .*", f"token: {rancher.token}", text)
    file.write_text(text)
    tokens = set(rancher.tokens)
    gone = ensure(**given, state="absent", disposable=True)
    assert rancher.tokens == tokens and gone["changed"] is (whose == "a user's own") is not file.exists(), gone


def test_a_kubeconfig_that_nobody_wants_is_not_made(given: dict[str, Any], rancher: FakeRancher) -> None:
    before = set(rancher.tokens)
    made = ensure(**{**given, "kubeconfig": None}, return_kubeconfig=False)
    assert not made["failed"] and made["kubeconfig_path"] == "" and rancher.tokens == before, made
