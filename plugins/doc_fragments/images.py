# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the choice of images and nodes: the twin of IMAGE_SOURCES in module_utils/arguments/images.py."""
from __future__ import annotations


class ModuleDocFragment:
    """Which images, and on which nodes."""

    DOCUMENTATION = r"""
options:
  images:
    description:
      - Images by name, with a tag or a digest or both, as a container runtime takes them. V(busybox) is
        C(docker.io/library/busybox:latest).
    type: list
    elements: str
    default: []
  image_files:
    description:
      - Files on the controller with one image per line. V(#) begins a comment.
    type: list
    elements: path
    default: []
  manifests:
    description:
      - Manifests whose images are taken, of all pod templates with their init and ephemeral containers and image volumes,
        whatever kind of object they are in.
      - Each entry is a file of YAML or JSON, a folder with such files, the text itself (for instance what C(helm template)
        prints), or V(-) for what is piped into C(ansible-playbook).
    type: list
    elements: str
    default: []
  checks:
    description:
      - Checks of this collection whose images are taken, by name, or V(all).
    type: list
    elements: str
    default: []
  domains:
    description:
      - Domains of checks whose images are taken.
    type: list
    elements: str
    default: []
  exclude:
    description:
      - Checks to leave out.
    type: list
    elements: str
    default: []
  check_paths:
    description:
      - Folders on the controller with checks of your own, one file each.
    type: list
    elements: path
    default: []
  check_images:
    description:
      - References that checks use instead of the published images, as O(assay.clusters.validate#module:images).
    type: dict
    default: {}
  image_registry:
    description:
      - The mirror that checks use, as O(assay.clusters.validate#module:image_registry).
    type: str
    default: ''
  rewrite:
    description:
      - Rules for a mirror. The first rule whose C(from) is a beginning of an image's full name, up to a slash or its end,
        puts its C(to) there. Tag and digest stay.
      - The runtime keeps an image by the name that it was pulled by, so pods must use the rewritten name, too.
    type: list
    elements: dict
    default: []
    suboptions:
      from:
        description: The beginning of a name, for instance V(docker.io) or V(registry.k8s.io/e2e-test-images).
        type: str
        required: true
      to:
        description: What takes its place, for instance V(mirror.example.com/hub).
        type: str
        required: true
  nodes:
    description:
      - Nodes by name. Without it all nodes are taken that O(selector) allows.
    type: list
    elements: str
    default: []
  selector:
    description:
      - Labels of the nodes, for instance V(node-role.kubernetes.io/worker).
    type: str
    default: ''
"""
