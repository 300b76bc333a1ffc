# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a check is: data about itself, and a sequence of named steps."""
from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from .context import Context


class StepFailed(Exception):
    """A claim of the check is not met; the message says what was seen."""


class Inconclusive(Exception):
    """The check could not be made; the message says which precondition is missing."""


@dataclass(frozen=True)
class Option:
    """One option of a check: the same data serves the argument spec, the inventory variable and the documentation.

    type is an Ansible type (str, int, float, bool, list, dict); minimum and maximum bound numbers. secret: the value is
    shown nowhere; None where the name only sounds as if it was one.
    """

    name: str
    description: str
    type: str = "str"
    default: Any = None
    elements: str = ""
    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    example: Any = None
    secret: bool | None = False


@dataclass(frozen=True)
class Permission:
    """A rule of a ClusterRole: verbs on resources of one API group, or on non-resource URLs.

    optional: without it the check still works, but tells less.
    """

    verbs: tuple[str, ...]
    resources: tuple[str, ...] = ()
    group: str = ""
    urls: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    optional: bool = False


class Check(ABC):
    """One feature proved from the user's side. One subclass per file in checks/, instantiated per run.

    expected, limit: seconds; a longer run is warned, failed. probes: how many probes on distinct nodes it needs at
    least (0: none). exclusive: runs alone, after the others. needs_cluster: False for a check that must run even
    when the API server does not answer.
    """

    name: ClassVar[str]
    domain: ClassVar[str]
    proves: ClassVar[str]
    options: ClassVar[tuple[Option, ...]] = ()
    permissions: ClassVar[tuple[Permission, ...]] = ()
    images: ClassVar[tuple[str, ...]] = ()
    objects: ClassVar[tuple[str, ...]] = ()
    exclusive: ClassVar[bool] = False
    expected: ClassVar[float] = 30.0
    limit: ClassVar[float] = 300.0
    probes: ClassVar[int] = 0
    needs_cluster: ClassVar[bool] = True

    def applies(self, ctx: Context) -> str:
        """Why the check does not apply to this cluster; an empty string when it does."""
        return ""

    @abstractmethod
    def run(self, ctx: Context) -> None:
        """Make the steps; return when all claims are met, raise StepFailed or Inconclusive otherwise."""
