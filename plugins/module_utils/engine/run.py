# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run: the chosen checks on one cluster, from connecting to records."""
from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..common import journal as journals, names, selectors
from ..common.guardian import Guardian
from ..kube import greeting
from ..kube.client import Client
from ..kube.errors import ApiError
from ..kube.patient import PatientClient
from ..kube.watch import WatchTimeout
from ..results.record import FAILED, INCONCLUSIVE, PASSED, SKIPPED, WARNED, Record, worst
from . import account
from .check import Check
from .cleanup import LIMIT as CLEANUP_LIMIT, Remover, finish
from .context import Context, Shared
from .execute import Outcome, execute, overdue
from .fixtures import Fixtures, Once
from .fleet import Choice, follow
from .probe_maker import ProbeMaker
from .settings import Settings
from .sweep import Sweeper
from .witness import Witness, causes_of

if TYPE_CHECKING:
    from ..diagnosis.finding import Finding

# Seconds that a check gets past its limit to notice it; then its thread is left behind.
_GRACE = 5.0
# Seconds of trying to clean up behind an API server that did not answer; the guardian goes on when it is back.
_SILENT = 20.0
# Seconds that objects stay valid after the run's limit, before any sweep may take them.
_KEEP = 1800.0
# Seconds between the two tries of the first request.
_PAUSE = 1.0


class Interrupted(Exception):
    """The playbook that this run belonged to is gone."""


