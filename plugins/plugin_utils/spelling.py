# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables of the collection that are spelt wrongly are refused with the right word, before anything is done.

Which there are is read where they are used: in the roles and playbooks that are installed.
"""
from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER, RUN
from ansible_collections.assay.clusters.plugins.module_utils.arguments.platforms import CLUSTER_PLATFORM
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.plugins.plugin_utils.renamed import VARIABLES

_ROOT = Path(__file__).resolve().parents[2]
_PLAYBOOKS = ("validate", "rbac", "aws_policy", "sweep", "dispose", "preflight")
# From so much likeness on (difflib's ratio, without the prefix), a name is one of ours with a slip of the pen.
NEAR = 0.8
# A word with fewer letters may be another one that differs by one.
_SHORT = 4
# Of what a pipeline runs, and of what takes clusters and machines' states away.
FLOW = ("pipeline", "provision", "snapshot", "prepull", "dispose", "validate", "publish")
TAKE_AWAY = ("pipeline", "dispose")
# Whose variables the playbooks of these modules read besides those of a run.
_OF_MODULES = {"sweep": ["sweep"], "rbac_info": ["rbac"], "aws_policy_info": ["aws_policy"],
               "preflight": ["preflight", "rbac", "provision"]}
# What other tools call it, where a likeness does not tell.
_OTHERS_WORDS = {"validate_skip": "validate_exclude", "pipeline_exclude": "pipeline_skip"}
# Variables of a run that tasks read by themselves, without a playbook that names them.
_OF_RUNS = {f"validate_{n}" for n in (*RUN, "namespace") if n not in ("gate", "run_namespace")}
_WHAT = {"cluster": "the connection", "validate": "a run"}


@dataclass(frozen=True)
class Names:
    """offered: what a user may set; all: what occurs besides, as tasks of ours remember things under such names."""

    offered: frozenset[str]
    all: frozenset[str]


def _of_playbooks(prefix: str, text: str) -> set[str]:
    """What playbooks read where it is set, and do not set themselves."""
    read = set(re.findall(rf"\b({prefix}_\w+)(?:\s*\|\s*default\(| is (?:not )?defined)", text))
    own = set(re.findall(rf"^\s*(?:- )?({prefix}_\w+):", text, re.MULTILINE))
    return read - own - set(re.findall(rf"register: ({prefix}_\w+)", text))


def _text(paths: Iterable[Path]) -> str:
    return "\n".join(p.read_text(encoding="utf-8") for p in sorted(paths))


@functools.cache
def known() -> dict[str, Names]:
    """{prefix: its names}, for every role and playbook, and for cluster."""
    roles = {p.name: _text(p.rglob("*.yml")) for p in (_ROOT / "roles").glob("*") if (p / "meta").is_dir()}
    books = _text((_ROOT / "playbooks").glob("*.yml"))
    everything = "\n".join([books, *roles.values()])
    found = {}
    for prefix in sorted({*roles, *_PLAYBOOKS}):
        offered = set(re.findall(rf"^ {{6}}({prefix}_\w+):$", roles.get(prefix, ""), re.MULTILINE))
        offered |= _of_playbooks(prefix, books) | (_OF_RUNS if prefix == "validate" else set())
        found[prefix] = Names(frozenset(offered), frozenset(re.findall(rf"\b{prefix}_\w+", everything)) | offered)
    ours = {f"cluster_{n}" for n in (*CLUSTER, *CLUSTER_PLATFORM, "version", "nodes", "machines", "infrastructure", "disposable")}
    found["cluster"] = Names(frozenset(ours), frozenset(ours) | set(re.findall(r"\bcluster_\w+", everything)))
    return found


@functools.cache
def _near(head: str, prefix: str) -> bool:
    """Of the first words of a name: the same few begin many names."""
    return difflib.SequenceMatcher(None, head, prefix).ratio() >= NEAR


def _parted(name: str, prefix: str) -> str:
    """The name without this prefix, however that is spelt; "" where it has another."""
    words = name.replace("-", "_").lower().split("_")
    count = prefix.count("_") + 1
    head, tail = "_".join(words[:count]), "_".join(words[count:])
    return tail if tail and (head == prefix or _near(head, prefix)) else ""


def _one_off(one: str, other: str) -> bool:
    """Whether two words differ by a letter more, less or other, or by two that changed places."""
    if abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < _SHORT:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def _meant(name: str, prefix: str) -> str:
    """The variable that was meant, "" for one that is right or somebody else's."""
    names = known()[prefix]
    if name in names.all or re.fullmatch(rf"{prefix}_check_\w+", name):  # the latter are judged with their checks
        return ""
    tail = _parted(name, prefix)
    if not tail or prefix == "cluster" and any(one in names.offered for one in (name + "s", name.removesuffix("s"))):
        return ""  # lists of hosts are others' business
    older = {o for o in VARIABLES if o.startswith(f"{prefix}_")}
    tails = sorted(n.removeprefix(f"{prefix}_") for n in names.offered | older)
    close = difflib.get_close_matches(tail, tails, 1, NEAR) or [t for t in tails if _one_off(tail, t)]
    meant = f"{prefix}_{close[0]}" if close else _OTHERS_WORDS.get(name, "")
    return VARIABLES.get(meant, meant)


def mistaken(variables: Iterable[Any], prefixes: Iterable[str]) -> dict[str, str]:
    """{variable: sentence} of those with such a prefix that are nearly one of ours."""
    found = {}
    for name in sorted(n for n in variables if isinstance(n, str) and "_" in n.replace("-", "_")):
        for prefix in prefixes:
            if prefix in known() and (meant := _meant(name, prefix)):
                found.setdefault(name, f"{name}: is no variable of {_WHAT.get(prefix, prefix)} and does nothing; "
                                       f"did you mean {meant}?")
    return found


def prefixes(module: str, variables: Mapping[str, Any]) -> list[str]:
    """Of which variables a task of this module reads some: its playbook's, and those of the role of ours that it stands in."""
    role = str(variables.get("ansible_role_name", ""))
    within = role.rpartition(".")[2] if role.startswith("assay.clusters.") else ""
    return [*_OF_MODULES.get(module, []), *([within] if within in known() else []), "validate"]


def refuse(variables: Mapping[Any, Any], prefixes: Iterable[str], takes_away: Iterable[str] = (), host: str = "") -> None:
    """Raise BadInput for variables that are nearly ours. host: whose they are, where the sentence says it.

    takes_away: prefixes of what takes clusters or machines' states away. Of those any unknown variable is refused, as it may
    have been meant to prevent that.
    """
    wrong = mistaken(variables, prefixes)
    if wrong:
        raise BadInput((f"{host}: " if host else "") + "; ".join(wrong.values()))
    for prefix in (p for p in takes_away if p in known()):
        names = known()[prefix]
        for name in sorted(n for n in variables if isinstance(n, str) and n.startswith(f"{prefix}_") and n not in names.all):
            raise BadInput(f"{name}: is no variable of {prefix}, and nothing was done, as it may have been meant to keep what "
                           f"would be taken away; there are: {', '.join(sorted(names.offered))}; one of your own needs "
                           "another prefix")
