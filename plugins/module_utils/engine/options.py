# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of checks: from task arguments, else inventory variables, else defaults; typed and bounded."""
from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..common.names import nearest
from ..kube.errors import BadInput
from .check import Check
from .declared import Option

# From so much likeness on (difflib's ratio, without the domain), a name is one of ours with a slip of the pen.
_NEAR = 0.66
_TRUE = {"yes", "on", "1", "true", "y", "t"}
_FALSE = {"no", "off", "0", "false", "n", "f"}


def variable(check: type[Check], option: Option) -> str:
    """The inventory variable of an option: the domain is the role's name and so the prefix."""
    return f"{check.domain}_check_{option.inventory or option.name}"


def older_variable(check: type[Check], option: Option) -> str:
    """What that variable was called before, "" where it has its first name."""
    return f"{check.domain}_check_{option.name}" if option.inventory else ""


def _bool(value: Any) -> bool:
    text = str(value).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise ValueError


def _int(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError
    return int(value)


def _float(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError
    return number


def _str(value: Any) -> str:
    if value is None or isinstance(value, (dict, list)):
        raise ValueError
    return str(value)


def _list(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [v.strip() for v in value.split(",") if v.strip()]
    if isinstance(value, (list, tuple)):
        return list(value)
    raise ValueError


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError
    return dict(value)


_CONVERT = {"bool": _bool, "int": _int, "float": _float, "str": _str, "list": _list, "dict": _dict}
_NOUN = {"bool": "true or false", "int": "a whole number", "float": "a number", "str": "text", "list": "a list",
         "dict": "a dictionary"}


def typed(option: Option, value: Any, name: str) -> Any:
    """The value in the option's type and bounds; BadInput names the option or variable it came from."""
    try:
        value = _CONVERT[option.type](value)
        if option.type == "list" and option.elements:
            value = [_CONVERT[option.elements](v) for v in value]
    except (TypeError, ValueError):
        of = f" of {_NOUN[option.elements]} each" if option.type == "list" and option.elements else ""
        got = "what was given" if option.secret else repr(value)
        raise BadInput(f"{name}: must be {_NOUN[option.type]}{of}, not {got}") from None
    for one in value if option.type == "list" else [value]:
        if option.choices and one not in option.choices:
            raise BadInput(f"{name}: must be one of {', '.join(map(str, option.choices))}, not {one!r}")
    for wrong, bound, word in ((option.minimum is not None and option.type in ("int", "float")
                                and value < option.minimum, option.minimum, "at least"),
                               (option.maximum is not None and option.type in ("int", "float")
                                and value > option.maximum, option.maximum, "at most")):
        if wrong:
            raise BadInput(f"{name}: must be {word} {bound:.12g}, not {value:.12g}")
    return value


def resolve(check: type[Check], arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The options of one check. arguments: of a task for this one check; variables: of the host, already templated."""
    known = {o.name: o for o in check.options}
    for name in arguments:
        if name not in known:
            raise BadInput(f"{name}: check {check.name} has no such option; {nearest(name, known)}" if known else
                           f"{name}: check {check.name} has no options")
    found = {n: _found(check, o, arguments, variables) for n, o in known.items()}
    said = {n: value for n, (value, _origin) in found.items() if value not in (None, "", known[n].default)}
    beside = check.beside(said, variables)
    out = {}
    for name, option in known.items():
        given, origin = beside[name] if name in beside and name not in said else found[name]
        out[name] = option.default if given is None or given == "" else typed(option, given, origin)
    return out


def _found(check: type[Check], option: Option, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> tuple[Any, str]:
    """(the value of the task, else of the inventory, else None; where it stands)."""
    if (given := arguments.get(option.name)) is not None:
        return given, option.name
    origin, older = variable(check, option), older_variable(check, option)
    if variables.get(origin) is None and variables.get(older) is not None:
        return variables[older], older
    return variables.get(origin), origin


def unknown_variables(checks: list[type[Check]], variables: Mapping[str, Any]) -> list[str]:
    """Raise BadInput for a variable that is nearly an option of its domain; a sentence for each other that looks like one.

    Those may well be the user's own: the names of domains are common words.
    """
    right = {n: c.domain for c in checks for o in c.options for n in (variable(c, o), older_variable(c, o)) if n}
    told = []
    for name in variables:
        domain = next((c.domain for c in checks if re.fullmatch(rf"{re.escape(c.domain)}_check_\w+", name)), "")
        if not domain or name in right:
            continue
        own = {n.removeprefix(f"{domain}_check_"): n for n, of in right.items() if of == domain}
        tail = name.removeprefix(f"{domain}_check_")
        if close := difflib.get_close_matches(tail, own, 1, _NEAR):
            raise BadInput(f"{name}: no check has this option; did you mean {own[close[0]]}?")
        far = difflib.get_close_matches(tail, own, 1, 0.5)
        told.append(f"{name}: no check has this option, so it does nothing here"
                    + (f"; did you mean {own[far[0]]}?" if far else ""))
    return told


def bare_variables(checks: list[type[Check]], names: Iterable[Any]) -> list[str]:
    """A sentence for each variable that is an option's but for the `_check_`; one of a word, as dns_server, is another's."""
    right = {f"{c.domain}_{o.name}": variable(c, o) for c in checks for o in c.options if "_" in o.name}
    return [f"{name}: no check reads it; did you mean {right[name]}?" for name in names if name in right]
