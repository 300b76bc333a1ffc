# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests to Rancher: login by token or password, with either generation of its login; errors in Rancher's words.

Norman answers errors as {type: error, status, code, message}, Steve as {type: error, status, code, message} or as a
Status of Kubernetes.
"""
from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from ..jobs.errors import BadOption, PlatformError
from ..kube.client import Client
from ..kube.connection import Connection
from ..kube.errors import ApiError, BadInput
from ..results import redact

# How long a token of a login holds if nobody ends it before (milliseconds), longer than any wait.
_TTL = 6 * 3600 * 1000
_WHO = "assay.clusters"


class RancherApi:
    """One Rancher server. token is given, or comes from a login that close() ends."""

    def __init__(self, settings: Mapping[str, Any]):
        def given(name: str) -> str:
            return str(settings.get(name) or os.environ.get(f"RANCHER_{name.upper()}") or "")

        self.url = given("url").rstrip("/").removesuffix("/v3")
        if not self.url.startswith(("https://", "http://")):
            raise BadOption(f"rancher.url: must be like https://rancher.example.com, not {self.url!r}")
        self._user, self._password = given("username"), given("password")
        self.token = given("token") or os.environ.get("RANCHER_TOKEN_KEY", "")
        redact.register(self._password, self.token)
        if not self.token and not (self._user and self._password):
            raise BadOption("rancher.token: is missing, and so are rancher.username and rancher.password")
        self._tls = {n: settings.get(n) for n in ("ca_cert", "validate_certs", "proxy")}
        if self.url.startswith("http://") and self._tls["validate_certs"]:
            self._tls["validate_certs"] = None  # which is the default here, and nothing that was asked for against http://
        self._logged_in = False
        self._client = self._open("" if not self.token else self.token)
        if not self.token:
            self._log_in()

    @property
    def insecure(self) -> bool:
        return self._tls["validate_certs"] is False

    @property
    def ca_file(self) -> str:
        return str(self._tls["ca_cert"] or "")

    def _open(self, token: str) -> Client:
        try:
            return Client(Connection.resolve({"host": self.url, "api_key": token, **self._tls}, {}))
        except BadInput as e:
            raise BadOption(f"rancher.{e}") from None

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
        try:
            return self._client.request(method, path, params=params, body=body, timeout=30.0, raw=raw)
        except ApiError as e:
            raise PlatformError(f"Rancher {self.url}: {self._sentence(e)}", status=e.status) from None

    @staticmethod
    def _sentence(e: ApiError) -> str:
        try:
            told = json.loads(e.message)
        except ValueError:
            told = {}
        message = told.get("message") if isinstance(told, dict) else None
        code = told.get("code") if isinstance(told, dict) else None
        text = ": ".join(filter(None, (code, message))) or " ".join(e.message.split())[:300]
        return f"{e.method} {e.path}: {text}" + (f" (status {e.status})" if e.status else "")

    def call(self, method: str, path: str, body: Any = None, params: Any = None, raw: bool = False) -> Any:
        """The answer as data. PlatformError with detail `status`; a session that ended meanwhile is begun anew once."""
        try:
            return self._send(method, path, body, params, raw)
        except PlatformError as e:
            if e.details.get("status") != 401 or not self._logged_in:
                raise
        self._shut()
        self._client = self._open("")
        self._log_in()
        return self._send(method, path, body, params, raw)

    def get_or_none(self, path: str, gone: tuple[int, ...] = (404,)) -> Any:
        """None for these statuses."""
        try:
            return self.call("GET", path)
        except PlatformError as e:
            if e.details.get("status") in gone:
                return None
            raise

    def everything(self, path: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """All items of a list of either generation."""
        answer = self.call("GET", path, params={"limit": 1000, **(params or {})})
        items = list(answer.get("data") or [])
        while following := (answer.get("pagination") or {}).get("next"):
            answer = self.call("GET", str(following).removeprefix(self.url))
            items += answer.get("data") or []
        return items

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
