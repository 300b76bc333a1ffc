# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests of cert_manager do to the lab's cert-manager, its ACME server and its names; and somebody's Certificate beside ours."""
from __future__ import annotations

import base64
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from urllib.error import HTTPError

from tests.addons.edge import namespace
from tests.lab import helpers, tiers
from tests.lab.base import HERE, run, wait_for
from tests.lab.tiers import cert_manager as tier, external_dns, ingress
from tests.lab.tiers.tier import folder

SPACE = "shop-tls"
API, ACME_API = "/apis/cert-manager.io/v1", "/apis/acme.cert-manager.io/v1"
ISSUER = f"{API}/clusterissuers/{tier.ACME}"
HOOK = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/cert-manager-webhook"


# ---- somebody's, and ours -----------------------------------------------------------------------------------------
def certificate(name: str, issuer: str) -> dict[str, Any]:
    return {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": name}, "spec": {
        "secretName": f"{name}-tls", "dnsNames": [f"{name}.shop.test"], "issuerRef": {"name": issuer, "kind": "ClusterIssuer"}}}


@contextmanager
def somebodys(lab: Any) -> Iterator[None]:
    """A Certificate of somebody with its Secret: both stay, and it is issued once. cert-manager itself writes to it some moments more."""
    own, secret = f"{API}/namespaces/{SPACE}/certificates/web", f"/api/v1/namespaces/{SPACE}/secrets/web-tls"

    def marks() -> tuple[Any, ...]:
        item, kept = lab.api(own), lab.api(secret)
        return item["metadata"]["uid"], item["metadata"]["generation"], item["status"]["revision"], kept["metadata"]["uid"], kept["data"]

    def ready() -> bool:
        """Ready by a Secret that is there already, it is numbered some moments later."""
        status = lab.api(own).get("status", {})
        return "revision" in status and any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or [])

    with namespace(lab, SPACE):
        lab.api(own.rpartition("/")[0], "POST", certificate("web", tier.CA))
        wait_for("somebody's certificate", ready, 60)
        before = marks()
        yield
        assert marks() == before, "something of somebody's was touched"


def records(lab: Any) -> list[str]:
    """Names of challenges in the zone, as its first name server has it."""
    text = run("dig", "+noall", "+answer", "-y", f"hmac-sha256:lab.:{external_dns.key(lab)}", f"@{lab.host}", tier.ZONE, "AXFR")
    return sorted({line.split()[0] for line in text.splitlines() if line.startswith("_acme-challenge.")})


def of_ours(lab: Any) -> list[str]:
    """All of cert-manager's objects, and Secrets of certificates, outside the namespaces of others."""
    lists = {f"{API}/certificates": "", f"{API}/certificaterequests": "", f"{ACME_API}/orders": "", f"{ACME_API}/challenges": "",
             "/api/v1/secrets": "?labelSelector=app.kubernetes.io/managed-by%3Dassay.clusters"}
    return [f"{path.rpartition('/')[2]}/{i['metadata']['namespace']}/{i['metadata']['name']}" for path, query in lists.items()
            for i in lab.api(path + query)["items"] if i["metadata"]["namespace"] != SPACE]


def challenges(lab: Any) -> list[str]:
    """Those that cert-manager has begun with."""
    return [i["metadata"]["name"] for i in lab.api(f"{ACME_API}/challenges")["items"] if i["metadata"].get("finalizers")]


def nothing_of_ours(lab: Any) -> None:
    wait_for("what runs made gone", lambda: not of_ours(lab) and not records(lab), 90)


# ---- cert-manager -------------------------------------------------------------------------------------------------
def pods(lab: Any, component: str) -> list[Any]:
    return lab.api(f"/api/v1/namespaces/cert-manager/pods?labelSelector=app.kubernetes.io/component%3D{component}")["items"]


def accepted(lab: Any) -> bool:
    """Whether the webhook takes a Certificate."""
    return bool(lab.api(f"{API}/namespaces/default/certificates?dryRun=All", "POST", certificate("sample", tier.CA)))


@contextmanager
def webhook_of_another_ca(lab: Any) -> Iterator[None]:
    """The webhook's caBundle is another CA's, and nobody corrects it."""
    other = base64.b64encode((folder(lab, tier.TIER.name) / "issuing-ca.crt").read_bytes()).decode()
    hooks = lab.api(HOOK)["webhooks"]
    changed = [{**h, "clientConfig": {**h["clientConfig"], "caBundle": other}} for h in hooks]

    def refused() -> bool:
        try:
            return not accepted(lab)
        except HTTPError as e:
            return e.code == 500

    with lab.fault.scale("cert-manager", "cert-manager-cainjector", 0):
        wait_for("the end of cainjector", lambda: not pods(lab, "cainjector"), 60)
        with lab.fault.patch(HOOK, {"webhooks": changed}):
            wait_for("the webhook's refusal", refused, 30)
            yield


# ---- the ACME server ----------------------------------------------------------------------------------------------
@contextmanager
def server_away(lab: Any) -> Iterator[None]:
    tier.end_server(lab)
    try:
        yield
    finally:
        tier.start_server(lab)
        tier.register(lab)


