# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a build holds: from a run, and the files that tell of it, to files made ready to leave."""
from __future__ import annotations

import json
import xml.etree.ElementTree as ET
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ..common.words import plural
from ..jobs.errors import BadOption, PlatformError
from ..results import html, junit, redact, store, summary
from ..results.clean import clean_run
from ..runs import documents as read_documents
from ..runs.limits import Limited, TooMuch
from ..runs.model import SKIPPED, VALIDATE, Run
from ..runs.xml import XmlError
from ..stores.prepared import Prepared, Work, prepare
from . import documents, redacted, sources

LOG, ARTIFACTS = "build-log.txt", "artifacts"
# TestGrid takes a larger JUnit file for a broken one.
_LARGEST = 100_000_000
_BROKEN = (XmlError, TooMuch, EOFError, zlib.error, OSError)


@dataclass
class Content:
    """What is published of a run. started, finished: documents; files: the log first, then artifacts by their names."""

    run: Run
    at: int
    started: Prepared
    finished: Prepared
    files: list[Prepared]
    fingerprint: str
    notes: list[str] = field(default_factory=list)


def _junit_name(name: str) -> str:
    """As TestGrid and Spyglass find it."""
    return name if name.startswith("junit") else f"junit_{name}"


def _names(run: Run) -> dict[str, str]:
    """Where each file of a run goes, by its path. Of equal names each has its folder's name before it, and a number at need."""
    log = (run.build.log if run.build else "") or next((s.path for s in run.sources if s.kind == "log"), "")
    out = {log: LOG} if log else {}
    names = {s.path: PurePosixPath(s.path).name.removesuffix(".gz") for s in run.sources
             if s.path != log and s.kind not in ("finished", "records")}
    of_junit = {s.path for s in run.sources if s.kind == "junit"}
    others = {p: _junit_name(n) if p in of_junit else n for p, n in names.items()}
    many = Counter(others.values())
    taken: set[str] = set()
    for path, name in sorted(others.items()):
        folder = PurePosixPath(path).parent.name
        key = wanted = f"{ARTIFACTS}/{folder}/{name}" if many[name] > 1 and folder else f"{ARTIFACTS}/{name}"
        number = 1
        while key in taken:
            number += 1
            key = f"{PurePosixPath(wanted).parent}/{number}/{name}"
        taken.add(key)
        out[path] = key
    return out


def _cases(run: Run) -> str:
    """JUnit of what is known of cases where no file has any."""
    suite = ET.Element("testsuite", name=run.name or "tests", tests=str(len(run.cases)))
    for case in run.cases:
        node = ET.SubElement(suite, "testcase", name=case.written or case.name, classname=case.classname,
                             time=f"{case.seconds:.3f}")
        if case.bad:
            ET.SubElement(node, "failure", message=case.message).text = case.text
        elif case.outcome == SKIPPED:
            ET.SubElement(node, "skipped", message=case.message or "skipped")
    clean = redact.redact
    for node in suite.iter():
        node.attrib.update({k: clean(v) for k, v in node.attrib.items()})
        node.text = clean(node.text) if node.text else None
    ET.indent(suite)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suite, encoding="unicode")}\n'


def _said(run: Run) -> str:
    """A log for a run that has none."""
    bad = [f"{c.outcome}: {c.full_name}" for c in run.cases if c.bad]
    counts = run.counts
    told = (f"There is no log of this run. It is {run.verdict} by {run.verdict_source or 'nothing'}: "
            f"{plural(counts.ran, 'test')} ran, {counts.passed} passed, {counts.bad} did not, {counts.skipped} skipped.")
    lines = [told, *bad,
             *(f"{f.severity}: {f.message}" for f in run.findings)]
    return redact.redact("\n".join(lines)) + "\n"


