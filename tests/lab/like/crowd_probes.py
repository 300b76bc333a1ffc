# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands in for the pods of nodes that are not there: `python -m tests.lab.like.crowd_probes CLUSTER`, in a node's network.

Every address of the crowd leads here. Who asks for a name gets that of the pod with the address; whatever else a probe is asked
(to dial, to run a command) is passed on to a probe of the same run on a real node, so that real questions go out: to these in
turn, no more of them at once than a pod has memory for, and one command not again and again for all. It ends with its stdin.
"""
from __future__ import annotations

import asyncio
import collections
import itertools
import socket
import struct
import sys
import threading
import time
from typing import Any
from urllib.parse import parse_qs

from tests.lab import Lab

HTTP_PORT, UDP_PORT = 8080, 8081
# Questions to one real probe at once; seconds for which a command that it runs for one node of the crowd is run for others, too.
_AT_ONCE, _SAME = 6, 3.0
_PKTINFO = socket.IP_PKTINFO if hasattr(socket, "IP_PKTINFO") else 8


class Pods:
    """Those of runs, by address, as the API server has them."""

    def __init__(self, lab: Lab):
        self._lab, self._lock = lab, threading.Lock()
        self._known: dict[str, dict[str, Any]] = {}
        self._asked = 0.0

    def _look(self) -> None:
        if time.monotonic() > self._asked + 0.2:
            pods = self._lab.api("/api/v1/pods?labelSelector=assay.clusters%2Frun&resourceVersion=0", timeout=30.0)["items"]
            self._known = {p["status"]["podIP"]: p for p in pods if p.get("status", {}).get("podIP")}
            self._asked = time.monotonic()

    def name(self, address: str) -> str:
        with self._lock:
            if address not in self._known:
                self._look()
            return str(self._known[address]["metadata"]["name"]) if address in self._known else "nobody"

    def real(self, address: str) -> list[str]:
        """The addresses of the probes on real nodes, in the namespace of the pod that has this one."""
        with self._lock:
            if address not in self._known:
                self._look()
            space = self._known[address]["metadata"]["namespace"]
            nodes = {self._lab.node_name(s) for s in self._lab.machines}
            return [a for a, p in sorted(self._known.items()) if p["metadata"]["namespace"] == space and p["spec"].get("nodeName") in nodes
                    and "assay.clusters/probe" in p["metadata"]["labels"]]


class Probes:
    def __init__(self, pods: Pods):
        self._pods, self._turn = pods, itertools.count()
        self._asked: dict[tuple[str, str, bytes], tuple[float, asyncio.Future[tuple[int, str, bytes]]]] = {}
        self._room: dict[str, asyncio.Semaphore] = collections.defaultdict(lambda: asyncio.Semaphore(_AT_ONCE))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, as many requests as come on it."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _version = head[0].split(" ", 2)
                headers = {k.strip().lower(): v.strip() for k, _colon, v in (line.partition(":") for line in head[1:]) if k}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                status, kind, answer = await self._answer(method, target, body, writer.get_extra_info("sockname")[0])
                writer.write(f"HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer)
                await writer.drain()
                if headers.get("connection", "").lower() == "close":
                    break
        except (asyncio.IncompleteReadError, ConnectionError, ValueError, LookupError):
            pass
        finally:
            writer.close()

    async def _answer(self, method: str, target: str, body: bytes, address: str) -> tuple[int, str, bytes]:
        path = target.partition("?")[0]
        if path == "/healthz":
            return 200, "text/plain", b""
        if path == "/hostname":
            return 200, "text/plain", (await asyncio.to_thread(self._pods.name, address)).encode()
        if path == "/echo":
            return 200, "text/plain", (parse_qs(body.decode() or target.partition("?")[2]).get("msg") or [""])[0].encode()
        found = await asyncio.to_thread(self._pods.real, address)
        there = found[next(self._turn) % len(found)]
        if path != "/shell":
            return await self._in_turn(there, method, target, body)
        for key in [k for k, (began, _asked) in self._asked.items() if began < time.monotonic() - _SAME]:
            del self._asked[key]
        key = (there, target, body)
        if key not in self._asked:
            self._asked[key] = time.monotonic(), asyncio.ensure_future(self._in_turn(there, method, target, body))
        return await asyncio.shield(self._asked[key][1])

    async def _in_turn(self, address: str, method: str, target: str, body: bytes) -> tuple[int, str, bytes]:
        async with self._room[address]:
            return await self._passed_on(address, method, target, body)

    async def _passed_on(self, address: str, method: str, target: str, body: bytes) -> tuple[int, str, bytes]:
        reader, writer = await asyncio.open_connection(address, HTTP_PORT)
        writer.write(f"{method} {target} HTTP/1.0\r\nHost: netexec\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        head, _blank, answer = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        kind = next((line.partition(b":")[2].strip().decode() for line in head.split(b"\r\n") if line.lower().startswith(b"content-type:")),
                    "text/plain")
        return int(head.split(b" ", 2)[1]), kind, answer


def answer_datagrams(pods: Pods) -> None:
    """The answer leaves from the address that was asked."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.setsockopt(socket.IPPROTO_IP, _PKTINFO, 1)
    udp.bind(("0.0.0.0", UDP_PORT))
    while True:
        data, more, _flags, peer = udp.recvmsg(2048, 256)
        info = next(d for level, kind, d in more if (level, kind) == (socket.IPPROTO_IP, _PKTINFO))
        address = socket.inet_ntoa(info[8:12])
        text = pods.name(address) if data.strip() == b"hostname" else data.decode("latin-1")
        source = struct.pack("I4s4s", 0, info[8:12], b"\0" * 4)
        udp.sendmsg([text.encode()], [(socket.IPPROTO_IP, _PKTINFO, source)], 0, peer)


async def main() -> None:
    pods = Pods(Lab(sys.argv[1]))
    server = await asyncio.start_server(Probes(pods).serve, "0.0.0.0", HTTP_PORT, backlog=1024, limit=1 << 20)
    threading.Thread(target=answer_datagrams, args=(pods,), daemon=True).start()
    print("ready", flush=True)
    async with server:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
