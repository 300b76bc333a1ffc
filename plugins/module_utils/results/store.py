# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The results folder: one file per cluster while the clusters run, the reports at the end.

A file appears whole or not at all.
"""
from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..common.files import write_shown
from ..kube.json_text import json_of
from . import notes, text
from .clean import clean_record, clean_run

VERSION = 1
# The domain of records that tell of a pipeline's stage instead of a check.
STAGES = "stages"
# In the results folder of a pipeline, those of the checks before its hook.
BEFORE = "before"
_CLUSTERS = "clusters"
_REPORTS = {"json": "records.json", "junit": "junit.xml", "html": "report.html"}
_STAGE = re.compile(r"[a-z][a-z0-9_]{0,62}")
# Addresses, names and log lines of clusters are for who ran the checks, whatever the umask.
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


class ResultsError(ValueError):
    """The results folder cannot be used; one sentence that names it."""


def _folder(results_dir: str | os.PathLike[str]) -> Path:
    return Path(os.path.abspath(os.path.expanduser(os.fspath(results_dir))))


def journal_folder(results_dir: str | os.PathLike[str]) -> Path:
    """Where the journals of runs go when their clean-up is done: what was made, and that it is gone."""
    return _folder(results_dir) / "journal"


def file_name(cluster: str) -> str:
    """A file name for any inventory name; a changed name gets a digest, so that two clusters never share a file."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", cluster).lstrip(".")[:120]
    if safe != cluster or not safe:
        safe = f"{safe or 'cluster'}-{hashlib.sha256(cluster.encode()).hexdigest()[:8]}"
    return f"{safe}.json"


