# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Breaking the lab on purpose. Every fault is written down before it is made, and mended from what was written alone: a
test that is killed leaves a note, and the next `up` or `status` mends it.

    with lab.fault.node_power_off("n2"): ...
"""
from __future__ import annotations

import json
import operator
import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from . import helpers, images, node
from .audit_faults import AuditFaults
from .base import LabError, run, say, wait_for
from .crowd_faults import LEADERS, CrowdFaults
from .file_faults import FileFaults
from .kubelet_faults import KubeletFaults
from .object_faults import ObjectFaults
from .pool_faults import PoolFaults

if TYPE_CHECKING:
    from .cluster import Lab

# Kinds of faults that the API server is asked about before they are mended.
_BY_API = ("power", "object", "scale", "extra", "without", "away", "full", "certificate", "flags", "login", "all_of")
# Leases of the lab's nodes are renewed every 5 s.
_HEARD = timedelta(seconds=8)
_FILLER = "/var/lib/kubelet/lab-filler"


def _process_start(pid: int) -> str:
    """Empty for one that is gone, or dead and not yet buried."""
    try:
        state, *more = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state in "ZX" else more[18]


def _write(note: Path, data: dict[str, Any]) -> None:
    """All or nothing: a kill in the middle leaves no half a note."""
    note.parent.mkdir(parents=True, exist_ok=True)
    work = note.with_suffix(".new")
    work.write_text(json.dumps(data))
    work.replace(note)


class Faults(ObjectFaults, PoolFaults, CrowdFaults, KubeletFaults, FileFaults, AuditFaults):
    """Each method is a context manager: broken inside, mended and seen healthy after it."""

    def __init__(self, lab: Lab):
        self.lab, self.folder = lab, lab.folder / "faults"

    # ---- notes ------------------------------------------------------------------------------------------------
    @contextmanager
    def _fault(self, kind: str, **args: Any) -> Iterator[None]:
        note = self.folder / f"{uuid.uuid4().hex}.json"
        data = {"kind": kind, "args": args, "pid": os.getpid(), "start": _process_start(os.getpid())}
        _write(note, data)
        try:
            getattr(self, f"_break_{kind}")(**args)
            yield
        finally:
            try:
                self._mend(note)
            except BaseException:
                _write(note, {**data, "pid": 0})  # nobody's any more: the next `up` mends it, or makes the cluster anew
                raise

    def _mend(self, note: Path) -> None:
        data = json.loads(note.read_text())
        getattr(self, f"_mend_{data['kind']}")(**data["args"])
        note.unlink(missing_ok=True)

    def _notes(self) -> list[tuple[Path, dict[str, Any], bool]]:
        """(file, what it says, whether the process that made the fault lives) of every fault in force."""
        found = []
        for note in sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []:
            try:
                data = json.loads(note.read_text())
            except FileNotFoundError:  # mended meanwhile
                continue
            found.append((note, data, _process_start(data["pid"]) == data["start"]))
        return found

    def in_force(self) -> list[str]:
        """What is broken on purpose by living processes, one line each."""
        return [f"broken on purpose by process {d['pid']}: {d['kind']} {d['args']}" for _n, d, lives in self._notes() if lives]

    def orphaned(self) -> bool:
        """Whether something is broken by processes that are gone."""
        return not all(lives for _n, _d, lives in self._notes())

    def mend_orphans(self) -> list[str]:
        """Mend the faults of processes that are gone; what they were.

        Several at once, as one may wait for what another one broke; those that need the API server come afterwards.
        """
        orphans = [(note, data) for note, data, lives in self._notes() if not lives]
        for by_api in (False, True):
            wave = [(note, data) for note, data in orphans if (data["kind"] in _BY_API) == by_api]
            for _note, data in wave:
                say(f"{self.lab.name}: mending {data['kind']} {data['args']} of a process that is gone")
            with ThreadPoolExecutor(len(wave) or 1) as pool:
                list(pool.map(self._mend, [note for note, _data in wave]))
        return [data["kind"] for _note, data in orphans]

    # ---- looking at the cluster -------------------------------------------------------------------------------
    def _condition(self, short: str, kind: str) -> str:
        item = self.lab.api(f"/api/v1/nodes/{self.lab.node_name(short)}")
        return next((c["status"] for c in item["status"]["conditions"] if c["type"] == kind), "")

    def _node_ready(self, short: str) -> None:
        """Ready, and its kubelet heard just now: behind a network that was down it may be silent a while longer, and the
        node is given up although all is mended."""
        lease = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{self.lab.node_name(short)}"

        def fit() -> bool:
            item = self.lab.api(f"/api/v1/nodes/{self.lab.node_name(short)}")
            taints = [t["key"] for t in item["spec"].get("taints") or [] if t["key"].startswith("node.kubernetes.io/")
                      and t["key"] != "node.kubernetes.io/unschedulable"]
            heard = datetime.fromisoformat(self.lab.api(lease)["spec"]["renewTime"].replace("Z", "+00:00"))
            return (self._condition(short, "Ready") == "True" and not taints
                    and datetime.now(timezone.utc) - heard < _HEARD)

        wait_for(f"node {short} Ready again", fit, 120)

    def _reached(self, *shorts: str) -> None:
        """The API server and these nodes have each other again; all nodes, where it was the API server's."""
        wait_for("the API server", self._api_ready, 60)
        for short in self.lab.machines if set(shorts) & set(self.lab.control_planes) else shorts:
            self._node_ready(short)
        self._base_pods()

    def _base_pods(self) -> None:
        """Pods of the cluster itself are back where a fault took them."""
        wait_for("the lab's own deployments", lambda: all(
            self.lab._available(s, d) for s, d in (("kube-system", "coredns"),
                                                   ("local-path-storage", "local-path-provisioner"))), 150)

    def _component_healthy(self, short: str, component: str) -> None:
        wait_for(f"{component} on {short}", lambda: node.service_pid(self.lab, short, component), 30)
        if short in self.lab.control_planes:
            wait_for(f"the API server on {short}", lambda: self.lab.api("/readyz", at=short) == "ok", 90)
            self._leaders()
        else:
            self._node_ready(short)

    def _leaders(self) -> None:
        """Controllers and scheduler work again: those that lost their Lease to the silence wait until it has expired."""
        leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"

        def renewed() -> list[str]:
            return [self.lab.api(f"{leases}/{name}")["spec"]["renewTime"] for name in LEADERS]

        before = wait_for("the leases of the control plane", renewed, 90)
        wait_for("the leaders of the control plane", lambda: all(map(operator.ne, before, renewed())), 90)

    # ---- machines and components ------------------------------------------------------------------------------
    def node_power_off(self, short: str) -> Any:
        """The plug is pulled; inside, the cluster has noticed (Ready is Unknown)."""
        return self._fault("power", short=short)

    def _break_power(self, short: str) -> None:
        node.power_off(self.lab, short)
        wait_for(f"node {short} given up", lambda: self._condition(short, "Ready") == "Unknown", 90)

    def _mend_power(self, short: str) -> None:
        before = self.lab.api(f"/api/v1/nodes/{self.lab.node_name(short)}")["status"]["nodeInfo"]["bootID"]
        was_off = not node.pid(self.lab, short)
        node.boot(self.lab, short)
        if was_off:
            wait_for(f"node {short} booted", lambda: self.lab.api(f"/api/v1/nodes/{self.lab.node_name(short)}")
                     ["status"]["nodeInfo"]["bootID"] != before, 90)
        self._node_ready(short)
        self._base_pods()

    def stop(self, short: str, component: str) -> Any:
        """Kill a component and hold it down; of a node's containerd or kubelet, until the node is not Ready."""
        return self._fault("stop", short=short, component=component)

    def _break_stop(self, short: str, component: str) -> None:
        node.hold(self.lab, short, component)
        if component in ("containerd", "kubelet"):
            wait_for(f"node {short} not Ready", lambda: self._condition(short, "Ready") != "True", 120)

    def _mend_stop(self, short: str, component: str) -> None:
        node.release(self.lab, short, component)
        self._component_healthy(short, component)
        self._base_pods()
        if component == "kube-apiserver":
            self.lab.settle()

    def freeze(self, short: str, component: str) -> Any:
        """SIGSTOP: the process is there and does nothing; inside, etcd's or a kubelet's silence has been noticed."""
        return self._fault("freeze", short=short, component=component)

    def _break_freeze(self, short: str, component: str) -> None:
        node.signal_service(self.lab, short, component, "STOP")
        if component == "etcd":
            wait_for("an API server without etcd", lambda: not self._api_ready(), 60)
        elif component == "kubelet":
            wait_for(f"node {short} not Ready", lambda: self._condition(short, "Ready") != "True", 120)

    def _api_ready(self) -> bool:
        try:
            return self.lab.api("/readyz", timeout=5) == "ok"
        except OSError:
            return False

    def _mend_freeze(self, short: str, component: str) -> None:
        node.signal_service(self.lab, short, component, "CONT")
        self._component_healthy(short, component)
        self._base_pods()

    # ---- networks ---------------------------------------------------------------------------------------------
    def cut_network(self, short: str) -> Any:
        """The cable is out; inside, the cluster has noticed (Ready is Unknown)."""
        return self._fault("cable", short=short)

    def _break_cable(self, short: str) -> None:
        run("ip", "link", "set", node.veth(self.lab, short), "down")
        if short not in self.lab.control_planes:
            wait_for(f"node {short} given up", lambda: self._condition(short, "Ready") == "Unknown", 90)

    def _mend_cable(self, short: str) -> None:
        run("ip", "link", "set", node.veth(self.lab, short), "up")
        self._reached(short)

    @contextmanager
    def _rules(self, rules: dict[str, list[list[str]]]) -> Iterator[None]:
        """iptables rules by node; the first word of each is the chain."""
        with self._fault("rules", rules=rules):
            yield

    def _break_rules(self, rules: dict[str, list[list[str]]]) -> None:
        for short, mine in rules.items():
            for chain, *rest in mine:
                self.lab.in_node(short, "iptables", "-w", "-I", chain, *rest)

    def _mend_rules(self, rules: dict[str, list[list[str]]]) -> None:
        for short, mine in rules.items():
            for chain, *rest in mine:
                if node.pid(self.lab, short):
                    self.lab.in_node(short, "iptables", "-w", "-D", chain, *rest, check=False)
        self._reached(*rules)

    def drop_pod_traffic(self, short: str) -> Any:
        """What its pods send to or get from other machines is lost; the node's own address works."""
        return self._rules({short: [["FORWARD", "-i", "eth0", "-j", "DROP"], ["FORWARD", "-o", "eth0", "-j", "DROP"]]})

    def drop_all_pod_traffic(self) -> Any:
        """Pods reach only pods of their own node; the API server still reaches all of them."""
        from_others = [["FORWARD", "-i", "eth0", "-s", self.lab.pod_cidr, "-j", "DROP"]]
        return self._rules({n: from_others for n in self.lab.machines})

    def keep_pods_apart(self) -> Any:
        """No pod reaches another, not even on its node; nodes and the API server still reach all of them."""
        return self._rules({n: [["FORWARD", "-i", "cni0", "-d", self.lab.pod_cidr, "-m", "conntrack", "--ctstate", "NEW",
                                 "-j", "DROP"]] for n in self.lab.machines})

    def cut_pair(self, short: str, other: str) -> Any:
        """The pods of one node have no way to those of another, and so not back; both reach all others."""
        there = self.lab.api(f"/api/v1/nodes/{self.lab.node_name(other)}")["spec"]["podCIDR"]
        return self._rules({short: [["FORWARD", "-i", "cni0", "-d", there, "-j", "DROP"]]})

    def drop_port(self, short: str, port: int, protocol: str = "tcp") -> Any:
        """Packets to a port of the node itself are lost."""
        return self._rules({short: [["INPUT", "-i", "eth0", "-p", protocol, "--dport", str(port), "-j", "DROP"]]})

    def drop_pod_port(self, short: str, port: int, protocol: str) -> Any:
        """What its pods send to this port of any pod is lost, also by a Service; everything else passes."""
        return self._rules({short: [["FORWARD", "-i", "cni0", "-p", protocol, "--dport", str(port), "-j", "DROP"]]})

    def lose_packets(self, short: str, share: float) -> Any:
        """Of what other machines send to its pods this share is lost, any of it, as by a bad cable."""
        return self._rules({short: [["FORWARD", "-i", "eth0", "-m", "statistic", "--mode", "random", "--probability", str(share),
                                     "-j", "DROP"]]})

    def drop_large_packets(self, short: str, size: int = 1000) -> Any:
        """Packets of `size` bytes and more between its pods and other machines are lost, as with a wrong MTU."""
        match = ["-m", "length", "--length", f"{size}:65535", "-j", "DROP"]
        return self._rules({short: [["FORWARD", "-i", "eth0", *match], ["FORWARD", "-o", "eth0", *match]]})

    def cut_from_pods(self, short: str, namespace: str, selector: str) -> Any:
        """The node and its pods do not reach the pods that are selected now, by address or by Service."""
        found = self.lab.api(f"/api/v1/namespaces/{namespace}/pods?labelSelector={quote(selector)}")["items"]
        addresses = [p["status"]["podIP"] for p in found if p["status"].get("podIP")]
        if not addresses:
            raise LabError(f"no pod of {namespace} matches {selector}")
        from_here = (["FORWARD", "-i", "cni0"], ["OUTPUT"])  # what others send to pods of this node passes
        return self._rules({short: [[*chain, "-d", a, "-j", "DROP"] for a in addresses for chain in from_here]})

    def flush_service_rules(self, short: str) -> Any:
        """kube-proxy is frozen and its rules for Services are gone."""
        return self._fault("flush", short=short)

    def _break_flush(self, short: str) -> None:
        node.signal_service(self.lab, short, "kube-proxy", "STOP")
        self.lab.in_node(short, "iptables", "-w", "-t", "nat", "-F", "KUBE-SERVICES")

    def _mend_flush(self, short: str) -> None:
        node.signal_service(self.lab, short, "kube-proxy", "KILL")  # a new one writes all rules; an old one only changes
        wait_for(f"service rules of {short}", lambda: self.lab.dns_ip in self.lab.in_node(
            short, "iptables", "-w", "-t", "nat", "-S", "KUBE-SERVICES"), 60)

    def dns_upstream_down(self) -> Any:
        """The name server of the internet is there and says nothing."""
        return self._fault("upstream")

    def _break_upstream(self) -> None:
        os.kill(helpers.pid(self.lab, "named") or 0, 19)
        self._forget_answers()

    def _mend_upstream(self) -> None:
        number = helpers.pid(self.lab, "named")
        if number:
            os.kill(number, 18)
        helpers.name_server(self.lab)
        wait_for("the upstream name server", lambda: run("dig", "+short", "+time=1", "+tries=1", f"@{self.lab.host}",
                                                         "www.lab.test").strip(), 30)

    def _forget_answers(self) -> None:
        """CoreDNS keeps answers for 30 s: a fault behind it would show only then."""
        self.lab.kubectl("-n", "kube-system", "delete", "pod", "-l", "k8s-app=kube-dns", "--wait=true", "--grace-period=1")
        wait_for("CoreDNS", lambda: self.lab._available("kube-system", "coredns"), 90)
        self.lab.resolve_everywhere(outside=False)

    # ---- nodes' insides ---------------------------------------------------------------------------------------
    def fill_disk(self, short: str) -> Any:
        """Until the kubelet says DiskPressure."""
        return self._fault("disk", short=short)

    def _break_disk(self, short: str) -> None:
        self.lab.in_node(short, "sh", "-c", f"free=$(df -B1 --output=avail {os.path.dirname(_FILLER)} | tail -1); "
                                            f"fallocate -l $((free * 97 / 100)) {_FILLER}")
        wait_for(f"disk pressure on {short}", lambda: self._condition(short, "DiskPressure") == "True", 120)

    def _mend_disk(self, short: str) -> None:
        self.lab.in_node(short, "rm", "-f", _FILLER)
        wait_for(f"no disk pressure on {short}", lambda: self._condition(short, "DiskPressure") == "False", 120)
        self._node_ready(short)
        self._base_pods()
        for namespace in ("kube-system", "local-path-storage"):  # the evicted have successors and would stay for good
            self.lab.kubectl("-n", namespace, "delete", "pods", "--field-selector=status.phase=Failed")

    def remove_cni_config(self, short: str) -> Any:
        """The CNI file is gone and containerd has noticed; the node is not Ready inside."""
        return self._fault("cni", short=short)

    def _break_cni(self, short: str) -> None:
        self.lab.in_node(short, "sh", "-c", "mv /etc/cni/net.d/10-lab.conflist /etc/cni/10-lab.kept")
        node.signal_service(self.lab, short, "containerd", "KILL")
        wait_for(f"node {short} without network", lambda: self._condition(short, "Ready") == "False", 120)

    def _mend_cni(self, short: str) -> None:
        self.lab.in_node(short, "sh", "-c", "[ ! -e /etc/cni/10-lab.kept ] || "
                                            "mv /etc/cni/10-lab.kept /etc/cni/net.d/10-lab.conflist")
        node.signal_service(self.lab, short, "containerd", "KILL")  # one that started without it does not see it come
        self._node_ready(short)
        self._base_pods()

    def remove_image(self, reference: str) -> Any:
        """path:tag is gone from all nodes and from the registry, whose storage all clusters share: one of the test's own, or
        nothing else may run."""
        return self._fault("image", reference=reference)

    def _break_image(self, reference: str) -> None:
        images.remove(self.lab.registry, reference)
        for short in self.lab.machines:
            names = self.lab.in_node(short, "ctr", "-n", "k8s.io", "images", "ls", "-q").split()
            for name in [n for n in names if n.endswith(reference)]:
                self.lab.in_node(short, "ctr", "-n", "k8s.io", "images", "rm", name)

    def _mend_image(self, reference: str) -> None:
        path = reference.rpartition(":")[0]
        for name, image in images.core().items():  # tags of one content went together
            if name.rpartition(":")[0] == path:
                images.push(self.lab.registry, name, image)
