# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tags as the services of AWS tell them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .aws import AwsError, Ec2

_AT_ONCE = 20  # DescribeTags of load balancers takes no more
_GONE = {"LoadBalancerNotFound", "TargetGroupNotFound"}


def tags_of(item: Mapping[str, Any], key: str = "Tags") -> dict[str, str]:
    return {str(t["Key"]): str(t.get("Value") or "") for t in item.get(key) or []}


def balancer_tags(api: Ec2, key: str, argument: str, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """{id: tags} of load balancers or target groups, whose lists have none; ids as answers name them under `key`.

    AWS tells nothing of all that are asked for where one of them went meanwhile: then each is asked for by itself.
    """
    found: dict[str, dict[str, str]] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = list(ids[start:start + _AT_ONCE])
        try:
            found |= {d[key]: tags_of(d) for d in api.call("DescribeTags", **{argument: some})["TagDescriptions"]}
        except AwsError as e:
            if e.code not in _GONE:
                raise
            for one in some if len(some) > 1 else ():
                found |= balancer_tags(api, key, argument, [one])
    return found
