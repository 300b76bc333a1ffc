# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every form that an address may have in an inventory. In check mode: it is resolved, and nothing is asked."""
from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

KUBECONFIG = {
    "apiVersion": "v1", "kind": "Config", "current-context": "first", "users": [{"name": "me", "user": {"token": "t"}}],
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
    "contexts": [{"name": "first", "context": {"cluster": "c", "user": "me"}}]}
PLAYBOOK = "assay.clusters.validate"


def _environ(folder: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("K8S_AUTH_") and k != "KUBECONFIG"}
    return {**kept, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state"), "ANSIBLE_NOCOLOR": "1", **more}


def _plan(folder: Path, inventory: str, *more: str, **environ: str) -> subprocess.CompletedProcess[str]:
    (folder / "hosts.yml").write_text(inventory)
    done = subprocess.run(["ansible-playbook", PLAYBOOK, "--check", "-i", "hosts.yml", *more], cwd=folder, text=True,
                          env=_environ(folder, **environ), capture_output=True, check=False, stdin=subprocess.DEVNULL)
    print(done.stdout, done.stderr)
    return done


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join(f"{done.stdout} {done.stderr}".split())


def _inventory(**variables: Any) -> str:
    return yaml.safe_dump({"all": {"hosts": {"c": variables}}})


OWN = {"cluster_host": "https://127.0.0.1:1"}
FORMS = {
    "content": {"cluster_kubeconfig": yaml.safe_dump(KUBECONFIG)},
    "dictionary": {"cluster_kubeconfig": KUBECONFIG},
    "template": {"cluster_kubeconfig": "{{ lookup('ansible.builtin.file', inventory_dir ~ '/config') }}"},
    "home": {"cluster_kubeconfig": "~/config"},
    "path": {"cluster_kubeconfig": "{{ inventory_dir }}/config", "cluster_context": "first"},
    "token": {**OWN, "cluster_api_key": "t", "cluster_validate_certs": False},
    "groups": {**OWN, "cluster_impersonate_user": "u", "cluster_impersonate_groups": ["a", "b"]},
    "headers": {**OWN, "cluster_proxy": "http://127.0.0.1:1", "cluster_proxy_headers": {"user_agent": "me"}}}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """A plan of clusters of which each has another form of address, and of one that has a form that is none."""
    folder = tmp_path_factory.mktemp("forms")
    (folder / "config").write_text(yaml.safe_dump(KUBECONFIG))
    hosts = {**FORMS, "none": {"cluster_kubeconfig": "/no/such/config"}}
    return _plan(folder, yaml.safe_dump({"all": {"hosts": hosts}}))


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_is_understood(form: str, planned: subprocess.CompletedProcess[str]) -> None:
    [told] = re.findall(r"planned without asking any cluster, for ([^;]+);", _said(planned))
    assert form in told.split(", ") and f"fatal: [{form}]" not in planned.stdout
    assert "dns/dns" in planned.stdout


def test_a_form_that_is_none_is_told_of_its_host_alone(planned: subprocess.CompletedProcess[str]) -> None:
    assert planned.returncode == 2 and re.findall(r"fatal: \[(\w+)\]", planned.stdout) == ["none"]
    assert "kubeconfig: cannot read /no/such/config: No such file or directory" in _said(planned)


@pytest.mark.parametrize("environ", [{"K8S_AUTH_KUBECONFIG": "config"}, pytest.param({"K8S_AUTH_HOST": "https://127.0.0.1:1"}, marks=pytest.mark.gauntlet),
                                     {"K8S_AUTH_CONTEXT": "first", "KUBECONFIG": "config"}], ids=str)
def test_an_address_of_the_environment(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config").write_text(yaml.safe_dump(KUBECONFIG))
    assert _plan(tmp_path, _inventory(), **environ).returncode == 0


def test_a_kubeconfig_in_a_vault(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a password\n")
    secret = subprocess.run(["ansible-vault", "encrypt_string", "--vault-password-file", "password", "--stdin-name",
                             "cluster_kubeconfig"], cwd=tmp_path, input=yaml.safe_dump(KUBECONFIG), text=True, check=True,
                            capture_output=True, env=_environ(tmp_path)).stdout
    lines = "\n".join(f"      {line}" for line in secret.splitlines())
    done = _plan(tmp_path, f"all:\n  hosts:\n    c:\n{lines}\n", "--vault-password-file", "password")
    assert done.returncode == 0


def test_the_users_own_kubeconfig_is_not_taken_by_accident(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube/config").write_text(yaml.safe_dump(KUBECONFIG))
    done = _plan(tmp_path, _inventory())
    assert done.returncode == 2
    assert "host c has no cluster address: set cluster_kubeconfig" in done.stdout + done.stderr
    assert _plan(tmp_path, _inventory(cluster_context="first")).returncode == 0


def test_options_of_other_checks_of_a_domain_do_not_disturb_a_single_check(tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text("""
- hosts: all
  gather_facts: false
  tasks:
    - assay.clusters.check_service:
      register: planned
    - ansible.builtin.assert:
        that: planned.plan.checks | map(attribute='name') == ['service']
""")
    (tmp_path / "hosts.yml").write_text(_inventory(cluster_host="https://127.0.0.1:1", network_check_slow_pair=3))
    done = subprocess.run(["ansible-playbook", "--check", "-i", "hosts.yml", "play.yml"], cwd=tmp_path, text=True,
                          env=_environ(tmp_path), capture_output=True, check=False, stdin=subprocess.DEVNULL)
    print(done.stdout, done.stderr)
    assert done.returncode == 0


def test_one_cluster_of_the_environment_is_not_taken_for_all_hosts_nor_servers_for_clusters(tmp_path: Path) -> None:
    own = {"cluster_host": "https://127.0.0.1:1"}
    hosts = {"a": own, "slip": {**own, "cluster_api_kye": "t"}, "wrong": {"cluster_kubeconfg": "config"}, "none": None,
             "bastion": {**own, "ansible_connection": "ssh", "ansible_host": "b.example.com"}}
    apart = {"build-1": None, "db-1": {"ansible_host": "{{ not_there }}"}, "apart": own}
    inventory = {"all": {"hosts": apart, "children": {"clusters": {"hosts": hosts}}}}
    done = _plan(tmp_path, yaml.safe_dump(inventory), "--forks", "2", "-e", '{"validate_checks": ["dns"]}',
                 K8S_AUTH_HOST="https://127.0.0.1:9")
    said = _said(done)
    assert done.returncode == 2
    for sentence in ("so left out: build-1, db-1", "6 clusters, 2 at a time: with --forks 6",
                     "host none has no cluster address of its own: K8S_AUTH_HOST of the environment is one cluster, and this "
                     "play has 6 hosts", "cluster_kubeconfg is no variable of the connection; did you mean cluster_kubeconfig?",
                     "slip: cluster_api_kye: is no variable of the connection",
                     "host bastion: its connection leads to b.example.com"):
        assert sentence in said, sentence
    assert [host for host in (*hosts, "build-1") if f"fatal: [{host}]" in said] == [
        "slip", "wrong", "none", "bastion"]
    assert "ok: [apart]" in done.stdout and "[build-1]" not in said
    alone = _plan(tmp_path, yaml.safe_dump(inventory), "--limit", "none", "-e", '{"validate_checks": ["dns"]}',
                  K8S_AUTH_HOST="https://127.0.0.1:9")
    assert alone.returncode == 0
    alone = _plan(tmp_path, yaml.safe_dump(inventory), "--limit", "apart")
    assert alone.returncode == 0 and "ok: [apart]" in alone.stdout


PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  vars:
    cloud: {ASSAY_ACCOUNT: prod}
  environment: "{{ cloud }}"
  tasks:
    - assay.clusters.check_dns:
"""


def test_the_environment_of_the_play_reaches_programs_that_sign_in(tmp_path: Path) -> None:
    answer = '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t"}}'
    config = yaml.safe_load(yaml.safe_dump(KUBECONFIG))
    config["users"][0]["user"] = {"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "interactiveMode": "Never",
        "args": ["-c", f"[ \"$ASSAY_ACCOUNT\" = prod ] && echo '{answer}'"]}}
    (tmp_path / "play.yml").write_text(PLAY)
    (tmp_path / "hosts.yml").write_text(_inventory(cluster_kubeconfig=config))
    done = subprocess.run(["ansible-playbook", "--check", "-i", "hosts.yml", "play.yml"], cwd=tmp_path, text=True,
                          env=_environ(tmp_path), capture_output=True, check=False, stdin=subprocess.DEVNULL)
    print(done.stdout, done.stderr)
    assert done.returncode == 0


def test_wrong_values_of_variables_are_told_before_anything_is_asked_and_users_own_ones_are_let_be(tmp_path: Path) -> None:
    own = {"cluster_host": "https://127.0.0.1:1"}
    hosts = {"way": {**own, "validate_transport": "foo"}, "mirror": {**own, "validate_image_registry": "https://mirror.test"},
             "mine": {**own, "network_check_url": "https://127.0.0.1/health"}}
    done = _plan(tmp_path, yaml.safe_dump({"all": {"hosts": hosts}}))
    said = _said(done)
    for sentence in ("value of validate_transport must be one of: auto, proxy, port_forward, exec, got: foo",
                     "image_registry: must be like mirror.example.com/path, without https://",
                     "mine: network_check_url: no check has this option, so it does nothing here"):
        assert sentence in said, sentence
    assert [host for host in hosts if f"fatal: [{host}]" in said] == ["way", "mirror"] and done.returncode == 2


def test_modules_of_platforms_work_on_the_controller_and_share_no_cluster_of_the_environment(tmp_path: Path) -> None:
    """Without connection: local, and hosts that nobody could log in to."""
    (tmp_path / "play.yml").write_text(
        "- {hosts: all, gather_facts: false, tasks: [{assay.clusters.cluster_lease: {holder: me}}]}")
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {
        "own.invalid": {"cluster_host": "https://127.0.0.1:1"}, "none.invalid": None}}}))
    done = subprocess.run(["ansible-playbook", "-i", "hosts.yml", "play.yml"], cwd=tmp_path, text=True, capture_output=True,
                          env=_environ(tmp_path, K8S_AUTH_HOST="https://127.0.0.1:9"), check=False, stdin=subprocess.DEVNULL)
    said = _said(done)
    print(said)
    assert done.returncode == 2 and "UNREACHABLE" not in said and "127.0.0.1:9" not in said
    assert "K8S_AUTH_HOST of the environment is one cluster, and this play has 2 hosts; it is not taken for any of them" in said
    for host, sentence in (("own.invalid", "https://127.0.0.1:1"), ("none.invalid", "no cluster address is given")):
        assert sentence in said.partition(f"fatal: [{host}]")[2].partition("}")[0], host
