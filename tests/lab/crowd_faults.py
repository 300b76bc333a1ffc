# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a cluster of very many nodes has that the lab has not: flags of its components, addresses, the nodes themselves."""
from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from . import node
from .base import wait_for

if TYPE_CHECKING:
    from .cluster import Lab

LEADERS = ("kube-controller-manager", "kube-scheduler")
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"


class CrowdFaults:
    """What `Faults` adds and takes away again for `like("crowd")`."""

    lab: Lab

    def _fault(self, kind: str, **args: Any) -> Any:
        raise NotImplementedError

    def _component_healthy(self, short: str, component: str) -> None:
        raise NotImplementedError

    # ---- flags ------------------------------------------------------------------------------------------------
    def flags(self, short: str, component: str, *flags: str) -> Any:
        """A component runs with these flags after its own; of two of one name the later counts. Inside, it works."""
        return self._fault("flags", short=short, component=component, flags=flags)

    def _begin_anew(self, short: str, component: str) -> None:
        before = node.service_pid(self.lab, short, component)
        node.signal_service(self.lab, short, component, "KILL")
        wait_for(f"a new {component} on {short}", lambda: node.service_pid(self.lab, short, component) not in ("", before), 30)
        if component in LEADERS:  # what was killed holds its Lease for 15 s more
            with suppress(HTTPError):
                self.lab.api(f"{_LEASES}/{component}", "DELETE")
        self._component_healthy(short, component)

    def _break_flags(self, short: str, component: str, flags: list[str]) -> None:
        node.inside(self.lab, short, "cp", "/dev/stdin", f"/run/lab/{component}.more", input=" ".join(flags))
        self._begin_anew(short, component)

    def _mend_flags(self, short: str, component: str, flags: list[str]) -> None:
        file = f"/run/lab/{component}.more"
        if node.pid(self.lab, short) and self.lab.in_node(short, "ls", file, check=False):
            self.lab.in_node(short, "rm", "-f", file)
            self._begin_anew(short, component)
            if component == "kube-apiserver":
                self.lab.settle()

    # ---- addresses --------------------------------------------------------------------------------------------
    def range_at(self, short: str, cidr: str) -> Any:
        """One node has all addresses of a range, and the others know that."""
        return self._fault("range", short=short, cidr=cidr)

    def _break_range(self, short: str, cidr: str) -> None:
        node.in_network(self.lab, short, "ip", "route", "replace", "local", cidr, "dev", "lo")
        for other in [s for s in self.lab.nodes if s != short]:
            node.in_network(self.lab, other, "ip", "route", "replace", cidr, "via", self.lab.nodes[short])

    def _mend_range(self, short: str, cidr: str) -> None:
        for other in self.lab.nodes:
            if node.pid(self.lab, other):
                local = ("local", cidr, "dev", "lo") if other == short else (cidr,)
                node.in_network(self.lab, other, "ip", "route", "del", *local, check=False)

    # ---- objects ----------------------------------------------------------------------------------------------
    def all_of(self, path: str, **selector: str) -> Any:
        """Objects may be made in the list at `path`; afterwards none of labelSelector or fieldSelector is there."""
        return self._fault("all_of", every=f"{path}?{urlencode(selector)}")

    def _break_all_of(self, every: str) -> None:
        pass

    def _mend_all_of(self, every: str) -> None:
        def gone() -> bool:
            self.lab.api(every, "DELETE", timeout=70.0)
            return not self.lab.api(f"{every}&limit=1", timeout=60.0)["items"]

        wait_for(f"none of {every}", gone, 240)
