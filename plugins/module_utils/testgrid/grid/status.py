# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The statuses of cells, with TestGrid's numbers, and how they weigh (testgrid: pb/test_status, internal/result/results.go)."""
from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    NO_RESULT = 0
    PASS = 1
    PASS_WITH_ERRORS = 2
    PASS_WITH_SKIPS = 3
    RUNNING = 4
    CATEGORIZED_ABORT = 5
    UNKNOWN = 6
    CANCEL = 7
    BLOCKED = 8
    TIMED_OUT = 9
    CATEGORIZED_FAIL = 10
    BUILD_FAIL = 11
    FAIL = 12
    FLAKY = 13
    TOOL_FAIL = 14
    BUILD_PASSED = 15


# From the least to the most severe.
SEVERITY = (Status.NO_RESULT, Status.BUILD_PASSED, Status.PASS, Status.PASS_WITH_SKIPS, Status.PASS_WITH_ERRORS, Status.RUNNING,
            Status.CATEGORIZED_ABORT, Status.UNKNOWN, Status.CANCEL, Status.BLOCKED, Status.FLAKY, Status.TOOL_FAIL,
            Status.TIMED_OUT, Status.CATEGORIZED_FAIL, Status.BUILD_FAIL, Status.FAIL)
_RANK = {status: rank for rank, status in enumerate(SEVERITY)}


def passing(status: Status) -> bool:
    return _RANK[Status.BUILD_PASSED] <= _RANK[status] <= _RANK[Status.PASS_WITH_ERRORS]


def failing(status: Status) -> bool:
    return _RANK[status] >= _RANK[Status.TOOL_FAIL]


def severest(*statuses: Status) -> Status:
    return max(statuses, key=_RANK.__getitem__)


def coalesced(status: Status, running: Status = Status.NO_RESULT) -> Status:
    """PASS, FAIL, or what is neither. running: what a cell counts as that is not done."""
    if status == Status.RUNNING:
        return running
    return Status.PASS if passing(status) else Status.FAIL if failing(status) else status
