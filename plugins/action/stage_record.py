# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes how a stage of a pipeline went into the results folder, where the reports find it beside the checks."""
from __future__ import annotations

import datetime
import re
import time
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.assay.clusters.plugins.module_utils.arguments.flow import STAGE
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.taxonomy import CAUSES
from ansible_collections.assay.clusters.plugins.module_utils.results import causes, gate, redact, store, summary, text
from ansible_collections.assay.clusters.plugins.module_utils.results.clean import clean_record, clean_run
from ansible_collections.assay.clusters.plugins.module_utils.results.record import FAILED, PASSED, WARNED
from ansible_collections.assay.clusters.plugins.plugin_utils import terminal

_FAILED = "stage.failed"
# As the schema of records.json has it.
_CAUSE = re.compile(r"([a-z0-9]+(?:\.[a-z0-9-]+)?)(?:\(.*\))?")
# Lines of a failure's text that become evidence where none is given.
_LINES = 20


def of_checks(results_dir: str, cluster: str, allow_inconclusive: bool, allow_skipped: bool) -> dict[str, Any]:
    """What the run of checks of this cluster says: verdict, sentence, and the cause that it follows from."""
    found = [clean_run(r) for r in store.load_cluster_runs(results_dir, stages=False) if r["cluster"] == cluster]
    if not found:
        return {"verdict": FAILED, "message": f"{cluster}: no check was run"}
    good, message = gate.gate(found[0], allow_inconclusive, allow_skipped)
    roots = [g for g in causes.group_causes(found) if g.code != causes.UNKNOWN]
    follows = {"cause": roots[0].code, "consequence_of": roots[0].code, "scope": roots[0].scope,
               "evidence": roots[0].evidence} if roots and not good else {}
    warned = found[0]["counts"][WARNED] or any(r["known"] for r in found[0]["records"])
    verdict = FAILED if not good else WARNED if warned else PASSED
    return {"verdict": verdict, "message": message.removeprefix(f"{cluster}: "), **follows}


def times(args: dict[str, Any], now: float) -> dict[str, Any]:
    """started and seconds of a record, from what is given of them."""
    seconds = args["seconds"] if args["seconds"] is not None else now - args["started"] if args["started"] else 0.0
    begun = args["started"] or now - max(0.0, seconds)
    moment = datetime.datetime.fromtimestamp(begun, datetime.timezone.utc).isoformat(timespec="milliseconds")
    return {"started": moment, "seconds": round(max(0.0, seconds), 3)}


def told(args: dict[str, Any]) -> dict[str, Any]:
    """Verdict, message, cause and evidence as the task gives them; a failure always has a cause."""
    out = {n: args[n] for n in ("scope", "evidence", "leftovers", "measurements", "run_id")}
    if args["verdict"]:
        out["verdict"] = args["verdict"]
    first, *more = args["msg"].strip().splitlines() or [""]
    out["message"] = text.shorten(first, 400)
    out["evidence"] = (args["evidence"] or more)[:_LINES]
    return {**out, **({"cause": args["cause"]} if args["cause"] else {})}


def explained(record: dict[str, Any]) -> dict[str, Any]:
    """With the layer and the remedy of its cause; a failure without one has the stage as its cause."""
    if record["verdict"] == FAILED and not record.get("cause"):
        record["cause"] = f"{_FAILED}({record['check']})"
    found = _CAUSE.fullmatch(record.get("cause", ""))
    if record.get("cause") and not found:
        raise AnsibleActionFail(f"cause: must be a code like node.clock, with small letters, not {record['cause']!r}")
    known = CAUSES.get(found[1]) if found else None
    if known:
        record.update(layer=known.layer, remedy=known.remedy)
    return record


class ActionModule(ActionBase):
    """On the controller, for one cluster."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _valid, args = self.validate_argument_spec(dict(STAGE))
        cluster = args["cluster"] or str((task_vars or {}).get("inventory_hostname", "localhost"))
        if not args["verdict"] and not args["of_checks"]:
            raise AnsibleActionFail("verdict: is missing; say it, or set of_checks to take it from the checks of this cluster")
        try:
            checks = of_checks(args["checks_dir"] or args["results_dir"], cluster, args["allow_inconclusive"],
                               args["allow_skipped"]) if args["of_checks"] else {}
            given = {n: v for n, v in told(args).items() if v or n not in checks}
            record = explained({"cluster": cluster, "domain": store.STAGES, "check": args["stage"],
                                **times(args, time.time()), **checks, **given})
            record = clean_record(record, cluster)
            path = "" if self._task.check_mode else store.write_stage(args["results_dir"], record)
        except store.ResultsError as e:
            return {**result, "failed": True, "msg": redact.redact(str(e))}
        terminal.show(summary.line(cluster, record), color=summary.colours.get(record["verdict"]))
        return {**result, "changed": False, "record": record, "path": path}
