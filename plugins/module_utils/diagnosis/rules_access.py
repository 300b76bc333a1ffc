# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers 0 and 1: our own rights, the API server, etcd, the controllers."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..results.record import INCONCLUSIVE
from . import rules_controllers
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
_ANONYMOUS = "system:anonymous"
_NOBODY = re.compile(rf'User "{_ANONYMOUS}"')
_CANNOT = re.compile(r'User "([^"]+)" cannot (\w+) (?:resource|path) "([^"]+)"')
# As the client of AWS says it.
_CLOUD_RIGHT = re.compile(r"the right ([\w-]+:\w+) is missing")
# So many characters of an error's words, found in a message, show that the message quotes it.
_QUOTED = 120


def said(e: Error) -> str:
    """An API error as a line of evidence."""
    status = f"{e['status']} " if e.get("status") else ""
    return f"{e.get('method', '')} {e.get('path', '')}: {status}{e.get('message', '')}".strip()


def quoted(e: Error, f: Finding) -> bool:
    """Whether the finding's message has the words of this error."""
    return (e.get("message") or "\0")[:_QUOTED] in f.message


def decisive(f: Finding) -> list[Error]:
    """Errors that the finding ended with; those that it got over are no cause."""
    return [e for e in f.errors if f.verdict == INCONCLUSIVE or quoted(e, f)]


def all_errors(f: Finding, ev: Evidence) -> list[Error]:
    """The finding's own errors; those of connecting concern every check."""
    return [*decisive(f), *ev.items("api_errors")]


def precondition(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    found = _MISSING.search(f.message)
    if found:
        kind = found[1].lower()
        yield Candidate("harness.precondition", "confirmed", (f"{kind}/{found[2]}",), (f.message,))


def expected_feature(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The inventory expects it and the check found nothing to prove: that alone is the fault."""
    yield Candidate("feature.absent", "confirmed", (f"check/{f.observed['expected_feature']}",), (f.message,))


def forbidden(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """What our user may not do, where that ended the check; what it can do without ends none."""
    told = [(e["verb"], e.get("resource"), said(e)) for e in f.errors if e.get("status") == 403 and e.get("verb")
            and quoted(e, f) and not _NOBODY.search(e.get("message") or "")]
    if not told and f.verdict == INCONCLUSIVE:  # of what is shared by all checks, or asked by another way, only words are left
        told = [(verb, what, f.message) for user, verb, what in _CANNOT.findall(f.message)
                if not user.startswith("system:serviceaccount:kube-system:") and user != _ANONYMOUS][:1]
    for verb, what, line in told:
        yield Candidate("harness.forbidden", "confirmed", (f"permission/{verb} {what}",), (line,))


def provider(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """A cloud that an option names, and that could not be asked: for want of a right, or as the option is wrong."""
    why = str(f.observed.get("provider_unasked") or "")
    if not why or f.verdict != INCONCLUSIVE:
        return
    lacks = _CLOUD_RIGHT.search(why)
    if lacks:
        yield Candidate("harness.forbidden", "confirmed", (f"permission/{lacks[1]}",), (why,), command="aws sts get-caller-identity",
                        remedy="add the action to the policy; the playbook assay.clusters.aws_policy writes it")
    else:
        yield Candidate("harness.precondition", "confirmed", (), (why,))


def _at(ev: Evidence) -> str:
    server = ev.data.get("server")
    return f"asked at {server}" if server and isinstance(server, str) else ""


def credentials(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Errors of certificates and credentials; where the same ones have read the evidence, they are good now."""
    works = any(ev.items(k) for k in ("nodes", "pods", "services")) and not ev.items("api_errors")
    sure = "suspected" if works else "confirmed"
    for e in all_errors(f, ev):
        if e.get("kind") == "tls":
            yield Candidate("api.tls", sure, (), unique((said(e), _at(ev))))
        elif e.get("status") == 401 or (e.get("status") == 403 and _NOBODY.search(e.get("message") or "")):
            yield Candidate("api.unauthenticated", sure, (), unique((said(e), _at(ev))))
    if f.verdict == INCONCLUSIVE and _NOBODY.search(f.message) and not f.errors:
        yield Candidate("api.unauthenticated", sure, (), unique((f.message, _at(ev))))


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
    # What stands before an API server answers for it while it is away.
    silent = [e for e in ev.items("api_errors") if e.get("kind") == "timeout" or e.get("status") in (502, 503, 504)]
    if lost:
        sure = "confirmed" if f.domain == _CONTROL or ev.items("api_errors") else "probable"
        yield Candidate("api.unreachable", sure, (), (*unique(map(said, lost))[:4], *filter(None, (_at(ev),))))
    elif silent and not ev.data.get("readyz"):
        yield Candidate("api.unreachable", "probable", (), (*unique(map(said, silent))[:4], *filter(None, (_at(ev),))))


def overloaded(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """429 of the API server itself; slow reads while etcd says that it is well."""
    turned = [e for e in decisive(f) if e.get("status") == 429 and "disruption budget" not in (e.get("message") or "")]
    if turned:  # a page is of whoever stands before the API server
        page = all(e.get("page") for e in turned)
        yield Candidate("api.overloaded", "probable" if page else "confirmed", (), unique(map(said, turned))[:4])
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


RULES = (precondition, provider, forbidden, credentials, etcd, unreachable, overloaded, failed_checks, aggregated, slow_etcd,
         *rules_controllers.RULES, dying_namespace, not_gone)
