# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans of many clusters as one text: what they share once, and only what differs for each."""
from __future__ import annotations

DOCUMENTATION = r"""
name: plans_together
short_description: Plans of several clusters, what they share said once
version_added: 1.1.0
description:
  - Takes the lines of each cluster's plan, and gives the lines that all have, and then for each group of clusters those that it
    alone has. Lines that come twice in a plan are given once.
options:
  _input:
    description:
      - The lines of each cluster, by its name.
    type: dict
    required: true
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: Show both plans
  ansible.builtin.debug:
    msg: "{{ plans | assay.clusters.plans_together }}"
  vars:
    plans:
      payments: [check dns, limit 900 s]
      webshop: [check dns, limit 60 s]
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample: ["check dns", "only payments:", "limit 900 s", "only webshop:", "limit 60 s"]
"""

from collections.abc import Mapping, Sequence


def plans_together(plans: Mapping[str, Sequence[str]]) -> list[str]:
    """An option belongs to the check in whose lines it stands, so a line below one is the same only where that is, too."""
    whole = {host: _unique(lines) for host, lines in plans.items()}
    shared = [line for line in next(iter(whole.values()), []) if all(line in lines for lines in whole.values())]
    out = [text for _above, text in shared]
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for host, lines in whole.items():
        if rest := tuple(line for line in lines if line not in shared):
            groups.setdefault(rest, []).append(host)
    for rest, hosts in groups.items():
        out.append(f"only {', '.join(hosts)}:")
        said = ""
        for above, text in rest:
            if above and above != said and (("", above) not in rest):
                out.append(above)
            said = above or text
            out.append(text)
    return out


def _unique(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Each as (the line that it stands below, "" for none; itself), once."""
    found, above = {}, ""
    for line in lines:
        below = line.startswith(" ")
        found[(above if below else "", line)] = True
        above = above if below else line
    return list(found)


class FilterModule:
    """Ansible's way to filters."""

    def filters(self) -> dict[str, object]:
        return {"plans_together": plans_together}
