# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a platform of machines can do, and the words it is said in. A folder for each platform stands behind this."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Snapshot:
    """One snapshot of one machine. created: ISO 8601 UTC; size: bytes, -1 where the platform does not tell.

    memory: it holds the running processes (on vSphere and ESXi told by the power state stored with it).
    parent: id of the snapshot that it stands on, "" for a root; current: the machine's disks stand on it.
    """

    id: str
    name: str
    created: str
    memory: bool = False
    quiesced: bool = False
    current: bool = False
    parent: str = ""
    size: int = -1
    description: str = ""


@dataclass(frozen=True)
class Disk:
    """One disk. file: the first of its chain; id: what names it wherever it lies, "" where nothing does; size: bytes, -1 unknown.

    volume: it is of a PersistentVolume and not of the machine; left_out: why no snapshot holds it, "" where one does.
    """

    label: str
    file: str = ""
    id: str = ""
    size: int = -1
    volume: bool = False
    left_out: str = ""

    @property
    def key(self) -> str:
        return self.id or self.file


@dataclass(frozen=True)
class Machine:
    """A virtual machine as it was when looked at.

    id: what the platform takes without doubt (MoID, Vmid, instance id); power: on, off or suspended;
    tools: running, not running, none; place: folder or availability zone, to tell equal names apart;
    datastores: names (keys of Store.name); consolidate: the platform asks for a consolidation of its disks;
    disks: where the platform tells them (not on AWS).
    extra: what one platform knows; all read of it "defects" {id of a snapshot: why it cannot be reverted to} and "pending" {id
    of a snapshot that the platform still copies: percent}.
    """

    id: str
    name: str
    uuid: str = ""
    power: str = "on"
    tools: str = "none"
    place: str = ""
    address: str = ""
    datastores: tuple[str, ...] = ()
    provisioned: int = -1
    used: int = -1
    consolidate: bool = False
    snapshots: tuple[Snapshot, ...] = ()
    disks: tuple[Disk, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Store:
    """A datastore; bytes. uncommitted: what thin disks on it may still grow by."""

    name: str
    capacity: int
    free: int
    uncommitted: int = 0


@dataclass(frozen=True)
class Wanted:
    """Which machines: any of these; tags are AWS or vSphere tags. Every name given must fit exactly one machine.

    folder, resource_pool, cluster_name, esxi_host: of vSphere; they restrict the rest, and alone mean all machines there.
    """

    names: tuple[str, ...] = ()
    uuids: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    folder: str = ""
    resource_pool: str = ""
    cluster_name: str = ""
    esxi_host: str = ""


class Pending(Protocol):
    """Work that the platform was asked for."""

    def poll(self) -> float | None:
        """Progress 0 to 100, None when it is done. PlatformError with the platform's own fault when it failed."""

    def result(self) -> str:
        """Id of what was made, "" where nothing is."""


class MachinePlatform(Protocol):
    """Thread-safe: several machines are worked on at once.

    has_tools: guests are asked through tools of the platform, so that one whose tools do not run hears nothing. has_memory: a
    snapshot can hold memory. consolidates: it can be asked to consolidate disks.
    revert_stops: a revert stops the machine itself where it has to, so nobody powers it off before. takes_at_once: a snapshot
    is of the moment at which it is asked for, however long it is copied, so that all machines are asked at once.
    """

    name: str
    round_trips: int
    has_tools: bool
    has_memory: bool
    revert_stops: bool
    takes_at_once: bool
    consolidates: bool

    def find(self, wanted: Wanted) -> list[Machine]:
        """Exactly the wanted machines with all their snapshots. BadOption for what is absent or ambiguous, listing what
        there is."""

    def stores(self, machines: Sequence[Machine]) -> list[Store]:
        """The datastores of these machines; empty where the platform has none (AWS)."""

    def take(self, machine: Machine, name: str, description: str, memory: bool, quiesce: bool) -> Pending: ...

    def check_stop(self, machines: Sequence[Machine]) -> None:
        """BadOption where these machines cannot be stopped, or others would replace them. What a stop changes is told."""

    def check_revert(self, machines: Sequence[Machine], power_on: bool) -> None:
        """As check_stop(), for a revert of these machines."""

    def unwell(self, machines: Sequence[Machine]) -> dict[str, str]:
        """{id of a machine that runs: what the platform says is wrong with it}, also while it still finds out."""

    def held(self, machines: Sequence[Machine], power_on: bool) -> AbstractContextManager[None]:
        """Whoever replaces machines that are off leaves them alone inside, and does so again afterwards, also when this process
        is killed. power_on: whether they run at its end."""

    def revert(self, machine: Machine, snapshot: Snapshot) -> Pending:
        """Leaves the machine off, whatever the snapshot holds, where the platform can."""

    def remove(self, machine: Machine, snapshot: Snapshot, children: bool = False) -> Pending: ...

    def consolidate(self, machine: Machine) -> Pending: ...

    def power_on(self, machine: Machine) -> Pending: ...

    def power_off(self, machine: Machine) -> Pending: ...

    def shut_down(self, machine: Machine) -> Pending:
        """Asks the guest to shut down, and ends when the machine is off, however long its guest takes."""

    def close(self) -> None: ...


class Unowned:
    """Of a platform that knows nobody who replaces machines, checks none of them, and whose snapshots are done when they are taken."""

    takes_at_once = False

    def check_stop(self, machines: Sequence[Machine]) -> None:
        """See MachinePlatform."""

    def check_revert(self, machines: Sequence[Machine], power_on: bool) -> None:
        """See MachinePlatform."""

    def unwell(self, machines: Sequence[Machine]) -> dict[str, str]:
        """See MachinePlatform."""
        return {}

    @contextmanager
    def held(self, machines: Sequence[Machine], power_on: bool) -> Iterator[None]:
        """See MachinePlatform."""
        yield
