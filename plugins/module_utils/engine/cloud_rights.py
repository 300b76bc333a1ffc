# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run asks of a cloud, and the policy that allows just that."""
from __future__ import annotations

import itertools
import re
import string
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..kube.errors import BadInput
from .declared import CloudPermission

# What the names in resources may be: nothing that would bound less than it seems to.
_SHAPES = {"partition": r"aws[a-z-]*", "region": r"\*|[a-z]{2}[a-z-]*-\d", "account": r"\*|\d{12}", "zone": r"\*|[A-Z0-9]{1,32}",
           "log_group": r"[\w./#*-]+"}
_VERSION = "2012-10-17"


def check(places: Mapping[str, Sequence[str]]) -> None:
    """Raises BadInput for a place that is none: an account's number, the id of a zone."""
    for name, values in places.items():
        for value in values:
            if not re.fullmatch(_SHAPES[name], value):
                raise BadInput(f"{name}: {value!r} is no {name.replace('_', ' ')} of AWS")


def _bounded(resource: str, places: Mapping[str, Sequence[str]]) -> list[str]:
    """An ARN for each combination of the places that it names."""
    named = [field for _text, field, _spec, _conversion in string.Formatter().parse(resource) if field]
    return [resource.format(**dict(zip(named, values))) for values in itertools.product(*(places[n] for n in named))]


def policy(wanted: Iterable[CloudPermission], places: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """A policy document of IAM: a statement for each set of resources, without repeats.

    places: {partition, region, account, zone, log_group: [values]}; ["*"] where it may be any.
    """
    actions: dict[tuple[str, ...], set[str]] = {}
    for p in wanted:
        resources = tuple(sorted({arn for r in p.resources for arn in _bounded(r, places)}))
        actions.setdefault(resources, set()).update(p.actions)
    anywhere = actions.get(("*",), set())
    return {"Version": _VERSION, "Statement": [
        {"Effect": "Allow", "Action": sorted(names if resources == ("*",) else names - anywhere), "Resource": list(resources)}
        for resources, names in sorted(actions.items()) if resources == ("*",) or names - anywhere]}
