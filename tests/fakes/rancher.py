# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake Rancher: both APIs for clusters over HTTP, with state, a clock and weather.

Speaks /v3 (Norman) and /v1 (Steve), both logins, the import manifest and the proxy /k8s/clusters/ID to a fake API server.
Every look at a cluster takes it one step on in its list of states. Tests put nodes, volumes and objects of Cluster API beside
the clusters, as Rancher lists them, and may forbid lists.
"""
from __future__ import annotations

import itertools
import json
import secrets
import urllib.parse
from http.server import BaseHTTPRequestHandler
from typing import Any, Self

from .api_server import FakeApiServer
from .outdoors import Handler, Outdoors
from .rancher_norman import Norman
from .rancher_steve import Steve
from .rancher_words import ACTIVE, FLICKER, MAKING, Refusal, Step

__all__ = ["ACTIVE", "FLICKER", "MAKING", "FakeRancher", "Refusal"]


class FakeRancher(Norman, Steve, Outdoors):
    """Use as a context manager. Attributes are switches for tests.

    has_v1: whether Steve knows provisioning.cattle.io; has_v1_login: whether /v1-public/login exists; has_rke1: whether
    there are node pools and RKE, which Rancher 2.13 has not; gone_status: what a deleted cluster answers, 404 or 403; keeps:
    nobody may delete clusters; conflicts: so many PUTs of v1 objects answer 409; busy: so many generateKubeconfig answer
    503; making: the states of a new cluster, each for `looks` looks, then the last one stays; page: the most on a page of a
    list; server_url: the name that Rancher has for itself; weather: how reads go.
    """

    def __init__(self, has_v1: bool = True, has_v1_login: bool = True):
        self.has_v1, self.has_v1_login, self.has_rke1 = has_v1, has_v1_login, True
        self.keeps, self.gone_status, self.conflicts, self.busy, self.looks, self.page = False, 404, 0, 0, 1, 0
        self.making: list[Step] = [*MAKING, ACTIVE]
        self._open(self._handler())
        self.server_url = self.url
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

    @property
    def token(self) -> str:
        return "token-abcde:" + "s" * 54

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Served(Handler):
            def _serve(self) -> None:
                if fake.weather.spoils(self):
                    return
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
                self.tell(status, data)

            do_GET = do_POST = do_PUT = do_DELETE = _serve

        return Served

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

    def __enter__(self) -> Self:
        self.api.__enter__()
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
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
