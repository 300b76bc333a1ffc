# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The examples do what their texts say."""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.fakes.moto_eks import moto_eks
from tests.fakes.rancher import FakeRancher

CHECKOUT = Path(__file__).resolve().parents[2]
INFRA = CHECKOUT / "docs/examples/infra"
FILES = ("payments.yaml", "webshop.yaml", "edge-north.conf", "edge-south.conf", "checkout.kubeconfig",
         "search.kubeconfig")
CLUSTERS = {name.partition(".")[0] for name in FILES}
ANSWER = "https://127.0.0.1:1"


def _run(*command: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=cwd, env={**os.environ, "ANSIBLE_NOCOLOR": "1", **environ}, text=True, check=False,
                          capture_output=True, stdin=subprocess.DEVNULL)
    print(done.stdout, done.stderr)
    return done


def _kubeconfig(path: Path, *contexts: str) -> None:
    names = contexts or ("cluster",)
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": names[0], "users": [{"name": "me", "user": {}}],
        "clusters": [{"name": "c", "cluster": {"server": ANSWER}}],
        "contexts": [{"name": n, "context": {"cluster": "c", "user": "me"}} for n in names]}))


@pytest.fixture
def infra(tmp_path: Path) -> Path:
    """A copy of the example, to write into."""
    return Path(shutil.copytree(INFRA, tmp_path / "infra", ignore=shutil.ignore_patterns("kubeconfigs", "assay-results")))


def test_the_plan_of_the_infrastructure_example(infra: Path) -> None:
    (infra / "kubeconfigs").mkdir()
    for name in FILES:
        _kubeconfig(infra / "kubeconfigs" / name)
    done = _run("ansible-playbook", "validate.yml", "-i", "prod", "--check", cwd=infra)
    assert done.returncode == 0
    assert _planned(done.stdout) == CLUSTERS and "ok: [" not in done.stdout
    assert "build-1" not in done.stdout and not (infra / "assay-results").exists()


def test_the_plan_of_the_nightly_cluster(infra: Path) -> None:
    plan = ("ansible-playbook", "assay.clusters.pipeline", "-i", "nightly", "--check")
    done = _run(*plan, cwd=infra, RANCHER_URL="https://rancher.example.com", RANCHER_TOKEN="t")
    assert done.returncode == 0 and 'provision: nightly-RUN-xEND is made on rancher' in " ".join(done.stdout.split())
    assert 'dispose: nightly-RUN-xEND is deleted' in done.stdout
    assert 'revert: pipeline_snapshot is not set' in done.stdout and not (infra / "assay-results").exists()
    lacks = _run(*plan, cwd=infra, RANCHER_URL="", RANCHER_TOKEN="")
    assert lacks.returncode == 2 and "rancher.url: must be like" in lacks.stdout


def test_the_infrastructure_example_as_its_readme_says(infra: Path, kubeconfig: Any) -> None:
    (infra / "kubeconfigs").mkdir()
    for name in FILES:
        shutil.copy(str(kubeconfig), infra / "kubeconfigs" / name)
    done = _run("ansible-playbook", "validate.yml", "-i", "prod", "--limit", "konvoy", "-e",
                '{"validate_checks": ["dns", "service"]}', cwd=infra, XDG_STATE_HOME=str(infra / "state"))
    assert done.returncode == 0
    stored = json.loads(next((infra / "assay-results").glob("*/records.json")).read_text())
    assert [run["cluster"] for run in stored["runs"]] == ["edge-north", "edge-south"]


@pytest.mark.gauntlet
def test_a_change_with_its_proof_at_the_end(infra: Path, kubeconfig: Any) -> None:
    (infra / "kubeconfigs").mkdir()
    shutil.copy(str(kubeconfig), infra / "kubeconfigs/edge-north.conf")
    done = _run("ansible-playbook", "upgrade_ingress.yml", "-i", "prod", "--limit", "edge-north", cwd=infra,
                XDG_STATE_HOME=str(infra / "state"))
    assert done.returncode == 0
    assert [line.split()[2] for line in done.stdout.splitlines() if line.startswith("edge-north ") and " passed " in line
            ].count("service") == 2


def _planned(shown: str) -> set[str]:
    """Of the line that says for which clusters a plan is; Ansible may fold it."""
    [names] = re.findall(r"planned without asking any cluster, for ([^;]+);", shown)
    return {*" ".join(names.split()).split(", ")}


def test_a_cluster_without_a_kubeconfig_is_named_and_the_others_are_planned(infra: Path) -> None:
    (infra / "kubeconfigs").mkdir()
    for name in FILES[1:]:
        _kubeconfig(infra / "kubeconfigs" / name)
    done = _run("ansible-playbook", "validate.yml", "-i", "prod", "--check", cwd=infra)
    assert done.returncode == 2
    assert "kubeconfigs/payments.yaml" in done.stdout + done.stderr
    assert _planned(done.stdout) == CLUSTERS - {"payments"} and "limit of the run" in done.stdout


@pytest.fixture
def providers(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Environment that leads to a fake Rancher, to moto's EKS and to a folder of kubeconfigs, each with a cluster."""
    (tmp_path / "fleet").mkdir()
    _kubeconfig(tmp_path / "fleet/dev-01.kubeconfig")
    with FakeRancher() as rancher, moto_eks() as aws:
        rancher.making = []
        rancher.add("payments")
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": aws.region, "AWS_ENDPOINT_URL": aws.url}
        eks = boto3.client("eks", region_name=aws.region, endpoint_url=aws.url, aws_access_key_id="a",
                           aws_secret_access_key="b")
        eks.create_cluster(name="checkout", roleArn="arn:aws:iam::123456789012:role/r", version="1.31",
                           resourcesVpcConfig={"subnetIds": ["s"]})
        aws.settle("checkout")
        yield {"RANCHER_URL": rancher.url, "RANCHER_TOKEN": rancher.token, "FLEET_KUBECONFIGS": f"{tmp_path}/fleet", **keys}


@pytest.mark.parametrize("name", ["rancher", *(pytest.param(n, marks=pytest.mark.gauntlet) for n in ("konvoy", "cloud", "lab")), "fleet"])
def test_every_inventory_gives_a_plan(name: str, providers: dict[str, str], tmp_path: Path) -> None:
    inventory = CHECKOUT / "inventories" / name
    listed = json.loads(_run("ansible-inventory", "-i", str(inventory), "--list", cwd=tmp_path, **providers).stdout)
    hosts = set(listed["_meta"]["hostvars"])
    _kubeconfig(tmp_path / "config", *hosts, "gke_example-project_europe-west1_search")
    extra = [] if name == "rancher" else ["-e", f"cluster_kubeconfig={tmp_path}/config"]
    done = _run("ansible-playbook", "assay.clusters.validate", "-i", str(inventory), "--check", *extra, cwd=tmp_path,
                KUBECONFIG=f"{tmp_path}/config", **providers)
    assert done.returncode == 0 and hosts
    assert _planned(done.stdout) == hosts and "limit of the run" in done.stdout
