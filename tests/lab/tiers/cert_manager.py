# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""cert-manager, and an ACME server outside the cluster: Debian's pebble, with a certificate of a CA of its own.

ClusterIssuers: lab-ca signs with a CA that lies in the cluster; lab-acme asks pebble, which proves names by HTTP at Traefik's address
(names below web.lab.test all lead there) and, for Certificates with the label solver: dns01, by a record that cert-manager writes
into the lab's name server by RFC 2136.
"""
from __future__ import annotations

import base64
import json
import os
import re
import signal
import ssl
import urllib.request
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import helpers, pki
from ..base import HERE, LabError, wait_for
from ..build import Program, Shipped
from ..components import filled
from ..images import Image, tool
from . import external_dns, ingress
from .tier import Tier, apply, folder, rolled_out
from .versions import version

if TYPE_CHECKING:
    from pathlib import Path

    from ..cluster import Lab

NAMESPACE, ZONE, WEB = "cert-manager", external_dns.ZONE, f"web.{external_dns.ZONE}"
CA, ACME = "lab-ca", "lab-acme"
SERVER = "pebble"
_MODULE = "github.com/cert-manager/cert-manager"
_PROGRAMS = {name: Program(f"cert-manager-{name}", "cert-manager", f"{_MODULE}/cmd/{name}")
             for name in ("controller", "webhook", "cainjector", "acmesolver")}
_CRDS = tuple(Shipped("cert-manager", _MODULE, f"deploy/crds/crd-{kind}.yaml")
              for kind in ("certificaterequests", "certificates", "challenges", "clusterissuers", "issuers", "orders"))
_CHART = tuple(Shipped("cert-manager", _MODULE, f"deploy/charts/cert-manager/templates/{name}.yaml")
               for name in ("rbac", "webhook-rbac", "cainjector-rbac", "webhook-mutating-webhook", "webhook-validating-webhook"))
# What the chart's templates say of names, with its own values; other lines of template language are for other values.
_WORDS = (
    (r'\{\{-? *(?:include|template) "cert-manager\.\w+" \. *\}\}', "cert-manager"),
    (r'\{\{-? *(?:include|template) "webhook\.name" \. *\}\}', "webhook"),
    (r'\{\{-? *(?:include|template) "cainjector\.name" \. *\}\}', "cainjector"),
    (r'\{\{-? *(?:include|template) "(webhook|cainjector)\.\w+" \. *\}\}', r"cert-manager-\1"),
    (r"\{\{ *\.Release\.Name *\}\}", "cert-manager"),
    (r"\{\{ *\.Values\.global\.leaderElection\.namespace *\}\}", "kube-system"),
    (r"\{\{ *\.Values\.webhook\.timeoutSeconds *\}\}", "10"),
    (r"\{\{ *printf .*\}\}", "cert-manager/cert-manager-webhook-ca"),
)
_WORKLOADS = ("deployments/cert-manager", "deployments/cert-manager-cainjector", "deployments/cert-manager-webhook")
_PORT, _MANAGEMENT = 14000, 15000
# Where the ACME server looks for pages.
PAGES = 80
_ISSUERS = """apiVersion: v1
kind: Secret
metadata: {{name: tsig, namespace: cert-manager}}
stringData: {{key: "{key}"}}
---
apiVersion: v1
kind: Secret
metadata: {{name: lab-ca, namespace: cert-manager}}
type: kubernetes.io/tls
data: {{tls.crt: {ca}, tls.key: {ca_key}}}
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {{name: lab-ca}}
spec: {{ca: {{secretName: lab-ca}}}}
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {{name: lab-acme}}
spec:
  acme:
    server: {url}
    caBundle: {acme_ca}
    privateKeySecretRef: {{name: lab-acme-account}}
    solvers:
    - http01: {{ingress: {{class: traefik}}}}
    - selector: {{matchLabels: {{solver: dns01}}}}
      dns01:
        rfc2136: {{nameserver: "{host}:53", tsigKeyName: lab., tsigAlgorithm: HMACSHA256, tsigSecretSecretRef: {{name: tsig, key: key}}}}
"""


def plain(template: str) -> str:
    """A template of the chart, or a definition, with the chart's own values."""
    for pattern, word in _WORDS:
        template = re.sub(pattern, word, template)
    return "\n".join(line for line in template.splitlines() if "{{" not in line)


# ---- the ACME server ---------------------------------------------------------------------------------------------
def url(lab: Lab) -> str:
    """Of its directory."""
    return f"https://{lab.host}:{_PORT}/dir"


def _made(lab: Lab) -> Path:
    """The folder with its certificate, and with the CA of lab-ca; made once."""
    place: Path = folder(lab, TIER.name)
    if not (place / "pebble.crt").exists():
        own = pki.Pki(place)
        own.ca("acme-ca", "ACME server's CA")
        own.ca("issuing-ca", "lab CA")
        own.cert("pebble", "acme-ca", "pebble", addresses=[lab.host], server=True)
    return place


