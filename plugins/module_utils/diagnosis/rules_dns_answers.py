# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 7: what cluster DNS answers. Servers that say the wrong thing, know too little, or have no upstream."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .dns_objects import config_ref, config_remedy, covers, covers_address, logs_command, plugin_lines, silent
from .evidence import Candidate, Evidence, ready
from .finding import Finding
from .paths import line, seen

_UPSTREAM = re.compile(r"plugin/errors: .*(?:i/o timeout|connection refused|no route to host|network is unreachable)")
_UNSYNCED = re.compile(r"plugin/kubernetes: .*(?:unsynced|Failed to (?:watch|list)|i/o timeout)")
# Every server says this while it starts; of one that is ready it is past.
_STARTING = re.compile(r"plugin/ready: .*kubernetes")
_OTHER_DOMAIN = re.compile(r"PTR (\S+\.svc\.\S+), expected PTR (\S+)")
_ANSWERS = ("internal", "tcp", "search", "srv", "ptr", "headless", "nxdomain", "direct", "direct_tcp")
# What servers say of names that they know: if this is right, they know the cluster, and our new Services.
_KNOWN = ("internal", "tcp", "srv", "headless")
# These are wrong by the configuration alone, whatever servers know.
_BY_CONFIG = {"ptr", "nxdomain"}

Seen = list[dict[str, Any]]


def _nodes(asked: Seen) -> set[str]:
    return {o["from_node"] for o in asked}


