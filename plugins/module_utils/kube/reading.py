# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What others send, read so that nothing in it breaks us: dates however far, Statuses of whatever types."""
from __future__ import annotations

import datetime
import email.utils
from typing import Any

# Dates that a clock can have and with which one can still reckon: 1970 to 6325; all that a date can be, as 0001 is what Go writes
# for none (epoch seconds).
_FIRST, _LAST = 0.0, float(1 << 37)
_LEAST, _MOST = -62135596800.0, 253402300799.0


def date_of(text: Any) -> float | None:
    """Epoch seconds of an HTTP date; None for what is none."""
    try:
        found = email.utils.parsedate_to_datetime(text)
        epoch = found.replace(tzinfo=found.tzinfo or datetime.timezone.utc).timestamp()
    except (TypeError, ValueError, IndexError, AttributeError, OverflowError):
        return None
    return epoch if _FIRST <= epoch <= _LAST else None


def stamp_of(text: Any) -> float:
    """Epoch seconds of an RFC 3339 time; 0 for anything else."""
    try:
        found = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) if isinstance(text, str) else None
        epoch = found.replace(tzinfo=found.tzinfo or datetime.timezone.utc).timestamp() if found else 0.0
    except (ValueError, OverflowError):
        return 0.0
    return epoch if _LEAST <= epoch <= _MOST else 0.0


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def status_of(found: Any) -> dict[str, Any] | None:
    """A Status, in which what is read later has the type that Kubernetes says, or is not there; None for anything else."""
    if not isinstance(found, dict) or found.get("kind") != "Status":
        return None
    given = found.get("details")
    details = dict(given) if isinstance(given, dict) else {}
    causes = details.get("causes")
    details["causes"] = [c for c in causes if isinstance(c, dict)] if isinstance(causes, list) else []
    code = found.get("code")
    return {**found, "message": _text(found.get("message")), "reason": _text(found.get("reason")), "details": details,
            "status": _text(found.get("status")), "code": code if isinstance(code, int) and 100 <= code <= 599 else None}
