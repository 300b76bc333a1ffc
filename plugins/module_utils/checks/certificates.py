# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ends, when, and who would notice: every certificate on which the cluster and its surroundings stand."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..kube.errors import BadInput, MissingLibrary
from ._certificates import endpoints as cert_endpoints, hooks, secrets, servers as cert_servers
from ._certificates.book import Book
from ._certificates.inside import Inside
from ._certificates.options import endpoints
from ._certificates.read import of_der
from ._certificates.time import Bounds

if TYPE_CHECKING:
    from ..engine.context import Context

_LISTS = ("validatingwebhookconfigurations", "mutatingwebhookconfigurations", "customresourcedefinitions", "apiservices")
PLACES = ("api_servers", "kubelets", "webhooks", "apiservices", "secrets", "ingresses", "requests", "kubeconfig")
_ENDPOINTS = ("Servers beside the cluster, or in it, whose certificates are asked for. Each is a dictionary with C(host); and,"
              " where it is needed, C(port) (443), C(name) for messages, C(server_name) that is asked for and must be in the"
              " certificate, C(starttls) (smtp, imap, pop3, ldap or postgres), C(ca_file) or C(ca) (PEM) that must have signed"
              " it, C(self_signed) (true) where it is to be trusted by nobody, C(stored) (NAMESPACE/NAME of the Secret that it"
              " must serve), C(inside) (true) where a probe in the cluster has to ask, C(warn_days) and C(fail_days) of its own.")
_WARN = "Warn when a certificate has fewer days left; of one that lives for less than half a year, a sixth of its life."
_FAIL = "Fail when a certificate has fewer days left; of one that lives for less than 84 days, a twelfth of its life."


class Certificates(Check):
    """Looks at everything first, claim by claim, and judges then. It makes nothing; probes ask what only pods reach."""

    name = "certificates"
    domain = "certificates"
    proves = "No certificate of the cluster, or of a server that is named, has ended, is near its end, or is the wrong one."
    options = (
        Option("endpoints", _ENDPOINTS, type="list", elements="dict", default=[],
               example=[{"host": "gitlab.example.com"}, {"host": "mail.example.com", "port": 587, "starttls": "smtp"}]),
        Option("warn_days", _WARN, type="float", default=30.0, minimum=0),
        Option("fail_days", _FAIL, type="float", default=7.0, minimum=0),
        Option("places", "Where certificates of the cluster are looked at.", type="list", elements="str", default=list(PLACES),
               choices=PLACES),
        Option("pending_seconds", "How long the request of a kubelet may wait to be approved (seconds).", type="float",
               default=300.0, minimum=0),
    )
    permissions = (
        Permission(("list", "watch"), ("configmaps",), optional=True),
        Permission(("get",), ("endpointslices",), "discovery.k8s.io", optional=True, everywhere=True),
        Permission(("list",), _LISTS[:2], "admissionregistration.k8s.io", optional=True),
        Permission(("list",), _LISTS[2:3], "apiextensions.k8s.io", optional=True),
        Permission(("list",), _LISTS[3:], "apiregistration.k8s.io", optional=True),
        Permission(("get",), ("services",), optional=True, everywhere=True),
        Permission(("list",), ("pods",), optional=True, everywhere=True),
        Permission(("list",), ("ingresses",), "networking.k8s.io", optional=True, everywhere=True),
        Permission(("list",), ("certificates",), "cert-manager.io", optional=True, everywhere=True),
        Permission(("list",), ("certificatesigningrequests",), "certificates.k8s.io", optional=True),
        Permission(("list",), ("secrets",), everywhere=True, power="tls_secrets"),
    )
    images = ("agnhost",)
    expected = 60.0
    limit = 300.0
    probes = 1

    def run(self, ctx: Context) -> None:
        with ctx.step("the options can be read"):
            listed = self._listed(ctx)
        book, inside = Book(ctx), Inside(ctx)
        places = list(ctx.options.get("places") or PLACES)
        with ctx.step("the servers that are named can be asked"):
            cert_endpoints.prove(ctx, book, inside, listed)
        with ctx.step("the certificates of the cluster can be looked at"):
            self._cluster(ctx, book, inside, places)
        book.close()

    @staticmethod
    def _listed(ctx: Context) -> list[cert_endpoints.Endpoint]:
        usual = Bounds(float(ctx.options.get("warn_days") or 0), float(ctx.options.get("fail_days") or 0))
        try:
            of_der(b"")
        except MissingLibrary as e:
            ctx.inconclusive(str(e), bad_option=str(e))
        except ValueError:
            pass  # as it should be
        try:
            return endpoints("certificates_check_endpoints", ctx.options.get("endpoints") or (), usual)
        except BadInput as e:
            ctx.inconclusive(str(e), bad_option=str(e))

    @staticmethod
    def _cluster(ctx: Context, book: Book, inside: Inside, places: list[str]) -> None:
        if "kubeconfig" in places:
            cert_servers.kubeconfig(ctx, book)
        if "api_servers" in places:
            cert_servers.api_servers(ctx, book, inside)
        if "requests" in places:
            cert_servers.requests(ctx, book, float(ctx.options.get("pending_seconds") or 0))
        kinds = (*(_LISTS[:3] if "webhooks" in places else ()), *(_LISTS[3:] if "apiservices" in places else ()))
        if kinds:
            hooks.prove(ctx, book, inside, kinds)
        if {"secrets", "ingresses"} & set(places):
            stored = secrets.read(ctx, book)
            if "secrets" in places:
                secrets.prove(ctx, book, stored)
            if "ingresses" in places:
                secrets.hosts(ctx, book, stored, inside)
        if "kubelets" in places:
            cert_servers.kubelets(ctx, book, inside)
