# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a check says of itself, as data: options, permissions, images, bounds."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Option:
    """One option of a check: the same data serves the argument spec, the inventory variable and the documentation.

    type is an Ansible type (str, int, float, bool, list, dict); minimum and maximum bound numbers. secret: the value is
    shown nowhere; None where the name only sounds as if it was one. inventory: what the variable is called after
    `<domain>_check_`, where a module cannot have an option of that name; the variable had the option's name before.
    """

    name: str
    description: str
    type: str = "str"
    default: Any = None
    elements: str = ""
    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    example: Any = None
    secret: bool | None = False
    inventory: str = ""


# Optional rights that mean more than reading, and why anybody would give them. None is given unless it is asked for.
POWERS = {
    "logs": "the last lines of pods on a failing path, in any namespace: causes that only a log names",
    "kubelet_statistics": "disks of nodes, asked through the API server; whoever may get nodes/proxy can run commands in any pod",
    "port_forward": "another way to the probes, where the API server's proxy to pods is blocked",
    "prometheus": "Prometheis are asked what they scrape, and what their accounts may do; who may get pods/proxy everywhere reads "
                  "whatever any pod shows",
    "exec": "a third way to the probes, where neither proxy nor port-forward works",
    "retained_volumes": "the reclaim policy of our own volume is set to Delete, where its class says Retain",
    "tls_secrets": "certificates in Secrets of type kubernetes.io/tls are read; RBAC knows no types, so it allows all Secrets",
    "edge_certificates": "a TLS Secret of our own is made and deleted, with which Ingresses and Gateways must answer",
    "issued_secrets": "the Secret of a certificate that cert-manager issued to us is read and deleted; RBAC cannot name it, so it allows"
                      " all Secrets",
    "audit_files": "audit log files by /logs of the API servers, which hand out all that lies in /var/log there",
    "pull_secrets": "validate_pull_secrets are read where they are, and copied for the time of the run",
}


@dataclass(frozen=True)
class Permission:
    """A rule of a Role or ClusterRole: verbs on resources of one API group, or on non-resource URLs.

    everywhere: in all namespaces; else in that of the run alone. optional: without it the check still works, but tells
    less. power: a key of POWERS; such a right is optional, too.
    """

    verbs: tuple[str, ...]
    resources: tuple[str, ...] = ()
    group: str = ""
    urls: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    optional: bool = False
    everywhere: bool = False
    power: str = ""

    @property
    def spared(self) -> bool:
        """Whether a run does without."""
        return self.optional or bool(self.power)


@dataclass(frozen=True)
class CloudPermission:
    """What whoever runs the check must be allowed at a cloud, in the words of its policies.

    cloud: "aws". actions: "ec2:DescribeVolumes". why: what they are asked for, as in "for ...". resources: what the
    actions can be bounded to, ARNs in which {partition}, {region}, {account}, {zone} (a hosted zone's id) and {log_group}
    stand for what the user names; "*" for actions that AWS bounds to nothing, as most that describe or list. optional:
    without it verdicts are the same.
    """

    cloud: str
    actions: tuple[str, ...]
    why: str
    resources: tuple[str, ...] = ("*",)
    optional: bool = False


class Declared:
    """What is known of a check before it runs.

    expected, limit: seconds; a longer run is warned, failed. probes: how many probes on distinct nodes it needs at
    least (0: none). exclusive: runs alone, after the others. needs_cluster: False for a check that must run even
    when the API server does not answer. reads: variables of the inventory beside those of its options.
    """

    name: ClassVar[str]
    domain: ClassVar[str]
    proves: ClassVar[str]
    options: ClassVar[tuple[Option, ...]] = ()
    permissions: ClassVar[tuple[Permission, ...]] = ()
    cloud_permissions: ClassVar[tuple[CloudPermission, ...]] = ()
    images: ClassVar[tuple[str, ...]] = ()
    objects: ClassVar[tuple[str, ...]] = ()
    exclusive: ClassVar[bool] = False
    expected: ClassVar[float] = 30.0
    limit: ClassVar[float] = 300.0
    probes: ClassVar[int] = 0
    needs_cluster: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def beside(cls, given: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
        """{option: (value, where it stands)} out of the variables in `reads`, for options that neither task nor inventory set.

        given: what these set, by option. Raises BadInput for a variable that is not what it should be.
        """
        return {}

    def bounds(self, options: dict[str, Any]) -> None:
        """Set `expected` and `limit` of this run's instance, where they hang on the options."""
