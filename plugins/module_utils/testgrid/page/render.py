# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pages as text: a dashboard's, and the list of all. Each is one file that asks the network for nothing."""
from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from ...common.words import plural
from ...results.html import collection_version
from . import view
from .style import SCRIPT, STYLE
from .template import DASHBOARD, INDEX
from .view import STATUSES, Tab


def _heads(columns: Sequence[Mapping[str, Any]], index: int) -> list[tuple[str, str]]:
    return [(c["headers"][index], c["headers"][index]) for c in columns]


@lru_cache(maxsize=2)
def _template(text: str) -> Any:
    from jinja2 import Environment, StrictUndefined  # comes with ansible-core

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["zip"] = zip
    environment.globals.update(plural=plural, heads=_heads)
    return environment.from_string(text)


def _rendered(template: str, title: str, **shown: Any) -> str:
    from markupsafe import Markup

    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    footer = f"assay.clusters {collection_version()}".strip()
    return _template(template).render(title=title, style=Markup(STYLE), script=Markup(SCRIPT), script_digest=digest,
                                      footer=footer,
                                      **shown)


def dashboard(fields: Mapping[str, Any], tabs: Sequence[Tab], listed: bool = True) -> str:
    """The page of a dashboard. fields: of the dashboard in the configuration; listed: there is a list of all beside it."""
    shown = view.dashboard(fields, tabs)
    return _rendered(DASHBOARD, shown["name"], d=shown, listed=listed)


def index(dashboards: Sequence[tuple[str, str, Sequence[str]]], groups: Mapping[str, Sequence[str]]) -> str:
    """The list of all. dashboards: (name, file, the status of each tab); groups: names of dashboards by dashboard groups."""
    members = {n: {"name": view.clean(n), "file": f, "kind": STATUSES[view.worst(s)][0], "word": STATUSES[view.worst(s)][1],
                   "sentence": view.sentence(s)} for n, f, s in dashboards}
    grouped = {n for names in groups.values() for n in names}
    listed = [(view.clean(g), [members[n] for n in names if n in members]) for g, names in groups.items()]
    listed.append(("Others" if any(m for _g, m in listed) else "", [m for n, m in members.items() if n not in grouped]))
    statuses = [s for _n, _f, tabs in dashboards for s in tabs]
    return _rendered(INDEX, "Dashboards", kind=STATUSES[view.worst(statuses)][0], sentence=view.sentence(statuses),
                     groups=[(g, m) for g, m in listed if m])
