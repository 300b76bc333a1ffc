# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page's look."""
from __future__ import annotations

_BASE = """
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --sunk: #f1f3f6; --ink: #18202b; --muted: #596474; --line: #dfe3e9; --link: #1f55c0;
  --passed: #1a7a49; --passed-bg: #e2f3e9; --failed: #bd2130; --failed-bg: #fce6e7; --warned: #8a5800;
  --warned-bg: #fcf0d4;
  --inconclusive: #6940b8; --inconclusive-bg: #eee8fa; --skipped: #5a6574; --skipped-bg: #eceff3; --bar: #7f9fd6;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { :root {
  --page: #10141a; --card: #181e26; --sunk: #11161d; --ink: #e4e8ee; --muted: #9ba7b6; --line: #2b343f; --link: #8db5ff;
  --passed: #5fcf94; --passed-bg: #16382a; --failed: #ff8a8d; --failed-bg: #47202a; --warned: #e9b755;
  --warned-bg: #3d3014;
  --inconclusive: #bda2f7; --inconclusive-bg: #322750; --skipped: #9aa6b5; --skipped-bg: #262e38; --bar: #5c7fbf; } }
*, *::before, *::after { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
body { margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem) 3rem; max-width: 84rem; background: var(--page);
  color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
h1, h2, h3, h4, h5, h6, p, ul, dl, dd, pre { margin: 0; padding: 0; }
ul { list-style: none; } a { color: var(--link); text-underline-offset: .15em; text-decoration-thickness: 1px; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 4px; }
:target:not(h2) { outline: 2px solid var(--link); outline-offset: 4px; border-radius: 8px; }
code, pre { font-family: var(--mono); font-size: .87em; } pre code { font-size: inherit; } .nowrap {
  white-space: nowrap; }
.muted, .reach, .note { color: var(--muted); font-weight: 400; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
.symbols { position: absolute; }
.icon { width: 1em; height: 1em; flex: none; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round;
  stroke-linejoin: round; }
.v-passed { --v: var(--passed); --v-bg: var(--passed-bg); } .v-failed { --v: var(--failed); --v-bg: var(--failed-bg); }
.v-warned { --v: var(--warned); --v-bg: var(--warned-bg); } .v-skipped { --v: var(--skipped);
  --v-bg: var(--skipped-bg); }
.v-inconclusive { --v: var(--inconclusive); --v-bg: var(--inconclusive-bg); }
.badge, .tint, .mark, .cell { color: var(--v); background: var(--v-bg); }
.badge { display: inline-flex; align-items: center; gap: .35em; padding: .1rem .6rem .1rem .45rem; border-radius: 99px;
  font-size: .8rem; font-weight: 600; white-space: nowrap; }
.tint { display: inline-grid; place-items: center; width: 1.4em; height: 1.4em; border-radius: 50%; flex: none; }
.tint .icon { width: .9em; height: .9em; }
"""

_TOP = """
.top { padding: clamp(1.75rem, 5vw, 3.25rem) 0 .5rem; }
.kicker { color: var(--muted); font-size: .87rem; }
h1 { display: flex; align-items: center; gap: .45em; margin: .5rem 0 .35rem; font-size: clamp(1.6rem, 4.2vw, 2.5rem);
  line-height: 1.15; font-weight: 650; letter-spacing: -.02em; overflow-wrap: anywhere; text-wrap: balance; }
.mark { display: inline-grid; place-items: center; flex: none; width: 1.35em; height: 1.35em; border-radius: 50%; }
.mark .icon { width: .8em; height: .8em; stroke-width: 2.4; }
.lead { font-size: 1.08rem; color: var(--muted); }
.note { margin: .4rem 0 0; font-weight: 600; }
.tally { display: flex; gap: 2px; height: .6rem; margin: 1.5rem 0 .75rem; border-radius: 99px; overflow: hidden; }
.tally span { background: var(--v); min-width: .35rem; }
.tally .v-skipped { opacity: .45; }
.legend { display: flex; flex-wrap: wrap; gap: .35rem .5rem; margin-left: -.6rem; }
.filter { display: inline-flex; align-items: center; gap: .4em; padding: .2rem .65rem; border: 1px solid transparent;
  border-radius: 99px;
  background: none; color: var(--ink); font: inherit; cursor: pointer; }
.filter .icon { color: var(--v); } .filter:disabled { cursor: default; }
.filter:not(:disabled):hover { background: var(--card); border-color: var(--line); }
.filter[aria-pressed=true] { background: var(--v-bg); border-color: var(--v); }
.filter[data-verdict=""] { color: var(--link); }
[hidden] { display: none !important; }
main > section { margin-top: 2.5rem; }
h2 { margin-bottom: .8rem; font-size: 1.3rem; font-weight: 650; letter-spacing: -.01em; }
h2 .muted { font-size: .87rem; letter-spacing: 0; margin-left: .4rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.card + .card { margin-top: .9rem; } .empty { padding: 1.5rem; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--muted);
  font-size: .83rem; }
"""

