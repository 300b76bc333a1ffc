# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What follows from the class of a check and the text beside it: its module, the role and page of its domain, lists; and
the pages of causes, from the taxonomy, and of faults, from what the gauntlet kept."""
from __future__ import annotations

from tests.setup import causes, faults

from . import handed, lists, module, page, role
from .texts import ROOT, checks, domains, long_titles

__all__ = ["ROOT", "files"]


def files() -> tuple[dict[str, str], list[str]]:
    """All generated files as they must be, by their paths in the checkout, and what is missing for others."""
    known, problems = checks()
    problems += long_titles()
    found = {name: (domain, [k for k in known.values() if k.check.domain == name]) for name, domain in domains().items()}
    found = {name: (domain, of) for name, (domain, of) in found.items() if of}
    out = {f"plugins/modules/{k.module}.py": module.whole(k) for k in known.values()}
    for name, (domain, of) in found.items():
        out |= {**role.files(name, domain, of), f"docs/checks/{name}.md": page.page(name, domain, of)}
    pages = {"docs/checks/README.md": page.index(found), "docs/causes.md": causes.page(), **handed.files()}
    if faults.KEPT.is_file():
        pages[faults.PAGE] = faults.page()
    return {**out, **pages, **lists.files(found)}, problems
