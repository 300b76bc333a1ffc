# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a platform of clusters can do, and the words it is said in. A file or folder for each platform stands behind this."""
from __future__ import annotations

import calendar
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..common import names
from ..jobs.errors import BadOption

# Beside the labels of common/names.py: the identity that the cluster had when it was made.
UID = "assay.clusters/uid"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_RUN = re.compile(r"[a-z0-9]{1,16}")
_EXPIRY = re.compile(r"-x(\d{8})$")
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(.*)")


@dataclass(frozen=True)
class Cluster:
    """A cluster as its platform described it.

    state, message: the platform's own words; phase: what they mean to us: creating, ready, updating, deleting or
    failed; nodes: how many the pools have whose size Wanted.nodes changes, as the platform counts them, -1 where it does not
    tell; it is compared with nothing but a wish. version: of Kubernetes, "" where the platform does not tell.
    id: what the platform knows it by; uid: of its namespace kube-system when it was made, "" where nobody noted it.
    least: nodes that it has at least when it is ready, 0 where nodes are made as pods need them.
    ours: this collection made it; labels: of common/names.py, as far as the platform keeps them.
    """

    name: str
    id: str
    state: str
    phase: str
    message: str = ""
    version: str = ""
    nodes: int = -1
    created: str = ""
    uid: str = ""
    ours: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    least: int = 1

    def words(self) -> str:
        return f"{self.state}: {self.message}" if self.message else self.state


@dataclass(frozen=True)
class Wanted:
    """A cluster to be. version "" and nodes 0: as the platform likes, or as it is.

    Ready is a cluster whose nodes all are, at least one (Cluster.least), whatever their number and roles; a wish for a number is for what the
    platform says of the pools that it resized.
    """

    name: str
    version: str = ""
    nodes: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)


class ClusterPlatform(Protocol):
    """Nothing here waits, but for platforms whose program does all the work before it returns.

    name_limit: the longest name; resumes: create() on a half-made cluster goes on with it.
    All methods raise PlatformError with the platform's own words.
    """

    name: str
    name_limit: int
    resumes: bool

    def clusters(self) -> list[Cluster]:
        """All that these credentials see, those of others too."""

    def find(self, name: str) -> Cluster | None:
        """Exactly this one. None when it is gone for good."""

    def check(self, wanted: Wanted) -> None:
        """BadOption for what would fail for sure in create() or update(); changes nothing."""

    def create(self, wanted: Wanted) -> None: ...

    def update(self, cluster: Cluster, wanted: Wanted) -> None:
        """To another size, another version or both."""

    def kubeconfig(self, cluster: Cluster) -> str:
        """The content of a kubeconfig for an administrator, files put in."""

    def access(self, cluster: Cluster) -> str:
        """The same for questions of our own: asking for it makes nothing, not even a token."""

    def mark(self, cluster: Cluster, uid: str) -> None:
        """Note the identity where the platform keeps labels, for Cluster.uid of later calls."""

    def delete(self, cluster: Cluster) -> None:
        """May be repeated, and works on what is half made."""

    # remains(name: str, run_id: str, kubeconfig: str) -> dict[str, Callable[[], None]]: where a platform has it, what is left of a
    # cluster that is gone: words, and how each is removed, in this order. kubeconfig: the user's file, "" where there is none.

    def evidence(self, name: str) -> dict[str, list[str]]:
        """Under "events" and "log" what the platform tells of a failure, oldest first."""

    def close(self) -> None: ...


# ---- names that carry run and expiry ------------------------------------------------------------------------------
def check_name(name: str, run_id: str, limit: int) -> None:
    if not _NAME.fullmatch(name):
        raise BadOption(f"name: must be letters, digits, '-' and '.', and begin and end with a letter or a digit, not "
                        f"{name!r}")
    if run_id and not _RUN.fullmatch(run_id):
        raise BadOption(f"run_id: must be up to 16 small letters and digits, not {run_id!r}")
    longest = len(with_run(name, run_id, time.time())) if run_id else len(name)
    if longest > limit:
        raise BadOption(f"name: {name} becomes {longest} characters long with run and expiry, the platform takes {limit}")


def with_run(name: str, run_id: str, expires: float) -> str:
    """ci -> ci-3f9a1c07-x26112106: run, and the hour (UTC) after which anybody may delete it; before the first dot."""
    first, dot, rest = name.partition(".")
    return f"{first}-{run_id}-x{time.strftime('%y%m%d%H', time.gmtime(expires + 3599))}{dot}{rest}"


def has_run(full: str, name: str, run_id: str) -> bool:
    """Whether a full name is this name of this run, whenever it expires."""
    first, _dot, rest = name.partition(".")
    found, _dot, end = full.partition(".")
    return end == rest and bool(_EXPIRY.search(found)) and _EXPIRY.sub("", found) == f"{first}-{run_id}"


def expires(cluster: Cluster) -> float:
    """Seconds since 1970, by label, else by name; 0.0 where neither tells."""
    label = str(cluster.labels.get(names.EXPIRES, ""))
    if label.isdigit():
        return float(label)
    found = _EXPIRY.search(cluster.name.partition(".")[0])
    try:
        # a name that only looks like ours may hold no date
        return float(calendar.timegm(time.strptime(found[1], "%y%m%d%H"))) if found else 0.0
    except ValueError:
        return 0.0


# ---- versions -----------------------------------------------------------------------------------------------------
def parts(version: str) -> tuple[int, ...]:
    """v1.31.4+rke2r1 -> (1, 31, 4); 1.31 -> (1, 31)."""
    found = _VERSION.fullmatch(version.strip())
    if not found:
        raise BadOption(f"version: must be like 1.31 or v1.31.4, not {version!r}")
    return tuple(int(p) for p in found.groups()[:3] if p is not None)


def bare_version(version: str) -> str:
    """Without the v that some platforms put before it, and others refuse."""
    return version.strip().lstrip("v")


def version_fits(have: str, want: str) -> bool:
    """Whether a version is the wanted one, or one of the wanted minor version when only that is given."""
    if not want:
        return True
    if not have:
        return False
    suffix = _VERSION.fullmatch(want.strip())
    if suffix and suffix[4]:
        return bare_version(have) == bare_version(want)
    wanted = parts(want)
    return parts(have)[:len(wanted)] == wanted


def check_no_downgrade(cluster: Cluster, want: str) -> None:
    if want and cluster.version and not version_fits(cluster.version, want):
        wanted = parts(want)
        if parts(cluster.version)[:len(wanted)] > wanted:
            raise BadOption(f"version: {cluster.name} runs {cluster.version}, and Kubernetes does not go back to {want}")


def as_dict(cluster: Cluster) -> dict[str, Any]:
    """What modules return of a cluster."""
    end = expires(cluster)
    return {"name": cluster.name, "id": cluster.id, "uid": cluster.uid, "state": cluster.state, "phase": cluster.phase,
            "message": cluster.message, "version": cluster.version, "nodes": cluster.nodes, "created": cluster.created,
            "ours": cluster.ours, "run_id": str(cluster.labels.get(names.RUN, "")),
            "owner": str(cluster.labels.get(names.OWNER, "")), "expired": bool(end) and end < time.time(),
            "expires": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end)) if end else "", **cluster.extra}
