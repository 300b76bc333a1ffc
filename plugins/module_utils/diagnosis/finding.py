# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a check saw: the input of the diagnosis, plain data that can be saved and replayed."""
from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Finding:
    """The outcome of one check before anybody asked why.

    errors: API errors as dictionaries {kind, status, reason, message, method, path}.
    path: the objects the check depended on, as {kind, namespace, name}.
    observations: what probes saw, as {kind, from_node, to_node, target, variant, ok, error, seconds};
    an empty from_node is the controller. ended: when the check ended, in epoch seconds of the controller's clock; 0 when
    that is not known.
    """

    check: str
    domain: str
    verdict: str
    step: str = ""
    message: str = ""
    observed: dict[str, Any] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    path: list[dict[str, str]] = field(default_factory=list)
    observations: list[dict[str, Any]] = field(default_factory=list)
    ended: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Finding:
        return cls(**data)
