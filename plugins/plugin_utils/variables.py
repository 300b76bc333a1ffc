# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of a run that come from inventory variables: typed and judged as a task's own are, under the variable's name."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput

_FLAT = ("str", "int", "float", "bool")


def judged(read: Callable[[str], Any], names: Mapping[str, str], spec: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """{option: value} of those whose variable is set. read: a host's variable, None without one; names: option -> variable."""
    given = {option: value for option, variable in names.items() if (value := read(variable)) not in (None, "")}
    for option, value in given.items():
        if spec[option]["type"] in _FLAT and isinstance(value, (dict, list)):
            raise BadInput(f"{names[option]}: must be one value, not a {type(value).__name__}")
    result = ArgumentSpecValidator({names[o]: {k: v for k, v in spec[o].items() if k != "default"} for o in given}).validate(
        {names[o]: value for o, value in given.items()})
    if result.error_messages:
        raise BadInput("; ".join(result.error_messages))
    return {option: result.validated_parameters[names[option]] for option in given}