class Run:
    """One run on one cluster; `go` returns the cluster run as a dictionary (docs/schemas/records.schema.json)."""

    def __init__(self, settings: Settings, say: Callable[[Record, bool], None] = lambda record, final: None):
        """say(record, final) is called in the caller's thread for every finished check, and with final=True once more
        for those whose cause is known."""
        self.settings, self.say = settings, say
        self.run_id = names.new_run_id()
        self.started, self._clock = time.time(), time.monotonic()
        self.deadline = self._clock + settings.limit
        self.outcomes: list[Outcome] = []
        self.api_errors: list[dict[str, Any]] = []
        self.server_version = self.uid = ""
        self.abort = threading.Event()
        self.witness = Witness(self._evidence)
        self._parent = os.getppid()

    # ---- the way ----------------------------------------------------------------------------------------------
    def go(self) -> dict[str, Any]:
        s = self.settings
        self.journal = journals.Journal(s.journal_dir, self.run_id, s.cluster, s.connection.server)
        path, connection, keep = self.journal.path, s.connection, s.keep_journal
        self._journal = str(path)
        guardian = Guardian.start(lambda: finish(connection, path, keep), connection.hold)
        try:
            self._set_up()
            self._preflight()
            self._date()
            threading.Thread(target=self._sweep, daemon=True).start()
            self._run_checks()
            records, leftovers = self._finish(guardian)
        except BaseException:
            self.abort.set()
            guardian.hand_over()
            raise
        return self._result(records, leftovers)

    def _set_up(self) -> None:
        s = self.settings
        self.client = Client(s.connection)
        patient = PatientClient(self.client, lambda: self.deadline, lambda e: None, abort=self.abort)
        labels = names.labels(self.run_id, s.limit + _KEEP)
        self.fixtures = Fixtures(patient, self.run_id, labels, self.journal, self.deadline, s.terms)
        choice = Choice(selectors.parse(s.node_selector, "validate_node_selector"), s.node_sample)
        fleet = Once(lambda: follow(self.client, choice, self.deadline))
        probes = Once(lambda: ProbeMaker(self.fixtures, fleet(), names.image("agnhost", s.images, s.image_registry),
                                         s.transport, s.probe_limit, s.limit + _KEEP).make())
        self.shared = Shared(s.cluster, self.run_id, self.client, self.fixtures, fleet, probes, s.images, s.image_registry,
                             self.abort, s.limit + _KEEP)

    def _preflight(self) -> None:
        """Two tries: one lost packet is no outage, and a dead API server is to be named within seconds."""
        for last in (False, True):
            try:
                self.server_version = greeting.version_of(self.client)
                return
            except ApiError as e:
                if e.status == 403:  # reachable; some clusters hide /version
                    return
                if last or e.kind == "tls" or e.status == 401:
                    self.api_errors.append(e.as_dict())
                    return
            time.sleep(_PAUSE)

    def _date(self) -> None:
        """When our objects expire is said on the clock by which every sweep will read it: the API server's."""
        self.fixtures.labels.update(names.labels(self.run_id, self.settings.limit + _KEEP, self.client.now()))

    def _sweep(self) -> None:
        """Dead runs of before, beside the checks; a sweep that fails is not this run's failure."""
        if self.api_errors:
            return
        self._tell_apart()
        try:
            sweeper = Sweeper(self.client, self.settings.journal_dir, self.run_id)
            sweeper.by_journal()
            if given := self.settings.terms.namespace:
                sweeper.inside(given, self.client.now())
            watch = self.fixtures.namespaces()
            items = watch.wait(lambda found: list(found.values()) or None, time.monotonic() + 2.0)
            sweeper.by_label(items, self.client.now())
        except (ApiError, WatchTimeout):
            pass

    def _tell_apart(self) -> None:
        """The uid of the namespace kube-system is this cluster's alone, whatever the address is."""
        try:
            self.uid = str(self.client.get("/api/v1/namespaces/kube-system")["metadata"]["uid"])
        except (ApiError, LookupError, TypeError):
            pass

    # ---- checks -----------------------------------------------------------------------------------------------
    def _context(self, check: Check) -> Context:
        options = self.settings.options.get(check.name, {})
        check.bounds(options)
        return Context(check, options, self.shared, min(time.monotonic() + check.limit, self.deadline))

    def _run_checks(self) -> None:
        checks = self.settings.checks
        if self.api_errors:
            last = self.api_errors[-1]
            # A check of API servers has nothing to ask where there is none, and nothing is written there.
            stranger = [c for c in checks if c.domain == "control_plane"] if last["reason"] == greeting.STRANGER else []
            for check in [c for c in checks if c.needs_cluster or c in stranger]:
                why = last["message"] if stranger else f"the API server did not answer: {last['message']}"
                self._done(self._not_run(check, why, FAILED if check in stranger else INCONCLUSIVE))
            checks = [c for c in checks if not c.needs_cluster and c not in stranger]
        self._batch([c for c in checks if not c.exclusive])
        for check in checks:
            if check.exclusive:
                self._batch([check])

    def _not_run(self, check: type[Check], why: str, verdict: str = INCONCLUSIVE) -> Outcome:
        ctx = self._context(check())
        ctx.finding.verdict, ctx.finding.message = verdict, why
        ctx.finding.errors = list(self.api_errors)
        return Outcome(ctx, time.time(), 0.0)

    def _batch(self, checks: list[type[Check]]) -> None:
        """All at once: a thread each, that mostly waits; requests in flight are what is limited."""
        finished: queue.Queue[Outcome] = queue.Queue()
        made = [(check, self._context(check)) for check in (c() for c in checks)]
        for check, ctx in made:
            threading.Thread(target=lambda c=check, x=ctx: finished.put(execute(c, x)), daemon=True, name=check.name).start()
        waiting = {id(ctx): ctx for _check, ctx in made}
        while waiting:
            try:
                outcome = finished.get(timeout=0.5)
                if waiting.pop(id(outcome.ctx), None):
                    self._done(outcome)
            except queue.Empty:
                pass
            if os.getppid() != self._parent:
                raise Interrupted
            for ctx in [c for c in waiting.values() if c.overdue(_GRACE)]:
                waiting.pop(id(ctx))
                nodes = len(self.shared.fleet().asked) if self.shared.fleet.made else 0
                self._done(overdue(ctx, nodes, self.settings.limit if ctx.deadline >= self.deadline else 0.0))

    def _missed(self, finding: Finding) -> None:
        """What the inventory says that the cluster has is no matter of finding out: without it the cluster is not as it should be."""
        if finding.verdict == SKIPPED and finding.check in self.settings.expected_features:
            finding.verdict, finding.message = FAILED, f"expected in this cluster, and there is nothing to prove: {finding.message}"
            finding.observed["expected_feature"] = finding.check

    def _done(self, outcome: Outcome) -> None:
        self._missed(outcome.ctx.finding)
        self.outcomes.append(outcome)
        if outcome.ctx.finding.verdict == FAILED:
            self.witness.failed(self._unmet())
        self.say(account.record_of(self.settings.cluster, self.run_id, outcome), False)

    def _unmet(self) -> list[Finding]:
        return [o.ctx.finding for o in self.outcomes if o.ctx.finding.verdict in (FAILED, INCONCLUSIVE)]

    # ---- the end ----------------------------------------------------------------------------------------------
    def _finish(self, guardian: Guardian) -> tuple[list[Record], list[str]]:
        unmet = self._unmet()
        while self.witness.busy(0.5):
            if os.getppid() != self._parent:
                raise Interrupted
        evidence, earlier = self.witness.seen(unmet) if unmet else ({}, {})
        cleaning: dict[str, list[str]] = {}
        cleaner = threading.Thread(target=lambda: cleaning.update(left=self._clean()), daemon=True)
        if self.settings.wait_cleanup:
            cleaner.start()
        causes = causes_of(unmet, evidence, earlier) if unmet else {}
        records = []
        for outcome in sorted(self.outcomes, key=lambda o: (o.ctx.check.domain, o.ctx.check.name)):
            record = account.record_of(self.settings.cluster, self.run_id, outcome, causes.get(outcome.ctx.check.name))
            records.append(record)
            if record.cause:
                self.say(record, True)
        if not self.settings.wait_cleanup:
            self._stop_watches()
            self.fixtures.stop_namespaces()
            guardian.hand_over()
            if keep := self.settings.keep_journal:
                self._journal = str(keep / self.journal.path.name)  # when it is done
            return records, []
        while cleaner.is_alive():
            cleaner.join(0.5)
            if os.getppid() != self._parent:
                raise Interrupted
        left = cleaning.get("left", ["clean-up ended without a result"])
        if left:
            guardian.hand_over()
        else:
            guardian.dismiss()
            self.settings.connection.close()
        return records, left

    def _evidence(self, unmet: list[Finding]) -> dict[str, Any]:
        from .evidence import collect  # where something is unmet: a green run has no use for it
        return collect(self.client, self.fixtures.name if self.fixtures.namespace.made else "", unmet, self.api_errors)

    def _stop_watches(self) -> None:
        self.fixtures.stop()
        if self.shared.fleet.made:
            self.shared.fleet().stop()

    def _answers(self) -> bool:
        """Whether the API server answers now; it is asked only where it once did not while the checks ran."""
        if self.api_errors:
            return False
        if all(e["kind"] == "http" for o in self.outcomes for e in o.ctx.finding.errors):
            return True
        try:
            greeting.version_of(self.client, timeout=3.0)
        except ApiError as e:
            return e.kind == "http"
        return True

    def _clean(self) -> list[str]:
        self.abort.set()
        self._stop_watches()
        entry = journals.read(self.journal.path)
        limit = CLEANUP_LIMIT if self._answers() else _SILENT
        try:
            spaces = self.fixtures.namespaces() if self.fixtures.namespaces.made else None
            left = Remover(self.client, self.run_id, time.monotonic() + limit, spaces).remove(entry.objects)
        except ApiError as e:
            left = [f"namespace/{self.fixtures.name} ({e.message})"] if entry.objects else []
        except Exception as e:  # the verdict stands whatever becomes of the clean-up
            left = [f"namespace/{self.fixtures.name} ({type(e).__name__}: {e})"]
        self.fixtures.stop_namespaces()
        if not left:
            self._journal = self.journal.done(self.settings.keep_journal)
        return left

    def _result(self, records: list[Record], leftovers: list[str]) -> dict[str, Any]:
        verdicts = [r.verdict for r in records]
        return {
            "cluster": self.settings.cluster, "run_id": self.run_id, "server": self.client.server,
            "version": self.server_version, "uid": self.uid, "started": account.iso(self.started),
            "seconds": round(time.monotonic() - self._clock, 3), "verdict": worst(verdicts),
            "counts": {v: verdicts.count(v) for v in (PASSED, WARNED, FAILED, SKIPPED, INCONCLUSIVE)},
            "records": [r.to_dict() for r in records], "leftovers": leftovers,
            "transport": account.transport_of(self.shared), "requests": self.client.requests,
            "connections": getattr(self.client, "connections", 0), "journal": self._journal,
            "probes": account.probes_of(self.shared), "notes": list(self.fixtures.notes),
        }
