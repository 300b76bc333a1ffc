# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands in a role's defaults for the options of its spec."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.assay.clusters.plugins.plugin_utils.renamed import VARIABLES


# The words of before have others now, too.
OTHERWISE = {"snapshot_verb": "{{ {'take': 'present', 'remove': 'absent'}[snapshot_verb | default('info')] "
                              "| default(snapshot_verb | default('info')) }}"}


def wanted(spec: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Each option's default; where a variable had another name before, that one's value, if it has one."""
    older = {new: old for old, new in VARIABLES.items()}
    return {n: _of_older(older[n], o["default"]) if n in older else o["default"] for n, o in spec.items() if "default" in o}


def _of_older(name: str, value: Any) -> str:
    if name in OTHERWISE:
        return OTHERWISE[name]
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return f"{{{{ {name} | default({text}) }}}}"
