# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether an Ingress serves what was issued: the very certificate, under its name, before a pod of ours."""
from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

from ...kube.kinds import path_of
from .._edge.ask import Answer, Inside, Outside
from .._edge.certificate import Pair, whose
from .._edge.controllers import note
from .._edge.ingress_classes import CLASSES, controller_of, name_of
from .._edge.site import HTTP, HTTPS, NAME_PATH, PORT, Site, answered_by, make_backends
from .._shared.optional import optional_get
from .._shared.text import listed

if TYPE_CHECKING:
    from ...engine.context import Context
    from .._certificates.read import Cert
    from .issuers import Wanted

API = "networking.k8s.io/v1"
LABEL = "assay.clusters/cert-manager"
_EVERY = 0.5


def site_of(ctx: Context, class_name: str) -> Site:
    """A class as the ways of Ingresses know it, before anything is made for it."""
    found = optional_get(ctx, f"{CLASSES}/{class_name}") or {"metadata": {"name": class_name}}
    return Site(f"IngressClass {name_of(found)}", controller_of(found), ("IngressClass", class_name, ""), "", "")


class Served:
    """Ingresses of one class, one for each certificate that is asked for. limit: seconds until a controller has followed."""

    def __init__(self, ctx: Context, class_name: str, address: str, limit: float):
        self.ctx, self.class_name, self.address, self.limit = ctx, class_name, address, limit
        self.sites: dict[str, Site] = {}
        self.pods: set[str] = set()

    def make(self, wanted: list[Wanted]) -> None:
        backends = make_backends(self.ctx, LABEL)
        self.pods = backends.names(backends.first)
        base = site_of(self.ctx, self.class_name)
        for one in wanted:
            name = f"{one.object}-in"
            backend = {"service": {"name": backends.first, "port": {"number": PORT}}}
            paths = [{"path": NAME_PATH, "pathType": "Exact", "backend": backend}]
            self.ctx.create({"apiVersion": API, "kind": "Ingress", "metadata": {"name": name}, "spec": {
                "ingressClassName": self.class_name, "rules": [{"host": one.host, "http": {"paths": paths}}],
                "tls": [{"hosts": [one.host], "secretName": f"{one.object}-tls"}]}})
            self.sites[one.object] = Site(base.name, base.controller, ("IngressClass", self.class_name, name), one.host, "",
                                          address=self.address, http_port=HTTP, https_port=HTTPS)

    def prove(self, wanted: list[Wanted], certs: dict[str, Cert], variant: str) -> None:
        """Each is served within the limit. certs: by the object's name."""
        bad = {}
        for one, error in zip(wanted, self.ctx.in_parallel(lambda w: self._one(w, certs[w.object]), wanted)):
            site = self.sites[one.object]
            self.ctx.see(kind="cert_manager", ok=not error, target=f"{one.name} at {site.target}", variant=variant, error=error)
            if error:
                bad[one.name] = error
        if bad:
            note(self.ctx, list({s.name: s for s in self.sites.values()}.values()))
        self.ctx.expect(not bad, f"IngressClass {self.class_name} does not serve what was issued: "
                        + listed(f"{n} ({e})" for n, e in bad.items()), not_served=bad)

    def _one(self, wanted: Wanted, cert: Cert) -> str:
        site, end = self.sites[wanted.object], min(self.ctx.deadline, time.monotonic() + self.limit)
        pin = base64.b64encode(bytes.fromhex(cert.key)).decode() if cert.key else ""
        site.pair = Pair(cert.fingerprint, pin, "", "")
        site.asker = site.asker or Outside()
        while True:
            site.address = site.address or self._address(site)
            answer = site.ask(site.host, NAME_PATH) if site.address else Answer(error="the Ingress has got no address")
            if site.address and not answer.status and not answer.connected and isinstance(site.asker, Outside):
                answer = self._from_inside(site, answer)
            if answer.ours and answered_by(answer, self.pods):
                return ""
            if time.monotonic() + _EVERY > end:
                return self._error(answer)
            time.sleep(_EVERY)

    def _from_inside(self, site: Site, outside: Answer) -> Answer:
        """From a pod, where this machine does not reach the address; that is told once."""
        for probe in self.ctx.probes.all[:1]:
            answer = Inside(probe)(site.question(site.host, NAME_PATH))
            if answer.status or answer.connected:
                site.asker = Inside(probe)
                told = f"{site.target} is not reached from here ({outside.words}): what it serves was asked from a pod alone"
                if told not in self.ctx.warnings:
                    self.ctx.warn(told)
                return answer
        return outside

    @staticmethod
    def _error(answer: Answer) -> str:
        if answer.ours is False:
            return f"it serves {whose(answer.certificate)}" if answer.certificate else "it serves another certificate"
        return answer.words if not answer.ours else f"with our certificate it answers {answer.words}"

    def _address(self, site: Site) -> str:
        item: dict[str, Any] = self.ctx.client.get(path_of(API, "Ingress", self.ctx.namespace, site.obj[2]))
        for entry in ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
            if entry.get("ip") or entry.get("hostname"):
                return str(entry.get("ip") or entry.get("hostname"))
        return ""

    def end(self) -> None:
        for site in self.sites.values():
            self.ctx.delete("Ingress", site.obj[2], api_version=API)
