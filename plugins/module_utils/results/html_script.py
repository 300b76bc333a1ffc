# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The few lines of script that the page can do without: everything is in the file, and shown where no script runs."""
from __future__ import annotations

_FILTERS = """
  const root = document.documentElement, all = (s) => [...document.querySelectorAll(s)];
  const byId = (id) => document.getElementById(id), find = byId("find-cluster"), domain = byId("find-domain");
  const choose = (verdict) => {
    if (verdict) root.dataset.filter = verdict; else delete root.dataset.filter;
    for (const b of all(".filter")) {
      if (b.dataset.verdict) b.setAttribute("aria-pressed", String(b.dataset.verdict === verdict));
      else b.hidden = !verdict;
    }
    if (verdict) for (const d of all(".cluster")) if (d.querySelector(".check.v-" + verdict)) d.open = true;
  };
  const narrow = () => {
    const name = find ? find.value.trim().toLowerCase() : "", wanted = domain ? domain.value : "";
    const named = (c) => c.includes(name), of = (d) => !wanted || d === wanted;
    for (const e of all("[data-cluster], [data-domain]")) {
      e.hidden = !(named(e.dataset.cluster ?? name) && of(e.dataset.domain ?? wanted));
    }
    for (const e of all("[data-clusters]")) {
      e.hidden = !(e.dataset.clusters.split("\\n").some(named) && e.dataset.domains.split("\\n").some(of));
    }
    const shown = all("details.cluster"), left = shown.filter((e) => !e.hidden).length;
    const said = name || wanted ? [left + " of " + shown.length + (shown.length > 1 ? " clusters" : " cluster")] : [];
    if (wanted) said.push("only " + domain.selectedOptions[0].text);
    byId("found").textContent = said.join(", ");
  };
"""

_SCRIPT = """
  const reveal = () => {
    const target = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    if (!target.getClientRects().length) {
      choose("");
      if (find) find.value = "";
      if (domain) domain.value = "";
      if (find || domain) narrow();
    }
    target.scrollIntoView();
  };
  for (const b of all(".filter")) {
    b.disabled = false;
    b.addEventListener("click", () => choose(root.dataset.filter === b.dataset.verdict ? "" : b.dataset.verdict));
  }
  for (const e of [find, domain]) if (e) { e.closest(".find").hidden = false; e.addEventListener("input", narrow); }
  for (const b of all(".copy")) {
    b.hidden = false;
    b.addEventListener("click", async () => {
      const code = b.parentElement.querySelector("code");
      try { await navigator.clipboard.writeText(code.textContent); b.textContent = "Copied"; }
      catch { getSelection().selectAllChildren(code); b.textContent = "Selected"; }
      setTimeout(() => { b.textContent = "Copy"; }, 2000);
    });
  }
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  for (const table of all(".matrix")) table.addEventListener("keydown", (event) => {
    const at = event.target.closest("td, th"), step = steps[event.key];
    if (!step || !at || event.altKey || event.ctrlKey || event.metaKey) return;
    let row = at.parentElement, column = at.cellIndex;
    for (;;) {
      column += step[1];
      if (step[0]) row = step[0] > 0 ? row.nextElementSibling : row.previousElementSibling;
      const cell = row && row.cells[column];
      if (!cell) return;
      const link = cell.getClientRects().length && cell.querySelector("a");
      if (link) { event.preventDefault(); link.focus(); return; }
    }
  });
  addEventListener("hashchange", () => { choose(""); reveal(); });
  addEventListener("beforeprint", () => { for (const d of all("details.cluster, details.body")) d.open = true; });
  reveal();
"""

SCRIPT = "\n(() => {" + _FILTERS + _SCRIPT + "})();\n"
