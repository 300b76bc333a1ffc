# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument specs that modules share: the twins of the documentation fragments in plugins/doc_fragments."""
from __future__ import annotations

from typing import Any

# Names and types of kubernetes.core; each also comes from the variable cluster_<name> and K8S_AUTH_<NAME>.
CLUSTER: dict[str, dict[str, Any]] = {
    "kubeconfig": {"type": "raw", "no_log": True},
    "context": {"type": "str"},
    "host": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "aliases": ["verify_ssl"]},
    "ca_cert": {"type": "path", "aliases": ["ssl_ca_cert"]},
    "client_cert": {"type": "path", "aliases": ["cert_file"]},
    "client_key": {"type": "path", "aliases": ["key_file"], "no_log": False},
    "proxy": {"type": "str"},
    "no_proxy": {"type": "str"},
    "proxy_headers": {"type": "dict", "no_log": True, "options": {
        "basic_auth": {"type": "str", "no_log": True},
        "proxy_basic_auth": {"type": "str", "no_log": True},
        "user_agent": {"type": "str"},
    }},
    "impersonate_user": {"type": "str"},
    "impersonate_groups": {"type": "list", "elements": "str"},
}

# How a run of checks behaves, whichever checks they are.
RUN: dict[str, dict[str, Any]] = {
    "images": {"type": "dict", "default": {}},
    "image_registry": {"type": "str", "default": ""},
    "results_dir": {"type": "path"},
    "journal_dir": {"type": "path"},
    "gate": {"type": "bool", "default": True},
    "allow_inconclusive": {"type": "bool", "default": False},
    "wait_cleanup": {"type": "bool", "default": True},
    "limit": {"type": "float", "default": 900},
    "transport": {"type": "str", "default": "auto", "choices": ["auto", "proxy", "port_forward", "exec"]},
}

# Which checks.
SELECT: dict[str, dict[str, Any]] = {
    "checks": {"type": "list", "elements": "str", "default": []},
    "domains": {"type": "list", "elements": "str", "default": []},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "check_paths": {"type": "list", "elements": "path", "default": []},
}

REPORT: dict[str, dict[str, Any]] = {
    "results_dir": {"type": "path", "required": True},
    "expected": {"type": "list", "elements": "str", "default": []},
    "allow_inconclusive": {"type": "bool", "default": False},
    "gate": {"type": "bool", "default": False},
    "show": {"type": "bool", "default": True},
}

# How a stage of a pipeline went.
STAGE: dict[str, dict[str, Any]] = {
    "results_dir": {"type": "path", "required": True},
    "stage": {"type": "str", "required": True},
    "verdict": {"type": "str", "choices": ["passed", "warned", "failed", "skipped", "inconclusive"]},
    "msg": {"type": "str", "default": ""},
    "of_checks": {"type": "bool", "default": False},
    "checks_dir": {"type": "path"},
    "allow_inconclusive": {"type": "bool", "default": False},
    "started": {"type": "float"},
    "seconds": {"type": "float"},
    "cause": {"type": "str", "default": ""},
    "scope": {"type": "list", "elements": "str", "default": []},
    "evidence": {"type": "list", "elements": "str", "default": []},
    "leftovers": {"type": "list", "elements": "str", "default": []},
    "measurements": {"type": "list", "elements": "dict", "default": [], "options": {
        "name": {"type": "str", "required": True},
        "value": {"type": "float", "required": True},
        "unit": {"type": "str", "default": ""},
    }},
    "run_id": {"type": "str", "default": ""},
    "cluster": {"type": "str"},
}

# Which stages run, and what they hand on.
PIPELINE_STATE: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "default": "kept", "choices": ["begun", "kept", "ended", "guarded"]},
    "results_dir": {"type": "path", "required": True},
    "cluster": {"type": "str", "required": True},
    "skip": {"type": "list", "elements": "str", "default": []},
    "start_at": {"type": "str", "default": ""},
    "unset": {"type": "dict", "default": {}},
    "destructive": {"type": "list", "elements": "str", "default": []},
    "disposable": {"type": "bool", "default": False},
    "run_id": {"type": "str", "default": ""},
    "values": {"type": "dict", "default": {}},
}

