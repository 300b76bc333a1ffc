# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A set that was taken, as it is: complete, as it was asked for, and close enough in time."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..machines.model import Machine
from .before import names_of
from .moment import seconds_between
from .set import control_plane, named

# Seconds that the snapshots of a control plane that runs may be apart where option max_spread_seconds does not say.
WITHIN = 10.0


def spread(found: Sequence[Machine], name: str) -> float:
    """Seconds between the first and the last snapshot of the name."""
    return seconds_between([s for m in found for s in named(m, name)])


def unlike(after: Sequence[Machine], name: str, made: Collection[str], running: Collection[str],
           params: Mapping[str, Any]) -> str:
    """What is not as it was asked for, in words, "" if all is. made: ids of snapshots; running: ids of machines that ran."""
    taken = {m.id: [s for s in named(m, name) if s.id in made] for m in after}
    gone = [m for m in after if not named(m, name)]
    if gone:
        return f"snapshot {name!r} was taken, and is not there on {names_of(gone)}"
    wrong = [m for m in after if not params.get("memory_dump") and any(s.memory for s in taken[m.id])]
    if wrong:
        return f"the platform included memory in snapshot {name!r} of {names_of(wrong)} without being asked to"
    loud = [m for m in after if params.get("quiesce") and m.id in running and any(not s.quiesced for s in taken[m.id])]
    if loud:
        return f"the platform did not quiesce {names_of(loud)}, and told no fault; see whether the guest tools run there"
    return ""


def too_far(after: Sequence[Machine], name: str, running: Collection[str], params: Mapping[str, Any]) -> str:
    """What is too far apart, in words. Without option max_spread_seconds, members of a control plane that run must be close."""
    given = params.get("max_spread_seconds")
    if given is not None:
        apart = spread(after, name)
        return (f"the snapshots {name!r} are {apart:.1f} s apart, and max_spread_seconds is {float(given):g} s; raise parallel (now "
                f"{params.get('parallel') or 4}) or max_spread_seconds") if given and apart > float(given) else ""
    members = [m for m in control_plane(after, params) if m.id in running]
    apart = spread(members, name)
    if len(members) < 2 or apart <= WITHIN:
        return ""
    return (f"the snapshots {name!r} of the control plane ({names_of(members)}) are {apart:.1f} s apart, and more than "
            f"{WITHIN:g} s make no consistent etcd; shut it down for the set (state_before: shutdown), or give max_spread_seconds")
