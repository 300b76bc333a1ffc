# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leftovers_info: looks at the providers, compares with an earlier inventory, waits until nothing is left."""
from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..jobs.errors import BadOption, Interrupted, PlatformError
from ..jobs.job import Job
from ..jobs.plain import plain
from . import model as words
from .aws import AwsSource
from .cluster import ClusterSource
from .cluster_api import ClusterApiSource
from .model import Source, Thing, Wanted
from .rancher import RancherSource
from .vsphere import VsphereSource

_OPEN: dict[str, Callable[[Mapping[str, Any], Job], Source]] = {
    "aws": lambda params, job: AwsSource(params.get("aws") or {}, job, float(params.get("wait_timeout") or 0)),
    "cluster": ClusterSource,
    "cluster_api": lambda params, job: ClusterApiSource(params.get("cluster_api") or {}, job),
    "vsphere": lambda params, job: VsphereSource(params.get("vsphere") or {}, job),
    "rancher": lambda params, job: RancherSource(params.get("rancher") or {}, job),
}
# What is in the cluster is ours by its labels, so it is left whatever was there before, and there may have been no cluster.
_ALONE = ("cluster",)


def _wanted(params: Mapping[str, Any]) -> Wanted:
    tags = {str(k): "" if v is None else str(v) for k, v in (params.get("tags") or {}).items()}
    wanted = Wanted(params.get("name") or "", params.get("run_id") or "", tags, tuple(params.get("patterns") or ()))
    if set(params["providers"]) - set(_ALONE) and not any(wanted.as_dict().values()):
        raise BadOption("name, run_id, tags, patterns: none is set; one must say what is looked for, patterns: ['*'] is "
                        "everything")
    return wanted


@contextlib.contextmanager
def _sources(params: Mapping[str, Any], job: Job) -> Iterator[list[Source]]:
    with contextlib.ExitStack() as stack:
        made = []
        for name in dict.fromkeys(params["providers"]):
            made.append(_OPEN[name](params, job))
            stack.callback(made[-1].close)
        yield made


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """What the module returns."""
    params = plain(params)
    if not params["providers"]:
        raise BadOption(f"providers: is empty; choose of {', '.join(_OPEN)}")
    wanted = _wanted(params)
    before = words.earlier(params["before"]) if params.get("before") not in (None, "") else None
    with _sources(params, job) as sources:
        places = {s.name: s.place for s in sources}
        if before is not None:
            words.check_comparable(before, places, wanted, _ALONE)
        job.limit(params["wait_timeout"] if params["wait"] else 0.0)
        while True:
            found = [t for s in sources for t in s.look(wanted)]
            result = _result(found, before, places, wanted, [k for s in sources for k in getattr(s, "skipped", ())])
            # what may not be listed does not get better by waiting, and what was not in time has waited
            if not [i for i in result["leftovers"] if i["id"]] or job.left() <= 0:
                break
            job.tell(f"waiting, {result['msg']}")
            try:
                job.pause(params["wait_sleep"], "what is left to go")
            except Interrupted:
                break
    if params["fail_on_leftovers"] and result["leftovers"]:
        raise PlatformError(result.pop("msg"), **result)
    return result


def _result(found: list[Thing], before: Mapping[str, Any] | None, places: Mapping[str, str], wanted: Wanted,
            skipped: list[str]) -> dict[str, Any]:
    now = time.time()
    left, gone = words.compare(found, before, places)
    shown = [words.shown(t, now, before["taken"] if before else "") for t in left]
    return {"msg": words.sentence(shown, skipped), "leftovers": shown, "lines": [words.line(i) for i in shown], "gone": gone,
            "clean": not shown, "inventory": words.inventory(found, places, wanted, now)}