SWEEP: dict[str, dict[str, Any]] = {
    "journal_dir": {"type": "path"},
    "everything": {"type": "bool", "default": False},
    "cluster_gone": {"type": "bool", "default": False},
}

# Settings of the platforms that clusters come from, one dictionary for each.
PLATFORM_COMMAND: dict[str, dict[str, Any]] = {
    "workdir": {"type": "path", "required": True},
    "create": {"type": "list", "elements": "raw", "required": True},
    "delete": {"type": "list", "elements": "raw", "required": True},
    "kubeconfig": {"type": "list", "elements": "raw", "required": True, "no_log": False},
    "list": {"type": "list", "elements": "raw"},
    "list_pattern": {"type": "str"},
    "version": {"type": "list", "elements": "raw"},
    "size": {"type": "list", "elements": "raw"},
    "environment": {"type": "dict"},
    "repeatable": {"type": "bool", "default": False},
}

# The first ones have the names of amazon.aws.
PLATFORM_EKS: dict[str, dict[str, Any]] = {
    "region": {"type": "str"},
    "profile": {"type": "str"},
    "access_key": {"type": "str", "no_log": False},
    "secret_key": {"type": "str", "no_log": True},
    "session_token": {"type": "str", "no_log": True},
    "endpoint_url": {"type": "str"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_bundle": {"type": "path"},
    "role": {"type": "str"},
    "node_role": {"type": "str"},
    "create_roles": {"type": "bool", "default": False},
    "subnets": {"type": "list", "elements": "str", "default": []},
    "security_groups": {"type": "list", "elements": "str", "default": []},
    "public_access": {"type": "bool", "default": True},
    "private_access": {"type": "bool", "default": True},
    "public_access_cidrs": {"type": "list", "elements": "str", "default": []},
    "node_groups": {"type": "list", "elements": "dict", "default": [], "options": {
        "name": {"type": "str", "required": True},
        "size": {"type": "int"},
        "instance_types": {"type": "list", "elements": "str"},
        "ami_type": {"type": "str"},
        "capacity_type": {"type": "str", "choices": ["ON_DEMAND", "SPOT"]},
        "disk_size": {"type": "int"},
        "labels": {"type": "dict"},
        "subnets": {"type": "list", "elements": "str"},
    }},
    "kubeconfig_auth": {"type": "str", "default": "exec", "choices": ["exec", "token"], "no_log": False},
}

PLATFORM_RANCHER: dict[str, dict[str, Any]] = {
    "url": {"type": "str"},
    "token": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "ca_cert": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
    "proxy": {"type": "str"},
    "generation": {"type": "str", "default": "auto", "choices": ["auto", "v1", "v3"]},
    "namespace": {"type": "str", "default": "fleet-default"},
    "config": {"type": "dict"},
    "node_pools": {"type": "list", "elements": "dict", "default": []},
    "pool": {"type": "str"},
    "import_kubeconfig": {"type": "path", "no_log": False},
}

PLATFORM_KONVOY: dict[str, dict[str, Any]] = {
    "generation": {"type": "str", "default": "v1", "choices": ["v1", "v2"]},
    "program": {"type": "str"},
    "workdir": {"type": "path", "required": True},
    "provisioner": {"type": "str"},
    "api_version": {"type": "str", "default": "v1beta2", "choices": ["v1alpha1", "v1beta1", "v1beta2"]},
    "provisioner_spec": {"type": "dict"},
    "configuration_spec": {"type": "dict"},
    "control_plane": {"type": "list", "elements": "str", "default": []},
    "workers": {"type": "list", "elements": "str", "default": []},
    "bastions": {"type": "list", "elements": "str", "default": []},
    "inventory_vars": {"type": "dict"},
    "node_pool": {"type": "str"},
    "arguments": {"type": "list", "elements": "str", "default": []},
    "self_managed": {"type": "bool", "default": False},
    "management_kubeconfig": {"type": "path", "no_log": False},
    "environment": {"type": "dict"},
}

PLATFORM_CLUSTER_API: dict[str, dict[str, Any]] = {
    "kubeconfig": {"type": "raw", "no_log": True},
    "context": {"type": "str"},
    "namespace": {"type": "str", "default": "default"},
    "manifest": {"type": "str"},
    "variables": {"type": "dict"},
    "machine_deployment": {"type": "str"},
}

CLUSTER_PLATFORM: dict[str, dict[str, Any]] = {
    "platform": {"type": "str", "required": True, "choices": ["command", "eks", "rancher", "konvoy", "cluster_api"]},
    "command": {"type": "dict", "options": PLATFORM_COMMAND},
    "eks": {"type": "dict", "options": PLATFORM_EKS},
    "rancher": {"type": "dict", "options": PLATFORM_RANCHER},
    "konvoy": {"type": "dict", "options": PLATFORM_KONVOY},
    "cluster_api": {"type": "dict", "options": PLATFORM_CLUSTER_API},
}

CLUSTER_WANTED: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "version": {"type": "str"},
    "nodes": {"type": "int"},
    "run_id": {"type": "str"},
    "lifetime": {"type": "int", "default": 86400},
    "kubeconfig": {"type": "path", "no_log": False},
    "cluster_id": {"type": "str"},
    "disposable": {"type": "bool", "default": False},
    "adopt": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_until": {"type": "str", "default": "nodes", "choices": ["platform", "api", "nodes"]},
    "timeout": {"type": "int", "default": 3600},
    "poll": {"type": "float", "default": 5},
}

