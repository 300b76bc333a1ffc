# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of how a run of checks behaves: the twin of RUN in module_utils/arguments/cluster.py."""
from __future__ import annotations


class ModuleDocFragment:
    """Images, results, limits and the gate."""

    DOCUMENTATION = r"""
options:
  images:
    description:
      - References to use instead of the published images, by their logical names V(agnhost), V(busybox) and V(pause).
      - Without it the variable C(validate_images) of the host is used.
    type: dict
    default: {}
  image_registry:
    description:
      - A mirror that takes the place of the registry host in the references of all images that O(images) does not name,
        for instance V(mirror.example.com/k8s) for V(mirror.example.com/k8s/e2e-test-images/agnhost:2.53).
      - Without it the variable C(validate_image_registry) of the host is used.
    type: str
    default: ''
  results_dir:
    description:
      - The folder for the results. The run is written there as C(clusters/<cluster>.json).
      - Without it nothing is written.
    type: path
  journal_dir:
    description:
      - The folder for the journal, in which a run writes what it is about to make before it makes it. When all is gone
        again, the journal goes into C(journal) of O(results_dir), or away.
      - Without it a folder of the user on the controller is used.
    type: path
  gate:
    description:
      - Whether the task fails when a check failed or could not be made.
    type: bool
    default: true
  allow_inconclusive:
    description:
      - Whether checks that could not be made are good enough.
    type: bool
    default: false
  wait_cleanup:
    description:
      - Whether to wait until everything that was made is gone.
      - If not, a process of its own finishes that, and the result tells no leftovers.
    type: bool
    default: true
  limit:
    description:
      - Seconds after which the whole run ends; what has not finished by then has failed.
    type: float
    default: 900
  transport:
    description:
      - How pods in the cluster are asked. V(auto) takes the first that works.
      - V(proxy) goes through the API server, V(port_forward) through the API server and the kubelet, V(exec) starts a
        program in the pod.
      - Without it the variable C(validate_transport) of the host is used.
    type: str
    default: auto
    choices: [auto, proxy, port_forward, exec]
"""
