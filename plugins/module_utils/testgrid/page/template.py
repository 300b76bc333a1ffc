# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The markup of a dashboard's page and of the list of all, filled by render.py."""
from __future__ import annotations

from ...results.html_symbols import SYMBOLS

# What says that a page is ours, so that one may be taken away whose dashboard is gone.
GENERATOR = '<meta name="generator" content="assay.clusters.testgrid_page">'

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
""" + GENERATOR + """
<meta http-equiv="Content-Security-Policy"
content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{{ script_digest }}'">
<link rel="icon" href="data:,">
<title>{{ title }} – local grid</title>
<style>{{ style }}</style>
</head>
<body>
""" + SYMBOLS

_MACROS = """
{% macro icon(kind) %}<svg class="icon" aria-hidden="true"><use href="#i-{{ kind }}"/></svg>{% endmacro %}
{% macro badge(kind, word) %}
<span class="badge v-{{ kind }}">{{ icon(kind) }}{{ word }}</span>
{%- endmacro %}
{% macro box(c) -%}
{%- if not c -%}<td><span class="empty-cell"></span></td>
{%- elif c.href -%}<td><a class="box v-{{ c.kind }}" href="{{ c.href }}" title="{{ c.title or c.word }}">
{{- c.icon or icon(c.kind) }}<span class="sr"> {{ c.word }}</span></a></td>
{%- else -%}<td><span class="box v-{{ c.kind }}"{% if c.title %} title="{{ c.title }}"{% endif %}>{{ c.icon }}<span class="sr">
{{- " " }}{{ c.word }}</span></span></td>
{%- endif -%}
{%- endmacro %}
{% macro header(name, values) %}
<tr><th scope="row">{{ name }}</th>
{% for title, value in values %}
<th scope="col"{% if title != value %} title="{{ title }}"{% endif %}><span>{{ value }}</span></th>
{%- endfor %}
{{ caller() }}</tr>
{% endmacro %}
"""

_DASHBOARD = """
<a class="skip" href="#tabs">Skip to the tabs</a>
<header class="top">
<p class="kicker">Local grid{% if listed %} · <a href="index.html">all dashboards</a>{% endif %}</p>
<h1><span class="mark v-{{ d.kind }}">{{ icon(d.kind) }}</span>{{ d.name }}</h1>
<p class="lead">{{ d.sentence }}</p>
{% if d.description %}<p class="muted">{{ d.description }}</p>{% endif %}
{% for n in d.notes %}
<p class="note">{% if n.link %}<a href="{{ n.link }}" rel="noreferrer">{{ n.text }}</a>{% else %}{{ n.text }}{% endif %}</p>
{% endfor %}
</header>
<main>
<section aria-labelledby="summary">
<h2 id="summary">Summary</h2>
<div class="card scroll" tabindex="0" role="region" aria-labelledby="summary">
<table class="tabs">
<thead><tr><th scope="col">Tab</th><th scope="col">Status</th><th scope="col">Recent columns passed</th>
<th scope="col" class="wide-only">Latest green</th><th scope="col" class="wide-only">Last run</th>
<th scope="col" class="wide-only">Flakiness</th></tr></thead>
<tbody>
{% for t in d.tabs %}
<tr><th scope="row"><a href="#{{ t.id }}">{{ t.name }}</a></th><td>{{ badge(t.kind, t.word) }}</td><td>{{ t.passed }}</td>
<td class="wide-only">{{ t.green }}</td><td class="wide-only">{{ t.last }}</td><td class="wide-only">{{ t.flakiness }}</td></tr>
{% endfor %}
</tbody>
</table>
</div>
</section>
<section aria-labelledby="tabs">
<h2 id="tabs">Tabs</h2>
{% for t in d.tabs %}
<details class="card cluster v-{{ t.kind }}" id="{{ t.id }}"{{ " open" if t.open }}>
<summary><h3>{{ t.name }}</h3>{{ badge(t.kind, t.word) }}
<span class="reach">{{ plural(t.columns|length, "column") }} · {{ plural(t.rows|length, "row") }}
{%- if t.alerts %} · {{ plural(t.alerts, "alert") }}{% endif %}</span></summary>
<div class="about">
{% if t.description %}<p>{{ t.description }}</p>{% endif %}
{% for line in t.message %}<p class="muted">{{ line }}</p>{% endfor %}
{% if t.begin %}
<p class="muted">All names of tests begin with &ldquo;{{ t.begin }}&rdquo;, which is left out in the grid.</p>
{% endif %}
{% if t.stale %}<p>{{ t.stale[:1]|upper }}{{ t.stale[1:] }}.</p>{% endif %}
{% if t.failures %}
<div class="filters" role="group" aria-label="Rows of {{ t.name }}">
<button type="button" class="filter rows" data-rows="all" aria-pressed="true" disabled>
{{- "All " }}{{ plural(t.rows|length, "row") }}</button>
<button type="button" class="filter rows" data-rows="bad" aria-pressed="false" disabled>
{{- t.failures|length }} that failed</button>
</div>
{% endif %}
</div>
{% if t.columns %}
<div class="gridded" tabindex="0" role="region" aria-label="Grid of {{ t.name }}">
<table class="grid">
<thead>
{% call header("Started, UTC", t.columns|map(attribute="moment")|zip(t.columns|map(attribute="day"))) %}
<th scope="col" class="flip" title="of the last {{ t.days }} days">Flaky</th>
{% endcall %}
{% call header("Build", t.columns|map(attribute="build")|zip(t.columns|map(attribute="build"))) %}<td></td>{% endcall %}
{% for h in t.headers %}
{% call header(h, heads(t.columns, loop.index0)) %}<td></td>{% endcall %}
{% endfor %}
</thead>
<tbody>
{% for r in t.rows %}
<tr class="{{ "bad" if r.bad }}{{ " build" if r.build }}"><th scope="row" title="{{ r.name }}">{{ r.short }}</th>
{% for c in r.cells %}{{ box(c) }}{% endfor %}

