# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a check proved its claim, on whatever machine: that a loaded one is slow says nothing about the cluster."""
from __future__ import annotations

import re
from typing import Any

# Checks that have nothing to prove on the lab without add-ons: it has no platform of machines, names no licence, allows no node more,
# and has none of what the others look at.
SKIPPED = ("cert_manager", "external_dns", "gateway", "ingress", "licenses", "load_balancer", "machines", "node_autoscaling",
           "service_monitor", "zonal_stateful_set")
# What a loaded machine alone explains, part by part of a message.
BUSY = (r"took \d+ s, expected at most", r"^DNS is slow", r"^an answer took", r"questions had to be repeated", r"questions without an answer",
        r"it took \d+ s until", r"^slow", r"only \d+ % of", r"slower than", r"ms\b.*expected")


def told(message: str, *more: str) -> list[str]:
    """Parts of a message that neither the load of the machine nor one of the words explains."""
    return [part for part in message.split("; ") if part and not any(re.search(words, part) for words in (*BUSY, *more))]


def proved(record: Any) -> bool:
    """record: a Record, or its data. Passed, or warned of nothing but slowness."""
    verdict, message = (record["verdict"], record["message"]) if isinstance(record, dict) else (record.verdict, record.message)
    return verdict == "passed" or (verdict == "warned" and not told(message))
