# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tags of vSphere, which only the Automation API of a vCenter knows: which machines bear them all.

The paths below /rest/com/vmware/cis are there in vCenter 6.5 to 8.
"""
from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...jobs.errors import BadOption, PlatformError
from ...kube.client import Client
from ...kube.connection import Connection
from ...kube.errors import ApiError, BadInput

_CIS = "/rest/com/vmware/cis"
_SESSION = f"{_CIS}/session"
_SHOWN = 20


class Tags:
    """A session of the Automation API. round_trips: requests so far."""

    def __init__(self, client: Client, host: str, token: str) -> None:
        self._client, self._host, self._headers = client, host, {"vmware-api-session-id": token}

    def _ask(self, method: str, path: str, action: str = "", body: Any = None) -> Any:
        try:
            answer = self._client.request(method, f"{_CIS}/tagging/{path}", params={"~action": action} if action else None, body=body,
                                          headers=self._headers, timeout=60.0)
        except ApiError as e:
            raise PlatformError(f"{self._host} could not read tags: {e}") from None
        return answer.get("value") if isinstance(answer, Mapping) else answer

    def _named(self, kind: str, name: str, ids: Sequence[str], within: str) -> str:
        """The id of a category or tag by its name. BadOption with the names that there are."""
        names = {}
        for key in ids:
            names[key] = str(self._ask("GET", f"{kind}/id:{key}")["name"])
            if names[key] == name:
                return key
        there = ", ".join(sorted(names.values())[:_SHOWN]) or "none"
        raise BadOption(f"tags: {self._host} has no {kind} {name!r}{within}; there are: {there}")

    def machines(self, tags: Sequence[tuple[str, str]]) -> set[str]:
        """MoIDs of the machines that bear all tags; each is a category and a tag of it."""
        found: list[set[str]] = []
        for category, tag in tags:
            key = self._named("category", category, self._ask("GET", "category") or [], "")
            of = self._ask("POST", f"tag/id:{key}", "list-tags-for-category") or []
            name = self._named("tag", tag, of, f" in category {category!r}")
            objects = self._ask("POST", f"tag-association/id:{name}", "list-attached-objects", {}) or []
            found.append({str(o["id"]) for o in objects if o.get("type") == "VirtualMachine"})
        return set.intersection(*found) if found else set()


@contextlib.contextmanager
def tags(wanted: Mapping[str, Any], host: str) -> Iterator[Tags]:
    """wanted: the settings of a session (vsphere_session.settings)."""
    address = {"host": f"https://{wanted['hostname']}:{wanted['port']}", "validate_certs": wanted["validate_certs"],
               "proxy": f"http://{wanted['proxy_host']}:{wanted['proxy_port']}" if wanted["proxy_host"] else None}
    basic = base64.b64encode(f"{wanted['username']}:{wanted['password']}".encode()).decode()
    try:
        connection = Connection.resolve(address, {})
    except BadInput as e:
        raise BadOption(f"hostname: {e}") from None
    client = Client(connection)
    try:
        try:
            token = client.request("POST", _SESSION, headers={"Authorization": f"Basic {basic}"}, timeout=60.0)
        except ApiError as e:
            raise PlatformError(f"tags: {host} has no Automation API to ask for tags (an ESXi host has none): {e}") from None
        value = str(token.get("value") if isinstance(token, Mapping) else token)
        yield Tags(client, host, value)
        with contextlib.suppress(ApiError):
            client.request("DELETE", _SESSION, headers={"vmware-api-session-id": value})
    finally:
        client.close()
        connection.close()