<td class="flip">{{ r.flakiness }}</td></tr>
{% endfor %}
</tbody>
</table>
</div>
{% else %}
<p class="about muted">No builds were found.</p>
{% endif %}
{% if t.failures %}
<div class="told">
<h4>What failed</h4>
<ul>
{% for f in t.failures %}
<li id="{{ f.id }}"><h5>{{ f.name }}<span class="muted">{{ f.count }}</span></h5>
{% if f.alert %}<p>{{ f.alert }}</p>{% endif %}
<dl>
{% for c in f.said %}
<dt>{{ c.moment }}</dt><dd><b>{{ c.word }}</b>{% if c.took %} after {{ c.took }}{% endif %} in {{ c.build }}
{%- if c.message %}: {{ c.message }}{% endif %}{% if c.again %} <span class="muted">({{ c.again }})</span>{% endif %}</dd>
{% endfor %}
</dl>
</li>
{% endfor %}
</ul>
</div>
{% endif %}
</details>
{% endfor %}
</section>
</main>
"""

_INDEX = """
<header class="top">
<p class="kicker">Local grid</p>
<h1><span class="mark v-{{ kind }}">{{ icon(kind) }}</span>Dashboards</h1>
<p class="lead">{{ sentence }}</p>
</header>
<main>
{% for group, members in groups %}
<section aria-labelledby="g{{ loop.index }}">
<h2 id="g{{ loop.index }}">{{ group or "Dashboards" }}</h2>
<div class="card scroll" tabindex="0" role="region" aria-labelledby="g{{ loop.index }}">
<table class="tabs">
<thead><tr><th scope="col">Dashboard</th><th scope="col">Worst tab</th><th scope="col">Tabs</th></tr></thead>
<tbody>
{% for m in members %}
<tr><th scope="row"><a href="{{ m.file }}">{{ m.name }}</a></th>
<td>{{ badge(m.kind, m.word) }}</td><td>{{ m.sentence }}</td></tr>
{% endfor %}
</tbody>
</table>
</div>
</section>
{% endfor %}
</main>
"""

_FOOT = """
<footer>
<p>{{ footer }}</p>
<p>Cells, alerts, status and flakiness are reckoned as TestGrid does it. Columns are builds, the newest first.</p>
</footer>
<script>{{ script }}</script>
</body>
</html>
"""

DASHBOARD = _MACROS.lstrip("\n") + _HEAD + _DASHBOARD + _FOOT
INDEX = _MACROS.lstrip("\n") + _HEAD + _INDEX + _FOOT
