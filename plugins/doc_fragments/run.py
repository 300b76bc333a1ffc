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
      - References to use instead of the published images, by their logical names. The checks use one, V(agnhost).
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
  allow_skipped:
    description:
      - Whether it is good enough that no check applies to the cluster, so that nothing was proved.
    type: bool
    default: false
  expected_features:
    description:
      - Names of checks whose feature this cluster must have, for instance V(ingress). Where such a check finds nothing to
        prove, as an add-on is not there, it has failed instead of being skipped.
      - Without it the variable C(validate_expected_features) of the host is used.
    type: list
    elements: str
    default: []
  known_failures:
    description:
      - Failures of this cluster that are accepted until a day. They stay failed in the results, say until when they are known
        and why, and neither fail the task nor the cluster. From the day after on they do, as if nothing were known.
      - Anything else that the same check fails for is no known failure.
      - Without it the variable C(validate_known_failures) of the host is used.
    type: list
    elements: dict
    default: []
    suboptions:
      check:
        description:
          - The name of the check.
        type: str
        required: true
      cause:
        description:
          - The code of its cause, or of the one that it follows from, as the summary tells it.
        type: str
        required: true
      until:
        description:
          - The last day on which it is accepted, in UTC, such as V(2026-12-31).
        type: str
        required: true
      reason:
        description:
          - Why it is accepted, such as a ticket. It is shown wherever the failure is.
        type: str
        required: true
  wait_cleanup:
    description:
      - Whether to wait until everything that was made is gone.
      - If not, a process of its own finishes that, and the result tells no leftovers.
    type: bool
    default: true
  timeout:
    description:
      - Seconds after which the whole run ends; a check that has not finished by then has failed if it saw something wrong, and is
        inconclusive otherwise.
      - The older name O(limit) is deprecated, as it reads like the C(--limit) of C(ansible-playbook). It goes in 3.0.0.
    type: float
    default: 900
    aliases: [limit]
  transport:
    description:
      - How pods in the cluster are asked. V(auto) takes the first that works.
      - V(proxy) goes through the API server, V(port_forward) through the API server and the kubelet, V(exec) starts a
        program in the pod.
      - Without it the variable C(validate_transport) of the host is used.
    type: str
    default: auto
    choices: [auto, proxy, port_forward, exec]
  node_selector:
    description:
      - A label selector; only nodes that it fits are asked, for instance V(pool!=dmz,node.kubernetes.io/instance-type). As for
        C(kubectl), V(a=b), V(a!=b), V(a in (b,c)), V(a notin (b,c)), V(a) and V(!a) are known.
      - Windows nodes and virtual ones (Fargate, virtual kubelets) are left out by themselves. What is left out is told.
      - Without it the variable C(validate_node_selector) of the host is used.
    type: str
    default: ''
  node_sample:
    description:
      - How many nodes get a probe at most. Of a larger cluster a sample is asked that has every zone and pool, the newest
        and the oldest nodes; the state of all nodes is read nevertheless. V(0) asks all.
      - Where the user may not list nodes, it is chosen among those that the first probes name, which wants the right to patch
        DaemonSets in the namespace of the run.
      - Without it the variable C(validate_node_sample) of the host is used.
    type: int
    default: 300
  probe_limit:
    description:
      - Seconds until every node must have its probe, for instance where images come slowly. Waiting ends earlier where it
        cannot help any more.
      - By default 90, and one more for every ten nodes.
      - Without it the variable C(validate_probe_limit) of the host is used.
    type: float
  run_namespace:
    description:
      - An existing namespace to work in, for users who may make none. Only objects of the run are removed from it.
      - Without it the variable C(validate_namespace) of the host is used, and without that each run makes a namespace.
    type: str
    default: ''
  labels:
    description:
      - Labels for everything that is made, where policies ask for some.
      - Without it the variable C(validate_labels) of the host is used.
    type: dict
    default: {}
  annotations:
    description:
      - Annotations for the namespace and the pods that are made. Those that keep the sidecars of meshes out are there
        without being named.
      - Without it the variable C(validate_annotations) of the host is used.
    type: dict
    default: {}
  pull_secrets:
    description:
      - Secrets to pull images with, as V(namespace/name); they are copied for the time of the run.
      - With O(run_namespace) a name alone is a Secret there.
      - Without it the variable C(validate_pull_secrets) of the host is used.
    type: list
    elements: str
    default: []
  pod_security:
    description:
      - The Pod Security level that the namespace of the run enforces; V(none) for no such labels. Where the API server
        refuses them, the namespace is made without.
      - Without it the variable C(validate_pod_security) of the host is used.
    type: str
    default: restricted
    choices: [restricted, none]
"""
