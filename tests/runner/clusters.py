# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which clusters of the lab the tests run on: as many as this machine carries, one for each worker, each with a spare one."""
from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from pathlib import Path

# Measured: a cluster takes 0.8 GiB and a tenth of a core, the tests on it another GiB and two thirds of a core: with more of them
# everything waits for everything, and what comes up within its time alone does not any more.
_GIB_EACH, _EACH_CORE = 3, 1.5
# All add-ons take two GiB and a tenth of a core more. Their tests are a third of all, so more than two such clusters would wait
# for the others; one would be waited for by all others.
_GIB_ADDONS, _MOST_ADDONS = 5, 2
# Addresses of the lab end at 15: a cluster and its spare one lie this far apart, and one number is kept for its own tests. At
# least one more is that of the add-ons.
_NUMBERS, _APART = 7, 7
MOST = _NUMBERS - 1


def carried(memory_gib: float, cores: int) -> int:
    """How many clusters a machine carries."""
    return max(1, min(MOST, int(memory_gib // _GIB_EACH), int(_EACH_CORE * cores)))


@functools.cache
def _available_gib() -> float:
    """At the first look, before a cluster takes its part."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="utf-8"), re.MULTILINE)
    return int(found[1]) / 2 ** 20 if found else 0.0


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def names(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Of $ASSAY_CLUSTERS (a number, or names that let two checkouts test side by side), else of what this machine carries.

    Raises ValueError with one sentence.
    """
    given = environ.get("ASSAY_CLUSTERS", "").split()
    if not given:
        given = [str(carried(_available_gib(), _cores()))]
    if len(given) == 1 and given[0].isdigit():
        if not 1 <= int(given[0]) <= MOST:
            raise ValueError(f"ASSAY_CLUSTERS: must be from 1 to {MOST}, not {given[0]}")
        return tuple(f"c{n}" for n in range(1, int(given[0]) + 1))
    for name in given:
        if not re.fullmatch(rf"[a-z]+[1-{_NUMBERS}]", name):
            raise ValueError(f"ASSAY_CLUSTERS: must be a number or names like c1 that end in a digit from 1 to {_NUMBERS}, not {name!r}")
    if len({name[-1] for name in given}) < len(given):
        raise ValueError("ASSAY_CLUSTERS: two of these names end in the same digit, which gives them the same addresses")
    if len(given) > MOST:
        raise ValueError(f"ASSAY_CLUSTERS: at most {MOST} clusters, not {len(given)}: one more is that of the add-ons")
    return tuple(given)


def of_addons(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the clusters with add-ons, whose tests run beside those on the others: one, or two if memory and cores carry them;
    as many as $ASSAY_ADDON_CLUSTERS says. Raises ValueError with one sentence."""
    plain = names(environ)
    free = [n for n in range(_NUMBERS, 0, -1) if str(n) not in {name[-1] for name in plain}]
    if given := environ.get("ASSAY_ADDON_CLUSTERS", "").strip():
        if not given.isdigit() or not 1 <= int(given) <= len(free):
            raise ValueError(f"ASSAY_ADDON_CLUSTERS: must be from 1 to {len(free)} beside {len(plain)} other clusters, not {given}")
        return tuple(f"a{n}" for n in free[:int(given)])
    room = (_available_gib() - _GIB_EACH * len(plain)) // _GIB_ADDONS
    return tuple(f"a{n}" for n in free[:max(1, min(_MOST_ADDONS, int(room), _cores()))])


def spare(name: str) -> str:
    """The name of the cluster that tests on cluster `name` may make and delete."""
    return f"s{int(name[-1]) + _APART}"
