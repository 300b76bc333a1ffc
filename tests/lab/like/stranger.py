# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user of a stranger's cluster has in hand, and what all strangers are made with."""
from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

from ..base import wait_for

if TYPE_CHECKING:
    from ..cluster import Lab

# Namespaces that even strict clusters leave alone.
SYSTEM = ("kube-system", "kube-public", "kube-node-lease", "local-path-storage", "default")
AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"
BUSYBOX = "docker.io/library/busybox:1.35"


@dataclass
class Stranger:
    """settings: what its user would set for a run, by the names of the variables without validate_.

    names: objects that a test may want to look at; acts: what happens only when it is called.
    """

    name: str
    kubeconfig: Path
    settings: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    acts: dict[str, Callable[[], Any]] = field(default_factory=dict)


def pod(name: str, labels: dict[str, str] | None = None, image: str = BUSYBOX, annotations: dict[str, str] | None = None,
        **spec: Any) -> dict[str, Any]:
    """A small pod of somebody's that sleeps."""
    container = {"name": "main", "image": image, "command": ["sleep", "86400"]}
    return {"metadata": {"name": name, "labels": labels or {}, "annotations": annotations or {}},
            "spec": {"terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False, "containers": [container], **spec}}


def tried(lab: Lab, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
    """The pod as the API server would take it; {"refused": its words} where it would not. Nothing is made."""
    try:
        return lab.api(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", "POST", body)
    except HTTPError as e:
        return {"refused": e.read().decode()}


@contextmanager
def namespace(lab: Lab, name: str, labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None) -> Iterator[str]:
    """A namespace of somebody else's, ready for pods."""
    body = {"metadata": {"name": name, "labels": labels or {}, "annotations": annotations or {}}}
    with lab.fault.extra("/api/v1/namespaces", body):
        wait_for(f"the ServiceAccount of {name}", lambda: lab.api(f"/api/v1/namespaces/{name}/serviceaccounts/default"), 30)
        yield name


@contextmanager
def repeated(name: str, act: Callable[[], None], seconds: float) -> Iterator[None]:
    """act() now and again every few seconds, as a controller does; what the API server does not take is tried next time."""
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            try:
                act()
            except (OSError, ValueError, KeyError):
                pass
            ended.wait(seconds)

    thread = threading.Thread(target=work, daemon=True, name=name)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(30)


class NewNamespaces:
    """The namespaces that were made since; each is told once, and again where `act` failed."""

    def __init__(self, lab: Lab, act: Callable[[str], None]):
        self._lab, self._act = lab, act
        self._known = self._names()

    def _names(self) -> set[str]:
        return {i["metadata"]["name"] for i in self._lab.api("/api/v1/namespaces")["items"] if not i["metadata"].get("deletionTimestamp")}

    def look(self) -> None:
        for name in sorted(self._names() - self._known - {*SYSTEM}):
            self._act(name)
            self._known.add(name)


@contextmanager
def kubeconfig(lab: Lab, name: str, server: str, authority: bytes, token: str, namespace: str = "") -> Iterator[Path]:
    """A file with a token in it, for as long as it is needed."""
    import base64

    file = lab.folder / "like" / f"{name}.kubeconfig"
    file.parent.mkdir(exist_ok=True)
    context = {"cluster": lab.name, "user": name, **({"namespace": namespace} if namespace else {})}
    data = {"apiVersion": "v1", "kind": "Config", "current-context": name, "contexts": [{"name": name, "context": context}],
            "clusters": [{"name": lab.name, "cluster": {"server": server,
                                                        "certificate-authority-data": base64.b64encode(authority).decode()}}],
            "users": [{"name": name, "user": {"token": token}}]}
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(data, out)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)
