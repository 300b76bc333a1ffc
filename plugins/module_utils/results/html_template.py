# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page's markup, filled by html.py. A Python string, as collections may hold only Python files in plugins/."""
from __future__ import annotations

from .html_symbols import SYMBOLS
from .html_views import CAUSES, FLEET, HISTORY

_MACROS = """
{% macro icon(verdict) %}<svg class="icon" aria-hidden="true"><use href="#i-{{ verdict }}"/></svg>{% endmacro %}
{% macro badge(verdict) %}
<span class="badge v-{{ verdict }}">{{ icon(verdict) }}{{ words[verdict] }}</span>
{%- endmacro %}
{% macro command(text) %}
<div class="command"><pre tabindex="0"><code>{{ text }}</code></pre>
<button type="button" class="copy" hidden>Copy</button></div>
{% endmacro %}
{% macro joined(pairs) %}
{%- for verdict, count in pairs %}{{ count }} {{ words[verdict] }}{{ ", " if not loop.last }}{% endfor -%}
{% endmacro %}
{% macro cell(data, still) %}
<a class="cell v-{{ data.verdict }}{{ " followed" if data.followed }}" href="{{ data.href }}" title="{{ data.title }}"
{%- if still and data.good %} tabindex="-1"{% endif %}>
{{- "" if still else icon(data.verdict) }}<span class="word">{{ words[data.verdict] }}</span></a>
{%- endmacro %}
{% macro bar(row) %}
<span class="track" aria-hidden="true"><span class="fill" style="width:{{ row.bar }}%"></span>
{%- for at in row.dots %}<i style="left:{{ at }}%"></i>{% endfor %}{{ mark(row) }}</span>
{% endmacro %}
{% macro mark(row) %}{% if row.tick is not none %}<span class="tick" style="left:{{ row.tick }}%"></span>{% endif %}{% endmacro %}
{% macro beyond(row) %}{% if row.threshold %}, judged by {{ row.threshold }}{% endif %}{% endmacro %}
{% macro results(groups, fleet) %}
{% for group in groups %}
<span class="result" data-cluster="{{ group.cluster|lower }}">{% if fleet %}<b>{{ group.cluster }}</b> {% endif %}
{% for link in group.links %}
<a href="{{ link.href }}">{{ link.label }}</a>{{ ", " if not loop.last }}
{%- endfor %}</span>
{% endfor %}
{% endmacro %}
{% macro others(groups, fleet) %}
{% if groups %}
<details class="more"><summary>{{ plural(groups|length, "more cluster") }}</summary>
<div class="results">{{ results(groups, fleet) }}</div></details>
{% endif %}
{% endmacro %}
"""

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy"
content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{{ script_digest }}'">
<link rel="icon" href="data:,">
<title>{{ headline }} – validation report</title>
<style>{{ style }}</style>
</head>
<body>
""" + SYMBOLS + """<nav class="skips" aria-label="Views">
{% if causes %}<a class="skip" href="#causes">Skip to the causes</a>{% endif %}
{% if matrix %}<a class="skip" href="#matrix">Skip to all clusters at a glance</a>{% endif %}
{% if past %}<a class="skip" href="#history">Skip to the history</a>{% endif %}
<a class="skip" href="#clusters">Skip to the {{ "clusters" if fleet else "checks" }}</a>
</nav>
<header class="top">
<p class="kicker">Cluster validation ·
{% if started %}<time>{{ started }}</time> · {% endif %}
<span class="nowrap">took {{ seconds }}</span></p>
<h1><span class="mark v-{{ verdict }}">{{ icon(verdict) }}</span>{{ headline }}</h1>
{% if explanation %}<p class="lead">{{ explanation }}</p>{% endif %}
{% for note in notes %}
<p class="note">{{ note }}</p>
{% endfor %}
{% if checks %}
<div class="tally" aria-hidden="true">
{% for verdict, count in counts %}
<span class="v-{{ verdict }}" style="flex-grow:{{ count }}"></span>
{% endfor %}
</div>
<ul class="legend" aria-label="Checks by verdict">
{% for verdict, count in counts %}
<li><button type="button" class="filter v-{{ verdict }}" data-verdict="{{ verdict }}" aria-pressed="false"
disabled>{{ icon(verdict) }}<b>{{ count }}</b> {{ words[verdict] }}</button></li>
{% endfor %}
<li class="all"><button type="button" class="filter" data-verdict="" hidden>Show all</button></li>
</ul>
{% endif %}
{% if find %}
<div class="find" role="search" aria-label="Narrow down" hidden>
{% if find.clusters %}
<label>Cluster <input type="search" id="find-cluster" autocomplete="off" spellcheck="false"></label>
{% endif %}
{% if find.domains %}
<label>Domain <select id="find-domain" autocomplete="off"><option value="">all</option>
{% for d in find.domains %}<option value="{{ d.key }}">{{ d.name }}</option>{% endfor %}
</select></label>
{% endif %}
<span role="status" id="found" class="muted"></span>
</div>
{% endif %}
</header>
<main>
"""

_CLUSTERS = """
<section aria-labelledby="clusters"{% if compact %} class="compact"{% endif %}>
<h2 id="clusters">{{ "Clusters" if fleet else "Checks" }}</h2>
{% if not clusters %}<p class="card empty">No results were found in the results folder.</p>{% endif %}
{% for k in clusters %}
<details class="card cluster v-{{ k.verdict }}" id="{{ k.id }}" data-cluster="{{ k.name|lower }}"{{ " open" if k.open }}>
<summary>
<h3>{{ k.name }}</h3>{{ badge(k.verdict) }}
<span class="reach">{{ joined(k.counts) }} · {{ k.seconds }}{% if k.version %} · {{ k.version }}{% endif %}</span>
</summary>
{% if k.leftovers %}
<div class="notice v-warned"><p><b>{{ plural(k.leftovers|length, "object") }} left behind by the clean-up</b></p>
<ul>{% for item in k.leftovers %}<li><code>{{ item }}</code></li>{% endfor %}</ul></div>
{% endif %}
{% for d in k.domains %}
<section class="domain" aria-label="{{ d.name }}" data-domain="{{ d.key }}">
<h4><span class="v-{{ d.verdict }} tint">{{ icon(d.verdict) }}</span>{{ d.name }}</h4>
<div class="checks">
{% for r in d.checks %}
<article class="check v-{{ r.verdict }}" id="{{ r.id }}">
<div class="row">
{% if compact %}<span class="badge v-{{ r.verdict }}">{{ words[r.verdict] }}</span>
{% else %}{{ badge(r.verdict) }}
{% endif %}
<div class="said"><h5>{{ r.name }}</h5>
{% if r.message %}<p>{{ r.message }}</p>{% endif %}
{% if r.step %}<p class="muted">at the step &ldquo;{{ r.step }}&rdquo;</p>{% endif %}
{% if r.cause_href %}
<p class="muted">{{ "follows from" if r.followed else "cause" }}
<a href="{{ r.cause_href }}"><code>{{ r.root }}</code></a></p>
{% endif %}
{% if r.known %}<p class="muted">known {{ r.known }}</p>{% endif %}
{% if r.line %}<p class="muted">{{ r.line }}</p>{% endif %}
</div>
{% if compact %}
<div class="time{{ " over" if r.time.over }}" title="{{ r.time.against }}">{{ r.time.label }}
{%- if r.time.limit %} of {{ r.time.limit }}{% endif %}</div></div>
{% else %}
<div class="time{{ " over" if r.time.over }}" title="{{ r.time.against }}">
<span>{{ r.time.label }} {% if r.time.limit %}<span class="muted">of {{ r.time.limit }}</span>{% endif %}</span>
<span class="track" aria-hidden="true"><span class="fill" style="width:{{ r.time.share }}%"></span>
{% if r.time.tick %}<span class="tick" style="left:{{ r.time.tick }}%"></span>{% endif %}
</span></div>
</div>
{% endif %}
{% if r.folded %}
<details class="evidence"><summary>{{ r.detail }}</summary>
{% if r.evidence %}<pre tabindex="0">{{ r.evidence|join("\n") }}</pre>{% endif %}
{% if r.unmet and r.next_command %}{{ command(r.next_command) }}{% endif %}
{% if r.observed_text %}<h6>Observed</h6><pre tabindex="0">{{ r.observed_text }}</pre>{% endif %}
</details>
{% endif %}
</article>
{% endfor %}
</div>
</section>
{% endfor %}
{% if k.measured %}
<section class="measured" aria-label="Measured on {{ k.name }}">
<h4>Measured</h4>
<div class="blocks">
{% for block in k.measured %}
<div class="block"><h5>{{ block.check }}</h5>
<ul class="bars">
{% for row in block.rows %}
<li><span class="what">{{ row.name }}</span><span class="value" title="{{ row.middle }}">{{ row.label }}{% if row.threshold %} <span class="muted">of
{{ row.threshold }}</span>{% endif %}</span>
{{- bar(row) }}</li>
{% endfor %}
</ul></div>
{% endfor %}
</div>
</section>
{% endif %}
<dl class="meta">{% for name, value in k.facts %}<div><dt>{{ name }}</dt><dd>{{ value }}</dd></div>{% endfor %}</dl>
</details>
{% endfor %}
</section>
</main>
"""

_FOOT = """
<footer>
<p>{{ footer|join(" · ") }}</p>
<p>{% if not compact %}Time bars show the seconds against the limit, the mark is what was expected.
{% endif %}
The same results for programs: <code>records.json</code> and <code>junit.xml</code> beside this file.</p>
<details class="more"><summary>Words</summary>
<dl class="meta">{% for word, meaning in glossary %}<div><dt>{{ word }}</dt><dd>{{ meaning }}</dd></div>{% endfor %}</dl>
</details>
</footer>
<script>{{ script }}</script>
</body>
</html>
"""

TEMPLATE = _MACROS.lstrip("\n") + _HEAD + CAUSES + FLEET + HISTORY + _CLUSTERS + _FOOT
