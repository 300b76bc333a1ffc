# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Platform `eks`: Fargate profiles, and the family of addresses."""
from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.moto_eks import MotoEks

from .cluster_task import ensure
from .test_eks import aws, given  # noqa: F401  pylint: disable=unused-import
from .test_eks_extras import roles  # noqa: F401  pylint: disable=unused-import

PODS = [{"namespace": "shop", "labels": {"tier": 1}}, {"namespace": "kube-system"}]


def test_profiles_are_made_one_after_the_other(given: dict[str, Any], aws: MotoEks, roles: Any) -> None:  # noqa: F811
    given["eks"].update(fargate_profiles=[{"name": "shop", "role": "ebs", "selectors": PODS, "subnets": ["subnet-1"]},
                                          {"name": "rest", "role": "ebs", "selectors": [{"namespace": "rest"}]}])
    made = ensure(**given)
    assert not made["failed"] and made["changed"], made
    profiles = aws.cluster("ci").fargate_profiles
    assert profiles["shop"].selectors == [{"namespace": "shop", "labels": {"tier": "1"}}, {"namespace": "kube-system"}]
    assert profiles["shop"].subnets == ["subnet-1"] and profiles["rest"].subnets == given["eks"]["subnets"]
    assert profiles["rest"].pod_execution_role_arn.endswith("role/ebs")
    assert any("Fargate profile shop CREATING" in line for line in made["progress"])
    assert not ensure(**given)["changed"]
    del profiles["rest"]
    assert ensure(**given)["changed"] and "rest" in profiles, "what is missing is made"


def test_a_profile_that_fails_is_named(given: dict[str, Any], aws: MotoEks, roles: Any) -> None:  # noqa: F811
    ensure(**given)
    given["eks"].update(fargate_profiles=[{"name": "shop", "role": "nobody", "selectors": PODS}])
    assert "eks.fargate_profiles.role: there is no role nobody" in ensure(**given)["msg"]
    given["eks"]["fargate_profiles"][0].update(role="ebs")
    ensure(**given)
    aws.cluster("ci").fargate_profiles["shop"].__dict__["settled"] = "CREATE_FAILED"
    given["eks"]["fargate_profiles"].append({"name": "rest", "role": "ebs", "selectors": PODS})
    assert "Fargate profile shop of ci is CREATE_FAILED" in ensure(**given)["msg"]


@pytest.mark.parametrize("count", [0, 6])
def test_selectors_that_eks_would_refuse_are_refused_before(given: dict[str, Any], aws: MotoEks, count: int) -> None:  # noqa: F811
    given["eks"].update(fargate_profiles=[{"name": "shop", "role": "ebs", "selectors": PODS[:1] * count}])
    assert f"eks.fargate_profiles: shop must have one to five selectors, not {count}" in ensure(**given)["msg"]
    with pytest.raises(KeyError):
        aws.cluster("ci")


def test_the_family_of_addresses_is_asked_for_and_kept(given: dict[str, Any], aws: MotoEks) -> None:  # noqa: F811
    given["eks"].update(ip_family="ipv6")
    assert "eks.ip_family: with ipv6 nodes need the right ec2:AssignIpv6Addresses" in ensure(**given)["msg"]
    given["eks"].update(ip_family="ipv4")
    assert not ensure(**given)["failed"]
    assert aws.cluster("ci").asked["kubernetesNetworkConfig"] == {"ipFamily": "ipv4"}
