# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a provider has of a cluster or a run, and what of it was not there before: words and comparison.

One file per provider lists (aws.py, cluster.py, cluster_api.py, rancher.py, vsphere.py); nothing here or there changes anything.
"""
from __future__ import annotations

import datetime
import fnmatch
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ..clusters.model import has_run
from ..common import names
from ..jobs.errors import BadOption
from ..kube.json_text import json_of

FINALIZER, DEPENDENCY, PERMISSION, TIME = "finalizer", "dependency", "permission", "time"
FORMAT = 1
# Tags whose key ends with the name of the cluster that owns what bears them. The value "shared" means that it outlives it.
KEYS = ("kubernetes.io/cluster/", "sigs.k8s.io/cluster-api-provider-aws/cluster/")
# Tags whose value is the name of the cluster: of the tree's AWS provider, the AWS load balancer controller, EKS, eksctl,
# the AWS network plugin, Karpenter, and our own.
VALUES = ("KubernetesCluster", "elbv2.k8s.aws/cluster", "eks:cluster-name", "aws:eks:cluster-name", "eks:eks-cluster-name",
          "alpha.eksctl.io/cluster-name", "cluster.k8s.amazonaws.com/name", "assay.clusters/cluster")
_OWNERS = (names.OWNER, "owner", "Owner", "created-by", "CreatedBy", "createdBy", "creator")
# What Kubernetes' controllers say of the object that something was made for.
_OBJECTS = ("kubernetes.io/service-name", "service.k8s.aws/stack", "ingress.k8s.aws/stack", "gateway.k8s.aws/stack")
_CLAIM = "kubernetes.io/created-for/pvc/"


@dataclass(frozen=True)
class Thing:
    """Something a provider has. created: ISO 8601 in UTC, "" where the provider does not tell.

    cause, detail: why it is (or would be) still there, as far as it can be seen without trying to remove it.
    """

    provider: str
    kind: str
    id: str
    name: str = ""
    created: str = ""
    owner: str = ""
    cause: str = ""
    detail: str = ""

    def key(self) -> tuple[str, str, str]:
        return self.provider, self.kind, self.id


@dataclass(frozen=True)
class Wanted:
    """What is looked for; anything that fits one of these. cluster and run_id together also mean cluster-run-xEXPIRY."""

    cluster: str = ""
    run_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    patterns: Sequence[str] = ()

    def is_cluster(self, name: str) -> bool:
        return bool(self.cluster) and (name == self.cluster or bool(self.run_id) and has_run(name, self.cluster, self.run_id))

    def tagged(self, tags: Mapping[str, str]) -> bool:
        """A tag that is looked for fits with its key and its value, which may be a pattern."""
        for key, value in tags.items():
            if any(key.startswith(k) and self.is_cluster(key[len(k):]) for k in KEYS) and value != "shared":
                return True
            if key in VALUES and self.is_cluster(value):
                return True
        if self.run_id and tags.get(names.RUN) == self.run_id:
            return True
        return any(k in tags and fnmatch.fnmatchcase(tags[k], v or "*") for k, v in self.tags.items())

    def named(self, *found: str) -> bool:
        return any(n and fnmatch.fnmatchcase(n, p) for n in found for p in self.patterns)

    def fits(self, tags: Mapping[str, str], *found: str) -> bool:
        return self.tagged(tags) or self.named(*found)

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.cluster, "run_id": self.run_id, "tags": dict(self.tags), "patterns": list(self.patterns)}


class Source(Protocol):
    """A provider. place: which one, as the region of AWS or a server; inventories of two places are never compared."""

    name: str
    place: str

    def look(self, wanted: Wanted) -> list[Thing]:
        """Everything that fits; a kind that may not be listed, or was not in time, is a Thing without id, made by refused() or
        unseen(). PlatformError where nothing can be told at all."""

    def close(self) -> None: ...


def refused(provider: str, kind: str, sentence: str) -> Thing:
    """A kind that may not be listed."""
    return Thing(provider, kind, "", cause=PERMISSION,
                 detail=f"may not be listed, so what is left of it is unknown: {sentence}")


def unseen(provider: str, kind: str, sentence: str) -> Thing:
    """A kind of which the list was not complete when the time was up."""
    return Thing(provider, kind, "", cause=TIME, detail=f"was not looked at, so what is left of it is unknown: {sentence}")


def owner_of(tags: Mapping[str, str], otherwise: str = "") -> str:
    """Who made it: our label, a usual tag, the object in the cluster that it was made for, else what else is known."""
    for key in _OWNERS:
        if tags.get(key):
            return str(tags[key])
    if tags.get(f"{_CLAIM}name"):
        return f"persistentvolumeclaim {tags.get(_CLAIM + 'namespace', '')}/{tags[_CLAIM + 'name']}"
    return next((str(tags[k]) for k in _OBJECTS if tags.get(k)), otherwise)


# ---- times --------------------------------------------------------------------------------------------------------
def iso(moment: datetime.datetime | None) -> str:
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def seconds(text: str) -> float | None:
    """Since 1970; None for what is no time."""
    try:
        moment = datetime.datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp()


# ---- inventories --------------------------------------------------------------------------------------------------
def inventory(things: Iterable[Thing], places: Mapping[str, str], wanted: Wanted, now: float) -> dict[str, Any]:
    """What is kept for a later comparison; it goes through JSON."""
    return {"format": FORMAT, "taken": iso(datetime.datetime.fromtimestamp(now, datetime.timezone.utc)),
            "places": dict(places), "wanted": wanted.as_dict(),
            "items": [shown(t, now, "") for t in sorted(things, key=Thing.key)]}


def shown(thing: Thing, now: float, taken: str) -> dict[str, Any]:
    """As modules return it. taken: the time of the inventory that it was not in, so that it is no older than this."""
    since = seconds(thing.created) if thing.created else seconds(taken) if taken and thing.id else None
    return {"provider": thing.provider, "kind": thing.kind, "id": thing.id, "name": thing.name, "created": thing.created,
            "age_seconds": None if since is None else max(0, int(now - since)), "owner": thing.owner, "cause": thing.cause,
            "detail": thing.detail}


def earlier(given: Any) -> dict[str, Any]:
    """The option `before`: a file or a value, the inventory itself or a result that holds it. BadOption for anything else."""
    what = "before: "
    if isinstance(given, str):
        text, what = given, f"before: {given} "
        if not given.lstrip().startswith("{"):
            try:
                with open(os.path.expanduser(given), encoding="utf-8") as file:
                    text = file.read()
            except (OSError, UnicodeDecodeError) as e:
                raise BadOption(f"before: {given} cannot be read: {getattr(e, 'strerror', None) or e}") from None
        try:
            given = json_of(text)
        except ValueError as e:
            raise BadOption(f"{what[:120]}is no JSON: {e}") from None
    found = given.get("inventory", given) if isinstance(given, dict) else None
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("items"), list) \
            or not isinstance(found.get("places"), dict) or seconds(found.get("taken", "")) is None:
        raise BadOption(f"{what[:120]}holds no inventory; it is what an earlier leftovers_info returned")
    return found


def check_comparable(before: Mapping[str, Any], places: Mapping[str, str], wanted: Wanted, alone: Iterable[str]) -> None:
    """BadOption where a comparison would say something wrong. alone: providers whose things are left whatever was before."""
    for provider, place in places.items():
        if provider not in before["places"]:
            if provider not in alone:
                raise BadOption(f"before: holds no inventory of {provider}; take it with the same providers")
        elif before["places"][provider] != place:
            raise BadOption(f"before: is of {provider} at {before['places'][provider]}, and this is {place}")
    if before.get("wanted") != wanted.as_dict():
        raise BadOption(f"before: was taken for {_words(before.get('wanted') or {})}, and this is for "
                        f"{_words(wanted.as_dict())}; a comparison of these means nothing")


def _words(wanted: Mapping[str, Any]) -> str:
    return ", ".join(f"{k} {json.dumps(v) if isinstance(v, (dict, list)) else v}" for k, v in wanted.items() if v) or "nothing"


def compare(things: Iterable[Thing], before: Mapping[str, Any] | None,
            places: Iterable[str]) -> tuple[list[Thing], list[dict[str, Any]]]:
    """(what is left, what was there before and is no longer). Without an earlier inventory everything is left.

    places: the providers that were looked at now. A kind that could not be listed, now or then, is never taken for empty.
    """
    there = list(things)
    if before is None:
        return sorted(there, key=Thing.key), []
    had = {(i["provider"], i["kind"], i["id"]) for i in before["items"] if i.get("id")}
    blind = {(i["provider"], i["kind"]) for i in before["items"] if not i.get("id")}
    left = [t if (t.provider, t.kind) not in blind or not t.id else
            replace(t, detail="; ".join(filter(None, (t.detail, "may have been there before, as it could not be listed then"))))
            for t in there if t.key() not in had]
    now, unseen = {t.key() for t in there}, {(t.provider, t.kind) for t in there if not t.id}
    gone = [i for i in before["items"] if i.get("id") and (i["provider"], i["kind"], i["id"]) not in now
            and (i["provider"], i["kind"]) not in unseen and i["provider"] in places]
    return sorted(left, key=Thing.key), gone


def sentence(left: Sequence[Mapping[str, Any]], skipped: Sequence[str] = ()) -> str:
    """One sentence that says what is left; the first ones by name. skipped: kinds that nobody was to look for."""
    if not left:
        return "nothing is left" + (f" (not looked for: {', '.join(skipped)})" if skipped else "")
    words = [f"{i['kind']} {i['id'] or '(unknown)'}" + (f" ({i['name']})" if i["name"] not in ("", i["id"]) else "")
             + (f" [{i['cause']}]" if i["cause"] else "") for i in left[:5]]
    more = f" and {len(left) - 5} more" if len(left) > 5 else ""
    return f"{len(left)} left: {', '.join(words)}{more}"


def line(item: Mapping[str, Any]) -> str:
    """One thing that is left, for people."""
    name = f" ({item['name']})" if item["name"] not in ("", item["id"]) else ""
    age = "" if item["age_seconds"] is None else f"{'' if item['created'] else 'at most '}{item['age_seconds']} s old"
    return ", ".join(filter(None, (f"{item['provider']} {item['kind']} {item['id']}".rstrip() + name, age,
                                   f"of {item['owner']}" if item["owner"] else "", item["cause"], item["detail"])))
