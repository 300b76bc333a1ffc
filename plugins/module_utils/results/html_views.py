# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The markup of the views over all clusters: causes, fleet, history. Macros are those of html_template.py."""
from __future__ import annotations

CAUSES = """
{% if causes %}
<section aria-labelledby="causes">
<h2 id="causes" tabindex="-1">{{ "Cause" if causes|length == 1 else "Causes" }}</h2>
{% if causes|length > 1 %}
<div class="card scroll" tabindex="0" role="region" aria-labelledby="causes">
<table class="list">
<caption class="sr">Each cause once, the weightiest first</caption>
<thead><tr><th scope="col">Cause</th><th scope="col">How sure</th>
{% if fleet %}<th scope="col">Clusters</th>{% endif %}
<th scope="col">Checks</th><th scope="col">Failed because of it</th><th scope="col">First seen</th></tr></thead>
<tbody>
{% for c in causes %}
<tr data-clusters="{{ c.all_clusters|join("\n")|lower }}" data-domains="{{ c.domains|join("\n") }}" class="v-{{ c.verdict }}">
<th scope="row"><a href="#{{ c.id }}"><span class="v-{{ c.verdict }} tint">{{ icon(c.verdict) }}</span>
<code>{{ c.code }}</code></a><span class="sr"> {{ words[c.verdict] }}</span></th>
<td>{{ c.confidence or "not known" }}</td>
{% if fleet %}<td class="n">{{ c.all_clusters|length }}</td>{% endif %}
<td class="some">{{ c.checks[:3]|join(", ") }}{% if c.checks|length > 3 %} and {{ c.checks|length - 3 }} more{% endif %}</td>
<td>{{ plural(c.followed, "check") if c.followed else "nothing else" }}</td>
<td class="when">{{ c.first }}</td></tr>
{% endfor %}
</tbody>
</table>
</div>
{% endif %}
<p class="key"><span><b>confirmed</b> an error says it, or two probes differ</span>
<span><b>probable</b> all that was seen fits it</span> <span><b>suspected</b> it is possible, and nothing excludes it</span></p>
{% for c in causes %}
<article class="card cause v-{{ c.verdict }}" id="{{ c.id }}"
data-clusters="{{ c.all_clusters|join("\n")|lower }}" data-domains="{{ c.domains|join("\n") }}">
<header>
<h3><span class="v-{{ c.verdict }} tint">{{ icon(c.verdict) }}</span><code>{{ c.code }}</code></h3>
{% if c.confidence %}<span class="confidence {{ c.level }}">{{ c.confidence }}</span>{% endif %}
<span class="reach">
{%- if fleet %}{{ plural(c.results, "result") }} on {{ plural(c.clusters|length, "cluster") }}
{%- else %}{{ plural(c.results, "check") }}{% endif %}
{%- if c.layer %} · {{ c.layer }}{% endif %}</span>
</header>
{% if c.message %}
<p class="message">{{ c.message }}</p>
{% if c.messages %}
<details class="more"><summary>{{ plural(c.messages|length + c.more_messages, "other message") }}</summary>
<ul>{% for m in c.messages %}<li>{{ m }}</li>{% endfor %}</ul>
{% if c.more_messages %}<p class="muted">and {{ c.more_messages }} more, with the clusters below</p>{% endif %}
</details>
{% endif %}
{% endif %}
{% if not c.unfolded %}<details class="body"><summary>Where, remedy, next command and evidence</summary>{% endif %}
<dl class="facts">
{% if c.known %}<dt>Known</dt><dd>{{ c.known|join("; ") }}</dd>{% endif %}
{% if c.meaning %}<dt>Means</dt><dd>{{ c.meaning }}</dd>{% endif %}
{% if c.scope %}
<dt>Where</dt>
<dd><ul class="chips">{% for item in c.scope %}<li>{{ item }}</li>{% endfor %}</ul>
{% if c.more_scope %}
<details class="more"><summary>{{ c.more_scope|length }} more</summary>
<ul class="chips">{% for item in c.more_scope %}<li>{{ item }}</li>{% endfor %}</ul></details>
{% endif %}
</dd>
{% endif %}
<dt>{{ "Failed" if c.verdict == "failed" else "Not tested" }}</dt>
<dd><div class="results">{{ results(c.members, fleet) }}</div>{{ others(c.more_members, fleet) }}</dd>
{% if c.consequences %}
<dt>Also failed</dt>
<dd><div class="results">{{ results(c.consequences, fleet) }}<span class="muted">because of it</span></div>
{{- others(c.more_consequences, fleet) }}</dd>
{% endif %}
{% if c.first %}
<dt>First seen</dt>
<dd>{{ c.first }}{% if c.often %} <span class="muted">{{ c.often }}</span>{% endif %}</dd>
{% endif %}
{% if c.remedies %}<dt>Remedy</dt><dd>{% for remedy in c.remedies %}<p>{{ remedy }}</p>{% endfor %}</dd>{% endif %}
{% if c.commands %}
<dt>Next</dt>
<dd>
{% for item in c.commands[:1] %}{{ command(item.text) }}{% endfor %}
{% if c.commands|length > 1 %}
<details class="more">
<summary>{{ plural(c.commands|length - 1 + c.hidden_commands, "more command") }} like it</summary>
{% for item in c.commands[1:] %}{{ command(item.text) }}{% endfor %}
{% if c.hidden_commands %}
<p class="muted">and {{ c.hidden_commands }} more, with the clusters below</p>
{% endif %}
</details>
{% endif %}
</dd>
{% endif %}
</dl>
{% if c.evidence.blocks %}
<details class="evidence"{{ " open" if c.open }}>
<summary>Evidence <span class="muted">{{ plural(c.evidence.lines, "line") }}</span></summary>
{% for block in c.evidence.blocks %}
{% if c.evidence.blocks|length > 1 %}<p class="for">{{ block.where }}</p>{% endif %}
<pre tabindex="0">{{ block.lines|join("\n") }}</pre>
{% endfor %}
{% if c.evidence.more %}
<p class="for">and {{ plural(c.evidence.more, "more result") }}, with the clusters below</p>
{% endif %}
</details>
{% endif %}
{% if not c.unfolded %}</details>{% endif %}
</article>
{% endfor %}
</section>
{% endif %}
"""

