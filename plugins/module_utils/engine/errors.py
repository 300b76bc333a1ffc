# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a step of a check ends when it does not go on."""
from __future__ import annotations


class StepFailed(Exception):
    """A claim of the check is not met; the message says what was seen."""


class Inconclusive(Exception):
    """The check could not be made; the message says which precondition is missing."""


class DoesNotApply(Exception):
    """There is nothing here that the check could be made on; the message says why. That is no fault of anything."""
