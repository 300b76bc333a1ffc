# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: conformance_submission
short_description: Make a submission to the CNCF's conformance program, or review one
version_added: 1.2.0
description:
  - Makes the folder that a pull request to C(cncf/k8s-conformance) adds, for instance C(v1.35/example), from what a
    run of the
    conformance tests left. It has C(README.md), C(PRODUCT.yaml), C(e2e.log) and C(junit_01.xml), and nothing else.
  - What is made is read as a reviewer reads it, by the rules of the program's own bot. Where one is broken, nothing
    is written, and
    each reason is one sentence, with the file and the line where there is one.
  - With O(state=validated), a submission that is there is read in the same way, whoever made it.
  - Tests that failed, were skipped, or passed at a second try are named, and so are required ones that did not run.
  - Secrets are removed from C(e2e.log), C(junit_01.xml) and C(README.md). Reading runs is that of
    M(assay.clusters.results_info).
  - No address is asked, so whether the pages of O(product) exist is not known.
  - It runs on the controller.
options:
  src:
    description:
      - With O(state=present), what the run left, which is a folder, a tarball of Sonobuoy, or the files C(e2e.log) and
        C(junit_01.xml). It may hold one run only.
      - With O(state=validated), the folder of a submission, or one that holds no other.
    type: list
    elements: path
    required: true
  state:
    description:
      - With V(present), the submission is there, and is valid.
      - With V(validated), nothing is written, and the task fails where the submission would be refused.
    type: str
    default: present
    choices: [present, validated]
  dest:
    description:
      - The folder that the folders of releases are in, such as a checkout of C(cncf/k8s-conformance). Needed with
        O(state=present).
      - Files of the same submission are replaced there. A folder of another product, or with other files, is refused.
    type: path
  product:
    description:
      - What C(PRODUCT.yaml) says. Needed with O(state=present).
      - All but C(repo_url) and C(product_logo_url) must be there.
    type: dict
    suboptions:
      vendor:
        description: The legal entity that certifies.
        type: str
      name:
        description: The product.
        type: str
      version:
        description: The version of the product, not that of Kubernetes, in quotes where it looks like a number.
        type: str
      type:
        description: One of C(distribution), C(hosted platform) and C(installer).
        type: str
      description:
        description: One sentence about the product.
        type: str
      website_url:
        description: The page about the product.
        type: str
      documentation_url:
        description: The page of its documentation.
        type: str
      contact_email_address:
        description: Who is asked about the submission.
        type: str
      repo_url:
        description: The repository of an open source product.
        type: str
      product_logo_url:
        description: The logo, as SVG, EPS or AI, which names the product.
        type: str
  product_dir:
    description:
      - The name of the product's folder, for instance V(example). Needed with O(state=present).
    type: str
  kubernetes_version:
    description:
      - The minor release, for instance V(v1.35), which names the folder around that of the product.
      - Without it, that of the API server, as C(e2e.log), the tarball of Sonobuoy or O(server_version) tells it.
    type: str
    default: ''
  server_version:
    description:
      - The version of the API server, for instance V(v1.35.2). Logs of Kubernetes 1.27 and newer seldom tell it.
      - Where the run tells another one, it is refused.
    type: str
    default: ''
  latest_version:
    description:
      - The newest release of Kubernetes, for instance V(v1.36.1). It and the two minor releases before it may be
        submitted.
      - Without it this is not looked at, and a finding says so.
    type: str
    default: ''
  conformance_yaml:
    description:
      - The list of required tests, C(test/conformance/testdata/conformance.yaml) of the release of Kubernetes. Needed
        with
        O(state=present).
      - Each of its tests that is of the release or an older one must have run and passed.
    type: path
  title:
    description:
      - The title of the pull request, which must name the release and the product.
    type: str
    default: ''
  readme:
    description:
      - A C(README.md) of your own, with the steps to reproduce the results.
      - Without it, one is written from O(steps) and O(test_steps).
    type: path
  steps:
    description:
      - How the cluster is made, step by step. One that begins with C($) and a blank is a command.
      - Needed with O(state=present), unless there is O(readme).
    type: list
    elements: str
    default: []
  test_steps:
    description:
      - How the tests are run. Without it, as by M(assay.clusters.conformance) or by Sonobuoy where O(src) is of them, else
        as by hydrophone.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - assay.clusters.attributes
