# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes wrong on a platform, as one sentence for people."""
from __future__ import annotations

from typing import Any


class PlatformError(Exception):
    """str(): one sentence with the platform's own words; details: what is known besides (returned by the module)."""

    def __init__(self, sentence: str, **details: Any) -> None:
        super().__init__(sentence)
        self.details = details


class BadOption(PlatformError):
    """An option is wrong: the sentence names it and says what would be right. Nothing was changed."""


class Passing(PlatformError):
    """The platform did not answer, or with an error that passes: the same question may be answered a moment later."""


class Unknown(PlatformError):
    """Something was begun, and whether it ends well is not known: it may show up later."""


class Interrupted(PlatformError):
    """The deadline passed or the playbook ended; the sentence says what was reached."""
