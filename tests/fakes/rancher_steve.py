# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""/v1 of the fake Rancher (Steve): provisioning.cattle.io.clusters, and whatever objects a test puts beside them."""
from __future__ import annotations

import re
from typing import Any

from .rancher_words import ACTIVE, Refusal, cut

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


class Steve:
    """A part of FakeRancher, whose state it works on."""

    def _v1(self, verb: str, rest: str, query: dict[str, str], body: Any, _bearer: str) -> tuple[int, Any]:
        kind, _slash, key = rest.partition("/")
        if kind in self.objects and not key:
            return self._chunk(self.objects[kind], query)
        if kind != "provisioning.cattle.io.clusters" or not self.has_v1:
            raise Refusal(404, "NotFound")
        for gone in [k for k, o in self.newer.items() if self._let_go(o)]:
            del self.newer[gone]
        if not key:
            if verb == "GET":
                return self._chunk([self._shown_newer(o) for o in self.newer.values()], query)
            return 201, self._shown_newer(self._make_newer(body))
        if key not in self.newer:
            raise Refusal(404, "NotFound")
        of = self.newer[key]
        if verb == "PUT":
            if self.conflicts or body["metadata"]["resourceVersion"] != of["metadata"]["resourceVersion"]:
                self.conflicts = max(0, self.conflicts - 1)
                raise Refusal(409, "Conflict", "the object has been modified")
            self._put_newer(of, body)
        if verb == "DELETE":  # its finalizer holds it while machines are removed, and the v3 cluster outlives it
            self.check_removal()
            of["metadata"].update(deletionTimestamp="2026-11-21T01:00:00Z")
            self.remove(self.clusters[of["number"]])
            return 204, ""
        return 200, self._shown_newer(of)

    def _chunk(self, items: list[Any], query: dict[str, str]) -> tuple[int, Any]:
        """A part of a list says how to go on, as Kubernetes does."""
        data, following = cut(items, query, "continue", self.page)
        return 200, {"type": "collection", "data": data, "revision": "1", **({"continue": following} if following else {})}

    def _let_go(self, of: dict[str, Any]) -> bool:
        cluster = self.clusters.get(of["number"])
        return cluster is None or (bool(of["metadata"].get("deletionTimestamp")) and len(cluster["steps"]) <= 2)

    def _make_newer(self, body: dict[str, Any]) -> dict[str, Any]:
        meta = body["metadata"]
        key = f"{meta['namespace']}/{meta['name']}"
        if not _LABEL.fullmatch(meta["name"]):
            raise Refusal(422, "Invalid", f"metadata.name: Invalid value: {meta['name']!r}")
        if key in self.newer:
            raise Refusal(409, "AlreadyExists", f"{meta['name']} already exists")
        number = self.add(meta["name"], xConfig={"kubernetesVersion": body["spec"].get("kubernetesVersion", "v1.31.4+rke2r1")},
                          labels={})["id"]
        held = {"finalizers": ["wrangler.cattle.io/provisioning-cluster-remove"]}
        self.newer[key] = {**body, "metadata": {**meta, **held, "resourceVersion": "1", "generation": 1}, "number": number}
        self._size(body)
        return self.newer[key]

    def _size(self, body: dict[str, Any]) -> None:
        """Machines as the pools say, whichever roles they have."""
        pools = (body["spec"].get("rkeConfig") or {}).get("machinePools") or []
        roles = {"controlPlaneRole": "control", "etcdRole": "etcd", "workerRole": "worker"}
        if pools:
            self.api.maker = "rancher"
            self.api.crew = [[r for f, r in roles.items() if p.get(f)] for p in pools for _node in range(p["quantity"])]

    def _put_newer(self, of: dict[str, Any], body: dict[str, Any]) -> None:
        of["spec"] = body["spec"]
        of["metadata"].update(resourceVersion=str(int(of["metadata"]["resourceVersion"]) + 1),
                              generation=of["metadata"]["generation"] + 1)
        self._size(body)
        self.api.version = body["spec"].get("kubernetesVersion", self.api.version)
        self.clusters[of["number"]]["steps"] = self.lasting([("updating", "yes", "configuring worker node(s)")], ACTIVE)

    def _shown_newer(self, of: dict[str, Any]) -> dict[str, Any]:
        cluster = self.clusters[of["number"]]
        state, transitioning, message = (cluster["steps"][0] if cluster["steps"] else ACTIVE) or ("removing", "yes", "")
        true = "True" if state == "active" else "False"
        seen = of["metadata"]["generation"] - (state == "updating")
        return {"id": f"{of['metadata']['namespace']}/{of['metadata']['name']}", "type": "provisioning.cattle.io.cluster",
                **{k: v for k, v in of.items() if k not in ("number", "type")},
                "metadata": {**of["metadata"], "state": {"name": state, "error": transitioning == "error", "message": message,
                                                         "transitioning": transitioning == "yes"}},
                "status": {"clusterName": of["number"], "ready": state == "active", "observedGeneration": seen, "conditions": [
                    {"type": "Created", "status": "True"}, {"type": "Updated", "status": true, "message": message}]}}
