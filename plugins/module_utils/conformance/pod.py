# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the pod of the tests tells of its two containers."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..kube.pods import terminated
from .manifests import OUTPUT, RUNNER


def status(pod: Mapping[str, Any], container: str) -> dict[str, Any]:
    found = (pod.get("status") or {}).get("containerStatuses") or []
    return next((s.get("state") or {} for s in found if s["name"] == container), {})


def running(pod: Mapping[str, Any], container: str) -> bool:
    return "running" in status(pod, container)


def started(pod: Mapping[str, Any]) -> bool:
    """Whether the tests run or ran, and their results can be read."""
    return running(pod, OUTPUT) and bool({"running", "terminated"} & status(pod, RUNNER).keys())


def words(state: Mapping[str, Any]) -> str:
    return f"{state.get('reason') or 'ended'} with exit code {state.get('exitCode')}" + (
        f": {state['message'].strip()[:300]}" if state.get("message") else "")


def why_ended(pod: Mapping[str, Any]) -> str:
    """Of a pod whose results cannot be read any more."""
    told = pod.get("status") or {}
    said = ": ".join(w for w in (told.get("reason"), told.get("message")) if w)
    ended = terminated(dict(pod), OUTPUT)
    what = said or (words(ended) if ended else told.get("phase", "no status"))
    return f"the pod ended before its results were fetched: {what}"
