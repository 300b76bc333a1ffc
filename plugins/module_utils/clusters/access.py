# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kubeconfigs of clusters that a platform made: read, put into one text, written, and asked who is behind them."""
from __future__ import annotations

import base64
import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    import yaml
except ImportError:  # on a controller ansible-core brings it
    yaml = None

from ..common import nodes as node_of
from ..common.files import write_whole
from ..jobs.errors import BadOption, PlatformError
from ..kube.client import Client
from ..kube.connection import Connection
from ..kube.errors import ApiError, BadInput
from ..kube.patient import PatientClient
from ..kube.shallow import shallow
from ..results import redact

_FILES = (("certificate-authority", "certificate-authority-data"), ("client-certificate", "client-certificate-data"),
          ("client-key", "client-key-data"))
# RKE writes it in one word. Rancher labels a node of the control plane that is a worker, too.
_CONTROL_PLANE = {f"node-role.kubernetes.io/{n}" for n in ("control-plane", "controlplane", "master", "etcd")}
_WORKER = "node-role.kubernetes.io/worker"
# Seconds for which an API server that does not answer is asked again who it is.
_PATIENCE = 5.0
_SECRETS = ("token", "password", "client-key-data")


@dataclass(frozen=True)
class Facts:
    """What the API server itself says. uid: of the namespace kube-system, the identity of a cluster.

    nodes: without those that are of the control plane only, where there are others; everyone, ready: of all nodes;
    waiting: names of those that are not Ready.
    """

    uid: str
    version: str
    nodes: int
    everyone: int
    ready: int
    waiting: tuple[str, ...] = ()

    def as_many_as(self, wanted: int) -> int:
        """The number of nodes, as whoever wishes for `wanted` counts them: who makes clusters of machines with several roles
        counts those of the control plane, too."""
        return wanted if wanted in (self.nodes, self.everyone) else self.nodes


@contextlib.contextmanager
def client(kubeconfig: str) -> Iterator[Client]:
    """A client of the cluster behind a kubeconfig (its content). Nothing of the environment is taken."""
    connection = Connection.resolve({"kubeconfig": kubeconfig}, {})
    try:
        made = Client(connection)
        yield made
        made.close()
    finally:
        connection.close()


def uid_of(kubeconfig: str) -> str:
    """The identity of the cluster behind a kubeconfig, "" where it does not answer."""
    try:
        with client(kubeconfig) as api:
            return _uid(_patient(api))
    except (ApiError, BadInput):
        return ""


def _uid(api: Client | PatientClient) -> str:
    return str(api.get("/api/v1/namespaces/kube-system")["metadata"]["uid"])


def _patient(api: Client) -> PatientClient:
    """Asks again while errors pass: by one that is taken for silence, a cluster would go unrecognized, or unchanged."""
    end = time.monotonic() + _PATIENCE
    return PatientClient(api, lambda: end, lambda _error: None, patience=_PATIENCE)


def look(kubeconfig: str, patient: bool = False) -> Facts:
    """Identity, version and nodes. ApiError or BadInput where it cannot be asked; patient: errors that pass are borne."""
    with client(kubeconfig) as api:
        ask = _patient(api) if patient else api
        uid, version = _uid(ask), str(ask.get("/version").get("gitVersion", ""))
        nodes = ask.get("/api/v1/nodes").get("items") or []
    waiting = tuple(sorted(n["metadata"]["name"] for n in nodes if not node_of.ready(n)))
    workers = [n for n in nodes if _WORKER in node_of.labels(n) or not _CONTROL_PLANE & {*node_of.labels(n)}] or nodes
    return Facts(uid, version, len(workers), len(nodes), len(nodes) - len(waiting), waiting)


def _mapping(text: str, origin: str) -> dict[str, Any]:
    try:
        data = yaml.safe_load(shallow(text))
    except yaml.YAMLError:
        data = None
    if not isinstance(data, dict) or not isinstance(data.get("clusters"), list):
        raise PlatformError(f"{origin} is no kubeconfig: it begins with {text.strip()[:60]!r}")
    return data


def embedded(text: str, origin: str, folder: Path | None = None) -> str:
    """The kubeconfig with certificates and keys of files put in; its credentials are kept out of all output.

    folder: where relative paths in it start. PlatformError where the text is no kubeconfig or a file is missing.
    """
    data = _mapping(text, origin)
    for entry in (*data["clusters"], *(data.get("users") or [])):
        inner = entry.get("cluster") or entry.get("user") or {}
        for name, target in _FILES:
            if inner.get(name):
                path = (folder or Path.cwd()) / os.path.expanduser(str(inner.pop(name)))
                try:
                    inner[target] = base64.b64encode(path.read_bytes()).decode()
                except OSError as e:
                    raise PlatformError(f"{origin} names {path}: {e.strerror}") from None
        redact.register(*(str(inner[n]) for n in _SECRETS if inner.get(n)))
    return yaml.safe_dump(data, sort_keys=False)


def read(path: str) -> str:
    """The content of a kubeconfig file, "" where there is none."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as e:
        raise BadOption(f"kubeconfig: cannot read {path}: {getattr(e, 'strerror', None) or 'not text'}") from None
    return embedded(text, path, Path(path).resolve().parent) if text.strip() else ""


def check_target(path: str) -> None:
    """BadOption where the file holds several clusters: it is somebody's collection, and would be lost."""
    if os.path.isdir(path):
        raise BadOption(f"kubeconfig: {path} is a folder; name a file")
    found = [str(c.get("name")) for c in _mapping(read(path) or "clusters: []", path)["clusters"]]
    if len(found) > 1:
        raise BadOption(f"kubeconfig: {path} holds other clusters ({', '.join(found)}); name a file of its own")


def write(path: str, content: str) -> bool:
    """The file, readable for its owner only, whole or not at all. Whether it changed."""
    target = Path(path)
    if target.exists() and target.read_text(encoding="utf-8") == content and target.stat().st_mode & 0o777 == 0o600:
        return False
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(target, content)
    except OSError as e:
        raise BadOption(f"kubeconfig: cannot write {path}: {e.strerror}") from None
    return True


def tokens(kubeconfig: str) -> list[str]:
    """Tokens of its users, as they stand there."""
    users = (yaml.safe_load(shallow(kubeconfig)) or {}).get("users") or []
    found = [str((u.get("user") or {}).get("token") or "") for u in users]
    return list(dict.fromkeys(t for t in found if t))


def made_kubeconfig(name: str, server: str, ca_data: str, user: Mapping[str, Any], insecure: bool = False) -> str:
    """A kubeconfig with one cluster, one user, one context, all of one name; ca_data in base64."""
    cluster = {"server": server, **({"certificate-authority-data": ca_data} if ca_data else {}),
               **({"insecure-skip-tls-verify": True} if insecure else {})}
    return yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": dict(user)}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}], "current-context": name,
    }, sort_keys=False)
