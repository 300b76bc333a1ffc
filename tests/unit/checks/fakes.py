# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Context without a cluster: what a check would get, from plain data and small functions."""
from __future__ import annotations

import contextlib
import json
import threading
from types import SimpleNamespace
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import DoesNotApply, Inconclusive, StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.engine.context import Context
from ansible_collections.assay.clusters.plugins.module_utils.engine.fleet import Choice, Fleet
from ansible_collections.assay.clusters.plugins.module_utils.engine.probes import DialAnswer, Probes, ShellAnswer
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.watch import WatchTimeout
from tests.fakes.clock import Clock


class Now:
    """The clock of the test that runs; the modules of checks have it in place of `time` (conftest.py)."""

    clock = Clock()


def api_error(status: int, message: str = "", body: Any = None) -> ApiError:
    return ApiError(kind="http", status=status, reason="", message=message or f"HTTP {status}", method="GET", path="/",
                    headers={}, body=body)


class FakeClient:
    """Answers by path from a dictionary: an object, an exception, or a function of (params). asked: the paths, in order;
    takes: seconds for each "get" and each "patch"."""

    server = "https://api.test:6443"

    def __init__(self, answers: dict[str, Any]):
        self.answers, self.patched, self.raw, self.quiet = answers, [], self, self
        self.asked: list[str] = []
        self.pages: list[str] = []
        self.takes: dict[str, float] = {}
        self.refuse_patch: Exception | None = None

    def get(self, path: str, params: Any = None, with_headers: bool = False, **_more: Any) -> Any:
        self.asked.append(path)
        Now.clock.sleep(self.takes.get("get", 0.0))
        answer = self.answers.get(path, api_error(404, f"{path} not found"))
        if callable(answer):
            answer = answer(params)
        if isinstance(answer, Exception):
            raise answer
        if with_headers:
            return answer, {"Date": "Sat, 21 Nov 2026 01:50:00 GMT"}
        return json.loads(json.dumps(answer))

    def now(self) -> float:
        return Now.clock.time()

    def absent(self, path: str) -> bool:
        try:
            self.get(path)
        except ApiError as e:
            if e.status == 404:
                return True
            raise
        return False

    def list(self, path: str, params: Any = None, strip: Any = None, **_more: Any) -> Any:
        found = self.get(path, params)["items"]
        return SimpleNamespace(items=[strip(i) for i in found] if strip else found, whole=True)

    def create(self, path: str, body: Any, **_more: Any) -> Any:
        answer = self.answers.get(path, api_error(404, f"{path} not found"))
        if isinstance(answer, Exception):
            raise answer
        return answer(body)

    def patch(self, path: str, body: Any, **_more: Any) -> Any:
        Now.clock.sleep(self.takes.get("patch", 0.0))
        refused: Exception | None = self.refuse_patch
        if refused is not None:
            raise refused
        self.patched.append((path, body))
        return {}


class FakeProbe:
    """A probe whose dial and shell are functions of the test."""

    def __init__(self, node: str, ip: str, dial: Any = None, shell: Any = None):
        self.node, self.pod, self.ip = node, f"probe-{node}", ip
        self._dial, self._shell = dial, shell

    def dial(self, host: str, port: int, request: str = "hostname", protocol: str = "http", timeout: float = 5.0,
             tries: int = 1) -> DialAnswer:
        responses, errors = self._dial(self, host, port, protocol, tries)
        return DialAnswer(responses, errors, 0.001)

    def shell(self, command: str, timeout: float = 10.0) -> ShellAnswer:
        got = self._shell(self, command)
        output, error = got if isinstance(got, tuple) else (got, "")
        return ShellAnswer(output, error, 0.01)


class _Abort(threading.Event):
    """Nobody aborts; who waits for it sleeps."""

    def wait(self, timeout: float | None = None) -> bool:
        Now.clock.sleep(timeout or 0.0)
        return False


class _Watch:
    """A shared watch: what `items` of the context holds while the time passes."""

    def __init__(self, ctx: FakeContext, plural: str):
        self._ctx, self.name = ctx, plural

    def items(self) -> dict[Any, Any]:
        return self._ctx.items.get(self.name, {})

    def wait(self, predicate: Any, deadline: float) -> Any:
        while not (found := predicate(self.items())):
            left = deadline - Now.clock.monotonic()
            if left <= 0:
                raise WatchTimeout(self.name, self.items())
            Now.clock.sleep(min(left, 0.5))
        return found


