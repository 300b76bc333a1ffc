# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake Rancher: both APIs for clusters over HTTP, with state.

Speaks /v3 (Norman: clusters, nodePools, nodes, clusterregistrationtokens, generateKubeconfig), /v1 (Steve:
provisioning.cattle.io.clusters), both logins, the import manifest and the proxy /k8s/clusters/ID to a fake API server.
Every look at a cluster takes it one step on in its list of states. Tests put nodes, volumes and objects of Cluster API beside
the clusters, as Rancher lists them, and may forbid lists.
"""
from __future__ import annotations

import itertools
import json
import secrets
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .api_server import FakeApiServer

MAKING = [("provisioning", "yes", "waiting for etcd and controlplane nodes to be registered"),
          ("waiting", "yes", "Waiting for API to be available")]
ACTIVE = ("active", "no", "")


class Refusal(Exception):
    """An error status with Norman's body."""

    def __init__(self, status: int, code: str, message: str = ""):
        super().__init__(message)
        self.status, self.body = status, {"type": "error", "status": str(status), "code": code, "message": message or code}


class FakeRancher:
    """Use as a context manager. Attributes are switches for tests.

    has_v1: whether Steve knows provisioning.cattle.io; has_v1_login: whether /v1-public/login exists; gone_status: what a
    deleted cluster answers, 404 or 403; conflicts: so many PUTs of v1 objects answer 409; busy: so many
    generateKubeconfig answer 503; making: the states of a new cluster, one for each look, then the last one stays.
    """

    def __init__(self, has_v1: bool = True, has_v1_login: bool = True):
        self.has_v1, self.has_v1_login = has_v1, has_v1_login
        self.gone_status, self.conflicts, self.busy = 404, 0, 0
        self.making: list[tuple[str, str, str]] = [*MAKING, ACTIVE]
        self.users, self.tokens = {"admin": "planted-password"}, {"token-abcde:" + "s" * 54}
        self.clusters: dict[str, dict[str, Any]] = {}
        self.newer: dict[str, dict[str, Any]] = {}
        self.pools: dict[str, dict[str, Any]] = {}
        self.gone: set[str] = set()
        self.nodes: list[dict[str, Any]] = []
        self.volumes: dict[str, list[dict[str, Any]]] = {}  # by the id of their cluster
        self.objects: dict[str, list[dict[str, Any]]] = {}  # by the name of their collection in /v1
        self.forbidden: dict[str, int] = {}  # paths, and the status that they answer
        self.calls: list[str] = []
        self.api = FakeApiServer()
        self.applied = False
        self._numbers = itertools.count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = "http://127.0.0.1:{}".format(self._server.server_address[1])

    @property
    def token(self) -> str:
        return "token-abcde:" + "s" * 54

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are written apart

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                bearer = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
                try:
                    status, answer = fake.serve(self.command, url.path, query, body, bearer)
                except Refusal as e:
                    status, answer = e.status, e.body
                data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = _serve

            def log_message(self, *_words: Any) -> None:
                pass

        return Handler

    # ---- who and where ----------------------------------------------------------------------------------------
    def serve(self, verb: str, path: str, query: dict[str, str], body: Any, bearer: str) -> tuple[int, Any]:
        if verb != "GET":
            self.calls.append(f"{verb} {path}" + (f"?action={query['action']}" if "action" in query else ""))
        if path == "/v1-public/login" and self.has_v1_login and body.get("type") == "localProvider":
            return self._login(body)
        if path == "/v3-public/localProviders/local" and query.get("action") == "login":
            return self._login(body)
        if path.startswith("/v3/import/"):  # the agent's manifest is public
            return 200, MANIFEST
        if "-public/" in path or not path.startswith(("/v1/", "/v3/", "/k8s/")):
            raise Refusal(404, "NotFound")
        if bearer not in self.tokens:
            raise Refusal(401, "Unauthorized", "must authenticate")
        if path in self.forbidden:
            status = self.forbidden[path]
            raise Refusal(status, {403: "Forbidden", 503: "ClusterUnavailable"}.get(status, "ServerError"))
        kind, _slash, rest = path.strip("/").partition("/")
        return {"v3": self._v3, "v1": self._v1, "k8s": self._proxy}[kind](verb, rest, query, body, bearer)

    def _login(self, body: dict[str, Any]) -> tuple[int, Any]:
        if self.users.get(body.get("username")) != body.get("password"):
            raise Refusal(401, "Unauthorized", "authentication failed")
        token = f"token-{secrets.token_hex(3)[:5]}:{secrets.token_hex(27)}"
        self.tokens.add(token)
        return 201, {"type": "token", "token": token, "ttl": body["ttl"]}

    def _proxy(self, _verb: str, rest: str, _query: Any, _body: Any, _bearer: str) -> tuple[int, Any]:
        number, _slash, path = rest.removeprefix("clusters/").partition("/")
        if number not in self.clusters or self.clusters[number]["steps"]:
            raise Refusal(503, "ClusterUnavailable", "cluster not found or not ready")
        answer = self.api.answer(f"/{path}")
        return (200, answer) if answer else (404, {"kind": "Status", "code": 404, "message": "not found"})

    # ---- Norman -----------------------------------------------------------------------------------------------
    def _v3(self, verb: str, rest: str, query: dict[str, str], body: Any, bearer: str) -> tuple[int, Any]:
        kind, _slash, number = rest.partition("/")
        if kind == "clusters":
            return self._v3_clusters(verb, number, query, body)
        if kind == "nodePools":
            return self._v3_pools(verb, number, query, body)
        if kind == "nodes":
            return 200, {"data": [n for n in self.nodes if query.get("clusterId") in (None, n["clusterId"])]}
        if kind == "cluster" and number.endswith("/persistentVolumes"):
            return 200, {"data": self.volumes.get(number.partition("/")[0], [])}
        if kind == "clusterregistrationtokens":
            return self._v3_registration(verb, number, body)
        if kind == "tokens" and query.get("action") == "logout":
            self.tokens.discard(bearer)
            return 200, {}
        raise Refusal(404, "NotFound")

    def _v3_clusters(self, verb: str, number: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if not number:
            if verb == "POST":
                return 201, self._shown(self.add(body["name"], **{k: v for k, v in body.items() if k not in ("type", "name")}))
            found = [c for c in self.clusters.values() if query.get("name") in (None, c["name"])]
            return 200, {"type": "collection", "data": [s for c in list(found) if (s := self._shown(c))]}
        if number not in self.clusters:
            raise Refusal(self.gone_status if number in self.gone else 404, "Forbidden" if self.gone_status == 403
                          else "NotFound")
        cluster = self.clusters[number]
        if query.get("action") == "generateKubeconfig":
            return self._kubeconfig(cluster)
        if verb == "PUT":
            cluster.update({k: v for k, v in body.items() if k not in ("id", "actions", "state")})
            if "Config" in "".join(body):
                cluster["steps"] = [("updating", "yes", "upgrading the control plane"), ACTIVE]
                self.api.version = next(v for k, v in body.items() if k.endswith("Config"))["kubernetesVersion"]
        if verb == "DELETE":
            cluster["steps"] = [("removing", "yes", "waiting for machines"), ("removing", "yes", "waiting for machines"), None]
        shown = self._shown(cluster)
        if not shown:
            raise Refusal(self.gone_status, "Forbidden" if self.gone_status == 403 else "NotFound")
        return 200, shown

    def add(self, name: str, **fields: Any) -> dict[str, Any]:
        """A cluster, as by a POST; by a test it is somebody else's."""
        number = f"c-{next(self._numbers):05x}"
        version = next((v.get("kubernetesVersion") for k, v in fields.items() if k.endswith("Config")), None)
        if version:
            self.api.version = version
        self.clusters[number] = {"id": number, "type": "cluster", "labels": {}, "annotations": {}, "created": "2026-11-21T00:00:00Z",
                                 "conditions": [], **fields, "name": name, "steps": list(self.making)}
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
        shown = {k: v for k, v in cluster.items() if k != "steps"}
        return {**shown, "state": state, "transitioning": transitioning, "transitioningMessage": message,
                "nodeCount": self.api.nodes if ready else 0, "version": {"gitVersion": self.api.version} if ready else None,
                "links": {"self": f"{self.url}/v3/clusters/{cluster['id']}"},
                "actions": {"generateKubeconfig": "..."} if ready else {}}

    def _kubeconfig(self, cluster: dict[str, Any]) -> tuple[int, Any]:
        if self.busy:
            self.busy -= 1
            raise Refusal(503, "ServiceUnavailable")
        token = f"kubeconfig-u-{secrets.token_hex(5)}:{secrets.token_hex(27)}"
        self.tokens.add(token)
        config = {"apiVersion": "v1", "kind": "Config", "current-context": cluster["name"],
                  "clusters": [{"name": cluster["name"], "cluster": {"server": f"{self.url}/k8s/clusters/{cluster['id']}"}}],
                  "users": [{"name": cluster["name"], "user": {"token": token}}],
                  "contexts": [{"name": cluster["name"], "context": {"cluster": cluster["name"], "user": cluster["name"]}}]}
        return 200, {"baseType": "generateKubeConfigOutput", "type": "generateKubeConfigOutput", "config": json.dumps(config)}

    def _v3_pools(self, verb: str, number: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if verb == "GET":
            return 200, {"data": [p for p in self.pools.values() if query.get("clusterId") in (None, p["clusterId"])]}
        if verb == "POST":
            number = f"{body['clusterId']}:np-{next(self._numbers):05x}"
        self.pools[number] = {**body, "id": number}
        self.api.nodes = sum(p["quantity"] for p in self.pools.values() if p.get("worker"))
        return 200, self.pools[number]

    def _v3_registration(self, verb: str, number: str, body: Any) -> tuple[int, Any]:
        of = number.partition(":")[0] or body["clusterId"]
        cluster = self.clusters[of]
        if verb == "GET" and "token" not in cluster:
            raise Refusal(404, "NotFound")
        first = "token" not in cluster
        cluster["token"] = True  # the addresses are filled in a moment later
        return 200, {"id": f"{of}:default-token", "token": "x" * 54, **({} if first else {
            "manifestUrl": f"{self.url}/v3/import/xyz_{of}.yaml", "command": "kubectl apply -f ..."})}

    # ---- Steve ------------------------------------------------------------------------------------------------
    def _v1(self, verb: str, rest: str, _query: Any, body: Any, _bearer: str) -> tuple[int, Any]:
        kind, _slash, key = rest.partition("/")
        if kind in self.objects and not key:
            return 200, {"type": "collection", "data": self.objects[kind]}
        if kind != "provisioning.cattle.io.clusters" or not self.has_v1:
            raise Refusal(404, "NotFound")
        if not key:
            if verb == "GET":
                return 200, {"type": "collection", "data": [self._shown_newer(o) for o in self.newer.values()]}
            return 201, self._shown_newer(self._make_newer(body))
        if key not in self.newer:
            raise Refusal(404, "NotFound")
        of = self.newer[key]
        if verb == "PUT":
            if self.conflicts or body["metadata"]["resourceVersion"] != of["metadata"]["resourceVersion"]:
                self.conflicts = max(0, self.conflicts - 1)
                raise Refusal(409, "Conflict", "the object has been modified")
            self._put_newer(of, body)
        if verb == "DELETE":  # the v3 cluster stays until its machines are gone
            del self.newer[key]
            self.clusters[of["number"]]["steps"] = [("removing", "yes", "waiting for machines")] * 2 + [None]
            return 204, ""
        return 200, self._shown_newer(of)

    def _make_newer(self, body: dict[str, Any]) -> dict[str, Any]:
        meta = body["metadata"]
        key = f"{meta['namespace']}/{meta['name']}"
        if key in self.newer:
            raise Refusal(409, "AlreadyExists", f"{meta['name']} already exists")
        number = self.add(meta["name"], xConfig={"kubernetesVersion": body["spec"].get("kubernetesVersion", "v1.31.4+rke2r1")},
                          labels={})["id"]
        self.newer[key] = {**body, "metadata": {**meta, "resourceVersion": "1", "generation": 1}, "number": number}
        self._size(body)
        return self.newer[key]

    def _size(self, body: dict[str, Any]) -> None:
        pools = (body["spec"].get("rkeConfig") or {}).get("machinePools") or []
        self.api.nodes = sum(p["quantity"] for p in pools if p.get("workerRole")) or self.api.nodes

    def _put_newer(self, of: dict[str, Any], body: dict[str, Any]) -> None:
        of["spec"] = body["spec"]
        of["metadata"].update(resourceVersion=str(int(of["metadata"]["resourceVersion"]) + 1),
                              generation=of["metadata"]["generation"] + 1)
        self._size(body)
        self.api.version = body["spec"].get("kubernetesVersion", self.api.version)
        self.clusters[of["number"]]["steps"] = [("updating", "yes", "configuring worker node(s)"), ACTIVE]

    def _shown_newer(self, of: dict[str, Any]) -> dict[str, Any]:
        cluster = self.clusters[of["number"]]
        state, transitioning, message = cluster["steps"][0] if cluster["steps"] else ACTIVE
        true = "True" if state == "active" else "False"
        seen = of["metadata"]["generation"] - (state == "updating")
        return {"id": f"{of['metadata']['namespace']}/{of['metadata']['name']}", "type": "provisioning.cattle.io.cluster",
                **{k: v for k, v in of.items() if k not in ("number", "type")},
                "metadata": {**of["metadata"], "state": {"name": state, "error": transitioning == "error", "message": message,
                                                         "transitioning": transitioning == "yes"}},
                "status": {"clusterName": of["number"], "ready": state == "active", "observedGeneration": seen, "conditions": [
                    {"type": "Created", "status": "True"}, {"type": "Updated", "status": true, "message": message}]}}

    def __enter__(self) -> FakeRancher:
        self.api.__enter__()
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.api.__exit__(*error)


MANIFEST = """
apiVersion: v1
kind: Namespace
metadata: {name: cattle-system}
---
apiVersion: v1
kind: Secret
metadata: {name: cattle-credentials, namespace: cattle-system}
stringData: {token: planted}
"""
