# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets in what users write freely: environments, bodies for the API of a platform, variables, manifests.

no_log for such an option would blank each of its words ("apps", 3) in all output; so its secrets are told one by one.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..results.redact import is_secret_key


def secrets_of(value: Any, named: bool = False) -> Iterator[str]:
    """Texts and numbers under names of secrets, at any depth, also as pairs of name and value; texts of several lines, whole,
    as nobody knows what is in them.

    named: it stands under such a name.
    """
    if isinstance(value, Mapping):
        pair = is_secret_key(value.get("name"))
        for key, item in value.items():
            yield from secrets_of(item, is_secret_key(key) or (pair and key == "value"))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from secrets_of(item, named)
    elif isinstance(value, str) and (named or "\n" in value.strip()):
        yield value
    elif named and isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
