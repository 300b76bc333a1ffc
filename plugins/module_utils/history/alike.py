# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Failures that are alike, over clusters and time: their texts without what differs each time, and groups of near ones.

After Kubernetes' triage (test-infra: triage/summarize/text.go, cluster.go).
"""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .entry import Entry, Result

_DATE = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|[+-]\d\d:?\d\d|UTC))?|"
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d(?: (?:[A-Z]{3,4}|[+-]\d{4}))?|\w{3} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?")
_MAP = re.compile(r"map\[([^\[\]]*)\]")
# What is another one each time; the first that fits is taken.
_UNIQUE = re.compile("|".join((
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",  # uuid
    r"\b0x[0-9a-fA-F]+\b",
    r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b",  # IPv4, with a port
    r"\[?\b[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7}\b\]?(?::\d+)?",  # IPv6
    r"\b(?=[a-f]*\d)[0-9a-f]{12,128}\b",
    r"(?<=[a-z0-9]-)[a-f0-9]{8,10}-[a-z0-9]{5}\b",  # a pod of a Deployment
    r"(?<=[a-z0-9]-)(?=[a-z]{0,9}\d)[a-z0-9]{5,10}\b",  # the end of a made-up name
    r"\b[\w./-]{1,200}\.go:\d+",
    r"(?<=:)[1-6]\d{4}\b",  # a port that nobody chose
    r"\bgoroutine \d+\b",
    r"\b\d+(?:\.\d+)? ?(?:ns|us|µs|ms|s|seconds?|m|min|minutes?|h|hours?)\b")))
_LONG = 10_000
# How near two texts must be: edits by their mean length.
_NEAR = 0.1
_N = 4


def normalised(text: str, names: Iterable[str] = ()) -> str:
    """The text with TIME for times, and UNIQ1, UNIQ2... for what is another one each time, by its first appearance.

    names: of nodes and clusters, which are such, too. Over-long texts lose repeated lines, then their middle.
    """
    text = _DATE.sub("TIME", text)
    text = _MAP.sub(lambda m: f"map[{' '.join(sorted(m[1].split()))}]", text)
    numbers: dict[str, str] = {}

    def unique(found: re.Match[str]) -> str:
        return numbers.setdefault(found[0], f"UNIQ{len(numbers) + 1}")

    known = sorted(filter(None, set(names)), key=len, reverse=True)
    pattern = re.compile("|".join([*(rf"(?<![\w.-]){re.escape(n)}(?![\w-])" for n in known), _UNIQUE.pattern])) if known else _UNIQUE
    text = pattern.sub(unique, text)
    if len(text) > _LONG:
        text = "\n".join(dict.fromkeys(text.split("\n")))
    return text if len(text) <= _LONG else text[:_LONG // 2] + "\n...\n" + text[-_LONG // 2:]


def distance(one: str, other: str, most: int) -> int:
    """Levenshtein's edit distance; most + 1 where it is larger. Only the band along the diagonal is computed."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        first, last = max(1, i - most), min(len(other), i + most)
        row = [most + 1] * (len(other) + 1)
        row[0] = i
        for j in range(first, last + 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other[j - 1]))
        if min(row[first - 1:last + 1]) > most:
            return most + 1
        before = row
    return min(before[-1], most + 1)


def _grams(text: str) -> Counter[str]:
    return Counter(text[i:i + _N] for i in range(max(1, len(text) - _N + 1)))


def near(one: str, other: str) -> bool:
    """Whether less than a tenth of them is to be changed; short ones must be equal."""
    if one == other:
        return True
    most = int(_NEAR * (len(one) + len(other)) / 2)
    if most <= 1:
        return False
    a, b = _grams(one), _grams(other)
    apart = sum(((a - b) + (b - a)).values())
    return apart / (2 * _N) <= most and distance(one, other, most) <= most  # one edit changes 4 n-grams of each


@dataclass
class Group:
    """Failures with one text. text: of the first; members: (run, result), the oldest first."""

    text: str
    members: list[tuple[Entry, Result]]

    @property
    def checks(self) -> list[str]:
        return sorted({r.check for _e, r in self.members})

    @property
    def clusters(self) -> list[str]:
        return sorted({e.cluster for e, _r in self.members})

    @property
    def causes(self) -> list[str]:
        return sorted({r.cause for _e, r in self.members if r.cause})


def _gather(groups: list[Group]) -> list[Group]:
    """Groups with near texts become one, the first of each is the one to be near to."""
    found: list[Group] = []
    for group in groups:
        same = next((g for g in found if near(g.text, group.text)), None)
        if same:
            same.members += group.members
        else:
            found.append(group)
    return found


def groups(runs: Sequence[Entry]) -> list[Group]:
    """Failures of their own (no consequences) of these runs, the most frequent first: within each check, then over all."""
    names = {r.cluster for r in runs} | {s.partition("/")[2] for run in runs for r in run.results for s in r.scope
                                         if s.startswith("node/")}
    by_text: dict[tuple[str, str], Group] = {}
    for run in runs:
        for result in run.results:
            if result.root:
                text = normalised(result.message or result.cause or result.check, names)
                by_text.setdefault((result.check, text), Group(text, [])).members.append((run, result))
    local: dict[str, list[Group]] = {}
    for (check, _text), group in by_text.items():
        local.setdefault(check, []).append(group)
    found = _gather([g for of_check in local.values() for g in _gather(of_check)])
    for group in found:
        group.members.sort(key=lambda m: (m[0].started, m[0].cluster))
    return sorted(found, key=lambda g: (-len(g.members), g.text))
