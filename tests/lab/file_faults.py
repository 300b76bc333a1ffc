# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults in what a node tells its pods, so that they are told something else than those elsewhere."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import node
from .base import LabError

if TYPE_CHECKING:
    from .cluster import Lab

_KUBELET, _RESOLVER = "/etc/kubernetes/kubelet.yaml", "/etc/resolv.conf"


class FileFaults:
    """What `Faults` does to single words in files that a kubelet reads, and to addresses."""

    lab: Lab

    def _fault(self, kind: str, **args: Any) -> Any:
        raise NotImplementedError

    def _node_ready(self, short: str) -> None:
        raise NotImplementedError

    def name_server(self, short: str, address: str) -> Any:
        """Pods that are made on the node from now on are told this name server."""
        return self._fault("words", short=short, path=_KUBELET, old=f'clusterDNS: ["{self.lab.dns_ip}"]',
                           new=f'clusterDNS: ["{address}"]')

    def search_domain(self, short: str, domain: str) -> Any:
        """The node searches a domain, and so do its pods."""
        return self._fault("words", short=short, path=_RESOLVER, old="options timeout", new=f"search {domain}\noptions timeout")

    def own_address(self, short: str, address: str) -> Any:
        """The node has an address that means something there only."""
        return self._fault("address", short=short, address=address)

    def _break_address(self, short: str, address: str) -> None:
        self.lab.in_node(short, "ip", "address", "add", f"{address}/32", "dev", "lo")

    def _mend_address(self, short: str, address: str) -> None:
        if node.pid(self.lab, short):
            self.lab.in_node(short, "ip", "address", "del", f"{address}/32", "dev", "lo", check=False)

    def _replace(self, short: str, path: str, there: str, wanted: str) -> bool:
        text = self.lab.in_node(short, "cat", path)
        if there not in text:
            return False
        node.inside(self.lab, short, "cp", "/dev/stdin", path, input=text.replace(there, wanted))
        node.signal_service(self.lab, short, "kubelet", "KILL")
        self._node_ready(short)
        return True

    def _break_words(self, short: str, path: str, old: str, new: str) -> None:
        if not self._replace(short, path, old, new):
            raise LabError(f"{path} of {short} does not hold {old!r}")

    def _mend_words(self, short: str, path: str, old: str, new: str) -> None:
        self._replace(short, path, new, old)
