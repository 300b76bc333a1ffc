# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Add-ons of the lab, a tier each: the real programs, built when a tier is first asked for.

    python -m tests.lab up --with load_balancer,ingress
    lab.tier("ingress")          # with what it needs; at once, if it is there

A tier is a file here that is named in TIERS. It stays until its cluster goes; `up` and the fixture `lab` mend it with the cluster.
Versions are those of go/*/go.mod, as everywhere in the lab.
"""
from __future__ import annotations

import importlib
import json
import time
from typing import TYPE_CHECKING

from ..base import LabError, say
from .tier import Tier

if TYPE_CHECKING:
    from ..cluster import Lab

# In the order in which they come up: what others need, first.
TIERS: tuple[str, ...] = ("load_balancer", "ingress", "external_dns", "cert_manager", "zonal_volumes", "monitoring", "autoscaler")


def tier(name: str) -> Tier:
    if name not in TIERS:
        raise LabError(f"--with: there is no tier {name!r}; there are {', '.join(TIERS)}, or all")
    made: Tier = importlib.import_module(f".{name}", __name__).TIER
    return made


def chosen(names: list[str]) -> list[Tier]:
    """These tiers ("all" is each) with what they need, in their order."""
    wanted: set[str] = set()

    def want(name: str) -> None:
        if name not in wanted:
            needs = tier(name).needs
            wanted.add(name)
            for other in needs:
                want(other)

    for name in TIERS if "all" in names else names:
        want(name)
    return [tier(n) for n in TIERS if n in wanted]


def there(lab: Lab) -> list[str]:
    """Names of the tiers that a cluster has, or was getting when something ended that."""
    file = lab.folder / "tiers.json"
    return json.loads(file.read_text()) if file.exists() else []


def note(lab: Lab, names: list[str]) -> None:
    """Write down that a cluster has these tiers, or is to get them with its next `up`."""
    lab.folder.mkdir(parents=True, exist_ok=True)
    (lab.folder / "tiers.json").write_text(json.dumps(sorted({*there(lab), *names})))


def bring(lab: Lab, names: list[str]) -> None:
    """Bring tiers up, or back, where they do not serve."""
    for one in chosen(names):
        if one.name in there(lab) and serving(lab, one):
            continue
        start = time.monotonic()
        note(lab, [one.name])
        one.bring(lab)
        say(f"{lab.name}: {one.name} serves, after {time.monotonic() - start:.0f} s")


def serving(lab: Lab, one: Tier) -> bool:
    try:
        return one.serves(lab)
    except (LabError, OSError, ValueError, KeyError):
        return False


def silent(lab: Lab) -> list[str]:
    """Those that it has and that do not serve."""
    return [n for n in there(lab) if not serving(lab, tier(n))]


def down(lab: Lab) -> None:
    """End what tiers run outside the cluster."""
    for name in reversed(there(lab)):
        tier(name).down(lab)


__all__ = ["TIERS", "Tier", "bring", "chosen", "down", "note", "serving", "silent", "there", "tier"]
