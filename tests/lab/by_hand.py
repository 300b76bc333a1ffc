# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults for the command line: named, held until Ctrl-C, and mended."""
from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .base import LabError, say

if TYPE_CHECKING:
    from .cluster import Lab

# What can be broken by hand, and how it is spoken of.
FAULTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "power-off": ("NODE", lambda f, n: f.node_power_off(n)),
    "stop": ("NODE COMPONENT", lambda f, n, c: f.stop(n, c)),
    "freeze": ("NODE COMPONENT", lambda f, n, c: f.freeze(n, c)),
    "cut-network": ("NODE", lambda f, n: f.cut_network(n)),
    "drop-pod-traffic": ("NODE", lambda f, n: f.drop_pod_traffic(n)),
    "drop-all-pod-traffic": ("", lambda f: f.drop_all_pod_traffic()),
    "drop-large-packets": ("NODE", lambda f, n: f.drop_large_packets(n)),
    "flush-service-rules": ("NODE", lambda f, n: f.flush_service_rules(n)),
    "dns-upstream-down": ("", lambda f: f.dns_upstream_down()),
    "fill-disk": ("NODE", lambda f, n: f.fill_disk(n)),
    "remove-cni-config": ("NODE", lambda f, n: f.remove_cni_config(n)),
    "scale": ("NAMESPACE DEPLOYMENT REPLICAS", lambda f, s, d, r: f.scale(s, d, _whole(r))),
}


def _whole(word: str) -> int:
    if not word.isdigit():
        raise LabError(f"fault scale: REPLICAS must be a whole number, not {word!r}")
    return int(word)


def hold(lab: Lab, name: str, words: list[str]) -> None:
    """Break, wait for Ctrl-C, mend."""
    usage, make = FAULTS[name]
    if len(words) != len(usage.split()):
        raise LabError(f"fault {name}: takes {usage or 'no arguments'}")
    with make(lab.fault, *words):
        say(f"{lab.name}: {name} {' '.join(words)} is in force; Ctrl-C mends it")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            say("mending")