_CAUSES = """
.cause { padding: 1.25rem clamp(1rem, 2.5vw, 1.6rem); }
.cause > header { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .8rem; }
.cause h3 { display: flex; align-items: center; gap: .55rem; font-size: 1.12rem; font-weight: 650; }
.cause h3 code { font-size: 1em; } .cause .reach { margin-left: auto; font-size: .87rem; }
.confidence { padding: .05rem .55rem; border: 1px solid var(--line); border-radius: 99px; font-size: .8rem;
  color: var(--muted); }
.confidence.confirmed { color: var(--ink); border-color: currentColor; }
.confidence.suspected { border-style: dashed; }
.message { margin-top: .6rem; font-size: 1.04rem; overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: .6rem 1rem; margin-top: 1rem; }
.facts dt { color: var(--muted); } .facts dd { min-width: 0; overflow-wrap: anywhere; }
.facts dd p { max-width: 46rem; } .for, .caption { font-size: .83rem; color: var(--muted); margin-top: .6rem; }
.for + pre { margin-top: .2rem !important; }
.chips { display: flex; flex-wrap: wrap; gap: .35rem; }
.chips li { padding: .08rem .55rem; border-radius: 6px; background: var(--sunk); font: .85rem/1.5 var(--mono);
  overflow-wrap: anywhere; }
.more { margin-top: .4rem; } .more > summary { font-size: .87rem; color: var(--muted); width: fit-content; }
.more .command { margin-top: .4rem; } .more .chips { margin-top: .35rem; }
.results { display: flex; flex-wrap: wrap; gap: .15rem 1.3rem; } .result b { font-weight: 600; }
.command { display: flex; align-items: stretch; border: 1px solid var(--line); border-radius: 8px;
  background: var(--sunk); overflow: hidden; }
.command + .command { margin-top: .4rem; }
.command pre { flex: 1; min-width: 0; padding: .55rem .8rem; overflow-x: auto; }
.command pre:focus-visible, .evidence pre:focus-visible { outline-offset: -2px; }
.copy { flex: none; padding: 0 .9rem; border: 0; border-left: 1px solid var(--line); background: none;
  color: var(--link); font: inherit;
  font-size: .83rem; cursor: pointer; } .copy:hover { background: var(--card); }
summary { cursor: pointer; } summary::marker { color: var(--muted); }
.evidence { margin-top: .9rem; } .evidence > summary { font-size: .9rem; width: fit-content; border-radius: 4px; }
.cause .evidence { padding-top: .9rem; border-top: 1px solid var(--line); }
.evidence pre { margin-top: .5rem; padding: .7rem .9rem; border-radius: 8px; background: var(--sunk);
  white-space: pre-wrap;
  overflow-wrap: anywhere; line-height: 1.6; }
.evidence .command { margin-top: .5rem; } .evidence .command pre { margin: 0; border-radius: 0; }
h6 { margin-top: .7rem; font-size: .83rem; font-weight: 600; color: var(--muted); }
"""

