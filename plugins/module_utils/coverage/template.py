# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The markup and the look of the release state page, beside the other pages, whose look it has."""
from __future__ import annotations

from ..results.html_style import STYLE as _STYLE
from ..results.html_symbols import SYMBOLS

# What says that a page is ours, so that no other is written over.
GENERATOR = '<meta name="generator" content="assay.clusters.results_coverage">'

STYLE = _STYLE + """
.v-not_run { --v: var(--warned); --v-bg: var(--warned-bg); }
.v-not_known, .v-not_implemented { --v: var(--skipped); --v-bg: var(--skipped-bg); }
.meter { position: relative; height: .8rem; margin: 1.5rem 0 .5rem; border-radius: 99px; background: var(--line); }
.meter span { display: block; height: 100%; border-radius: 99px; background: var(--v); }
.meter i { position: absolute; top: -.25rem; bottom: -.25rem; width: 2px; background: var(--ink); }
.tests { width: 100%; min-width: 44rem; table-layout: fixed; border-collapse: collapse; font-size: .93rem; }
.tests th, .tests td { padding: .45rem .8rem; text-align: left; font-weight: 400; vertical-align: top;
  overflow-wrap: anywhere; }
.tests thead th { color: var(--muted); font-size: .83rem; padding-top: .9rem; }
.tests tbody tr + tr > * { border-top: 1px solid var(--line); }
.tests :is(th, td):first-child { padding-left: 1.25rem; }
.tests .tcid { font-family: var(--mono); font-size: .83rem; }
.tests small { display: block; color: var(--muted); font-size: .87em; }
.wide { overflow-x: auto; }
.said { padding: .9rem 1.25rem; } .said li + li { margin-top: .35rem; }
.tally-words { display: flex; flex-wrap: wrap; gap: .35rem .6rem; margin-top: 1rem; }
"""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
""" + GENERATOR + """
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>{{ p.shown }} of {{ p.name }} – release state</title>
<style>{{ style }}</style>
</head>
<body>
""" + SYMBOLS + """{% macro badge(state) %}
<span class="badge v-{{ state }}"><svg class="icon" aria-hidden="true"><use href="#i-{{ icons[state] }}"/></svg>
{{- words[state] }}</span>
{%- endmacro %}
<a class="skip" href="#tests">Skip to the tests</a>
<header class="top">
<p class="kicker">Release state{% if p.made %} · {{ p.made }}{% endif %}</p>
<h1><span class="mark v-{{ p.kind }}"><svg class="icon" aria-hidden="true"><use href="#i-{{ icons[p.kind] }}"/></svg></span>
{{- p.name }}</h1>
<p class="lead">{{ p.sentence }}</p>
<div class="meter v-{{ p.kind }}" role="img" aria-label="{{ p.meter }}"><span style="width:{{ p.width }}%"></span>
{%- if p.gate is not none %}<i style="left:{{ p.gate }}%"></i>{% endif %}</div>
<p class="note">{{ p.meter }}</p>
<p class="tally-words">{% for state, count in p.states %}<span>{{ badge(state) }} {{ count }}</span>
{% endfor %}</p>
</header>
<main>
{% if p.said %}
<section aria-labelledby="said"><h2 id="said">To be looked at</h2>
<ul class="card said">{% for line in p.said %}<li>{{ line }}</li>{% endfor %}</ul></section>
{% endif %}
<section aria-labelledby="tests"><h2 id="tests">Tests <span class="muted">{{ plural(p.rows|length, "test") }}</span></h2>
{% for feature, rows in p.features %}
<div class="card wide" tabindex="0" role="region" aria-label="{{ feature or 'Tests' }}">
<table class="tests">
<caption class="sr">{{ feature or "Tests of the plan" }}</caption>
<thead><tr><th scope="col">{{ feature or "Test" }}</th><th scope="col">Id</th><th scope="col">Implemented by</th>
<th scope="col">Last state</th><th scope="col">Where</th></tr></thead>
<tbody>
{% for row in rows %}
<tr><th scope="row">{{ row.name }}{% if row.description %}<small>{{ row.description }}</small>{% endif %}</th>
<td class="tcid">{{ row.tcid }}</td><td>{{ row.by }}</td><td>{{ badge(row.state) }}</td>
<td>{{ row.where }}{% if row.when %}<small>{{ row.when }}</small>{% endif %}</td></tr>
{% endfor %}
</tbody></table></div>
{% endfor %}
</section>
</main>
<footer>{{ footer }}</footer>
</body>
</html>
"""
