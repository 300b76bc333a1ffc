# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of before: they work as they did, and say what they are called now.

Of options the argument specs know them, as `deprecated_aliases`; of variables VARIABLES does, which a test compares with what the
specs of the roles say. Ansible itself says nothing of either where an action plugin, or a role, takes them.
"""
from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from ansible_collections.assay.clusters.plugins.plugin_utils import terminal

# {older name: name of now}
VARIABLES = {
    "dispose_wait": "dispose_wait_timeout",
    "machines_check_platform_password": "machines_check_password",
    "machines_check_platform_username": "machines_check_username",
    "machines_check_platform_validate_certs": "machines_check_validate_certs",
    "pipeline_lease_wait": "pipeline_lease_wait_timeout",
    "prepull_floor": "prepull_min_mb_per_second",
    "prepull_join_within": "prepull_join_timeout",
    "provision_poll": "provision_wait_sleep",
    "snapshot_fixup": "snapshot_post_revert_command",
    "snapshot_fixup_tasks": "snapshot_post_revert_tasks",
    "snapshot_incomplete": "snapshot_on_incomplete",
    "snapshot_pause": "snapshot_boot_delay",
    "snapshot_verb": "snapshot_state",
    "snapshot_within": "snapshot_max_spread_seconds",
    "validate_limit": "validate_timeout",
}


def tell(variables: Container[str]) -> None:
    """Say which variables of before a host has."""
    for old, new in VARIABLES.items():
        if old in variables:
            terminal.outdated(old, new)


def _seconds(value: Any) -> float | None:
    """A number that is no yes or no, as an option gave seconds that is a yes or no now; else None."""
    try:
        number = float(value) if not isinstance(value, bool) else 1.0
    except (TypeError, ValueError):
        return None
    return None if number in (0.0, 1.0) else number


def arguments(spec: Mapping[str, Mapping[str, Any]], args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a task by the names of now. Where both names are given, that of now counts."""
    out = dict(args)
    older = {alias["name"]: name for name, s in spec.items() for alias in s.get("deprecated_aliases", ())}
    for old in older.keys() & out.keys():
        value = out.pop(old)
        if value is not None:
            terminal.outdated(old, older[old])
            out[older[old]] = value if out.get(older[old]) is None else out[older[old]]
    if "wait_timeout" in spec and (seconds := _seconds(out.get("wait"))) is not None:
        terminal.outdated("wait with seconds", "wait_timeout, beside wait as a yes or no,")
        out |= {"wait": seconds > 0, "wait_timeout": seconds if out.get("wait_timeout") is None else out["wait_timeout"]}
    return out
