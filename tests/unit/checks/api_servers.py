# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An API server for the check of it, as a context without a cluster; tests spoil one answer."""
from __future__ import annotations

from types import SimpleNamespace

from ansible_collections.assay.clusters.plugins.module_utils.checks._api import replicas
from ansible_collections.assay.clusters.plugins.module_utils.checks._api.health import health
from ansible_collections.assay.clusters.plugins.module_utils.checks._api.replicas import KUBERNETES
from ansible_collections.assay.clusters.plugins.module_utils.checks.api_server import APISERVICES, ApiServer
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext

GOOD = "[+]ping ok\n[+]etcd ok\nreadyz check passed\n"
BAD = "[+]ping ok\n[-]etcd failed: reason withheld\n[+]informer-sync ok\nreadyz check failed\n"


def apiservice(name, service="", available=True, reason="Passed"):
    behind = {"service": {"namespace": "kube-system", "name": service}} if service else {}
    return {"metadata": {"name": name}, "spec": behind, "status": {"conditions": [
        {"type": "Available", "status": str(available), "reason": reason, "message": "words"}]}}


class Server:
    """An API server whose ConfigMaps come and go; tests spoil one answer."""

    def __init__(self, monkeypatch, **options):
        self.objects, self.replicas = {}, {"10.0.0.1": health(200, GOOD), "10.0.0.2": health(200, GOOD)}
        self.ctx = FakeContext({
            "/livez": GOOD, "/readyz": GOOD, "/readyz/etcd": "ok",
            KUBERNETES: {"metadata": {}, "ports": [{"name": "https", "port": 6443}], "endpoints": [
                {"addresses": [a], "conditions": {"ready": True}} for a in self.replicas]},
            APISERVICES: {"items": [apiservice("v1."), apiservice("v1beta1.metrics.k8s.io", "metrics-server")]},
        }, **options)
        self.publish("")
        self.ctx.on_create, self.ctx.delete = self.created, self.deleted
        self.settings = SimpleNamespace(ssl_ca_cert=None, verify_ssl=True, proxy=None)
        self.ctx.client.connection = SimpleNamespace(server=self.ctx.client.server, configuration=self.settings)
        self.asked = []
        monkeypatch.setattr(replicas, "ask", self.ask)

    def ask(self, address, port, path, names, context):
        self.asked.append((address, names, context))
        answer = self.replicas[address]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def publish(self, ca):
        """What the controller manager writes into every namespace."""
        self.ctx.items["configmaps"] = {(self.ctx.namespace, "kube-root-ca.crt"): {"data": {"ca.crt": ca}}}

    def created(self, manifest):
        name = manifest["metadata"]["name"]
        made = {**manifest, "metadata": {"name": name, "uid": "u"}}
        self.ctx.items["configmaps"] = {(self.ctx.namespace, name): made}
        self.ctx.client.answers[f"/api/v1/namespaces/{self.ctx.namespace}/configmaps/{name}"] = made
        return made

    def deleted(self, kind, name, wait=True):
        del self.ctx.client.answers[f"/api/v1/namespaces/{self.ctx.namespace}/configmaps/{name}"]

    def run(self):
        ApiServer().run(self.ctx)
        return self.ctx