FLEET = """
{% if matrix %}
<section aria-labelledby="matrix">
<h2 id="matrix" tabindex="-1">All clusters</h2>
<div class="card scroll fleet{{ " large" if compact }}" tabindex="0" role="region" aria-labelledby="matrix">
<table class="matrix {{ "wide" if matrix.wide else "dense" }}">
<caption class="sr">The verdict of each check on each cluster. Arrow keys move from one to the next.</caption>
<thead>
<tr><td></td>
{% for d in matrix.domains %}
<th colspan="{{ d.span }}" scope="colgroup" class="start{{ " narrow" if d.narrow }}" title="{{ d.name }}"
data-domain="{{ d.key }}"><span>{{ d.name }}</span></th>
{% endfor %}
<td colspan="2"></td></tr>
<tr class="checks"><th scope="col">Cluster</th>
{% for c in matrix.checks %}
<th scope="col"{% if c.start %} class="start"{% endif %} data-domain="{{ c.domain }}"><span>{{ c.name }}</span></th>
{% endfor %}
<th scope="col" class="unmet">Not good</th><th scope="col" class="seconds">Time</th></tr>
</thead>
<tbody>
{% for row in matrix.rows %}
<tr data-cluster="{{ row.cluster|lower }}"><th scope="row"><a href="#{{ row.id }}"><span class="v-{{ row.verdict }} tint">{{ icon(row.verdict) }}</span>
{{- row.cluster }}<span class="sr"> {{ row.verdict }}</span></a></th>
{% for data in row.cells %}
<td{% if matrix.checks[loop.index0].start %} class="start"{% endif %} data-domain="{{ matrix.checks[loop.index0].domain }}">
{%- if data %}{{ cell(data, not matrix.wide) }}{% else %}<span class="sr">not chosen</span>{% endif %}</td>
{% endfor %}
<td class="unmet">{{ row.unmet or "" }}</td><td class="seconds">{{ row.seconds }}</td></tr>
{% endfor %}
</tbody>
{% if matrix.rows|length > 5 %}
<tfoot><tr><th scope="row">Clusters that are not good</th>
{% for c in matrix.checks %}
<td class="unmet{{ " start" if c.start }}" data-domain="{{ c.domain }}">{{ c.unmet or "" }}</td>
{% endfor %}
<td></td><td></td></tr></tfoot>
{% endif %}
</table>
</div>
<p class="caption key">
{%- for verdict, count in (counts if not matrix.wide else []) %}<span class="v-{{ verdict }}">
{#- #}<span class="cell v-{{ verdict }}" aria-hidden="true"></span>{{ words[verdict] }}</span>
{% endfor %}
{% if matrix.partial %}<span>empty: not chosen</span>{% endif %}
{% if matrix.followed %}<span>outlined: failed only because of a cause found elsewhere</span>{% endif %}</p>
</section>
{% endif %}
{% if compared %}
<section aria-labelledby="measured">
<h2 id="measured">Measured
<span class="muted">every dot is a cluster or one of its samples, the line is the median</span></h2>
<div class="blocks">
{% for block in compared %}
<details class="card block"{{ " open" if block.open }}>
<summary><h3>{{ block.title }}</h3><span class="muted">{{ plural(block.rows|length, "measurement") }}</span></summary>
<ul class="bars">
{% for row in block.rows %}
<li><span class="what">{{ row.name }}</span><span class="value">{{ row.label }}</span>
<span class="track strip" aria-hidden="true">{{ mark(row) }}<span class="median" style="left:{{ row.middle }}%"></span>
{% for dot in row.dots %}
<i style="left:{{ dot.at }}%" title="{{ dot.title }}"></i>
{% endfor %}
</span>
<span class="note">median {{ row.median }}, highest on {{ row.top }}{{ beyond(row) }}</span></li>
{% endfor %}
</ul></details>
{% endfor %}
</div>
</section>
{% endif %}
"""

