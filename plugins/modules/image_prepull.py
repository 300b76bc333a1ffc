# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: image_prepull
short_description: Pull images on every node before they are needed
version_added: 1.1.0
description:
  - Has every chosen image pulled on every chosen node, and proves for each that it is there. For each pull that fails or is
    slow it tells why.
  - On each node pods are made that use the images, each with up to six of one registry, and name a program that no image has. The
    node pulls and unpacks an image and then fails to start it, which proves the pull, whatever is in the image, and runs nothing
    of it. What the node's own list has is proved likewise, twenty images in a pod, and counts for no registry.
  - Pulls of a registry begin with one at a time and become more with every success, up to O(per_registry). So a registry
    is spared, and it is seen whether pulls at once share a limit.
  - The pods are guests as the probes of M(assay.clusters.validate) are. They have no token and keep to the restricted level of
    Pod Security, run as a user of the namespace's range where OpenShift gives one, and stay out of meshes.
  - The pods are removed and the images stay, but a node without room removes images that nobody uses.
options:
  state:
    description:
      - With V(present) the images are on the nodes afterwards.
      - With V(absent) they are removed from the nodes, but those that a pod of the node uses. That takes a privileged pod on
        each node, which asks the node's C(crictl) or C(ctr).
    type: str
    default: present
    choices: [present, absent]
  join_timeout:
    description:
      - Seconds, from the beginning, in which nodes that join get the images, too.
      - The older name O(join_within) is deprecated. It goes in 3.0.0.
    type: float
    default: 0
    aliases: [join_within]
  pull_policy:
    description:
      - Whether an image that is on a node is asked for again. With V(Always) the registry is asked what a tag means now.
    type: str
    default: IfNotPresent
    choices: [IfNotPresent, Always]
  pull_secrets:
    description:
      - Pull secrets in the cluster, as V(namespace/name). They are copied into the namespace of the pods while it lasts.
      - With O(namespace) a name alone is a Secret there.
    type: list
    elements: str
    default: []
  credentials:
    description:
      - Users of registries, where the cluster has no pull secret for them.
    type: list
    elements: dict
    default: []
    suboptions:
      registry:
        description: The host of the registry, with its port if it has one.
        type: str
        required: true
      username:
        description: The user.
        type: str
        required: true
      password:
        description: The password or token.
        type: str
        required: true
  namespace:
    description:
      - An existing namespace for the pods, for users who may make none. Only what this task made is removed from it.
      - Without it a namespace is made, and removed at the end.
    type: str
    default: ''
  labels:
    description:
      - Labels for everything that is made, where policies ask for some.
    type: dict
    default: {}
  annotations:
    description:
      - Annotations for the namespace and the pods that are made. Those that keep the sidecars of meshes out are there
        without being named.
    type: dict
    default: {}
  pod_security:
    description:
      - The Pod Security level that the namespace of the pods enforces; V(none) for no such labels. Where the API server
        refuses them, the namespace is made without.
      - By default V(restricted), and with O(state=absent) C(privileged), as removing images takes such a pod.
    type: str
    choices: [restricted, none]
  per_registry:
    description:
      - The most pulls from one registry at once. With O(state=absent), the most nodes at once.
    type: int
    default: 10
  per_node:
    description:
      - The most pods that pull on one node at once. A kubelet pulls the images of a pod one after the other, and many do so
        with those of all pods, whatever is asked.
    type: int
    default: 2
  retries:
    description:
      - How often a pull is tried again that failed for something that may pass, as a throttled or unreachable registry.
    type: int
    default: 2
  min_mb_per_second:
    description:
      - MB/s, below which pulls are told to be slow. Being slow does not fail the task.
      - The older name O(floor) is deprecated. It goes in 3.0.0.
    type: float
    default: 5
    aliases: [floor]
  pull_timeout:
    description:
      - Seconds that one image may take on one node.
    type: float
    default: 600
  timeout:
    description:
      - Seconds that all may take. What has not come by then has failed.
    type: float
    default: 3600
  helper_image:
    description:
      - With O(state=absent), the image of the pod that removes images. It needs C(chroot).
    type: str
    default: docker.io/library/busybox:1.35
  journal_dir:
    description:
      - The folder for the journal, in which is written what is made before it is made.
      - Without it a folder of the user on the controller is used.
    type: path
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.cluster
  - assay.clusters.cluster_login
  - assay.clusters.images
seealso:
  - module: assay.clusters.images_info
  - module: assay.clusters.sweep
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: What a chart needs, from a mirror
  assay.clusters.image_prepull:
    manifests:
      - "{{ lookup('ansible.builtin.pipe', 'helm template payments ./chart') }}"
    rewrite:
      - from: docker.io
        to: mirror.example.com/hub
    pull_secrets:
      - kube-system/mirror

