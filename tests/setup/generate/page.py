# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/checks/: a page for each domain, and the table of all checks."""
from __future__ import annotations

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.taxonomy import CAUSES
from ansible_collections.assay.clusters.plugins.module_utils.engine.declared import POWERS, Permission
from ansible_collections.assay.clusters.plugins.module_utils.engine.rights import OF_THE_CLUSTER

from . import options
from .module import makes_something
from .texts import Domain, Known
from .words import cell, fold, markdown, row, unfolded

_NOTE = "<!-- Written by make generate from plugins/module_utils/checks; changes are made there. -->"


def _right(p: Permission) -> str:
    what = ", ".join(f"`{r}`" for r in (*p.resources, *p.urls))
    group = f" of `{p.group}`" if p.group else ""
    named = f" named {', '.join(f'`{n}`' for n in p.names)}" if p.names else ""
    need = "optional, without it less is told" if p.optional else "needed"
    if p.power:
        need = f"if `rbac_optional` has `{p.power}`: {POWERS[p.power]}"
    where = "all" if p.everywhere else "none: of the cluster" if p.urls or set(p.resources) <= OF_THE_CLUSTER else "that of the run"
    return row(", ".join(f"`{v}`" for v in p.verbs), cell(what + group + named),
               where, cell(need))


def _rights(known: Known) -> list[str]:
    if not known.check.permissions:
        return []
    return ["Rights in the cluster, besides [those of every run](../restricted.md):", "",
            "| may | on | in which namespaces | |", "| --- | --- | --- | --- |", *map(_right, known.check.permissions), ""]


def _cloud_rights(known: Known) -> list[str]:
    if not known.check.cloud_permissions:
        return []
    rows = [row(cell(", ".join(f"`{a}`" for a in p.actions)), cell(p.why), cell(", ".join(f"`{r}`" for r in p.resources)),
                "optional" if p.optional else "needed") for p in known.check.cloud_permissions]
    return ["Rights at AWS, where it is asked; [a policy](../restricted.md#at-aws) has them:", "",
            "| actions | for | on | |", "| --- | --- | --- | --- |", *rows, ""]


def _seconds(known: Known) -> str:
    check = known.check
    alone = " It runs alone, after all others." if check.exclusive else ""
    return (f"usually less than {check.expected:g} s, a longer run is warned; {check.limit:g} s at most."
            f"{' ' + known.text.time if known.text.time else ''}{alone}")


def _facts(known: Known) -> list[str]:
    check, text = known.check, known.text
    if check.probes:
        pods = f"one small pod on every node, shared by all checks, on {check.probes} or more nodes" if check.probes > 1 else \
            "one small pod on every node, shared by all checks"
    else:
        pods = ""
    makes = [pods, ", ".join(f"`{o}`" for o in check.objects)]
    leaves = ("nothing: what it made is gone, or is told as left, with who holds it" if makes_something(known)
              else "nothing, as it makes nothing")
    facts = [("images", ", ".join(f"`{i}`" for i in check.images) or "none"),
             ("makes", "; ".join(m for m in makes if m) or "nothing"),
             ("takes", _seconds(known)),
             ("costs", text.costs or "no money; a few requests and, where pods are started, little CPU"),
             ("leaves", leaves),
             ("without the feature",
              f"skipped, with the reason; failed where `validate_expected_features` names `{check.name}`")]
    return ["| | |", "| --- | --- |", *(row(name, cell(markdown(fact, f"{check.domain}_check_"))) for name, fact in facts), ""]


def _causes(known: Known) -> list[str]:
    if not known.text.causes:
        return []
    return ["### Causes that it can name", "", "Besides those that any check can end with, see [all causes](../causes.md).", "",
            "| cause | it means | what helps |", "| --- | --- | --- |",
            *(row(f"`{c}`", cell(CAUSES[c].meaning), cell(CAUSES[c].remedy)) for c in known.text.causes), ""]


def _bullets(sentences: list[str], prefix: str) -> list[str]:
    return [line for s in sentences for line in fold(f"- {markdown(s, prefix)}").replace("\n", "\n  ").split("\n")]


def _check(name: str, known: Known) -> list[str]:
    check, text, prefix = known.check, known.text, f"{name}_check_"
    out = [f"## `{check.name}`", "", f"**{markdown(check.proves, prefix)}**", ""]
    out += _bullets(text.description, prefix)
    out += ["", f"As a task: `assay.clusters.{known.module}`.", "", "### What it needs, costs and leaves", ""]
    out += [*_bullets(text.needs, prefix), *([""] if text.needs else []), *_facts(known)]
    out += [*_rights(known), *_cloud_rights(known)]
    if check.options:
        out += ["Options, as variables of the host; without a default where that is empty:", "", *options.TABLE,
                *(options.as_row(check, o) for o in check.options), ""]
    out += _causes(known)
    return [*out, unfolded(text.notes), ""] if text.notes else out


def page(name: str, domain: Domain, known: list[Known]) -> str:
    """The page of a domain."""
    return "\n".join([f"# {domain.title}", "", _NOTE, "",
                      fold(f"The role [assay.clusters.{name}](../../roles/{name}/README.md) runs all checks of this domain, "
                           "the playbook `assay.clusters.validate` those of all domains."), "",
                      *(s for k in known for s in _check(name, k))]).rstrip() + "\n"


def index(found: dict[str, tuple[Domain, list[Known]]]) -> str:
    """The table of all checks."""
    out = ["# Checks", "", _NOTE, "", "What each check proves; the page of its domain says how, what it needs (rights, images, "
           "options), how long it takes,", "what it costs, and which causes it can name.", "",
           "A check that takes longer than the first number of seconds is warned; after the second it ends. A run ends after",
           "`validate_timeout`, 900 seconds by default, even where a check in it might take longer.", "",
           "| domain | check | what it proves | seconds, warned and at most |", "| --- | --- | --- | --- |"]
    out += [row(f"[{name}]({name}.md)", f"`{k.check.name}`", cell(markdown(k.check.proves)),
                f"{k.check.expected:g}, {k.check.limit:g}") for name, (domain, known) in found.items() for k in known]
    return "\n".join(out) + "\n"
