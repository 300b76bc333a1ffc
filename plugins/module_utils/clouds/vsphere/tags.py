# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tags of vSphere, which only the Automation API of a vCenter knows: which machines bear them all.

Its paths are below /api since vSphere 7.0 U2, and the older ones below /rest are deprecated since then (vSphere Automation API, Cis Tagging);
they differ in identifiers, actions and what is around an answer.
"""
from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...jobs.errors import BadOption, Passing, PlatformError
from ...jobs.job import Job
from ...jobs.patience import Patience
from ...kube.client import Client
from ...kube.connection import Connection
from ...kube.errors import ApiError, BadInput
from ...kube.patient import passing

_SHOWN = 20
_PATIENCE = 60.0  # seconds of errors that pass, of a vCenter that answered before
# What a vCenter before 7.0 U2 answers to a path that it has not; others are refusals.
_NOT_THERE = (400, 404, 405, 501)


@dataclass(frozen=True)
class Way:
    """Where a generation of the API has its paths. item: how an identifier stands in one."""

    session: str
    tagging: str
    action: str
    item: str


NEW = Way("/api/session", "/api/cis/tagging", "action", "{}")
OLD = Way("/rest/com/vmware/cis/session", "/rest/com/vmware/cis/tagging", "~action", "id:{}")


class Tags:
    """A session of the Automation API."""

    def __init__(self, client: Client, host: str, job: Job) -> None:
        self._client, self._host, self._patient = client, host, Patience(job, _PATIENCE)
        self._way, self._token = NEW, ""

    def log_in(self, username: str, password: str) -> None:
        """By the newer paths, by the older ones where those are not there. PlatformError where both are not."""
        basic = {"Authorization": f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"}
        for self._way in (NEW, OLD):
            try:
                self._token = str(self._request("POST", self._way.session, headers=basic))
                return
            except ApiError as e:
                if e.status == 401:
                    raise PlatformError(f"tags: {self._host} refuses the log-in of {username!r} to its Automation API; check username and "
                                        "password") from None
                if self._way is OLD or e.status not in _NOT_THERE:
                    raise PlatformError(f"tags: {self._host} has no Automation API to ask for tags (an ESXi host has none): {e}") from None

    def log_out(self) -> None:
        with contextlib.suppress(ApiError, PlatformError):
            self._client.request("DELETE", self._way.session, headers=self._own)

    @property
    def _own(self) -> dict[str, str]:
        return {"vmware-api-session-id": self._token}

    def _request(self, method: str, path: str, **more: Any) -> Any:
        """What is in the answer; the older paths have it in a field. ApiError where it is a refusal, Passing where it is none."""
        def once() -> Any:
            try:
                return self._client.request(method, path, timeout=60.0, **more)
            except ApiError as e:
                if passing(e):
                    raise Passing(f"{self._host} could not read tags: {e}") from None
                raise

        answer = self._patient(once)
        return answer.get("value") if self._way is OLD and isinstance(answer, Mapping) else answer

    def _ask(self, method: str, path: str, key: str = "", action: str = "", body: Any = None) -> Any:
        whole = f"{self._way.tagging}/{path}" + (f"/{self._way.item.format(key)}" if key else "")
        try:
            return self._request(method, whole, params={self._way.action: action} if action else None, body=body, headers=self._own)
        except ApiError as e:
            raise PlatformError(f"{self._host} could not read tags: {e}") from None

    def _tags_of(self, category: str) -> list[str]:
        """Ids of the tags of a category. The newer paths have its id in the body."""
        if self._way is NEW:
            return self._ask("POST", "tag", "", "list-tags-for-category", {"category_id": category}) or []
        return self._ask("POST", "tag", category, "list-tags-for-category") or []

    def _named(self, kind: str, name: str, ids: Sequence[str], within: str) -> str:
        """The id of a category or tag by its name. BadOption with the names that there are."""
        names = {}
        for key in ids:
            names[key] = str(self._ask("GET", kind, key)["name"])
            if names[key] == name:
                return key
        there = ", ".join(sorted(names.values())[:_SHOWN]) or "none"
        raise BadOption(f"tags: {self._host} has no {kind} {name!r}{within}; there are: {there}")

    def machines(self, tags: Sequence[tuple[str, str]]) -> set[str]:
        """MoIDs of the machines that bear all tags; each is a category and a tag of it."""
        found: list[set[str]] = []
        for category, tag in tags:
            key = self._named("category", category, self._ask("GET", "category") or [], "")
            name = self._named("tag", tag, self._tags_of(key), f" in category {category!r}")
            objects = self._ask("POST", "tag-association", name, "list-attached-objects", None if self._way is NEW else {}) or []
            found.append({str(o["id"]) for o in objects if o.get("type") == "VirtualMachine"})
        return set.intersection(*found) if found else set()


@contextlib.contextmanager
def tags(wanted: Mapping[str, Any], host: str, job: Job) -> Iterator[Tags]:
    """wanted: the settings of a session (session.settings)."""
    address = {"host": f"https://{wanted['hostname']}:{wanted['port']}", "validate_certs": wanted["validate_certs"],
               "proxy": f"http://{wanted['proxy_host']}:{wanted['proxy_port']}" if wanted["proxy_host"] else None}
    try:
        connection = Connection.resolve(address, {})
    except BadInput as e:
        raise BadOption(f"hostname: {e}") from None
    client = Client(connection)
    try:
        made = Tags(client, host, job)
        made.log_in(wanted["username"], wanted["password"])
        yield made
        made.log_out()
    finally:
        client.close()
        connection.close()
