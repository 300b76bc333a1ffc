# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers 0 and 1: our own rights, the API server, etcd, the controllers."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..results.record import INCONCLUSIVE
from .evidence import Candidate, Evidence, unique
from .finding import Finding
from .paths import names, seen

Error = dict[str, Any]
_CONTROL = "control_plane"
_ETCD_SPACE = re.compile(r"mvcc: database space exceeded")
_ETCD = re.compile(r"etcdserver: (request timed out|leader changed|no leader|server stopped|too many requests)"
                   r"|^\[-\]etcd\b|\betcd(-readiness)? failed\b|etcd client connection not yet established", re.M)
_ETCD_SLOW = re.compile(r"apply request took too long|slow fdatasync|leader failed to send out heartbeat on time")
_SERVER_SLOW = re.compile(r"request did not complete within|context deadline exceeded|unable to return a response in the "
                          r"time allotted|etcdserver")
_CHECK = re.compile(r"^\[-\](\S+) (failed.*)$", re.M)
_MISSING = re.compile(r"there is no (StorageClass|Service) (\S+?)(;|$)")
_DYING = re.compile(r"unable to create new content in namespace (\S+) because it is being terminated")
# A leader renews its Lease every 2 s and loses it after 15 s; three times that is no hiccup.
_LEADER = 45.0
# Who has to act for the words of a check that waited in vain.
_WAITED = ((r"has no default ServiceAccount|serviceaccount \"default\" not found", "kube-controller-manager"),
           (r"endpoints of |no probe pod was made", "kube-controller-manager"),
           (r"with its volume ends: not within", "kube-scheduler"))


def said(e: Error) -> str:
    """An API error as a line of evidence."""
    status = f"{e['status']} " if e.get("status") else ""
    return f"{e.get('method', '')} {e.get('path', '')}: {status}{e.get('message', '')}".strip()


def decisive(f: Finding) -> list[Error]:
    """Errors that the finding ended with; those that it got over are no cause."""
    return [e for e in f.errors if f.verdict == INCONCLUSIVE or (e.get("message") or "\0")[:120] in f.message]


def all_errors(f: Finding, ev: Evidence) -> list[Error]:
    """The finding's own errors; those of connecting concern every check."""
    return [*decisive(f), *ev.items("api_errors")]


