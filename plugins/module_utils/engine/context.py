# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a check is handed: the cluster, the shared fixtures, and a place to say what it saw."""
from __future__ import annotations

import contextlib
import copy
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ..common import names
from ..diagnosis.finding import Finding
from ..kube.client import Client
from ..kube.errors import ApiError
from ..kube.kinds import path_of
from ..kube.patient import PatientClient, passing
from ..kube.watch import Watch, WatchTimeout
from .declared import Declared
from .errors import DoesNotApply, Inconclusive, StepFailed
from .fixtures import Fixtures, Once
from .fleet import Fleet
from .probes import Probes


@dataclass(frozen=True)
class Shared:
    """What the checks of one run have in common. lives: seconds after which pods end by themselves, 0 for never."""

    cluster: str
    run_id: str
    client: Client
    fixtures: Fixtures
    fleet: Once
    probes: Once
    images: dict[str, str]
    image_registry: str
    abort: threading.Event = field(default_factory=threading.Event)
    lives: float = 0.0


class Context:
    """One check's view of the run. All waiting is bounded by `deadline` (time.monotonic seconds)."""

    def __init__(self, check: Declared, options: dict[str, Any], shared: Shared, deadline: float):
        self.check, self.options, self.deadline = check, options, deadline
        self.cluster, self.run_id, self.nonce = shared.cluster, shared.run_id, names.nonce()
        self.finding = Finding(check.name, check.domain, "")
        self.measurements: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self._touched: set[tuple[str, str, str]] = set()
        # How many of the questions of the last in_parallel are answered, and how many there are.
        self.progress = 0, 0
        self._shared = shared
        self._lock = threading.Lock()
        # A check of the API server itself must see its failures at once.
        patience = {} if check.needs_cluster else {"patience": 0.0}
        # Seconds that were waited for what all checks share: not this one's own time.
        self.waited, self._waits = 0.0, False
        self.client = PatientClient(shared.client, lambda: self.deadline, self._note_error, abort=shared.abort,
                                    **patience)

    def given_up(self) -> Context:
        """The same as it stands now: whatever the check's thread does from here on changes nothing of it."""
        with self._lock:
            other = copy.copy(self)
            other.finding, other.measurements = copy.deepcopy(self.finding), list(self.measurements)
        return other

    # ---- shared things ----------------------------------------------------------------------------------------
    @property
    def namespace(self) -> str:
        """The name of the run's namespace, which is made when it is first asked for."""
        return self._shared.fixtures.namespace()

    def _of_all(self, make: Once) -> Any:
        """A shared thing; the check's clock stands still while it is made."""
        if make.made:
            return make()
        start, limit = time.monotonic(), self._shared.fixtures.deadline
        self._waits = True
        try:
            return make()
        finally:
            seconds = time.monotonic() - start
            self.waited += seconds
            self.deadline = min(limit, self.deadline + seconds)
            self._waits = False

    @property
    def fleet(self) -> Fleet:
        """The nodes: which there are now, which are asked, which are left out and why."""
        return self._of_all(self._shared.fleet)

    @property
    def probes(self) -> Probes:
        """One pod of ours on each node that is asked, made when they are first asked for."""
        return self._of_all(self._shared.probes).bound(self.client.persist)

    def image(self, name: str) -> str:
        """The reference of an image by its logical name, as the user's mirror has it."""
        return names.image(name, self._shared.images, self._shared.image_registry)

    def create(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Make an object of ours in the run namespace; journaled, labelled, and gone after the run.

        A pod ends by itself at last, should nobody be left who removes it: some serve, with a shell.
        """
        if manifest["kind"] == "Pod" and self._shared.lives:
            manifest = {**manifest, "spec": {"activeDeadlineSeconds": int(self._shared.lives), **manifest["spec"]}}
        made = self._shared.fixtures.create(manifest, self.client)
        self.touches(manifest["kind"], manifest["metadata"]["name"], made["metadata"].get("namespace", ""))
        return made

    def privileged_namespace(self) -> str:
        """A namespace of ours whose pods may be privileged, for checks that an option allows that; gone after the run."""
        return self._shared.fixtures.privileged()

    def create_in(self, namespace: str, manifest: dict[str, Any]) -> dict[str, Any]:
        """Make an object in another namespace of ours, with whose end it goes."""
        return self._shared.fixtures.create(manifest, self.client, namespace)

    def adopt(self, kind: str, name: str, api_version: str = "v1", namespace: str = "") -> dict[str, str]:
        """Journal an object that the cluster makes for one of ours; the labels by which it is found again.

        namespace: empty for one that lies in none.
        """
        self._shared.fixtures.journal.intend(kind, name, namespace, api_version)
        self.touches(kind, name, namespace)
        return dict(self._shared.fixtures.labels)

    def delete(self, kind: str, name: str, wait: bool = True, api_version: str = "v1") -> None:
        """Delete an object of ours in the run namespace; with wait, until it is gone (else StepFailed)."""
        path = path_of(api_version, kind, self.namespace, name)
        try:
            self.client.delete(path)
        except ApiError as e:
            if e.status != 404:
                raise
        if wait:
            self.until(lambda: self._absent(path), f"{kind} {name} gone", every=0.5)
            self._shared.fixtures.journal.gone(kind, name, self.namespace)

    def _absent(self, path: str) -> bool:
        try:
            self._shared.client.get(path, timeout=max(0.5, min(10.0, self.left())))
        except ApiError as e:
            if e.status == 404:
                return True
            raise
        return False

    def watch(self, plural: str) -> Watch:
        """The shared watch of a kind of objects in the run namespace, or of nodes."""
        return self._shared.fixtures.watch(plural)

    # ---- saying what is claimed and seen ----------------------------------------------------------------------
    @contextlib.contextmanager
    def step(self, claim: str) -> Iterator[None]:
        """The claim that the code inside proves; the first one that is not met names the failure."""
        self.finding.step = claim
        yield
        self.finding.step = ""

    def fail(self, message: str, **observed: Any) -> NoReturn:
        """The claim is not met."""
        self.observe(**observed)
        raise StepFailed(message)

    def expect(self, condition: Any, message: str, **observed: Any) -> None:
        """The claim is met only if the condition is true."""
        if not condition:
            self.fail(message, **observed)

    def inconclusive(self, message: str, **observed: Any) -> NoReturn:
        """The claim cannot be tested from here; the message says what would allow it."""
        self.observe(**observed)
        raise Inconclusive(message)

    def skip(self, reason: str, **observed: Any) -> NoReturn:
        """There is nothing here to prove: no fault, unless the inventory expects it."""
        self.observe(**observed)
        raise DoesNotApply(reason)

    def warn(self, message: str) -> None:
        """The claim is met, and the user should know this."""
        with self._lock:
            self.warnings.append(message)

    def observe(self, **values: Any) -> None:
        """Values of this step, for the record and for the rules."""
        with self._lock:
            self.finding.observed.update(values)

    def see(self, kind: str, ok: bool, from_node: str = "", to_node: str = "", target: str = "", variant: str = "",
            error: str = "", seconds: float | None = None) -> None:
        """One question that was asked and its answer; diagnosis compares them."""
        seen = {"kind": kind, "from_node": from_node, "to_node": to_node, "target": target, "variant": variant,
                "ok": bool(ok), "error": error, "seconds": seconds}
        with self._lock:
            self.finding.observations.append(seen)

    def touches(self, kind: str, name: str, namespace: str = "") -> None:
        """An object on the path of this check."""
        with self._lock:
            if (kind, namespace, name) not in self._touched:
                self._touched.add((kind, namespace, name))
                self.finding.path.append({"kind": kind, "namespace": namespace, "name": name})

    def measure(self, name: str, value: float, unit: str, threshold: float | None = None) -> None:
        """A value for the reports; threshold: what it is judged by, in the same unit, beyond which the check warns or fails."""
        judged = {} if threshold is None else {"threshold": round(float(threshold), 4)}
        with self._lock:
            self.measurements.append({"name": name, "value": round(float(value), 4), "unit": unit, **judged})

    def _note_error(self, error: ApiError) -> None:
        with self._lock:
            self.finding.errors.append(error.as_dict())

    # ---- waiting ----------------------------------------------------------------------------------------------
    def overdue(self, grace: float) -> bool:
        """Whether the check should have ended so many seconds ago."""
        now = time.monotonic()
        return now > (self._shared.fixtures.deadline if self._waits else self.deadline) + grace

    def left(self) -> float:
        """Seconds until the deadline of this check."""
        return self.deadline - time.monotonic()

    def _until(self, seconds: float | None) -> float:
        return self.deadline if seconds is None else min(self.deadline, time.monotonic() + seconds)

    def until(self, function: Callable[[], Any], what: str, seconds: float | None = None, every: float = 0.25) -> Any:
        """Poll until function() is true, and return that; passing API errors count as "not yet"."""
        start, end, last = time.monotonic(), self._until(seconds), ""
        while True:
            try:
                value = function()
                if value:
                    return value
                last = ""
            except ApiError as e:
                if not passing(e):
                    raise
                last = f"; last: {e.message}"
            if time.monotonic() + every >= end or self._shared.abort.wait(every):
                raise StepFailed(f"{what}: not within {time.monotonic() - start:.0f} s{last}")

    def wait(self, plural: str, predicate: Callable[[dict[Any, Any]], Any], what: str,
             seconds: float | None = None) -> Any:
        """Wait on the shared watch until predicate(items) is true, and return that."""
        start, end = time.monotonic(), self._until(seconds)
        watch = self.watch(plural)
        while True:
            try:
                return watch.wait(predicate, min(end, time.monotonic() + 1.0))
            except WatchTimeout:
                if time.monotonic() >= end or self._shared.abort.is_set():
                    raise StepFailed(f"{what}: not within {time.monotonic() - start:.0f} s") from None

    def in_parallel(self, function: Callable[[Any], Any], items: Iterable[Any], workers: int = 4) -> list[Any]:
        """function on every item, results in order; the first exception is raised after all have ended."""
        items = list(items)
        if len(items) < 2:
            return [function(i) for i in items]
        self.progress = 0, len(items)

        def one(item: Any) -> Any:
            try:
                return function(item)
            finally:
                with self._lock:
                    self.progress = self.progress[0] + 1, len(items)

        with ThreadPoolExecutor(min(workers, len(items))) as pool:
            futures = [pool.submit(one, i) for i in items]
        return [f.result() for f in futures]