@contextmanager
def server_asks_at(lab: Any, port: int) -> Iterator[None]:
    """The ACME server looks for pages at another port, where nobody has any; who looks from inside the cluster sees them."""
    def start(at: int) -> None:
        tier.end_server(lab)
        tier.start_server(lab, at)
        tier.register(lab)

    start(port)
    try:
        yield
    finally:
        start(tier.PAGES)


def _not_ready(lab: Any) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "False" for c in lab.api(ISSUER).get("status", {}).get("conditions") or [])


@contextmanager
def other_bundle(lab: Any) -> Iterator[None]:
    """The issuer trusts another CA than the server's; its account is to be looked at anew."""
    other = base64.b64encode((folder(lab, tier.TIER.name) / "issuing-ca.crt").read_bytes()).decode()
    try:
        with lab.fault.patch(ISSUER, {"spec": {"acme": {"caBundle": other}}}):
            lab.api(f"{ISSUER}/status", "PATCH", {"status": {"acme": {"uri": ""}, "conditions": []}})
            wait_for("the issuer's trouble", partial(_not_ready, lab), 60)
            yield
    finally:
        tier.register(lab)


@contextmanager
def limited(lab: Any) -> Iterator[None]:
    """A server before pebble that refuses new orders, and the issuer asks it."""
    place, port = folder(lab, tier.TIER.name), 14443
    program = HERE.parent / "fakes/acme_limit.py"
    helpers.start(lab, "acme-limit", sys.executable, program, lab.host, port, place, tier.url(lab))
    try:
        with lab.fault.patch(ISSUER, {"spec": {"acme": {"server": f"https://{lab.host}:{port}/dir"}}}):
            tier.register(lab)
            yield
    finally:
        if number := helpers.pid(lab, "acme-limit"):
            os.kill(number, signal.SIGKILL)
    tier.register(lab)


# ---- names --------------------------------------------------------------------------------------------------------
@contextmanager
def web_at(lab: Any, address: str) -> Iterator[None]:
    """All names of the web lead to this address."""
    def lead(to: str) -> None:
        external_dns.update(lab, f"update delete *.{tier.WEB} A", f"update add *.{tier.WEB} 30 A {to}")

    with ExitStack() as stack:
        if external_dns.TIER.name in tiers.there(lab):  # it would give each of them a record that leads to the Ingress
            stack.enter_context(lab.fault.scale(external_dns.NAMESPACE, "external-dns", 0))
        stack.callback(lambda: lead(ingress.address(lab)))
        lead(address)
        yield


@contextmanager
def other_web(lab: Any) -> Iterator[str]:
    """A web server that answers every question with a page of its own; its address."""
    place, address = folder(lab, "other-web"), f"{lab.host.rpartition('.')[0]}.4"
    (place / "serve.py").write_text(
        "import http.server, sys\n"
        "class Page(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers(); self.wfile.write(b'welcome')\n"
        "http.server.ThreadingHTTPServer((sys.argv[1], 80), Page).serve_forever()\n")
    run("ip", "addr", "replace", f"{address}/24", "dev", lab.bridge)
    helpers.start(lab, "other-web", sys.executable, place / "serve.py", address)
    try:
        wait_for("another web server", lambda: "welcome" in run("curl", "-s", "--noproxy", "*", f"http://{address}/any"), 20)
        yield address
    finally:
        if number := helpers.pid(lab, "other-web"):
            os.kill(number, signal.SIGKILL)
        run("ip", "addr", "del", f"{address}/24", "dev", lab.bridge)


@contextmanager
def _silent_one_answers(lab: Any, address: str) -> Iterator[None]:
    """What goes to port 53 of this address comes to the lab's name server."""
    rule = ("-d", address, "-p", "udp", "--dport", "53", "-j", "DNAT", "--to-destination", lab.host)
    run("ip", "addr", "replace", f"{address}/24", "dev", lab.bridge)
    run("iptables", "-w", "-t", "nat", "-A", "PREROUTING", *rule)
    try:
        yield
    finally:
        run("iptables", "-w", "-t", "nat", "-D", "PREROUTING", *rule)
        run("ip", "addr", "del", f"{address}/24", "dev", lab.bridge)


@contextmanager
def silent_solver(lab: Any) -> Iterator[None]:
    """Challenges by DNS are written to a name server that answers nothing. Their end waits until it does: a challenge has its own copy of
    where it is written, and cert-manager does not let go of it before the record is taken away there, or was never there."""
    address, solvers = f"{lab.host.rpartition('.')[0]}.77", lab.api(ISSUER)["spec"]["acme"]["solvers"]
    for one in solvers:
        if "dns01" in one:
            one["dns01"]["rfc2136"]["nameserver"] = f"{address}:53"
    try:
        with lab.fault.patch(ISSUER, {"spec": {"acme": {"solvers": solvers}}}):
            yield
    finally:
        with _silent_one_answers(lab, address):
            nothing_of_ours(lab)
