# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lists of checks and domains inside files that are written by hand."""
from __future__ import annotations

import re

from tests.setup import tried

from .texts import ROOT, Domain, Known, Unwritten
from .words import fold, row

Found = dict[str, tuple[Domain, list[Known]]]


def between(path: str, text: str, mark: str, new: str) -> str:
    """The text of a Markdown file with other lines between `<!-- generated: mark -->` and `<!-- end -->`."""
    begin, end = f"<!-- generated: {mark} -->\n", "<!-- end -->"
    if text.count(begin) != 1 or end not in text.partition(begin)[2]:
        raise Unwritten(f"{path}: the lines {begin.strip()} and {end} are gone, between which make generate writes")
    head, _begin, rest = text.partition(begin)
    return head + begin + new + rest[rest.index(end):]


def _runtime(text: str, modules: list[str]) -> str:
    group = re.search(r"(?m)^  cluster:\n((?:    - \w+\n)+)", text)
    if not group:
        raise Unwritten("meta/runtime.yml: the action group cluster is not found")
    others = [m for m in re.findall(r"- (\w+)", group[1]) if not m.startswith("check_")]
    text = text.replace(group[0], "  cluster:\n" + "".join(f"    - {m}\n" for m in sorted([*others, *modules])))
    text = re.sub(r"(?m)^    check_\w+:\n      action_plugin: assay\.clusters\.validate\n", "", text)
    routes = "".join(f"    {m}:\n      action_plugin: assay.clusters.validate\n" for m in modules)
    return re.sub(r"(?m)^plugin_routing:\n  modules:\n", lambda m: m[0] + routes, text)


def _select(text: str, names: list[str]) -> str:
    said = f"The domains whose checks are taken, {', '.join(f'V({n})' for n in names[:-1])} or V({names[-1]})."
    folded = fold(f"- {said}", 110).replace("\n", "\n        ")
    return re.sub(r"- The domains whose checks are taken, [^.]*\.", lambda m: folded, text)


def _table(found: Found) -> str:
    out = ["| role and domain | modules | what they prove |", "| --- | --- | --- |"]
    for name, (domain, known) in found.items():
        # A title becomes a part of a row; a word in capitals stays one.
        proved = domain.title if domain.title[1:2].isupper() else domain.title[:1].lower() + domain.title[1:]
        out.append(row(f"[{name}](roles/{name}/README.md)", ", ".join(f"`{k.module}`" for k in known),
                       f"[{proved}](docs/checks/{name}.md)"))
    return "\n".join(out) + "\n"


def files(found: Found) -> dict[str, str]:
    """The files with lists, as they must be."""
    modules = sorted(k.module for domain, known in found.values() for k in known)
    roles = ",\n".join(f"[{n}](../roles/{n}/README.md)" for n in found) + ".\n"
    change = {"meta/runtime.yml": lambda p, t: _runtime(t, modules),
              "plugins/doc_fragments/select.py": lambda p, t: _select(t, list(found)),
              "README.md": lambda p, t: between(p, between(p, t, "checks", _table(found)), "versions", tried.table()),
              "docs/variables.md": lambda p, t: between(p, t, "roles", roles)}
    return {path: new(path, (ROOT / path).read_text(encoding="utf-8")) for path, new in change.items()}
