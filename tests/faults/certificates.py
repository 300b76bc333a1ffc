# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Somebody's server in the cluster with a Secret of its own, for faults of certificates."""
from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.common import names
from tests.fakes.authority import Issued, issue, tls_secret
from tests.lab.base import wait_for

SPACE = "certificates-of-others"
NAME = f"web.{SPACE}.svc"
CA = issue("tools-ca", ca=True)


def leaf(ends: float = 400, begins: float = -300, name: str = NAME, by: Issued = CA) -> Issued:
    return issue("web", [name], ends=ends, begins=begins, by=by)


class Web:
    """A pod that serves what its Secret held when it started, behind the Service `web`."""

    def __init__(self, lab: Any):
        self.lab = lab
        self.secrets = f"/api/v1/namespaces/{SPACE}/secrets"
        self.pods = f"/api/v1/namespaces/{SPACE}/pods"

    def store(self, *chain: Issued, name: str = "web") -> None:
        """A Secret, or what a renewal puts into it."""
        body = tls_secret(name, SPACE, *chain)
        there = {s["metadata"]["name"] for s in self.lab.api(self.secrets)["items"]}
        path = f"{self.secrets}/{name}" if name in there else self.secrets
        self.lab.api(path, "PUT" if name in there else "POST", body)

    def restart(self) -> None:
        """The pod anew, which reads its Secret once."""
        self.stop()
        self.lab.api(self.pods, "POST", {
            "metadata": {"name": "web", "labels": {"app": "web"}},
            "spec": {"terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False,
                     "containers": [{"name": "web", "image": names.image("agnhost", {}, ""), "ports": [{"containerPort": 8443}],
                                     "args": ["netexec", "--http-port=8443", "--udp-port=-1", "--tls-cert-file=/tls/tls.crt",
                                              "--tls-private-key-file=/tls/tls.key"],
                                     "readinessProbe": {"periodSeconds": 1, "httpGet": {"path": "/", "port": 8443, "scheme": "HTTPS"}},
                                     "volumeMounts": [{"name": "tls", "mountPath": "/tls"}]}],
                     "volumes": [{"name": "tls", "secret": {"secretName": "web"}}]}})
        wait_for("the pod of others is ready", self._ready, 60)

    def stop(self) -> None:
        if "web" in {p["metadata"]["name"] for p in self.lab.api(self.pods)["items"]}:
            self.lab.api(f"{self.pods}/web", "DELETE")
            wait_for("the pod of others is gone", lambda: not self.lab.api(self.pods)["items"], 60)

    def _ready(self) -> bool:
        conditions = self.lab.api(f"{self.pods}/web")["status"].get("conditions") or ()
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    def hook(self, *bundle: Issued) -> dict[str, Any]:
        """A webhook that guards nothing that is there, and is called at the pod."""
        from tests.unit.checks.certificate_world import pem64
        service = {"namespace": SPACE, "name": "web"}
        return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                "metadata": {"name": "guard-of-others"}, "webhooks": [{
                    "name": "guard.others.test", "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore",
                    "clientConfig": {"service": service, "caBundle": pem64(*bundle)},
                    "namespaceSelector": {"matchLabels": {"nobody": "has-this"}},
                    "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"], "operations": ["CREATE"]}]}]}


@contextlib.contextmanager
def web(lab: Any) -> Iterator[Web]:
    """It is there, healthy, and its namespace goes with all that is in it."""
    with lab.fault.extra("/api/v1/namespaces", {"metadata": {"name": SPACE}}):
        made = Web(lab)
        lab.api(f"/api/v1/namespaces/{SPACE}/services", "POST", {
            "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 443, "targetPort": 8443}]}})
        wait_for("the account of the namespace", lambda: lab.api(f"/api/v1/namespaces/{SPACE}/serviceaccounts")["items"], 30)
        made.store(leaf(), CA)
        made.restart()
        yield made