_MATRIX = """
.scroll { overflow-x: auto; }
.matrix { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .87rem; }
.matrix th { font-weight: 500; text-align: left; white-space: nowrap; }
.matrix td, .matrix th { padding: .2rem .25rem; } .matrix .start { padding-left: .8rem; }
.matrix thead th { color: var(--muted); vertical-align: bottom; } .matrix thead tr:first-child > * {
  padding-top: .9rem; }
.matrix thead .checks th { padding-bottom: .5rem; } .matrix thead th[colspan] { color: var(--ink); font-weight: 600; }
.matrix tr > :first-child { position: sticky; left: 0; z-index: 1; background: var(--card);
  padding: .3rem 1rem .3rem 1.25rem;
  max-width: 16rem; }
.matrix tr > :last-child { padding-right: 1.25rem; }
.matrix tbody th a { display: flex; align-items: center; gap: .5rem; color: var(--ink); text-decoration: none;
  overflow: hidden;
  text-overflow: ellipsis; } .matrix tbody th a:hover { text-decoration: underline; }
.matrix tbody tr:hover > * { background: var(--sunk); } .matrix tbody tr:last-child > * { padding-bottom: .9rem; }
.matrix .seconds { color: var(--muted); text-align: right; padding-left: 1rem; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
.cell { display: flex; align-items: center; justify-content: center; gap: .4em; height: 1.75rem; border-radius: 6px;
  text-decoration: none; }
.cell:hover { box-shadow: inset 0 0 0 1.5px var(--v); }
.cell.v-passed, .cell.v-skipped { background: none; }
.cell.followed { background: none; box-shadow: inset 0 0 0 1.5px var(--v-bg); }
.wide .cell { padding: 0 .6rem; min-width: 5.5rem; justify-content: flex-start; font-weight: 500; }
.wide .cell.v-passed, .wide .cell.v-skipped { font-weight: 400; }
.wide td, .wide thead th { min-width: 6.5rem; } .wide .checks th { padding-left: .85rem; } .wide thead .start {
  padding-left: 1.4rem; }
.wide tr > :first-child { padding-left: 1.25rem !important; }
.dense td, .dense th { padding: .1rem 0; } .dense .start { padding-left: .5rem; }
.dense tr > :first-child { padding-right: .4rem; }
.dense .cell { width: 1.35rem; height: 1.35rem; font-size: .85rem; margin: auto; }
.dense .word { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.dense thead th[colspan] { max-width: 0; } .dense thead th[colspan] span { display: block; overflow: hidden;
  text-overflow: ellipsis; }
.dense .checks th:not(:first-child):not(.seconds) span, .dense thead .narrow[colspan] span { writing-mode: vertical-rl;
  transform: rotate(180deg); max-height: 11rem; overflow: hidden; line-height: 1.35rem; }
"""

