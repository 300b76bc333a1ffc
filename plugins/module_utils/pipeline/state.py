# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which stages of a pipeline run on a cluster, and what they hand on: kept in `<results>/pipeline/<cluster>.json`.

The file is what a pipeline that was stopped goes on with, in another process or on another day. It names paths, never
what is in them.
"""
from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..common import names
from ..common.files import write_whole
from ..common.names import nearest
from ..jobs.errors import BadOption, PlatformError
from ..jobs.job import Job
from ..kube.json_text import json_of
from ..results import store
from .guard import arm

# In the order in which they run.
STAGES = ("lease", "revert", "provision", "health", "prepull", "validate", "hook", "revalidate", "report", "dispose",
          "leftovers", "release")
# They run whatever became of the others.
ALWAYS = ("report", "dispose", "leftovers", "release")
FOLDER = "pipeline"
_SKIPPED = "by pipeline_skip"


def check_stages(option: str, given: Iterable[str]) -> None:
    for name in given:
        if name not in STAGES:
            raise BadOption(f"{option}: there is no stage {name!r}; {nearest(name, STAGES)}")


def plan(skip: Iterable[str], start_at: str, unset: Mapping[str, str], done: Iterable[str] = ()) -> dict[str, str]:
    """For every stage why it is left out, "" for those that run, "earlier" for those before start_at that have a record.

    unset: stage -> what is missing in the inventory for it; done: those that began, or were left out, before the pipeline was
    stopped.
    """
    first = STAGES.index(start_at) if start_at else 0
    out = {}
    for place, stage in enumerate(STAGES):
        # whoever goes on needs the lease again, but for giving it back
        again = stage == "lease" and first < STAGES.index("release")
        out[stage] = "earlier" if place < first and stage in done and not again else \
            _SKIPPED if stage in skip else unset[stage] if unset.get(stage) else \
            "" if place >= first or again else "the pipeline was stopped before it"
    return out


class State:
    """What a pipeline keeps of one cluster. The file appears whole or not at all, readable for its owner only."""

    def __init__(self, results_dir: str, cluster: str):
        self.folder = Path(os.path.abspath(os.path.expanduser(results_dir))) / FOLDER
        # one file for each inventory name: what no file name may hold is written as its number
        self.path = self.folder / (re.sub(r"[^A-Za-z0-9._-]|^\.", lambda m: f"%{ord(m[0]):x}", cluster) + ".json")

    def read(self) -> dict[str, Any]:
        """Empty where there is none."""
        try:
            found = json_of(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as e:
            raise PlatformError(f"{self.path}: cannot be read as the state of a pipeline: {e}") from None
        if not isinstance(found, dict) or not isinstance(found.get("values"), dict) or not found.get("run_id"):
            raise PlatformError(f"{self.path}: is not the state of a pipeline")
        return found

    def write(self, state: Mapping[str, Any]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, json.dumps(state, indent=1))
        except OSError as e:
            raise BadOption(f"results_dir: cannot write {self.path}: {e.strerror}") from None


def unfinished(folder: Path) -> list[str]:
    """The clusters in this folder of states whose pipeline did not come to its end."""
    found = []
    for path in sorted(folder.glob("[!.]*.json")):
        try:
            state = json_of(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if not state.get("ended"):
            found.append(str(state.get("cluster", path.stem)))
    return found


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _forget(results_dir: str, cluster: str) -> None:
    """A folder that is used again: nothing of the pipeline before is taken for this one's."""
    try:
        store.forget_pipeline(results_dir, cluster)
    except store.ResultsError as e:
        raise PlatformError(str(e)) from None


def _held(results_dir: str, cluster: str) -> bool:
    """Whether a pipeline that ended kept its cluster or its lease: to go on later, or as it could not give them back."""
    try:
        runs = store.load_cluster_runs(results_dir)
    except store.ResultsError as e:
        raise PlatformError(str(e)) from None
    last = [r for run in runs if run["cluster"] == cluster for r in run["records"]
            if r["domain"] == store.STAGES and r["check"] in ("dispose", "release")]
    return any(r["verdict"] == "failed" or r["verdict"] == "skipped" and r["message"] == _SKIPPED for r in last)


def _begin(params: Mapping[str, Any], state: State, job: Job) -> dict[str, Any]:
    """Nothing is done where an option is wrong."""
    start_at, cluster = params["start_at"], params["cluster"]
    check_stages("pipeline_skip", params["skip"])
    check_stages("pipeline_start_at", [start_at] if start_at else [])
    kept = state.read()
    if start_at and not kept:
        raise BadOption(f"pipeline_start_at: {state.path} is not there, so there is no pipeline of {cluster} to go on with; "
                        "pipeline_results_dir must be the folder of the one that was stopped")
    if start_at and kept.get("ended") and not _held(params["results_dir"], cluster):
        return {**_result(kept, state), "stages": dict.fromkeys(STAGES, "earlier"), "ended": kept["ended"]}
    if kept and not kept.get("ended") and not start_at:
        raise BadOption(f"pipeline_results_dir: {state.folder.parent} holds a pipeline of {cluster} that did not end, begun "
                        f"{kept.get('begun')}; go on with it by pipeline_start_at, or choose another folder")
    stages = plan(params["skip"], start_at, params["unset"], kept.get("done", []))
    check_stages("destructive", params["destructive"])
    wanted = [s for s in params["destructive"] if not stages[s]]
    if wanted and not params["disposable"]:
        raise BadOption(f"{cluster} is not marked as disposable, nothing was done; set cluster_disposable: true in the inventory "
                        f"if {' and '.join(wanted)} may take away what is there, or name them in pipeline_skip")
    if not start_at:
        kept = {"version": 1, "cluster": cluster, "run_id": params["run_id"] or names.new_run_id(), "begun": _now(), "values": {},
                "done": [s for s, why in stages.items() if why]}
    kept["ended"] = ""
    if not job.check_mode:
        if not start_at:
            _forget(params["results_dir"], cluster)
        state.write(kept)
    return {**_result(kept, state), "stages": stages, "ended": ""}


def _result(kept: Mapping[str, Any], state: State) -> dict[str, Any]:
    return {"run_id": kept["run_id"], "values": kept["values"], "path": str(state.path)}


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Module pipeline_state."""
    state = State(params["results_dir"], params["cluster"])
    if params["state"] == "begun":
        return _begin(params, state, job)
    if params["state"] == "guarded":
        return {} if job.check_mode else {"guard": arm(state.folder, job.playbook, job.environ, unfinished)}
    kept = state.read()
    if not kept:
        raise PlatformError(f"{state.path} is not there: no pipeline of {params['cluster']} was begun")
    kept["values"].update(params["values"])
    running = params["values"].get("running")
    if running and running not in kept["done"]:
        kept["done"].append(running)
    if params["state"] == "ended":
        kept["ended"] = _now()
    if not job.check_mode:
        state.write(kept)
    return _result(kept, state)
