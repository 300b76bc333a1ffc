# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The generated policy, where moto judges rights as IAM does: it is enough, and without any of its actions nothing is whole."""
from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks.machines import Machines
from ansible_collections.assay.clusters.plugins.module_utils.clouds.aws import AwsError, connect
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.leftovers import aws as leftovers_aws
from ansible_collections.assay.clusters.plugins.module_utils.leftovers.model import PERMISSION, Wanted as LeftBy
from ansible_collections.assay.clusters.plugins.module_utils.machines.aws.platform import open_aws
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Wanted
from ansible_collections.assay.clusters.plugins.module_utils.pipeline import aws_rights
from tests.fakes.moto_server import allowed_only, client
from tests.integration.conftest import Playbook

NAME = "ci-3f9a1c07"
TAGS = [{"Key": f"kubernetes.io/cluster/{NAME}", "Value": "owned"}, {"Key": "Name", "Value": "n1"}]
ENVIRON = {"AWS_MAX_ATTEMPTS": "1"}
LOOKING = sorted({a for p in Machines.cloud_permissions for a in p.actions})
OF_LEFTOVERS = sorted({a for p in aws_rights.JOBS["leftovers"] for a in p.actions if not p.optional})
# Of what is not there nothing more is asked, and keys of tags are looked up for a run only.
_OF_THINGS = {"elasticloadbalancing:DescribeTags", "eks:DescribeCluster", "eks:ListNodegroups", "iam:ListRoleTags",
              "iam:GetInstanceProfile", "iam:ListOpenIDConnectProviderTags", "tag:GetTagKeys"}
# One of each form of refusal, and of each service; the rest is the gauntlet's.
_SHORT = {"ec2:DescribeVolumes", "autoscaling:DescribeAutoScalingGroups", "elasticloadbalancing:DescribeLoadBalancers", "iam:ListRoles",
          "tag:GetResources", "eks:ListClusters", "logs:DescribeLogGroups", "cloudformation:DescribeStacks", "route53:ListHostedZones"}
SEEN = [pytest.param(a, marks=() if a in _SHORT else pytest.mark.gauntlet) for a in OF_LEFTOVERS if a not in _OF_THINGS]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the playbook writes for the check of machines and the search for leftovers."""
    folder = tmp_path_factory.mktemp("policy")
    wanted = {"aws_policy_file": f"{folder}/policy.json", "aws_policy_jobs": ["leftovers"], "validate_checks": ["machines"]}
    done = Playbook(folder, {}).run("-e", json.dumps(wanted), playbook="aws_policy")
    assert done.returncode == 0, done.stdout
    return json.loads((folder / "policy.json").read_text(encoding="utf-8"))


def less(policy: dict[str, Any], action: str) -> dict[str, Any]:
    """A policy without this action, which it had."""
    statements = [{**s, "Action": [a for a in s["Action"] if a != action]} for s in policy["Statement"]]
    assert statements != policy["Statement"]
    return {**policy, "Statement": [s for s in statements if s["Action"]]}


@pytest.fixture
def account(moto: str) -> str:
    """An instance that is of the cluster, and a hosted zone."""
    client(moto, "route53").create_hosted_zone(Name="example.com", CallerReference="x")
    client(moto).run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, TagSpecifications=[
        {"ResourceType": "instance", "Tags": TAGS}])
    return moto


def find(given: dict[str, str]) -> list[str]:
    return [m.name for m in open_aws(given, Job(environ=ENVIRON), {}).find(Wanted(names=("n1",)))]


def search(given: dict[str, str]) -> tuple[set[str], list[str]]:
    """(kinds of what is found, what was refused)."""
    found = leftovers_aws.AwsSource(given, Job(environ=ENVIRON)).look(LeftBy(NAME))
    return {t.kind for t in found}, [t.detail for t in found if t.cause == PERMISSION]


def test_the_policy_is_enough(account: str, written: Any) -> None:
    with allowed_only(account, written) as given:
        assert find(given) == ["n1"] and search(given) == ({"instance", "network_interface", "volume"}, [])


@pytest.mark.parametrize("action", LOOKING)
def test_without_one_of_its_actions_machines_are_not_seen(account: str, written: Any, action: str) -> None:
    with allowed_only(account, less(written, action)) as given, pytest.raises(AwsError, match=f"the right {action} is missing"):
        find(given)


@pytest.mark.parametrize("action", SEEN)
def test_without_one_of_its_actions_the_search_for_leftovers_is_not_whole(account: str, written: Any, action: str) -> None:
    with allowed_only(account, less(written, action)) as given:
        kinds, refused = search(given)
        assert refused and all(f"the right {action} is missing" in sentence for sentence in refused), (kinds, refused)


def test_a_policy_for_looking_allows_no_change(account: str, written: Any) -> None:
    with allowed_only(account, written) as given, pytest.raises(AwsError, match="the right ec2:CreateVolume is missing"):
        connect(given, ENVIRON).call("CreateVolume", AvailabilityZone=f"{given['region']}a", Size=1)
