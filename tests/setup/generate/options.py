# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of checks as documentation."""
from __future__ import annotations

import re

from ansible_collections.assay.clusters.plugins.module_utils.engine.check import Check
from ansible_collections.assay.clusters.plugins.module_utils.arguments.older import GOES
from ansible_collections.assay.clusters.plugins.module_utils.engine.declared import Option
from ansible_collections.assay.clusters.plugins.module_utils.engine.options import older_variable, variable
from ansible_collections.assay.clusters.plugins.module_utils.module import option_spec

from .words import bullets, cell, entry, markdown, row, scalar


TABLE = ("| variable | type | default | meaning |", "| --- | --- | --- | --- |")


def bounds(option: Option) -> list[str]:
    low, high = option.minimum, option.maximum
    if low is not None and high is not None:
        return [f"From {low:g} to {high:g}."]
    return [f"At least {low:g}."] if low is not None else [f"At most {high:g}."] if high is not None else []


def _lines(check: type[Check], option: Option, name: str, sentences: list[str], indent: int, since: str = "") -> list[str]:
    spec = option_spec(check)[option.name]
    out = [f"{' ' * indent}{name}:", f"{' ' * indent}  description:", *bullets(sentences, indent + 4),
           *(entry("version_added", since, indent + 2) if since else [])]
    for key in ("type", "elements", "choices", "default"):
        if key in spec:
            out += entry(key, spec[key], indent + 2)
    return out


def of_module(check: type[Check], option: Option) -> list[str]:
    """An option in the documentation of its module."""
    return _lines(check, option, option.name, [
        option.description, *bounds(option), f"Without it the variable C({variable(check, option)}) of the host is used."], 2)


def of_role(check: type[Check], option: Option, since: str = "") -> list[str]:
    """An option in the argument specs of its role. since: the version of its check, where the role is older."""
    prefix = f"{check.domain}_check_"
    words = re.sub(r"\bO\((\w+)\)", rf"C({prefix}\1)", option.description)
    return _lines(check, option, variable(check, option), [words, *bounds(option), *_before(check, option)], 6, since)


def _before(check: type[Check], option: Option) -> list[str]:
    name = older_variable(check, option)
    return [f"The older name C({name}) is deprecated. It goes in {GOES}."] if name else []


def as_row(check: type[Check], option: Option) -> str:
    """An option in a table of variables."""
    words = [option.description, *bounds(option), *_before(check, option)]
    if option.choices:
        words.append(f"One of {', '.join(f'C({c})' for c in option.choices)}.")
    default = option_spec(check)[option.name].get("default")
    shown = "" if default is None else f"`{default if isinstance(default, str) else scalar(default)}`"
    meaning = markdown(" ".join(words), f"{check.domain}_check_")
    return row(f"`{variable(check, option)}`", option.type, cell(shown), cell(meaning))
