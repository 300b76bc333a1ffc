# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The status checks of EC2: of what carries an instance (system) and of the instance itself, made each minute while it runs.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html: ok, impaired, insufficient-data,
not-applicable, and initializing for the first minutes after a start.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...clouds.aws import AwsError, Ec2
from ..model import Machine

_AT_ONCE = 100  # ids that DescribeInstanceStatus takes
_WELL = {"ok", "not-applicable"}
_CHECKS = (("SystemStatus", "system"), ("InstanceStatus", "instance"))


def unwell(ec2: Ec2, machines: Sequence[Machine], tell: Callable[[str], None]) -> dict[str, str]:
    """{id of a machine that is to run: why it is not well}. Who may not ask is told so, and knows of none."""
    ids, found = [m.id for m in machines], {}
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start:start + _AT_ONCE]
        try:
            answer = ec2.call("DescribeInstanceStatus", InstanceIds=some, IncludeAllInstances=True)
        except AwsError as e:
            if e.code != "UnauthorizedOperation":
                raise
            tell(f"status checks are not looked at: {e}")
            return {}
        told = {str(s["InstanceId"]): s for s in answer.get("InstanceStatuses", [])}
        found |= {key: words for key in some if (words := _words(told.get(key)))}
    return found


def _words(status: Mapping[str, Any] | None) -> str:
    """"" for an instance that runs and passes both."""
    if status is None:
        return "EC2 does not list its status checks yet"
    if (state := status["InstanceState"]["Name"]) != "running":
        return f"it is {state}"
    return " and ".join(w for key, kind in _CHECKS if (w := _check(kind, status.get(key) or {})))


def _check(kind: str, check: Mapping[str, Any]) -> str:
    """"" for one that is passed, or that EC2 does not tell."""
    if (state := check.get("Status") or "ok") in _WELL:
        return ""
    failed = [d for d in check.get("Details") or [] if d.get("Status") == "failed"]
    since = next((d["ImpairedSince"].strftime(" since %Y-%m-%dT%H:%M:%SZ") for d in failed if d.get("ImpairedSince")), "")
    names = ", ".join(str(d.get("Name")) for d in failed)
    return f"EC2's {kind} status check is {state}{since}" + (f" ({names} failed)" if names else "")
