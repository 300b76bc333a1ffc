# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a cluster of EKS goes: node groups and Fargate profiles, the control plane, the roles that were made for it."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...clouds.eks import Session
from ...jobs.errors import PlatformError
from ...jobs.job import Job
from ..model import Cluster
from .groups import issues
from .look import Look
from .roles import Roles
from .waits import Waits


class Removal:
    """Of clusters of one platform."""

    def __init__(self, session: Session, settings: Mapping[str, Any], job: Job, look: Look):
        self._session, self._settings, self._job, self._look = session, settings, job, look
        self._eks, self._waits = look.eks, Waits(settings, job)

    def delete(self, cluster: Cluster) -> None:
        """Node groups and Fargate profiles first, EKS refuses otherwise; then the roles that were made for it. With wait: false as
        far as it comes; the last step is waited for where roles were made, as nobody would remove them then."""
        name = cluster.name
        for group in self._look.groups(name):
            if group["status"] != "DELETING":
                with self._session.unless_missing():
                    self._eks.call("DeleteNodegroup", clusterName=name, nodegroupName=group["nodegroupName"])
        if not self._waits.until(name, lambda: self._groups_left(name)) or not self._delete_profiles(name):
            self._job.tell(f"{name}: the control plane is deleted when its node groups are gone: run it again then")
            return
        if (self._look.describe(name) or {"status": "DELETING"})["status"] != "DELETING":
            with self._session.unless_missing():
                self._eks.call("DeleteCluster", name=name)
        roles = Roles(self._session, self._settings, name, cluster.labels)
        if self._settings.get("wait") is False and not roles.made_here():
            return
        self._waits.to_the_end(name, lambda: self._deletion_waits(name))
        roles.remove()

    def _deletion_waits(self, name: str) -> str:
        of = self._look.describe(name)
        if of and of["status"] == "FAILED":
            raise PlatformError(f"{name} could not be deleted, it is FAILED: {issues(of) or 'EKS says no more'}")
        return f"control plane {of['status']}" if of else ""

    def _groups_left(self, name: str) -> str:
        left = self._look.groups(name)
        failed = [g for g in left if g["status"] == "DELETE_FAILED"]
        if failed:
            raise PlatformError(f"node group {failed[0]['nodegroupName']} of {name} is DELETE_FAILED: {issues(failed[0])}")
        return f"{len(left)} node groups DELETING" if left else ""

    def _delete_profiles(self, name: str) -> bool:
        """One after the other: EKS deletes only one profile of a cluster at a time. Whether all are gone."""
        for profile in self._look.profiles(name):
            with self._session.unless_missing():
                self._eks.call("DeleteFargateProfile", clusterName=name, fargateProfileName=profile)
            if not self._waits.until(name, lambda p=profile: f"Fargate profile {p} DELETING" if p in self._look.profiles(name) else ""):
                return False
        return True
