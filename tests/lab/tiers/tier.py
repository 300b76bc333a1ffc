# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an add-on of the lab is made of, and what all of them do alike."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import images
from ..base import cache, wait_for
from ..build import Program, build

if TYPE_CHECKING:
    from ..cluster import Lab
    from ..images import Image


def nothing(_lab: Lab) -> None:
    """For a tier that has nothing outside its cluster."""


@dataclass(frozen=True)
class Tier:
    """Real programs on a cluster of the lab, with the manifests that they ship with.

    needs: tiers that come first. images: path:tag of each program's usual image, made of built programs. up: makes it, and makes
    it whole again, with what it has outside the cluster in `folder(lab, name)`; it returns when the tier serves. serves: whether it does,
    in few requests, as this is asked before each test. down: ends what runs outside the cluster, before the cluster's own end;
    processes whose command line names that folder end anyhow.
    """

    name: str
    words: str
    up: Callable[[Lab], None]
    serves: Callable[[Lab], bool]
    images: Callable[[], dict[str, Image]] = dict
    programs: tuple[Program, ...] = ()
    needs: tuple[str, ...] = ()
    down: Callable[[Lab], None] = nothing

    def bring(self, lab: Lab) -> None:
        build(self.programs)
        images.push_changed(lab.registry, cache() / "registry/pushed.json", self.images())
        self.up(lab)


def folder(lab: Lab, name: str) -> Any:
    """Where a tier keeps what it has outside the cluster; gone with the cluster."""
    path = lab.folder / "tiers" / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def apply(lab: Lab, *texts: str, seconds: float = 60.0) -> None:
    """Manifests as YAML, again and again until the cluster takes all of them: a webhook among them answers late."""
    text = "\n---\n".join(texts)
    wait_for("an add-on's objects", lambda: lab.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=text) or True,
             seconds, 0.5)


def rolled_out(lab: Lab, namespace: str, *workloads: str) -> bool:
    """Whether these (deployments/NAME, daemonsets/NAME, statefulsets/NAME) have all their pods, of their newest template."""
    for workload in workloads:
        item = lab.api(f"/apis/apps/v1/namespaces/{namespace}/{workload}")
        status = item["status"]
        wanted = status.get("desiredNumberScheduled", item["spec"].get("replicas", 0))
        ready = status.get("numberReady", status.get("readyReplicas", 0))
        updated = status.get("updatedNumberScheduled", status.get("updatedReplicas", 0))
        if not wanted or min(ready, updated) < wanted or status.get("observedGeneration") != item["metadata"]["generation"]:
            return False
    return True