def start_server(lab: Lab, pages: int = PAGES, **more: str) -> None:
    """more: pebble's environment (PEBBLE_...). What was proved of a name stays proved, as it does for 30 days at Let's Encrypt; when it
    ends it forgets accounts and orders, and `register` makes cert-manager tell it its own anew."""
    place = _made(lab)
    config = place / "pebble.json"
    config.write_text(json.dumps({"pebble": {
        "listenAddress": f"{lab.host}:{_PORT}", "managementListenAddress": f"{lab.host}:{_MANAGEMENT}",
        "certificate": str(place / "pebble.crt"), "privateKey": str(place / "pebble.key"), "httpPort": pages, "tlsPort": 443,
        "ocspResponderURL": ""}}))
    helpers.start(lab, SERVER, "pebble", "-config", config, "-dnsserver", f"{lab.host}:53",
                  **{"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "100", **more})
    wait_for("the ACME server", partial(_answers, lab), 20, 0.1)


def end_server(lab: Lab) -> None:
    if number := helpers.pid(lab, SERVER):
        os.kill(number, signal.SIGKILL)
        wait_for("the ACME server's end", lambda: not helpers.pid(lab, SERVER), 10, 0.05)


def _get(lab: Lab, address: str) -> str:
    context = ssl.create_default_context(cafile=str(_made(lab) / "acme-ca.crt"))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(address, timeout=2) as answer:
        return str(answer.read().decode())


def _answers(lab: Lab) -> bool:
    return "newOrder" in _get(lab, url(lab))


def root(lab: Lab) -> str:
    """PEM of the certificate from which its chains come; it makes another at each start."""
    return _get(lab, f"https://{lab.host}:{_MANAGEMENT}/roots/0")


# ---- the cluster's side ------------------------------------------------------------------------------------------
def _images() -> dict[str, Image]:
    return {f"jetstack/cert-manager-{name}:{version(_MODULE)}": tool(program.path, f"/app/cmd/{name}/{name}", User="1000")
            for name, program in _PROGRAMS.items()}


def issuers(lab: Lab) -> str:
    """Both issuers and their Secrets, as tests that changed them put them back."""
    place = _made(lab)
    files = {"ca": "issuing-ca.crt", "ca_key": "issuing-ca.key", "acme_ca": "acme-ca.crt"}
    return _ISSUERS.format(key=external_dns.key(lab), url=url(lab), host=lab.host,
                           **{k: base64.b64encode((place / f).read_bytes()).decode() for k, f in files.items()})


def _ready(lab: Lab, name: str) -> bool:
    item: dict[str, Any] = lab.api(f"/apis/cert-manager.io/v1/clusterissuers/{name}")
    return any(c["type"] == "Ready" and c["status"] == "True" and c.get("observedGeneration") == item["metadata"]["generation"]
               for c in item.get("status", {}).get("conditions") or [])


def register(lab: Lab, name: str = ACME) -> None:
    """Let cert-manager register its account anew: it asks no server twice of which it has noted an account."""
    lab.api(f"/apis/cert-manager.io/v1/clusterissuers/{name}/status", "PATCH", {"status": {"acme": {"uri": ""}, "conditions": []}})
    wait_for("an account at the ACME server", partial(_ready, lab, name), 60, 0.3)


def _leads(lab: Lab) -> bool:
    return external_dns.asked(lab.host, f"any.{WEB}") == [ingress.address(lab)]


def _up(lab: Lab) -> None:
    new = not helpers.pid(lab, SERVER)
    if new:
        start_server(lab)
    if not _leads(lab):
        external_dns.update(lab, f"update delete *.{WEB} A", f"update add *.{WEB} 30 A {ingress.address(lab)}")
    apply(lab, f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}", *(plain(s.text()) for s in (*_CRDS, *_CHART)),
          filled(HERE / "manifests/cert-manager.yaml", VERSION=version(_MODULE), HOST=lab.host))
    wait_for("cert-manager", partial(rolled_out, lab, NAMESPACE, *_WORKLOADS), 120, 0.3)
    apply(lab, issuers(lab))
    wait_for("cert-manager's issuers", lambda: _ready(lab, CA) and _ready(lab, ACME), 60, 0.3)
    if new:
        register(lab)


def _serves(lab: Lab) -> bool:
    try:
        return bool(_answers(lab) and _leads(lab) and rolled_out(lab, NAMESPACE, *_WORKLOADS) and _ready(lab, CA)
                    and _ready(lab, ACME))
    except LabError:
        return False


TIER = Tier("cert_manager", "cert-manager, with pebble as ACME server", _up, _serves, _images, tuple(_PROGRAMS.values()),
            needs=("ingress",))
