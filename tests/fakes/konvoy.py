# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake of the programs konvoy (1.x) and dkp, with state on disk; run as `python konvoy.py WORDS`.

1.x in the current folder: init --provisioner= --cluster-name=, up -y [--upgrade], down -y. Later, state in the folder
$KONVOY_FAKE: create cluster PROVIDER, delete cluster, get kubeconfig, describe cluster, scale nodepools, update
controlplane and nodepool; each management cluster, told by its kubeconfig, has clusters of its own, and flags that the
program does not know are refused. $KONVOY_WEATHER, two numbers: every so-manieth look at a managing cluster fails in passing,
from which on. $KONVOY_API is the kubeconfig that clusters get; $KONVOY_FAIL a verb that fails half way.
"""
from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import yaml

VERSIONS = ("konvoy.mesosphere.io/v1alpha1", "konvoy.mesosphere.io/v1beta1", "konvoy.mesosphere.io/v1beta2")


def _fails(verb: str) -> None:
    if os.environ.get("KONVOY_FAIL") == verb:
        print('Error: Error launching source instance: VcpuLimitExceeded: requested more vCPU capacity', file=sys.stderr)
        sys.exit(1)


def init(provisioner: str, name: str) -> None:
    documents: list[dict[str, Any]] = [{"kind": "ClusterConfiguration", "apiVersion": VERSIONS[2], "metadata": {"name": name},
                                        "spec": {"kubernetes": {"version": "1.20.15"}, "version": "v1.8.5"}}]
    if provisioner != "none":
        documents.insert(0, {"kind": "ClusterProvisioner", "apiVersion": VERSIONS[2], "metadata": {"name": name}, "spec": {
            "provider": provisioner, "nodePools": [{"name": "worker", "count": 4, "machine": {"type": "m5.2xlarge"}}, {
                "name": "control-plane", "controlPlane": True, "count": 3, "machine": {"type": "m5.xlarge"}}]}})
    else:
        Path("inventory.yaml").write_text("control-plane: {hosts: {}}\nnode: {hosts: {}}\n")
    Path("cluster.yaml").write_text(yaml.safe_dump_all(documents))
    print(f"Created configuration files for {name}")


def up(upgrade: bool) -> None:
    found = {d["kind"]: d for d in yaml.safe_load_all(Path("cluster.yaml").read_text())}
    if any(d["apiVersion"] not in VERSIONS for d in found.values()) or "ClusterConfiguration" not in found:
        sys.exit("Error: cluster.yaml is not valid")
    version = found["ClusterConfiguration"]["spec"]["kubernetes"]["version"]
    state = Path("state/terraform.tfstate")
    before = json.loads(state.read_text())["version"] if state.exists() else version
    if before != version and not upgrade:
        sys.exit(f"Error: cluster runs {before}, {version} needs --upgrade")
    state.parent.mkdir(exist_ok=True)
    state.write_text(json.dumps({"version": before}))
    if "ClusterProvisioner" in found:
        print("STAGE [Provisioning Infrastructure]", flush=True)
        workers = sum(p["count"] for p in found["ClusterProvisioner"]["spec"]["nodePools"] if not p.get("controlPlane"))
    else:
        hosts = yaml.safe_load(Path("inventory.yaml").read_text())
        if not hosts["control-plane"]["hosts"] or hosts["all"]["vars"]["order"] != "sorted":
            sys.exit("Error: inventory.yaml has no control-plane")
        workers = len(hosts["node"]["hosts"])
    _fails("up")
    print("STAGE [Deploying Kubernetes]\nSTAGE [Enabling Addons]\nKubernetes cluster and addons deployed successfully!")
    state.write_text(json.dumps({"version": version, "workers": workers}))
    Path("admin.conf").write_text(os.environ["KONVOY_API"])


def down() -> None:
    _fails("down")
    print("STAGE [Destroying Infrastructure]\nKubernetes cluster destroyed successfully!")
    Path("admin.conf").unlink(missing_ok=True)
    Path("state/terraform.tfstate").unlink(missing_ok=True)


_KNOWN = {"create": {"cluster-name", "kubeconfig", "namespace", "kubernetes-version", "worker-replicas", "self-managed", "vm-template"},
          "delete": {"cluster-name", "kubeconfig", "namespace", "self-managed", "bootstrap-cluster-image"},
          "update": {"cluster-name", "kubeconfig", "namespace", "kubernetes-version", "vm-template"},
          "scale": {"cluster-name", "kubeconfig", "namespace", "replicas"}, "get": {"cluster-name", "kubeconfig", "namespace"},
          "describe": {"cluster-name", "kubeconfig", "namespace"}}


def _managed_by(flags: dict[str, str]) -> str:
    """The cluster behind --kubeconfig, else behind $KUBECONFIG, else that of the pod that this runs in, as client-go finds them."""
    for path in filter(None, (flags.get("kubeconfig"), os.environ.get("KUBECONFIG"))):
        if not os.path.exists(path):
            if flags.get("kubeconfig"):
                sys.exit(f"Error: stat {path}: no such file or directory")
            continue
        text = Path(path).read_text()
        if text.strip():
            return text.strip()
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        return "of the pod"
    sys.exit("Error: no configuration has been provided, try setting KUBERNETES_MASTER environment variable")


def _create(provider: str, name: str, flags: dict[str, str], file: Path, state: dict[str, Any]) -> None:
    where = f"self {name}" if "self-managed" in flags else _managed_by(flags)
    if name in state.get(where, {}):
        sys.exit(f"Error: cluster {name} already exists")
    print(f"Generating cluster resources\n\u2713 Waiting for cluster infrastructure to be ready for {name}", flush=True)
    state.setdefault(where, {})[name] = {"provider": provider, "version": flags.get("kubernetes-version"), "looks": 2,
                                         "workers": flags.get("worker-replicas")}
    if "self-managed" in flags:  # until the objects are moved, those of the bootstrap cluster on this machine
        Path(f"{name}-bootstrap.conf").write_text(where)
    file.write_text(json.dumps(state))
    _fails("create")
    if "self-managed" in flags:
        Path(f"{name}-bootstrap.conf").unlink()
        Path(f"{name}.conf").write_text(os.environ["KONVOY_API"])


def later(words: list[str]) -> None:
    """$KONVOY_FAKE/state.json has, by management cluster, the clusters in it. One that manages itself is in one of its own."""
    plain = [w for w in words if not w.startswith("-")]
    flags = dict(w.lstrip("-").partition("=")[::2] for w in words if w.startswith("--"))
    unknown = sorted(set(flags) - _KNOWN[plain[0]])
    if unknown:
        sys.exit(f"Error: unknown flag: --{unknown[0]}")
    name, file = flags["cluster-name"], Path(os.environ["KONVOY_FAKE"]) / "state.json"
    state = json.loads(file.read_text()) if file.exists() else {}
    if plain[:2] == ["create", "cluster"]:
        _create(plain[2], name, flags, file, state)
        return
    managing = _managed_by(flags)
    where = f"self {name}" if managing == os.environ["KONVOY_API"].strip() else managing
    known = state.get(where, {}).get(name)
    if known is None:
        sys.exit(f'Error: clusters.cluster.x-k8s.io "{name}" not found')
    if plain[0] == "delete":
        if where == f"self {name}" and Path(f"{name}.conf").exists() and "self-managed" not in flags:
            sys.exit("Error: a cluster cannot delete the machines that it runs on")
        _fails("delete")
        print("\u2713 Deleting cluster resources\n\u2713 Waiting for cluster to be fully deleted")
        del state[where][name]
    elif plain[0] == "get":
        known["looks"] = max(0, known["looks"] - 1)
        if not known["looks"]:
            print(os.environ["KONVOY_API"])
    elif plain[0] == "describe":
        print(f"NAME READY SEVERITY REASON\nCluster/{name} False Error VcpuLimitExceeded")
    elif plain[0] == "scale":
        known["workers"] = flags["replicas"]
    elif plain[0] == "update":
        known["version"] = flags["kubernetes-version"]
    file.write_text(json.dumps(state))
    if plain[0] == "get" and known["looks"]:
        sys.exit(f'Error: secrets "{name}-kubeconfig" not found')


# As client-go tells them.
_TROUBLE = ('Error: an error on the server ("<html>\\r\\n<head><title>502 Bad Gateway</title></head>\\r\\n<body>...") has prevented the request '
            "from succeeding (get secrets)",
            'Error: Get "https://10.0.50.232:6443/api/v1/namespaces/default/secrets": read tcp 10.0.50.5:41968->10.0.50.232:6443: read: '
            "connection reset by peer")


def _weather(verb: str, log: list[str]) -> None:
    """What was asked so far says which turn it is."""
    if verb not in ("get", "describe") or not os.environ.get("KONVOY_WEATHER"):
        return
    every, first = map(int, os.environ["KONVOY_WEATHER"].split())
    turn = first + sum(1 for line in log if line.split()[0] in ("get", "describe"))
    if turn % every == 0:
        print(_TROUBLE[turn // every % len(_TROUBLE)], file=sys.stderr)
        sys.exit(1)


def main(words: list[str]) -> None:
    with open(Path(os.environ["KONVOY_FAKE"]) / "calls.log", "a+", encoding="utf-8") as log:
        log.write(" ".join(words) + "\n")
        log.seek(0)
        _weather(words[0], log.readlines())
    flags = dict(w.lstrip("-").partition("=")[::2] for w in words if w.startswith("--"))
    if words[0] == "init":
        init(flags["provisioner"], flags["cluster-name"])
    elif words[0] == "up":
        up("upgrade" in flags)
    elif words[0] == "down":
        down()
    else:
        later(words)


if __name__ == "__main__":
    main(sys.argv[1:])
