# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was seen of all certificates, claim by claim: the first unmet one names the failure, and all are told."""
from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from ...kube.errors import ApiError
from .._shared.text import listed
from .read import Cert, named
from .time import FAIL, WARN, Bounds, Clocks, early, near

if TYPE_CHECKING:
    from ...engine.context import Context

# By variant of what is seen: the claim, as the step of the check.
CLAIMS = {
    "time": "no certificate has ended or is near its end",
    "begin": "the time of every certificate has begun",
    "trust": "every chain leads to the CA that its clients trust",
    "name": "every certificate is for the name that it is asked by",
    "stale": "what is served is what is stored",
    "other": "no other certificate is served than the one that is stored",
    "request": "no kubelet waits for its certificate to be approved",
}
# What is sent along with a certificate, by whether it signed itself.
_ALONG = {False: "its intermediate", True: "its root"}
# So many warnings and bad ones are said in a sentence.
_SAID = 5


class Book:
    """Thread-safe. seen: how many certificates were looked at; left: what was not, and why."""

    def __init__(self, ctx: Context):
        self.ctx, self.clocks = ctx, Clocks.of(ctx)
        options = ctx.options
        self.bounds = Bounds(float(options.get("warn_days") or 0), float(options.get("fail_days") or 0))
        self.seen = 0
        self.left: dict[str, str] = {}
        self._must: dict[str, str] = {}
        self._quiet: set[str] = set()
        self._silent: ApiError | None = None
        self._unmet: dict[str, dict[str, str]] = {}
        self._warned: dict[str, str] = {}
        self._first: tuple[float, str] | None = None
        self._lock = threading.Lock()

    # ---- what is said -----------------------------------------------------------------------------------------
    def tell(self, variant: str, target: str, level: str = "", words: str = "", node: str = "") -> None:
        """One claim about one thing. level: "fail", "warn", or "" for what is as it should be."""
        bad = level == FAIL
        self.ctx.see(kind="certificate", to_node=node, target=target, variant=variant, ok=not bad, error=words if bad else "")
        with self._lock:
            if bad:
                known = self._unmet.setdefault(variant, {})
                known[target] = f"{known[target]}, {words}" if target in known else words
            elif level == WARN:
                self._warned[target] = f"{self._warned[target]}, {words}" if target in self._warned else words

    def leave(self, what: str, why: str, must: bool = False, quiet: bool = False) -> None:
        """Something that could not be looked at. must: the inventory names it, so that nothing is proved without it; quiet: it
        is a right that is given on demand alone, or nobody's from here, so that nobody has to be warned of it each time."""
        with self._lock:
            (self._must if must else self.left)[what] = why
            if quiet:
                self._quiet.add(what)

    def unlisted(self, what: str, error: ApiError, quiet: bool = False) -> None:
        """Objects that could not be listed. Where the API server did not answer that is the end, as soon as all that is known is told."""
        if error.kind != "http" or error.status == 401:
            self._silent = error
        if error.status == 403:
            self.leave(what, "may not be listed", quiet=quiet)
        elif error.status != 404:  # a kind that is not there
            self.leave(what, f"could not be listed: {error.message}")

    # ---- what is judged ---------------------------------------------------------------------------------------
    def times(self, target: str, chain: Sequence[Cert], bounds: Bounds | None = None, node: str = "", who: str = "",
              proved: bool = False, stand_ins: Collection[str] = (), cap: str = FAIL, trusted: Sequence[Cert] = ()) -> None:
        """Begin and end of a chain as it was sent. who: would notice, in words. trusted: what clients have themselves of it.

        proved: whether a client took the chain a moment ago, so that what has ended of it is not needed. stand_ins: keys of
        authorities that clients have themselves. cap: "warn" where nobody would notice an end.
        """
        bounds = bounds or self.bounds
        with self._lock:
            self.seen += 1
            if chain and (self._first is None or chain[0].ends < self._first[0]):
                self._first = chain[0].ends, target
        told = False
        for place, cert in enumerate([*chain, *trusted]):
            for variant, (level, words) in (("begin", early(cert, self.clocks)),
                                            ("time", near(cert.ends, cert.life, self.clocks, bounds))):
                if not level:
                    continue
                along = 0 < place < len(chain)
                if along and (cert.key in stand_ins or cert in trusted):
                    continue
                spared = along and (cert.self_issued or (proved and cert.ends < self.clocks.server))
                level = WARN if spared or cap == WARN else level
                what = "" if not place else f"{'its CA' if not along else _ALONG[cert.self_issued]} {named(cert)} "
                self.tell(variant, target, level, what + words + (f"; it would be noticed by {who}" if who else ""), node)
                told = told or level == FAIL
        if not told:
            self.tell("time", target, node=node)

    # ---- the end ----------------------------------------------------------------------------------------------
    def close(self) -> None:
        """The verdict: fail where a claim is unmet, inconclusive where nothing or not all that must be was looked at."""
        ctx = self.ctx
        ctx.observe(certificates=self.seen)
        if self._first:
            ctx.observe(first_to_end=self._first[1])
            ctx.measure("days until the first certificate ends", (self._first[0] - self.clocks.server) / 86400.0, "d")
        if self.left or self._must:
            ctx.observe(not_looked_at={**self.left, **self._must})
        lost = ["not looked at: " + listed((f"{w} {why}" for w, why in self._must.items()), _SAID)] if self._must else []
        unmet = [v for v in CLAIMS if v in self._unmet]
        if unmet:
            texts = [f"{CLAIMS[v]}, but: " + listed((f"{t} {w}" for t, w in self._unmet[v].items()), _SAID) for v in unmet]
            with ctx.step(CLAIMS[unmet[0]]):
                ctx.fail("; ".join([*texts, *lost]), **{f"not_{v}": self._unmet[v] for v in unmet})
        if self._silent:
            raise self._silent
        warned = [f"{t} {w}" for t, w in self._warned.items()]
        with ctx.step("every certificate that is named can be looked at"):
            if lost:
                ctx.inconclusive("; ".join([*lost, *warned]), not_answered=self._must)
            if not self.seen:
                ctx.inconclusive("no certificate could be looked at: " + (
                    listed((f"{w} {why}" for w, why in self.left.items()), _SAID) or "there is none"))
        if warned:
            ctx.warn(listed(warned, _SAID))
        if loud := [f"{w} {why}" for w, why in self.left.items() if w not in self._quiet]:
            ctx.warn(f"not looked at: {listed(loud)}")
