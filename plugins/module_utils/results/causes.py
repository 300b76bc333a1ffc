# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes over records: equal ones over checks, nodes and clusters are one, with what followed from them."""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from . import text
from .record import FAILED, INCONCLUSIVE

UNKNOWN = "unknown"
_CONFIDENCE = ("confirmed", "probable", "suspected", "")
_NO_LAYER = 99
# What the layers are made of, from the bottom up.
LAYERS = ("test harness", "control plane", "nodes", "admission and access", "scheduling", "images", "pods and storage",
          "network", "cloud", "add-ons")


@dataclass
class CauseGroup:
    """One cause, wherever it struck. members are the records that it explains, consequences those that only followed.

    Records are dictionaries as `clean.clean_record` gives them.
    """

    code: str
    members: list[dict[str, Any]] = field(default_factory=list)
    consequences: list[dict[str, Any]] = field(default_factory=list)

    @property
    def records(self) -> list[dict[str, Any]]:
        return self.members + self.consequences

    @property
    def verdict(self) -> str:
        return FAILED if any(r["verdict"] == FAILED for r in self.records) else INCONCLUSIVE

    @property
    def layer(self) -> int | None:
        return min((r["layer"] for r in self.members if r["layer"] is not None), default=None)

    @property
    def stage(self) -> bool:
        """Whether it is no more than a stage of a pipeline that failed."""
        return self.code.startswith("stage.")

    @property
    def began(self) -> str:
        """When the first of its members did, as that says it: ISO 8601 in UTC; "" where none does."""
        return min((r["started"] for r in self.members if r["started"]), default="")

    @property
    def clusters(self) -> list[str]:
        return text.unique(r["cluster"] for r in self.records)

    @property
    def checks(self) -> list[str]:
        return text.unique(r["check"] for r in self.members)

    @property
    def followed(self) -> list[str]:
        """Checks that failed because of it only."""
        own = set(self.checks)
        return [c for c in text.unique(r["check"] for r in self.consequences) if c not in own]

    @property
    def confidence(self) -> str:
        """The best one; where clusters differ, both ends are said, as one proof does not prove the others."""
        found = sorted({r["confidence"] for r in self.members if r["confidence"]}, key=_rank)
        return found[0] if len(found) == 1 else f"{found[0]}, elsewhere {found[-1]}" if found else ""

    @property
    def known(self) -> list[str]:
        """Until when it is accepted, and why, where that is so of all its records."""
        return text.unique(r["known"] for r in self.records) if all(r["known"] for r in self.records) else []

    @property
    def messages(self) -> list[str]:
        return text.unique(text.first_line(r["message"]) for r in self.members)

    @property
    def scope(self) -> list[str]:
        """Objects; of several clusters with the cluster before them, once where they are the same on all of them."""
        found: dict[str, list[str]] = {}
        for record in self.members:
            for item in record["scope"]:
                found.setdefault(item, []).append(record["cluster"])
        own, result = text.unique(r["cluster"] for r in self.members), []
        for item, clusters in found.items():
            clusters = text.unique(clusters)
            if len(clusters) == len(own):
                result.append(item)
            else:
                result += [f"{cluster}: {item}" for cluster in clusters]
        return result

    @property
    def evidence(self) -> list[str]:
        """Verbatim lines: one of each record first, then the others."""
        lines = [r["evidence"] for r in sorted(self.members, key=lambda r: _rank(r["confidence"]))]
        longest = max(map(len, lines), default=0)
        return text.unique(e[i] for i in range(longest) for e in lines if i < len(e))

    @property
    def remedies(self) -> list[str]:
        return text.unique(r["remedy"] for r in self.members)

    @property
    def commands(self) -> list[tuple[list[str], str]]:
        """(clusters, command): each command once."""
        found: dict[str, list[str]] = {}
        for record in self.members:
            if record["next_command"]:
                found.setdefault(record["next_command"], []).append(record["cluster"])
        return [(text.unique(clusters), command) for command, clusters in found.items()]


def _rank(confidence: str) -> int:
    return _CONFIDENCE.index(confidence) if confidence in _CONFIDENCE else len(_CONFIDENCE)


def _root(record: dict[str, Any], upward: dict[str, str], roots: set[str]) -> str:
    """The code that this record is put under; upward leads from a consequence's own code to what it follows from."""
    code, seen = record["consequence_of"], set()
    while code and code not in roots and code in upward and code not in seen:
        seen.add(code)
        code = upward[code]
    own = record["cause"] or UNKNOWN
    return code or own


def group_causes(runs: list[dict[str, Any]]) -> list[CauseGroup]:
    """Causes of what failed or could not be tested, the weightiest first.

    Order: failed before inconclusive, what has a name of its own before a stage that failed, and of stages the first one, as
    others mostly follow from it; then how many records it explains, then the lower layer.
    """
    groups: dict[str, CauseGroup] = {}
    for run in runs:
        unmet = [r for r in run["records"] if r["verdict"] in (FAILED, INCONCLUSIVE)]
        upward = {r["cause"]: r["consequence_of"] for r in unmet if r["consequence_of"] not in ("", r["cause"])}
        roots = {r["cause"] for r in unmet if not r["consequence_of"]}
        for record in unmet:
            code = _root(record, upward, roots)
            group = groups.setdefault(code, CauseGroup(code))
            followed = record["consequence_of"] and (record["cause"] != code or code in roots)
            (group.consequences if followed else group.members).append(record)
    for group in groups.values():
        if not group.members:  # nothing was found at the root itself: what followed is all that is known
            group.members, group.consequences = group.consequences, []
    return sorted(groups.values(), key=lambda g: (g.verdict != FAILED, g.stage, g.began if g.stage else "",
                                                  -len(g.records), _NO_LAYER if g.layer is None else g.layer, g.code))


def leftovers(run: dict[str, Any]) -> list[str]:
    """What the clean-up could not remove, of the run and of its records."""
    return text.unique([*run["leftovers"], *(left for r in run["records"] for left in r["leftovers"])])


def totals(runs: list[dict[str, Any]]) -> Counter[str]:
    """Verdict counts over all clusters."""
    return sum((Counter(run["counts"]) for run in runs), Counter())
