# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab as a cloud: machines that are made, asked for and removed over HTTP, by tiers/autoscaler.py's Karpenter.

    python -m tests.lab.machines STATE/NAME/tiers/autoscaler NAME

POST /machines {claim, zone, bootstrap, labels} boots one, GET /machines and /machines/NODE tell, DELETE /machines/NODE pulls its
plug. A machine is a node of the lab as others are, named x1, x2 and so on; no name comes twice soon. It is written down before it boots, so
that who comes after a killed process, or takes the cluster down, knows of it.
"""
from __future__ import annotations

import http.server
import json
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

from . import components, node, pki
from .base import HERE, run
from .cluster import Lab

# Of a cluster, those of the lab's own beginning among them.
NODES = 6
_FIRST = 21  # the last number of their addresses
_ID = "lab:///"


class Refused(Exception):
    """With the status of HTTP first, and the words for it."""


class Machines:
    """All machines that were added to a cluster, by their short names."""

    def __init__(self, lab: Lab, place: Path):
        self.lab, self.place, self._file, self._lock = lab, place, place / "machines.json", threading.RLock()
        saved = json.loads(self._file.read_text()) if self._file.exists() else {}
        self._count: int = saved.get("count", 0)
        self.known: dict[str, dict[str, Any]] = saved.get("machines", {})
        self._wired: set[tuple[str, str, int | None]] = set()
        self._removed, self._forgotten = 1, 0  # by us or by one before us; of how many no node is left
        for short, machine in self.known.items():
            lab.nodes[short] = machine["address"]
        for short in self.known:
            self._boot(short)

    def _save(self) -> None:
        work = self._file.with_suffix(".new")
        work.write_text(json.dumps({"count": self._count, "machines": self.known}))
        work.rename(self._file)

    # ---- what is asked --------------------------------------------------------------------------------------
    def all(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self.known.values())

    def one(self, name: str) -> dict[str, Any]:
        with self._lock:
            for machine in self.known.values():
                if machine["node"] == name:
                    return machine
        raise Refused(404, f"there is no machine {name}")

    def create(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """The machine of a claim; asked twice, it is the same."""
        refusal = self.place / "refuse"
        if refusal.exists():
            raise Refused(500, refusal.read_text())
        with self._lock:
            for machine in self.known.values():
                if machine["claim"] == wanted["claim"]:
                    return machine
            if self.lab.workers + len(self.known) >= NODES:
                raise Refused(409, f"the lab has {NODES} nodes")
            self._count = self._count % 99 + 1
            short, taken = f"x{self._count}", {m["address"] for m in self.known.values()}
            net = self.lab.host.rpartition(".")[0]
            address = next(a for a in (f"{net}.{_FIRST + i}" for i in range(NODES)) if a not in taken)
            name = self.lab.node_name(short)
            self.known[short] = {"id": f"{_ID}{wanted['zone']}/{name}", "node": name, "claim": wanted["claim"], "zone": wanted["zone"],
                                 "bootstrap": wanted.get("bootstrap") or "joins", "labels": wanted.get("labels") or {},
                                 "address": address, "created": int(time.time())}
            self.lab.nodes[short] = address
            self._save()
            self._boot(short)
            return self.known[short]

    def remove(self, name: str) -> dict[str, Any]:
        machine = self.one(name)
        with self._lock:
            short = next(s for s, m in self.known.items() if m is machine)
            node.power_off(self.lab, short)
            node.unplug(self.lab, short)
            shutil.rmtree(self.lab.node_folder(short), ignore_errors=True)
            for file in (self.lab.folder / "pki").glob(f"kubelet-{short}[-.]*"):
                file.unlink()
            del self.known[short], self.lab.nodes[short]
            self._wired = {w for w in self._wired if short not in w}
            self._removed += 1
            self._save()
        return machine

    # ---- the machine ----------------------------------------------------------------------------------------
    def _boot(self, short: str) -> None:
        if node.pid(self.lab, short):
            return
        if not (self.lab.node_folder(short) / "services").exists():
            pki.add_node(self.lab.folder / "pki", self.lab.name, self.lab.control_plane, short, self.lab.node_name(short),
                         self.lab.nodes[short])
            components.write(self.lab, short)
            self._services(short)
        node.boot(self.lab, short)

    def _services(self, short: str) -> None:
        """As for any node of the lab, but that its kubelet says whose machine it is on."""
        machine, file = self.known[short], self.lab.node_folder(short) / "services"
        lines = []
        for line in file.read_text().splitlines():
            if line.startswith("kubelet "):
                if machine["bootstrap"] == "silent":
                    continue
                line = line.replace(components.zone(short), machine["zone"])
                line += f" --provider-id={machine['id']} --register-with-taints=karpenter.sh/unregistered=:NoExecute"
            lines.append(line)
        file.write_text("\n".join(lines) + "\n")

    def wire(self) -> bool:
        """Give new nodes their pods' network, and all others the way to it; whether all have one."""
        with self._lock:
            if not self.known:
                return True
            given = {i["metadata"]["name"]: i["spec"].get("podCIDR") for i in self.lab.api("/api/v1/nodes")["items"]}
            cidrs = {short: given.get(m["node"]) for short, m in self.known.items()}
            for short, cidr in cidrs.items():
                if cidr and self.known[short]["bootstrap"] != "no-network":
                    self._wire(short, cidr)
            return all(cidrs.values())

    def _wire(self, short: str, cidr: str) -> None:
        own = (short, short, node.pid(self.lab, short))
        if own not in self._wired:
            text = components.filled(HERE / "node/cni.conflist", POD_CIDR=cidr)
            run("ip", "route", "replace", cidr, "via", self.lab.nodes[short], "dev", self.lab.bridge)
            (self.lab.node_folder(short) / "rootfs/etc/cni/net.d/10-lab.conflist").write_text(text)
            node.inside(self.lab, short, "cp", "/dev/stdin", "/etc/cni/net.d/10-lab.conflist", input=text)
            self._wired.add(own)
        for other in self.lab.nodes:
            way = (short, other, node.pid(self.lab, other))
            if other != short and way[2] and way not in self._wired:
                node.in_network(self.lab, other, "ip", "route", "replace", cidr, "via", self.lab.nodes[short])
                self._wired.add(way)

    def forget(self) -> None:
        """Delete nodes whose machine is gone as soon as they are not Ready any more, as the node controller of a cloud does.

        Karpenter leaves one whose NodeClaim ends in the moment in which it registers.
        """
        with self._lock:
            removed, there = self._removed, {m["node"] for m in self.known.values()}
        if removed == self._forgotten:
            return
        gone = [i for i in self.lab.api("/api/v1/nodes")["items"]
                if i["spec"].get("providerID", "").startswith(_ID) and i["metadata"]["name"] not in there]
        for item in gone:
            if not any(c["type"] == "Ready" and c["status"] == "True" for c in item["status"].get("conditions", [])):
                self.lab.api(f"/api/v1/nodes/{item['metadata']['name']}", "DELETE")
        if not gone:
            self._forgotten = removed

    def follow(self) -> None:
        """For ever: networks of nodes that come, also of those of others that were off meanwhile; nodes of machines that are gone."""
        while True:
            try:
                self.forget()
                done = self.wire()
            except Exception as e:  # a cluster that is down for a test comes back
                print(f"wiring: {e}", file=sys.stderr, flush=True)
                done = True
            for child in self.lab.children:
                child.poll()
            time.sleep(1.0 if done else 0.2)


class _Handler(http.server.BaseHTTPRequestHandler):
    machines: Machines

    def _answer(self) -> tuple[int, Any]:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        what, _slash, name = self.path.strip("/").partition("/")
        if what != "machines":
            return 404, "there are /machines"
        if self.command == "POST":
            return 200, self.machines.create(json.loads(data))
        if self.command == "DELETE":
            return 200, self.machines.remove(name)
        return 200, self.machines.one(name) if name else self.machines.all()

    def _do(self) -> None:
        try:
            status, said = self._answer()
        except Refused as e:
            status, said = e.args
        except Exception as e:
            status, said = 500, f"{type(e).__name__}: {e}"
        body = said.encode() if isinstance(said, str) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _do

    def log_message(self, *args: Any) -> None:
        print(args[0] % args[1:], file=sys.stderr, flush=True)


def main() -> None:
    from .tiers.autoscaler import PORT

    place, name = Path(sys.argv[1]), sys.argv[2]
    lab = Lab(name)
    _Handler.machines = Machines(lab, place)
    threading.Thread(target=_Handler.machines.follow, daemon=True).start()
    http.server.ThreadingHTTPServer((lab.host, PORT), _Handler).serve_forever()


if __name__ == "__main__":
    main()
