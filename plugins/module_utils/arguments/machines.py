# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument specs of the platforms of machines, and of their snapshots."""
from __future__ import annotations

from typing import Any

from .cluster import CLUSTER, LOG_IN
from .older import older
from .platforms import AWS, PLATFORM_CLUSTER_API

# Machines of AWS: the names of amazon.aws, and how a revert treats volumes.
MACHINES_AWS: dict[str, dict[str, Any]] = {
    **AWS,
    "root_volume": {"type": "str", "default": "swap", "choices": ["swap", "replace"]},
    "replaced_volumes": {"type": "str", "default": "delete", "choices": ["delete", "keep"]},
    "auto_scaling": {"type": "str", "default": "refuse", "choices": ["refuse", "suspend"]},
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
    "resource_pool": {"type": "str"},
    "cluster_name": {"type": "str"},
    "esxi_host": {"type": "str"},
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

# What becomes of disks that a snapshot should not hold, or does not.
SNAPSHOT_DISKS: dict[str, dict[str, Any]] = {
    "attached_volumes": {"type": "str", "default": "refuse", "choices": ["refuse", "include"]},
    "independent_disks": {"type": "str", "default": "refuse", "choices": ["refuse", "leave"]},
}

# Where the machines are managed; without a namespace all of them are looked at.
MANAGEMENT: dict[str, dict[str, Any]] = {"cluster_api": {"type": "dict", "options": {
    **{n: PLATFORM_CLUSTER_API[n] for n in ("kubeconfig", "context")}, "namespace": {"type": "str"}}}}

_ORDERS = ["control_plane_last", "control_plane_first", "as_given"]

VM_SNAPSHOT: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "snapshot_name": {"type": "str", "required": True},
    "description": {"type": "str", "default": ""},
    "memory_dump": {"type": "bool", "default": False},
    "quiesce": {"type": "bool", "default": False},
    "quiesce_timeout": {"type": "int"},
    "order": {"type": "str", "default": "control_plane_last", "choices": _ORDERS},
    "max_spread_seconds": {"type": "float", **older("within")},
    "state_before": {"type": "str", "choices": ["shutdown", "as_is"]},
    "state_change_timeout": {"type": "float", "default": 300},
    "free_percent": {"type": "float", "default": 10},
    "growth_percent": {"type": "float", "default": 10},
    "max_depth": {"type": "int", "default": 3},
    "max_age_days": {"type": "float", "default": 0},
    "wait": {"type": "bool", "default": True},
    "on_incomplete": {"type": "str", "default": "refuse", "choices": ["refuse", "replace"], **older("incomplete")},
    "remove_children": {"type": "bool", "default": False},
    **SNAPSHOT_MARKS, **SNAPSHOT_ORDER, **SNAPSHOT_DISKS, **MANAGEMENT, **MACHINES,
}

VM_SNAPSHOT_REVERT: dict[str, dict[str, Any]] = {
    "snapshot_name": {"type": "str"},
    "snapshot_id": {"type": "str"},
    "allow_memory": {"type": "bool", "default": False},
    "allow_mixed": {"type": "bool", "default": False},
    "allow_owned": {"type": "bool", "default": False},
    "order": {"type": "str", "default": "control_plane_first", "choices": _ORDERS},
    "power_on": {"type": "bool", "default": True},
    "boot_delay": {"type": "float", "default": 5, **older("pause")},
    "boot_at_once": {"type": "int", "default": 3},
    "wait_for": {"type": "list", "elements": "str", "choices": ["tools", "api", "nodes", "clocks"]},
    "clock_skew": {"type": "float", "default": 5},
    "post_revert_command": {"type": "list", "elements": "str", "default": [], **older("fixup")},
    "disposable": {"type": "bool", "default": False},
    "cluster_id": {"type": "str"},
    **SNAPSHOT_ORDER, **SNAPSHOT_DISKS, **MANAGEMENT, **{n: s for n, s in CLUSTER.items() if n not in LOG_IN}, **MACHINES,
}

VM_SNAPSHOT_INFO: dict[str, dict[str, Any]] = {"snapshot_name": {"type": "str"}, **MACHINES}

VM_SNAPSHOT_PRUNE: dict[str, dict[str, Any]] = {
    "keep": {"type": "int"},
    "older_than_days": {"type": "float"},
    "pattern": {"type": "str"},
    "ours_only": {"type": "bool", "default": True},
    "allow_current": {"type": "bool", "default": True},
    "consolidate": {"type": "bool", "default": True},
    "cluster": {"type": "str"},
    **SNAPSHOT_ORDER, **MACHINES,
}
