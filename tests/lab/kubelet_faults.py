# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults between the API server and those who are well and may not talk to it: a kubelet, a component of the control plane."""
from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.fakes.authority import Issued, issue

from . import node
from .base import wait_for
from .pki import Pki

if TYPE_CHECKING:
    from .cluster import Lab

_SERVER = "/etc/kubernetes/kubelet-server"


class KubeletFaults:
    """What `Faults` does to what a kubelet shows."""

    lab: Lab

    def _fault(self, kind: str, **args: Any) -> Any:
        raise NotImplementedError

    def _node_ready(self, short: str) -> None:
        raise NotImplementedError

    def _mend_flags(self, short: str, component: str, flags: list[str]) -> None:
        raise NotImplementedError

    def foreign_certificate(self, short: str) -> Any:
        """Its kubelet serves with a certificate of an authority that the API server does not know."""
        return self._fault("certificate", short=short)

    def expired_login(self, short: str, component: str) -> Any:
        """A component begins anew with a client certificate that has ended: the API server does not know who it is."""
        return self._fault("login", short=short, component=component)

    def _break_login(self, short: str, component: str) -> None:
        pki, new = self.lab.folder / "pki", f"/run/lab/{component}.kubeconfig"
        cert = x509.load_pem_x509_certificate((pki / f"{component}.crt").read_bytes())
        name = cert.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        made = issue(str(name), ends=-1, by=self._authority())
        text = (pki / f"{component}.kubeconfig").read_text()
        for old, data in (((pki / f"{component}.crt").read_bytes(), made.pem), ((pki / f"{component}.key").read_bytes(), made.key_pem)):
            text = text.replace(base64.b64encode(old).decode(), base64.b64encode(data.encode()).decode())
        node.inside(self.lab, short, "cp", "/dev/stdin", new, input=text)
        flags = [f"--{of}kubeconfig={new}" for of in ("", "authentication-", "authorization-")]
        node.inside(self.lab, short, "cp", "/dev/stdin", f"/run/lab/{component}.more", input=" ".join(flags))
        node.signal_service(self.lab, short, component, "KILL")

    def _mend_login(self, short: str, component: str) -> None:
        self._mend_flags(short, component, [])

    def _authority(self) -> Issued:
        """The cluster's own CA."""
        pki = self.lab.folder / "pki"
        return Issued(x509.load_pem_x509_certificate((pki / "ca.crt").read_bytes()),
                      serialization.load_pem_private_key((pki / "ca.key").read_bytes(), None))

    def ending_certificate(self, short: str, days: float) -> Any:
        """Its kubelet serves with a certificate of the cluster's own CA that is nearly a year old, and ends in so many days."""
        return self._fault("ending", short=short, days=days)

    def _break_ending(self, short: str, days: float) -> None:
        name = self.lab.node_name(short)
        made = issue(f"system:node:{name}", [name], [self.lab.nodes[short], "127.0.0.1"], days, days - 365, self._authority())
        self._serve_with(short, {"crt": made.pem.encode(), "key": made.key_pem.encode()}, True)

    def _mend_ending(self, short: str, days: float) -> None:
        self._mend_certificate(short)

    def _serve_with(self, short: str, pair: dict[str, bytes], accepted: bool) -> None:
        for ending, data in pair.items():
            node.inside(self.lab, short, "cp", "/dev/stdin", f"{_SERVER}.{ending}", input=data.decode())
        node.signal_service(self.lab, short, "kubelet", "KILL")
        self._node_ready(short)
        wait_for(f"a kubelet on {short} that the API server {'accepts' if accepted else 'does not accept'}",
                 lambda: self._accepted(short) == accepted, 60)

    def _accepted(self, short: str) -> bool | None:
        """None where that is not known yet."""
        try:
            self.lab.api(f"/api/v1/nodes/{self.lab.node_name(short)}/proxy/healthz")
            return True
        except OSError as e:
            text = e.read().decode("utf-8", "replace") if hasattr(e, "read") else ""
            return False if "x509" in text else None

    def _break_certificate(self, short: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            made = Pki(Path(folder))
            made.ca("other", "somebody else")
            made.cert("kubelet", "other", f"system:node:{self.lab.node_name(short)}", ["system:nodes"],
                      names=[self.lab.node_name(short)], addresses=[self.lab.nodes[short], "127.0.0.1"], server=True,
                      client=False)
            pair = {ending: (Path(folder) / f"kubelet.{ending}").read_bytes() for ending in ("crt", "key")}
        self._serve_with(short, pair, False)

    def _mend_certificate(self, short: str) -> None:
        pki = self.lab.folder / "pki"
        pair = {ending: (pki / f"kubelet-{short}-server.{ending}").read_bytes() for ending in ("crt", "key")}
        self._serve_with(short, pair, True)
