# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Platform `eks`: boto3 against moto's server, with what moto's EKS lacks from tests/fakes/moto_eks.py."""
from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.clusters.eks.look import Look
from ansible_collections.assay.clusters.plugins.module_utils.clusters.eks.platform import Eks
from ansible_collections.assay.clusters.plugins.module_utils.clusters.eks.roles import Roles
from ansible_collections.assay.clusters.plugins.module_utils.jobs import patience
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from tests.fakes.api_server import FakeApiServer
from tests.fakes.moto_eks import MotoEks, moto_eks
from tests.fakes.weather import SKY, AwsWeather

from .cluster_task import ensure, info, late
from tests.fakes.quick import quick_moto

REGION = "eu-central-1"
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "planted-secret-of-aws"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoEks]:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    if SKY.dice:  # boto3 gets over each by itself, or leaves it to us as after an outage that is longer than its patience
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", SKY.dice.choice(("1", "1", "6")))
    quick_moto(monkeypatch)
    with moto_eks(REGION) as server:
        yield server


@pytest.fixture
def given(aws: MotoEks) -> dict[str, Any]:
    return {"name": "ci", "platform": "eks", "version": "1.31", "nodes": 3, "wait_until": "platform", "eks": {
        "region": REGION, "endpoint_url": aws.url, "access_key": KEYS["aws_access_key_id"],
        "secret_key": KEYS["aws_secret_access_key"], "subnets": ["subnet-1", "subnet-2"], "create_roles": True,
        "node_groups": [{"name": "system", "size": 1}, {"name": "apps", "instance_types": ["m7i.large"]}]}}


def _client(aws: MotoEks, service: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=aws.url, **KEYS)


def test_made_found_and_disposed_of(given: dict[str, Any], aws: MotoEks) -> None:
    plan = ensure(True, **given)
    assert plan["changed"] and _client(aws, "eks").list_clusters()["clusters"] == []
    made = ensure(**given)
    assert not made["failed"] and made["changed"], made
    assert made["cluster"]["state"] == "ACTIVE" and made["cluster"]["nodes"] == 3 and made["cluster"]["version"] == "1.31"
    assert made["cluster"]["id"].startswith("arn:aws:eks:") and made["cluster"]["ours"] and made["cluster"]["expires"]
    assert any("ci: control plane CREATING" in line for line in made["progress"])
    groups = {n: _client(aws, "eks").describe_nodegroup(clusterName="ci", nodegroupName=n)["nodegroup"]
              for n in ("system", "apps")}
    assert {n: g["scalingConfig"]["desiredSize"] for n, g in groups.items()} == {"system": 1, "apps": 2}
    assert groups["apps"]["instanceTypes"] == ["m7i.large"]
    assert not ensure(**given)["changed"]
    assert [c["name"] for c in info(platform="eks", eks=given["eks"])["clusters"]] == ["ci"]
    gone = ensure(**given, state="absent", disposable=True, cluster_id=made["cluster"]["id"])
    assert gone["changed"] and any("node groups DELETING" in w or "gone" in w for w in gone["progress"])
    assert _client(aws, "eks").list_clusters()["clusters"] == [] and _client(aws, "iam").list_roles()["Roles"] == []
    assert not ensure(**given, state="absent", disposable=True)["changed"]


class _Tagged(str):
    """As strings of ansible-core are."""


