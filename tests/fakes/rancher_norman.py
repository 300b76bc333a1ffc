# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""/v3 of the fake Rancher (Norman): clusters, nodePools, nodes, clusterregistrationtokens, generateKubeconfig, tokens."""
from __future__ import annotations

import json
import secrets
import urllib.parse
from collections.abc import Sequence
from typing import Any

from .rancher_words import ACTIVE, Refusal, Step, cut

_RKE1 = "rancherKubernetesEngineConfig"
# What a cluster has besides configurations, and a POST may tell; Norman drops what is no field of its schema.
_FIELDS = ("labels", "annotations", "description")


class Norman:
    """A part of FakeRancher, whose state it works on. Besides, what a test puts there: credentials of clouds, and the tokens that a
    list of them shows."""

    credentials: Sequence[dict[str, Any]] = ()
    listed_tokens: Sequence[dict[str, Any]] = ()

    def _v3(self, verb: str, rest: str, query: dict[str, str], body: Any, bearer: str) -> tuple[int, Any]:
        kind, _slash, number = rest.partition("/")
        if kind == "clusters":
            return self._v3_clusters(verb, number, query, body)
        if kind == "nodePools" and self.has_rke1:
            return self._v3_pools(verb, number, query, body)
        if kind == "nodes":
            return self._list(kind, [n for n in self.nodes if query.get("clusterId") in (None, n["clusterId"])], query)
        if kind == "cluster" and number.endswith("/persistentVolumes"):
            return self._list(rest, self.volumes.get(number.partition("/")[0], []), query)
        if kind == "clusterregistrationtokens":
            return self._v3_registration(verb, number, body)
        if kind == "cloudCredentials":
            return self._list(kind, list(self.credentials), query)
        if kind == "tokens":
            return self._v3_tokens(verb, number, query, bearer)
        raise Refusal(404, "NotFound")

    def _list(self, kind: str, items: list[Any], query: dict[str, str]) -> tuple[int, Any]:
        """The address of the next page is by the setting server-url, whatever the name that was asked."""
        data, following = cut(items, query, "marker", self.page)
        link = f"{self.server_url}/v3/{kind}?{urllib.parse.urlencode({**query, 'marker': following})}"
        pages = {"limit": len(data), **({"next": link} if following else {})}
        return 200, {"type": "collection", "data": data, "pagination": pages}

    def _v3_clusters(self, verb: str, number: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if not number:
            if verb == "POST":
                return 201, self._shown(self._made(body))
            found = [c for c in self.clusters.values() if query.get("name") in (None, c["name"])]
            return self._list("clusters", [s for c in found if (s := self._shown(c))], query)
        if number not in self.clusters:
            raise Refusal(self.gone_status if number in self.gone else 404, "Forbidden" if self.gone_status == 403
                          else "NotFound")
        cluster = self.clusters[number]
        if query.get("action") == "generateKubeconfig":
            return self._kubeconfig(cluster)
        if verb == "PUT":
            self._put(cluster, body)
        if verb == "DELETE":
            self.check_removal()
            self.remove(cluster)
        shown = self._shown(cluster)
        if not shown:
            raise Refusal(self.gone_status, "Forbidden" if self.gone_status == 403 else "NotFound")
        return 200, shown

    def _made(self, body: Any) -> dict[str, Any]:
        if not body.get("name"):
            raise Refusal(422, "MissingRequired", "name is required")
        if body["name"] in [c["name"] for c in self.clusters.values()]:
            raise Refusal(422, "NotUnique", "Cluster name must be unique")
        return self.add(body["name"], **{k: v for k, v in body.items() if k in _FIELDS or (
            k.endswith("Config") and (k != _RKE1 or self.has_rke1))})

    def _put(self, cluster: dict[str, Any], body: Any) -> None:
        cluster.update({k: v for k, v in body.items() if k not in ("id", "actions", "state")})
        if "Config" in "".join(body):
            cluster["steps"] = self.lasting([("updating", "yes", "upgrading the control plane")], ACTIVE)
            self.api.version = next(v for k, v in body.items() if k.endswith("Config"))["kubernetesVersion"]

    def lasting(self, steps: list[Step], last: Step | None) -> list[Step | None]:
        """Each state for as many looks as the clock says."""
        return [s for s in steps for _look in range(self.looks)] + [last]

    def check_removal(self) -> None:
        if self.keeps:
            raise Refusal(403, "Forbidden", "may not delete clusters")

    def remove(self, cluster: dict[str, Any]) -> None:
        """It goes, after some looks."""
        if not cluster["removed"]:
            cluster["removed"] = True
            cluster["steps"] = self.lasting([("removing", "yes", "waiting for machines")] * 2, None)

    def add(self, name: str, **fields: Any) -> dict[str, Any]:
        """A cluster, as by a POST; by a test it is somebody else's."""
        number = f"c-{next(self._numbers):05x}"
        version = next((v.get("kubernetesVersion") for k, v in fields.items() if k.endswith("Config")), None)
        if version:
            self.api.version = version
        driver = "rancherKubernetesEngine" if _RKE1 in fields else "rke2" if version else "imported"
        self.clusters[number] = {"id": number, "type": "cluster", "labels": {}, "annotations": {},
                                 "created": "2026-11-21T00:00:00Z", "conditions": [], "driver": driver, **fields, "name": name, "removed": False,
                                 "steps": self.lasting(self.making[:-1], self.making[-1]) if self.making else []}
        return self.clusters[number]

    def _shown(self, cluster: dict[str, Any]) -> dict[str, Any] | None:
        """The cluster as it is at this look, None when it has just gone; then one step on."""
        steps = cluster["steps"]
        step = steps[0] if steps else ACTIVE
        if step is None:
            self.gone.add(cluster["id"])
            del self.clusters[cluster["id"]]
            return None
        if len(steps) > 1 or step == ACTIVE:
            steps[:1] = []
        state, transitioning, message = step
        ready = state == "active"
        shown = {k: v for k, v in cluster.items() if k not in ("steps", "removed")}
        return {**shown, "state": state, "transitioning": transitioning, "transitioningMessage": message,
                "nodeCount": self.api.nodes if ready else 0, "version": {"gitVersion": self.api.version} if ready else None,
                "links": {"self": f"{self.server_url}/v3/clusters/{cluster['id']}"},
                "actions": {"generateKubeconfig": "..."} if ready else {}}

    def _kubeconfig(self, cluster: dict[str, Any]) -> tuple[int, Any]:
        """A new token each time, which nobody ends."""
        if self.busy:
            self.busy -= 1
            raise Refusal(503, "ServiceUnavailable")
        token = f"kubeconfig-u-{secrets.token_hex(5)}:{secrets.token_hex(27)}"
        self.tokens.add(token)
        server = f"{self.server_url}/k8s/clusters/{cluster['id']}"
        config = {"apiVersion": "v1", "kind": "Config", "current-context": cluster["name"],
                  "clusters": [{"name": cluster["name"], "cluster": {"server": server}}],
                  "users": [{"name": cluster["name"], "user": {"token": token}}],
                  "contexts": [{"name": cluster["name"], "context": {"cluster": cluster["name"], "user": cluster["name"]}}]}
        return 200, {"baseType": "generateKubeConfigOutput", "type": "generateKubeConfigOutput", "config": json.dumps(config)}

    def _v3_tokens(self, verb: str, number: str, query: dict[str, str], bearer: str) -> tuple[int, Any]:
        """The id of a token is what stands before its colon."""
        if query.get("action") == "logout":
            self.tokens.discard(bearer)
            return 200, {}
        if verb == "GET" and not number:
            return self._list("tokens", list(self.listed_tokens), query)
        mine = [t for t in self.tokens if number and t.partition(":")[0] == number]
        if not mine:
            raise Refusal(404, "NotFound")
        if verb == "GET":
            return 200, {"id": number, "type": "token", "current": mine[0] == bearer}
        if verb != "DELETE":
            raise Refusal(405, "MethodNotAllowed")
        self.tokens.discard(mine[0])
        return 204, ""

    def _v3_pools(self, verb: str, number: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if verb == "GET":
            found = [p for p in self.pools.values() if query.get("clusterId") in (None, p["clusterId"])]
            return self._list("nodePools", found, query)
        if verb == "POST":
            number = f"{body['clusterId']}:np-{next(self._numbers):05x}"
        self.pools[number] = {**body, "id": number}
        roles = {"controlPlane": "control", "etcd": "etcd", "worker": "worker"}
        self.api.crew = [[r for f, r in roles.items() if p.get(f)] for p in self.pools.values()
                         for _node in range(p["quantity"])]
        self.api.maker = "rke1"
        return 200, self.pools[number]

    def _v3_registration(self, verb: str, number: str, body: Any) -> tuple[int, Any]:
        of = number.partition(":")[0] or body["clusterId"]
        cluster = self.clusters[of]
        if verb == "GET" and "token" not in cluster:
            raise Refusal(404, "NotFound")
        first = "token" not in cluster
        cluster["token"] = True  # the addresses are filled in a moment later
        return 200, {"id": f"{of}:default-token", "token": "x" * 54, **({} if first else {
            "manifestUrl": f"{self.server_url}/v3/import/xyz_{of}.yaml", "command": "kubectl apply -f ..."})}
