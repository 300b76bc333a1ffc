# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Our checks beside the tests: where one failed, they run on the cluster in that moment, and what they find stands beside it.

What was found at the same time is not yet the reason: a cause is taken for a test's own where its scope is named in the
test's words, where it is of what the test is about, or of what every test needs.
"""
from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..common import journal as journals
from ..engine import options, registry
from ..engine.run import Interrupted as RunInterrupted, Run
from ..engine.settings import Settings
from ..jobs import access
from ..jobs.errors import BadOption, Interrupted
from ..jobs.job import Job
from ..kube.client import Client
from ..kube.errors import BadInput
from ..results import summary
from ..results.record import FAILED, Record
from . import events
from .progress import Failure, plain_name

# So often at most, so far apart (seconds), and so long each: the tests run on meanwhile.
MOST, APART, _LIMIT = 5, 120.0, 300.0
# What tests of a group are about, by the domains of our checks.
_ABOUT = ((r"\[sig-network\]", ("network", "dns", "load_balancing")), (r"\bDNS\b|\bdns\b|lookup |resolve", ("dns",)),
          (r"\[sig-storage\]|PersistentVolume|PVC", ("storage",)),
          (r"\[sig-node\]|\[sig-apps\]|\[sig-scheduling\]", ("nodes",)),
          (r"[Ii]ngress|[Gg]ateway|LoadBalancer", ("load_balancing",)),
          (r"connection refused|i/o timeout|no route", ("network",)))
# Every test makes pods, and asks the API server.
_ALL = ("nodes", "control_plane")
_FIELDS = ("domain", "check", "cause", "confidence", "layer", "scope", "message", "evidence", "remedy", "next_command")


@dataclass
class Seen:
    """One run of the checks. failures: names of the tests that failed since the one before. events: warnings of the cluster.
    words: why the checks told nothing."""

    started: str = ""
    verdict: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    causes: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    words: str = ""

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))


def about(name: str, text: str) -> set[str]:
    """Domains of our checks that a test is about, by its name and what it said."""
    return {d for pattern, domains in _ABOUT if re.search(pattern, f"{name}\n{text}") for d in domains}


def _named(cause: Mapping[str, Any], text: str) -> bool:
    """Whether a test's words name what the cause is about: node/n2 by n2."""
    names = [s.rpartition("/")[2] for s in cause["scope"]]
    return any(len(n) > 1 and re.search(rf"(?<![\w.-]){re.escape(n)}(?![\w-])", text) for n in names)


def of_test(name: str, text: str, causes: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The cause that is taken for the test's own; the most fundamental of those that come into question, None without any."""
    wanted = about(name, text)

    def rank(cause: Mapping[str, Any]) -> tuple[int, int] | None:
        layer = 99 if cause["layer"] is None else int(cause["layer"])
        if _named(cause, text):
            return 0, layer
        if cause["domain"] in wanted:
            return 1, layer
        return (2, layer) if cause["domain"] in _ALL else None

    ranked = [(r, n) for n, c in enumerate(causes) if (r := rank(c)) is not None]
    return dict(causes[min(ranked)[1]]) if ranked else None


class Beside:
    """Runs the checks as failures come; nothing of it ever ends the tests."""

    def __init__(self, params: Mapping[str, Any], job: Job):
        self._params, self._job = params, job
        self.seen: list[Seen] = []
        self._pending: list[str] = []
        self._last = float("-inf")
        self._checks, self._options = self._chosen() if params["diagnose"] else ([], {})

    def _chosen(self) -> tuple[list[Any], dict[str, dict[str, Any]]]:
        """Those that disturb nobody. BadOption for a name that is none."""
        p = self._params
        try:
            known = registry.load()
            chosen = registry.select(known, p["checks"], [] if p["checks"] else p["domains"], p["exclude"])
            chosen = [c for c in chosen if not c.exclusive]
            return chosen, {c.name: options.resolve(c, {}, p["check_variables"]) for c in chosen}
        except BadInput as e:
            raise BadOption(str(e)) from None

    def failed(self, failures: list[Failure]) -> None:
        if self._checks:
            self._pending += [f.name for f in failures]
            self.now_and_then()

    def now_and_then(self) -> None:
        """A look where a test failed since the last one, and that was long enough ago."""
        if self._pending and len(self.seen) < MOST and time.monotonic() >= self._last + APART:
            self.look()

    def last(self) -> None:
        """A look for failures that none was made for."""
        if self._pending and len(self.seen) < MOST:
            self.look()

    def look(self) -> None:
        failures, self._pending = self._pending, []
        self._job.tell("what the checks find in the cluster at this moment:")
        seen = Seen(failures=failures)
        self.seen.append(seen)
        try:
            self._fill(seen)
        except RunInterrupted:
            raise Interrupted("the playbook ended while the checks ran; the tests go on in the cluster") from None
        except Exception as e:  # the tests' own result stands, whatever becomes of the checks
            seen.words = f"the checks could not be run: {type(e).__name__}: {e}"
        self._last = time.monotonic()
        found = ", ".join(f"{c['cause']} ({c['confidence']})" for c in seen.causes)
        self._job.tell(f"checks beside the tests: {seen.words or found or 'nothing that explains a failure'}")

    def _fill(self, seen: Seen) -> None:
        p = self._params
        folder = Path(p["journal_dir"]).expanduser() if p["journal_dir"] else journals.default_folder()
        connection = access.connection(p, self._job)
        client = Client(connection)
        seen.events = events.warnings(client)
        client.close()
        limit = max(30.0, min(_LIMIT, self._job.left()))
        settings = Settings(connection.context or "cluster", connection, self._checks, self._options,
                            image_registry=p["image_registry"], limit=limit, journal_dir=folder)
        done = Run(settings, self._say).go()
        seen.started, seen.verdict, seen.counts = done["started"], done["verdict"], done["counts"]
        seen.causes = [{n: r[n] for n in _FIELDS} for r in done["records"]
                       if r["verdict"] == FAILED and r["cause"] and not r["consequence_of"]]

    def _say(self, record: Record, final: bool) -> None:
        if final and not record.consequence_of:
            self._job.tell(summary.line("checks", record.to_dict()))

    def beside(self, name: str, text: str) -> dict[str, Any]:
        """What is known of a failed test: the cause that is taken for its own, and the codes of all that were found then."""
        plain = plain_name(name)
        seen = next((s for s in self.seen if plain in s.failures), None)
        if seen is None:
            why = "the checks were not asked" if not self._checks else "no check looked at that moment"
            return {"cause": None, "found": [], "evidence": [], "diagnosis": why}
        cause = of_test(plain, text, seen.causes)
        none = f"the checks found {'other faults' if seen.causes else 'no fault'} at that moment"
        words = seen.words or (f"{cause['cause']}: {cause['message']}" if cause else none)
        return {"cause": cause, "found": [c["cause"] for c in seen.causes], "evidence": events.of_test(text, seen.events),
                "diagnosis": words}
