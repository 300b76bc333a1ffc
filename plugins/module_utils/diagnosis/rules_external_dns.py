# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""external-dns, and the name servers of a zone that it writes to.

Words of external-dns are those of v0.22 (provider/rfc2136, controller), of AWS those of Route 53's API.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .evidence import Candidate, Evidence, Object, name_of, space_of, unique
from .finding import Finding
from .paths import line, seen

_CHECK = "external_dns"
_TROUBLE = re.compile(r'level=(error|fatal|warning)|"level":"(error|fatal|warning)"|error in dns\.Client')
# First match wins: a zone that it does not have is asked with no key either.
_SAID = (
    ("edns.zone-mismatch", re.compile(r"No available zone found for|[Nn]o hosted zone matching|no matching zones? ")),
    ("cloud.throttled", re.compile(r"Throttling|Rate exceeded|PriorRequestNotComplete|TooManyRequests")),
    ("cloud.permission", re.compile(r"AccessDenied|is not authorized to perform|AuthorizationFailed|403 Forbidden"
                                    r"|Error 403|InsufficientPermissions")),
    ("edns.provider-denied", re.compile(r"bad authentication|bad (key|signature)|BADKEY|BADSIG|BADTIME|NOTAUTH|REFUSED|[Uu]nauthorized")),
    ("edns.provider-unreachable", re.compile(r"i/o timeout|connection refused|no route to host|no such host|network is unreachable")),
    ("rbac.missing", re.compile(r"failed to sync \*|is forbidden: User")),
)
# A name server that gave no answer at all, as dig says it.
_SILENT = re.compile(r"^no answer|timed out|refused$|no servers could be reached|unreachable|communications error")


def _failed(f: Finding, *variants: str) -> list[dict[str, Any]]:
    return [o for o in seen(f, _CHECK, *variants) if not o["ok"]] if f.check == _CHECK else []


def _told(f: Finding) -> dict[str, Any]:
    told = f.observed.get("external_dns")
    return told if f.check == _CHECK and isinstance(told, dict) else {}


def _ref(f: Finding) -> str:
    return str(_told(f).get("ref") or "")


def _pods(f: Finding, ev: Evidence) -> list[Object]:
    _kind, _slash, rest = _ref(f).partition("/")
    space, _slash, name = rest.partition("/")
    return [p for p in ev.pods(space) if name and name_of(p).startswith(f"{name}-")]


def _server(o: dict[str, Any]) -> str:
    """The name server of an observation as an object of a scope."""
    called = str(o.get("target") or "").partition(" at ")[2]
    return f"nameserver/{called.partition(' (')[0]}" if called else ""


# ---- the program ------------------------------------------------------------------------------------------------
def away(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """No pod of it works, so that nobody writes and nobody removes."""
    ref = _ref(f)
    if not ref or not _failed(f, "made", "followed", "gone"):
        return
    for item in ev.items("deployments"):
        if f"deployment/{space_of(item)}/{name_of(item)}" == ref and not (item.get("status") or {}).get("availableReplicas"):
            wanted = (item.get("spec") or {}).get("replicas")
            yield Candidate("edns.not-running", "confirmed", (ref,), (f"{ref} has no available pod, of {wanted} that are wanted", f.message))


def said(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """What external-dns says of its own troubles."""
    if not _failed(f, "made", "followed", "gone"):
        return
    lines = [f"{key}: {text}" for key, text in ev.logs(_pods(f, ev)) if _TROUBLE.search(text)]
    for code, words in _SAID:
        found = [text for text in lines if words.search(text)]
        if found:
            sure = "probable" if code == "rbac.missing" and "forbidden" not in found[-1] else "confirmed"
            yield Candidate(code, sure, (_ref(f),), unique((*found[-3:], f.message)))
            return


def silent(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """It works and says nothing of names that no name server has: it does not look at our objects."""
    missed = [str(n) for n in f.observed.get("not_made") or ()]
    lines = [text for _key, text in ev.logs(_pods(f, ev))]
    everywhere = not [o for o in seen(f, _CHECK, "made") if o["ok"]]
    if missed and lines and everywhere and not any(n in text for n in missed for text in lines):
        yield Candidate("edns.not-watching", "suspected", (_ref(f),), (f"{_ref(f)} says nothing of {', '.join(missed)}", f.message))


def owner(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    bad = [o for o in _failed(f, "made") if "belongs to another" in str(o.get("error"))]
    if bad:
        yield Candidate("edns.owner-conflict", "confirmed", (_ref(f),), unique(map(line, bad))[:3])


# ---- name servers -----------------------------------------------------------------------------------------------
def authority(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A name server of the zone that answers nothing, or answers and does not have the zone."""
    for lame in (False, True):
        bad = [o for o in _failed(f, "authority") if ("without authority" in str(o.get("error"))) == lame]
        if bad:
            yield Candidate("dns.delegation" if lame else "dns.authority-down", "confirmed" if lame else "probable",
                            unique(map(_server, bad)), unique(map(line, bad))[:3])
    if f.check == _CHECK and f.observed.get("unknown_zone"):
        yield Candidate("dns.delegation", "suspected", (f"zone/{f.observed['unknown_zone']}",), (f.message,))


def behind(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """What one name server of the zone has, or has no more, another does not follow."""
    for variant in ("made", "followed", "gone"):
        bad = _failed(f, variant)
        good = {str(o["target"]).partition(" at ")[0] for o in seen(f, _CHECK, variant) if o["ok"]}
        late = [o for o in bad if str(o["target"]).partition(" at ")[0] in good and "belongs to another" not in str(o.get("error"))]
        if late and len(late) == len(bad):
            yield Candidate("dns.zone-stale", "confirmed", unique(map(_server, late)), unique(map(line, late))[:3])


def resolvers(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Recursive ones that answer otherwise than the zone's, of which all have it by then; those that say nothing are less sure."""
    bad = _failed(f, "resolved", "resolved followed", "resolved gone")
    told = [o for o in bad if not _SILENT.search(str(o.get("error")))]
    for those, sure in ((told, "confirmed"), (bad, "probable")):
        if those:
            name, _at, server = str(those[0].get("target")).partition(" at ")
            yield Candidate("dns.resolver-behind", sure, unique(
                "nameserver/of-pods" if "of pods" in _server(o) else _server(o) for o in those), unique(map(line, those))[:3],
                command="" if "of pods" in server else f"dig @{server} {name} A")
            return


def at_provider(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """What the provider itself still has, whatever name servers say."""
    left, zone = f.observed.get("left_at_provider") or [], f.observed.get("left_zone")
    if f.check == _CHECK and left and zone:
        yield Candidate("leak.provider", "confirmed", (f"hostedzone/{zone}",), tuple(f"Route 53 has {one}" for one in left),
                        command=f"aws route53 list-resource-record-sets --hosted-zone-id {zone} --start-record-name "
                                f"{f.observed.get('left_name')}")


def idle(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Nothing says why."""
    bad = _failed(f, "made", "followed", "gone")
    if bad:
        yield Candidate("edns.not-syncing", "suspected", tuple(x for x in (_ref(f),) if x), unique(map(line, bad))[:3])


RULES = (authority, behind, resolvers, owner, away, said, at_provider, silent, idle)
