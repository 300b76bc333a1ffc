# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument specs of a cluster's connection and of runs of checks on it."""
from __future__ import annotations

from typing import Any

from .older import older

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
    "allow_skipped": {"type": "bool", "default": False},
    "wait_cleanup": {"type": "bool", "default": True},
    "timeout": {"type": "float", "default": 900, **older("limit")},
    "transport": {"type": "str", "default": "auto", "choices": ["auto", "proxy", "port_forward", "exec"]},
    "expected_features": {"type": "list", "elements": "str", "default": []},
    "known_failures": {"type": "list", "elements": "dict", "default": [], "options": {
        "check": {"type": "str", "required": True},
        "cause": {"type": "str", "required": True},
        "until": {"type": "str", "required": True},
        "reason": {"type": "str", "required": True},
    }},
    "node_selector": {"type": "str", "default": ""},
    "node_sample": {"type": "int", "default": 300},
    "probe_limit": {"type": "float"},
    "run_namespace": {"type": "str", "default": ""},
    "labels": {"type": "dict", "default": {}},
    "annotations": {"type": "dict", "default": {}},
    "pull_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "pod_security": {"type": "str", "default": "restricted", "choices": ["restricted", "none"]},
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
    "since": {"type": "str", "default": ""},
    "history": {"type": "dict", "default": {}},
    "allow_inconclusive": {"type": "bool", "default": False},
    "allow_skipped": {"type": "bool", "default": False},
    "gate": {"type": "bool", "default": False},
    "show": {"type": "bool", "default": True},
    "write": {"type": "bool", "default": True},
}

RBAC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "default": "assay-clusters"},
    "scope": {"type": "str", "default": "namespace", "choices": ["namespace", "cluster"]},
    "namespace": {"type": "str", "default": "assay-clusters"},
    "optional": {"type": "list", "elements": "str", "default": ["reads"], "choices": [
        "reads", "logs", "kubelet_statistics", "port_forward", "prometheus", "exec", "retained_volumes",
        "tls_secrets", "edge_certificates", "issued_secrets", "audit_files", "pull_secrets"]},
    "subjects": {"type": "list", "elements": "dict", "default": []},
}

AWS_POLICY: dict[str, dict[str, Any]] = {
    "jobs": {"type": "list", "elements": "str", "default": [], "choices": [
        "leftovers", "snapshots", "reverts", "replace_root_volume", "suspend_auto_scaling",
        "encrypted_volumes"]},
    "optional": {"type": "bool", "default": True},
    "partition": {"type": "str", "default": "aws"},
    "region": {"type": "str", "default": "*"},
    "account_id": {"type": "str", "default": "*"},
    "hosted_zone_ids": {"type": "list", "elements": "str", "default": ["*"]},
    "log_groups": {"type": "list", "elements": "str", "default": ["*"]},
}

SWEEP: dict[str, dict[str, Any]] = {
    "journal_dir": {"type": "path"},
    "everything": {"type": "bool", "default": False},
    "namespace": {"type": "str"},
    "cluster_gone": {"type": "bool", "default": False},
}

# Options of the cluster's connection that a module of machines cannot have: the log-in is that of the platform.
LOG_IN = ("username", "password", "validate_certs")