- name: What the checks need, also on the nodes that join within ten minutes
  assay.clusters.image_prepull:
    checks:
      - all
    join_timeout: 600

- name: One image by digest on the workers, and its name is asked for again
  assay.clusters.image_prepull:
    images:
      - registry.example.com/payments@sha256:3f0d1c9a6a5f0d6f5a2e5bd1b0b1b7c3a4c9d2b7f9d1e0c3a5b7f9d1e0c3a5b7
    selector: node-role.kubernetes.io/worker
    pull_policy: Always
"""

RETURN = r"""
results:
  description: One entry for each image on each node.
  returned: always, unless an option is wrong
  type: list
  elements: dict
  contains:
    node:
      description: The node.
      type: str
    image:
      description: The full name, after O(rewrite).
      type: str
    status:
      description: V(present) if it was there, V(pulled) or V(failed); V(removed), V(absent) if it was not there, or V(in_use).
      type: str
    seconds:
      description: Seconds of the pull alone, of what was pulled.
      type: float
    waited:
      description: Seconds of the pull and of waiting for the kubelet's other pulls.
      type: float
    bytes:
      description: The size of the image, 0 where the kubelet does not tell. Layers that were there are counted, too.
      type: int
    mb_per_second:
      description: Both together.
      type: float
    digest:
      description: What the runtime resolved the name to.
      type: str
    ran:
      description: The image that admission put in its place, which is what was pulled; only where it did.
      type: str
    on_node:
      description: V(true) for what failed though the node's own list has it, as it was pulled with other credentials.
      type: bool
    attempts:
      description: How often it was tried.
      type: int
    error:
      description: What the cluster says of a failure.
      type: str
    cause:
      description: The cause, for instance V(image.throttled).
      type: str
    confidence:
      description: How sure that is, V(confirmed), V(probable) or V(suspected).
      type: str
findings:
  description: What is wrong, each cause once.
  returned: always, unless an option is wrong
  type: list
  elements: dict
  contains:
    cause:
      description: The cause.
      type: str
    confidence:
      description: How sure that is.
      type: str
    scope:
      description: The nodes, registries or images that it is about.
      type: list
      elements: str
      sample: [node/n2]
    message:
      description: One sentence.
      type: str
      sample: "images of mirror.example.com come slowly on n2 and fast elsewhere: 0.8 MB/s here, 61.0 MB/s there"
    evidence:
      description: Lines of the cluster, or of the pulls.
      type: list
      elements: str
    remedy:
      description: What helps.
      type: str
    next_command:
      description: What tells more.
      type: str
    fails:
      description: Whether the task fails for it.
      type: bool
registries:
  description: How fast each registry was, by pulls that are large enough to tell.
  returned: always, unless an option is wrong
  type: list
  elements: dict
  contains:
    registry:
      description: Its host.
      type: str
    pulls:
      description: How many pulls this is from.
      type: int
    mb_per_second:
      description: The median of all pulls.
      type: float
    alone:
      description: The median of the pulls that were most alone.
      type: float
    crowded:
      description: The median of the pulls beside most others.
      type: float
    most_at_once:
      description: How many others that was, with the pull itself.
      type: float
    shared_limit:
      description: Whether pulls at once share one limit.
      type: bool
summary:
  description: Counts by status, nodes, images, bytes that were pulled, seconds.
  returned: always, unless an option is wrong
  type: dict
left_out:
  description: Nodes that cannot keep images, with the reason.
  returned: always, unless an option is wrong
  type: dict
leftovers:
  description: What could not be removed at the end, and what holds it.
  returned: always, unless an option is wrong
  type: list
  elements: str
notes:
  description: What is worth knowing of how it went, and of what was pulled; a sentence each.
  returned: always, unless an option is wrong
  type: list
  elements: str
plan:
  description: What would be pulled or removed, as far as the nodes' lists tell.
  returned: in check mode
  type: list
  elements: dict
  contains:
    node:
      description: The node.
      type: str
    image:
      description: The image.
      type: str
    present:
      description: Whether the node tells it, null where its list may be cut.
      type: bool
msg:
  description: One sentence.
  returned: always
  type: str
  sample: "2 images on 3 nodes in 9 s: 4 pulled (94 MB), 2 there already"
progress:
  description: The lines that were shown.
  returned: when there were any
  type: list
  elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER
from ansible_collections.assay.clusters.plugins.module_utils.arguments.images import IMAGE_SOURCES, PREPULL
from ansible_collections.assay.clusters.plugins.module_utils.prepull.entry import prepull
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(prepull, {**CLUSTER, **IMAGE_SOURCES, **PREPULL}, connects=True)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