# ---- names outside ----------------------------------------------------------------------------------------------
def upstream(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Names in the cluster resolve everywhere, those outside do not, with or without a trailing dot.

    One name may be nobody's, or its own servers dead: that the way up is broken is sure where another zone fails, too.
    """
    outside, inside = seen(f, "dns", "external", "external_fqdn"), seen(f, "dns", "internal")
    dotted = [o for o in outside if o.get("variant") == "external_fqdn"] or outside
    bad = [o for o in dotted if not o["ok"]]
    if not bad or not inside or not all(o["ok"] for o in inside):
        return
    logs = [f"{key}: {text}" for key, text in ev.logs(ev.dns_pods()) if _UPSTREAM.search(text)][-3:]
    other = [o for o in seen(f, "dns", "upstream") if o["from_node"] in _nodes(bad)]
    # A cache may still know the name; a name that does not exist is perhaps just that.
    all_red, absent = len(bad) == len(dotted), all("NXDOMAIN" in (o.get("error") or "") for o in bad)
    remedy = ""
    if any(o["ok"] for o in other):
        sure = "suspected"
        remedy = f"the forwarders answer for other zones: look at {bad[0]['target']} itself, and at the servers of its zone"
    elif logs or (all_red and not absent and other):
        sure = "confirmed"
    else:
        sure = "probable" if all_red and len(bad) > 1 else "suspected"
    yield Candidate("dns.upstream", sure, (), (*map(line, [*bad[:4], *other[:2], *inside[:1]]), *logs), remedy=remedy,
                    command=logs_command(ev))


def form(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """An external name that resolves with a trailing dot only is swallowed by the search path, there where it is."""
    plain, dotted = seen(f, "dns", "external"), seen(f, "dns", "external_fqdn")
    # Where the cluster's own names fail, a search ends with them; what answers with a dot is a cache, or another server.
    good = {o["from_node"] for o in dotted if o["ok"]} - _nodes(o for o in seen(f, "dns", "internal") if not o["ok"])
    bad = [o for o in plain if not o["ok"] and o["from_node"] in good]
    if not bad:
        return
    everywhere = _nodes(bad) == _nodes(plain)
    sure = "probable" if all(map(silent, bad)) else "confirmed"
    yield Candidate("dns.config", sure, () if everywhere else tuple(f"node/{n}" for n in sorted(_nodes(bad))),
                    tuple(map(line, [*bad[:3], *[o for o in dotted if o["from_node"] in _nodes(bad)][:2]])),
                    remedy="look at the search path of pods, which they have from /etc/resolv.conf of the node or the "
                           "kubelet's resolvConf: one of its domains answers names that are not its own")


# ---- names that depend on the configuration alone ---------------------------------------------------------------
def _only(f: Finding, variant: str) -> Seen:
    """The wrong answers of this variant, where all nodes got one, and all names of the cluster itself are known."""
    asked = seen(f, "dns", variant)
    bad = [o for o in asked if not o["ok"]]
    known = seen(f, "dns", *_KNOWN)
    return bad if bad and known and all(o["ok"] for o in known) and _nodes(bad) == _nodes(asked) else []


def reverse(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Addresses of Services have no names: questions for them go to others."""
    bad = _only(f, "ptr")
    if not bad or any(_OTHER_DOMAIN.search(o.get("error") or "") for o in bad):
        return
    plugin = plugin_lines(ev, "kubernetes")
    lacking = [(ref, said) for ref, said, zones in plugin if zones and not covers_address(zones, str(bad[0]["target"]))]
    told = lacking and len(lacking) == len(plugin)
    lines = [f"{ref}: {said.partition('{')[0].strip()}: no reverse zone of {bad[0]['target']}"
             for ref, said in lacking] if told else []
    yield Candidate("dns.config", "confirmed" if told else "probable", (lacking[0][0],) if told else config_ref(ev),
                    (*lines, *map(line, bad[:4])), remedy=config_remedy(
                        ev, "add in-addr.arpa and ip6.arpa to the zones of the plugin kubernetes in the Corefile"))


def made_up(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Names of the cluster's domain that nobody made are answered."""
    bad = [o for o in _only(f, "nxdomain") if "NOERROR" in (o.get("error") or "")]
    if not bad:
        return
    said = [(ref, text) for ref, text, words in plugin_lines(ev, "template")
            if covers(words[2:] or ["."], str(bad[0]["target"]))]
    yield Candidate("dns.config", "confirmed" if said else "probable", (said[0][0],) if said else config_ref(ev),
                    (*(f"{ref}: {text}" for ref, text in said[:2]), *map(line, bad[:4])), remedy=config_remedy(
                        ev, "look in the Corefile for what answers any name: template, rewrite, or a forward of the cluster's "
                            "domain to servers with a wildcard"))


# ---- what servers know ------------------------------------------------------------------------------------------
def _unsynced(ev: Evidence) -> list[str]:
    return [f"{key}: {text}" for p in ev.dns_pods() for key, text in ev.logs([p])
            if _UNSYNCED.search(text) or (_STARTING.search(text) and not ready(p))][-3:]


def _other_zones(f: Finding, ev: Evidence) -> list[str]:
    """Lines of Corefiles by which the servers are for other domains than the one that pods search."""
    domain = str(f.observed.get("cluster_domain") or "")
    plugin = plugin_lines(ev, "kubernetes")
    if not domain or not plugin or any(covers(zones or ["."], domain) for _ref, _said, zones in plugin):
        return []
    return [f"{ref}: {said.partition('{')[0].strip()}, while pods search {domain}" for ref, said, _zones in plugin]


def wrong_answers(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Servers that answer, and say the wrong thing to all nodes: their configuration, or what they know."""
    asked = seen(f, "dns", *_ANSWERS)
    wrong = [o for o in asked if not o["ok"] and not silent(o)]
    if not wrong or any(map(silent, asked)) or _nodes(wrong) != _nodes(asked):
        return
    elsewhere = [o for o in wrong if (said := _OTHER_DOMAIN.search(o.get("error") or "")) and said[1] != said[2]]
    if elsewhere:  # the same Service under another domain
        yield Candidate("dns.config", "confirmed", config_ref(ev), tuple(map(line, [*elsewhere[:2], *wrong[:3]])),
                        remedy=config_remedy(ev))
        return
    unsynced = _unsynced(ev)
    servfail = all("SERVFAIL" in (o.get("error") or "") for o in wrong)
    lines = tuple(map(line, wrong[:5]))
    if unsynced or servfail:
        yield Candidate("dns.server-down", "probable" if unsynced else "suspected", (), (*lines, *unsynced),
                        command=logs_command(ev))
    # One name known and another not is no wrong domain; nor is it one where one server knows and another does not.
    elif any(o["ok"] for o in seen(f, "dns", "internal", "direct")):
        if not {o["variant"] for o in wrong} <= _BY_CONFIG:
            yield Candidate("dns.stale", "probable", (), lines, command=logs_command(ev))
    else:
        zones = _other_zones(f, ev)
        yield Candidate("dns.config", "confirmed" if zones else "probable", config_ref(ev), (*zones, *lines),
                        remedy=config_remedy(ev))


RULES = (form, upstream, reverse, made_up, wrong_answers)
