# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking kubelets through the API server, as kubectl logs, exec and port-forward do: for their disks, else for a log."""
from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...kube.errors import ApiError
from .._shared.nodes import Node, named

if TYPE_CHECKING:
    from ...engine.context import Context

PORT = 10250
# Seconds for one answer, and how many kubelets may be waited for in vain before the others are left alone.
_ANSWER, _IN_VAIN = 10.0, 8
# The API server's words about the way to a kubelet, of which those about certificates do not pass by themselves.
_WAY = re.compile(r"error trying to reach service|dial tcp|dialing backend|proxy error|No agent available|tls:|x509:", re.I)
_CERTIFICATE = re.compile(r"x509:|tls: internal error|tls: failed to verify")
# A kubelet's own words to an API server that it does not trust, or does not let do this.
_REFUSED = re.compile(r"^(?:Unauthorized|Forbidden \(user=)|remote error: tls: (bad|unknown|expired|revoked) certificate")


@dataclass(frozen=True)
class Answer:
    """free: shares of a node's disks, None where they were not told. trouble: what keeps the API server from the kubelet;
    certificate: whether that is the kubelet's certificate. forbidden: our user may not ask."""

    free: Mapping[str, float] | None = None
    trouble: str = ""
    certificate: bool = False
    forbidden: bool = False


def free_shares(summary: Mapping[str, Any]) -> dict[str, float]:
    """Free shares (0 to 1) of a kubelet's stats/summary: nodefs, imagefs, and their inodes; absent ones left out."""
    node = summary.get("node") or {}
    systems = {"nodefs": node.get("fs") or {}, "imagefs": (node.get("runtime") or {}).get("imageFs") or {}}
    out = {}
    for name, fs in systems.items():
        for what, free, size in ((name, "availableBytes", "capacityBytes"),
                                 (f"{name} inodes", "inodesFree", "inodes")):
            if fs.get(size) and fs.get(free) is not None:
                out[what] = fs[free] / fs[size]
    return out


def port_of(node: Node) -> int:
    """Where the node's kubelet listens."""
    told = (node.get("status", {}).get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}
    return int(told.get("Port") or PORT)


def judge(error: ApiError) -> Answer:
    """What an error of a question to a kubelet says. What a proxy before the API server answers says nothing of the kubelet."""
    text = " ".join(error.message.split())[:300]
    if error.kind == "timeout":
        return Answer(trouble=f"no answer within {_ANSWER:.0f} s")
    if (error.body is None or error.status == 503) and _REFUSED.search(text):
        return Answer(trouble=f"the kubelet refuses the API server: {text}")
    if error.status in (401, 403):
        return Answer(forbidden=True)
    if error.body is not None and _WAY.search(text):
        return Answer(trouble=text, certificate=bool(_CERTIFICATE.search(text)))
    return Answer()


@dataclass
class Kubelets:
    """pods: names of our pods by node, whose logs are asked for where statistics are not for us."""

    ctx: Context
    pods: Mapping[str, str]
    _in_vain: int = 0
    _only_logs: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, node: str) -> Answer | None:
        """None for one that was left alone."""
        if self._in_vain >= _IN_VAIN or self.ctx.left() < 2 * _ANSWER:
            return None
        answer = Answer(forbidden=True) if self._only_logs else self._statistics(node)
        if answer.forbidden and node in self.pods:
            self._only_logs = True
            answer = self._log(node)
        if answer.trouble and not answer.certificate:
            with self._lock:
                self._in_vain += 1
        return answer

    def _twice(self, path: str, **how: Any) -> Any:
        """One lost packet says nothing; what is said about a certificate stays so."""
        client = self.ctx.client.raw
        try:
            return client.get(path, timeout=_ANSWER, **how)
        except ApiError as e:
            found = judge(e)
            if found.certificate or found.forbidden or e.status == 404:
                raise
        return client.get(path, timeout=_ANSWER, **how)

    def _statistics(self, node: str) -> Answer:
        try:
            path = f"/api/v1/nodes/{node}/proxy/stats/summary"
            return Answer(free_shares(self._twice(path, params={"only_cpu_and_memory": "false"})))
        except ApiError as e:
            return judge(e)

    def _log(self, node: str) -> Answer:
        try:
            path = f"/api/v1/namespaces/{self.ctx.namespace}/pods/{self.pods[node]}/log"
            self._twice(path, params={"tailLines": 1}, raw=True)
            return Answer()
        except ApiError as e:
            return judge(e)


# ---- what the answers say -------------------------------------------------------------------------------------------
def reached(ctx: Context, ports: Mapping[str, int], answers: Mapping[str, Answer | None]) -> None:
    """The claim that the API server can ask them; silence on the way is a warning, as it may be anywhere."""
    refused: dict[str, str] = {}
    lost: dict[str, str] = {}
    for name, answer in answers.items():
        if answer is None or answer.forbidden:
            continue
        ctx.see(kind="node", to_node=name, target=f"{name}:{ports[name]}", variant="kubelet", ok=not answer.trouble,
                error=answer.trouble)
        if answer.trouble:
            (refused if answer.certificate else lost)[name] = answer.trouble
    not_asked = [n for n, a in answers.items() if a is None or a.forbidden]
    if not_asked:
        ctx.observe(kubelets_not_asked=not_asked)
    ctx.expect(not refused, f"the API server does not accept the certificate of {len(refused)} of {len(answers)} kubelets, "
               f"so that logs, exec and port-forward fail there: {named(refused)}", kubelet_certificate=refused)
    if lost:
        at = ", ".join(map(str, sorted({ports[n] for n in lost})))
        ctx.observe(kubelet_not_reached=lost)
        ctx.warn(f"the API server cannot ask the kubelet (port {at}) of {named(lost)}: no logs, exec and port-forward there")


def disks(ctx: Context, least: float, answers: Mapping[str, Answer | None]) -> None:
    """Free disk by the kubelets' statistics; where those may not be read, that is said. least: the share to warn below."""
    lowest: dict[str, float] = {}
    for node, answer in answers.items():
        for what, share in ((answer and answer.free) or {}).items():
            lowest[what] = min(share, lowest.get(what, 1.0))
            if share < least:
                ctx.warn(f"node {node}: only {share * 100:.0f} % of {what} free")
    for what, share in sorted(lowest.items()):
        ctx.measure(f"least free {what}", share * 100, "%", least * 100)
    unread = [n for n, a in answers.items() if a is None or a.free is None]
    if unread:
        ctx.observe(disk_not_read=unread)
