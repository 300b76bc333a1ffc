# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can go wrong between us and an API server, told apart."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_CANNOT = re.compile(r'cannot (\w+) (?:resource|path) "([^"]+)"')


class BadInput(ValueError):
    """An option is wrong; one sentence that names it and what would be right."""


class MissingLibrary(BadInput):
    """A Python package is not installed for this interpreter."""


class ApiError(Exception):
    """A request that was not answered as hoped.

    kind: "http" (an answer with an error status), "unreachable", "tls", "timeout" or "dns". status is None unless kind
    is "http"; reason and message are the server's, or the transport's own words.
    """

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

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "status": self.status, "reason": self.reason, "message": self.message,
                "method": self.method, "path": self.path, "verb": self.verb, "resource": self.resource}
