# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""In what a cluster that is there differs from the configuration that it would be made with: places, never values."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

_NAMES = ("name", "hostnamePrefix")
_SHOWN = 5


def _title(item: Any) -> str:
    return next((str(item[n]) for n in _NAMES if item.get(n)), "") if isinstance(item, Mapping) else ""


def differences(wanted: Any, there: Any, but: tuple[str, ...] = (), hidden: bool = False, path: str = "") -> Iterator[str]:
    """Places of what is wanted and not there. What else is there does not count: platforms fill in what is left out.

    but: ends of places that something else sets. hidden: the platform does not show all that it has, so what it leaves out is
    unknown.
    """
    if path.endswith(but):
        return
    if isinstance(wanted, Mapping) and isinstance(there, Mapping):
        for key, value in wanted.items():
            if not hidden or key in there:
                yield from differences(value, there.get(key), but, hidden, f"{path}.{key}" if path else str(key))
        return
    if isinstance(wanted, (list, tuple)) and isinstance(there, (list, tuple)):
        titles = [_title(i) for i in wanted]
        if titles and all(titles):
            known = {_title(i): i for i in there}
            for title, item in zip(titles, wanted):
                yield from differences(item, known[title], but, hidden, f"{path}[{title}]") if title in known else [f"{path}[{title}]"]
            return
        if len(wanted) == len(there):
            for number, (item, other) in enumerate(zip(wanted, there)):
                yield from differences(item, other, but, hidden, f"{path}[{number}]")
            return
    if (wanted or there) and wanted != there and str(wanted) != str(there):
        yield path


def told(option: str, places: Collection[str], what: str) -> list[str]:
    """At most one line. what: happens to it."""
    shown = ", ".join(list(places)[:_SHOWN]) + (f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else "")
    return [f"{option} says something else than the cluster has in {shown}; {what}"] if places else []
