# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What only the tagging API of AWS knows: by its ARN, and nothing that its own service lists or that goes with its cluster."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.leftovers.model import Wanted
from ansible_collections.assay.clusters.plugins.module_utils.leftovers.tagged import kind_of, tagged

OURS = [{"Key": "kubernetes.io/cluster/ci", "Value": "owned"}]
START = "arn:aws:{}:eu-central-1:123456789012:"


class Api:
    """In place of both services."""

    def __init__(self, *arns: str) -> None:
        self.arns = arns

    def pages(self, _operation: str, _key: str, **_arguments: Any) -> list[dict[str, Any]]:
        return [{"ResourceARN": arn, "Tags": OURS} for arn in self.arns]


@pytest.mark.parametrize(("arn", "kind"), [
    ("arn:aws:sqs:eu-central-1:123456789012:jobs", ("sqs", "jobs")), ("arn:aws:s3:::backups", ("s3", "backups")),
    ("arn:aws:logs:eu-central-1:123456789012:log-group:/aws/eks/ci/cluster", ("logs:log-group", "/aws/eks/ci/cluster")),
    ("arn:aws:elasticfilesystem:eu-central-1:123456789012:file-system/fs-1", ("elasticfilesystem:file-system", "fs-1"))])
def test_a_kind_is_that_of_its_arn(arn: str, kind: tuple[str, str]) -> None:
    assert kind_of(arn) == kind


@pytest.mark.parametrize("rest", ["ec2:natgateway/nat-1", "eks:cluster/ci", "eks:fargateprofile/ci/shop/1", "cloudformation:stack/ci/1"])
def test_what_its_own_service_lists_is_left_to_that(rest: str) -> None:
    """The tagging API knows what is deleted for a while longer."""
    service, _colon, name = rest.partition(":")
    api: Any = Api(START.format(service) + name, "arn:aws:sqs:eu-central-1:123456789012:jobs")
    assert [t.kind for t in tagged(api, api, Wanted("ci"), ())] == ["sqs"]


def test_what_is_told_already_is_not_told_twice() -> None:
    api: Any = Api("arn:aws:logs:eu-central-1:123456789012:log-group:/aws/eks/ci/cluster")
    assert [t.kind for t in tagged(api, api, Wanted("ci"), ())] == ["logs:log-group"]
    assert not tagged(api, api, Wanted("ci"), {"/aws/eks/ci/cluster"})
