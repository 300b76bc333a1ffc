# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates that only the cluster's own network reaches: asked by probes, whose curl tells the whole chain.

A port-forward leads into a pod alone, and the API server's own proxies speak TLS themselves; so the probe makes the handshake.
"""
from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from ...engine.errors import DoesNotApply, Inconclusive, StepFailed
from ...kube.errors import ApiError
from ...kube.transport import TransportError
from .._shared.text import url_host
from .read import Cert, of_pem
from .served import NotServed, Place

if TYPE_CHECKING:
    from ...engine.context import Context
    from ...engine.probes import Probe

# Seconds of curl for a connection and for all of it, and of the question around it.
_CONNECT, _ALL, _QUESTION = 3, 6, 12.0
# Questions in vain, one after the other, after which the others are left alone: a policy holds them all.
_IN_VAIN = 4
# What is put into a command.
_SAFE = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_EXIT = re.compile(r"exit status (\d+)")
# curl's exit codes; what another says is its own matter.
_WORDS = {6: "has a name that is not resolved", 7: "refuses the connection, or no way leads there",
          28: "does not answer in time", 35: "does not speak TLS with the probe"}


def command(place: Place, address: str) -> str:
    """The question for a shell; address: where the name is, where that is not asked by the name itself."""
    target = f"https://{url_host(place.name)}:{place.port}/"
    where = "" if address == place.name else f" --resolve {place.name}:{place.port}:{url_host(address)}"
    return (f"curl -sk --noproxy '*' --connect-timeout {_CONNECT} --max-time {_ALL} -o /dev/null -w '%{{certs}}'{where} "
            f"{target}")


class Inside:
    """The probes of the run, made when they are first needed. Thread-safe."""

    def __init__(self, ctx: Context):
        self._ctx = ctx
        self._probes: list[Probe] | None = None
        self._why = ""
        self._vain = 0
        self._lock = threading.Lock()

    def _all(self) -> list[Probe]:
        with self._lock:
            if self._probes is None:
                try:
                    self._probes = list(self._ctx.probes.all)
                    self._why = "" if self._probes else "there is no probe to ask from"
                except (DoesNotApply, Inconclusive, StepFailed, ApiError, TransportError) as e:
                    self._probes, self._why = [], f"there is no probe to ask from: {e}"
            return self._probes

    def anew(self) -> None:
        """What was asked in vain says nothing of what is asked next."""
        self._vain = 0

    def on(self, node: str) -> Probe | None:
        """The probe of that node."""
        return next((p for p in self._all() if p.node == node), None)

    def ask(self, place: Place, probe: Probe | None = None) -> list[Cert]:
        """The chain that is served at place.host (an address or a name), by its own node's probe or any. NotServed."""
        probes = self._all()
        if not probes:
            raise NotServed(f"is reached from inside the cluster alone, and {self._why}")
        if self._vain >= _IN_VAIN:
            raise NotServed("was not asked: others before it were asked in vain by the probes")
        if not (_SAFE.fullmatch(place.name) and _SAFE.fullmatch(place.host)):
            raise NotServed("has a name that no probe is asked with")
        try:
            answer = (probe or probes[0]).shell(command(place, place.host), timeout=_QUESTION)
        except (TransportError, ApiError) as e:
            raise NotServed(f"was not asked, as the probe cannot be: {e}") from None
        if found := of_pem(answer.output):
            with self._lock:
                self._vain = 0
            return found
        raise NotServed(self._words(answer.error))

    def _words(self, error: str) -> str:
        code = int(found[1]) if (found := _EXIT.search(error)) else 0
        if code == 28:  # a refusal takes no time
            with self._lock:
                self._vain += 1
        if code in _WORDS:
            return f"{_WORDS[code]}, asked from a probe"
        more = f" ({error[:80]})" if error else ""
        return f"shows no certificate to the probe, whose curl is perhaps older than 7.88{more}"
