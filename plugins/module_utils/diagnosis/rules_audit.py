# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Audit logs: what the check found there, and what API servers count and are told, say together why something is not there."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..results.record import INCONCLUSIVE
from .evidence import Candidate, Evidence
from .finding import Finding
from .paths import seen

_FILES = ("logs", "kubelet", "pods")
_NONE = "None"


def _by_server(f: Finding) -> dict[str, dict[str, str]]:
    """What is not all there: API server -> kind of request -> "0 of 2 found", "" where all of it is."""
    out: dict[str, dict[str, str]] = {}
    for o in seen(f, "audit"):
        out.setdefault(o["target"], {})[o["variant"]] = o.get("error") or ""
    return out


def _silent(told: Mapping[str, str]) -> bool:
    return bool(told) and all(words.startswith("0 of ") for words in told.values())


def _lacking(f: Finding) -> dict[str, list[str]]:
    """The kinds that must be there and are not, by API server."""
    out: dict[str, list[str]] = {}
    for o in seen(f, "audit"):
        if not o["ok"]:
            out.setdefault(o["target"], []).append(o["variant"])
    return out


def _scope(server: str) -> tuple[str, ...]:
    return (f"address/{server}",) if server else ()


def _counts(f: Finding, server: str) -> dict[str, Any]:
    """{"sent": n, "all": counters, "grown": counters} of an API server that told them, else {}."""
    found = (f.observed.get("audit_counters") or {}).get(server)
    return found if isinstance(found, dict) else {}


def _events(counts: Mapping[str, Any], when: str) -> float:
    return sum((counts.get(when) or {}).get("event", {}).values())


def _found_lines(f: Finding) -> tuple[str, ...]:
    return tuple(f"API server {server}: " + ", ".join(f"{kind}: {words or 'all found'}" for kind, words in sorted(told.items()))
                 for server, told in sorted(_by_server(f).items()))


def _from_files(f: Finding) -> bool:
    return f.observed.get("audit_source") in _FILES


def _errors(f: Finding, server: str) -> dict[str, float]:
    """By how much errors of its audit backends grew, by plugin. What a webhook's are about is never in a file."""
    grown = (_counts(f, server).get("grown") or {}).get("error", {})
    return {plugin: n for plugin, n in grown.items() if not (plugin == "webhook" and _from_files(f))}


