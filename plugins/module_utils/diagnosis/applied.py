# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules applied to one finding: each by itself, so that one that breaks costs its own word only, and that is told."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from .evidence import Candidate, Evidence, unique
from .finding import Finding
from .taxonomy import CAUSES

Rule = Callable[[Finding, Evidence], Iterator[Candidate]]
# Surest first.
SURE = ("confirmed", "probable", "suspected")


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(v) for v in values if v is not None)


def _usable(c: Candidate) -> Candidate:
    """With nothing but texts in it, whatever the objects held that it was made of."""
    if c.code not in CAUSES or c.confidence not in SURE:
        raise ValueError(f"no cause {c.code!r}, {c.confidence!r}")
    return replace(c, scope=_texts(c.scope), evidence=_texts(c.evidence), since=float(c.since or 0.0),
                   subject=str(c.subject or ""), node=str(c.node or ""))


def applied(rules: Iterable[Rule], finding: Finding, ev: Evidence) -> tuple[list[Candidate], tuple[str, ...]]:
    """(all that the rules see, notes on what could not be judged): rules that broke, and kinds of evidence that they asked for
    and that could not be read or are not whole."""
    found: list[Candidate] = []
    broke = []
    ev.used.clear()
    for rule in rules:
        try:
            for candidate in rule(finding, ev):
                found.append(_usable(candidate))
        except Exception as e:  # an object as nobody expected it
            where = f"{getattr(rule, '__module__', '').rpartition('.')[2]}.{getattr(rule, '__name__', 'rule')}"
            broke.append(f"not judged: the rule {where} broke ({type(e).__name__}: {e})")
    return found, unique((*broke, ev.gaps(ev.used)))
