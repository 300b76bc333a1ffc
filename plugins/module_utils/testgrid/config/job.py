# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module testgrid_config: from its options to its result."""
from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...common.words import plural
from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from .. import files
from . import generate, located, merge, validate
from .load import Configuration, merged, texts
from .located import Problem

# How many of many problems are in the message; all are in the result.
_SHOWN = 5


def _configuration(params: Mapping[str, Any], folder: Path, found: Mapping[str, str]) -> Configuration:
    """The configuration with its defaults, which may be in a file elsewhere."""
    if not params.get("default_file"):
        return merged(found)
    path = Path(os.path.abspath(os.path.expanduser(params["default_file"])))
    name = os.path.relpath(path, folder)
    if name in found:
        return merged(found, name)
    text, wrong = located.read(path, str(path))
    if wrong:
        raise BadOption(f"default_file: {wrong[0]}")
    return merged({**found, name: text}, name)


def _told(config: Configuration, problems: list[Problem]) -> dict[str, Any]:
    return {"test_groups": [g.get("name", "") for g in config.test_groups],
            "dashboards": {d.get("name", ""): [t.get("name", "") for t in d.get("dashboard_tab", ())]
                           for d in config.dashboards},
            "dashboard_groups": {g.get("name", ""): list(g.get("dashboard_names", ())) for g in config.dashboard_groups},
            "errors": [{"file": p.file, "line": p.line, "message": p.message} for p in problems]}


def _refused(problems: list[Problem], told: dict[str, Any], words: str) -> PlatformError:
    shown = "; ".join(str(p) for p in problems[:_SHOWN])
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return PlatformError(f"{plural(len(problems), 'error')} in the configuration{words}: {shown}{more}", **told)


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """state validated, present or absent."""
    state = params["state"]
    folder = files.folder(params, "config_dir", there=state == "validated")
    own = os.path.normpath(params["file"])
    if own.startswith("..") or os.path.isabs(own) or not own.endswith((".yaml", ".yml")):
        raise BadOption(f"file: must be a name below config_dir that ends in .yaml or .yml, not {params['file']!r}")
    before, unread = texts(folder)
    if unread and state != "validated":
        raise PlatformError(str(unread[0]))
    if state == "present":
        after = merge.apply(before, own, generate.generate(params))
    else:
        after = merge.taken_out(before, own) if state == "absent" else before
    config = _configuration(params, folder, after)
    problems = [] if state == "absent" else sorted({*unread, *validate.problems(config, params["kubernetes_rules"])})
    told = _told(config, problems)
    if problems:
        raise _refused(problems, told, ", so nothing was written" if state == "present" else "")
    changed = files.changed(before, after)
    if changed and not job.check_mode:
        files.write(folder, "config_dir", before, after)
    return {"changed": bool(changed), "files": changed, "diff": files.diff(before, after), **told}
