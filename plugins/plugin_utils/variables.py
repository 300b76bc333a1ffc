# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of a run that come from inventory variables: typed and judged as a task's own are, under the variable's name."""
from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import RUN, SELECT
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput

PREFIX = "validate_"
_FLAT = ("str", "int", "float", "bool")
# What the playbook or a host may say, and from so much likeness on (difflib's ratio) another name is one of these.
_OURS = sorted({*RUN, *SELECT, "hosts", "namespace"} - {"gate", "run_namespace"})
_NEAR = 0.8


def mistaken(names: Iterable[Any]) -> list[str]:
    """A sentence for each variable that is nearly one of a run, and so does nothing."""
    told = []
    for name in names:
        tail = name.removeprefix(PREFIX) if isinstance(name, str) and name.startswith(PREFIX) else ""
        close = difflib.get_close_matches(tail, _OURS, 1, _NEAR) if tail and tail not in _OURS else []
        told += [f"{name}: is no variable of a run and does nothing; did you mean {PREFIX}{one}?" for one in close]
    return told


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
