# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A store in memory that keeps what was asked and does what a test says, and runs to publish to it."""
from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.arguments.publish import PUBLISH
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.publish import destinations, job as publish_job
from ansible_collections.assay.clusters.plugins.module_utils.stores.prepared import Prepared
from ansible_collections.assay.clusters.plugins.module_utils.stores.store import ABSENT, Conflict
from tests.unit.runs import builders as runs

DAY = 86400
# Of a run that began on the day n after the first.
FIRST = 1735732800  # 2025-01-01T12:00:00Z


class Killed(BaseException):
    """kill -9, as far as one process can play it."""


class Memory:
    """Files of one job by their keys. before, after: called with the number and key of each write, around it."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.about: dict[str, Prepared] = {}
        self.writes: list[str] = []
        self.reads: list[str] = []
        self.before: Callable[[int, str], None] = lambda _n, _key: None
        self.after: Callable[[int, str], None] = lambda _n, _key: None
        self._tags = 0
        self._tag: dict[str, str] = {}

    def at(self, key: str = "") -> str:
        return f"memory://job/{key}".rstrip("/")

    def folders(self) -> list[str]:
        return sorted({k.split("/")[0] for k in self.held if "/" in k})

    def files(self, folder: str) -> dict[str, int]:
        root = f"{folder}/" if folder else ""
        return {k.removeprefix(root): len(v) for k, v in self.held.items() if k.startswith(root)}

    def get(self, key: str) -> tuple[bytes, str] | None:
        self.reads.append(key)
        return (self.held[key], self._tag[key]) if key in self.held else None

    def copy(self, key: str, sink: Callable[[bytes], Any]) -> bool:
        self.reads.append(key)
        content = self.held.get(key)
        for at in range(0, len(content or b""), 7):
            sink(content[at:at + 7])
        return content is not None

    def put(self, key: str, file: Prepared, expect: str | None = None) -> None:
        self.before(len(self.writes), key)
        if expect is not None and self._tag.get(key, ABSENT) != expect:
            raise Conflict(key)
        self.place(key, file.path.read_bytes())
        self.writes.append(key)
        self.about[key] = file
        self.after(len(self.writes), key)

    def place(self, key: str, content: bytes) -> None:
        """As somebody else does it."""
        self._tags += 1
        self.held[key], self._tag[key] = content, str(self._tags)

    def delete(self, key: str) -> None:
        self.held.pop(key, None)
        self._tag.pop(key, None)

    def close(self) -> None:
        pass

    def text(self, key: str) -> str:
        content = self.held[key]
        return (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).decode()

    def json(self, key: str) -> dict[str, Any]:
        return json.loads(self.text(key))


def junit(cases: runs.Cases | None = None, day: int = 0) -> str:
    """Of a run that began on a day."""
    return runs.ginkgo2(cases or runs.GOOD, timestamp=f"2025-01-{day + 1:02d}T12:00:00", properties={"RandomSeed": str(FIRST + day * DAY)})


def e2e(folder: Path, day: int = 0, cases: runs.Cases | None = None, log: str = "") -> Path:
    """A run of conformance tests that began on a day. log: more of its end."""
    return runs.folder(folder, {"e2e.log": runs.new_log(seed=FIRST + day * DAY, klog="") + log, "junit_01.xml": junit(cases, day)})


def checks(folder: Path, **verdicts: str) -> Path:
    """A results folder of `validate`: cluster=verdict of its one check, on the first day."""
    for cluster, verdict in verdicts.items():
        record = {"cluster": cluster, "domain": "dns", "check": "dns", "verdict": verdict, "message": f"DNS {verdict}", "seconds": 2.0}
        run = {"cluster": cluster, "run_id": f"run-{cluster}", "started": "2025-01-01T12:00:00+00:00", "seconds": 9.5,
               "version": "v1.31.4+abc", "server": f"https://{cluster}:6443", "records": [record]}
        runs.folder(folder, {f"clusters/{cluster}.json": run})
    return folder


def options(src: Path | list[str], dest: str = "s3://example-conf/job", **more: Any) -> dict[str, Any]:
    given = {n: s.get("default") for n, s in PUBLISH.items()}
    return {**given, "src": src if isinstance(src, list) else [str(src)], "dest": dest, **more}


def publish(store: Memory, src: Path, check: bool = False, job: Job | None = None, **more: Any) -> dict[str, Any]:
    """The result of the module; all jobs are in one store."""
    opened = destinations.open_store
    destinations.open_store = lambda *_of: store
    try:
        return publish_job.entry(options(src, **more), job or Job(check_mode=check, environ={}))
    finally:
        destinations.open_store = opened


def one(store: Memory, src: Path, **more: Any) -> dict[str, Any]:
    [build] = publish(store, src, **more)["builds"]
    return build


def unfit(held: dict[str, bytes]) -> list[str]:
    """What a reader would stumble over: a build that is finished and lacks a file, or a newest one that is not finished."""
    out = []
    wanted = ("started.json", "build-log.txt", "artifacts/junit_01.xml")
    for build in {k.split("/")[0] for k in held if k.endswith("/finished.json")}:
        out += [f"{build} lacks {name}" for name in wanted if f"{build}/{name}" not in held]
    newest = held.get("latest-build.txt", b"").decode()
    if newest and f"{newest}/finished.json" not in held:
        out.append(f"{newest} is the newest and not finished")
    return out
