# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster full of certificates for the check of them, as a context without a cluster; tests spoil one."""
from __future__ import annotations

import base64
import datetime
import time
from types import SimpleNamespace
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates import hooks
from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates import secrets as cert_secrets
from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates import servers
from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates.served import NotServed
from ansible_collections.assay.clusters.plugins.module_utils.checks._api.replicas import KUBERNETES, ROOT_CA
from ansible_collections.assay.clusters.plugins.module_utils.checks.certificates import Certificates
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe, api_error, node
from tests.fakes.authority import Issued, chain_pem, issue, tls_secret

CA = issue("kubernetes", ca=True)
API = issue("kube-apiserver", ["kubernetes.default.svc", "api.test"], ["10.0.0.1"], by=CA)
HOOK_CA = issue("hook-ca", ca=True)
HOOK = issue("hook", ["hook.tools.svc"], by=HOOK_CA)
SITE = issue("site", ["www.site.test"])


def pem64(*certs: Issued) -> str:
    return base64.b64encode(chain_pem(*certs).encode()).decode()


def ago(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(time.time() - seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def kubelet(name: str, **how: Any) -> Issued:
    return issue(f"system:node:{name}", [name], by=CA, **how)


def request(name: str, user: str = "system:node:n1", age: float = 900, signer: str = "kubernetes.io/kubelet-serving",
            condition: str = "") -> dict[str, Any]:
    return {"metadata": {"name": name, "creationTimestamp": ago(age)}, "spec": {"signerName": signer, "username": user},
            "status": {"conditions": [{"type": condition}] if condition else []}}


def webhook(name: str, *bundle: Issued, service: str = "hook", url: str = "") -> dict[str, Any]:
    where = {"url": url} if url else {"service": {"namespace": "tools", "name": service}}
    return {"metadata": {"name": name}, "webhooks": [{"name": f"{name}.test", "clientConfig": {**where, "caBundle": pem64(*bundle)}}]}


class World:
    """served: chains by (host, port), as seen from here or by probes; a text in place of a chain is why there is none."""

    def __init__(self, monkeypatch: Any, **options: Any):
        self.exit = 7  # curl's, where nothing is served
        self.served: dict[tuple[str, int], Any] = {
            ("api.test", 6443): [API], ("10.0.0.1", 6443): [API], ("10.0.9.9", 443): [HOOK], ("192.0.2.1", 443): [SITE],
            **{(f"10.0.0.{n}", 10250): [kubelet(f"n{n}")] for n in (1, 2)}}
        self.answers: dict[str, Any] = {
            KUBERNETES: {"metadata": {"labels": {"kubernetes.io/service-name": "kubernetes"}, "name": "kubernetes"},
                         "addressType": "IPv4", "ports": [{"name": "https", "port": 6443}],
                         "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}]},
            servers.REQUESTS: {"items": []},
            "/api/v1/namespaces/tools/services/hook": {"spec": {"clusterIP": "10.0.9.9"}},
            cert_secrets.SECRETS: {"items": [tls_secret("site", "web", SITE)]},
            cert_secrets.INGRESSES: {"items": [{
                "metadata": {"namespace": "web", "name": "site"}, "spec": {"tls": [{"secretName": "site", "hosts": ["www.site.test"]}]},
                "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}]}}
        for _name, path, _read, _page in hooks._LISTS:
            self.answers[path] = {"items": []}
        self.answers[hooks._ADMISSION + "validatingwebhookconfigurations"]["items"].append(webhook("guard", HOOK_CA))
        nodes = [{**node(f"n{n}"), "status": {"addresses": [{"type": "InternalIP", "address": f"10.0.0.{n}"}]}} for n in (1, 2)]
        probes = [FakeProbe(f"n{n}", f"10.244.0.{n}", shell=self._shell) for n in (1, 2)]
        given = {**{o.name: o.default for o in Certificates.options}, **options}
        self.ctx = FakeContext(self.answers, probes, nodes=nodes, **given)
        self.ctx.items["configmaps"] = {(self.ctx.namespace, ROOT_CA): {"data": {"ca.crt": CA.pem}}}
        client: Any = self.ctx.client
        client.ahead = 0.0
        client.now = lambda: time.time() + client.ahead
        settings = SimpleNamespace(cert_file=None, tls_server_name=None, proxy=None)
        client.connection = SimpleNamespace(server=client.server, configuration=settings, secrets=list)
        for module in (servers, cert_secrets):
            monkeypatch.setattr(module, "chain", lambda place, timeout=0.0: [c.der for c in self.seen(place.host, place.port)])

    def seen(self, host: str, port: int) -> list[Issued]:
        found = self.served.get((host, port), "cannot be reached: Connection refused")
        if isinstance(found, str):
            raise NotServed(found)
        return list(found)

    def _shell(self, _probe: Any, command: str) -> Any:
        """curl of a probe; what is resolved stands in the command."""
        url = command.rpartition("https://")[2].rstrip("/")
        name, _colon, port = url.rpartition(":")
        if "--resolve" in command:
            name = command.partition("--resolve ")[2].split()[0].split(":", 2)[2]
        try:
            return "".join(f"Cert:{c.pem}" for c in self.seen(name, int(port)))
        except NotServed:
            return "", f"exit status {self.exit}"

    def run(self) -> FakeContext:
        Certificates().run(self.ctx)
        return self.ctx

    def bad(self) -> set[tuple[str, str]]:
        """(variant, target) of all that is not as it should be."""
        return {(o["variant"], o["target"]) for o in self.ctx.observations if not o["ok"]}

    def forbid(self, *paths: str) -> None:
        for path in paths:
            self.answers[path] = api_error(403, "is forbidden")
