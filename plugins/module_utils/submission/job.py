# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module conformance_submission: from its options to its result."""
from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..common.words import plural
from ..jobs.errors import BadOption, PlatformError
from ..jobs.job import Job
from ..publish import redacted
from ..runs.model import WARNING, Run
from . import collect, evidence, folder, layout, product, readme
from .layout import Place
from .model import PRODUCT, README, errors, is_release, number, weighed
from .review import Review, Rules, review

_VERSION = re.compile(r"v\d+\.\d+(\.\d+)?([+-]\S*)?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# How many of many findings are in the message; all are in the result.
_SHOWN = 5


def _checked(params: Mapping[str, Any]) -> Rules:
    for option in ("server_version", "latest_version"):
        if params[option] and not _VERSION.fullmatch(params[option]):
            raise BadOption(f"{option}: must be a version of Kubernetes, such as v1.35.2, not {params[option]!r}")
    release, name = params["kubernetes_version"], params["product_dir"]
    if release and not is_release(release):
        raise BadOption(f"kubernetes_version: must be a minor release, such as v1.35, not {release!r}")
    if name and not _NAME.fullmatch(name):
        raise BadOption(f"product_dir: must be a short name of letters, digits, dots and dashes, not {name!r}")
    return Rules(params["conformance_yaml"] or "", params["latest_version"], params["server_version"], params["title"])


def _refused(found: Review, told: dict[str, Any], words: str) -> PlatformError:
    wrong = errors(found.findings)
    shown = "; ".join(str(f) for f in wrong[:_SHOWN])
    more = f"; and {len(wrong) - _SHOWN} more in findings" if len(wrong) > _SHOWN else ""
    return PlatformError(f"{found.place.shown} is refused for {plural(len(wrong), 'reason')}{words}: {shown}{more}", **told)


def _sentence(found: Review) -> str:
    needed = found.required
    tests = f", {needed['passed']} of {needed['tests']} required tests passed" if needed else ""
    asked = [f for f in found.findings if f.severity == WARNING]
    more = f"; {plural(len(asked), 'warning')}, such as: {asked[0]}" if asked else ""
    return f"{found.place.shown} is valid{tests}{more}"


def _title(params: Mapping[str, Any], place: Place) -> str:
    return params["title"] or layout.title_for(place)


# ---- validated --------------------------------------------------------------------------------------------------
def validated(params: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    if len(params["src"]) != 1:
        raise BadOption("src: must be the one folder of a submission, with state=validated")
    place = layout.find(params["src"][0])
    found = review(place, rules)
    told = {**found.to_dict(), "title": _title(params, place), "changed": False, "files": []}
    if errors(found.findings):
        raise _refused(found, told, "")
    return {**told, "msg": _sentence(found)}


# ---- present ----------------------------------------------------------------------------------------------------
def _release(params: Mapping[str, Any], run: Run) -> str:
    if params["kubernetes_version"]:
        return params["kubernetes_version"]
    told = run.server_version or params["server_version"]
    if not told:
        raise BadOption("kubernetes_version: is needed, as the run does not tell the version of the API server")
    major, minor = number(told)
    return f"v{major}.{minor}"


def _own_readme(path: str, into: Path) -> None:
    try:
        with Path(path).expanduser().open("rb") as source, into.open("w", encoding="utf-8", newline="") as out:
            redacted.text(source, out.write, binary=False)
    except redacted.NoText:
        raise BadOption(f"readme: {path} is no text") from None
    except OSError as e:
        raise BadOption(f"readme: {path} cannot be read: {e.strerror or e}") from None


def _made(params: Mapping[str, Any], run: Run, place: Place) -> None:
    """All files of the submission, in the folder of place."""
    values = params["product"]
    collect.files(params["src"], run, place.folder)
    (place.folder / PRODUCT).write_text(product.render(values), encoding="utf-8")
    if params["readme"]:
        _own_readme(params["readme"], place.folder / README)
    else:
        text = readme.render(place, values, run, params["steps"], params["test_steps"])
        (place.folder / README).write_text(redacted.redact.redact(text), encoding="utf-8")


def _written(params: Mapping[str, Any], job: Job, made: Place, target: Place, found: Review) -> dict[str, Any]:
    files = folder.changed(made.folder, target)
    out = {**found.to_dict(), "title": _title(params, target), "path": str(target.folder), "changed": bool(files),
           "files": [target.of(n) for n in files], "diff": folder.diff(made.folder, target), "msg": _sentence(found)}
    if files and not job.check_mode:
        folder.write(made.folder, target)
    return out


def present(params: Mapping[str, Any], job: Job, rules: Rules) -> dict[str, Any]:
    """The files are made in a folder apart, read there as a reviewer reads them, and brought to dest if no rule is broken."""
    if not params["readme"] and not any(s.strip() for s in params["steps"]):
        raise BadOption("steps: must say how the cluster is made, for README.md; or name a file of your own by readme")
    run = collect.run_of(params["src"], rules.server)
    rules = Rules(rules.conformance_yaml, rules.latest, rules.server or run.server_version, rules.title)
    target = folder.target(params["dest"], _release(params, run), params["product_dir"])
    folder.of_another(target, params["product"])
    with tempfile.TemporaryDirectory(prefix="submission-") as apart:
        made = Place(Path(apart) / target.release / target.product, target.release, target.product)
        made.folder.mkdir(parents=True)
        _made(params, run, made)
        found = review(made, rules)
        found.findings = weighed([*found.findings, *evidence.of_source(run, found.findings)])
        if errors(found.findings):
            told = {**found.to_dict(), "title": _title(params, target), "files": []}
            raise _refused(found, told, ", so nothing was written")
        return _written(params, job, made, target, found)


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """state present or validated."""
    rules = _checked(params)
    return validated(params, rules) if params["state"] == "validated" else present(params, job, rules)
