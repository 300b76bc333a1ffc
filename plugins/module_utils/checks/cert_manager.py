# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Issuers of cert-manager issue certificates for names of ours, renew them, and nothing of it is left in the end."""
from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..kube.errors import ApiError, MissingLibrary
from ..kube.reviews import may
from ._cert_manager import failure
from ._cert_manager.choice import choose
from ._cert_manager.course import Course, issue_again, moment
from ._cert_manager.ends import Ends, solver_pods
from ._cert_manager.issuers import ACME_GROUP, API, DNS01, GROUP, HTTP01, Wanted
from ._cert_manager.judged import chain_of, serial, stored, wrong
from ._cert_manager.served import Served
from ._certificates.read import Cert, of_der
from ._shared.placing import Placing
from ._shared.text import listed

if TYPE_CHECKING:
    from ..engine.context import Context

_EVERY = 1.0
_SLACK = 240.0


class CertManager(Check):
    """All issuers and ways at once. Challenges are cert-manager's own; of ours are Certificates alone, and an Ingress if asked."""

    name = "cert_manager"
    domain = "certificates"
    proves = "Issuers of cert-manager issue a certificate for a name of ours in each of their ways, renew it, and nothing stays."
    options = (
        Option("cert_manager_issuers", "The issuers to prove: names of ClusterIssuers, or C(Issuer/NAME) in the namespace of the run; by"
               " default all that are ready and have a CA or an ACME server which is not for all the world in production.",
               type="list", elements="str", example=["letsencrypt-staging"]),
        Option("cert_manager_domain", "The domain in which our names are made, for ACME issuers: its names lead to the Ingress controller"
               " (http01), or the issuers write into its zone (dns01).", example="apps.example.com"),
        Option("cert_manager_challenges", "The ways to prove, of those that an ACME issuer has.", type="list", elements="str",
               default=[HTTP01, DNS01], choices=(HTTP01, DNS01)),
        Option("cert_manager_ingress_class", "An IngressClass that must serve what was issued; by default none is asked.", example="nginx"),
        Option("cert_manager_ingress_address", "Where its controller is reached, if it writes no address into an Ingress or one that is not"
               " reached from here.", example="192.0.2.10"),
        Option("cert_manager_limit", "Seconds until a certificate must have been issued, and until it must have been renewed.", type="int",
               default=300, minimum=5, maximum=3600),
    )
    permissions = (
        Permission(("create", "delete", "get", "list"), ("certificates",), GROUP),
        Permission(("patch",), ("certificates/status",), GROUP),
        Permission(("list",), ("certificaterequests",), GROUP),
        Permission(("list",), ("orders", "challenges"), ACME_GROUP),
        Permission(("list",), ("clusterissuers",), GROUP, optional=True, everywhere=True),
        Permission(("list",), ("issuers",), GROUP, optional=True),
        Permission(("create", "delete", "get"), ("ingresses",), "networking.k8s.io"),
        Permission(("create", "delete", "get"), ("services",)),
        Permission(("patch",), ("pods",)),
        Permission(("list",), ("pods", "services"), optional=True),
        Permission(("list",), ("ingresses",), "networking.k8s.io", optional=True),
        Permission(("get", "list"), ("ingressclasses",), "networking.k8s.io", optional=True),
        Permission(("list",), ("deployments", "daemonsets"), "apps", optional=True, everywhere=True),
        Permission(("get", "delete"), ("secrets",), power="issued_secrets"),
    )
    images = ("agnhost",)
    objects = ("Certificate", "Ingress", "Secret", "Service")
    expected = 240.0
    limit = 2 * 300.0 + _SLACK
    probes = 1

    def bounds(self, options: dict[str, Any]) -> None:
        """Issued, renewed, and the rest."""
        self.limit = 2.0 * options.get("cert_manager_limit", 300) + _SLACK

    def applies(self, ctx: Context) -> str:
        try:
            ctx.client.get(f"/apis/{API}")
        except ApiError as e:
            if e.status != 404:
                raise
            return "no cert-manager here: the cluster has no kinds of the API group cert-manager.io"
        return ""

    def run(self, ctx: Context) -> None:
        self._patience = float(ctx.options.get("cert_manager_limit") or 300)
        self._library(ctx)
        with ctx.step("there is an issuer to prove"):
            choice = choose(ctx)
            wanted = choice.wanted
        with ctx.step("what is issued can be removed again"):
            self._removable(ctx)
        ends = Ends(ctx, wanted, self._patience)
        if any(w.way == DNS01 for w in wanted):
            with ctx.step("the name servers of the zone are known"):
                ends.find()
        with ctx.step("a Certificate of each issuer is accepted"):
            for one in wanted:
                self._make(ctx, one)
        with ctx.step("a certificate is issued"):
            certs = self._issued(ctx, wanted, 1)
        served = self._served(ctx, wanted, certs)
        with ctx.step("a certificate is renewed before its time"):
            for one in wanted:
                issue_again(ctx, one)
            certs = self._issued(ctx, wanted, 2)
        if served:
            with ctx.step("an Ingress serves the new one"):
                served.prove(wanted, certs, "served_again")
        with ctx.step("after the deletion of a Certificate nothing of it is left"):
            if served:
                served.end()
            ends.prove()
        with ctx.step("every issuer could be asked"):
            choice.settle(ctx)

    @staticmethod
    def _library(ctx: Context) -> None:
        try:
            of_der(b"")
        except MissingLibrary as e:
            ctx.inconclusive(f"certificates cannot be read: {e}")
        except ValueError:
            pass  # as it should be

    @staticmethod
    def _removable(ctx: Context) -> None:
        """cert-manager leaves a Secret where it is; in a namespace of the run's own it goes with that."""
        if ctx.namespace != f"assay-{ctx.run_id}" and not may(ctx.client, "delete", "secrets", namespace=ctx.namespace):
            ctx.inconclusive(f"the Secret of a certificate would stay in namespace {ctx.namespace}: cert-manager leaves it there, and our user"
                             " may not delete it (rbac_optional: issued_secrets)")

    # ---- one after the other ----------------------------------------------------------------------------------
    def _make(self, ctx: Context, one: Wanted) -> None:
        secret = f"{one.object}-tls"
        labels = ctx.adopt("Secret", secret, namespace=ctx.namespace)
        ctx.touches(one.issuer.kind, one.issuer.name, one.issuer.namespace)
        made = ctx.create({"apiVersion": API, "kind": "Certificate", "metadata": {"name": one.object, "labels": dict(one.labels)}, "spec": {
            "secretName": secret, "secretTemplate": {"labels": labels}, "dnsNames": [one.host],
            "issuerRef": {"name": one.issuer.name, "kind": one.issuer.kind, "group": GROUP}}})
        one.uid = str(made["metadata"]["uid"])

    def _issued(self, ctx: Context, wanted: list[Wanted], times: int) -> dict[str, Cert]:
        """The certificates by the object's name, each right."""
        variant, start = ("issued", "renewed")[times - 1], time.monotonic()
        done: dict[str, Course] = {}
        failed: dict[str, Course | None] = {}
        end, placing = min(ctx.deadline, start + self._patience), Placing(ctx, ())
        while True:
            now = moment(ctx)
            for one in [w for w in wanted if w.object not in done]:
                course = now.of(one)
                self._noted(ctx, one, course)
                if course and course.issued(times):
                    done[one.object] = course
                    ctx.measure(f"{one.name}: {variant} after", time.monotonic() - start, "s")
                failed[one.object] = course
            waiting = [w for w in wanted if w.object not in done and not ((c := failed[w.object]) and c.lost())]
            if not waiting or time.monotonic() + _EVERY > end:
                break
            if all(w.way == HTTP01 for w in waiting) and placing.hopeless(solver_pods(ctx)):
                break
            time.sleep(_EVERY)
        for one in wanted:
            ok, course = one.object in done, failed[one.object]
            words = "" if ok else course.words() if course else "the Certificate is not there any more"
            ctx.see(kind="cert_manager", ok=ok, target=one.name, variant=variant, error=words)
        bad = [(w, failed[w.object]) for w in wanted if w.object not in done]
        if bad:
            failure.tell(ctx, bad, variant, time.monotonic() - start)
        return self._right(ctx, wanted, done)

    @staticmethod
    def _noted(ctx: Context, one: Wanted, course: Course | None) -> None:
        """By which ways names were really proved."""
        types = {c["type"] for c in course.told()["challenges"]} if course else set()
        if types:
            ctx.observe(**{f"challenges of {one.name}": sorted(types)})
        other = types - {{HTTP01: "HTTP-01", DNS01: "DNS-01"}.get(one.way, "")}
        if one.way and other:
            told = f"{one.name}: cert-manager proved the name by {', '.join(sorted(other))}"
            if told not in ctx.warnings:
                ctx.warn(told)

    def _right(self, ctx: Context, wanted: list[Wanted], done: dict[str, Course]) -> dict[str, Cert]:
        bad, certs = {}, {}
        unread = False
        for one in wanted:
            error = wrong(one, done[one.object])
            if not error:
                held = stored(ctx, one, done[one.object])
                unread, error = unread or held is None, held or ""
            leaf = chain_of(done[one.object])[:1]
            number = serial(leaf[0]) if leaf else ""
            if not error and number in one.serials:
                error = "it has the serial number of the one before"
            one.serials.append(number)
            if error:
                bad[one.name] = error
            else:
                certs[one.object] = leaf[0]
        told = ("whether the Secret holds what was issued, with its key, was not looked at, as our user may read no Secret (rbac_optional: "
                "issued_secrets)")
        if unread and told not in ctx.warnings:
            ctx.warn(told)
        ctx.expect(not bad, "what was issued is not right: " + listed(f"{n} ({e})" for n, e in bad.items()), not_right=bad)
        return certs

    def _served(self, ctx: Context, wanted: list[Wanted], certs: dict[str, Cert]) -> Served | None:
        name = str(ctx.options.get("cert_manager_ingress_class") or "")
        if not name:
            return None
        with ctx.step("an Ingress serves it"):
            served = Served(ctx, name, str(ctx.options.get("cert_manager_ingress_address") or ""), min(self._patience, 120.0))
            served.make(wanted)
            served.prove(wanted, certs, "served")
        return served