LEASE: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "default": "present", "choices": ["present", "renewed", "absent"]},
    "holder": {"type": "str", "required": True},
    "reason": {"type": "str", "default": ""},
    "duration": {"type": "float", "default": 900},
    "wait": {"type": "float", "default": 0},
    "heartbeat": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "backend": {"type": "str", "default": "cluster", "choices": ["cluster", "file"]},
    "name": {"type": "str", "default": "assay"},
    "namespace": {"type": "str", "default": "default"},
    "path": {"type": "path"},
}

# Which images, for image_prepull and images_info.
IMAGE_SOURCES: dict[str, dict[str, Any]] = {
    "images": {"type": "list", "elements": "str", "default": []},
    "image_files": {"type": "list", "elements": "path", "default": []},
    "manifests": {"type": "list", "elements": "str", "default": []},
    "checks": {"type": "list", "elements": "str", "default": []},
    "domains": {"type": "list", "elements": "str", "default": []},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "check_paths": {"type": "list", "elements": "path", "default": []},
    "check_images": {"type": "dict", "default": {}},
    "image_registry": {"type": "str", "default": ""},
    "rewrite": {"type": "list", "elements": "dict", "default": [], "options": {
        "from": {"type": "str", "required": True},
        "to": {"type": "str", "required": True},
    }},
    "nodes": {"type": "list", "elements": "str", "default": []},
    "selector": {"type": "str", "default": ""},
}

PREPULL: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "join_within": {"type": "float", "default": 0},
    "pull_policy": {"type": "str", "default": "IfNotPresent", "choices": ["IfNotPresent", "Always"]},
    "pull_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "credentials": {"type": "list", "elements": "dict", "default": [], "options": {
        "registry": {"type": "str", "required": True},
        "username": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
    }},
    "per_registry": {"type": "int", "default": 10},
    "per_node": {"type": "int", "default": 2},
    "retries": {"type": "int", "default": 2},
    "floor": {"type": "float", "default": 5},
    "pull_timeout": {"type": "float", "default": 600},
    "timeout": {"type": "float", "default": 3600},
    "helper_image": {"type": "str", "default": "docker.io/library/busybox:1.35"},
    "journal_dir": {"type": "path"},
}

