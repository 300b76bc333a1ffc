# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Merges the results of all clusters into the reports, shows the summary, and hands it to set_stats."""
from __future__ import annotations

import shutil
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import REPORT
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.taxonomy import CAUSES
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.plugins.module_utils.results import gate, html_history, notes, redact, store, summary
from ansible_collections.assay.clusters.plugins.module_utils.results.clean import clean_run
from ansible_collections.assay.clusters.plugins.plugin_utils import spelling, terminal


def _stats(runs: list[dict[str, Any]], missing: list[str], paths: dict[str, str], said: list[str]) -> dict[str, Any]:
    """What AWX shows as artefacts: small, flat, without evidence."""
    causes = sorted({r["cause"] for run in runs for r in run["records"] if r["cause"] and not r["consequence_of"]})
    return {"assay": {"verdicts": {run["cluster"]: run["verdict"] for run in runs}, "without_result": missing,
                      "causes": causes, "notes": said, "report": paths.get("html", ""), "results": paths}}


def _show(runs: list[dict[str, Any]], missing: list[str], paths: dict[str, str], said: list[str]) -> None:
    width = min(120, shutil.get_terminal_size((100, 24)).columns)
    terminal.show_lines("\n" + summary.summary(runs, width=width, more=said))
    for cluster in missing:
        terminal.show(f"{cluster}: no result, see the error above", color="red")
    terminal.show_lines(f"\nreport: {paths['html']}")


def _history(given: dict[str, Any]) -> dict[str, Any] | None:
    """What the module history returned, also where its gate failed the task; None for a task of it that told nothing, as it
    failed or was skipped, or is not there.
    """
    if html_history.fits(given):
        return given
    if given and not (given.get("failed") or given.get("skipped")):
        raise store.ResultsError("history: must be what a task of assay.clusters.history returned, as its register variable holds it")
    return None


class ActionModule(ActionBase):
    """Runs once, on the controller."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _valid, args = self.validate_argument_spec(dict(REPORT))
        variables = task_vars or {}
        try:
            # In its role alone: elsewhere it is one task for all clusters, and no cluster's slip takes the others' report away.
            spelling.refuse(variables, {"report"}.intersection(spelling.prefixes("report", variables)))
        except BadInput as e:
            return {**result, "failed": True, "changed": False, "msg": str(e)}
        if self._task.check_mode:
            return {**result, "changed": False, "msg": "no report in check mode"}
        try:
            found = store.load_cluster_runs(args["results_dir"], since=args["since"])
            runs, said = store.of_this_play(found, args["expected"], args["since"])
            runs = [clean_run(r) for r in runs]  # stages alone have no verdict of a run yet
            past = _history(args["history"])
            paths = store.write_reports(
                args["results_dir"], runs, said, past, {c: k.meaning for c, k in CAUSES.items()}) if args["write"] else store.paths(args["results_dir"])
        except store.ResultsError as e:
            return {**result, "failed": True, "msg": redact.redact(str(e))}
        missing = [c for c in args["expected"] if c not in {r["cluster"] for r in runs}]
        if args["show"]:
            _show(runs, missing, paths, said)
        said = [*said, *notes.about_all(runs)]
        verdicts = {r["cluster"]: gate.gate(r, args["allow_inconclusive"], args["allow_skipped"]) for r in runs}
        bad = [message for good, message in verdicts.values() if not good] + [f"{c}: no result" for c in missing]
        if not runs and not missing:
            bad = [f"nothing was proved: no cluster has a result in {args['results_dir']}"]
        result.update(changed=False, paths=paths, missing=missing, notes=said,
                      verdicts={c: good for c, (good, _m) in verdicts.items()},
                      sentences={c: sentence for c, (_g, sentence) in verdicts.items()},
                      ansible_stats={"data": _stats(runs, missing, paths, said), "per_host": False, "aggregate": True})
        if bad and args["gate"]:
            result.update(failed=True, msg="; ".join(bad))
        return result
