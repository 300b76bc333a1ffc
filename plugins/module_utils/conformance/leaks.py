# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Namespaces that the tests made and did not remove, told apart from those of anybody else who runs the same tests.

Each process of the tests labels its namespaces with an id that it draws (e2e-run). A single process writes it to the log;
of several, the ids are those that came while ours ran, as long as there are no more of them than processes.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..kube.errors import ApiError
from ..kube.patient import PatientClient

LABEL = "e2e-run"
# On our namespace: ids that were there before, and those that came since.
BEFORE, SEEN = "assay.clusters/e2e-runs-before", "assay.clusters/e2e-runs"
_SPACES = "/api/v1/namespaces"


def _ids(item: Mapping[str, Any] | None, key: str) -> set[str]:
    text = (((item or {}).get("metadata") or {}).get("annotations") or {}).get(key, "")
    return {i for i in text.split(",") if i}


class Leaks:
    """Of one run. namespace, found: our own, by its name, and as it was found."""

    def __init__(self, client: PatientClient, namespace: str, found: Mapping[str, Any] | None):
        self._client, self._namespace = client, namespace
        self._before, self.seen = _ids(found, BEFORE), _ids(found, SEEN)

    def _listed(self) -> list[dict[str, Any]]:
        return list(self._client.list(_SPACES, {"labelSelector": LABEL}, metadata_only=True).items)

    def remember(self) -> list[str]:
        """The ids that are there before our tests begin."""
        self._before = {i["metadata"]["labels"][LABEL] for i in self._listed()}
        return sorted(self._before)

    def look(self) -> None:
        """Keep the ids that came; on our namespace, too, for who goes on with the run."""
        found = {i["metadata"]["labels"][LABEL] for i in self._listed()} - self._before
        if found <= self.seen:
            return
        self.seen |= found
        self._client.patch(f"{_SPACES}/{self._namespace}", {"metadata": {"annotations": {SEEN: ",".join(sorted(self.seen))}}})

    def ours(self, told: set[str], processes: int) -> set[str]:
        """Ids of our processes. told: those of the log; without them all that came, unless others must be among them."""
        if len(told) >= processes or len(self.seen | told) > processes:
            return told
        return self.seen | told

    def leaked(self, told: set[str], processes: int) -> list[str]:
        """Names of namespaces of ours that nobody has begun to remove."""
        self.look()
        ours = self.ours(told, processes)
        return sorted(i["metadata"]["name"] for i in self._listed()
                      if i["metadata"]["labels"][LABEL] in ours and not i["metadata"].get("deletionTimestamp"))

    def mark(self, name: str, labels: Mapping[str, str]) -> None:
        """As of our run; one that went meanwhile needs none."""
        try:
            self._client.patch(f"{_SPACES}/{name}", {"metadata": {"labels": dict(labels)}})
        except ApiError as e:
            if e.status != 404:
                raise
