# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which cluster a host is: never the one of the controller's environment for many, never one behind a slip of the pen."""
from __future__ import annotations

import os
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.plugins.plugin_utils import connecting

ONE, TWO = {"ansible_play_hosts_all": ["a"]}, {"ansible_play_hosts_all": ["a", "b"]}
ADDRESSES = ["K8S_AUTH_KUBECONFIG", "K8S_AUTH_CONTEXT", "K8S_AUTH_HOST"]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("K8S_AUTH_") or n == "KUBECONFIG"]:
        monkeypatch.delenv(name)


class Templar:
    def template(self, value: Any) -> Any:
        known = {"{{ cloud }}": {"AWS_PROFILE": "prod", "N": 1}, "{{ list }}": ["a"]}
        return known.get(value, value) if isinstance(value, str) else value


def _why(given: dict[str, Any] | None = None, own: dict[str, str] | None = None, variables: dict[str, Any] | None = None,
         once: bool = False) -> str:
    try:
        connecting.check("a", given or {}, own or {}, ONE if variables is None else variables, once)
    except BadInput as e:
        return str(e)
    return ""


@pytest.mark.parametrize("name", ADDRESSES)
def test_the_environment_alone_is_the_cluster_of_one_host_and_never_that_of_many(name, monkeypatch):
    monkeypatch.setenv(name, "x")
    assert _why() == ""
    assert _why(variables=TWO, once=True) == ""
    said = _why(variables=TWO)
    assert f"{name} of the environment is one cluster, and this play has 2 hosts" in said and "--limit a" in said


def test_kubectls_own_file_is_the_cluster_of_one_host_where_nothing_else_names_one(monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "a:b")
    found = {"K8S_AUTH_KUBECONFIG": "a:b"}
    assert connecting.kubectls({}, {}, ONE, False) == connecting.kubectls({}, {}, TWO, True) == found
    assert connecting.kubectls({}, {"KUBECONFIG": "c"}, ONE, False) == {"K8S_AUTH_KUBECONFIG": "c"}
    for given, own, variables in (({}, {}, TWO), ({"context": "x"}, {}, ONE), ({}, {"K8S_AUTH_HOST": "h"}, ONE),
                                  ({}, {}, {**ONE, "cluster_platform": "eks"})):
        assert connecting.kubectls(given, own, variables, False) == {}, (given, own, variables)
    assert connecting.named({"host": "h"}, {"cluster_context": "c"}) == {"kubeconfig": None, "context": "c", "host": "h"}
    monkeypatch.setenv("K8S_AUTH_CONTEXT", "x")
    assert connecting.kubectls({}, {}, ONE, False) == {}


@pytest.mark.parametrize(("given", "own"), [({"kubeconfig": "k"}, {}), ({"context": "c"}, {}), ({"host": "h"}, {}),
                                            *(({}, {n: "x"}) for n in ADDRESSES)])
def test_an_address_of_the_host_or_of_the_play_serves_however_many_there_are(given, own, monkeypatch):
    assert _why(given, own, TWO) == ""
    monkeypatch.setenv("K8S_AUTH_HOST", "another")
    assert _why(given, own, TWO) == "" == connecting.shared(given, own, TWO, False)


@pytest.mark.parametrize("host", ["only", "many"])
@pytest.mark.parametrize(("wrong", "right"), [
    ("cluster_kubeconfg", "cluster_kubeconfig"), ("cluster_kube_config", "cluster_kubeconfig"),
    ("cluster_hosts", "cluster_host"), ("cluster_contxt", "cluster_context")])
def test_a_slip_of_the_pen_is_named_with_the_right_word(wrong, right, host, monkeypatch):
    if host == "many":
        monkeypatch.setenv("K8S_AUTH_HOST", "another")
    said = _why(variables={**TWO, wrong: "x", "cluster_name": "y", 5: "z"})
    assert f"{wrong} is no variable of the connection; did you mean {right}?" in said


def test_without_any_address_the_sentence_says_what_to_set():
    said = _why(variables={**TWO, "cluster_name": "x", "cluster_nodes": 3, "cluster_api_key": "k"})
    assert said.startswith("host a has no cluster address: set cluster_kubeconfig")


@pytest.mark.parametrize(("name", "meant"), [
    ("cluster_api_kye", "cluster_api_key"), ("cluster_ca_certs", "cluster_ca_cert"), ("cluster_api_key", ""),
    ("cluster_hosts", ""), ("cluster_name", ""), ("cluster_version", ""), ("api_kye", ""), ("cluster_", "")])
def test_other_slips_are_warned_of_and_what_is_another_matter_is_not(name, meant):
    said = connecting.mistaken({name: 1})
    assert said == ([f"{name}: is no variable of the connection and does nothing; did you mean {meant}?"] if meant else [])


def test_environments_of_play_and_task_are_templates_or_dictionaries_and_the_innermost_counts():
    said = [{"A": "1", "B": "1"}, None, {}, "{{ cloud }}", {"B": "2"}]
    assert connecting.environment(said, Templar()) == {"A": "1", "B": "2", "AWS_PROFILE": "prod", "N": "1"}
    assert connecting.environment(None, Templar()) == {}
    with pytest.raises(AnsibleActionFail, match="environment: must be a dictionary, not list"):
        connecting.environment("{{ list }}", Templar())


def test_what_the_play_sets_is_set_for_the_task_and_not_after_it(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    with pytest.raises(ZeroDivisionError), connecting.acting_in({"AWS_PROFILE": "prod", "ASSAY_X": "1"}):
        assert (os.environ["AWS_PROFILE"], os.environ["ASSAY_X"]) == ("prod", "1")
        raise ZeroDivisionError
    assert os.environ["AWS_PROFILE"] == "mine" and "ASSAY_X" not in os.environ


def test_an_environment_without_a_cluster_has_nobodys_credentials_either():
    assert connecting.without_cluster({"K8S_AUTH_HOST": "h", "K8S_AUTH_API_KEY": "k", "PATH": "/bin"}) == {"PATH": "/bin"}


@pytest.mark.parametrize(("transport", "delegated", "own", "machine"), [
    ("local", None, {"ansible_host": "h"}, ""), ("ansible.builtin.local", None, {}, ""), ("ssh", None, {}, ""),
    ("ssh", None, {"ansible_host": "bastion"}, "bastion"), ("ssh", None, {"ansible_ssh_host": "bastion"}, "bastion"),
    ("ssh", None, {"ansible_connection": "ssh"}, "a"), ("ssh", "bastion", {}, "bastion"), ("local", "localhost", {}, "")])
def test_a_bastion_is_one_only_where_somebody_says_so(transport, delegated, own, machine):
    variables = {"inventory_hostname": "a", "hostvars": {"a": own}}
    assert connecting.elsewhere(transport, delegated, variables) == machine


def test_checks_are_not_asked_from_the_controller_in_place_of_a_bastion():
    connecting.check_here("a", "")
    with pytest.raises(BadInput, match="host a: its connection leads to bastion, but .* run ansible-playbook on bastion"):
        connecting.check_here("a", "bastion")
