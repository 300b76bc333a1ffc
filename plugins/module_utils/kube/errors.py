# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can go wrong between us and an API server, told apart."""
from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from typing import Any

from .reading import date_of

# Seconds until a busy server is asked again when it names none, and the most that are waited at a time.
_PAUSE, _LONGEST = 1.0, 30.0
# Of ErrCallingWebhook in k8s.io/apiserver's pkg/util/webhook.
HOOK = re.compile(r"failed calling webhook ")
_CANNOT = re.compile(r'cannot (\w+) (?:resource|path) "([^"]+)"')


class BadInput(ValueError):
    """An option is wrong; one sentence that names it and what would be right."""


class MissingLibrary(BadInput):
    """A Python package is not installed for this interpreter."""


class ApiError(Exception):
    """A request that was not answered as hoped.

    kind: "http" (an answer with an error status), "unreachable", "tls", "timeout" or "dns". status is None unless kind
    is "http"; reason and message are the server's, or the transport's own words. body: the Status that the answer was, as
    `reading.status_of` reads it. page: the answer was a page for people, so of whoever stands before the API server; message
    is what they would read.
    """

    page = False

    def __init__(self, kind: str, status: int | None, reason: str, message: str, method: str, path: str,
                 headers: Mapping[str, str] | None = None, body: dict[str, Any] | None = None):
        super().__init__(f"{method} {path}: {message or reason}")
        self.kind, self.status, self.reason, self.message = kind, status, reason, message
        self.method, self.path = method, path
        self.headers, self.body = headers or {}, body

    @property
    def verb(self) -> str:
        """What our user may not do, from the authorizer's message; empty if it is none."""
        found = _CANNOT.search(self.message)
        return found[1] if found else ""

    @property
    def resource(self) -> str:
        found = _CANNOT.search(self.message)
        return found[2] if found else ""

    @property
    def of_a_start(self) -> bool:
        """Whether an API server says so of everything for some seconds after its start, as it has not read yet what there is:
        rights, or kinds. A 404 of one object is a Status."""
        return self.status == 403 or (self.status == 404 and self.body is None)

    @property
    def hook(self) -> bool:
        """Whether the API server could not ask an admission webhook that must be asked."""
        return bool(self.status == 500 and HOOK.search(self.message))

    @property
    def busy(self) -> bool:
        """Whether the server had no time to look at the request: nothing of it was done, whatever it was.

        A disruption budget refuses evictions by the same number, and means it.
        """
        causes = ((self.body or {}).get("details") or {}).get("causes") or []
        budget = any(c.get("reason") == "DisruptionBudget" for c in causes)
        return self.status == 429 and not budget

    def pause(self) -> float:
        """Seconds until it is asked again: those of Retry-After (a number or a date) or one, and up to half as many more."""
        said = _seconds(self.headers.get("Retry-After") or "", self.headers.get("Date") or "")
        return min(_LONGEST, _PAUSE if said is None else said) * random.uniform(1.0, 1.5)

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "status": self.status, "reason": self.reason, "message": self.message,
                "method": self.method, "path": self.path, "verb": self.verb, "resource": self.resource,
                **({"page": True} if self.page else {})}


def _seconds(retry_after: str, date: str) -> float | None:
    """The seconds of a Retry-After; a date counts from the server's own, as clocks differ. None where it says none."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    until, now = date_of(text), date_of(date)
    return None if until is None else max(0.0, until - (time.time() if now is None else now))
