# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AWS has for one Service: load balancers of both generations, target groups, security groups.

Told by the tags that controllers put on them: kubernetes.io/service-name by that of the cloud provider
(https://github.com/kubernetes/cloud-provider-aws, pkg/providers/v1/tags.go), service.k8s.aws/stack by the AWS Load Balancer
Controller (https://github.com/kubernetes-sigs/aws-load-balancer-controller, pkg/deploy/tracking). Its security groups carry the
same tags; the cloud provider's are called k8s-elb- and the balancer's name, which is the Service's uid.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...clouds.aws import Ec2, connect
from ...clouds.aws_tags import balancer_tags, tags_of
from ...engine.declared import CloudPermission, Option
from .._shared.aws import CONNECTION

OPTIONS = (
    Option("aws", "Whether AWS is asked, after the deletion, if anything of the load balancer is left there. The right to "
           "look is enough; see the policy.", type="bool", default=False),
    *CONNECTION,
)
PERMISSIONS = (CloudPermission("aws", (
    "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTags", "ec2:DescribeSecurityGroups"), "load balancers of our Services that are left after "
                                                                        "their deletion"),)


class Aws:
    """One Service's things at AWS. uid: the Service's; AwsError where AWS refuses."""

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str], namespace: str, name: str, uid: str):
        self._apis = {s: connect(options, environ, s) for s in ("ec2", "elb", "elbv2")}
        self._service = f"{namespace}/{name}"
        # As cloud-provider names a load balancer: "a" and the uid without dashes, 32 characters at most.
        self._name = f"a{uid.replace('-', '')}"[:32]

    def _ours(self, tags: Mapping[str, str], name: str = "") -> bool:
        return self._service in (tags.get("kubernetes.io/service-name"), tags.get("service.k8s.aws/stack")) or bool(
            name and name.endswith(self._name))

    def _tagged(self, api: Ec2, key: str, argument: str, ids: Sequence[str]) -> set[str]:
        """Ids of those that are tagged as ours."""
        return {i for i, tags in balancer_tags(api, key, argument, ids).items() if self._ours(tags)}

    def _balancers(self) -> Iterable[str]:
        classic = [b["LoadBalancerName"] for b in self._apis["elb"].pages("DescribeLoadBalancers", "LoadBalancerDescriptions")]
        tagged = self._tagged(self._apis["elb"], "LoadBalancerName", "LoadBalancerNames", classic)
        yield from (f"classic load balancer {n}" for n in classic if n in tagged or n == self._name)
        api = self._apis["elbv2"]
        newer = {b["LoadBalancerArn"]: b["LoadBalancerName"] for b in api.pages("DescribeLoadBalancers", "LoadBalancers")}
        tagged = self._tagged(api, "ResourceArn", "ResourceArns", list(newer))
        yield from (f"load balancer {arn}" for arn, name in newer.items() if arn in tagged or name == self._name)

    def _targets(self) -> Iterable[str]:
        api = self._apis["elbv2"]
        arns = [t["TargetGroupArn"] for t in api.pages("DescribeTargetGroups", "TargetGroups")]
        yield from (f"target group {arn}" for arn in sorted(self._tagged(api, "ResourceArn", "ResourceArns", arns)))

    def _groups(self) -> Iterable[str]:
        for group in self._apis["ec2"].pages("DescribeSecurityGroups", "SecurityGroups"):
            if self._ours(tags_of(group), group["GroupName"]):
                yield f"security group {group['GroupId']}"

    def found(self) -> list[str]:
        """What there is, in words with AWS's own ids."""
        return [*self._balancers(), *self._targets(), *self._groups()]

    def close(self) -> None:
        for api in self._apis.values():
            api.close()
