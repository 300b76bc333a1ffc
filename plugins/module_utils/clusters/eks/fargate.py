# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fargate profiles of EKS: which pods run without a node group. A cluster makes or deletes one at a time, and refuses a second
with ResourceInUseException meanwhile: https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateFargateProfile.html
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from .groups import issues
from .look import Look
from .roles import Roles
from .waits import Waits


class Profiles:
    """Those of the settings."""

    def __init__(self, settings: Mapping[str, Any], job: Job, look: Look):
        self._settings, self._job, self._look, self._waits = settings, job, look, Waits(settings, job)
        self.wanted = list(settings.get("fargate_profiles") or [])

    def check(self) -> None:
        """BadOption for what EKS refuses: a profile without a selector, or with more than five."""
        for profile in self.wanted:
            if not 1 <= len(profile.get("selectors") or []) <= 5:
                raise BadOption(f"eks.fargate_profiles: {profile['name']} must have one to five selectors, not "
                                f"{len(profile.get('selectors') or [])}")

    def missing(self, name: str) -> str:
        """The first that is wanted and is not there, "" where all are."""
        there = self._look.profiles(name) if self.wanted else []
        return next((f"the Fargate profile {p['name']}" for p in self.wanted if p["name"] not in there), "")

    def make(self, name: str, tags: Mapping[str, str], roles: Roles) -> bool:
        """One after the other; whether all are there, which they are not yet with wait: false."""
        for profile in self.wanted:
            its = profile["name"]
            if its not in self._look.profiles(name):
                self._create(name, profile, tags, roles)
                self._job.tell(f"{name}: Fargate profile {its} asked for")
            if not self._waits.until(name, lambda its=its: self._state(name, its)):
                return False
        return True

    def _create(self, name: str, profile: Mapping[str, Any], tags: Mapping[str, str], roles: Roles) -> None:
        selectors = [{"namespace": s["namespace"], **({"labels": {k: str(v) for k, v in s["labels"].items()}} if s.get("labels") else {})}
                     for s in profile["selectors"]]
        self._look.eks.call("CreateFargateProfile", clusterName=name, fargateProfileName=profile["name"], tags=dict(tags),
                            subnets=list(profile.get("subnets") or self._settings["subnets"]), selectors=selectors,
                            podExecutionRoleArn=roles.named("fargate_profiles.role", profile["role"]))

    def _state(self, name: str, profile: str) -> str:
        of = self._look.eks.call("DescribeFargateProfile", clusterName=name, fargateProfileName=profile)["fargateProfile"]
        if of["status"].endswith("_FAILED"):
            raise PlatformError(f"Fargate profile {profile} of {name} is {of['status']}: {issues(of) or 'EKS says no more'}")
        return "" if of["status"] == "ACTIVE" else f"Fargate profile {profile} {of['status']}"
