# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What makes an EKS cluster usable besides nodes: add-ons, who may log in, and which service account has which role.

None of it is there by default: EKS brings no CSI driver, and no StorageClass is the default since 1.30. The default class is a
setting of the EBS CSI driver's chart, and so of its add-on, that older versions do not know; it was not tried on a real cluster.
"""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...clouds.eks import Session
from ...jobs.job import Job
from .roles import Roles

_EBS, _DEFAULT_CLASS = "aws-ebs-csi-driver", {"defaultStorageClass": {"enabled": True}}


class Extras:
    """Of one cluster. Those of the settings that are missing are made; what others made is left alone."""

    def __init__(self, session: Session, settings: Mapping[str, Any], job: Job):
        self._session, self._eks, self._job = session, session.client("eks"), job
        self.addons = [dict(a) for a in settings.get("addons") or []]
        if settings.get("default_storage_class"):
            self._default_class()
        self.entries = list(settings.get("access_entries") or [])
        self.identities = list(settings.get("pod_identities") or [])

    def _default_class(self) -> None:
        driver = next((a for a in self.addons if a["name"] == _EBS), None)
        if driver is None:
            driver = {"name": _EBS}
            self.addons.append(driver)
        driver["configuration"] = {**_DEFAULT_CLASS, **(driver.get("configuration") or {})}

    # ---- looking ----------------------------------------------------------------------------------------------
    def missing(self, name: str) -> str:
        """The first that is wanted and is not there, in words; "" where all are."""
        return next((f"the {kind} {key}" for kind, key, _make in self._wanted(name, {}, None)), "")

    def waits(self, name: str) -> tuple[str, str]:
        """(what an add-on of the settings does that is not ACTIVE, what EKS says of it)."""
        for addon in self.addons:
            with self._session.unless_missing():
                of = self._eks.call("DescribeAddon", clusterName=name, addonName=addon["name"])["addon"]
                if of["status"] != "ACTIVE":
                    issues = (of.get("health") or {}).get("issues") or []
                    return f"add-on {addon['name']} {of['status']}", "; ".join(f"{i.get('code')}: {i.get('message')}" for i in issues)
        return "", ""

    # ---- making -----------------------------------------------------------------------------------------------
    def make(self, name: str, tags: Mapping[str, str], roles: Roles) -> None:
        for kind, key, make in self._wanted(name, tags, roles):
            make()
            self._job.tell(f"{name}: {kind} {key} asked for")

    def _wanted(self, name: str, tags: Mapping[str, str], roles: Roles | None) -> Sequence[tuple[str, str, Any]]:
        found: list[tuple[str, str, Any]] = []
        there = self._listed("ListAccessEntries", "accessEntries", name) if self.entries else []
        found += [("access entry", e["principal"], lambda e=e: self._enter(name, e, tags)) for e in self.entries
                  if e["principal"] not in there]
        there = [(i["namespace"], i["serviceAccount"]) for i in
                 self._listed("ListPodIdentityAssociations", "associations", name)] if self.identities else []
        found += [("pod identity", f"{i['namespace']}/{i['service_account']}", lambda i=i: self._identify(name, i, tags, roles))
                  for i in self.identities if (i["namespace"], i["service_account"]) not in there]
        there = self._listed("ListAddons", "addons", name) if self.addons else []
        return found + [("add-on", a["name"], lambda a=a: self._add(name, a, tags, roles)) for a in self.addons
                        if a["name"] not in there]

    def _listed(self, operation: str, key: str, name: str) -> list[Any]:
        with self._session.unless_missing():
            return self._eks.pages(operation, key, clusterName=name)
        return []

    def _enter(self, name: str, entry: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        more = {k: entry[o] for o, k in (("groups", "kubernetesGroups"), ("type", "type"), ("username", "username")) if entry.get(o)}
        self._eks.call("CreateAccessEntry", clusterName=name, principalArn=entry["principal"], tags=dict(tags), **more)
        for policy in entry.get("policies") or []:
            spaces = policy.get("namespaces") or []
            self._eks.call("AssociateAccessPolicy", clusterName=name, principalArn=entry["principal"], policyArn=policy["policy"],
                           accessScope={"type": "namespace", "namespaces": spaces} if spaces else {"type": "cluster"})

    def _identify(self, name: str, identity: Mapping[str, Any], tags: Mapping[str, str], roles: Roles) -> None:
        self._eks.call("CreatePodIdentityAssociation", clusterName=name, namespace=identity["namespace"],
                       serviceAccount=identity["service_account"], roleArn=roles.named("pod_identities.role", identity["role"]),
                       tags=dict(tags))

    def _add(self, name: str, addon: Mapping[str, Any], tags: Mapping[str, str], roles: Roles) -> None:
        more: dict[str, Any] = {"addonVersion": addon["version"]} if addon.get("version") else {}
        if addon.get("configuration"):
            more["configurationValues"] = json.dumps(addon["configuration"])
        if addon.get("role"):
            more["serviceAccountRoleArn"] = roles.named("addons.role", addon["role"])
        if addon.get("pod_identities"):
            more["podIdentityAssociations"] = [{"serviceAccount": i["service_account"],
                                                "roleArn": roles.named("addons.pod_identities.role", i["role"])}
                                               for i in addon["pod_identities"]]
        self._eks.call("CreateAddon", clusterName=name, addonName=addon["name"], resolveConflicts="OVERWRITE", tags=dict(tags), **more)