def check_writable(results_dir: str | os.PathLike[str]) -> None:
    """Raise ResultsError if the folder cannot be made or written to. Creates nothing."""
    folder = _folder(results_dir)
    there = folder
    while not os.path.lexists(there):
        there = there.parent
    if not there.is_dir():
        raise ResultsError(f"results folder {folder}: {there} is not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ResultsError(f"results folder {folder}: {there} is not writable by {_user()}")


def _user() -> str:
    return f"user {os.environ.get('USER') or os.getuid()}"


def _make_folder(folder: Path) -> None:
    """Like mkdir -p, with 0700 for what is new."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    try:
        folder.mkdir()
        folder.chmod(_FOLDER_MODE)
    except FileExistsError:  # another cluster's worker was faster
        if not folder.is_dir():
            raise


def _write(path: Path, content: str) -> None:
    try:
        _make_folder(path.parent)
        write_shown(path, content, _FILE_MODE)
    except OSError as e:
        raise ResultsError(f"results folder {path.parent}: cannot write {path.name}: {e.strerror or e}") from None


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def write_cluster_run(results_dir: str | os.PathLike[str], run: dict[str, Any]) -> str:
    """Store one cluster's run, cleaned; returns the file's path."""
    run = clean_run(run)
    path = _folder(results_dir) / _CLUSTERS / file_name(run["cluster"])
    _write(path, _json(run))
    return str(path)


def _forget(folder: Path, paths: list[Path]) -> None:
    """Remove what is there of these, and with any of them the reports that tell of it."""
    found = [p for p in paths if p.exists()]
    try:
        for old in [*found, *(folder / name for name in _REPORTS.values() if found)]:
            old.unlink(missing_ok=True)
    except OSError as e:
        raise ResultsError(f"results folder {folder}: the results of an earlier run cannot be removed: "
                           f"{e.strerror or e}") from None


def forget_cluster_run(results_dir: str | os.PathLike[str], cluster: str, since: str = "") -> None:
    """What an earlier run of this cluster stored, and the reports of it, tell nothing of the one that begins.

    since: when the play began (ISO 8601). Reports that are older go, too, whichever clusters they tell of.
    """
    folder = _folder(results_dir)
    _forget(folder, [folder / _CLUSTERS / file_name(cluster), *_older_reports(folder, since)])


def _older_reports(folder: Path, since: str) -> list[Path]:
    """records.json, where an earlier play wrote it; what cannot be read is left to whoever writes it anew."""
    path, first = folder / _REPORTS["json"], _moment(since) if since else None
    try:
        created = _moment(json_of(path.read_text(encoding="utf-8")).get("created")) if first else None
    except (OSError, ValueError, AttributeError):
        return []
    return [path] if first and created and created < first else []


def forget_pipeline(results_dir: str | os.PathLike[str], cluster: str) -> None:
    """The same for a pipeline that begins: its stages, and its checks before and after the hook."""
    folder = _folder(results_dir)
    stages = (folder / STAGES / file_name(cluster).removesuffix(".json")).glob("*.json")
    _forget(folder, [folder / _CLUSTERS / file_name(cluster), *stages])
    forget_cluster_run(folder / BEFORE, cluster)


def write_stage(results_dir: str | os.PathLike[str], record: dict[str, Any]) -> str:
    """Store how a stage of a pipeline went, as a record whose check is the stage's name; returns the file's path.

    The record of the same stage of an earlier try is replaced.
    """
    record = clean_record({**record, "domain": STAGES})
    if not _STAGE.fullmatch(record["check"]):
        raise ResultsError(f"stage: must be small letters, digits and '_', and begin with a letter, not {record['check']!r}")
    path = _folder(results_dir) / STAGES / file_name(record["cluster"]).removesuffix(".json") / f"{record['check']}.json"
    _write(path, _json(record))
    return str(path)


def _load(path: Path, what: str, key: str, kind: type) -> dict[str, Any]:
    """A stored object. key: what it must have, of that kind."""
    try:
        found = json_of(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or not isinstance(found.get(key), kind):
            raise ValueError(f"not the {what} of a cluster")
    except (OSError, ValueError) as e:
        raise ResultsError(f"{path}: cannot be read as the {'result' if what == 'run' else what} of a cluster: {e}") from None
    return found


def load_stages(results_dir: str | os.PathLike[str], cluster: str | None = None) -> list[dict[str, Any]]:
    """The records of stages, of one cluster or of all, in the order in which they began."""
    folder = "*" if cluster is None else file_name(cluster).removesuffix(".json")
    found = [_load(p, "stage", "check", str) for p in (_folder(results_dir) / STAGES).glob(f"{folder}/[!.]*.json")]
    return sorted((clean_record(r) for r in found), key=lambda r: (r["cluster"], r["started"], r["check"]))


def _span(records: list[dict[str, Any]]) -> tuple[str, float]:
    """When the first of them began, and the seconds until the last one ended."""
    ends = []
    for record in records:
        try:
            ends.append((datetime.datetime.fromisoformat(record["started"]), record["seconds"]))
        except ValueError:
            continue
    if not ends:
        return "", 0.0
    first = min(begun for begun, _seconds in ends)
    return first.isoformat(), max((begun - first).total_seconds() + seconds for begun, seconds in ends)


def with_stages(run: dict[str, Any], stages: list[dict[str, Any]]) -> dict[str, Any]:
    """The run with the stages around it: their records first, its time theirs."""
    if not stages:
        return run
    started, seconds = _span(stages)
    if (began := _moment(run.get("started"))) and (first := _moment(started)) and began < first:
        started = str(run["started"])  # checks of an earlier day do not become today's by a stage that follows
    return clean_run({**run, "cluster": stages[0]["cluster"], "run_id": run.get("run_id") or stages[0]["run_id"],
                      "started": started, "seconds": round(seconds, 3), "records": [*stages, *(run.get("records") or [])]})


def load_cluster_runs(results_dir: str | os.PathLike[str], stages: bool = True, since: str = "") -> list[dict[str, Any]]:
    """All stored cluster runs in the order of their names, c2 before c10; an empty list where none was stored.

    stages: with the records of their pipelines' stages; then a cluster that has only those is there, too.
    since: when the play began (ISO 8601). Stages of an earlier pipeline are then no part of a run that began since.
    """
    runs = {str(r.get("cluster", "")): r for r in (
        _load(p, "run", "records", list) for p in sorted((_folder(results_dir) / _CLUSTERS).glob("[!.]*.json")))}
    of_stages: dict[str, list[dict[str, Any]]] = {}
    for record in load_stages(results_dir) if stages else ():
        of_stages.setdefault(record["cluster"], []).append(record)
    return [with_stages(run := runs.get(c, {}), _of_run(run, of_stages.get(c, []), since)) for c in sorted({*runs, *of_stages}, key=text.natural)]


def _of_run(run: dict[str, Any], stages: list[dict[str, Any]], since: str) -> list[dict[str, Any]]:
    """The stages without those of an earlier pipeline, where the run itself is not earlier."""
    first, began = _moment(since) if since else None, _moment(run.get("started"))
    if not first or not began or began < first:
        return stages
    return [s for s in stages if (at := _moment(s["started"])) and at >= first]


def _moment(started: Any) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(str(started))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.timezone.utc)


def of_this_play(runs: list[dict[str, Any]], expected: list[str], since: str) -> tuple[list[dict[str, Any]], list[str]]:
    """(the runs that count, a sentence about the others).

    Those of expected clusters count, all where none is named, that began at `since` (ISO 8601) or later, "" for any time.
    """
    first, before, others = _moment(since) if since else None, [], []
    if since and not first:
        raise ResultsError(f"since: must be a time in ISO 8601, such as 2026-01-31T12:00:00+00:00, not {since!r}")
    kept = []
    for run in runs:
        began = _moment(run.get("started"))
        name = str(run.get("cluster", ""))
        if expected and name not in expected:
            others.append(name)
        elif first and not (began and began >= first):
            before.append(f"{name} ({str(run.get('started'))[:19] or 'at no known time'})")
        else:
            kept.append(run)
    found = [f"{text.listing(names, 100)}: {why}, so not in this report" for names, why in (
        (others, "results in this folder of clusters that are not of this run"),
        (before, "the results in this folder are older than this run")) if names]
    return kept, found


def document(runs: list[dict[str, Any]], more: Iterable[str] = ()) -> dict[str, Any]:
    """What records.json holds (docs/schemas/records.schema.json), for clean runs. more: sentences about all of them."""
    created = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    return {"version": VERSION, "created": created, "runs": runs, "notes": [*more, *notes.about_all(runs)]}


def paths(results_dir: str | os.PathLike[str]) -> dict[str, str]:
    """Where the reports of a results folder are: {json, junit, html}."""
    return {kind: str(_folder(results_dir) / name) for kind, name in _REPORTS.items()}


def write_reports(results_dir: str | os.PathLike[str], runs: list[dict[str, Any]], more: Iterable[str] = (),
                  history: Mapping[str, Any] | None = None, meanings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Write records.json, junit.xml and report.html; returns their paths as {json, junit, html}.

    more: sentences about all of the runs. history: what the module history returned, for the page, as meanings of
    causes by their codes are.
    """
    from . import html, junit  # a run that only stores its records needs neither
    folder, runs = _folder(results_dir), [clean_run(r) for r in runs]
    whole = document(runs, more)
    contents = {"json": _json(whole), "junit": junit.junit(runs), "html": html.page(runs, whole["created"], more, history, meanings)}
    for kind, content in contents.items():
        _write(folder / _REPORTS[kind], content)
    return paths(folder)
