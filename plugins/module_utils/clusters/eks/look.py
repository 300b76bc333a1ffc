# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What EKS says of a cluster: control plane, node groups, Fargate profiles, updates."""
from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ...clouds.eks import Session
from ...jobs.errors import PlatformError
from .groups import issues


class Look:
    """What is not there, or goes while it is looked at, is no error."""

    def __init__(self, session: Session):
        self._session, self.eks = session, session.client("eks")

    def describe(self, name: str) -> dict[str, Any] | None:
        with self._session.unless_missing():
            return self.eks.call("DescribeCluster", name=name)["cluster"]
        return None

    def groups(self, name: str) -> list[dict[str, Any]]:
        found = []
        with self._session.unless_missing():
            for group in self.eks.pages("ListNodegroups", "nodegroups", clusterName=name):
                with self._session.unless_missing():
                    found.append(self.eks.call("DescribeNodegroup", clusterName=name, nodegroupName=group)["nodegroup"])
        return found

    def profiles(self, name: str) -> list[str]:
        with self._session.unless_missing():
            return self.eks.pages("ListFargateProfiles", "fargateProfileNames", clusterName=name)
        return []

    def events(self, name: str) -> Iterator[str]:
        of = self.describe(name)
        for thing, title in ((of, "cluster"), *((g, f"node group {g['nodegroupName']}")
                                                for g in self.groups(name))):
            if thing:
                yield f"{title}: {thing['status']}" + (f": {issues(thing)}" if issues(thing) else "")
        with contextlib.suppress(PlatformError):
            for number in self.eks.call("ListUpdates", name=name)["updateIds"]:
                update = self.eks.call("DescribeUpdate", name=name, updateId=number)["update"]
                told = "; ".join(f"{e.get('errorCode')}: {e.get('errorMessage')}" for e in update.get("errors") or [])
                yield f"update {update['type']}: {update['status']}" + (f": {told}" if told else "")
