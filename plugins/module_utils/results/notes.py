# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What readers have to know beside the verdicts: hosts that are one cluster, nodes that nobody asked.

Runs are dictionaries as `clean.clean_run` gives them.
"""
from __future__ import annotations

from collections import Counter
from typing import Any

from ..common.words import plural
from . import text

_NAMES = 28  # characters: the sentence around them must be read on a line of a screen, too


def _server(run: dict[str, Any]) -> str:
    return run["server"].rstrip("/").lower()


def same_clusters(runs: list[dict[str, Any]]) -> list[list[str]]:
    """Names of hosts that are one and the same cluster, a list for each such cluster.

    The uid of kube-system tells clusters apart. Where it could not be read the address does, unless clusters with
    several uids answer there, as behind forwarded ports.
    """
    uids: dict[str, set[str]] = {}
    for run in runs:
        uids.setdefault(_server(run), set()).update({run["uid"]} - {""})
    found: dict[str, list[str]] = {}
    for run in runs:
        known = uids[_server(run)]
        whose = run["uid"] or (next(iter(known), _server(run)) if len(known) < 2 else "")
        if whose:
            found.setdefault(whose, []).append(run["cluster"])
    return [clusters for clusters in found.values() if len(clusters) > 1]


def same_as(runs: list[dict[str, Any]]) -> dict[str, list[str]]:
    """For each host that is the same cluster as others: their names."""
    return {one: [c for c in clusters if c != one] for clusters in same_clusters(runs) for one in clusters}


def about_all(runs: list[dict[str, Any]]) -> list[str]:
    """Sentences about several hosts."""
    servers = {r["cluster"]: r["server"] for r in runs}
    return [f"{text.listing(clusters, _NAMES)} are one and the same cluster, {servers[clusters[0]]}, and counted as one"
            for clusters in same_clusters(runs)]


def not_asked(run: dict[str, Any]) -> str:
    """Which nodes of a cluster were not asked, and why; "" where all were."""
    probes = run["probes"]
    left_out = probes.get("left_out")
    reasons = Counter(map(str, left_out.values())) if isinstance(left_out, dict) else Counter()
    parts = [str(probes.get("sampled") or ""), *(f"{plural(n, 'node')} left out: {why}" for why, n in reasons.most_common())]
    for key, what in (("joined", "joined meanwhile"), ("gone", "left meanwhile")):
        nodes = probes.get(key)
        parts.append(f"{plural(len(nodes), 'node')} {what}" if isinstance(nodes, list) and nodes else "")
    return "; ".join(p for p in parts if p)


def about(run: dict[str, Any]) -> list[str]:
    """Sentences about one cluster, without its name."""
    return text.unique([not_asked(run), *run["notes"]])


def probes_ready(run: dict[str, Any]) -> float | None:
    """Seconds until the probes of a run were ready, None where none was wanted."""
    seconds = run["probes"].get("seconds")
    return float(seconds) if isinstance(seconds, (int, float)) and seconds >= 0 else None