_CLUSTERS = """
.cluster > summary { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .8rem;
  padding: .95rem clamp(1rem, 2.5vw, 1.6rem);
  list-style: none; border-radius: 12px; } .cluster > summary::-webkit-details-marker { display: none; }
.cluster > summary::before { content: ""; width: .45rem; height: .45rem; border: solid var(--muted);
  border-width: 0 2px 2px 0;
  transform: rotate(-45deg); transition: transform .12s; } .cluster[open] > summary::before {
  transform: rotate(45deg); }
.cluster h3 { font-size: 1.08rem; font-weight: 650; overflow-wrap: anywhere; } .cluster .reach { font-size: .87rem;
  margin-left: auto; }
.domain, .measured, .meta, .notice { margin: 0 clamp(1rem, 2.5vw, 1.6rem); }
.domain, .measured { display: grid; grid-template-columns: 9rem minmax(0, 1fr); gap: 0 1.5rem; padding: .3rem 0;
  border-top: 1px solid var(--line); }
h4 { display: flex; align-items: flex-start; gap: .5rem; padding-top: .75rem; font-size: .93rem; font-weight: 600; }
h4 .tint { margin-top: .05rem; font-size: .95em; }
.check { padding: .7rem 0; } .check + .check { border-top: 1px solid var(--line); }
.row { display: grid; grid-template-columns: 7.6rem minmax(0, 1fr) 9.5rem; gap: .2rem 1rem; align-items: start; }
.row .badge { justify-self: start; } h5 { font-size: .95rem; font-weight: 600; }
.said p { overflow-wrap: anywhere; max-width: 46rem; } .said .muted { font-size: .9rem; }
.check > .evidence { margin: .4rem 0 0 8.6rem; } .check > .evidence > summary { color: var(--muted);
  font-size: .85rem; }
.time { font-size: .85rem; text-align: right; font-variant-numeric: tabular-nums; } .time .track { margin-top: .25rem; }
.track { position: relative; display: block; height: .4rem; border-radius: 99px; background: var(--skipped-bg); }
.fill { display: block; height: 100%; min-width: 3px; border-radius: 99px; background: var(--bar); }
.over .fill { background: var(--warned); }
.tick { position: absolute; top: -2px; bottom: -2px; width: 2px; background: var(--muted); }
.notice { margin-bottom: .9rem; padding: .7rem 1rem; border-radius: 8px; background: var(--v-bg);
  overflow-wrap: anywhere; }
.notice b { color: var(--v); font-weight: 600; }
.blocks { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: .9rem;
  align-items: start; }
.blocks .card + .card { margin: 0; } .measured .blocks { gap: 1.4rem 2.2rem; padding: .75rem 0 1rem; }
.block > summary { display: flex; align-items: baseline; gap: .6rem; padding: .75rem 1.1rem; border-radius: 12px; }
.block > summary .muted { margin-left: auto; font-size: .83rem; } .block h3 { font-size: .98rem; font-weight: 600; }
.card.block .bars { padding: 0 1.1rem 1rem; }
.bars li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .1rem .8rem; margin-top: .55rem;
  font-size: .87rem; }
.bars .what { overflow-wrap: anywhere; } .value { font-variant-numeric: tabular-nums; white-space: nowrap; }
.bars .track, .bars .note { grid-column: 1 / -1; } .note { font-size: .8rem; }
.track i { position: absolute; top: 50%; width: .42rem; height: .42rem; margin: -.21rem 0 0 -.21rem;
  border-radius: 50%; background: var(--link);
  opacity: .75; box-shadow: 0 0 0 1px var(--card); }
.strip { height: .9rem; margin: .15rem .25rem; background: none; } .strip::before { content: ""; position: absolute;
  inset: 50% -.25rem auto;
  border-top: 1px solid var(--line); }
.strip i { width: .55rem; height: .55rem; margin: -.275rem 0 0 -.275rem; background: var(--bar); }
.median { position: absolute; top: 0; bottom: 0; width: 2px; margin-left: -1px; background: var(--ink); }
.meta { display: flex; flex-wrap: wrap; gap: .5rem 2rem; padding: .9rem 0 1.1rem; border-top: 1px solid var(--line);
  font-size: .85rem; }
.meta dt { color: var(--muted); } .meta dd { overflow-wrap: anywhere; }
"""

_ADAPT = """
@media (max-width: 46rem) {
  .facts { grid-template-columns: minmax(0, 1fr); gap: .1rem; } .facts dd + dt { margin-top: .7rem; }
  .cause .reach, .cluster .reach { margin-left: 0; width: 100%; }
  .domain, .measured { grid-template-columns: minmax(0, 1fr); }
  .row { grid-template-columns: minmax(0, 1fr) auto; } .row .said { grid-column: 1 / -1; grid-row: 2; }
  .time { min-width: 7rem; } .check > .evidence { margin-left: 0; } h2 .muted { display: block; margin: .2rem 0 0;
  line-height: 1.35; }
  .command { flex-direction: column; } .copy { border-left: 0; border-top: 1px solid var(--line); padding: .35rem; }
  .matrix tr > :first-child { padding-left: .9rem !important; padding-right: .6rem; max-width: 9rem; }
}
@media print {
  body { background: #fff; font-size: 11px; } .card { break-inside: avoid-page; }
.copy, .filter[data-verdict=""], .skip { display: none; }
  .scroll { overflow: visible; } .tally span, .badge, .tint, .cell, .fill { print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }
}
"""

_VERDICTS = ("failed", "inconclusive", "warned", "passed", "skipped")
_FILTER = "".join(
    f"[data-filter={v}] :is(.check, .cause):not(.v-{v}), [data-filter={v}] .domain:not(:has(.check.v-{v})), "
    f"[data-filter={v}] .cluster:not(:has(.check.v-{v})), [data-filter={v}] .cluster .measured {{ display: none; }}\n"
    f"[data-filter={v}] .cell:not(.v-{v}) {{ opacity: .18; }}\n" for v in _VERDICTS)

STYLE = _BASE + _TOP + _CAUSES + _MATRIX + _CLUSTERS + _ADAPT + _FILTER
