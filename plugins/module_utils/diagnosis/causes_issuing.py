# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes for which no certificate is issued: cert-manager, its issuers, ACME servers, and what proves a name to them (layer 9)."""
from __future__ import annotations

from .cause import Cause
from .cause import cause as _c

_ISSUER = {"clusterissuer": "kubectl describe clusterissuer {name}", "issuer": "kubectl -n {namespace} describe issuer {name}"}
_CHALLENGES = "kubectl get challenges.acme.cert-manager.io -A -o custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name," \
              "STATE:.status.state,REASON:.status.reason"
_ORDERS = "kubectl get orders.acme.cert-manager.io -A -o custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name," \
          "STATE:.status.state,REASON:.status.reason"
_ISSUERS = "kubectl get clusterissuers,issuers -A -o wide"
_LOG = "kubectl get pods -A -l app.kubernetes.io/name=cert-manager -o wide"

CAUSES: dict[str, Cause] = {
    "cert.controller-down": _c(
        9, "no pod of cert-manager's controller works, so that nothing is issued or renewed",
        "look at its Deployment: replicas, events, the last lines of its log", _LOG,
        deployment="kubectl -n {namespace} describe deployment {name}"),
    "cert.issuer-not-ready": _c(
        9, "an issuer is not there, or is not ready", "read its condition Ready: the Secret, the server or the account that it names",
        _ISSUERS, **_ISSUER),
    "cert.acme-unreachable": _c(
        9, "the ACME server does not answer cert-manager", "look at the server, and at the way to it from the pod of cert-manager:"
        " egress policies, proxy, DNS", _ISSUERS, **_ISSUER),
    "cert.acme-untrusted": _c(
        9, "the certificate of the ACME server is not trusted by cert-manager",
        "give the issuer the CA of the server (spec.acme.caBundle), or renew that server's certificate", _ISSUERS, **_ISSUER),
    "cert.rate-limited": _c(
        9, "the ACME server issues no more for now: a limit of its own is reached",
        "wait as long as it says; look at who asks so often for which names, and try on a server that is for trying", _ORDERS),
    "cert.http01-unreachable": _c(
        9, "the page that proves a name by HTTP is not reached under that name",
        "ask for http://NAME/.well-known/acme-challenge/: look at the address of the name, port 80 of the Ingress controller, the class of the"
        " solver's Ingress, and its pod", _CHALLENGES),
    "cert.http01-wrong-answer": _c(
        9, "somebody else answers with the page that should prove a name by HTTP",
        "look at whom the address of the name belongs to, and for an Ingress, redirect or proxy that takes its paths before the solver's",
        _CHALLENGES),
    "cert.dns01-denied": _c(
        9, "the name server or provider refuses the record that proves a name",
        "compare key name, algorithm and key of the solver's Secret with the server's, and what that key may change", _ISSUERS, **_ISSUER),
    "cert.dns01-unreachable": _c(
        9, "cert-manager does not reach the name server or provider into which it writes the record that proves a name",
        "look at the address in the solver, and at egress from the pod of cert-manager", _ISSUERS, **_ISSUER),
    "cert.dns01-not-propagated": _c(
        9, "the record that proves a name is written, and does not come to every name server that is asked",
        "ask each name server of the zone for TXT _acme-challenge.NAME; look at its transfers, and at a second zone of the same name",
        _CHALLENGES),
}
