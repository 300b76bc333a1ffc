# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module side: modules document and declare options, the action plugin on the controller does the work."""
from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .engine.check import Check


def option_spec(check: type[Check]) -> dict[str, dict[str, Any]]:
    """The argument spec of a check's own options."""
    out: dict[str, dict[str, Any]] = {}
    for option in check.options:
        spec: dict[str, Any] = {"type": option.type}
        if option.default is not None:
            spec["default"] = option.default
        if option.elements:
            spec["elements"] = option.elements
        if option.choices:
            spec["choices"] = list(option.choices)
        if option.secret is not False:
            spec["no_log"] = bool(option.secret)
        out[option.name] = spec
    return out


def declare(argument_spec: dict[str, dict[str, Any]]) -> None:
    """The body of every module. It is reached only when something goes around the action plugin."""
    module = AnsibleModule(argument_spec=argument_spec, supports_check_mode=True)
    module.fail_json(msg="this module works through its action plugin of assay.clusters, which was not used; call it by "
                         "its full name, assay.clusters.<module>, with the collection installed on the controller")
