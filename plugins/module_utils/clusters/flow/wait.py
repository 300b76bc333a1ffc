# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting for a cluster to be ready, in its platform's words and by its own API server, or to be gone."""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from ...jobs.errors import PlatformError
from ...kube.errors import ApiError, BadInput
from .. import access
from ..model import Cluster, Wanted
from .look import Look

# So many looks may miss a cluster that was just asked for: lists of platforms lag behind.
_MISSES = 5


class Wait(Look):
    """A look that lasts until it shows what is wanted."""

    def _until(self, what: Callable[[], str]) -> None:
        """Look until there is nothing left to wait for; what() tells what it is, "" at the end. What passes is borne to the
        end: the platform has answered before."""
        self.job.until(what, self.params["wait_sleep"], patience=float("inf"), about=self.name, told=self._tell)

    def _wait_ready(self, wanted: Wanted, nodes: bool = True) -> Cluster:
        """Ready in its platform's words, then the API server answers as the same cluster, then enough nodes do."""
        misses = 0

        def platform_waits() -> str:
            nonlocal misses
            found = self.platform.find(wanted.name)
            if found is None:
                misses += 1
                if misses >= _MISSES:
                    raise PlatformError(f"{wanted.name} is gone: somebody deleted it while it was waited for")
                return "not listed yet"
            self.last, misses = found, 0
            if found.phase in ("failed", "deleting"):
                raise PlatformError(f"{wanted.name} did not become ready: {found.words()}")
            asked = self._asked(found) if found.phase == "ready" else found
            if found.phase == "ready" and self._fits(asked, wanted):
                return ""
            return found.words() if found.phase != "ready" else f"{found.words()} with {self._text(self._shape(asked))}"

        if not self.params["wait"]:
            return self.platform.find(wanted.name) or Cluster(wanted.name, "", "unknown", "creating")
        self._until(platform_waits)
        if self._waits("api"):
            self._until(lambda: self._api_waits(wanted, nodes and self._waits("nodes")))
        if nodes:
            self._tell("ready")
        return self.last

    def _api_waits(self, wanted: Wanted, nodes: bool) -> str:
        try:
            facts = access.look(self._access(self.last))
        except (ApiError, BadInput) as e:
            return f"{self.last.state}, but the API server does not answer yet ({e})"
        if self.last.uid and self.last.uid != facts.uid:
            raise PlatformError(f"the kubeconfig of {self.name} leads to another cluster: that one's id is {facts.uid}, "
                                f"{self.name} was made as {self.last.uid}")
        if not self.last.uid:
            self.platform.mark(self.last, facts.uid)
        self.last = replace(self.last, uid=facts.uid, version=self.last.version or facts.version,
                            nodes=self._counted(self.last, facts))
        # the wanted ones are some of all; how many there should be of the others is for the platform to say
        enough = max(wanted.nodes, facts.everyone, self.last.least)
        if nodes and facts.ready < enough:
            return f"{facts.ready} of {enough} nodes Ready" + (f", not {', '.join(facts.waiting[:5])}" * bool(facts.waiting))
        return ""

    def _wait_gone(self, found: Cluster) -> None:
        def waits() -> str:
            now = self.platform.find(found.name)
            if now is None or (found.id and now.id != found.id):
                return ""
            self.last = now
            if now.phase == "failed":
                raise PlatformError(f"{found.name} could not be deleted: {now.words()}")
            return now.words()

        self._until(waits)
        self._tell("gone")
        self.last = None

    def _wait_gone_or_fail_again(self, found: Cluster) -> None:
        """A cluster that had failed before may show that for some looks more, until its deletion has begun."""
        grace = time.monotonic() + min(30.0, 6 * self.params["wait_sleep"]) if found.phase == "failed" else 0.0
        while True:
            try:
                return self._wait_gone(found)
            except PlatformError:
                if time.monotonic() > grace or self.job.left() <= 0:
                    raise
                self.job.pause(self.params["wait_sleep"], f"{found.name} to be deleted")