IMAGES_INFO: dict[str, dict[str, Any]] = {
    "ask_cluster": {"type": "bool", "default": True},
}

# Machines of AWS: the names of amazon.aws, and how a revert treats volumes.
MACHINES_AWS: dict[str, dict[str, Any]] = {
    "region": {"type": "str"},
    "access_key": {"type": "str", "no_log": False},
    "secret_key": {"type": "str", "no_log": True},
    "session_token": {"type": "str", "no_log": True},
    "profile": {"type": "str"},
    "endpoint_url": {"type": "str"},
    "root_volume": {"type": "str", "default": "swap", "choices": ["swap", "replace"]},
    "replaced_volumes": {"type": "str", "default": "delete", "choices": ["delete", "keep"]},
}

# Machines of a single ESXi host, by ssh.
MACHINES_ESXI: dict[str, dict[str, Any]] = {
    "ssh_key_file": {"type": "path", "no_log": False},
    "ssh_known_hosts": {"type": "path"},
    "ssh_host_key_checking": {"type": "str", "default": "yes", "choices": ["yes", "accept-new", "no"]},
    "ssh_executable": {"type": "str", "default": "ssh"},
}

# Machines of a vCenter or an ESXi host: the names of vmware.vmware. The log-in serves a host by ssh, too.
MACHINES_VSPHERE: dict[str, dict[str, Any]] = {
    "hostname": {"type": "str"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "port": {"type": "int"},
    "validate_certs": {"type": "bool"},
    "datacenter": {"type": "str"},
    "proxy_host": {"type": "str"},
    "proxy_port": {"type": "int"},
}

# Which machines of which platform.
MACHINES: dict[str, dict[str, Any]] = {
    "platform": {"type": "str", "required": True, "choices": ["vsphere", "esxi", "aws"]},
    "names": {"type": "list", "elements": "str", "default": []},
    "uuids": {"type": "list", "elements": "str", "default": []},
    "ids": {"type": "list", "elements": "str", "default": [], "aliases": ["moids"]},
    "folder": {"type": "str"},
    "tags": {"type": "dict", "default": {}},
    "parallel": {"type": "int", "default": 4},
    "timeout": {"type": "float", "default": 3600},
    **MACHINES_VSPHERE, **MACHINES_AWS, **MACHINES_ESXI,
}

# Who we are, for descriptions and tags of snapshots.
SNAPSHOT_MARKS: dict[str, dict[str, Any]] = {
    "cluster": {"type": "str"},
    "run_id": {"type": "str"},
    "creator": {"type": "str"},
}

SNAPSHOT_ORDER: dict[str, dict[str, Any]] = {
    "control_plane": {"type": "list", "elements": "str", "default": []},
}

_ORDERS = ["control_plane_last", "control_plane_first", "as_given"]

VM_SNAPSHOT: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "snapshot_name": {"type": "str", "required": True},
    "description": {"type": "str", "default": ""},
    "memory_dump": {"type": "bool", "default": False},
    "quiesce": {"type": "bool", "default": False},
    "order": {"type": "str", "default": "control_plane_last", "choices": _ORDERS},
    "within": {"type": "float", "default": 0},
    "free_percent": {"type": "float", "default": 10},
    "growth_percent": {"type": "float", "default": 10},
    "max_depth": {"type": "int", "default": 3},
    "max_age_days": {"type": "float", "default": 0},
    "incomplete": {"type": "str", "default": "refuse", "choices": ["refuse", "replace"]},
    "remove_children": {"type": "bool", "default": False},
    **SNAPSHOT_MARKS, **SNAPSHOT_ORDER, **MACHINES,
}

# Options of the cluster's connection that a module of machines cannot have: the log-in is that of the platform.
LOG_IN = ("username", "password", "validate_certs")

