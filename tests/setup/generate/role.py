# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""roles/<domain>/: tasks, defaults, argument specs, meta and README."""
from __future__ import annotations

from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.engine.options import variable
from ansible_collections.assay.clusters.plugins.module_utils.module import option_spec

from . import options
from .module import makes_something
from .texts import Domain, Known
from .words import bullets, cell, entry, fold, markdown, row, scalar, unfolded

_HEAD = "---\n# Written by make generate from the checks of this domain; changes are made there.\n"
# What every role of a domain takes besides the options of its checks: name, spec, description.
_OWN: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("results_dir", {"type": "path"},
     "A folder for the results of this role. The run is written there as C(clusters/<cluster>.json), so give every role a "
     "folder of its own. Without it nothing is written."),
    ("exclude", {"type": "list", "elements": "str", "default": []}, "The names of checks of this domain to leave out."),
    ("allow_inconclusive", {"type": "bool", "default": False}, "Whether checks that could not be made are good enough."),
    ("allow_skipped", {"type": "bool", "default": False},
     "Whether it is good enough that no check of this domain applies to the cluster, so that nothing was proved."),
)
_FEATURE = ("A check whose feature the cluster does not have is skipped; it fails where C(validate_expected_features) of the "
            "host names it.")
_CLUSTER = ("The cluster is the inventory's host. Its address comes from C(cluster_kubeconfig) and the other connection "
            "variables of M(assay.clusters.validate).")


def tasks(name: str, domain: Domain, known: list[Known]) -> str:
    given = [f'    {n}: "{{{{ {name}_{n}{"" if "default" in spec else " | default(omit)"} }}}}"'
             for n, spec, words in sorted(_OWN, key=lambda o: "default" not in o[1])]
    return "\n".join([f"{_HEAD}- name: Prove {domain.subject} of the cluster", "  assay.clusters.validate:", "    domains:",
                      f"      - {name}", *given]) + "\n"


def defaults(name: str, domain: Domain, known: list[Known]) -> str:
    lines = []
    for k in known:
        spec = option_spec(k.check)
        lines += [s for o in k.check.options if "default" in spec[o.name]
                  for s in entry(variable(k.check, o), spec[o.name]["default"], 0)]
    lines += [f"{name}_{n}: {scalar(spec['default'])}" for n, spec, words in _OWN if "default" in spec]
    return f"{_HEAD}# Options without a line here have no default: see meta/argument_specs.yml.\n" + "\n".join(lines) + "\n"


def meta(name: str, domain: Domain, known: list[Known]) -> str:
    return f"""{_HEAD}galaxy_info:
  author: assay.clusters contributors
  description: {scalar(domain.title)}
  license: GPL-3.0-or-later
  min_ansible_version: "2.16"
  platforms:
    - name: GenericLinux
      versions:
        - all
  galaxy_tags:
{"".join(f"    - {t}{chr(10)}" for t in ("kubernetes", "validation", *domain.tags))}dependencies: []
"""


def argument_specs(name: str, domain: Domain, known: list[Known]) -> str:
    lines = ["argument_specs:", "  main:", *entry("short_description", domain.title, 4),
             *entry("version_added", domain.version_added, 4), "    description:",
             *bullets([*(k.check.proves for k in known), _FEATURE, _CLUSTER], 6),
             "    author:", "      - assay.clusters contributors", "    options:"]
    for k in known:
        since = k.text.version_added if k.text.version_added != domain.version_added else ""
        lines += [s for o in k.check.options for s in options.of_role(k.check, o, since)]
    for n, spec, words in _OWN:
        lines += [f"      {name}_{n}:", "        description:", *bullets([words], 10)]
        lines += [s for key, value in spec.items() for s in entry(key, value, 8)]
    return _HEAD + "\n".join(lines) + "\n"


def _variables(name: str, known: list[Known]) -> list[str]:
    out = [*options.TABLE]
    out += [options.as_row(k.check, o) for k in known for o in k.check.options]
    for n, spec, words in _OWN:
        shown = f"`{scalar(spec['default'])}`" if "default" in spec else ""
        out.append(row(f"`{name}_{n}`", spec["type"], shown, cell(markdown(words))))
    return out


def _example(name: str, domain: Domain, known: list[Known]) -> list[str]:
    first = [(k.check, o) for k in known for o in k.check.options if o.example is not None][:1]
    given = domain.example.get("vars", {variable(c, o): o.example for c, o in first})
    play = [f"- name: {domain.example.get('name', 'After the upgrade')}", "  hosts: clusters", "  gather_facts: false",
            "  connection: local", "  roles:", f"    - role: assay.clusters.{name}"]
    if given:
        play += ["      vars:", *(s for n, value in given.items() for s in entry(n, value, 8))]
    return ["```yaml", *play, "```"]


def readme(name: str, domain: Domain, known: list[Known]) -> str:
    names = ", ".join(f"`{k.check.name}`" for k in known)
    table = [row(f"`{k.check.name}`", cell(k.check.proves), f"{k.check.expected:g}, {k.check.limit:g}") for k in known]
    changed = ("Nothing of yours is changed, and everything that the checks make is removed at the end."
               if any(makes_something(k) for k in known) else "Nothing is changed.")
    return "\n".join([
        f"# Role `assay.clusters.{name}`", "", f"{domain.title}. Checks: {names}.", "",
        "| check | what it proves | seconds, warned and at most |", "| --- | --- | --- |", *table, "",
        fold("The cluster is the inventory's host; its address comes from `cluster_kubeconfig` or the other connection "
             f"variables. A failed check fails the host, with the cause in the message. {markdown(_FEATURE)} {changed}"), "",
        *([unfolded(domain.notes), ""] if domain.notes else []),
        fold("How each check proves it, what it needs, costs and leaves, and the causes that it can name: "
             f"[docs/checks/{name}.md](../../docs/checks/{name}.md)."), "",
        "## Variables", "", *_variables(name, known), "", "## Example", "", *_example(name, domain, known)]) + "\n"


def files(name: str, domain: Domain, known: list[Known]) -> dict[str, str]:
    """The files of a role by their paths in the checkout."""
    return {f"roles/{name}/{path}": write(name, domain, known) for path, write in (
        ("tasks/main.yml", tasks), ("defaults/main.yml", defaults), ("meta/main.yml", meta),
        ("meta/argument_specs.yml", argument_specs), ("README.md", readme))}
