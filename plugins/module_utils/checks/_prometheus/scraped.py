# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the targets of a monitor are scraped by each replica of each Prometheus, and what is known where they are not."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...engine.errors import StepFailed
from ...kube.errors import ApiError
from ...kube.patient import passing
from .._shared.optional import optional_get
from . import relabelings
from .ask import Asker, Look, Replica, Unasked
from .monitors import pool
from .selection import GROUP, PROMETHEUSES, Prometheus

if TYPE_CHECKING:
    from ...engine.context import Context

# Between two looks.
_EVERY = 1.0
# Seconds for which a Prometheus may not be asked, and is asked again.
_PATIENCE = 20.0
# What a Prometheus must list to find the targets of a monitor; the last is (group, resource) by its role of discovery.
_ENDPOINTS = {"EndpointSlice": ("discovery.k8s.io", "endpointslices"), "Endpoints": ("", "endpoints")}
_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


@dataclass(frozen=True)
class Monitor:
    """A monitor that some Prometheis should follow. spaces: namespaces in which its targets are."""

    kind: str
    namespace: str
    name: str
    spaces: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def pool(self) -> str:
        return pool(self.kind, self.namespace, self.name)


@dataclass(frozen=True)
class Column:
    """The same replica of all shards of a Prometheus: a target is scraped by one of them."""

    monitor: Monitor
    prometheus: Prometheus
    pods: tuple[Replica, ...]

    @property
    def words(self) -> str:
        return f"{self.prometheus.kind} {self.prometheus.ref} ({', '.join(r.pod for r in self.pods)})"

    def __str__(self) -> str:
        return f"{self.monitor.ref} by {self.words}"


def columns(monitor: Monitor, found: list[tuple[Prometheus, list[Replica]]]) -> list[Column]:
    out = []
    for one, pods in found:
        for number in sorted({r.number for r in pods}):
            out.append(Column(monitor, one, tuple(r for r in pods if r.number == number)))
    return out


