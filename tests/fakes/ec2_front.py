# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake in front of moto's server: what EC2 does and moto does not.

Every request, of other services too, goes on to moto, but: refusals that a test asks for (throttling, rights, expired sessions), answers that a
test edits (a snapshot that fails), and CreateReplaceRootVolumeTask, which moto has not: it is done here with moto's own
volumes, as the API reference describes it. It also keeps the list of what was asked.
"""
from __future__ import annotations

import http.client
import ssl
import threading
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .weather import SKY

_NS = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"'


def _error(code: str, message: str, query: bool = True) -> bytes:
    """As EC2 says it, or as services with paths do."""
    if not query:
        return f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>".encode()
    return (f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            "<RequestID>fake</RequestID></Response>").encode()


class Front:
    """A server on a port of its own; .url is what endpoint_url wants. client: boto3's EC2 client of the moto behind."""

    def __init__(self, moto: str, client: Any) -> None:
        self.moto, self.client = moto, client
        self.asked: list[dict[str, str]] = []
        self.world: Callable[[str, dict[str, str], str], str] = lambda action, query, text: text
        self.weather = SKY.aws()
        self.has_tasks = True  # whether it does CreateReplaceRootVolumeTask; else it answers as EC2 does for what it has not
        self._left: int | None = None
        self._tasks: dict[str, dict[str, str]] = {}
        self._refusals: dict[str, list[tuple[int, str, str]]] = {}
        self._edits: dict[str, list[Callable[[str], str]]] = {}
        front = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, answer = front.answer(body, dict(self.headers), self.command, self.path)
                if not status:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = _serve

            def log_message(self, format: str, *args: Any) -> None:  # pylint: disable=redefined-builtin
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def encrypt(self, certificate: Path) -> None:
        """It speaks TLS from now on, with the chain and the key of this file."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = self.url.replace("http:", "https:")

    def refuse(self, action: str, code: str, message: str, times: int = 1, status: int = 400) -> None:
        """The next requests of this action fail; "*": of any."""
        self._refusals.setdefault(action, []).extend([(status, code, message)] * times)

    def end_after(self, requests: int) -> None:
        """So many requests are answered, then none any more, as for a process that is killed."""
        self._left = requests

    def forgive(self) -> None:
        """No more refusals and edits."""
        self._left = None
        self._refusals.clear()
        self._edits.clear()

    def edit(self, action: str, change: Callable[[str], str], times: int = 1) -> None:
        """The next answers to this action are changed."""
        self._edits.setdefault(action, []).extend([change] * times)

    def actions(self) -> list[str]:
        return [a["Action"] for a in self.asked]

    def answer(self, body: bytes, headers: dict[str, str], method: str = "POST", path: str = "/") -> tuple[int, bytes]:
        """Services with paths, as Route 53, have no action: it is the method and the path. Status 0: the connection is cut."""
        query = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        action = query.get("Action") or f"{method} {path.partition('?')[0]}"
        query = {**query, "Action": action}
        self.asked.append(query)
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                return 400, _error("Ended", "no more answers")
        for key in (action, "*"):
            if self._refusals.get(key):
                status, code, message = self._refusals[key].pop(0)
                return status, _error(code, message, method == "POST")
        said = self.weather(action)
        if said is not False:
            return (said[0], _error(said[1], said[2], method == "POST")) if said else (0, b"")
        if "ReplaceRootVolumeTask" in action:
            if self.has_tasks:
                return 200, self._replace(action, query).encode()
            return 400, _error("InvalidAction", f"The action {action} is not valid for this web service.")
        host, _colon, port = self.moto.removeprefix("http://").partition(":")
        behind = http.client.HTTPConnection(host, int(port), timeout=60)
        behind.request(method, path, body, headers)
        response = behind.getresponse()
        text = response.read().decode()
        behind.close()
        if self._edits.get(action):
            text = self._edits[action].pop(0)(text)
        return response.status, self.world(action, query, text).encode()

    def _replace(self, action: str, query: dict[str, str]) -> str:
        """A task that is done on the first look; the instance has run on all the while."""
        if action.startswith("Create"):
            key, instance = f"replacevol-{len(self._tasks):017x}", query["InstanceId"]
            self._tasks[key] = {"instance": instance, "state": "pending"}
            there = self.client.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
            root = there["RootDeviceName"]
            old = next(m["Ebs"]["VolumeId"] for m in there["BlockDeviceMappings"] if m["DeviceName"] == root)
            new = self.client.create_volume(AvailabilityZone=there["Placement"]["AvailabilityZone"],
                                            SnapshotId=query["SnapshotId"])["VolumeId"]
            self.client.detach_volume(VolumeId=old, InstanceId=instance, Device=root)
            self.client.attach_volume(VolumeId=new, InstanceId=instance, Device=root)
            if query.get("DeleteReplacedRootVolume") == "true":
                self.client.delete_volume(VolumeId=old)
            return (f"<CreateReplaceRootVolumeTaskResponse {_NS}><replaceRootVolumeTask>{self._task(key)}"
                    "</replaceRootVolumeTask></CreateReplaceRootVolumeTaskResponse>")
        key = query["ReplaceRootVolumeTaskId.1"]
        if self._tasks[key]["state"] == "pending":
            self._tasks[key]["state"] = "succeeded"
        return (f"<DescribeReplaceRootVolumeTasksResponse {_NS}><replaceRootVolumeTaskSet><item>{self._task(key)}</item>"
                "</replaceRootVolumeTaskSet></DescribeReplaceRootVolumeTasksResponse>")

    def _task(self, key: str) -> str:
        task = self._tasks[key]
        return (f"<replaceRootVolumeTaskId>{key}</replaceRootVolumeTaskId><instanceId>{task['instance']}</instanceId>"
                f"<taskState>{task['state']}</taskState>")
