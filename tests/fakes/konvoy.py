# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake of the programs konvoy (1.x) and dkp, with state on disk; run as `python konvoy.py WORDS`.

1.x in the current folder: init --provisioner= --cluster-name=, up -y [--upgrade], down -y. Later, state in the folder
$KONVOY_FAKE: create cluster PROVIDER, delete cluster, get kubeconfig, describe cluster, scale nodepools, update
controlplane and nodepool. $KONVOY_API is the kubeconfig that clusters get; $KONVOY_FAIL a verb that fails half way.
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


def later(words: list[str]) -> None:
    plain = [w for w in words if not w.startswith("-")]
    flags = dict(w.lstrip("-").partition("=")[::2] for w in words if w.startswith("--"))
    name = flags.get("cluster-name") or (words[words.index("-c") + 1] if "-c" in words else "")
    file = Path(os.environ["KONVOY_FAKE"]) / f"{name}.json"
    known = json.loads(file.read_text()) if file.exists() else None
    if plain[:2] == ["create", "cluster"]:
        if known:
            sys.exit(f"Error: cluster {name} already exists")
        known = {"provider": plain[2], "version": flags.get("kubernetes-version"), "workers": flags.get("worker-replicas"),
                 "looks": 2}
        print(f"Generating cluster resources\n\u2713 Waiting for cluster infrastructure to be ready for {name}", flush=True)
        file.write_text(json.dumps(known))
        _fails("create")
        return
    if known is None:
        sys.exit(f'Error: clusters.cluster.x-k8s.io "{name}" not found')
    if plain[0] == "delete":
        _fails("delete")
        print("\u2713 Deleting cluster resources\n\u2713 Waiting for cluster to be fully deleted")
        file.unlink()
        return
    if plain[0] == "get":
        known["looks"] = max(0, known["looks"] - 1)
        file.write_text(json.dumps(known))
        if known["looks"]:
            sys.exit(f'Error: secrets "{name}-kubeconfig" not found')
        print(os.environ["KONVOY_API"])
    elif plain[0] == "describe":
        print(f"NAME READY SEVERITY REASON\nCluster/{name} False Error VcpuLimitExceeded")
    elif plain[0] == "scale":
        file.write_text(json.dumps({**known, "workers": flags["replicas"]}))
    elif plain[0] == "update":
        file.write_text(json.dumps({**known, "version": flags["kubernetes-version"]}))


def main(words: list[str]) -> None:
    with open(Path(os.environ["KONVOY_FAKE"]) / "calls.log", "a", encoding="utf-8") as log:
        log.write(" ".join(words) + "\n")
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
