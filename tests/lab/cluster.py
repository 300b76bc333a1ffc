# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One cluster of the lab: up, down, mended; and the way tests speak to it."""
from __future__ import annotations

import concurrent.futures
import fcntl
import json
import os
import re
import shutil
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from . import build, components, helpers, host, node, tiers
from .base import HERE, LabError, run, say, state, wait_for

_DEPLOYMENTS = (("kube-system", "coredns"), ("local-path-storage", "local-path-provisioner"))


class Lab:
    """A cluster by name. index decides its addresses: nodes in 172.30.INDEX.0/24, pods in 10.(240+INDEX).0.0/16."""

    def __init__(self, name: str = "c1", index: int | None = None, workers: int = 3, memory_gib: int = 4,
                 disk_gib: int = 20, api_servers: int = 1):
        if not re.fullmatch(r"[a-z][a-z0-9]{0,6}", name):
            raise LabError(f"--name: must be a letter and up to six letters or digits, not {name!r}")
        self.name, self.folder = name, state() / name
        saved = self.folder / "cluster.json"
        known = json.loads(saved.read_text()) if saved.exists() else {}
        digits = re.sub(r"\D", "", name)
        self.index: int = known.get("index") or index or int(digits or 1)
        self.workers: int = known.get("workers") or workers
        self.api_servers: int = known.get("api_servers", 1) if known else api_servers
        self.memory_gib, self.disk_gib = memory_gib, disk_gib
        if not 1 <= self.index <= 15:
            raise LabError(f"--index: must be from 1 to 15, not {self.index}")
        if not 1 <= self.workers <= 9:
            raise LabError(f"--workers: must be from 1 to 9, not {self.workers}")
        if self.api_servers not in (1, 2):
            raise LabError(f"--api-servers: must be 1 or 2, not {self.api_servers}")
        self.children: list[subprocess.Popen[bytes]] = []
        self.given_up: list[str] = []  # why it was made anew, until somebody has told it
        net = f"172.30.{self.index}"
        self.bridge, self.host, self.control_plane = f"lab-{name}", f"{net}.1", f"{net}.10"
        self.pod_cidr, self.service_cidr = f"10.{240 + self.index}.0.0/16", "10.96.0.0/16"
        self.dns_ip, self.registry = "10.96.0.10", f"{self.host}:5055"
        # A second API server stands alone on its node; etcd, controllers and scheduler are on the first.
        self.control_planes = {"cp": self.control_plane, **({"cp2": f"{net}.9"} if self.api_servers == 2 else {})}
        self.nodes = {**self.control_planes, **{f"n{i}": f"{net}.{10 + i}" for i in range(1, self.workers + 1)}}
        self.kubeconfig = self.folder / "pki/admin.kubeconfig"

    @cached_property
    def fault(self) -> Any:
        from .faults import Faults

        return Faults(self)

    def like(self, name: str, **options: Any) -> AbstractContextManager[Any]:
        """Made to look like a stranger's cluster; see tests/lab/like."""
        from .like import like

        return like(self, name, **options)

    # ---- names and ways in ------------------------------------------------------------------------------------
    @property
    def exists(self) -> bool:
        return (self.folder / "cluster.json").exists()

    @property
    def machines(self) -> list[str]:
        """Short names of the nodes that Kubernetes knows."""
        return [n for n in self.nodes if n not in self.control_planes]

    def node_name(self, short: str) -> str:
        return f"{self.name}-{short}"

    def node_folder(self, short: str) -> Path:
        if short not in self.nodes:
            raise LabError(f"there is no node {short!r} in {self.name}; there are {', '.join(self.nodes)}")
        return self.folder / "nodes" / short

    def in_node(self, short: str, *command: Any, check: bool = True) -> str:
        return node.inside(self, short, *command, check=check)

    @cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context(cafile=str(self.folder / "pki/ca.crt"))
        context.load_cert_chain(self.folder / "pki/admin.crt", self.folder / "pki/admin.key")
        return urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))

    def api(self, path: str, method: str = "GET", body: Any = None, timeout: float = 10.0, at: str = "cp") -> Any:
        """The answer of the API server `at` as data (as text where it is no JSON); urllib's HTTPError for an error status."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        request = urllib.request.Request(f"https://{self.control_planes[at]}:6443{path}", method=method,
                                         headers={"Content-Type": kind, "Accept": "application/json, */*"},
                                         data=None if body is None else json.dumps(body).encode())
        with self._opener.open(request, timeout=timeout) as answer:
            data = answer.read()
        return json.loads(data) if data[:1] in (b"{", b"[") else data.decode()

    def kubectl(self, *arguments: Any, **kwargs: Any) -> str:
        return run(build.bindir() / "kubectl", "--kubeconfig", self.kubeconfig, *arguments, **kwargs)

    @property
    def audit_log(self) -> Path:
        """Of the first API server."""
        return self.audit_logs["cp"]

    @property
    def audit_logs(self) -> dict[str, Path]:
        """Of every API server, by its node."""
        return {n: self.node_folder(n) / "log/audit.log" for n in self.control_planes}

    @contextmanager
    def locked(self, wait: bool = True) -> Iterator[None]:
        """One command at a time changes a cluster; without wait, BlockingIOError where another one does."""
        file = state() / f"{self.name}.lock"
        state().mkdir(parents=True, exist_ok=True)
        while True:
            with open(file, "w", encoding="utf-8") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
                if not file.exists() or os.fstat(handle.fileno()).st_ino != file.stat().st_ino:
                    continue  # `down` removed it while we waited
                yield
                return

    # ---- up ---------------------------------------------------------------------------------------------------
    def ready_nodes(self) -> int:
        """Of the lab's own nodes; strangers' clusters have others beside them."""
        own = {*map(self.node_name, self.machines)}
        return sum(c["type"] == "Ready" and c["status"] == "True" for i in self.api("/api/v1/nodes")["items"]
                   if i["metadata"]["name"] in own for c in i["status"].get("conditions", []))

    def _available(self, namespace: str, name: str) -> bool:
        found = self.api(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")
        return found["status"].get("readyReplicas", 0) == found["spec"]["replicas"] > 0

    def ailment(self) -> str:
        """What is not well, as words; empty if all nodes are on and Ready, the base deployments available, and its tiers serve, and
        nothing is left of a killed test."""
        parts = [*((f"node {n} is off", lambda n=n: node.pid(self, n)) for n in self.nodes),
                 *((f"{h} is off", lambda h=h: helpers.pid(self, h)) for h in ("registry", "named")),
                 *((f"API server {n} is not ready", lambda n=n: self.api("/readyz", at=n) == "ok") for n in self.control_planes),
                 ("not all nodes are Ready", lambda: self.ready_nodes() == self.workers),
                 *((f"{d[1]} is not available", lambda d=d: self._available(*d)) for d in _DEPLOYMENTS)]
        if self.fault.orphaned():
            return "a fault of a killed test is left"
        for words, well in parts:
            try:
                if not well():
                    return words
            except (OSError, ValueError, KeyError) as e:
                return f"{words}: {e}"
        return ", ".join(f"{n} does not serve" for n in tiers.silent(self))

    def healthy(self) -> bool:
        return not self.ailment()

    def recovered(self, seconds: float = 120.0) -> None:
        """Wait until all is well again. LabError names what is not."""
        def well() -> bool:
            if told := self.ailment():
                raise LabError(told)
            return True

        wait_for(f"{self.name} as it was", well, seconds, 0.5)

    def whole(self) -> None:
        """As a test wants it at its beginning, also after one that failed in the middle of a fault.

        What fixtures of several tests put beside is noted as a fault, too. While one is in force, whatever ails the cluster
        has to pass by itself: it is the weakness of a moment on a busy machine.
        """
        if not self.healthy():
            if self.fault.in_force():
                self.recovered()
            else:
                self.ensure()
        self.settle()

    def ensure(self) -> None:
        """Up and mended, quickly if it is already; a cluster that a living process broke on purpose is left to it."""
        with self.locked():
            if self.exists:
                self._restore()
            if self.exists and self.healthy():
                say(f"{self.name}: up; KUBECONFIG={self.kubeconfig}")
            elif broken := self.exists and self.fault.in_force():
                raise LabError(f"{self.name} is {'; '.join(broken)}")
            else:
                self._up()

    def _restore(self) -> None:
        """Mend what is left of killed tests; what cannot be mended makes the cluster be made anew."""
        try:
            self.fault.mend_orphans()
        except (LabError, OSError) as e:
            self._give_up("mended", e)

    def _give_up(self, what: str, error: Exception) -> None:
        """Down, so that it is made anew, with the tiers that it had."""
        self.given_up.append(f"{self.name} cannot be {what} ({error}); it is made anew")
        say(self.given_up[-1])
        had = tiers.there(self)
        self._down()
        tiers.note(self, had)

    up = ensure

    def _up(self) -> None:
        build.build()
        if self.exists:
            try:
                return self._start()
            except LabError as e:
                self._give_up("repaired", e)
        self._start()

    def _start(self) -> None:
        taken = host.link_with(self.host)
        if taken not in ("", self.bridge):
            raise LabError(f"{self.host} belongs to {taken} already; give {self.name} another --index")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "cluster.json").write_text(json.dumps(
            {"index": self.index, "workers": self.workers, "api_servers": self.api_servers}))
        host.prepare()
        host.add_bridge(self.bridge, f"{self.host}/24")
        if not self.kubeconfig.exists():
            self._make_pki()
        self._power_on()
        for n in self.control_planes:
            wait_for(f"the API server on {n}", lambda n=n: self.api("/readyz", at=n) == "ok", 90)
        say(f"{self.name}: API server ready")
        wait_for("the default namespaces", lambda: self.api("/api/v1/namespaces/kube-system"), 60)
        self._apply()
        wait_for("pod networks of all nodes", self.learn_routes, 90)
        wait_for("all nodes Ready", lambda: self.ready_nodes() == self.workers, 120)
        say(f"{self.name}: all {self.workers} nodes Ready")
        wait_for("CoreDNS", lambda: self._available("kube-system", "coredns"), 120)
        self.resolve_everywhere()
        say(f"{self.name}: DNS answers in the pod network of every node")
        wait_for("the volume provisioner", lambda: self._available(*_DEPLOYMENTS[1]), 120)
        tiers.bring(self, tiers.there(self))
        say(f"{self.name}: up; KUBECONFIG={self.kubeconfig}")

    def _make_pki(self) -> None:
        from . import pki

        nodes = {n: (self.node_name(n), self.nodes[n]) for n in self.machines}
        work = self.folder / "pki.new"
        shutil.rmtree(work, ignore_errors=True)
        pki.make(work, self.name, self.control_plane, "10.96.0.1", nodes, list(self.control_planes.values())[1:])
        work.rename(self.folder / "pki")

    def _power_on(self) -> None:
        """The control plane first, as all else waits for it; the rest beside it."""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            written = {n: pool.submit(components.write, self, n) for n in self.nodes if not node.pid(self, n)}
            jobs = [pool.submit(helpers.name_server, self), pool.submit(helpers.registry, self)]
            if "cp" in written:
                written["cp"].result()
                node.boot(self, "cp")
            for job in [*written.values(), *jobs]:
                job.result()
        say(f"{self.name}: control plane started, images in the registry")
        for n in self.nodes:
            node.boot(self, n)

    def _apply(self) -> None:
        texts = [components.filled(HERE / "manifests/cluster.yaml", DNS_IP=self.dns_ip)]
        texts += [(HERE / "manifests" / f"{n}.yaml").read_text() for n in ("local-path-storage", "metrics-server")]
        wait_for("the base objects", lambda: self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-",
                                                          input="\n---\n".join(texts)), 60, 0.5)

    def learn_routes(self) -> bool:
        """The lab's part as a routed CNI: every node's podCIDR to its CNI file, and routes to it everywhere."""
        given = {i["metadata"]["name"]: i["spec"].get("podCIDR") for i in self.api("/api/v1/nodes")["items"]}
        known = {n: given[self.node_name(n)] for n in self.machines if given.get(self.node_name(n))}
        (self.folder / "pod-cidrs.json").write_text(json.dumps(known))
        for short, cidr in known.items():
            text = components.filled(HERE / "node/cni.conflist", POD_CIDR=cidr)
            (self.node_folder(short) / "rootfs/etc/cni/net.d/10-lab.conflist").write_text(text)
            node.inside(self, short, "cp", "/dev/stdin", "/etc/cni/net.d/10-lab.conflist", input=text)
            run("ip", "route", "replace", cidr, "via", self.nodes[short], "dev", self.bridge)
            for other in self.nodes:
                if other != short:
                    node.in_network(self, other, "ip", "route", "replace", cidr, "via", self.nodes[short])
        return len(known) == self.workers

    def resolve_everywhere(self, outside: bool = True) -> None:
        """Names of inside, and of outside if wanted, asked as a pod of every node asks: by its CNI and its node's service rules.

        After an API server was away, kube-proxy asks it again after up to half a minute, and until then leads to servers that are gone.
        """
        def resolves(short: str, name: str) -> bool:
            return bool(node.in_pod_network(self, short, "dig", "+short", "+time=1", "+tries=1", f"@{self.dns_ip}",
                                            name).strip())

        for name in ("kubernetes.default.svc.cluster.local", *(["www.lab.test"] if outside else [])):
            for short in self.machines:
                wait_for(f"DNS of {name} on {short}", lambda n=name, s=short: resolves(s, n), 60, 0.3)

    def settle(self) -> None:
        """Wait for what answers late, after `up` or a restart of an API server: aggregated APIs, at each API server. Until then no
        namespace can go."""
        def answer() -> bool:
            specs = [i["spec"] for i in self.api("/apis/apiregistration.k8s.io/v1/apiservices")["items"]]
            paths = [f"/apis/{s['group']}/{s['version']}" for s in specs if s.get("service")]
            return all(self.api(path, at=short) for path in paths for short in self.control_planes)

        wait_for("all aggregated APIs", answer, 120, 0.5)

    def tier(self, *names: str) -> None:
        """Bring up add-ons, with what they need ("all": every one); at once where they serve already. See tests/lab/tiers."""
        with self.locked():
            tiers.bring(self, list(names))

    # ---- down, mending ----------------------------------------------------------------------------------------
    def down(self) -> None:
        with self.locked():
            self._down()
            (state() / f"{self.name}.lock").unlink()

    def _down(self) -> None:
        tiers.down(self)
        for n in self.nodes:
            node.power_off(self, n)
        node.kill_everything(self.folder)
        for child in self.children:
            child.poll()
        for n in self.nodes:
            node.unplug(self, n)
        run("ip", "link", "del", self.bridge, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.__dict__.pop("_opener", None)
        host.restore()

    def restore(self) -> list[str]:
        """Mend what killed tests left broken; the faults that were mended. BlockingIOError where a command changes it."""
        with self.locked(wait=False):
            return self.fault.mend_orphans()
