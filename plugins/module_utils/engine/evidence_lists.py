# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lists of a cluster's objects as evidence: bounded, guarded, and honest about what is not in them."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from ..kube import listing, objects
from ..kube.errors import ApiError
from .evidence_clocks import CLOCKS

# Objects per list: enough for a failure's surroundings, bounded for clusters of thousands of pods.
MOST = 1000
# Objects per list of one namespace that matters.
MOST_NEAR = 5000
# Nodes that are asked for by name where there are more than fit into a list.
NAMED = 40
TIMEOUT = 8.0
# Times that something is asked where a proxy's page came instead of an answer.
_TRIES = 3
LISTS = {
    "nodes": "/api/v1/nodes",
    "node_leases": "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases",
    "leases": "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases",
    "storageclasses": "/apis/storage.k8s.io/v1/storageclasses",
    "csidrivers": "/apis/storage.k8s.io/v1/csidrivers",
    "csinodes": "/apis/storage.k8s.io/v1/csinodes",
    "apiservices": "/apis/apiregistration.k8s.io/v1/apiservices",
}
# (API, plural) of what lies in namespaces.
IN_SPACES = {
    "events": ("/api/v1", "events"),
    "pods": ("/api/v1", "pods"),
    "services": ("/api/v1", "services"),
    "endpointslices": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "deployments": ("/apis/apps/v1", "deployments"),
    "daemonsets": ("/apis/apps/v1", "daemonsets"),
}


def broken(error: Exception) -> dict[str, Any]:
    """An error that is none of the API's, in the form of those."""
    return {"kind": "broken", "status": None, "reason": type(error).__name__, "message": f"{type(error).__name__}: {error}",
            "method": "", "path": "", "verb": "", "resource": ""}


def _slim(item: dict[str, Any]) -> dict[str, Any]:
    """Without who wrote which field."""
    item["metadata"].pop("managedFields", None)
    return item


def _without_images(item: Any) -> Any:
    """A node without its images, which are most of its text and are read by nobody."""
    if isinstance(item, dict) and isinstance(item.get("status"), dict):
        item["status"].pop("images", None)
    return item


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


def past_trouble(call: Callable[[], Any]) -> Any:
    """call(), again where a page of what stands before the API server came, or the connection was cut, which is no answer."""
    for _again in range(_TRIES - 1):
        try:
            return call()
        except ApiError as e:
            if not e.page and e.kind != "unreachable":
                raise
    return call()


class Lists:
    """Puts lists into `data`, each under its name; data["errors"] has why one did not come, data["partial"] in words what is
    missing of one, data["whole_in"] the namespaces of which it has everything none the less."""

    def __init__(self, client: Any, data: dict[str, Any]):
        self.client, self.data = client, data
        self.clocks: dict[str, dict[str, float]] = {}

    def guarded(self, name: str, call: Callable[[], Any], default: Any) -> Any:
        """What call() returns; the default where it fails, whatever the reason, which is kept."""
        try:
            return past_trouble(call)
        except ApiError as e:
            self.data["errors"][name] = e.as_dict()
        except Exception as e:  # what answers nonsense must not cost the verdicts
            self.data["errors"][name] = broken(e)
        return default

    def sound(self, name: str, items: list[Any]) -> list[dict[str, Any]]:
        """Those that can be read; of those that cannot it is said how many."""
        kept = objects.all_readable(items)
        if len(kept) < len(items):
            self._missing(name, f"without {len(items) - len(kept)} that make no sense")
        if name in CLOCKS:
            clocks = self.clocks.setdefault(name, {})
            for item in kept:
                ahead = self.guarded("node_clock", lambda i=item: CLOCKS[name](i), None)
                if ahead is not None:
                    clocks[item["metadata"]["name"]] = ahead
        return [_slim(i) for i in kept]

    def _missing(self, name: str, what: str) -> None:
        told = self.data["partial"].get(name)
        self.data["partial"][name] = f"{told}, {what}" if told else what

    def read(self, name: str, path: str, most: int = 0, **params: Any) -> tuple[list[dict[str, Any]], bool]:
        """(objects, whether these are all); most: 0 for MOST."""
        found = listing.read(self.client, path, params, timeout=TIMEOUT, most=most or MOST,
                             strip=_without_images if name == "nodes" else None)
        return self.sound(name, found.items), found.whole

    def _into(self, name: str, items: Iterable[dict[str, Any]]) -> None:
        self.data[name] = list({_key(i): i for i in (*items, *self.data[name])}.values())

    # ---- whole lists ------------------------------------------------------------------------------------------
    def take(self, name: str) -> None:
        """A list of things that lie in no namespace, or in one."""
        items, whole = self.guarded(name, lambda: self.read(name, LISTS[name]), ([], True))
        self._into(name, items)
        if not whole:
            self._missing(name, f"the first {len(items):,} only")

    def take_spaces(self, name: str, near: Iterable[str]) -> None:
        """A list over all namespaces; where it is cut or refused, those that are near by themselves, and first."""
        base, plural = IN_SPACES[name]
        items, whole = self.guarded(name, lambda: self.read(name, f"{base}/{plural}"), ([], True))
        self._into(name, items)
        if not whole:
            self._missing(name, f"the first {len(items):,} only")
        if not whole or name in self.data["errors"]:
            for space in near:
                self._near(name, space, f"{base}/namespaces/{quote(space, safe='')}/{plural}")

    def _near(self, name: str, space: str, path: str) -> None:
        try:
            items, whole = self.read(name, path, MOST_NEAR)
        except ApiError:
            return  # why the list of all did not come is told
        except Exception as e:
            self.data["errors"].setdefault(name, broken(e))
            return
        self._into(name, items)
        if whole:
            self.data["whole_in"].setdefault(name, []).append(space)

    # ---- single objects ---------------------------------------------------------------------------------------
    def one(self, name: str, path: str) -> list[dict[str, Any]]:
        """The object, or none; what is not there is no error."""
        def ask() -> list[dict[str, Any]]:
            try:
                return self.sound(name, [self.client.get(path, timeout=TIMEOUT)])
            except ApiError as e:
                if e.status == 404:
                    return []
                raise

        return self.guarded(name, ask, [])

    def take_service_at(self, address: str) -> None:
        """The Service with this address, where the list of all was cut before it."""
        items, _whole = self.guarded(f"services {address}", lambda: self.read(
            "services", "/api/v1/services", fieldSelector=f"spec.clusterIP={address}"), ([], True))
        self._into("services", items)

    def take_named(self, name: str, wanted: Iterable[str]) -> None:
        """Objects by name, the first ones that are missing of a list that was cut; who may list them needs no other right."""
        there = {i["metadata"]["name"] for i in self.data[name]}
        found = []
        for one in [n for n in dict.fromkeys(wanted) if n and n not in there][:NAMED]:
            found += self.guarded(f"{name} {one}", lambda n=one: self.read(
                name, LISTS[name], fieldSelector=f"metadata.name={n}")[0], [])
        self._into(name, found)
