# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Disks that a snapshot should not hold, or does not: arguments.SNAPSHOT_DISKS, documented."""
from __future__ import annotations


class ModuleDocFragment:
    """Read by ansible-doc."""

    DOCUMENTATION = r"""
options:
  attached_volumes:
    description:
      - What to do where a disk of a PersistentVolume is attached to a machine of vSphere or ESXi, or stands in its snapshot.
      - V(refuse) names machines and disks and does nothing, because a snapshot locks such a disk to its machine, so that its pod can
        move to no other node, and a revert takes the data of the volume back.
      - V(include) takes it for a disk as any other. A disk of the snapshot that is attached to another machine by now is refused all
        the same, as two machines would have it after the revert.
      - Volumes in an independent mode are in no snapshot, nor are those of AWS, and stay as they are.
    type: str
    default: refuse
    choices: [refuse, include]
  independent_disks:
    description:
      - What to do where a machine of vSphere or ESXi has a disk that no snapshot holds and that is no PersistentVolume, in an
        independent mode, as a raw device in physical mode, or as NVDIMM.
      - V(refuse) names machines and disks and does nothing, because after a revert one part of the machine is of then and another
        of now. V(leave) leaves them as they are.
      - A snapshot with memory is refused for such machines either way, as vSphere takes none.
    type: str
    default: refuse
    choices: [refuse, leave]
"""
