# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which rights of those that a run needs our user has: the questions are made of what the roles of rbac_info are made of."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from ..engine import rights
from ..engine.check import Check
from ..kube.client import Verbs
from ..kube.reviews import REVIEWS

_AT_ONCE = 8


@dataclass(frozen=True)
class Question:
    """Whether our user may do it. namespace: "" for all of them; url: instead of group and resource."""

    verb: str
    resource: str = ""
    group: str = ""
    namespace: str = ""
    name: str = ""
    url: str = ""
    optional: bool = False

    @property
    def what(self) -> str:
        """The thing without the verb, as kubectl auth can-i names it."""
        thing = self.url or (f"{self.resource}.{self.group}" if self.group else self.resource)
        return thing + (f"/{self.name}" if self.name else "")

    def spec(self) -> dict[str, Any]:
        if self.url:
            return {"nonResourceAttributes": {"verb": self.verb, "path": self.url}}
        resource, _slash, below = self.resource.partition("/")
        given = {"verb": self.verb, "resource": resource, "subresource": below, "group": self.group,
                 "namespace": self.namespace, "name": self.name}
        return {"resourceAttributes": {k: v for k, v in given.items() if v}}


EVERYTHING = Question("*", "*", "*")


def questions(checks: Iterable[type[Check]], namespace: str, optional: Iterable[str]) -> list[Question]:
    """Each once; what a run cannot do without counts as that, whoever else asks for it.

    namespace: where runs work, "" where each makes one.
    """
    wanted = rights.chosen(rights.permissions(checks, "namespace" if namespace else "cluster"), optional)
    found: dict[Question, bool] = {}
    for p in wanted:
        asked = [Question(v, url=u) for v in p.verbs for u in p.urls]
        for resource in p.resources:
            where = "" if p.everywhere or resource in rights.OF_THE_CLUSTER else namespace
            asked += [Question(v, resource, p.group, where, n) for v in p.verbs for n in p.names or ("",)]
        for question in asked:
            found[question] = found.get(question, True) and p.spared
    return [replace(q, optional=spared) for q, spared in found.items()]


def allowed(client: Verbs, question: Question, timeout: float) -> bool:
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": question.spec()}
    return bool((client.create(REVIEWS, body, timeout=timeout).get("status") or {}).get("allowed"))


def denied(client: Verbs, asked: list[Question], left: Callable[[], float]) -> list[Question]:
    """Those that are not allowed. left: seconds for what is still to be asked. Raises ApiError where nobody tells in time."""
    if allowed(client, EVERYTHING, left()):
        return []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(lambda q: allowed(client, q, left()), asked))
    return [q for q, answer in zip(asked, answers) if not answer]


def sentences(refused: Iterable[Question]) -> list[str]:
    """A line for each thing that may not be done, with all its verbs."""
    verbs: dict[tuple[str, str], list[str]] = {}
    for q in refused:
        where = "" if q.url else f" in the namespace {q.namespace}" if q.namespace else \
            "" if q.resource in rights.OF_THE_CLUSTER else " in all namespaces"
        verbs.setdefault((q.what, where), []).append(q.verb)
    return [f"permission: may not {', '.join(v)} {what}{where}" for (what, where), v in verbs.items()]
