# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Monitoring: the Prometheus operator, what Prometheis select, what they find, and what they say of targets."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .evidence import Candidate, Evidence, Object, event_line, name_of, space_of, unique
from .finding import Finding
from .paths import seen

_CODE = "prom.not-scraped"
_NOTHING = "its configuration has nothing of it"
_TARGET = re.compile(r"^(ServiceMonitor|PodMonitor) ([^/\s]+)/(\S+) by (Prometheus\w*) ([^/\s]+)/(\S+) \((.*)\)$")
# What the check says of what its options name, or of a cluster in which nobody looks for ours.
_ABSENT = (
    ("prometheus", re.compile(r"there is no Prometheus ([^/\s]+/\S+), which")),
    ("servicemonitor", re.compile(r"there is no ServiceMonitor or PodMonitor (\S+) \(namespace/name\)")),
    ("prometheus", re.compile(r"is looked for by Prometheus ([^/\s]+/\S+) \(")),
    ("prometheus", re.compile(r"Prometheus ([^/\s]+/\S+) selects no \w+Monitor of ours")),
    ("prometheus", re.compile(r"of Prometheus\w* ([^/\s]+/\S+) (?:could not be asked|answers)")),
    ("prometheus", re.compile(r"Prometheus\w* ([^/\s]+/\S+) asks for credentials")),
)
# Words of Prometheus (scrape/scrape.go, and the transport's below it) about one target: (pattern, confidence, remedy). That
# nothing came in time is no word about why.
_WORDS = (
    (r"connection refused", "confirmed",
     "nothing listens at that address: compare the port of the monitor's Service with what the pod listens on"),
    (r"server returned HTTP status 40[13]", "confirmed",
     "the target wants credentials: give the monitor authorization or basicAuth"),
    (r"server returned HTTP status", "confirmed",
     "the target has no metrics there: look at the path of the monitor's endpoint"),
    (r"x509:|tls: ", "confirmed", "the target's certificate is not trusted: look at tlsConfig of the monitor's endpoint"),
    (r"server gave HTTP response to HTTPS client|malformed HTTP response", "confirmed",
     "the scheme of the monitor's endpoint is not that of the target"),
    (r"unsupported Content-Type|expected .* got \"|while parsing: \"|invalid metric|received unsupported", "confirmed",
     "the target's answer is not in a format of metrics: look at the path, or set fallbackScrapeProtocol"),
    (r"(?:sample|label\w*|target)_limit exceeded|sample limit exceeded|body size limit exceeded", "confirmed",
     "the target shows more than a limit allows: look at the limits of the monitor and of the Prometheus"),
    (r"no route to host|no such host", "confirmed",
     "the target's address leads nowhere: look at the endpoints of its Service"),
    (r"context deadline exceeded|i/o timeout|Client\.Timeout", "probable",
     "look at how long the target takes, at scrapeTimeout, and at NetworkPolicies between it and Prometheus"),
)


@dataclass(frozen=True)
class Scrape:
    """An observation of a monitor by a Prometheus, taken apart. ours: a monitor that the run made."""

    monitor: str
    space: str
    prometheus: str
    pods: tuple[str, ...]
    ok: bool
    error: str
    line: str
    ours: bool

    @property
    def scope(self) -> str:
        return self.prometheus if self.ours else self.monitor


def _scrapes(f: Finding, ev: Evidence) -> list[Scrape]:
    out = []
    for o in seen(f, "scrape"):
        found = _TARGET.match(str(o.get("target") or ""))
        if found:
            kind, space, name, owner, where, who, pods = found.groups()
            out.append(Scrape(
                f"{kind.lower()}/{space}/{name}", space, f"{owner.lower()}/{where}/{who}",
                tuple(f"pod/{where}/{p}" for p in pods.split(", ")), bool(o["ok"]), str(o.get("error") or ""),
                f"{o['target']}: {'scraped' if o['ok'] else o.get('error')}", space == ev.space))
    return out


def _bad(f: Finding, ev: Evidence) -> list[Scrape]:
    return [s for s in _scrapes(f, ev) if not s.ok]


