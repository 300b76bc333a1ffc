# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where machines are managed that a snapshot or a revert powers off: arguments.MANAGEMENT, documented."""
from __future__ import annotations


class ModuleDocFragment:
    """Read by ansible-doc."""

    DOCUMENTATION = r"""
options:
  cluster_api:
    description:
      - The management cluster of Cluster API that these machines belong to. Its MachineHealthChecks that select them are paused
        by the annotation C(cluster.x-k8s.io/paused) before the first machine is off. What was paused before stays paused.
      - Where this task does not see all nodes Ready again, as one that takes a snapshot never does, after an error, and when the
        playbook is killed, checks stay paused, as they would delete machines that are not healthy. A process that outlives the
        playbook resumes them within half an hour, once the machines run and the management cluster has called their nodes healthy
        for longer than it keeps old news (five minutes); afterwards the next revert does, or whoever takes the annotation off.
      - Its user may list and get Machines (C(machines)), and get, list and patch C(machinehealthchecks); with the right to list
        nodes of it, it is told apart from a cluster that manages itself.
      - A cluster that manages itself cannot be held like this, as its own snapshot would hold the pause, or take it back.
    type: dict
    version_added: 1.2.0
    suboptions:
      kubeconfig:
        description: The kubeconfig of the management cluster, as a path, as its content or as a dictionary.
        type: raw
      context:
        description: The context of it.
        type: str
      namespace:
        description: The namespace of the objects. Without it all are looked at, which wants the right to.
        type: str
"""
