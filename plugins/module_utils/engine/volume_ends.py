# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The volumes of a run's claims: ours go with their claim whatever their class says, those of others are not touched."""
from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from ..common.names import MANAGED_BY, MANAGER, RUN
from ..common.volumes import made_for, reclaim_policy
from ..kube.client import Client
from ..kube.errors import ApiError
from .removal import LOOK, describe, get, patiently

PATH = "/api/v1/persistentvolumes"


class VolumeEnds:
    """Volumes that are to be gone: those of claims that go, and those that an earlier look has found."""

    def __init__(self, client: Client, run_id: str, deadline: float):
        self.client, self.run_id, self.deadline = client, run_id, deadline
        self._names: list[str] = []
        self._unborn: list[dict[str, Any]] = []

    def _volume(self, name: str) -> dict[str, Any] | None:
        """None where it is gone, or not ours to see: then the claim's end is all that can be proved."""
        try:
            return patiently(lambda: get(self.client, f"{PATH}/{name}"), self.deadline)
        except ApiError as e:
            if e.status == 403:
                return None
            raise

    def _release(self, volume: dict[str, Any]) -> None:
        """A volume of ours goes with its claim, also in a class that retains; where we may not change it, it is told."""
        change = {"metadata": {"labels": {MANAGED_BY: MANAGER, RUN: self.run_id}},
                  "spec": {"persistentVolumeReclaimPolicy": "Delete"}}
        try:
            patiently(lambda: self.client.patch(f"{PATH}/{volume['metadata']['name']}", change), self.deadline)
        except ApiError as e:
            if e.status not in (403, 404, 409, 422):
                raise

    def before(self, claim: dict[str, Any]) -> str:
        """To be called before a claim of ours goes. Why the claim has to stay; empty when it may go."""
        name = (claim.get("spec") or {}).get("volumeName")
        volume = self._volume(name) if name else None
        if volume is None:
            if not name:
                self._unborn.append(claim)
            return ""
        if made_for(volume, claim):
            self._names.append(name)
            if reclaim_policy(volume) == "Retain":
                self._release(volume)
            return ""
        if reclaim_policy(volume) == "Retain":
            return ""  # it stays as it is, with its data
        told = describe("persistentvolumeclaim", {"metadata": {**claim["metadata"], "finalizers": []}})
        return (f"{told} (its volume {name} is somebody else's and would be deleted with it; give that the reclaim policy "
                "Retain)")

    def found(self, names: Iterable[str]) -> None:
        """Volumes that a journal or a label tells of. Changed is only what carries the run's label."""
        for name in names:
            volume = self._volume(name)
            if volume is None:
                continue
            self._names.append(name)
            if (volume["metadata"].get("labels") or {}).get(RUN) == self.run_id and reclaim_policy(volume) == "Retain":
                self._release(volume)

    def _born_late(self) -> None:
        """Volumes that came while their claims were on the way out, by the name that provisioners give them."""
        for claim in self._unborn:
            volume = self._volume(f"pvc-{claim['metadata']['uid']}")
            if volume is not None:
                self._names.append(volume["metadata"]["name"])
                if reclaim_policy(volume) == "Retain":
                    self._release(volume)

    def left(self, deadline: float) -> list[str]:
        """Wait until they are gone; a line for each that is not. To be called when the claims are gone."""
        self._born_late()
        lines = []
        for name in dict.fromkeys(self._names):
            while (volume := self._volume(name)) is not None:
                if reclaim_policy(volume) == "Retain" or time.monotonic() > deadline:
                    lines.append(describe("persistentvolume", volume))
                    break
                time.sleep(LOOK)
        return lines
