# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Containers that the kernel kills for their memory, replayed: containerd does not see every time that it was for that."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    JUST_NOW, MINUTES_AGO, SPACE, healthy, no_probe, one, probe, replace_pod, waiting)

LONG_AGO = "2026-03-14T09:10:00Z"


def _end(code: int, reason: str = "Error", when: str = MINUTES_AGO) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": when}}


def _said(**container: Any) -> tuple[str, str]:
    data = healthy()
    replace_pod(data, probe("n2", False, restartCount=2, **container))
    found = one(no_probe(), data)
    assert found.scope == [f"pod/{SPACE}/probe-n2"]
    return found.cause, found.confidence


@pytest.mark.parametrize("now", [_end(137, "Error", JUST_NOW), _end(137, "OOMKilled", JUST_NOW)])
def test_killed_once_more_after_it_was_killed_for_its_memory(now: dict[str, Any]) -> None:
    assert _said(state=now, lastState=_end(137, "OOMKilled")) == ("pod.oom", "confirmed")


@pytest.mark.parametrize(("now", "before"), [
    (_end(137, "Error", JUST_NOW), _end(137)),  # nobody says for what
    (_end(1, "Error", JUST_NOW), _end(137, "OOMKilled")),  # it ends by itself now
    (_end(143, "Error", JUST_NOW), _end(137, "OOMKilled")),
    (_end(137, "Error", JUST_NOW), _end(137, "OOMKilled", LONG_AGO))])
def test_another_end_is_not_for_memory(now: dict[str, Any], before: dict[str, Any]) -> None:
    assert _said(state=now, lastState=before) == ("pod.crash", "probable")


def test_the_last_end_before_it_waits_counts() -> None:
    assert _said(**waiting("CrashLoopBackOff", "back-off 10s"), lastState=_end(137, "OOMKilled", LONG_AGO)) == (
        "pod.oom", "confirmed")