def test_the_kubeconfig_holds_no_keys(given: dict[str, Any]) -> None:
    given["eks"]["region"], given["name"] = _Tagged(REGION), _Tagged("ci")
    user = yaml.safe_load(ensure(**given)["kubeconfig"])["users"][0]["user"]
    assert user["exec"]["command"] == "aws" and user["exec"]["args"][-1] == "ci"
    given["eks"]["kubeconfig_auth"] = "token"
    text = ensure(**given)["kubeconfig"]
    token = yaml.safe_load(text)["users"][0]["user"]["token"].removeprefix("k8s-aws-v1.")
    url = urllib.parse.urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    asked = urllib.parse.parse_qs(url.query)
    assert asked["Action"] == ["GetCallerIdentity"] and asked["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert asked["X-Amz-Expires"] == ["60"] and KEYS["aws_secret_access_key"] not in text


def test_size_and_version_change(given: dict[str, Any], aws: MotoEks) -> None:
    ensure(**given)
    plan = ensure(True, **{**given, "nodes": 5, "version": "1.32"})
    assert plan["changed"] and plan["diff"]["after"] == {"name": "ci", "state": "present", "version": "1.32", "nodes": 5}
    more = ensure(**{**given, "nodes": 5, "version": "1.32"})
    assert more["changed"] and (more["cluster"]["nodes"], more["cluster"]["version"]) == (5, "1.32")
    assert any("node group apps UPDATING" in line for line in more["progress"])
    assert _client(aws, "eks").describe_nodegroup(clusterName="ci", nodegroupName="apps")["nodegroup"]["version"] == "1.32"
    assert not ensure(**{**given, "nodes": 5, "version": "1.32"})["changed"]
    leap = ensure(**{**given, "nodes": 5, "version": "1.34"})
    assert leap["failed"] and "Unsupported Kubernetes minor version update from 1.32 to 1.34" in leap["msg"]
    assert any("update VersionUpdate" in e for e in leap["events"])
    assert "does not go back" in ensure(**{**given, "nodes": 5, "version": "1.30"})["msg"]


def test_roles_are_looked_up_and_not_made(given: dict[str, Any], aws: MotoEks) -> None:
    given["eks"]["create_roles"] = False
    assert "eks.role: is missing" in ensure(True, **given)["msg"]
    given["eks"].update(role="control", node_role="workers")
    assert "eks.role: there is no role control" in ensure(**given)["msg"]
    iam = _client(aws, "iam")
    for name in ("control", "workers"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    assert ensure(**given)["changed"]
    assert _client(aws, "eks").describe_cluster(name="ci")["cluster"]["roleArn"].endswith("role/control")
    ensure(**given, state="absent", disposable=True)
    assert {r["RoleName"] for r in iam.list_roles()["Roles"]} == {"control", "workers"}


def test_roles_do_not_stay_where_no_cluster_was_made(given: dict[str, Any], aws: MotoEks) -> None:
    with aws.no_more_clusters:
        refused = ensure(**given)
    assert refused["failed"] and "You already have 100 clusters" in refused["msg"]
    assert _client(aws, "iam").list_roles()["Roles"] == []


def test_what_was_refused_is_told_though_the_look_after_it_fails(
        given: dict[str, Any], aws: MotoEks, monkeypatch: pytest.MonkeyPatch) -> None:
    describe, refused = Look.describe, []

    def refuse(*_words: Any) -> None:
        refused.append(True)
        raise PlatformError("You already have 100 clusters")

    def look(self: Look, name: str) -> Any:
        if refused:
            raise PlatformError("DescribeCluster: AccessDeniedException")
        return describe(self, name)

    monkeypatch.setattr(Eks, "_create_control_plane", refuse)
    monkeypatch.setattr(Look, "describe", look)
    told = ensure(**given)
    assert told["failed"] and "You already have 100 clusters" in told["msg"]


@pytest.mark.parametrize("run", [{}, {"run_id": "3f9a1c07"}], ids=["by its name", "of a run"])
def test_roles_that_a_killed_deletion_left_go_with_the_next(
        given: dict[str, Any], aws: MotoEks, monkeypatch: pytest.MonkeyPatch, run: dict[str, Any]) -> None:
    iam = _client(aws, "iam")

    def roles() -> set[str]:
        return {r["RoleName"] for r in iam.list_roles()["Roles"]}

    class Killed(BaseException):
        pass

    def die(_self: Any) -> None:
        raise Killed

    ensure(**given, **run)
    made = roles()
    with monkeypatch.context() as killing, pytest.raises(Killed):
        killing.setattr(Roles, "remove", die)
        ensure(**given, **run, state="absent", disposable=True)
    assert _client(aws, "eks").list_clusters()["clusters"] == [] and roles() == made and len(made) == 2
    elsewhere = {**given, **run, "eks": {**given["eks"], "region": "eu-west-1"}}
    for others in (elsewhere, {**given, **run, "name": "c"}, {**given, "run_id": "4711"}):
        assert not ensure(**others, state="absent", disposable=True)["changed"] and roles() == made
    foretold = ensure(True, **given, **run, state="absent", disposable=True)
    assert [w.split()[0] for w in foretold["diff"]["before"]["left"]] == ["role"] * 2 and roles() == made
    assert ensure(**given, **run, state="absent", disposable=True)["changed"] and roles() == set()
    assert not ensure(**given, **run, state="absent", disposable=True)["changed"]


def test_half_made_goes_on(given: dict[str, Any], aws: MotoEks) -> None:
    ensure(**{**given, "nodes": 1, "eks": {**given["eks"], "node_groups": [{"name": "system", "size": 1}]}})
    half = info(platform="eks", eks=given["eks"])["clusters"][0]
    assert half["phase"] == "failed" and half["state"] == "ACTIVE without the node group apps"
    whole = ensure(**given)
    assert whole["changed"] and whole["cluster"]["nodes"] == 3 and not ensure(**given)["changed"]


def test_a_failure_has_awss_own_words(given: dict[str, Any], aws: MotoEks) -> None:
    ensure(**given)
    group = aws.cluster("ci").nodegroups["apps"]
    group.status, group.health = "CREATE_FAILED", {"issues": [
        {"code": "Ec2SubnetInvalidConfiguration", "message": "no public addresses in subnet-2", "resourceIds": ["subnet-2"]}]}
    failed = ensure(**given)
    assert failed["failed"] and "no public addresses in subnet-2" in failed["msg"]
    assert any("node group apps: CREATE_FAILED: Ec2SubnetInvalidConfiguration" in e for e in failed["events"])
    group.status = "DELETE_FAILED"
    stuck = ensure(**given, state="absent", disposable=True)
    assert not stuck["failed"] or "DELETE_FAILED" in stuck["msg"]


def test_deleted_under_our_feet(given: dict[str, Any], aws: MotoEks, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.assay.clusters.plugins.module_utils.clusters.eks.platform import Eks

    create = Eks._create_group

    def create_and_lose(self: Eks, *arguments: Any) -> None:
        create(self, *arguments)
        if arguments[1]["name"] == "apps":
            aws.forget("ci")

    monkeypatch.setattr(Eks, "_create_group", create_and_lose)
    lost = ensure(**given)
    assert lost["failed"] and lost["changed"] and "ci is gone: somebody deleted it" in lost["msg"]


def test_the_deadline_names_the_state(given: dict[str, Any], aws: MotoEks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fakes.moto_eks.LOOKS", 10000)
    ended = late(lambda told: "CREATING" in told, **given)
    assert ended["failed"] and ended["changed"]
    assert "the time was up while waiting for ci: control plane CREATING" in ended["msg"]
    assert any("cluster: CREATING" in e for e in ended["events"])


def test_a_cluster_of_others_is_left_alone(given: dict[str, Any], aws: MotoEks) -> None:
    _client(aws, "eks").create_cluster(name="ci", roleArn="arn:aws:iam::123456789012:role/other",
                                       resourcesVpcConfig={"subnetIds": ["subnet-1"]})
    for more in ({}, {"state": "absent", "disposable": True}):
        refused = ensure(**given, **more)
        assert refused["failed"] and "did not make" in refused["msg"] and not refused["changed"]


def test_the_identity_is_noted_and_compared(given: dict[str, Any], aws: MotoEks) -> None:
    ensure(**given)
    given["wait_until"] = "api"
    with FakeApiServer(nodes=3, version="v1.31.4-eks-1") as api:
        aws.cluster("ci").endpoint = api.url
        assert ensure(**given)["cluster"]["uid"] == api.uid
        assert aws.cluster("ci").tags["assay.clusters/uid"] == api.uid
        was, api.uid = api.uid, "4711-another"
        refused = ensure(**given, state="absent", disposable=True)
        assert refused["failed"] and "4711-another" in refused["msg"] and not refused["changed"]
        api.uid = was
        assert "cluster_id: ci is arn" in ensure(**given, state="absent", disposable=True, cluster_id="arn:other")["msg"]
        assert ensure(**given, state="absent", disposable=True, cluster_id=was)["changed"]


def test_unauthorised_is_one_sentence(given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0)  # from the first call on, keys are verified
    refused = ensure(**given)
    assert refused["failed"] and not refused["changed"]
    assert "security token included in the request is invalid" in refused["msg"] and "\n" not in refused["msg"]
    assert KEYS["aws_secret_access_key"] not in json.dumps(refused)


@pytest.mark.parametrize(("change", "words"), [
    ({"endpoint_url": "http://127.0.0.1:9"}, "Could not connect"), ({"region": None}, "eks.region: is missing"),
    ({"profile": "nobody"}, "nobody"), ({"subnets": ["subnet-1"]}, "eks.subnets: EKS wants subnets in at least two"),
    ({"node_groups": [{"name": "a"}, {"name": "b"}]}, "eks.node_groups: only one group may have no size"),
    ({"node_groups": [{"name": "a", "size": 9}]}, "nodes: 3 do not fit"),
])
def test_bad_settings_change_nothing(given: dict[str, Any], change: dict[str, Any], words: str) -> None:
    bad = ensure(**{**given, "eks": {**given["eks"], **change}})
    assert bad["failed"] and words in bad["msg"] and not bad["changed"], bad


def test_versions_are_minor_versions(given: dict[str, Any]) -> None:
    assert "EKS takes versions like 1.31" in ensure(**{**given, "version": "1.31.4"})["msg"]


@pytest.mark.parametrize("every", [2, 3])
@pytest.mark.fair("it has weather of its own")
def test_trouble_that_boto3_does_not_get_over_says_nothing(
        given: dict[str, Any], aws: MotoEks, monkeypatch: pytest.MonkeyPatch, every: int) -> None:
    """As an outage that is longer than its six attempts; wherever in the course of it that is."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(patience, "_PAUSE", 0.01)
    aws.weather = AwsWeather(every, every)
    made = ensure(**given)
    assert not made["failed"] and made["cluster"]["nodes"] == 3 and not ensure(**given)["changed"], made
    more = ensure(**{**given, "nodes": 5, "version": "1.32"})
    assert not more["failed"] and (more["cluster"]["nodes"], more["cluster"]["version"]) == (5, "1.32"), more
    gone = ensure(**given, state="absent", disposable=True)
    assert gone["changed"] and not gone["failed"] and aws.weather.spoilt > 20, gone
    assert _client(aws, "eks").list_clusters()["clusters"] == [] and _client(aws, "iam").list_roles()["Roles"] == []


@pytest.mark.foul(1)
def test_all_of_it_in_foul_weather(given: dict[str, Any], aws: MotoEks) -> None:
    test_made_found_and_disposed_of(given, aws)
    assert aws.weather.spoilt
