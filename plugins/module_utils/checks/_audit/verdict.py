# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What follows from the requests that were found in an audit log, and from those that were not."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._shared.text import listed
from .events import Found, Marker, answered, differs
from .files import Source
from .options import KINDS
from .replicas import Replicas

if TYPE_CHECKING:
    from ...engine.context import Context

_UNKNOWN = "one behind the balancer"


@dataclass
class Seen:
    """expected: the kinds that must be there. user: who we are, "" where that is not known."""

    markers: Sequence[Marker]
    found: Found
    expected: Sequence[str]
    user: str

    def replicas(self) -> list[str]:
        return sorted({m.replica for m in self.markers})

    def of(self, replica: str, kind: str) -> tuple[int, int]:
        """(how many are there, how many were sent)."""
        mine = [m for m in self.markers if m.replica == replica and m.kind == kind]
        return sum(self.found.of(m) is not None for m in mine), len(mine)

    def missing(self) -> dict[str, list[str]]:
        """By API server: the expected kinds of which one is not there."""
        out = {r: [k for k in self.expected if self.of(r, k)[0] < self.of(r, k)[1]] for r in self.replicas()}
        return {r: kinds for r, kinds in out.items() if kinds}

    def whole(self) -> bool:
        return all(self.found.of(m) is not None for m in self.markers)

    def silent(self) -> list[str]:
        """API servers of which nothing at all is there."""
        return [r for r in self.replicas() if not any(self.of(r, k)[0] for k in KINDS)]


def judge(ctx: Context, seen: Seen, source: Source, replicas: Replicas, unseen: int) -> None:
    _tell(ctx, seen, source)
    seconds = float(ctx.finding.observed.get("looked_for_seconds") or 0.0)
    with ctx.step("every API server writes our requests to its audit log"):
        silent = seen.silent()
        absent = f"; {listed(source.absent().values())}" if source.absent() else ""
        if silent and len(silent) == len(seen.replicas()):
            ctx.fail(f"none of {len(seen.markers)} requests to {_names(silent)} is in {source.words} after {seconds:.0f} s"
                     f"{absent}")
        if silent:
            ctx.fail(f"no request to {_names(silent)} is in {source.words} after {seconds:.0f} s, while all others write"
                     f" theirs{absent}")
    with ctx.step("what must be logged is logged"):
        missing = seen.missing()
        if missing:
            ctx.fail(f"not in {source.words} after {seconds:.0f} s: " + listed(
                f"{_share(seen, r, k)} of {_names([r])}" for r, kinds in missing.items() for k in kinds))
    with ctx.step("each event says who did what, and what was answered"):
        wrong = _wrong(seen)
        ctx.expect(not wrong, f"{source.words} tells it otherwise: {listed(wrong)}", wrong_events=wrong)
    _complete(ctx, seen, source, replicas, unseen)


def _names(replicas: Sequence[str]) -> str:
    return listed((f"API server {r}" if r else _UNKNOWN for r in replicas), 5)


def _share(seen: Seen, replica: str, kind: str) -> str:
    there, sent = seen.of(replica, kind)
    return f"{'every' if not there else f'{sent - there} of {sent}'} {kind} request"


def _tell(ctx: Context, seen: Seen, source: Source) -> None:
    """A line for each API server and kind; what need not be there is no fault where it is not."""
    for replica in seen.replicas():
        for kind in KINDS:
            there, sent = seen.of(replica, kind)
            if sent:
                ctx.see(kind="audit", target=replica, variant=kind, ok=there == sent or kind not in seen.expected,
                        error="" if there == sent else f"{there} of {sent} found")
    logged = [k for k in KINDS if any(seen.of(r, k)[0] for r in seen.replicas())]
    sent_kinds = {m.kind for m in seen.markers}
    ctx.observe(logged=logged, not_logged=[k for k in KINDS if k in sent_kinds and k not in logged],
                **({"without_file": source.absent()} if source.absent() else {}))


def _wrong(seen: Seen) -> list[str]:
    pairs = [(m, e) for m in seen.markers if (e := seen.found.of(m))]
    return sorted({f"{m.kind} request: {why}" for m, e in pairs if (why := differs(m, e, seen.user))})


def _complete(ctx: Context, seen: Seen, source: Source, replicas: Replicas, unseen: int) -> None:
    """All that was asked is there: what was not asked, or not told, is said."""
    events = [e for m in seen.markers if (e := seen.found.of(m))]
    if events and not any(answered(e) for e in events):
        ctx.warn("the audit log has our requests and not what was answered: its policy omits the stage ResponseComplete")
    if unseen and len(seen.found.wheres()) < replicas.count:
        with ctx.step("every API server was asked"):
            ctx.inconclusive(
                f"{unseen} of {replicas.count} API servers were not asked: not by their own addresses"
                f" ({replicas.why or 'which are not known'}), and new connections led to {_names(seen.replicas())} only; run it"
                " from where their addresses can be reached", audit_unasked=f"{unseen} of {replicas.count} API servers")
