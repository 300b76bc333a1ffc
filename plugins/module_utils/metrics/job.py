# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module results_metrics: from its options to its result."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..common.words import plural
from ..jobs.errors import BadOption, PlatformError
from ..jobs.job import Job
from ..jobs.results import of_this_play
from ..results import store
from ..results.clean import clean_run
from . import exposed, push


def _mode(value: Any) -> int:
    text = str(value)
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise BadOption(f"mode: must be three octal digits such as '0644', not {text!r}")
    return int(text, 8)


def _files(path: str, runs: list[dict[str, Any]]) -> dict[str, str]:
    """The texts by their paths: one for all clusters, or one for each."""
    if exposed.PLACE not in path:
        return {path: exposed.text(runs)}
    return {path.replace(exposed.PLACE, store.file_name(r["cluster"]).removesuffix(".json")): exposed.text([r]) for r in runs}


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Files first; a Pushgateway that is away is a warning, unless it must not be."""
    mode = _mode(params["mode"])
    if params["pushgateway"]:
        push.checked(params)
    path = exposed.checked(params["dest"]) if params["dest"] else ""
    exposed.library()  # a package that is missing is told before anything is done
    runs = [clean_run(r) for r in of_this_play(params)]
    files = _files(path, runs) if path and runs else {}
    changed = [path for path, text in files.items() if exposed.differs(path, text)]
    for path in changed if not job.check_mode else ():
        exposed.write(path, files[path], mode)
    pushed, why = push.push(params, runs) if params["pushgateway"] and not job.check_mode else ([], "")
    would = bool(params["pushgateway"] and runs and job.check_mode)
    result = {"changed": bool(changed or pushed or would), "paths": sorted(files), "clusters": [r["cluster"] for r in runs],
              "pushed": pushed}
    if why and params["push_required"]:
        raise PlatformError(why, **result)
    if not runs:
        why = f"results_dir: {params['results_dir']} has no results of these clusters, so there are no new metrics"
    return {**result, "msg": f"metrics of {plural(len(runs), 'cluster')}", **({"warnings": [why]} if why else {})}
