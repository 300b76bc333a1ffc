# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What else tells of audit logs: the flags of API servers that run as pods, and their own counters."""
from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...kube.errors import ApiError
from ...kube.patient import PatientClient
from .._shared.optional import optional_get

if TYPE_CHECKING:
    from ...engine.context import Context

_PODS = "/api/v1/namespaces/kube-system/pods"
_FLAG = re.compile(r"^--(audit-[a-z-]+)(?:=(.*))?$")
# How often it is asked everything where others ask it as much as we do, and seconds after which that is enough: what is ours shows in the
# difference to a time without us.
_MANY, _LONG_ENOUGH = 30, 5.0
_COUNTER = re.compile(r'^apiserver_audit_(event|error|level)_total(?:\{\w+="([^"]*)"\})? ([0-9.e+]+)$', re.MULTILINE)


def flags(ctx: Context) -> dict[str, dict[str, str]]:
    """The audit flags of each API server that runs as a pod whose command can be seen; {} where there is none."""
    found = optional_get(ctx, _PODS, {"labelSelector": "component=kube-apiserver"}) or {}
    return {p["metadata"]["name"]: told for p in found.get("items") or [] if (told := _of_pod(p)) is not None}


def _of_pod(pod: Mapping[str, Any]) -> dict[str, str] | None:
    for container in (pod.get("spec") or {}).get("containers") or []:
        words = [w for w in (*(container.get("command") or ()), *(container.get("args") or ())) if isinstance(w, str)]
        if any(w.startswith(("--etcd-servers", "--secure-port", "--service-cluster-ip-range")) for w in words):
            return {m[1]: m[2] or "" for w in words if (m := _FLAG.match(w))}
    return None


def off(told: Mapping[str, str]) -> str:
    """Why an API server with these flags writes no audit event; empty where it does."""
    if not told.get("audit-policy-file"):
        return "has no --audit-policy-file"
    if not told.get("audit-log-path") and not told.get("audit-webhook-config-file"):
        return "has neither --audit-log-path nor --audit-webhook-config-file"
    return ""


def path(told: Mapping[str, Mapping[str, str]]) -> str:
    """The file that these API servers write; "" where that is not told, or not one."""
    paths = {f["audit-log-path"] for f in told.values() if f.get("audit-log-path", "-") not in ("", "-")}
    return paths.pop() if len(paths) == 1 else ""


def counters(client: PatientClient) -> dict[str, dict[str, float]] | str:
    """Of one API server: {"event": {"": n}, "error": {plugin: n}, "level": {level: n}}; why not, where it does not tell."""
    try:
        text = client.get("/metrics", raw=True, timeout=20.0)
    except ApiError as e:
        return e.message
    out: dict[str, dict[str, float]] = {"event": {}, "error": {}, "level": {}}
    for what, label, number in _COUNTER.findall(text):
        out[what][label] = float(number)
    return out


def grown(before: Mapping[str, Mapping[str, float]], after: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """By how much each counter grew, those that did not left out."""
    return {what: {label: number - before.get(what, {}).get(label, 0.0) for label, number in labels.items()
                   if number > before.get(what, {}).get(label, 0.0)} for what, labels in after.items()}


def while_asked(client: PatientClient, ask: Callable[[], int]) -> dict[str, Any] | str:
    """What an API server counts while ask() sends it requests, and tells how many: {"sent": n, "all": counters, "grown": counters}.

    Where others' requests may be taken for ours, by their number, it is asked more often, and "quiet" is by how much the counters grow in
    as long a time without ours. A sentence, where it does not tell.
    """
    told = _grown_while(client, ask)
    if isinstance(told, str) or not _unclear(told):
        return told
    start = time.monotonic()
    many = _grown_while(client, lambda: sum(ask() for _round in range(_MANY) if time.monotonic() < start + _LONG_ENOUGH))
    took = time.monotonic() - start
    if isinstance(many, str):
        return told
    time.sleep(took)
    later = counters(client)
    return told if isinstance(later, str) else {**many, "quiet": grown(many["all"], later)}


def _grown_while(client: PatientClient, ask: Callable[[], int]) -> dict[str, Any] | str:
    before = counters(client)
    if isinstance(before, str):
        return before
    sent = ask()
    after = counters(client)
    return after if isinstance(after, str) else {"sent": sent, "all": after, "grown": grown(before, after)}


def _unclear(told: Mapping[str, Any]) -> bool:
    """Whether as many requests as ours were audited, and as many were not."""
    levels = told["grown"]["level"]
    none = levels.get("None", 0.0)
    return min(none, sum(levels.values()) - none) >= told["sent"]
