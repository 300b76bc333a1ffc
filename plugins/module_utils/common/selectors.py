# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Label selectors as kubectl takes them: a=b, a!=b, a in (b,c), a notin (b,c), a, !a."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..kube.errors import BadInput

_KEY = r"(?:[a-z0-9A-Z.-]{1,253}/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?"
_EQUAL = re.compile(rf"(?P<key>{_KEY})\s*(?P<sign>==|=|!=)\s*(?P<value>{_VALUE})")
_SET = re.compile(rf"(?P<key>{_KEY})\s+(?P<sign>in|notin)\s*\((?P<values>[^()]*)\)")
_BARE = re.compile(rf"(?P<sign>!?)\s*(?P<key>{_KEY})")


@dataclass(frozen=True)
class Requirement:
    """One condition on labels; operator is In, NotIn, Exists or DoesNotExist."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def met(self, labels: Mapping[str, str]) -> bool:
        if self.operator == "In":
            return self.key in labels and labels[self.key] in self.values
        if self.operator == "NotIn":  # as the API server: a label that is absent is not in any set
            return labels.get(self.key) not in self.values
        return (self.key in labels) == (self.operator == "Exists")

    def expression(self) -> dict[str, Any]:
        """As a matchExpressions item of a node affinity."""
        return {"key": self.key, "operator": self.operator, **({"values": list(self.values)} if self.values else {})}


def _one(text: str, option: str) -> Requirement:
    if found := _EQUAL.fullmatch(text):
        return Requirement(found["key"], "NotIn" if found["sign"] == "!=" else "In", (found["value"],))
    if found := _SET.fullmatch(text):
        values = tuple(v.strip() for v in found["values"].split(","))
        if all(re.fullmatch(_VALUE, v) for v in values) and any(values):
            return Requirement(found["key"], "NotIn" if found["sign"] == "notin" else "In", values)
    if found := _BARE.fullmatch(text):
        return Requirement(found["key"], "DoesNotExist" if found["sign"] else "Exists")
    raise BadInput(f"{option}: {text!r} is no condition of a label selector; right are a=b, a!=b, a in (b,c), a notin (b,c), a, !a")


def parse(text: str, option: str) -> tuple[Requirement, ...]:
    """The conditions, all of which must be met. BadInput names the option."""
    parts = [p.strip() for p in re.split(r",(?![^()]*\))", text)] if text.strip() else []
    return tuple(_one(p, option) for p in parts)


def matches(requirements: Iterable[Requirement], labels: Mapping[str, str]) -> bool:
    return all(r.met(labels) for r in requirements)


def fits(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector as objects have it means these labels; an empty one means all."""
    selector = selector or {}
    wanted = [Requirement(k, "In", (v,)) for k, v in (selector.get("matchLabels") or {}).items()]
    wanted += [Requirement(e["key"], e["operator"], tuple(e.get("values") or ()))
               for e in selector.get("matchExpressions") or ()]
    return matches(wanted, labels)
