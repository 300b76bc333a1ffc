# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake API server that keeps Leases as the real one does: resourceVersion, preconditions, 409, 422; and that can lose
answers and requests."""
from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from .outdoors import Handler, Outdoors


class _Status(Exception):
    def __init__(self, code: int, reason: str, message: str = ""):
        super().__init__(message or reason)
        self.code, self.reason = code, reason


class Lost(Exception):
    """Raised by `before`: the request is not done, and its connection ends without an answer."""


class LeaseApi(Outdoors):
    """Use as a context manager. lose: how many of the next changes are made without an answer; ahead: of our clock (s).

    before: called with the method of every request, for what happens in the middle. weather: how reads go.
    """

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.before: Callable[[str], None] = lambda method: None
        self.lose, self.ahead, self.version = 0, 0.0, 0
        self._lock = threading.Lock()
        fake = self

        class Served(Handler):
            def _do(self) -> None:
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if fake.weather.spoils(self):
                    return
                try:
                    fake.before(self.command)
                    code, body = 200, fake.change(self.command, self.path, json.loads(data) if data else {})
                except _Status as e:
                    code, body = e.code, {"kind": "Status", "code": e.code, "reason": e.reason, "message": str(e)}
                except Lost:
                    self.close_connection = True
                    return
                if self.command != "GET" and code == 200 and fake.lost():
                    self.close_connection = True
                    return
                text = json.dumps(body).encode()
                self.send_response_only(code)
                self.send_header("Date", formatdate(time.time() + fake.ahead, usegmt=True))
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_DELETE = _do

        self._open(Served)

    def lost(self) -> bool:
        with self._lock:
            self.lose -= 1
            return self.lose >= 0

    def change(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One request to /apis/coordination.k8s.io/v1/namespaces/NAMESPACE/leases[/NAME]."""
        with self._lock:
            words = path.split("/")
            if words[5] != "default":
                raise _Status(404, "NotFound")
            if method == "POST":
                return self._put(body["metadata"]["name"], body, None)
            old = self.objects.get(words[7])
            if old is None:
                raise _Status(404, "NotFound")
            if method == "GET":
                return old
            if method == "PUT" and not body["metadata"].get("resourceVersion"):  # Leases are never changed unconditionally
                raise _Status(422, "Invalid", "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update")
            wanted = body["preconditions"] if method == "DELETE" else body["metadata"]
            if any(wanted.get(n) not in (None, old["metadata"][n]) for n in ("resourceVersion", "uid")):
                raise _Status(409, "Conflict")
            return self.objects.pop(words[7]) if method == "DELETE" else self._put(words[7], body, old)

    def _put(self, name: str, body: dict[str, Any], old: dict[str, Any] | None) -> dict[str, Any]:
        if old is None and name in self.objects:
            raise _Status(409, "AlreadyExists")
        self.version += 1
        uid = old["metadata"]["uid"] if old else str(uuid.uuid4())
        self.objects[name] = {**body, "metadata": {**body["metadata"], "uid": uid, "resourceVersion": str(self.version)}}
        return self.objects[name]
