# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AWS has of a cluster in one region, kind by kind: aws_machines.py, aws_networks.py and aws_named.py list them; route53.py
adds the records of Route 53, tagged.py what else bears the cluster's tags.

Everything is listed once and judged here: what bears a tag or a name that is looked for, and what belongs to such a thing
and often bears no tag of its own, as the network interfaces of a load balancer. What uses a thing keeps it from being
deleted (DependencyViolation, VolumeInUse, ResourceInUse): that is the cause dependency.
"""
from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from ..clouds.aws import AwsError, AwsLate, connect
from ..jobs.errors import BadOption
from ..jobs.job import Job
from ..results import redact
from . import aws_machines, aws_named, aws_networks
from .aws_machines import NAME, Row
from .model import DEPENDENCY, Thing, Wanted, owner_of, refused, unseen
from .route53 import records
from .tagged import tagged

DENIED = {"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"}
_SERVICES = ("ec2", "elb", "elbv2", "autoscaling", "eks", "cloudformation", "logs", "iam", "kms", "route53",
             "resourcegroupstaggingapi")
# What is listed besides by its own service.
_DNS, _TAGGED = "dns_record", "tagged"
_PARALLEL = 6
_LEAST = 60.0  # seconds that a look may take, also one that begins when the time is up

T = TypeVar("T")


# ---- which are ours, and what holds them --------------------------------------------------------------------------
def chosen(rows: Iterable[Row], wanted: Wanted) -> list[Row]:
    """Rows that fit, and those that belong to them, and so on."""
    left = [r for r in rows if r.kind]
    found = [r for r in left if wanted.is_cluster(r.cluster) or wanted.fits(r.tags, r.tags.get(NAME, ""), r.name)]
    new = found
    while new:
        ids = {r.id for r in new} | {f"balancer {r.name}" for r in new if r.kind.endswith("load_balancer")}
        kept = {r.id for r in found}
        new = [r for r in left if r.id not in kept and ids & set(r.parents)]
        found = found + new
    return found


def things(rows: Sequence[Row], wanted: Wanted) -> list[Thing]:
    users: dict[str, list[str]] = {}
    for row in rows:
        for used in row.uses:
            users.setdefault(used, []).append(row.id)
    found = []
    for r in chosen(rows, wanted):
        held = r.held or (f"in use by {', '.join(sorted(users[r.id]))}" if r.id in users else "")
        found.append(Thing("aws", r.kind, r.id, r.tags.get(NAME) or r.name, r.created, owner_of(r.tags, r.who),
                           DEPENDENCY if held else "", held))
    return found


def _skipped(settings: Mapping[str, Any]) -> list[str]:
    """Kinds that are not to be looked for. BadOption for one that is not known."""
    known = [k for k, _service, _act in (*aws_machines.KINDS, *aws_networks.KINDS, *aws_named.KINDS)] + [_DNS, _TAGGED]
    asked = [str(k) for k in settings.get("skip_kinds") or []]
    for kind in asked:
        if kind not in known:
            raise BadOption(f"aws.skip_kinds: {kind} is no kind; choose of {', '.join(known)}")
    return asked


class AwsSource:
    """See leftovers.Source. settings: those of clouds.aws.connect, zones, skip_kinds. seconds: from now on, in which looks
    are to end; what is not listed then is told as that."""

    name = "aws"

    def __init__(self, settings: Mapping[str, Any], job: Job, seconds: float = float("inf")):
        self._end, self._until = time.monotonic() + seconds, float("inf")
        redact.register(settings.get("secret_key"), settings.get("session_token"))
        self.skipped = _skipped(settings)
        self._zones = [str(z) for z in settings.get("zones") or []]
        params = {**settings, "parallel": _PARALLEL}
        self._apis = {s: connect(params, job.environ, s) for s in _SERVICES}
        self.place = self._apis["ec2"].region
        self._rows: dict[str, list[Row]] = {}
        self._seen: set[tuple[str, str, str]] = set()
        self._kinds: set[str] | None = None  # those of what was there at the last look

    def look(self, wanted: Wanted) -> list[Thing]:
        """While nothing changes, later looks list the kinds of what is there; once it does, all are listed again."""
        self._until = max(self._end, time.monotonic() + _LEAST)
        for api in self._apis.values():
            api.until = self._until
        found = self._look(wanted, self._kinds)
        if self._kinds is not None and {t.key() for t in found} != self._seen:
            found = self._look(wanted, None)
        self._seen = {t.key() for t in found}
        self._kinds = {self._listed_as(t.kind) for t in found} or None
        return found

    def _listed_as(self, kind: str) -> str:
        of = {r.kind: listing for listing, rows in self._rows.items() for r in rows}
        return of.get(kind) or (kind if kind in self._rows or kind == _DNS else _TAGGED)

    def _look(self, wanted: Wanted, kinds: set[str] | None) -> list[Thing]:
        pool = ThreadPoolExecutor(_PARALLEL)
        try:
            return self._looked(wanted, kinds, pool)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # who is late asks nothing more

    def _looked(self, wanted: Wanted, kinds: set[str] | None, pool: ThreadPoolExecutor) -> list[Thing]:
        found: list[Thing] = []
        self._list(wanted, kinds, found, pool)
        rows = [r for of in self._rows.values() for r in of]
        found += things(rows, wanted)
        ours = {t.id for t in found}
        if self._asked(_DNS, kinds):
            with self._allowed(_DNS, found):
                addresses = {r.address: r.id for r in rows if r.id in ours and r.address}
                found += self._in_time(pool.submit(records, self._apis["route53"], wanted, self._zones, addresses))
        if self._asked(_TAGGED, kinds):
            with self._allowed(_TAGGED, found):
                found += self._in_time(pool.submit(tagged, self._apis["resourcegroupstaggingapi"], self._apis["kms"], wanted, ours))
        return found

    def _in_time(self, answer: Future[T]) -> T:
        """AwsLate where it does not come in time, as from a server that is silent."""
        try:
            return answer.result(min(max(0.0, self._until - time.monotonic()), threading.TIMEOUT_MAX))
        except TimeoutError:
            raise AwsLate("the time was up before AWS had answered") from None

    def _asked(self, kind: str, kinds: set[str] | None) -> bool:
        return kind not in self.skipped and (kinds is None or kind in kinds)

    def _list(self, wanted: Wanted, kinds: set[str] | None, found: list[Thing], pool: ThreadPoolExecutor) -> None:
        acts = {k: partial(act, self._apis[s]) for k, s, act in (*aws_machines.KINDS, *aws_networks.KINDS)}
        acts |= {k: partial(act, self._apis[s], wanted) for k, s, act in aws_named.KINDS}
        asked = {kind: pool.submit(act) for kind, act in acts.items() if self._asked(kind, kinds)}
        for kind, answer in asked.items():
            self._rows[kind] = []
            with self._allowed(kind, found):
                self._rows[kind] = self._in_time(answer)

    @contextlib.contextmanager
    def _allowed(self, kind: str, found: list[Thing]) -> Iterator[None]:
        """A kind that may not be listed inside, or is not in time, is told as that. Images are looked at for the sake of snapshots only."""
        try:
            yield
        except AwsLate as e:
            if kind != "image":
                found.append(unseen(self.name, kind, str(e)))
        except AwsError as e:
            if e.code not in DENIED:
                raise
            if kind != "image":
                found.append(refused(self.name, kind, str(e)))

    def close(self) -> None:
        for api in self._apis.values():
            api.until = 0.0  # for those whom an error left asking
            api.close()
