# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 3: admission. What the API server said when it refused an object of ours, or one that a controller made for us."""
from __future__ import annotations

import re
from collections.abc import Iterator

from .dns_objects import silent
from .evidence import Candidate, Evidence, about, event_line, first_seen, unique, words
from .finding import Finding
from .paths import about_probes, provisioners, seen
from .rules_access import decisive, said

# Words of the API server, most special first; the group is the object in question.
_REFUSALS = (
    ("webhook.no-endpoints", "webhook", r'failed calling webhook "([^"]+)".*(?:no endpoints available for service'
                                        r'|connection refused|service "[^"]+" not found)'),
    ("webhook.ca-mismatch", "webhook", r'failed calling webhook "([^"]+)".*(?:x509|failed to verify certificate)'),
    # Every address of a webhook ends with its own limit, as ?timeout=10s.
    ("webhook.timeout", "webhook", r'failed calling webhook "([^"]+)".*(?:deadline exceeded|timeout(?!=)'
                                   r'|Timeout exceeded|no route to host|timed out)'),
    ("quota.exceeded", "resourcequota", r"exceeded quota: ([^,]+),"),
    ("quota.exceeded", "resourcequota", r"failed quota: ([^:]+): must specify"),
    ("quota.exceeded", "", r"(?:maximum|minimum) \S+ (?:usage|request|limit|storage)? ?\S* ?per \w+|LimitRange"
                           r"|max limit to request ratio per \w+"),
    ("admission.denied", "podsecurity", r'violates PodSecurity "([^"]+)"'),
    ("admission.denied", "webhook", r'admission webhook "([^"]+)" denied the request'),
    ("admission.denied", "policy", r"ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request"),
    ("admission.denied", "policy", r"unable to validate against any security context constraint()"),
)
_RESOURCE = re.compile(r'cannot \w+ resource "([^"/]+)')
# What components on the path cannot do their work without.
_NEEDS = {"dns": {"services", "endpointslices", "endpoints", "namespaces"},
          "storage": {"persistentvolumes", "persistentvolumeclaims", "storageclasses", "nodes", "csinodes", "pods",
                      "volumeattachments", "configmaps"}}
# DaemonSets of probes are called so, whatever follows.
_PROBE = "probe"


def refusal(text: str) -> tuple[str, str]:
    """(code, object) of an API server's refusal; empty texts for other words."""
    for code, kind, pattern in _REFUSALS:
        found = re.search(pattern, text, re.S)
        if found:
            name = found[1].strip() if kind and found.groups() else ""
            return code, f"{kind}/{name}" if kind and name else ""
    return "", ""


def _scope(ref: str, space: str) -> tuple[str, ...]:
    if ref.startswith("resourcequota/") and space:
        return (ref.replace("/", f"/{space}/", 1),)
    return (ref,) if ref else ()


def refused(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Our own object: by the error that the check ended with, or by its words where the check repeats them."""
    found = False
    for e in decisive(f):
        text = e.get("message") or ""
        code, ref = refusal(text)
        if code:
            found = True
            space = re.search(r"/namespaces/([^/]+)", e.get("path") or "")
            yield Candidate(code, "confirmed", _scope(ref, space[1] if space else ev.space), (said(e),))
    # Elsewhere a message may repeat what was said of somebody else's object.
    code, ref = refusal(f.message) if about_probes(f) else ("", "")
    if code and not found:
        yield Candidate(code, "confirmed", _scope(ref, ev.space), (f.message,), f.domain == "nodes")


def refused_for_us(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A pod that a controller was to make for us: FailedCreate of the DaemonSet of our probes, or on the path."""
    wanted = {(p.get("namespace", ""), p["name"]) for p in f.path if p["kind"] in ("DaemonSet", "Deployment", "StatefulSet", "Job")}
    for event in ev.events(namespace=ev.space) if ev.space else ():
        what = about(event)
        ours = (what.get("namespace", ""), what.get("name", "")) in wanted or (
            about_probes(f) and what.get("kind") == "DaemonSet" and str(what.get("name", "")).startswith(_PROBE))
        if event.get("reason") != "FailedCreate" or not ours:
            continue
        code, ref = refusal(words(event))
        if code:
            yield Candidate(code, "confirmed", _scope(ref, ev.space), (event_line(event),), f.domain == "nodes",
                            first_seen(event))


def _answered_elsewhere(f: Finding) -> bool:
    """Whether name servers answer some nodes and no word comes back to the others: what lacks there is no right of theirs.

    After a start of an API server its clients are refused for a moment, so that a line alone says little.
    """
    asked = seen(f, "dns", "internal")
    lost = [o for o in seen(f, "dns") if not o["ok"]]
    return bool(lost) and any(o["ok"] for o in asked) and all(map(silent, lost))


def component_forbidden(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A component on the path that may not read or do what it needs, by its own log."""
    if _answered_elsewhere(f):
        return
    components = {"dns": ev.dns_pods, "storage": lambda: provisioners(f, ev)}.get(f.domain, list)()
    found = [f"{key}: {text}" for key, text in ev.logs(components)
             if re.search(r'is forbidden: User "system:serviceaccount:', text)]
    # What it cannot work without; of other rights only their lack is certain, not that it matters here.
    needed = [text for text in found if (what := _RESOURCE.search(text)) and what[1] in _NEEDS[f.domain]]
    if found:
        user = re.search(r'User "system:serviceaccount:([^":]+):([^"]+)"', (needed or found)[0])
        scope = (f"serviceaccount/{user[1]}/{user[2]}",) if user else ()
        yield Candidate("rbac.missing", "confirmed" if needed else "suspected", scope, unique([*needed, *found])[:3], False)


RULES = (refused, refused_for_us, component_forbidden)