attributes:
  diff_mode:
    description: PRODUCT.yaml and README.md before and after.
    support: full
seealso:
  - module: assay.clusters.results_info
  - module: assay.clusters.results_publish
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: Make a submission from what hydrophone left
  assay.clusters.conformance_submission:
    src:
      - ./results
    dest: ./k8s-conformance
    product_dir: example
    product:
      vendor: Example Inc.
      name: Example Kubernetes
      version: "4.2"
      type: distribution
      description: Kubernetes for examples.
      website_url: https://example.com/kubernetes
      documentation_url: https://example.com/kubernetes/docs
      contact_email_address: conformance@example.com
    server_version: v1.35.2
    latest_version: v1.36.1
    conformance_yaml: ./conformance.yaml
    steps:
      - Take three machines with Debian 13.
      - $ example-install --nodes 3
  register: submission

- name: Show the title of the pull request
  ansible.builtin.debug:
    msg: "{{ submission.title }}"

- name: Review a submission
  assay.clusters.conformance_submission:
    src:
      - ./k8s-conformance/v1.35/example
    state: validated
    conformance_yaml: ./conformance.yaml
    latest_version: v1.36.1
    title: Conformance results for v1.35/example
"""

RETURN = r"""
submission:
  description: The submission, as its folders are named.
  returned: success, and where it is refused
  type: str
  sample: v1.35/example
valid:
  description: Whether no rule is broken.
  returned: success, and where it is refused
  type: bool
title:
  description: O(title), or one that a pull request may have.
  returned: success, and where it is refused
  type: str
  sample: Conformance results for v1.35/example
path:
  description: The folder of the submission.
  returned: success, with O(state=present)
  type: str
files:
  description: The files that were written, or would be in check mode.
  returned: success, and where it is refused
  type: list
  elements: str
findings:
  description: What is wrong or not known, what weighs most first.
  returned: success, and where it is refused
  type: list
  elements: dict
  contains:
    code:
      description: What it is, for programs.
      type: str
      sample: test-missing
    severity:
      description: V(error) where the submission is refused for it, V(warning), or V(note).
      type: str
    message:
      description: One sentence.
      type: str
    file:
      description: The file, as the pull request names it, or O(conformance_yaml). Empty for what is of none.
      type: str
      sample: v1.35/example/PRODUCT.yaml
    line:
      description: The line, from 1. It is 0 where there is none.
      type: int
    test:
      description: The test that it is about, else empty.
      type: str
product:
  description: What C(PRODUCT.yaml) says.
  returned: success, and where it is refused
  type: dict
required:
  description: How many C(tests) are required, and how many of them C(passed). Null without O(conformance_yaml).
  returned: success, and where it is refused
  type: dict
  sample: {"tests": 441, "passed": 441}
labels:
  description: The labels that the program's bot gives for the tests.
  returned: success, and where it is refused
  type: list
  elements: str
  sample: ["no-failed-tests-v1.35", "tests-verified-v1.35"]
run:
  description: The run, as M(assay.clusters.results_info) tells it, without its tests. Null where there is none.
  returned: success, and where it is refused
  type: dict
msg:
  description: One sentence about all of it.
  returned: always
  type: str
  sample: v1.35/example is valid, 441 of 441 required tests passed
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.submission import SUBMISSION, SUBMISSION_IF
from ansible_collections.assay.clusters.plugins.module_utils.submission.job import entry
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(entry, SUBMISSION, required_if=SUBMISSION_IF)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