def failing(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """An API server that counts errors of its audit backend just while it is asked."""
    for server in _lacking(f):
        counts, errors = _counts(f, server), _errors(f, server)
        if errors:
            yield Candidate("audit.backend-failed", "confirmed", _scope(server), tuple(
                f'apiserver_audit_error_total{{plugin="{plugin}"}} of API server {server} grew by {n:.0f} while it was asked'
                f" {counts['sent']} requests" for plugin, n in sorted(errors.items())))


def _off(f: Finding, server: str) -> str:
    """That an API server writes no audit event at all, as a line of what it says of itself."""
    counts = _counts(f, server)
    levels = (counts.get("all") or {}).get("level", {})
    if counts and not _events(counts, "all") and not levels:
        return f"API server {server} has answered requests and counts none for auditing: apiserver_audit_event_total 0, no" \
            " apiserver_audit_level_total"
    return ""


def _told_off(f: Finding) -> tuple[str, ...]:
    """Of all API servers whose flags are seen, where none is told to write audit events."""
    flags = f.observed.get("audit_flags") or {}
    silent = [name for name, told in flags.items() if isinstance(told, dict) and (
        not told.get("audit-policy-file") or not (told.get("audit-log-path") or told.get("audit-webhook-config-file")))]
    return tuple(f"pod/kube-system/{name} has no --audit-policy-file, or nowhere to write" for name in silent) \
        if flags and len(silent) == len(flags) else ()


def _levels(counts: Mapping[str, Any]) -> tuple[float, float]:
    """(requests at level None, requests at the others) while the API server was asked; each request counts at one of them. Those of
    others are taken off where they were counted."""
    grown, quiet = ((counts.get(part) or {}).get("level", {}) for part in ("grown", "quiet"))
    none, all_ = (grown.get(_NONE, 0.0) - quiet.get(_NONE, 0.0), sum(grown.values()) - sum(quiet.values()))
    return none, all_ - none


def _are_ours(counts: Mapping[str, Any], these: float, those: float) -> bool:
    """Whether our requests are among these, and not among those. Where others' are taken off, they are as many by a third: they do not
    come evenly."""
    if not counts:
        return False
    enough, few = (counts["sent"] * 2 / 3, counts["sent"] / 3) if "quiet" in counts else (counts["sent"], counts["sent"])
    return these >= enough and those < few


def _without_others(counts: Mapping[str, Any]) -> str:
    return " (those in as long a time without our requests are taken off)" if "quiet" in counts else ""


def _dropped(f: Finding, server: str) -> str:
    """That the policy drops what we asked, as a line."""
    counts = _counts(f, server)
    none, others = _levels(counts)
    return f'apiserver_audit_level_total{{level="{_NONE}"}} of API server {server} grew by {none:.0f}, and the other levels' \
        f" by {others:.0f}, while it was asked {counts['sent']} requests{_without_others(counts)}" if _are_ours(counts, none, others) else ""


def _wrote(f: Finding, server: str) -> str:
    """That an API server audits as many requests as it was asked, as a line."""
    counts = _counts(f, server)
    none, others = _levels(counts)
    return f"API server {server} audited {others:.0f} requests, and left out {none:.0f}, while it was asked" \
        f" {counts['sent']}{_without_others(counts)}" if _are_ours(counts, others, none) else ""


def nothing(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """API servers of which nothing is there: all of them, or some beside others that write."""
    told = _by_server(f)
    silent = sorted(server for server in told if _silent(told[server]))
    if not silent:
        return
    every, lines = len(silent) == len(told), _found_lines(f)
    errors = [s for s in silent if _errors(f, s)]
    off = {s: line for s in silent if (line := _off(f, s))}
    dropped = {s: line for s in silent if (line := _dropped(f, s))}
    wrote = {s: line for s in silent if (line := _wrote(f, s))}
    flags = _told_off(f)
    if errors and len(errors) == len(silent):
        return
    scope = () if every else tuple(x for s in silent for x in _scope(s))
    if not every and not (wrote and not _from_files(f)):
        sure = "confirmed" if _from_files(f) or len(off) == len(silent) else "probable"
        yield Candidate("audit.partial", sure, scope, (*lines, *off.values(), *dropped.values()))
    elif len(off) == len(silent) or (every and flags):
        yield Candidate("audit.off", "confirmed", scope, (*off.values(), *flags, *lines))
    elif len(dropped) == len(silent):
        sure = "probable" if any("quiet" in _counts(f, s) for s in dropped) else "confirmed"
        yield Candidate("audit.policy", sure, scope, (*dropped.values(), *lines))
    elif wrote and not _from_files(f):
        yield Candidate("audit.sink-behind", "probable", scope, (*wrote.values(), *lines))
    elif wrote:
        elsewhere = f"events are written, and not to {f.observed.get('looked_at')}"
        yield Candidate("harness.precondition", "suspected", scope, (elsewhere, *wrote.values(), *lines))
    elif any(_events(_counts(f, s), "all") for s in silent):  # something is audited, whether ours is cannot be told
        yield Candidate("audit.policy", "suspected", scope, (f.message, *lines))
    else:
        yield Candidate("audit.off", "suspected", scope, (f.message, *lines))


def some(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """Of one API server some kinds are there every time, and others never: nothing but its policy tells them apart. Some of
    one kind: they were lost, or are still on their way."""
    told = _by_server(f)
    never, lost = {}, []
    for server, kinds in _lacking(f).items():
        words = told[server]
        if _silent(words):
            continue
        if any(not w for w in words.values()) and all(words[k].startswith("0 of ") for k in kinds):
            never[server] = kinds
        else:
            lost.append(server)
    if never:
        scope = () if len(never) == len(told) else tuple(x for s in sorted(never) for x in _scope(s))
        yield Candidate("audit.policy", "confirmed", scope, _found_lines(f))
    if lost and not _from_files(f):
        yield Candidate("audit.sink-behind", "suspected", tuple(x for s in sorted(lost) for x in _scope(s)), _found_lines(f))


def no_source(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """Where events are kept could not be asked."""
    if f.verdict != INCONCLUSIVE:
        return
    for key, code in (("audit_down", "audit.sink-unavailable"), ("audit_forbidden", "harness.forbidden"),
                      ("audit_bad_option", "harness.precondition"), ("audit_unasked", "harness.precondition")):
        if f.observed.get(key):
            yield Candidate(code, "confirmed", (), (str(f.observed[key]),))


RULES = (failing, nothing, some, no_source)
