# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests to Rancher: login by token or password, with either generation of its login; errors in Rancher's words.

Norman answers errors as {type: error, status, code, message}, Steve as {type: error, status, code, message} or as a
Status of Kubernetes. Lists go on by `pagination.next` (Norman) or by `continue` (Steve,
https://github.com/rancher/steve#continue).
"""
from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..jobs.errors import BadOption, Passing, PlatformError
from ..kube.client import Client
from ..kube.connection import Connection
from ..kube.errors import ApiError, BadInput
from ..kube.json_text import json_of
from ..kube.patient import passing
from ..results import redact

# How long a token of a login holds if nobody ends it before (milliseconds), longer than any wait.
_TTL = 6 * 3600 * 1000
_WHO = "assay.clusters"
# Seconds for an answer, and for one to a change.
_ANSWER, _CHANGED = 30.0, 60.0
# Where the API begins in an address, whatever stands before it.
_API = re.compile(r"/v[13](?:-public)?/")
# What may be asked twice: nothing is made a second time.
_REPEATED = ("GET", "PUT", "DELETE")
# Rancher's word for a cluster that does not answer; it is one about the cluster, not about Rancher.
_OF_CLUSTER = "ClusterUnavailable"
# Under which a cluster notes the tokens of the kubeconfigs that were made for it.
TOKENS = "assay.clusters/tokens"
_TRUE = ("1", "t", "true", "y", "yes", "on")


def _token(environ: Mapping[str, str]) -> str:
    """Of the environment: ours, else the names of Terraform's provider rancher2, whose key in two parts is one token."""
    pair = [environ.get(f"RANCHER_{n}_KEY") or "" for n in ("ACCESS", "SECRET")]
    return environ.get("RANCHER_TOKEN") or environ.get("RANCHER_TOKEN_KEY") or (":".join(pair) if all(pair) else "")


def address(settings: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """Rancher's address without its end, "" where nobody tells it."""
    return str(settings.get("url") or environ.get("RANCHER_URL") or "").rstrip("/").removesuffix("/v3")


def noted_tokens(cluster: Mapping[str, Any]) -> list[str]:
    """Ids of the tokens of kubeconfigs that were made for a cluster of /v3."""
    return [t for t in str((cluster.get("annotations") or {}).get(TOKENS, "")).split(",") if t]


def verified(settings: Mapping[str, Any], environ: Mapping[str, str]) -> bool | None:
    """Whether Rancher's certificate is; None where nobody says so, and it is."""
    told = settings.get("validate_certs")
    return False if told is None and environ.get("RANCHER_INSECURE", "").strip().lower() in _TRUE else told


class RancherApi:
    """One Rancher server. token is given, or comes from a login that close() ends.

    environ: of the task. patient: asks what may be asked twice, again while errors pass; without it, once.
    """

    def __init__(self, settings: Mapping[str, Any], environ: Mapping[str, str],
                 patient: Callable[[Callable[[], Any]], Any] | None = None):
        self._patient = patient or (lambda ask: ask())
        self.url = address(settings, environ)
        if not self.url.startswith(("https://", "http://")):
            raise BadOption(f"rancher.url: must be like https://rancher.example.com, not {self.url!r}")
        self._user, self._password = (str(settings.get(n) or environ.get(f"RANCHER_{n.upper()}") or "")
                                      for n in ("username", "password"))
        self.token = str(settings.get("token") or _token(environ))
        redact.register(self._password, self.token, self.token.partition(":")[2])
        if not self.token and not (self._user and self._password):
            raise BadOption("rancher.token: is missing, and so are rancher.username and rancher.password")
        self._proxy, self._ca_file = settings.get("proxy"), str(settings.get("ca_cert") or "")
        self.ca_data = self._authority(environ)
        self._verify = verified(settings, environ)
        if self.url.startswith("http://") and self._verify:
            self._verify = None  # which is the default here, and nothing that was asked for against http://
        self._logged_in = False
        self._client = self._open("" if not self.token else self.token)
        if not self.token:
            self._patient(self._log_in)

    @property
    def insecure(self) -> bool:
        return self._verify is False

    def _authority(self, environ: Mapping[str, str]) -> str:
        """Certificates of the authority in base64. The option names a file, Terraform's variable holds the certificates."""
        given = environ.get("RANCHER_CA_CERTS") or ""
        if not self._ca_file and "-----BEGIN" in given:
            return base64.b64encode(given.encode()).decode()
        name = "rancher.ca_cert" if self._ca_file else "RANCHER_CA_CERTS"
        self._ca_file = os.path.expanduser(self._ca_file or given)
        try:
            return base64.b64encode(Path(self._ca_file).read_bytes()).decode() if self._ca_file else ""
        except OSError as e:
            raise BadOption(f"{name}: cannot read {self._ca_file}: {e.strerror}") from None

    def _open(self, token: str) -> Client:
        options = {"host": self.url, "api_key": token, "validate_certs": self._verify, "proxy": self._proxy,
                   "ca_cert": self._ca_file}
        if self.ca_data and not self._ca_file:  # certificates without a file are taken in a kubeconfig only
            options["kubeconfig"] = self._as_kubeconfig()
            del options["host"]
        try:
            return Client(Connection.resolve(options, {}))
        except BadInput as e:
            raise BadOption(f"rancher.{e}") from None

    def _as_kubeconfig(self) -> dict[str, Any]:
        cluster = {"server": self.url, "certificate-authority-data": self.ca_data}
        return {"apiVersion": "v1", "kind": "Config", "current-context": "rancher",
                "clusters": [{"name": "rancher", "cluster": cluster}], "users": [{"name": "rancher", "user": {}}],
                "contexts": [{"name": "rancher", "context": {"cluster": "rancher", "user": "rancher"}}]}

    def _log_in(self) -> None:
        """Newer servers have /v1-public/login; older ones answer 404 there and have the login of the local provider."""
        words = {"username": self._user, "password": self._password, "ttl": _TTL, "description": _WHO}
        try:
            made = self._send("POST", "/v1-public/login", {"type": "localProvider", **words})
        except PlatformError as e:
            if e.details.get("status") != 404:
                raise
            made = self._send("POST", "/v3-public/localProviders/local", words, {"action": "login"})
        self.token = str(made["token"])
        redact.register(self.token)
        self._shut()
        self._client, self._logged_in = self._open(self.token), True

    def _send(self, method: str, path: str, body: Any = None, params: Any = None, raw: bool = False) -> Any:
        seconds = _ANSWER if method == "GET" else _CHANGED
        try:
            return self._client.request(method, path, params=params, body=body, timeout=seconds, raw=raw)
        except ApiError as e:
            code, words = self._told(e)
            kind = Passing if passing(e) and code != _OF_CLUSTER else PlatformError
            raise kind(f"Rancher {self.url}: {words}", status=e.status, code=code) from None

    @staticmethod
    def _told(e: ApiError) -> tuple[str, str]:
        """Rancher's code, and a sentence."""
        try:
            told = json_of(e.message)
        except ValueError:
            told = {}
        told = told if isinstance(told, dict) else {}
        code, message = str(told.get("code") or ""), str(told.get("message") or "")
        text = ": ".join(filter(None, (code, message))) or " ".join(e.message.split())[:300]
        return code, f"{e.method} {e.path}: {text}" + (f" (status {e.status})" if e.status else "")

    def call(self, method: str, path: str, body: Any = None, params: Any = None, raw: bool = False) -> Any:
        """The answer as data. PlatformError with detail `status`; a session that ended meanwhile is begun anew once."""
        def ask() -> Any:
            return self._send(method, path, body, params, raw)

        repeat = self._patient if method in _REPEATED else lambda once: once()
        try:
            return repeat(ask)
        except PlatformError as e:
            if e.details.get("status") != 401 or not self._logged_in:
                raise
        self._shut()
        self._client = self._open("")
        self._patient(self._log_in)
        return repeat(ask)

    def get_or_none(self, path: str, gone: tuple[int, ...] = (404,)) -> Any:
        """None for these statuses in Rancher's own words. Passing for a page that says so: it is a balancer's, while Rancher
        starts."""
        try:
            return self.call("GET", path)
        except PlatformError as e:
            if e.details.get("status") not in gone:
                raise
            if not e.details.get("code"):
                raise Passing(str(e), **e.details) from None
            return None

    def knows(self, path: str) -> bool:
        """Whether this Rancher has such a list at all; older and newer ones have not, in whatever words."""
        try:
            self.call("GET", f"{path}?limit=1")
            return True
        except PlatformError as e:
            if e.details.get("status") != 404:
                raise
            return False

    @staticmethod
    def here(address_of_rancher: str) -> str:
        """The path of an address that Rancher tells by the name that it has for itself, which need not be the one asked."""
        found = _API.search(address_of_rancher)
        return address_of_rancher[found.start():] if found else address_of_rancher

    def everything(self, path: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """All items of a list of either generation, however many pages it has."""
        asked = {"limit": 1000, **(params or {})}
        answer = self.call("GET", path, params=asked)
        items = list(answer.get("data") or [])
        while True:
            if following := (answer.get("pagination") or {}).get("next"):
                answer = self.call("GET", self.here(str(following)))
            elif following := answer.get("continue"):
                answer = self.call("GET", path, params={**asked, "continue": following})
            else:
                return items
            items += answer.get("data") or []

    def end_token(self, number: str) -> None:
        """One that was made here; it may be gone, or belong to somebody else."""
        try:
            self.call("DELETE", f"/v3/tokens/{number}")
        except PlatformError as e:
            if e.details.get("status") not in (403, 404):
                raise

    def _shut(self) -> None:
        self._client.close()
        self._client.connection.close()

    def close(self) -> None:
        """The token that a login made ends; one that was given stays."""
        if self._logged_in:
            try:
                self._send("POST", "/v3/tokens", {}, {"action": "logout"})
            except PlatformError:  # it ends by itself
                pass
        self._shut()
