# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan: what a run would do, told before anything is done."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..common import names
from .check import Check
from .declared import POWERS, Permission
from .options import variable
from .rights import permissions


def _permission(p: Permission) -> dict[str, Any]:
    return {"verbs": list(p.verbs), "api_group": p.group, "resources": list(p.resources), "urls": list(p.urls),
            "optional": p.spared, "everywhere": p.everywhere, "why": POWERS.get(p.power, "")}


def _bounds(check: type[Check], options: dict[str, Any]) -> dict[str, float]:
    """Seconds, as these options make them."""
    made = check()
    made.bounds(options)
    return {"expected": made.expected, "limit": made.limit}


def too_long(checks: list[type[Check]], options: Mapping[str, dict[str, Any]], run_limit: float) -> list[str]:
    """A sentence for each option by which somebody gives a check more time than the run has (seconds)."""
    out = []
    for check in checks:
        given = options.get(check.name, {})
        limit = _bounds(check, given)["limit"]
        for option in check.options if limit > run_limit else ():
            usual = _bounds(check, {**given, option.name: option.default})["limit"]
            if usual < limit:
                out.append(f"{variable(check, option)}: with {given[option.name]} check {check.name} may take {limit:.0f} s, and the run "
                           f"ends after {run_limit:.0f} s; set validate_timeout to more, or this to less")
    return out


def describe(checks: list[type[Check]], options: Mapping[str, dict[str, Any]], images: Mapping[str, str],
             registry: str, run_limit: float, scope: str = "cluster") -> dict[str, Any]:
    """The plan as data: checks with options and limits (seconds), permissions, images, objects.

    scope: "namespace" where a run works in an existing one.
    """
    used = sorted({i for c in checks for i in c.images} | ({"agnhost"} if any(c.probes for c in checks) else set()))
    objects = {o for c in checks for o in c.objects}
    if objects or any(c.probes for c in checks):
        objects |= {"Namespace"} if scope == "cluster" else set()
    if any(c.probes for c in checks):
        objects |= {"DaemonSet"}
    return {
        "checks": [{"name": c.name, "domain": c.domain, "proves": c.proves, "options": options.get(c.name, {}),
                    "exclusive": c.exclusive, **_bounds(c, options.get(c.name, {}))} for c in checks],
        "permissions": [_permission(p) for p in permissions(checks, scope)],
        "images": {i: names.image(i, images, registry) for i in used},
        "objects": sorted(objects),
        "limits": {"run": run_limit, "requests_in_flight": 8},
    }
