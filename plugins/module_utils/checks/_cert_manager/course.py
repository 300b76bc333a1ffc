# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes of a Certificate: its requests, their Orders, and the Challenges of these, as they stand at one moment."""
from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...kube.errors import ApiError
from ...kube.kinds import path_of
from .issuers import ACME_GROUP, API, Wanted

if TYPE_CHECKING:
    from ...engine.context import Context

ACME_API = f"{ACME_GROUP}/v1"
_REVISION = "cert-manager.io/certificate-revision"
# Reasons of a request that nobody changes any more.
_ENDS = ("Failed", "Denied")
# States of an Order or a Challenge that nobody changes any more, without a certificate.
_LOST = ("invalid", "errored", "expired")
Object = dict[str, Any]


def conditions(item: Object) -> dict[str, Object]:
    """Conditions by type."""
    return {str(c.get("type")): c for c in (item.get("status") or {}).get("conditions") or ()}


def _owned(items: list[Object], uid: str) -> list[Object]:
    return [i for i in items if any(o.get("uid") == uid for o in i["metadata"].get("ownerReferences") or ())]


@dataclass
class Course:
    """One Certificate with all that hangs on it. request: of the newest revision, the last that was made."""

    certificate: Object
    requests: list[Object] = field(default_factory=list)
    orders: list[Object] = field(default_factory=list)
    challenges: list[Object] = field(default_factory=list)

    @property
    def revision(self) -> int:
        return int((self.certificate.get("status") or {}).get("revision") or 0)

    @property
    def request(self) -> Object:
        def age(item: Object) -> tuple[int, str]:
            told = (item["metadata"].get("annotations") or {}).get(_REVISION) or "0"
            return int(told) if str(told).isdigit() else 0, str(item["metadata"].get("creationTimestamp") or "")

        return max(self.requests, key=age, default={})

    def issued(self, revision: int) -> bool:
        """Whether it is ready, and has been issued as often."""
        told = conditions(self.certificate)
        ready, again = told.get("Ready", {}), told.get("Issuing", {})
        return bool(ready.get("status") == "True" and again.get("status") != "True" and self.revision >= revision
                    and (self.request.get("status") or {}).get("certificate"))

    def lost(self) -> bool:
        """Whether its newest request has ended without a certificate; the next one comes after an hour."""
        told = conditions(self.request)
        ended = (told.get("Ready") or {}).get("reason") in _ENDS or (told.get("InvalidRequest") or {}).get("status") == "True"
        return bool(self.request) and ended

    def told(self) -> dict[str, Any]:
        """As rules read it: what each object says, and how many conditions the Certificate has."""
        def ready(item: Object) -> Object:
            found = conditions(item)
            return found.get("Denied") or found.get("Ready") or {}

        newest = self.request.get("metadata", {}).get("uid")
        mine = _owned(self.orders, str(newest))
        return {
            "conditions": {t: f"{c.get('reason')}: {c.get('message')}" for t, c in conditions(self.certificate).items()
                           if (c.get("status") == "True") == (t == "Issuing")},
            "request": {"name": self.request["metadata"]["name"], "reason": str(ready(self.request).get("reason") or ""),
                        "message": str(ready(self.request).get("message") or ""),
                        "approved": "Approved" in conditions(self.request)} if self.request else {},
            "orders": [{"name": o["metadata"]["name"], "state": str((o.get("status") or {}).get("state") or ""),
                        "reason": str((o.get("status") or {}).get("reason") or "")} for o in mine],
            "challenges": [{"name": c["metadata"]["name"], "type": str((c.get("spec") or {}).get("type") or ""),
                            "state": str((c.get("status") or {}).get("state") or ""),
                            "reason": str((c.get("status") or {}).get("reason") or "")}
                           for o in mine for c in _owned(self.challenges, str(o["metadata"].get("uid")))]}

    def words(self) -> str:
        """What the last of them in its row says, in its own words."""
        told = self.told()
        for kind in ("challenges", "orders"):
            for one in told[kind]:
                if one["reason"] or one["state"] in _LOST:
                    return f"{kind[:-1]} {one['state']} {one['reason']}".replace("  ", " ").strip()
        request = told["request"]
        if request.get("message"):
            return f"request {request['reason']}: {request['message']}"
        if told["orders"]:
            return "its Order has no state: cert-manager has got no answer from the ACME server"
        if request:
            return "its request is approved, and nobody signs it" if request["approved"] else "nobody has approved its request"
        return next(iter(told["conditions"].values()), "nobody has written a condition to the Certificate")


@dataclass
class Moment:
    """All objects of these kinds in our namespace, read at one moment."""

    certificates: list[Object]
    requests: list[Object]
    orders: list[Object]
    challenges: list[Object]

    def of(self, wanted: Wanted) -> Course | None:
        mine = [c for c in self.certificates if c["metadata"]["name"] == wanted.object]
        requests = _owned(self.requests, wanted.uid)
        orders = [o for r in requests for o in _owned(self.orders, str(r["metadata"].get("uid")))]
        challenges = [c for o in orders for c in _owned(self.challenges, str(o["metadata"].get("uid")))]
        return Course(mine[0], requests, orders, challenges) if mine else None

    def left(self, wanted: Wanted) -> list[str]:
        """What is there of it, as kind/name; owners that are gone do not matter, names of what they owned begin with theirs."""
        kinds = {"certificate": self.certificates, "certificaterequest": self.requests, "order": self.orders,
                 "challenge": self.challenges}
        return [f"{kind}/{i['metadata']['name']}" for kind, items in kinds.items() for i in items
                if f"{i['metadata']['name']}-".startswith(f"{wanted.object}-")]


def moment(ctx: Context) -> Moment:
    kinds = ((API, "Certificate"), (API, "CertificateRequest"), (ACME_API, "Order"), (ACME_API, "Challenge"))
    return Moment(*(list(ctx.client.list(path_of(api, kind, ctx.namespace)).items) for api, kind in kinds))


def issue_again(ctx: Context, wanted: Wanted) -> None:
    """What `cmctl renew` does: the condition Issuing, beside those that are there."""
    path = path_of(API, "Certificate", ctx.namespace, wanted.object)
    for attempt in range(5):
        item = ctx.client.get(path)
        others = [c for c in (item.get("status") or {}).get("conditions") or () if c.get("type") != "Issuing"]
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        issuing = {"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "lastTransitionTime": now,
                   "message": "Certificate re-issuance manually triggered", "observedGeneration": item["metadata"]["generation"]}
        try:
            ctx.client.patch(f"{path}/status", {"metadata": {"resourceVersion": item["metadata"]["resourceVersion"]},
                                                "status": {"conditions": [*others, issuing]}})
            return
        except ApiError as e:
            if e.status != 409 or attempt == 4:
                raise
