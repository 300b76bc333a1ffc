# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A client for some questions one after the other, outside of a run of checks: one error that passes is no answer."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .client import Client
from .connection import Connection
from .errors import ApiError
from .patient import PATIENCE, PatientClient, passing

# Seconds of patience with whoever has never answered: the address may be wrong, or the cluster gone.
_FIRST = 2.0


class SteadyClient(PatientClient):
    """patience: seconds, once it has answered. The rest is as the Client has it."""

    def __init__(self, client: Client, patience: float = PATIENCE):
        super().__init__(client, lambda: float("inf"), lambda _error: None, _FIRST)
        self._then = patience

    @property
    def server(self) -> str:
        return self.raw.server

    @property
    def connection(self) -> Connection:
        return self.raw.connection

    def now(self) -> float:
        return self.raw.now()

    def stream(self, path: str, params: Any, timeout: float) -> Any:
        return self.raw.stream(path, params, timeout)

    def starting(self, error: ApiError) -> bool:
        return self.raw.starting(error)

    def transport_error(self, e: Exception, path: str) -> ApiError:
        return self.raw.transport_error(e, path)

    def persist(self, call: Callable[[float], Any], timeout: float, repeat: bool = True) -> Any:
        try:
            answer = super().persist(call, timeout, repeat)
        except ApiError as e:
            if not passing(e):
                self._patience = self._then
            raise
        self._patience = self._then
        return answer
