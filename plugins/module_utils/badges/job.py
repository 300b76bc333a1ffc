# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module results_badges: from its options to its result."""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..jobs.job import Job
from ..jobs.results import of_this_play
from ..results import store
from ..results.clean import clean_run
from ..results.html_parts import moment, words
from ..results.record import PASSED, worst
from ..testgrid import files
from . import svg


def said(verdicts: Sequence[str]) -> tuple[str, str]:
    """(What a badge says, the verdict that it is of)."""
    verdict = worst(list(verdicts))
    count = sum(v == verdict for v in verdicts)
    return (verdict if verdict == PASSED or count == len(verdicts) else f"{count} of {len(verdicts)} {verdict}"), verdict


def _badge(label: str, records: Sequence[Mapping[str, Any]], began: str) -> str:
    what, verdict = said([r["verdict"] for r in records])
    return svg.badge(label, what, verdict, moment(began))


def _by_domain(records: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        found.setdefault(record["domain"] or "checks", []).append(record)
    return found


def badges(runs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The texts by their paths: of each cluster, of each domain on it, and of each domain on all clusters."""
    found, everywhere = {}, []
    for run in runs:
        name = store.file_name(run["cluster"]).removesuffix(".json")
        found[f"clusters/{name}.svg"] = _badge(run["cluster"], run["records"], run["started"])
        for domain, records in _by_domain(run["records"]).items():
            found[f"clusters/{name}/{_file(domain)}"] = _badge(words(domain), records, run["started"])
        everywhere += run["records"]
    last = max((r["started"] for r in runs), default="")
    return found | {f"domains/{_file(d)}": _badge(words(d), records, last) for d, records in _by_domain(everywhere).items()}


def _file(domain: str) -> str:
    return f"{store.file_name(domain).removesuffix('.json')}.svg"


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    folder = files.folder(params, "dest", there=False)
    after = badges([clean_run(r) for r in of_this_play(params)])
    before = {name: text for name in after if (text := svg.there(folder / name, "dest")) is not None}
    changed = files.changed(before, after)
    if changed and not job.check_mode:
        files.write(folder, "dest", before, after)
    return {"changed": bool(changed), "paths": [os.path.join(folder, n) for n in sorted(after)], "files": changed}
