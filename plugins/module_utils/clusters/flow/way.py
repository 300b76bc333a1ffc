# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kubeconfig of a cluster: which one leads to it, and the file that the user wants it in."""
from __future__ import annotations

import os
from typing import Any

from ...jobs.errors import Passing, PlatformError
from .. import access
from ..model import Cluster
from .wait import Wait


class Way(Wait):
    """A cluster with a way into it, which is checked before anything that cannot be undone."""

    def _same_cluster(self, found: Cluster) -> None:
        """Before anything that cannot be undone: everything that tells which cluster this is says the same."""
        expected, path = self.params.get("cluster_id"), self._path
        live = ""
        if found.phase in ("ready", "updating") and self._waits("api"):
            try:
                live = access.uid_of(self._access(found))
            except Passing:  # there may be one, and it may lead elsewhere
                raise
            except PlatformError:  # half made: there may be none
                live = ""
        if expected and expected not in (found.id, found.uid or live):
            raise PlatformError(f"cluster_id: {found.name} is {found.id}" + (f" with the uid {found.uid or live}"
                                if found.uid or live else "") + f", not {expected}; nothing was changed")
        if live and found.uid and live != found.uid:
            raise PlatformError(f"{found.name} was made as {found.uid}, and its kubeconfig leads to {live}, another "
                                "cluster; nothing was changed")
        other = access.uid_of(access.read(path)) if path and os.path.exists(path) else ""
        if other and (live or found.uid) and other != (live or found.uid):
            raise PlatformError(f"kubeconfig: {path} leads to another cluster ({other}) than {found.name} "
                                f"({live or found.uid}); nothing was changed")

    def _kept(self, found: Cluster) -> str:
        """The content of the kubeconfig file, where it leads to this cluster: platforms make new ones at each call."""
        content = access.read(self._path) if self._path else ""
        return content if content and found.uid and access.uid_of(content) == found.uid else ""

    def _kubeconfig_differs(self, found: Cluster) -> bool:
        """Whether the file would be written; without an API server to ask, whether there is none."""
        return bool(self._path) and (not os.path.exists(self._path) or
                                     (self._waits("api") and bool(found.uid) and not self._kept(found)))

    def _with_kubeconfig(self, found: Cluster, changed: bool, before: Any, after: Any) -> dict[str, Any]:
        """Where the user wants it: in a file, or in the result. Without either none is made, as each may be a new key."""
        result = self._result(found, changed, before, after)
        if not self.params["wait"]:
            return result
        result["kubeconfig_path"] = self._path
        if not self._path and not self.params["return_kubeconfig"]:
            return result
        content = self._kept(found)
        if not content:
            content = self.platform.kubeconfig(found)
            other = access.uid_of(content) if found.uid and self._waits("api") else ""
            if other and other != found.uid:
                raise PlatformError(f"the kubeconfig of {found.name} leads to another cluster ({other}, not {found.uid})")
            if self._path and access.write(self._path, content):
                self.job.tell(f"{found.name}: kubeconfig written to {self._path}")
                result["changed"] = self.changed = True
        return {**result, "kubeconfig": content} if self.params["return_kubeconfig"] else result

    def _remove_kubeconfig(self, found: Cluster) -> None:
        if self._path and os.path.exists(self._path):
            os.unlink(self._path)
            self.job.tell(f"{found.name}: {self._path} removed")
