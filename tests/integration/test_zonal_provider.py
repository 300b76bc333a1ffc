# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Volumes of EBS, as a check looks for them: boto3 against moto's server, which stands for AWS."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._zonal.provider import Provider, disk
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive, StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext
from tests.fakes.moto_server import KEYS, REGION, client


@pytest.fixture
def ec2(moto: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in {**{k.upper(): v for k, v in KEYS.items()}, "AWS_ENDPOINT_URL_EC2": moto, "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    return client(moto)


def _volume(ec2: Any, zone: str = f"{REGION}a") -> dict[str, Any]:
    made = ec2.create_volume(AvailabilityZone=zone, Size=1)
    return {"metadata": {"name": "pvc-1"}, "spec": {"csi": {"driver": "ebs.csi.aws.com", "volumeHandle": made["VolumeId"]}}}


def _provider(**options: Any) -> tuple[Provider, FakeContext]:
    ctx = FakeContext(zonal_provider="aws", zonal_provider_region=REGION, **options)
    return Provider(ctx), ctx


def test_a_volume_in_its_pods_zone_that_goes(ec2: Any) -> None:
    provider, ctx = _provider()
    volume = _volume(ec2)
    provider.placed({"p-0": volume}, {"p-0": f"{REGION}a"})
    ec2.delete_volume(VolumeId=disk(volume))
    provider.gone(volume, 10.0)
    assert [(o["variant"], o["ok"]) for o in ctx.observations] == [("zone", True), ("gone", True)]
    assert ctx.observed["provider"] == "aws: 1 of 1 volumes are of EBS"


def test_a_volume_in_another_zone_and_one_that_stays(ec2: Any) -> None:
    provider, ctx = _provider()
    volume = _volume(ec2, f"{REGION}b")
    with pytest.raises(StepFailed, match=f"^volume {disk(volume)} of pod p-0 is in {REGION}b of AWS, its pod in {REGION}a$"):
        provider.placed({"p-0": volume}, {"p-0": f"{REGION}a"})
    with pytest.raises(StepFailed, match=f"^volume {disk(volume)} gone at AWS: not within"):
        provider.gone(volume, 4.0)
    assert ctx.observations[-1]["error"] == f"volume {disk(volume)} is available at AWS"


def test_a_volume_that_aws_does_not_know_in_this_region(ec2: Any) -> None:
    provider, _ctx = _provider()
    volume = {"metadata": {"name": "pvc-1"}, "spec": {"csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-0123456789abcdef0"}}}
    with pytest.raises(StepFailed, match=f"vol-0123456789abcdef0 of pod p-0 is not known to AWS in region {REGION}"):
        provider.placed({"p-0": volume}, {"p-0": f"{REGION}a"})


def test_who_may_not_ask_is_told_that_nothing_is_known(ec2: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:9")
    provider, _ctx = _provider()
    with pytest.raises(Inconclusive, match="^the provider could not be asked for volume vol-"):
        provider.placed({"p-0": _volume(ec2)}, {"p-0": f"{REGION}a"})


@pytest.mark.parametrize("spec", [{"csi": {"driver": "zonal.csi.lab", "volumeHandle": "pvc-1"}}, {"hostPath": {"path": "/x"}}])
def test_volumes_of_others_are_not_asked_for(spec: dict[str, Any], ec2: Any) -> None:
    provider, ctx = _provider()
    provider.placed({"p-0": {"metadata": {"name": "pvc-1"}, "spec": spec}}, {"p-0": "a"})
    provider.gone({"metadata": {"name": "pvc-1"}, "spec": spec}, 1.0)
    assert not ctx.observations
    assert disk({"spec": {"awsElasticBlockStore": {"volumeID": "aws://eu-central-1a/vol-0123"}}}) == "vol-0123"