def node(name: str, **labels: str) -> dict[str, Any]:
    """A Ready Linux node."""
    return {"metadata": {"name": name, "labels": {"kubernetes.io/os": "linux", **labels}},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]}}


class NodeWatch:
    """The watch of a fleet: `there` is what there is now, by name."""

    def __init__(self, nodes: list[dict[str, Any]]):
        self.there = {n["metadata"]["name"]: n for n in nodes}

    def items(self) -> dict[Any, Any]:
        return {("", name): n for name, n in self.there.items()}

    def stop(self) -> None:
        """Nothing runs."""


def fleet(nodes: list[dict[str, Any]], choice: Choice | None = None) -> Fleet:
    """The nodes of a run, looked at for the first time; fleet.watch.there may be changed afterwards."""
    watch = NodeWatch(nodes)
    out = Fleet(choice or Choice(), watch)
    out.take(dict(watch.there))
    return out


class FakeContext:
    """Keeps everything that a check says. seconds: how long the check has; waiting is the engine's own.

    nodes: objects of the nodes; by default a Ready one for each probe and each that is missing.
    """

    until, wait, in_parallel, left, _until = (
        Context.until, Context.wait, Context.in_parallel, Context.left, Context._until)

    nonce, namespace, run_id, cluster = "0123456789", "assay-0a0b0c0d", "0a0b0c0d", "test"

    def __init__(self, answers: dict[str, Any] | None = None, probes: list[Any] | None = None,
                 missing: dict[str, str] | None = None, seconds: float = 600.0, nodes: list[dict[str, Any]] | None = None,
                 **options: Any):
        self.client, self.options = FakeClient(answers or {}), options
        found, missing = probes or [], missing or {}
        self.fleet = fleet([node(n) for n in (*(p.node for p in found), *missing)] if nodes is None else nodes)
        self.probes = Probes(found, missing, sorted([*(p.node for p in found), *missing]))
        self.steps: list[str] = []
        self.observed: dict[str, Any] = {}
        self.observations: list[dict[str, Any]] = []
        self.path: list[tuple[str, str, str]] = []
        self.warnings: list[str] = []
        self.measurements: dict[str, float] = {}
        self.items: dict[str, dict[Any, Any]] = {}
        self.created: list[dict[str, Any]] = []
        self.deleted: list[tuple[str, str]] = []
        self.adopted: list[tuple[str, str]] = []
        self.on_create: Any = lambda manifest: manifest
        self.deadline = Now.clock.monotonic() + seconds
        self._shared, self._lock = SimpleNamespace(abort=_Abort()), threading.Lock()

    def image(self, name: str) -> str:
        return f"registry.test/{name}"

    @contextlib.contextmanager
    def step(self, claim: str) -> Any:
        self.steps.append(claim)
        yield

    def expect(self, condition: Any, message: str, **observed: Any) -> None:
        if not condition:
            self.fail(message, **observed)

    def fail(self, message: str, **observed: Any) -> None:
        self.observed.update(observed)
        raise StepFailed(message)

    def inconclusive(self, message: str, **observed: Any) -> None:
        self.observed.update(observed)
        raise Inconclusive(message)

    def skip(self, reason: str, **observed: Any) -> None:
        self.observed.update(observed)
        raise DoesNotApply(reason)

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def observe(self, **values: Any) -> None:
        self.observed.update(values)

    def see(self, kind: str, ok: bool, **more: Any) -> None:
        self.observations.append({"kind": kind, "ok": ok, **more})

    def touches(self, kind: str, name: str, namespace: str = "") -> None:
        self.path.append((kind, namespace, name))

    def measure(self, name: str, value: float, unit: str, threshold: float | None = None) -> None:
        self.measurements[name] = value

    def create(self, manifest: dict[str, Any]) -> dict[str, Any]:
        self.created.append(manifest)
        return self.on_create(manifest)

    def delete(self, kind: str, name: str, wait: bool = True, api_version: str = "v1") -> None:
        self.deleted.append((kind, name))

    def adopt(self, kind: str, name: str, api_version: str = "v1", namespace: str = "") -> dict[str, str]:
        self.adopted.append((kind, name))
        self.touches(kind, name, namespace)
        return {"assay.clusters/run": self.run_id}

    def watch(self, plural: str) -> Any:
        return _Watch(self, plural)

    def seen(self, **wanted: Any) -> list[dict[str, Any]]:
        """The observations with these values."""
        return [o for o in self.observations if all(o.get(k) == v for k, v in wanted.items())]
