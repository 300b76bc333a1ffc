# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster is made, changed or disposed of, as its state is and as it is wanted."""
from __future__ import annotations

import time
from typing import Any

from ...common import names
from ...jobs.errors import PlatformError
from .. import model as words
from ..model import Cluster, Wanted
from .way import Way


class Flow(Way):
    """What module cluster does: present or absent."""

    def present(self) -> dict[str, Any]:
        found = self.find()
        if found and self._see(found).phase == "deleting" and not self.job.check_mode:
            self._wait_gone(found)
            found = None
        if not found or found.phase == "deleting" or (found.phase == "failed" and self.platform.resumes):
            return self._create(found)
        if found.phase == "failed":
            raise PlatformError(f"{found.name} is half made or broken ({found.words()}); dispose of it with state: absent "
                                "first, the name stays the same")
        return self._change(found)

    def _create(self, half: Cluster | None) -> dict[str, Any]:
        lifetime = float(self.params["lifetime"])
        self.name = half.name if half else words.with_run(self.base, self.run_id, time.time() + lifetime) \
            if self.run_id else self.base
        labels = names.labels(self.run_id or names.new_run_id(), lifetime)
        wanted = Wanted(self.name, self.params.get("version") or "", self.params.get("nodes") or 0, labels)
        self.platform.check(wanted)
        after = {"name": self.name, "state": "present", "version": wanted.version, "nodes": wanted.nodes}
        if self.job.check_mode:
            return self._result(None, True, {"name": self.name, "state": "absent"}, after)
        self._tell("is created")
        self.changed = True
        self.platform.create(wanted)
        ready = self._wait_ready(wanted)
        return self._with_kubeconfig(ready, True, {"name": self.name, "state": "absent"}, self._shape(ready))

    def _change(self, found: Cluster) -> dict[str, Any]:
        wanted = Wanted(found.name, self.params.get("version") or "", self.params.get("nodes") or 0, found.labels)
        if self.params["wait"] and not self.job.check_mode:
            found = self._wait_ready(Wanted(found.name), nodes=False)
        found = self._asked(found)
        words.check_no_downgrade(found, wanted.version)
        more = self._drift(found)
        before, differs = self._shape(found), bool(more) or not self._fits(found, wanted)
        after = {**before, "version": before["version"] if words.version_fits(found.version, wanted.version)
                 else wanted.version, "nodes": wanted.nodes or found.nodes, **({"changed": more} if more else {})}
        for line in self._differences(found, wanted):
            self.job.tell(f"{found.name}: {line}")
        if differs:
            self._same_cluster(found)
            self.platform.check(wanted)
        if self.job.check_mode:
            return self._result(found, differs or self._kubeconfig_differs(found), before, after)
        if differs:
            self._tell(f"is changed from {self._text(before)} to {self._text(after)}" + "".join(f", {m}" for m in more))
            self.changed = True
            self.platform.update(found, wanted)
        if self.params["wait"]:
            found = self._wait_ready(wanted)
            after = self._shape(found)
        return self._with_kubeconfig(found, differs, before, after)

    def _drift(self, found: Cluster) -> list[str]:
        """What else the platform finds to be another one than wanted, where it can tell (`drift`)."""
        drift = getattr(self.platform, "drift", None)
        return drift(found) if drift else []

    def _differences(self, found: Cluster, wanted: Wanted) -> list[str]:
        """What else the settings say otherwise than the cluster has it, where the platform tells it and does not change it."""
        differences = getattr(self.platform, "differences", None)
        return differences(found, wanted) if differences else []

    def absent(self) -> dict[str, Any]:
        found = self.find()
        if found is None:
            return self._gone()
        self._see(found)
        self._check_disposable()
        self._same_cluster(found)
        before, after = self._shape(found), {"name": found.name, "state": "absent"}
        if self.job.check_mode:
            return self._result(None, True, before, after)
        self._tell("is deleted")
        self.changed = True
        self.platform.delete(found)
        if self.params["wait"]:
            self._wait_gone_or_fail_again(found)
        self._remove_kubeconfig(found)
        return self._result(None, True, before, after)

    def _gone(self) -> dict[str, Any]:
        """The cluster is; what somebody who deleted it, or whose deletion was cut off, left of it goes now."""
        remains = getattr(self.platform, "remains", None)
        left = self._patient(lambda: remains(self.base, self.run_id, self._path)) if remains else {}
        after = {"name": self.name, "state": "absent"}
        if left:
            self._check_disposable()
        if not self.job.check_mode:
            for what, remove in left.items():
                self._tell(f"{what} was left and is removed")
                self.changed = True
                remove()
        return self._result(None, bool(left), {**after, **({"left": list(left)} if left else {})}, after)

    def _check_disposable(self) -> None:
        if not self.params["disposable"]:
            raise PlatformError(f"disposable: {self.name} is not marked as disposable, nothing was deleted; set "
                                "cluster_disposable: true in the inventory if it may go")
