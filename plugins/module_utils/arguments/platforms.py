# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument specs of the platforms that clusters come from, and of the clusters wanted of them."""
from __future__ import annotations

from typing import Any

from .older import older

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

# How AWS is reached, for all that ask it: the names and the aliases of amazon.aws.
AWS: dict[str, dict[str, Any]] = {
    "region": {"type": "str", "aliases": ["aws_region"]},
    "profile": {"type": "str", "aliases": ["aws_profile"]},
    "access_key": {"type": "str", "no_log": False, "aliases": ["aws_access_key_id", "aws_access_key"]},
    "secret_key": {"type": "str", "no_log": True, "aliases": ["aws_secret_access_key", "aws_secret_key"]},
    "session_token": {"type": "str", "no_log": True, "aliases": ["aws_session_token"]},
    "endpoint_url": {"type": "str", "aliases": ["aws_endpoint_url"]},
    "ca_bundle": {"type": "path", "aliases": ["aws_ca_bundle"]},
}

PLATFORM_EKS: dict[str, dict[str, Any]] = {
    **AWS,
    "validate_certs": {"type": "bool", "default": True},
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
        "taints": {"type": "list", "elements": "dict", "options": {
            "key": {"type": "str", "required": True, "no_log": False},
            "value": {"type": "str"},
            "effect": {"type": "str", "required": True, "choices": ["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]},
        }},
        "launch_template": {"type": "dict", "options": {
            "name": {"type": "str"},
            "id": {"type": "str"},
            "version": {"type": "str"},
        }},
    }},
    "fargate_profiles": {"type": "list", "elements": "dict", "default": [], "options": {
        "name": {"type": "str", "required": True},
        "role": {"type": "str", "required": True, "aliases": ["role_arn"]},
        "subnets": {"type": "list", "elements": "str"},
        "selectors": {"type": "list", "elements": "dict", "required": True, "options": {
            "namespace": {"type": "str", "required": True},
            "labels": {"type": "dict"},
        }},
    }},
    "compute_config": {"type": "dict", "options": {
        "enabled": {"type": "bool", "required": True},
        "node_pools": {"type": "list", "elements": "str", "default": ["general-purpose", "system"],
                       "choices": ["general-purpose", "system"]},
        "node_role": {"type": "str", "aliases": ["node_role_arn"]},
    }},
    "ip_family": {"type": "str", "choices": ["ipv4", "ipv6"]},
    "logging": {"type": "list", "elements": "str", "default": [],
                "choices": ["api", "audit", "authenticator", "controllerManager", "scheduler"]},
    "kms_key": {"type": "str", "no_log": False},
    "addons": {"type": "list", "elements": "dict", "default": [], "options": {
        "name": {"type": "str", "required": True},
        "version": {"type": "str"},
        "configuration": {"type": "dict"},
        "role": {"type": "str"},
        "pod_identities": {"type": "list", "elements": "dict", "options": {
            "service_account": {"type": "str", "required": True},
            "role": {"type": "str", "required": True},
        }},
    }},
    "default_storage_class": {"type": "bool", "default": False},
    "access_entries": {"type": "list", "elements": "dict", "default": [], "options": {
        "principal": {"type": "str", "required": True},
        "type": {"type": "str"},
        "username": {"type": "str"},
        "groups": {"type": "list", "elements": "str"},
        "policies": {"type": "list", "elements": "dict", "options": {
            "policy": {"type": "str", "required": True},
            "namespaces": {"type": "list", "elements": "str"},
        }},
    }},
    "pod_identities": {"type": "list", "elements": "dict", "default": [], "options": {
        "namespace": {"type": "str", "required": True},
        "service_account": {"type": "str", "required": True},
        "role": {"type": "str", "required": True},
    }},
    "kubeconfig_credentials": {"type": "bool", "default": False},
    "kubeconfig_auth": {"type": "str", "default": "exec", "choices": ["exec", "token"], "no_log": False},
}

PLATFORM_RANCHER: dict[str, dict[str, Any]] = {
    "url": {"type": "str"},
    "token": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "ca_cert": {"type": "path"},
    "validate_certs": {"type": "bool"},
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
    "update_arguments": {"type": "list", "elements": "str", "default": []},
    "delete_arguments": {"type": "list", "elements": "str", "default": []},
    "namespace": {"type": "str"},
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
    "class_variables": {"type": "dict"},
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
    "return_kubeconfig": {"type": "bool", "default": False, "no_log": False},
    "cluster_id": {"type": "str"},
    "disposable": {"type": "bool", "default": False},
    "adopt": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_until": {"type": "str", "default": "nodes", "choices": ["platform", "api", "nodes"]},
    "timeout": {"type": "int", "default": 3600},
    "wait_sleep": {"type": "float", "default": 5, **older("poll")},
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