VM_SNAPSHOT_REVERT: dict[str, dict[str, Any]] = {
    "snapshot_name": {"type": "str"},
    "snapshot_id": {"type": "str"},
    "allow_memory": {"type": "bool", "default": False},
    "order": {"type": "str", "default": "control_plane_first", "choices": _ORDERS},
    "power_on": {"type": "bool", "default": True},
    "pause": {"type": "float", "default": 5},
    "boot_at_once": {"type": "int", "default": 3},
    "wait_for": {"type": "list", "elements": "str", "choices": ["tools", "api", "nodes", "clocks"]},
    "clock_skew": {"type": "float", "default": 5},
    "fixup": {"type": "list", "elements": "str", "default": []},
    "disposable": {"type": "bool", "default": False},
    "cluster_id": {"type": "str"},
    **SNAPSHOT_ORDER, **{n: s for n, s in CLUSTER.items() if n not in LOG_IN}, **MACHINES,
}

VM_SNAPSHOT_INFO: dict[str, dict[str, Any]] = {"snapshot_name": {"type": "str"}, **MACHINES}

VM_SNAPSHOT_PRUNE: dict[str, dict[str, Any]] = {
    "keep": {"type": "int"},
    "older_than_days": {"type": "float"},
    "pattern": {"type": "str"},
    "ours_only": {"type": "bool", "default": True},
    "allow_current": {"type": "bool", "default": False},
    "consolidate": {"type": "bool", "default": True},
    "cluster": {"type": "str"},
    **MACHINES,
}

# A source of the inventory plugin: a platform or a folder, and which of its clusters become hosts how.
CLUSTER_SOURCE: dict[str, dict[str, Any]] = {
    "platform": {"type": "str", "required": True,
                 "choices": [*CLUSTER_PLATFORM["platform"]["choices"], "kubeconfigs"]},
    "kubeconfigs": {"type": "dict", "options": {
        "folder": {"type": "path", "required": True},
        "patterns": {"type": "list", "elements": "str", "default": ["*.kubeconfig", "*.conf", "*.yaml", "*.yml"]},
        "ask": {"type": "bool", "default": False},
    }},
    "environment": {"type": "str"},
    "environment_label": {"type": "str", "default": "environment"},
    "only": {"type": "str"},
    "phases": {"type": "list", "elements": "str", "default": ["ready", "updating"],
               "choices": ["creating", "ready", "updating", "deleting", "failed"]},
    "prefix": {"type": "str"},
    "kubeconfig_folder": {"type": "path", "no_log": False},
}

# Where leftovers are looked for. The options of AWS have the names of amazon.aws.
_EKS_NAMES = ("region", "profile", "access_key", "secret_key", "session_token", "endpoint_url", "validate_certs")
_RANCHER_NAMES = ("url", "token", "username", "password", "ca_cert", "validate_certs", "proxy")
LEFTOVERS: dict[str, dict[str, Any]] = {
    "providers": {"type": "list", "elements": "str", "required": True, "choices": ["aws", "cluster", "rancher", "vsphere"],
                  "aliases": ["provider"]},
    "name": {"type": "str"},
    "run_id": {"type": "str"},
    "tags": {"type": "dict"},
    "patterns": {"type": "list", "elements": "str", "default": []},
    "before": {"type": "raw"},
    "wait": {"type": "float", "default": 0},
    "poll": {"type": "float", "default": 10},
    "fail_on_leftovers": {"type": "bool", "default": False},
    "journal_dir": {"type": "path"},
    "aws": {"type": "dict", "options": {
        **{n: PLATFORM_EKS[n] for n in _EKS_NAMES},
        "zones": {"type": "list", "elements": "str", "default": []},
    }},
    "rancher": {"type": "dict", "options": {n: PLATFORM_RANCHER[n] for n in _RANCHER_NAMES}},
    "vsphere": {"type": "dict", "options": MACHINES_VSPHERE},
}