class Scraped:
    """Looks at columns until each has what is claimed. unasked: by a column's words, why it could not be asked: for so
    long that it is no matter of a moment, as when a pod starts anew."""

    def __init__(self, ctx: Context, asker: Asker):
        self.ctx, self.asker = ctx, asker
        self.unasked: dict[str, str] = {}
        self._deaf: dict[str, tuple[float, str]] = {}  # since when, by the seconds that were left

    def _looks(self, column: Column) -> list[Look] | None:
        """One for each shard; None where the Prometheus cannot be asked, or not now."""
        if column.words in self.unasked:
            return None
        try:
            looks = [self.asker.look(r, column.monitor.pool) for r in column.pods]
            self._deaf.pop(str(column), None)
            return looks
        except Unasked as e:
            since, why = self._deaf.setdefault(str(column), (self.ctx.left(), f"{e}; {e.allow}"))
            if since - self.ctx.left() > _PATIENCE:
                self.unasked.setdefault(column.words, why)
        except ApiError as e:
            if not passing(e):
                raise
            self._deaf.setdefault(str(column), (self.ctx.left(), f"{column.words} could not be asked: {e}"))
        return None

    def up(self, wanted: list[Column], seconds: float, before: Callable[[], Any] | None = None
           ) -> tuple[dict[Column, list[Look]], dict[Column, list[Look]]]:
        """(columns in which all targets that there are are up and there is one, the others), as they stand at last. before each look."""
        good: dict[Column, list[Look]] = {}
        bad: dict[Column, list[Look]] = {}

        def settled() -> bool:
            if before:
                before()
            left = [c for c in wanted if c not in good and c.words not in self.unasked]
            for column, looks in zip(left, self.ctx.in_parallel(self._looks, left)):
                if looks is None:
                    continue
                bad[column] = looks
                if _whole(looks):
                    good[column] = bad.pop(column)
            return all(c in good or c.words in self.unasked for c in wanted)

        try:
            self.ctx.until(settled, "targets are scraped", seconds=seconds, every=_EVERY)
        except StepFailed:
            for column in [c for c in wanted if c not in good and (str(c) in self._deaf or c not in bad)]:
                _since, why = self._deaf.get(str(column), (0.0, f"{column.words} could not be asked in time"))
                self.unasked.setdefault(column.words, why)
        return good, {c: looks for c, looks in bad.items() if c.words not in self.unasked}

    def told(self, good: dict[Column, list[Look]], bad: dict[Column, list[Look]]) -> dict[str, str]:
        """Record what each column shows; the bad ones in words, with why. More is looked for where it can be."""
        for column in good:
            self._see(column, "")
        words = {}
        for column, looks in bad.items():
            words[str(column)] = why = _why(looks)
            self._see(column, why)
            self.ctx.touches(column.prometheus.kind, column.prometheus.name, column.prometheus.namespace)
            for replica in column.pods:
                self.ctx.touches("Pod", replica.pod, replica.prometheus.namespace)
        self._reasons(bad)
        return words

    def _see(self, column: Column, error: str) -> None:
        self.ctx.see(kind="scrape", target=str(column), variant=column.monitor.kind, ok=not error, error=error)

    # ---- why not --------------------------------------------------------------------------------------------------
    def _reasons(self, bad: dict[Column, list[Look]]) -> None:
        for column, looks in bad.items():
            if any(look.pool is False for look in looks):
                self._config(column, looks)
            elif not any(look.active or look.dropped for look in looks):
                self._rights(column)
        items = {monitor: self._accepted(monitor) for monitor in {c.monitor for c in bad}}
        for column, looks in bad.items():
            if any(look.dropped for look in looks) and not any(look.active for look in looks):
                self._relabelled(column, items[column.monitor])
        for one in {c.prometheus.ref: c.prometheus for c in bad}.values():
            path = PROMETHEUSES.replace(f"{GROUP}/v1/", f"{GROUP}/v1/namespaces/{one.namespace}/")
            now = one if one.agent else Prometheus(optional_get(self.ctx, f"{path}/{one.name}") or one.item)
            if lines := now.conditions():
                self.ctx.observe(**{f"conditions of {now.kind} {now.ref}": lines})

    def _config(self, column: Column, looks: list[Look]) -> None:
        for replica, look in zip(column.pods, looks):
            try:
                good = self.asker.reloaded(replica) if look.pool is False else None
            except (Unasked, ApiError):
                continue
            if good is not None:
                self.ctx.see(kind="prometheus", variant="reload", target=f"{replica.prometheus.namespace}/{replica.pod}",
                             ok=good, error="" if good else "it refused its configuration when it last read it")

    def _rights(self, column: Column) -> None:
        """What its account may list of what it has to; only who may ask for others gets an answer."""
        one, monitor = column.prometheus, column.monitor
        wanted = [("", "pods")]
        if monitor.kind == "ServiceMonitor":
            role = one.spec.get("serviceDiscoveryRole") or "Endpoints"
            wanted += [("", "services"), _ENDPOINTS.get(role, ("", "endpoints"))]
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{one.namespace}", "system:authenticated"]
        for space in monitor.spaces or (monitor.namespace,):
            for group, resource in wanted:
                what = {"verb": "list", "resource": resource, "namespace": space, **({"group": group} if group else {})}
                body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
                    "user": one.account, "groups": groups, "resourceAttributes": what}}
                try:
                    status = self.ctx.client.raw.create(_REVIEWS, body).get("status") or {}
                except ApiError:
                    return
                good = bool(status.get("allowed"))
                self.ctx.see(kind="right", target=one.account, variant=f"list {resource} in namespace {space}", ok=good,
                             error="" if good else status.get("reason") or "not allowed")

    def _relabelled(self, column: Column, item: dict[str, Any]) -> None:
        for variant, target, told in (("monitor", column.monitor.ref, relabelings.of_monitor(item)),
                                      ("class", column.words, relabelings.of_class(column.prometheus, item))):
            if told:
                self.ctx.see(kind="relabelings", variant=variant, target=target, ok=False, error=told)

    def _accepted(self, monitor: Monitor) -> dict[str, Any]:
        """The monitor, with a look at what the operator says of it, where it does."""
        plural = f"{monitor.kind.lower()}s"
        item = optional_get(self.ctx, f"/apis/{GROUP}/v1/namespaces/{monitor.namespace}/{plural}/{monitor.name}") or {}
        for binding in (item.get("status") or {}).get("bindings") or ():
            for c in binding.get("conditions") or ():
                if c.get("type") == "Accepted" and c.get("status") == "False":
                    whose = f"{binding.get('namespace')}/{binding.get('name')}"
                    self.ctx.see(kind="binding", target=monitor.ref, variant=whose, ok=False,
                                 error=f"{c.get('reason', '')}: {c.get('message', '')}".strip(": "))
        return item


def _whole(looks: list[Look]) -> bool:
    """Whether some shard has a target, all of them are up, and every shard was told of them."""
    return any(look.active for look in looks) and not any(look.error for look in looks if look.active) and not any(
        look.pool is False for look in looks)


def _why(looks: list[Look]) -> str:
    """The words of the shard that tells most."""
    worst = [look for look in looks if look.pool is False] or [look for look in looks if look.active and look.error] or [
        look for look in looks if look.dropped] or looks
    return worst[0].error


def labels_of(looks: list[Look]) -> list[dict[str, Any]]:
    """The labels of the targets that are up."""
    return [t.get("labels") or {} for look in looks for t in look.up]
