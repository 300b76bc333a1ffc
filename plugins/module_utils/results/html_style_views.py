# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the views over all clusters look like: tables, the heat map's marks, and what narrows the page down."""
from __future__ import annotations

# Signs beside the colours. A browser that knows no words for them takes the line before.
_SIGNS = {"passed": "\\2713", "failed": "\\2715", "warned": "!", "inconclusive": "?", "skipped": "\\2013"}
_MARKS = "".join(f".dense .cell.v-{v}::before, .key .cell.v-{v}::before, .mini.v-{v}::before, .compact .badge.v-{v}::before {{ "
                 f"content: \"{sign}\"; content: \"{sign}\" / \"\"; }}\n" for v, sign in _SIGNS.items())

_FIND = """
.find { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.2rem; margin-top: .9rem; }
.find label { display: inline-flex; align-items: center; gap: .5rem; color: var(--muted); font-size: .93rem; }
.find input, .find select { padding: .3rem .6rem; border: 1px solid var(--field); border-radius: 8px; background: var(--card);
  color: var(--ink); font: inherit; min-width: 0; max-width: 60vw; }
:root { --field: #808a98; } @media (prefers-color-scheme: dark) { :root { --field: #727e8e; } }
@media print { .find { display: none !important; } }
"""

_TABLES = """
.list { width: 100%; border-collapse: collapse; font-size: .93rem; }
.list caption:not(.sr) { padding: .9rem 1.25rem .2rem; text-align: left; font-weight: 600; }
.list th, .list td { padding: .42rem .8rem; text-align: left; font-weight: 400; vertical-align: top; }
.list thead th { color: var(--muted); font-size: .83rem; padding-top: .7rem; white-space: nowrap; }
.list tbody tr > * { border-top: 1px solid var(--line); }
.list tr > :first-child { padding-left: 1.25rem; } .list tr > :last-child { padding-right: 1.25rem; }
.list tbody th { min-width: 13.5rem; overflow-wrap: anywhere; } .list .some { min-width: 13rem; } .list td:not(.n) { min-width: 6.5rem; }
.scroll { position: relative; } .list th a { display: inline-flex; align-items: center; gap: .5rem; }
.list .n, .list .when { font-variant-numeric: tabular-nums; white-space: nowrap; }
.list .said { min-width: 16rem; font: .83rem/1.5 var(--mono); } .list td { overflow-wrap: break-word; }
.list th .muted { display: block; font-size: .8rem; }
.scroll > table.list + *, .cause { scroll-margin-top: 1rem; }
.answer { padding: 1rem clamp(1rem, 2.5vw, 1.6rem); } .answer b { display: block; font-weight: 650; }
.news { display: block; } .news b { font-weight: 600; } .news + .news { margin-top: .15rem; }
.marks { display: flex; gap: 2px; margin: 0; padding: 0; list-style: none; }
.mini { display: grid; place-items: center; width: 1.05rem; height: 1.3rem; border-radius: 4px; font-size: .72rem;
  font-weight: 700; color: var(--v); background: var(--v-bg); }
.mini.v-failed { color: var(--card); background: var(--v); }
.body > summary { margin-top: .6rem; width: fit-content; color: var(--muted); font-size: .9rem; }
.skips { position: absolute; z-index: 5; } .skips .skip:focus { position: static; display: block; background: var(--card); padding: .3rem .6rem; }
"""

_HEAT = """
.fleet { max-height: min(90vh, 60rem); overflow: auto; }
.matrix thead { position: sticky; top: 0; z-index: 2; } .matrix thead tr > * { background: var(--card); }
.matrix thead tr > :first-child { z-index: 3; }
.matrix .unmet { color: var(--muted); text-align: center; font-variant-numeric: tabular-nums; }
.matrix tbody td.unmet { padding-left: .8rem; }
.fleet.large { content-visibility: auto; contain-intrinsic-size: auto min(90vh, 60rem); }
.dense .cell { display: block; font-weight: 700; line-height: 1.35rem; text-align: center; }
.dense .cell.v-failed:not(.followed) { color: var(--card); background: var(--v); }
.dense .cell.v-passed { font-weight: 400; opacity: .75; } .dense .cell:focus-visible { opacity: 1; outline-offset: -1px; }
.dense tfoot .unmet { font-size: .72rem; } .matrix tfoot > tr > * { border-top: 1px solid var(--line); padding-top: .35rem; padding-bottom: .6rem; }
.matrix tfoot th { color: var(--muted); }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; } .key > span { display: inline-flex; align-items: center; gap: .4rem; }
.caption + .card { margin-top: .9rem; }
.key:empty { display: none; } .key .cell { width: 1.2rem; height: 1.2rem; font-weight: 700; font-size: .8rem; }
.key .cell.v-failed { color: var(--card); background: var(--v); }
.compact .over { color: var(--warned); }
.cluster > summary:focus-visible { outline-offset: -3px; }
.cluster { content-visibility: auto; contain-intrinsic-size: auto 3.4rem; }
.card + .key, h2 + .key { margin: .9rem 0; font-size: .9rem; }
@media (max-width: 76rem) { .wide .cell .icon { display: none; } .wide .cell { padding-left: .4rem; padding-right: .4rem; }
  .wide .start { padding-left: .3rem; } .matrix.wide .seconds { padding: .2rem .6rem .2rem .2rem; } .matrix.wide { font-size: .84rem; } }
@media (max-width: 46rem) { .list th, .list td { padding-left: .5rem; padding-right: .5rem; } }
@media print { .fleet { max-height: none; } .matrix thead { position: static; } .mini, .key .cell { print-color-adjust: exact;
  -webkit-print-color-adjust: exact; } }
"""

VIEWS = _FIND + _TABLES + _HEAT + _MARKS