def precondition(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    found = _MISSING.search(f.message)
    if found:
        kind = found[1].lower()
        yield Candidate("harness.precondition", "confirmed", (f"{kind}/{found[2]}",), (f.message,))


def forbidden(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for e in decisive(f):
        if e.get("status") == 403 and e.get("verb"):
            yield Candidate("harness.forbidden", "confirmed", (f"permission/{e['verb']} {e['resource']}",), (said(e),))


def credentials(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for e in all_errors(f, ev):
        if e.get("kind") == "tls":
            yield Candidate("api.tls", "confirmed", (), (said(e),))
        elif e.get("status") == 401:
            yield Candidate("api.unauthenticated", "confirmed", (), (said(e),))


def _texts(f: Finding, ev: Evidence) -> list[str]:
    """All that the API server said about its health, and in its errors."""
    health = [f"[-]{o['target'].rpartition('/')[2]} {o.get('error') or 'failed'}" for o in seen(f, "api", "health")
              if not o["ok"]]
    return [*health, *(e.get("message") or "" for e in [*f.errors, *ev.items("api_errors")]), ev.data.get("readyz") or ""]


def etcd(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    texts = _texts(f, ev)
    full = [line for text in texts for line in text.splitlines() if _ETCD_SPACE.search(line)]
    if full:
        yield Candidate("etcd.space", "confirmed", (), unique(full)[:4])
    sick = [line.strip() for text in texts for line in text.splitlines() if _ETCD.search(line.strip())]
    if sick:
        slow = [said(e) for e in [*f.errors, *ev.items("api_errors")]
                if e.get("kind") == "timeout" or _SERVER_SLOW.search(e.get("message") or "")]
        yield Candidate("etcd.unhealthy", "confirmed", (), unique([*sick, *slow])[:6])


def unreachable(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    lost = [e for e in all_errors(f, ev) if e.get("kind") in ("unreachable", "dns")]
    silent = [e for e in ev.items("api_errors") if e.get("kind") == "timeout"]
    if lost:
        sure = "confirmed" if f.domain == _CONTROL or ev.items("api_errors") else "probable"
        yield Candidate("api.unreachable", sure, (), unique(map(said, lost))[:4])
    elif silent and not ev.data.get("readyz"):
        yield Candidate("api.unreachable", "probable", (), unique(map(said, silent))[:4])


def overloaded(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """429 of the API server itself; slow reads while etcd says that it is well."""
    turned = [said(e) for e in decisive(f)
              if e.get("status") == 429 and "disruption budget" not in (e.get("message") or "")]
    if turned:
        yield Candidate("api.overloaded", "confirmed", (), unique(turned)[:4])
        return
    late = [said(e) for e in decisive(f) if e.get("status") == 504
            and _SERVER_SLOW.search(e.get("message") or "") and "etcd" not in (e.get("message") or "")]
    if late and "[+]etcd ok" in (ev.data.get("readyz") or ""):
        yield Candidate("api.overloaded", "suspected", (), (*unique(late)[:4], "[+]etcd ok"))


def failed_checks(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Other lines of /livez and /readyz, and single replicas that are not ready."""
    if f.domain != _CONTROL:
        return
    bad = {name: text for name, text in _CHECK.findall("\n".join(_texts(f, ev))) if not name.startswith("etcd")}
    if bad:
        yield Candidate("api.check-failed", "confirmed", tuple(f"check/{n}" for n in sorted(bad)),
                        tuple(f"[-]{n} {w}" for n, w in sorted(bad.items()))[:6])
    for o in seen(f, "api", "replica"):
        if not o["ok"]:
            failed = o.get("error") or ""
            code = "etcd.unhealthy" if "etcd" in failed else "api.check-failed"
            yield Candidate(code, "confirmed", (f"address/{o['target']}",), (f"{o['target']}: {failed or 'not ready'}",))


def aggregated(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    bad = [o for o in seen(f, "api", "aggregated") if not o["ok"]]
    if bad:
        yield Candidate("api.aggregated-down", "confirmed", tuple(f"apiservice/{o['target']}" for o in bad),
                        tuple(f"apiservice/{o['target']} Available=False {o.get('error')}" for o in bad))


def slow_etcd(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    if f.domain != _CONTROL:
        return
    speed = {o.get("variant"): o for o in seen(f, "api") if o.get("target") == "latency"}
    write, read = speed.get("write"), speed.get("read")
    if write and read and not write["ok"] and read["ok"]:
        lines = [f"median write {write['seconds']} s, median read {read['seconds']} s"]
        etcd_pods = [p for p in ev.pods("kube-system") if (p["metadata"].get("labels") or {}).get("component") == "etcd"]
        lines += [f"{key}: {text}" for key, text in ev.logs(etcd_pods) if _ETCD_SLOW.search(text)][:4]
        yield Candidate("etcd.slow", "confirmed" if len(lines) > 1 else "suspected", (), tuple(lines))


def controllers(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Nothing happened that a controller has to do; its stale Lease says that it is the controller."""
    for pattern, who in _WAITED:
        if not re.search(pattern, f.message):
            continue
        age = ev.leader_age(who)
        if age is not None and age > _LEADER:
            yield Candidate("ctrl.not-progressing", "probable", (f"controller/{who}",), (
                f"lease/kube-system/{who} not renewed for {age:.0f} s", f.message))
        elif "ServiceAccount" in f.message:
            yield Candidate("ctrl.not-progressing", "suspected", (f"controller/{who}",), (f.message,))
        return


def dying_namespace(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for e in decisive(f):
        found = _DYING.search(e.get("message") or "")
        if found:
            yield Candidate("ns.stuck", "confirmed", (f"namespace/{found[1]}",), (said(e),))


def not_gone(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """An object of ours that was deleted and is still there: who holds it."""
    found = re.search(r"(?:^|: )(\w+) (\S+) gone(?: after its claim)?: not within", f.message)
    if not found:
        return
    kind, name = found[1].lower(), found[2]
    lines = [f.message]
    for item in [*ev.items("pods"), *ev.items("pvcs")]:
        meta = item["metadata"]
        if meta["name"] == name and meta.get("finalizers"):
            lines.append(f"{kind}/{name} is held by finalizers {', '.join(meta['finalizers'])}")
    space = next((s for s, n in names(f, found[1]) if n == name), "")
    kind = "persistentvolume" if kind == "volume" else kind
    yield Candidate("leak.cleanup-stuck", "probable" if len(lines) > 1 else "suspected",
                    ("/".join(x for x in (kind, space, name) if x),), tuple(lines))


RULES = (precondition, forbidden, credentials, etcd, unreachable, overloaded, failed_checks, aggregated, slow_etcd,
         controllers, dying_namespace, not_gone)