class Making:
    """The files of one run, in the work folder."""

    def __init__(self, run: Run, source: Sequence[str], work: Work, compress: bool) -> None:
        self._run, self._source, self._work, self._compress = run, source, work, compress
        self.files: dict[str, Prepared] = {}
        self.notes: list[str] = []

    def text(self, key: str, text: str) -> None:
        self.files[key] = self._work.text(key, text, self._compress)

    def _stream(self, key: str, stream: Limited) -> None:
        path = self._work.path()
        try:
            if key.endswith(".xml"):
                redacted.document(stream, path)
            else:
                with path.open("w", encoding="utf-8", newline="") as out:
                    redacted.text(stream, out.write)
        except _BROKEN as e:
            self._broken(key, path, e)
            return
        self.files[key] = prepare(key, path, self._compress)
        if key.endswith(".xml") and path.stat().st_size > _LARGEST:
            self.notes.append(f"{key} has more than {_LARGEST // 1_000_000} MB, which TestGrid does not read")

    def _broken(self, key: str, path: Path, error: Exception) -> None:
        """XML that cannot be read cannot be searched for secrets by its elements. Of a log goes what came before its end."""
        why = str(error) or type(error).__name__
        self.notes.append(f"{key} {why}")
        if key.endswith(".xml"):
            self.text(f"{key}.broken.txt", f"{key} {why}. It is not published.\n")
        else:
            with path.open("a", encoding="utf-8") as out:
                out.write(f"\n[{PurePosixPath(key).name} {why}]\n")
            self.files[key] = prepare(key, path, self._compress)

    def tests(self) -> None:
        """Of e2e logs, JUnit, Sonobuoy, Prow."""
        names = _names(self._run)
        for path, stream in sources.files(self._source, set(names)):
            self._stream(names[path], stream)
        if LOG not in self.files:
            self.text(LOG, _said(self._run))
        if self._run.cases and not any(s.kind == "junit" for s in self._run.sources):
            self.text(f"{ARTIFACTS}/junit_cases.xml", _cases(self._run))

    def checks(self, at: str) -> None:
        """Of our own checks, whose reports are written for this cluster alone."""
        data = self._stored()
        self.text(LOG, summary.summary([data], width=120) + "\n")
        self.text(f"{ARTIFACTS}/junit.xml", junit.junit([data]))
        whole = {"version": store.VERSION, "created": at, "runs": [data], "notes": []}
        self.text(f"{ARTIFACTS}/records.json", json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
        self.text(f"{ARTIFACTS}/report.html", html.page([data], at))

    def _stored(self) -> dict[str, Any]:
        path = self._run.sources[0].path
        for _path, stream in sources.files(self._source, {path}):
            document = read_documents.parse(path, stream)
            for found in read_documents.checked(document):
                if found.cluster == self._run.cluster:
                    return clean_run(found.data)
        raise PlatformError(f"src: {path} has changed while it was read")

    def more(self, artifacts: Sequence[str]) -> None:
        """Files that a user adds."""
        for given in artifacts:
            key = f"{ARTIFACTS}/{PurePosixPath(given).name}"
            if key in self.files:
                raise BadOption(f"artifacts: {given} would take the place of {key}, which the run has already; give it another "
                                "name")
            path = self._work.path()
            try:
                with open(given, "rb") as raw, path.open("w", encoding="utf-8", newline="") as out:
                    redacted.text(raw, out.write, binary=False)
            except redacted.NoText:
                raise BadOption(f"artifacts: {given} is no text, so that secrets cannot be looked for in it") from None
            except OSError as e:
                raise BadOption(f"artifacts: {given} cannot be read: {e.strerror or e}") from None
            self.files[key] = prepare(key, path, self._compress)


def _times(run: Run, params: Mapping[str, Any]) -> tuple[int, int, list[str]]:
    """(start, end, what is to be said of them) in epoch seconds."""
    notes = []
    given = {n: read_documents.moment(_number(params.get(n))) for n in ("started", "finished")}
    for name, moment in given.items():
        if params.get(name) and not moment:
            raise BadOption(f"{name}: must be a time in ISO 8601, such as 2026-01-31T12:00:00+00:00, or in seconds since 1970, "
                            f"not {params[name]!r}")
    begun = int(given["started"].timestamp()) if given["started"] else run.started.epoch if run.started else 0
    if not begun:
        raise BadOption("started: nothing in src tells when the run began; set started, in ISO 8601 or in seconds since 1970")
    ended = int(given["finished"].timestamp()) if given["finished"] else run.finished.epoch if run.finished else 0
    if given["started"] and not given["finished"] and run.seconds is not None:
        ended = begun + int(run.seconds)
    if not ended:
        ended = begun
        notes.append("nothing in src tells when the run ended; it is published as if it had at its start, unless finished "
                     "says otherwise")
    if ended < begun:
        raise BadOption(f"finished: the run would end {begun - ended} s before it begins")
    return begun, ended, notes


def _number(value: Any) -> Any:
    """Seconds since 1970, where a text is a number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def make(run: Run, params: Mapping[str, Any], work: Work, compress: bool) -> Content:
    """params: src, artifacts, started, finished, and what the documents take."""
    begun, ended, notes = _times(run, params)
    making = Making(run, params["src"], work, compress)
    if run.kind == VALIDATE:
        making.checks(read_documents.moment(ended).isoformat(timespec="seconds"))
    else:
        making.tests()
    making.more(params.get("artifacts") or [])
    files = [making.files.pop(LOG), *(making.files[k] for k in sorted(making.files))]
    began = work.text("started.json", documents.as_json(documents.started(run, begun, params)))
    end = work.text("finished.json", documents.as_json(documents.finished(run, ended, params)))
    return Content(run, begun, began, end, files, documents.fingerprint(run), notes + making.notes)
