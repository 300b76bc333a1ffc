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

# The names in resources, the options that fill them in, and what these may be: nothing that bounds less than it seems to.
_PLACES = {"partition": ("partition", r"aws[a-z-]*"), "region": ("region", r"\*|[a-z]{2}[a-z-]*-\d"),
           "account": ("account_id", r"\*|\d{12}"), "zone": ("hosted_zone_ids", r"\*|[A-Z0-9]{1,32}"),
           "log_group": ("log_groups", r"[\w./#*-]+")}
_VERSION = "2012-10-17"


def _places(args: Mapping[str, Any]) -> dict[str, list[str]]:
    """{name: values}. Raises BadInput for what is none, as a zone's name in place of its id."""
    out = {}
    for name, (option, shape) in _PLACES.items():
        out[name] = args[option] if isinstance(args[option], list) else [args[option]]
        for value in out[name]:
            if not re.fullmatch(shape, value):
                raise BadInput(f"{option}: {value!r} is none of AWS; it must fit {shape}")
        if not out[name]:
            raise BadInput(f"{option}: names nothing; leave it out where it may be any")
    return out


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


def told(needs: Iterable[tuple[str, CloudPermission]], args: Mapping[str, Any]) -> dict[str, Any]:
    """The policy for these needs, (check or job, what it asks), and what each action is for.

    args: optional, and the places: partition, region, account_id, hosted_zone_ids, log_groups.
    """
    places, needs = _places(args), list(dict.fromkeys(needs))
    given = [(name, p) for name, p in needs if args["optional"] or not p.optional]
    document = policy((p for _name, p in given), places)
    allowed = {a for s in document["Statement"] for a in s["Action"]}
    return {"policy": document, "actions": sorted(allowed),
            "needs": [{"for": name, "why": p.why, "actions": list(p.actions), "optional": p.optional} for name, p in given],
            "not_included": {a: p.why for _name, p in needs for a in p.actions if a not in allowed}}
