# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake API server with pods behind it: pod proxy, port-forward and exec as the real one speaks them (v4 protocol)."""
from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import threading
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ansible_collections.assay.clusters.tests.unit.kube.server import Request, Server

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PODS = "/api/v1/namespaces/n/pods/"


class _Socket:
    """The server's side of a websocket."""

    def __init__(self, request: Request):
        self.read, self.write = request.handler.rfile, request.handler.wfile
        key = request.headers["Sec-WebSocket-Key"] + _GUID
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.write.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Protocol: v4.channel.k8s.io\r\nSec-WebSocket-Accept: {accept}\r\n\r\n").encode())
        self.write.flush()

    def send(self, channel: int, data: bytes) -> None:
        size = len(data) + 1
        head = bytes([0x82, size]) if size < 126 else bytes([0x82, 126]) + struct.pack("!H", size)
        self.write.write(head + bytes([channel]) + data)
        self.write.flush()

    def receive(self) -> tuple[int, bytes] | None:
        """(channel, data) of the next frame; None at the end."""
        head = self.read.read(2)
        if len(head) < 2 or head[0] & 15 == 8:
            return None
        size = head[1] & 127
        if size == 126:
            size = struct.unpack("!H", self.read.read(2))[0]
        mask = self.read.read(4)
        data = bytes(b ^ mask[i % 4] for i, b in enumerate(self.read.read(size)))
        return data[0], data[1:]

    def close(self) -> None:
        self.write.write(bytes([0x88, 0]))
        self.write.flush()


class FakePods:
    """broken: ways that do not work, each with the (status, reason, message) of the API server's refusal; silent: ways on which
    nothing comes back; late: paths that no pod answers in time.

    Every pod answers GET with `pod(path)`, a pair of text and status. forwards, execs: how often each was opened; asked:
    pod and way of each request.
    """

    def __init__(self) -> None:
        self.broken: dict[str, tuple[int, str, str]] = {}
        self.pod: Any = lambda path: (f"pod says {path}", 200)
        self.silent: set[str] = set()
        self.late: set[str] = set()
        self.questions: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.over = threading.Event()
        self.forwards = self.execs = 0
        self.close_after_answer = self.cut_forwards = False
        self.forward_error = ""
        self.server = Server(self._respond).start()

    def _respond(self, request: Request) -> None:
        rest = request.path.removeprefix(PODS)
        way = {"proxy": "proxy", "portforward": "port_forward", "exec": "exec"}[rest.split("/")[1]]
        self.asked.append((rest.split("/")[0].partition(":")[0], way))
        if way in self.silent:
            self.over.wait(60)
            return request.hang_up()
        if way in self.broken:
            return request.refuse(*self.broken[way])
        if way == "proxy":
            text, status = self._ask(request.url.partition("/proxy")[2])
            return request.answer(text, status)
        request.handler.close_connection = True
        return self._forward(request) if way == "port_forward" else self._exec(request)

    def _ask(self, path: str) -> tuple[str, int]:
        self.questions.append(path)
        if path in self.late:
            self.over.wait(60)
        return self.pod(path)

    def _forward(self, request: Request) -> None:
        self.forwards += 1
        ws, port = _Socket(request), struct.pack("<H", int(request.query["ports"]))
        ws.send(0, port)
        ws.send(1, port)
        if self.cut_forwards:
            request.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return request.handler.connection.close()
        if self.forward_error:
            ws.send(1, self.forward_error.encode())
            return ws.close()
        asked = b""
        while frame := ws.receive():
            asked += frame[1]
            while b"\r\n\r\n" in asked:
                head, _end, asked = asked.partition(b"\r\n\r\n")
                text, status = self._ask(head.split()[1].decode())
                raw = text.encode()
                ws.send(0, f"HTTP/1.1 {status} Some\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw)
                if self.close_after_answer:
                    return ws.close()

    def _exec(self, request: Request) -> None:
        self.execs += 1
        ws = _Socket(request)
        ws.send(1, b"")  # the lowest channel that is written to says that the connection is there
        command = [v for k, v in parse_qsl(urlsplit(request.url).query) if k == "command"]
        if command[0] != "curl":
            ws.send(2, b"no such command")
            ws.send(3, json.dumps({"status": "Failure", "message": "command terminated"}).encode())
        elif (path := "/" + command[-1].split("/", 3)[3]) in self.late:
            ws.send(2, b"curl: (28) Operation timed out")
            causes = [{"reason": "ExitCode", "message": "28"}]
            ws.send(3, json.dumps({"status": "Failure", "details": {"causes": causes}}).encode())
        else:
            text, _status = self._ask(path)
            for piece in (text[:3], text[3:]):
                ws.send(1, piece.encode())
            ws.send(3, json.dumps({"status": "Success"}).encode())
        ws.close()

    def stop(self) -> None:
        self.over.set()
        self.server.stop()