def precondition(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for kind, pattern in _ABSENT:
        if f.domain == "observability" and (found := pattern.search(f.message)):
            yield Candidate("harness.precondition", "confirmed", (f"{kind}/{found[1]}",), (f.message,))
            return


# ---- the operator ---------------------------------------------------------------------------------------------------
def _operators(ev: Evidence) -> list[tuple[Object, list[str]]]:
    """(Deployment, arguments) of what looks like a Prometheus operator."""
    out = []
    for d in ev.items("deployments"):
        for c in (((d.get("spec") or {}).get("template") or {}).get("spec") or {}).get("containers") or ():
            if re.search(r"/prometheus-operator(?:[:@]|$)", str(c.get("image") or "")):
                out.append((d, [str(a) for a in c.get("args") or ()]))
    return out


def operator(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Nobody has written the monitor into a configuration, and who would is away."""
    lines = [s.line for s in _bad(f, ev) if s.error == _NOTHING]
    found = [d for d, _args in _operators(ev)] if lines else []
    asleep = [d for d in found if not (d.get("status") or {}).get("availableReplicas")]
    if asleep and len(asleep) == len(found):
        refs = tuple(f"deployment/{space_of(d)}/{name_of(d)}" for d in asleep)
        told = (f"{r} has 0 of {d['spec'].get('replicas', 1)} replicas available" for r, d in zip(refs, asleep))
        yield Candidate("ctrl.not-progressing", "confirmed", refs, (*told, *lines[:4]), False, remedy="look at the pods of the Prometheus operator",
                        command=f"kubectl -n {space_of(asleep[0])} describe deployment {name_of(asleep[0])}")


def _flag(args: list[str], name: str) -> list[str]:
    """The values of a flag of lists."""
    told = [a.lstrip("-").partition("=") for a in args]
    return [v for key, _sign, values in told if key == name for v in values.split(",") if v]


def blind(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The operator is told to look at some namespaces only, and these are not among them."""
    for s in _bad(f, ev):
        if s.error != _NOTHING:
            continue
        for d, args in _operators(ev):
            only, never = _flag(args, "namespaces"), _flag(args, "deny-namespaces")
            if (only and s.space not in only) or s.space in never:
                flag = f"--namespaces={','.join(only)}" if only else f"--deny-namespaces={','.join(never)}"
                ref = f"deployment/{space_of(d)}/{name_of(d)}"
                yield Candidate(_CODE, "confirmed", (ref,), (f"{ref} runs with {flag}", s.line),
                                remedy=f"let the Prometheus operator look at namespace {s.space}")


def rejected(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The operator says that it does not take the monitor."""
    for o in [o for o in seen(f, "binding") if not o["ok"]]:
        kind, _space, ref = str(o["target"]).partition(" ")
        yield Candidate(_CODE, "confirmed", (f"{kind.lower()}/{ref}",),
                        (f"{o['target']} is not accepted for {o['variant']}: {o['error']}",),
                        remedy="correct the monitor as its operator says")
    for s in _bad(f, ev):
        kind, space, name = s.monitor.split("/")
        for event in ev.events(namespace=space, name=name) if s.error == _NOTHING else ():
            if event.get("reason") == "InvalidConfiguration":
                yield Candidate(_CODE, "confirmed", (s.monitor,), (event_line(event), s.line),
                                remedy="correct the monitor as its operator says")


# ---- its configuration ----------------------------------------------------------------------------------------------
def configuration(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A Prometheus that refuses what its operator writes, or is not given it."""
    reloads = {f"pod/{o['target']}": o for o in seen(f, "prometheus", "reload")}
    for pod, o in reloads.items():
        if not o["ok"]:
            space, _slash, name = str(o["target"]).partition("/")
            yield Candidate(_CODE, "confirmed", (pod,), (f"{o['target']}: {o['error']}",),
                            remedy="read in the pod's log what Prometheus refuses: mostly additionalScrapeConfigs",
                            command=f"kubectl -n {space} logs {name} -c prometheus --tail=50")
    scrapes = _scrapes(f, ev)
    for s in [s for s in scrapes if s.error == _NOTHING]:
        others = [o.line for o in scrapes if (o.monitor, o.prometheus) == (s.monitor, s.prometheus) and o.ok]
        late = [p for p in s.pods if p in reloads and reloads[p]["ok"]]
        if others and late:
            _pod, space, name = late[0].split("/")
            yield Candidate(_CODE, "probable", tuple(late), (s.line, *others[:2]),
                            remedy="look at the config-reloader of this pod: other replicas have the configuration",
                            command=f"kubectl -n {space} logs {name} -c config-reloader --tail=50")


def rights(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The authorizer's own word about the Prometheus' account."""
    for o in [o for o in seen(f, "right") if not o["ok"]]:
        space, name = str(o["target"]).split(":")[2:4]
        words = str(o["variant"]).split()  # list RESOURCE in namespace NAME
        yield Candidate("rbac.missing", "confirmed", (f"serviceaccount/{space}/{name}",),
                        (f"{o['target']} may not {o['variant']}: {o['error']}", *(s.line for s in _bad(f, ev)[:2])),
                        remedy="give the ServiceAccount a role to get, list and watch services, endpoints, endpointslices and "
                               f"pods in {words[-1]}",
                        command=f"kubectl auth can-i {words[0]} {words[1]} -n {words[-1]} --as={o['target']}")


# ---- what is selected, found, answered ------------------------------------------------------------------------------
def selected(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    told: dict[str, list[dict[str, Any]]] = {}
    for o in seen(f, "selected"):
        told.setdefault(str(o["target"]), []).append(o)
    for target, all_of in told.items():
        kind, _space, ref = target.partition(" ")
        yield Candidate(_CODE, "confirmed", (f"{kind.lower()}/{ref}",),
                        tuple(f"Prometheus {o['variant']}: {o['error']}" for o in all_of),
                        remedy="give the monitor, or its namespace, the labels that a Prometheus selects")
    for o in seen(f, "endpoints"):
        kind, _space, ref = str(o["target"]).partition(" ")
        lines = [s.line for s in _bad(f, ev) if s.monitor == f"{kind.lower()}/{ref}"]
        yield Candidate(_CODE, "confirmed", (f"{kind.lower()}/{ref}",), (f"{o['target']}: {o['error']}", *lines[:2]),
                        remedy="correct the selector or the name of the port in the monitor")


def relabelled(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Targets are found and all left out, and there are relabelings that can do that."""
    for o in seen(f, "relabelings"):
        lines = [s.line for s in _bad(f, ev) if str(o["target"]) in s.line]
        kind, ref = str(o["target"]).split(" ")[:2]
        yield Candidate(_CODE, "probable", (f"{kind.lower()}/{ref}",), (f"{o['target']}: {o['error']}", *lines[:2]),
                        remedy="look at these relabelings: all targets that are found are left out")


def targets(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    scrapes = _scrapes(f, ev)
    for s in [s for s in scrapes if not s.ok]:
        for pattern, sure, remedy in _WORDS:
            if re.search(pattern, s.error):
                some = any(o.ok and (o.monitor, o.prometheus) == (s.monitor, s.prometheus) for o in scrapes)
                yield Candidate(_CODE, sure, (s.scope, *(s.pods if some else ())), (s.line,), remedy=remedy)
                break
        else:
            if s.error.startswith(("it dropped all", "it finds no target")):
                yield Candidate(_CODE, "suspected", (s.scope,), (s.line,),
                                remedy="compare the monitor with its Service and pods; look at relabelings of the Prometheus")
    for o in [o for o in seen(f, "query") if not o["ok"]]:
        yield Candidate(_CODE, "probable", (), unique((f"{o['target']}: scraped, but {o['error']}",)),
                        remedy="look at what drops samples: metricRelabelings of scrape classes, limits, the clock of its node")


RULES = (precondition, operator, rejected, blind, configuration, rights, selected, relabelled, targets)