HISTORY = """
{% if past %}
<section aria-labelledby="history">
<h2 id="history" tabindex="-1">History <span class="muted">{{ plural(past.runs, "run") }} in {{ plural(past.days, "day") }}</span></h2>
<p class="card answer"><b>The test or the cluster?</b> {{ past.words }}</p>
<div class="card scroll" tabindex="0" role="region" aria-label="Runs of each cluster">
<table class="list">
<caption>Runs of each cluster, the newest on the right</caption>
<thead><tr><th scope="col">Cluster</th><th scope="col">Last runs</th><th scope="col">Bad runs</th>
<th scope="col">Last run</th><th scope="col">Against {{ past.against }}</th></tr></thead>
<tbody>
{% for k in past.clusters %}
<tr data-cluster="{{ k.name|lower }}">
<th scope="row">{% if k.href %}<a href="{{ k.href }}">{{ k.name }}</a>{% else %}{{ k.name }}
<span class="muted">not in this run</span>{% endif %}</th>
<td><ol class="marks">{% for m in k.marks %}<li class="mini v-{{ m.verdict }}" title="{{ m.title }}">
{%- if m.verdict in ("passed", "skipped") and not loop.last %}<span class="sr">{{ words[m.verdict] }}</span>
{%- else %}<span class="sr">{{ m.title }}</span>{% endif %}</li>{% endfor %}</ol></td>
<td class="n">{{ k.bad }}</td><td class="when">{{ k.last }}</td>
<td class="some">{% for what, which in k.news %}<span class="news"><b>{{ what }}</b> {{ which }}</span>{% endfor %}</td></tr>
{% endfor %}
</tbody>
</table>
</div>
{% if past.checks %}
<div class="card scroll" tabindex="0" role="region" aria-label="Checks that are not steady">
<table class="list">
<caption>Checks that are not steady</caption>
<thead><tr><th scope="col">Check</th><th scope="col">Cluster</th><th scope="col">Failed</th><th scope="col">Pass rate</th>
<th scope="col">Flips</th><th scope="col">Trend</th><th scope="col">Worse than before</th><th scope="col">Last</th></tr></thead>
<tbody>
{% for r in past.checks %}
<tr data-cluster="{{ r.cluster|lower }}" data-domain="{{ r.domain }}">
<th scope="row">{% if r.href %}<a href="{{ r.href }}">{{ r.check }}</a>{% else %}{{ r.check }}{% endif %}</th>
<td>{{ r.cluster }}</td><td class="n">{{ r.failed }}</td><td class="n">{{ r.pass_rate }}</td><td class="n">{{ r.flips }}</td>
<td>{{ r.trend }}</td><td>{{ r.worse }}</td><td>{{ badge(r.last) }}</td></tr>
{% endfor %}
</tbody>
</table>
</div>
<p class="caption">Flips: how often it went from good to bad and back in 7 days, 0 to 100, without outages.
{% if past.more_checks %}{{ plural(past.more_checks, "steadier row") }} left out.{% endif %}</p>
{% endif %}
{% if past.failures %}
<div class="card scroll" tabindex="0" role="region" aria-label="Failures that are alike">
<table class="list">
<caption>Failures that are alike</caption>
<thead><tr><th scope="col">What it said</th><th scope="col">Failures</th><th scope="col">Checks</th><th scope="col">Clusters</th>
<th scope="col">First</th><th scope="col">Last</th></tr></thead>
<tbody>
{% for f in past.failures %}
<tr><th scope="row" class="said">{{ f.text }}</th><td class="n">{{ f.count }}</td><td>{{ f.checks }}</td><td>{{ f.clusters }}</td>
<td class="when">{{ f.first }}</td><td class="when">{{ f.last }}</td></tr>
{% endfor %}
</tbody>
</table>
</div>
{% if past.more_failures %}<p class="caption">and {{ plural(past.more_failures, "other text") }}</p>{% endif %}
{% endif %}
</section>
{% endif %}
"""
