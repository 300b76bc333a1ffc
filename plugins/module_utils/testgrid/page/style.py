# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a grid looks like beside the other pages, whose look it has, and the script that it can do without."""
from __future__ import annotations

from ...results.html_style import STYLE as _STYLE

_GRID = """
.tabs { width: 100%; border-collapse: collapse; font-size: .93rem; }
.tabs th, .tabs td { padding: .45rem .8rem; text-align: left; font-weight: 400; vertical-align: middle; }
.tabs thead th { color: var(--muted); font-size: .83rem; padding-top: .9rem; }
.tabs tbody tr + tr > * { border-top: 1px solid var(--line); }
.tabs th:first-child, .tabs td:first-child { padding-left: 1.25rem; } .tabs td { font-variant-numeric: tabular-nums; }
.about { padding: 0 clamp(1rem, 2.5vw, 1.6rem) .9rem; } .about p { max-width: 60rem; overflow-wrap: anywhere; }
.about .filters { display: flex; flex-wrap: wrap; gap: .35rem; margin: .6rem 0 0 -.65rem; }
.gridded { max-height: 85vh; overflow: auto; border-top: 1px solid var(--line); }
.gridded:focus-visible { outline-offset: -2px; }
.grid { border-collapse: separate; border-spacing: 0; font-size: .83rem; }
.grid th { font-weight: 400; text-align: left; white-space: nowrap; }
.grid tr > :first-child { position: sticky; left: 0; z-index: 1; background: var(--card); padding: .1rem 1rem .1rem 1.25rem;
  max-width: min(34rem, 45vw); overflow: hidden; text-overflow: ellipsis; border-right: 1px solid var(--line); }
.grid thead { position: sticky; top: 0; z-index: 2; } .grid thead tr > * { background: var(--card); vertical-align: bottom; }
.grid thead th[scope=col] span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 8.5rem; overflow: hidden;
  line-height: 1.9rem; text-overflow: ellipsis; }
.grid thead th[scope=row] { color: var(--muted); vertical-align: bottom; padding-bottom: .35rem; }
.grid thead th[scope=col] { color: var(--muted); padding: .35rem 0; }
.grid thead tr:first-child th[scope=col] { color: var(--ink); }
.grid thead tr:last-child > * { border-bottom: 1px solid var(--line); }
.grid tbody tr:hover > :first-child { background: var(--sunk); }
.grid td { padding: 1px; } .grid tbody tr:last-child > * { padding-bottom: .6rem; }
.grid .build th { font-weight: 600; }
.grid .flip { padding: 0 1.25rem 0 .8rem; color: var(--muted); text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.grid thead th.flip { padding: 0 1.25rem .35rem .8rem; color: var(--muted); }
.box { position: relative; display: grid; place-items: center; min-width: 1.9rem; height: 1.45rem; padding: 0 .2rem;
  border-radius: 4px; color: var(--v); background: var(--v-bg); font-size: .72rem; font-weight: 600; text-decoration: none;
  font-variant-numeric: tabular-nums; }
.box.v-failed { background: var(--v); color: var(--card); } a.box:hover { box-shadow: inset 0 0 0 2px var(--ink); }
.box .icon { width: .8rem; height: .8rem; }
.empty-cell { display: block; min-width: 1.9rem; height: 1.45rem; }
.only-bad tbody tr:not(.bad) { display: none; }
.told { padding: .4rem clamp(1rem, 2.5vw, 1.6rem) 1rem; border-top: 1px solid var(--line); }
.told h4 { padding-bottom: .2rem; } .told li { padding: .35rem 0; } .told li + li { border-top: 1px solid var(--line); }
.told h5 { overflow-wrap: anywhere; } .told h5 .muted { margin-left: .4rem; font-size: .85rem; }
.told dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .2rem .9rem; margin-top: .25rem; font-size: .87rem; }
.told dd { overflow-wrap: anywhere; white-space: pre-wrap; } .told dt { white-space: nowrap; color: var(--muted); }
@media (max-width: 46rem) {
  .tabs .wide-only { display: none; } .told dl { grid-template-columns: minmax(0, 1fr); } .told dd { margin-bottom: .4rem; }
  .grid tr > :first-child { max-width: 45vw; padding-left: .9rem; padding-right: .5rem; }
  .tabs th, .tabs td { padding: .4rem .5rem; }
}
@media print {
  .gridded { max-height: none; overflow: visible; } .box { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""

STYLE = _STYLE + _GRID

SCRIPT = """
(() => {
  const all = (s, e = document) => [...e.querySelectorAll(s)];
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    target.scrollIntoView();
  };
  for (const b of all(".rows")) {
    b.disabled = false;
    b.addEventListener("click", () => {
      const card = b.closest(".cluster"), bad = b.dataset.rows === "bad";
      card.querySelector(".grid").classList.toggle("only-bad", bad);
      for (const o of all(".rows", card)) o.setAttribute("aria-pressed", String(o === b));
    });
  }
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => { for (const d of all("details.cluster")) d.open = true; });
  reveal();
})();
"""
