# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers 0 and 1: our own rights, the API server, etcd."""
from __future__ import annotations

import re
from collections.abc import Iterator

from .evidence import Candidate, Evidence
from .finding import Finding

_ETCD_SPACE = re.compile(r"mvcc: database space exceeded")
_ETCD = re.compile(r"etcdserver: (request timed out|leader changed|no leader)|\[-\]etcd\b|etcd failed")
_SERVER_TIMEOUT = re.compile(r"Timeout: request did not complete|context deadline exceeded")
_FAILED_CHECK = re.compile(r"^\[-\](\S+) (failed.*)$", re.M)


def _errors(f: Finding, ev: Evidence) -> list[dict]:
    """The finding's own errors first; those of connecting concern every check."""
    return [*f.errors, *ev.items("api_errors")]


def _said(e: dict) -> str:
    status = f"{e['status']} " if e.get("status") else ""
    return f"{e.get('method', '')} {e.get('path', '')}: {status}{e.get('message', '')}".strip()


def forbidden(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for e in f.errors:
        if e.get("status") == 403 and e.get("verb"):
            yield Candidate("harness.forbidden", "confirmed", (f"permission/{e['verb']} {e['resource']}",), (_said(e),))


def credentials(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for e in _errors(f, ev):
        if e["kind"] == "tls":
            yield Candidate("api.tls", "confirmed", (), (_said(e),))
        elif e.get("status") == 401:
            yield Candidate("api.unauthenticated", "confirmed", (), (_said(e),))


def etcd(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    texts = [e.get("message", "") for e in _errors(f, ev)] + [ev.data.get("readyz", "")] + [
        f"{o['target']}: {o['error']}" for o in f.observations if o["kind"] == "api" and not o["ok"]]
    for text in texts:
        found = _ETCD_SPACE.search(text)
        if found:
            yield Candidate("etcd.space", "confirmed", (), (found[0],))
    sick = [line.strip() for text in texts for line in text.splitlines() if _ETCD.search(line)]
    slow = [_said(e) for e in _errors(f, ev) if e["kind"] == "timeout" or _SERVER_TIMEOUT.search(e.get("message", ""))]
    if sick:
        yield Candidate("etcd.unhealthy", "confirmed", (), tuple(dict.fromkeys([*sick, *slow]))[:6])


def unreachable(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    lost = [e for e in ev.items("api_errors") if e["kind"] in ("unreachable", "dns", "timeout")]
    if f.domain == "control_plane":
        lost += [e for e in f.errors if e["kind"] in ("unreachable", "dns")]
    if lost:
        yield Candidate("api.unreachable", "confirmed" if lost[0]["kind"] != "timeout" else "probable", (),
                        tuple(dict.fromkeys(_said(e) for e in lost))[:4])


def overloaded(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    turned = [_said(e) for e in f.errors if e.get("status") == 429 and "disruption budget" not in e.get("message", "")]
    if turned:
        yield Candidate("api.overloaded", "confirmed", (), tuple(dict.fromkeys(turned))[:4])


def failed_checks(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    if f.domain != "control_plane":
        return
    text = "\n".join([ev.data.get("readyz", ""), *(e.get("message", "") for e in _errors(f, ev))])
    bad = dict(_FAILED_CHECK.findall(text))
    if bad:
        yield Candidate("api.check-failed", "confirmed", tuple(f"check/{n}" for n in sorted(bad)),
                        tuple(f"[-]{n} {w}" for n, w in sorted(bad.items()))[:6])


def aggregated(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    bad = [o for o in f.observations if o["kind"] == "api" and o["variant"] == "aggregated" and not o["ok"]]
    if bad:
        yield Candidate("api.aggregated-down", "probable", tuple(f"apiservice/{o['target']}" for o in bad),
                        tuple(f"apiservice/{o['target']} {o['error']}" for o in bad))


def slow_etcd(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    speed = {o["variant"]: o for o in f.observations if o["kind"] == "api" and o["target"] == "latency"}
    if not speed.get("write", {"ok": True})["ok"] and speed.get("read", {"ok": False})["ok"]:
        yield Candidate("etcd.slow", "suspected", (), (
            f"median write {speed['write']['seconds']} s, read {speed['read']['seconds']} s",))


def controllers(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    if "has no default ServiceAccount" in f.message:
        yield Candidate("ctrl.not-progressing", "suspected", ("controller/kube-controller-manager",), (f.message,))


RULES = (forbidden, credentials, etcd, unreachable, overloaded, failed_checks, aggregated, slow_etcd, controllers)
