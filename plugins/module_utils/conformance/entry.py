# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module conformance: from its options to its result."""
from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..common import names
from ..common.words import plural
from ..jobs import access
from ..jobs.errors import BadOption, Interrupted, PlatformError
from ..jobs.job import Job
from ..kube import greeting
from ..kube.errors import ApiError, BadInput
from . import manifests, result, rounds, wanted
from .beside import Beside
from .space import Space
from .wanted import Wanted


def _plan(params: Mapping[str, Any], tests: Wanted, job: Job) -> dict[str, Any]:
    """What would be made; nothing is."""
    with access.connected(params, job) as client:
        version = greeting.version_of(client)
        image = wanted.image(params, version)
    if params["state"] == "absent":
        return {"changed": True, "msg": f"run {params['run_id']} would be removed"}
    space = f"assay-conformance-{params['run_id'] or 'ID'}"
    objects = [f"Namespace {space}", f"ServiceAccount {space}/{manifests.ACCOUNT}",
               f"ClusterRoleBinding {space} (cluster-admin)", f"Pod {space}/{manifests.POD}"]
    return {"changed": False, "msg": f"the tests of {image} would run", "version": version, "image": image, "plan": {
        "image": image, "output_image": output_image(params), "objects": objects,
        "environment": wanted.environment(tests, version, "repo-list.yaml" if tests.test_repo_list else "")}}


def output_image(params: Mapping[str, Any]) -> str:
    return wanted.mirrored(params["output_image"], params["image_registry"])


def conformance(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Run the tests, go on with a run, or remove one. PlatformError with the same details where a test failed."""
    wanted.check(params)
    tests = wanted.tests_of(params)
    if params["state"] == "present" and not params["results_dir"]:
        raise BadOption("results_dir: is needed, as the log and the reports of the tests are written there")
    if job.check_mode:
        return _plan(params, tests, job)
    run_id = params["run_id"] or names.new_run_id()
    folder = Path(params["results_dir"] or ".").expanduser() / run_id
    beside = Beside(params, job)
    if params["state"] == "present" and (before := result.finished(folder)):
        return result.told(before)
    job.limit(params["timeout"])
    connection = access.connection(params, job)
    with access.spoken(connection.server):
        try:
            space = Space(connection, run_id, params["journal_dir"], params["timeout"])
            try:
                if params["state"] == "absent":
                    return _absent(space, params)
                return _present(space, params, tests, folder, beside, job)
            finally:
                space.close()
        finally:
            connection.close()


def _absent(space: Space, params: Mapping[str, Any]) -> dict[str, Any]:
    """Remove a run; one that is not there is removed already."""
    if space.found is None:
        return {"changed": False, "run_id": space.run_id, "leaked": [], "leftovers": [],
                "msg": f"there is no run {space.run_id} in the cluster"}
    parallel = space.begun_with().get("parallel")
    leaked, left = space.remove(params["cleanup_timeout"], set(), (parallel if isinstance(parallel, int) else 1) + params["rerun_failed"])
    out = {"changed": True, "run_id": space.run_id, "leaked": leaked, "leftovers": left}
    if left:
        raise PlatformError(f"run {space.run_id} is not wholly removed: {'; '.join(left)}", **out)
    besides = f", with {plural(len(leaked), 'namespace')} of tests" if leaked else ""
    return {**out, "msg": f"run {space.run_id} is removed{besides}"}


def _same(space: Space, tests: Wanted) -> None:
    """A run is gone on with as it was begun. BadOption for an option that is another now."""
    begun = space.begun_with()
    for name, value in tests.to_dict().items():
        if name in begun and begun[name] != value:
            raise BadOption(f"{name}: run {space.run_id} was begun with {begun[name]!r}, so it cannot go on with {value!r}; "
                            "give what it was begun with, or another run_id")


def _begin(space: Space, tests: Wanted, folder: Path) -> None:
    """Refuse what would disturb others, or cannot be gone on with."""
    if space.found is not None:
        return _same(space, tests)
    if others := space.others():
        raise PlatformError(f"run {others[0]} of the conformance tests is in this cluster, and two disturb each other; give "
                            f"run_id {others[0]} to go on with it, or remove it with state absent")
    if folder.exists() and any(folder.iterdir()):
        raise PlatformError(f"run {space.run_id} is not in the cluster any more, and {folder} holds a part of its results; "
                            "begin with another run_id")
    return None


def _present(space: Space, params: Mapping[str, Any], tests: Wanted, folder: Path, beside: Beside, job: Job) -> dict[str, Any]:
    version = greeting.version_of(space.raw)
    image = wanted.image(params, version)
    resumed = space.found is not None
    _begin(space, tests, folder)
    folder.mkdir(parents=True, exist_ok=True)
    job.tell(f"run {space.run_id} of {image} " + ("goes on" if resumed else "begins") + f"; results in {folder}")
    started = time.monotonic()
    run = rounds.Rounds(space, params, tests, version, image, output_image(params), folder, beside, job)
    error: PlatformError | None = None
    try:
        space.make(tests)
        run.go()
    except Interrupted:
        raise
    except PlatformError as e:
        error = e
    except (ApiError, BadInput) as e:
        error = PlatformError(str(e))
    leaked, left = space.remove(params["cleanup_timeout"], run.e2e_runs, tests.parallel + params["rerun_failed"])
    out = {"run_id": space.run_id, "resumed": resumed, "version": version, "image": image, "folder": str(folder),
           "whole": tests.whole, "seconds": round(time.monotonic() - started, 3), "leaked": leaked, "leftovers": left,
           "diagnosis": [s.to_dict() for s in beside.seen]}
    if error is not None:
        raise PlatformError(str(error), **{**error.details, **out})
    return result.told(result.kept(folder, result.of(run, out, params)))
