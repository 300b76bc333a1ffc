# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which cluster a host is, and what the play says of the way there: variables, environment, connection."""
from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput

PREFIX = "cluster_"
# What says where a cluster is.
WHERE = ("kubeconfig", "context", "host")
_ENVIRONMENT = "K8S_AUTH_"
# From so much likeness on, a name is one of ours with a slip of the pen (difflib's ratio).
_NEAR = 0.75
_KUBECTL = "KUBECONFIG"
_LOCAL = ("local", "ansible.builtin.local")


def environment(said: Any, templar: Any) -> dict[str, str]:
    """What `environment:` of play, block and task sets, the innermost last. said: a list of them, each may be a template."""
    found: dict[str, str] = {}
    for each in said if isinstance(said, list) else [said]:
        each = templar.template(each) if each else {}
        if not isinstance(each, Mapping):
            raise AnsibleActionFail(f"environment: must be a dictionary, not {type(each).__name__}")
        found.update({str(k): str(v) for k, v in each.items()})
    return found


@contextlib.contextmanager
def acting_in(own: Mapping[str, str]) -> Iterator[None]:
    """Inside, this process has that environment on top of its own: clients of clouds and programs that sign in look there.

    It is the worker of one task, so nobody else does.
    """
    before = dict(os.environ)
    os.environ.update(own)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def near_misses(names: Iterable[Any], right: Iterable[str] = tuple(CLUSTER)) -> dict[str, str]:
    """{variable: the one of the connection that was meant} of the names that are nearly one, the likeliest first."""
    found = []
    for name in names:
        tail = name.removeprefix(PREFIX) if isinstance(name, str) and name.startswith(PREFIX) else ""
        close = difflib.get_close_matches(tail, right, 1, _NEAR) if tail and tail not in CLUSTER else []
        found += [(-difflib.SequenceMatcher(None, tail, one).ratio(), name, PREFIX + one) for one in close]
    return {name: meant for _likeness, name, meant in sorted(found)}


def mistaken(variables: Mapping[str, Any]) -> list[str]:
    """A sentence for each variable that is nearly one of the connection, and so does nothing."""
    several = {PREFIX + n + "s" for n in WHERE}  # lists of hosts are others' business
    return [f"{name}: is no variable of the connection and does nothing; did you mean {meant}?"
            for name, meant in near_misses(variables).items() if name not in several]


def _named(environ: Mapping[str, str]) -> str:
    """The variable of an environment that says where a cluster is, "" where none does."""
    return next((v for v in (_ENVIRONMENT + n.upper() for n in WHERE) if environ.get(v)), "")


def shared(given: Mapping[str, Any], own: Mapping[str, str], variables: Mapping[str, Any], once: bool) -> str:
    """The variable of the controller's environment that would make one cluster of all hosts of this play, "" where none does.

    given: options and variables of the connection; own: what the play sets. It serves a play of one host, or a task that
    runs once.
    """
    if any(given.get(n) for n in WHERE) or _named(own) or once:
        return ""
    return _named(os.environ) if len(variables.get("ansible_play_hosts_all") or ()) > 1 else ""


def named(args: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """What task and host say of where the cluster is; templates as they are written."""
    return {n: args.get(n) or variables.get(PREFIX + n) for n in WHERE}


def kubectls(given: Mapping[str, Any], own: Mapping[str, str], variables: Mapping[str, Any], once: bool) -> dict[str, str]:
    """The cluster that kubectl would ask, as environment of the task: that of KUBECONFIG, where nothing else names one.

    For a play of one host, or a task that runs once. A cluster of a platform is the one that is made there, so what lies in
    the user's shell is never taken for it.
    """
    path = own.get(_KUBECTL) or os.environ.get(_KUBECTL)
    if not path or any(given.get(n) for n in WHERE) or _named(own) or _named(os.environ) or variables.get("cluster_platform"):
        return {}
    alone = once or len(variables.get("ansible_play_hosts_all") or ()) <= 1
    return {f"{_ENVIRONMENT}KUBECONFIG": path} if alone else {}


def without_cluster(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment that names no cluster and nobody's credentials for one."""
    return {k: v for k, v in environ.items() if not k.startswith(_ENVIRONMENT)}


def of_all(name: str, variables: Mapping[str, Any]) -> str:
    """Why that variable of the environment does not count, as the beginning of a sentence."""
    return f"{name} of the environment is one cluster, and this play has {len(variables['ansible_play_hosts_all'])} hosts"


def check(host: str, given: Mapping[str, Any], own: Mapping[str, str], variables: Mapping[str, Any], once: bool) -> None:
    """Raise BadInput for a host of which nothing says which cluster it is, or only what says it of all others, too."""
    if any(given.get(n) for n in WHERE):
        return
    name = shared(given, own, variables, once)
    if not name and (_named(own) or _named(os.environ)):
        return
    for wrong, meant in near_misses(variables, WHERE).items():
        raise BadInput(f"host {host} has no cluster address: {wrong} is no variable of the connection; did you mean {meant}?")
    if name:
        raise BadInput(f"host {host} has no cluster address of its own: {of_all(name, variables)}; set cluster_kubeconfig, "
                       f"cluster_context or cluster_host for each, leave hosts that are no clusters out with validate_hosts, "
                       f"or take one host with --limit {host}")
    raise BadInput(f"host {host} has no cluster address: set cluster_kubeconfig (a path or the content) or cluster_host in "
                   "the inventory, or, for one host, KUBECONFIG or K8S_AUTH_KUBECONFIG in the environment; hosts that are no "
                   "clusters are left out with validate_hosts")


def elsewhere(transport: str, delegated: Any, variables: Mapping[str, Any]) -> str:
    """The machine that a host's connection leads to, "" where there is none: nothing logs in to a host that is a cluster.

    Ansible's default connection alone leads nowhere, as the host's name is the cluster's; who means a bastion says so, by
    ansible_connection, ansible_host or delegate_to. transport: the name of the connection plugin.
    """
    if transport in _LOCAL:
        return ""
    host = str(variables.get("inventory_hostname", ""))
    own = (variables.get("hostvars") or {}).get(host) or {}
    machine = delegated or own.get("ansible_host") or own.get("ansible_ssh_host")
    return str(machine or host) if machine or own.get("ansible_connection") else ""


def check_here(host: str, machine: str) -> None:
    """Raise BadInput for a host whose connection leads to another machine: checks ask from the controller only."""
    if machine:
        raise BadInput(f"host {host}: its connection leads to {machine}, but checks ask the cluster from the controller; set "
                       "ansible_connection: local (cluster_proxy is for a proxy on the way to the cluster), or run "
                       f"ansible-playbook on {machine}")
