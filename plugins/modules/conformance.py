# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: conformance
short_description: Run the conformance tests of Kubernetes on a cluster
version_added: 1.2.0
description:
  - Runs the conformance image of the Kubernetes community as a pod of the cluster, shows how far it is and each test that
    fails, and fetches C(e2e.log) and the JUnit files.
  - Where a test fails, checks of this collection run on the cluster in that moment, and what they find stands beside the test.
  - A run goes on in the cluster when the connection, the API server or the playbook ends. The same task with its O(run_id) goes
    on with it, on this controller or on another.
  - Counts and verdict are those of M(assay.clusters.results_info). The task fails where the verdict is not V(passed).
  - What it made is removed at the end, and namespaces that tests left behind. The tests may do everything in the cluster while
    they run, as their account is bound to C(cluster-admin).
options:
  state:
    description:
      - With V(present) the tests have run afterwards. A run that has ended is told again.
      - With V(absent) the run O(run_id) is removed from the cluster, whether it has ended or not.
    type: str
    default: present
    choices: [present, absent]
  run_id:
    description:
      - The identity of the run, at most 32 of C(a-z), C(0-9) and C(-). Without it one is drawn and shown.
    type: str
    default: ''
  results_dir:
    description:
      - The folder on the controller in which the run gets a folder of its own, named by its id.
      - It is needed with O(state=present).
    type: path
  image:
    description:
      - The conformance image. Without it the one whose tag is the release of the API server.
    type: str
    default: ''
  image_registry:
    description:
      - A mirror that takes the place of C(registry.k8s.io) for the image, and of the registries of O(output_image) and of the
        images of the checks. The images that tests use are named by O(test_repo_list) or O(test_repo).
    type: str
    default: ''
  output_image:
    description:
      - An image with a shell, C(dd) and C(wc), for the second container of the pod, from which results are fetched.
    type: str
    default: docker.io/library/busybox:1.35
  pull_secrets:
    description:
      - Pull secrets in the cluster, as V(namespace/name), for O(image) and O(output_image).
    type: list
    elements: str
    default: []
  node_selector:
    description:
      - Labels of the nodes on which the pod may run.
    type: dict
    default: {}
  focus:
    description:
      - An expression of Go. The tests run whose names it matches.
    type: str
    default: \[Conformance\]
  skip:
    description:
      - An expression of Go. Tests whose names it matches do not run. In parallel, serial tests are left out where it is empty.
    type: str
    default: ''
  parallel:
    description:
      - How many processes run tests at once. A certification wants one.
    type: int
    default: 1
  dry_run:
    description:
      - Only tell which tests would run. Nothing is proved by that, so the verdict is V(inconclusive). The task does not fail.
    type: bool
    default: false
  extra_args:
    description:
      - More arguments for the tests, for instance V(--node-os-distro=ubuntu).
    type: list
    elements: str
    default: []
  extra_ginkgo_args:
    description:
      - More arguments for Ginkgo, for instance V(--flake-attempts=2).
    type: list
    elements: str
    default: []
  test_repo:
    description:
      - A registry from which tests take all their images (C(KUBE_TEST_REPO)).
    type: str
    default: ''
  test_repo_list:
    description:
      - Registries by their names in the tests (C(KUBE_TEST_REPO_LIST)), for instance C(promoterE2eRegistry).
    type: dict
    default: {}
  rerun_failed:
    description:
      - How often tests that failed run again, alone and one after the other. Each time has a folder of its own beside that of
        the run. Tests that pass then are told as flakes. The verdict of the run stays as it is.
    type: int
    default: 0
  allow_flakes:
    description:
      - Do not fail the task where all tests that failed passed when they ran again.
    type: bool
    default: false
  diagnose:
    description:
      - Run checks where a test failed, at most five times, two minutes apart.
    type: bool
    default: true
  checks:
    description:
      - The checks that run then, by name. Without it those of O(domains). Checks that disturb others never do.
    type: list
    elements: str
    default: []
  domains:
    description:
      - The domains whose checks run then.
    type: list
    elements: str
    default: [control_plane, dns, network, nodes, storage]
  exclude:
    description:
      - Checks to leave out.
    type: list
    elements: str
    default: [audit_log]
  check_variables:
    description:
      - Options of these checks by the names of their inventory variables, for instance C(dns_check_external_name).
    type: dict
    default: {}
  start_timeout:
    description:
      - Seconds until the pod must run.
    type: float
    default: 600
  timeout:
    description:
      - Seconds that the tests may take, from the beginning of this task. What has not ended by then is stopped.
    type: float
    default: 14400
  cleanup_timeout:
    description:
      - Seconds that the clean-up may take.
    type: float
    default: 300
  journal_dir:
    description:
      - The folder for the journal, in which is written what is made before it is made.
      - Without it a folder of the user on the controller is used.
    type: path
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.cluster
  - assay.clusters.cluster_login
seealso:
  - module: assay.clusters.results_info
  - module: assay.clusters.results_publish
  - module: assay.clusters.validate
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: All conformance tests, as a certification wants them
  assay.clusters.conformance:
    results_dir: ./conformance
    run_id: release-131

- name: Those of the network, eight at once, and once more what failed
  assay.clusters.conformance:
    results_dir: ./conformance
    focus: \[sig-network\].*\[Conformance\]
    parallel: 8
    rerun_failed: 1

- name: Behind a mirror
  assay.clusters.conformance:
    results_dir: ./conformance
    image_registry: mirror.example.com/k8s
    test_repo_list:
      promoterE2eRegistry: mirror.example.com/k8s/e2e-test-images
      gcRegistry: mirror.example.com/k8s
      dockerLibraryRegistry: mirror.example.com/hub/library
    pull_secrets:
      - kube-system/mirror

- name: Remove a run that nobody goes on with
  assay.clusters.conformance:
    run_id: release-131
    state: absent
"""

RETURN = r"""
run_id:
  description: The identity of the run, in names and labels of all that it made.
  returned: when the tests could begin
  type: str
verdict:
  description: V(passed), V(failed) or V(inconclusive), as M(assay.clusters.results_info) judges.
  returned: when the tests have run
  type: str
counts:
  description: How many tests passed, failed, errored, were skipped and flaked, and nodes of the suite.
  returned: when the tests have run
  type: dict
findings:
  description: Where log and JUnit disagree, or something is missing.
  returned: when the tests have run
  type: list
  elements: dict
failures:
  description: Each test that failed.
  returned: when the tests have run
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    message:
      description: The beginning of what it said.
      type: str
    text:
      description: All that it said, up to 4,000 characters.
      type: str
    seconds:
      description: How long it took.
      type: float
    setup:
      description: Whether it is no test but a node of the suite.
      type: bool
    flaked:
      description: Whether it passed when it ran again.
      type: bool
    cause:
      description:
        - The cause that is taken for its own, with confidence, scope, evidence, remedy and next command. Null without any.
      type: dict
    found:
      description: All causes that the checks found in that moment.
      type: list
      elements: str
    evidence:
      description: Warnings of the cluster in that moment that are of a namespace which the test names, up to 20.
      type: list
      elements: str
    diagnosis:
      description: One sentence.
      type: str
flakes:
  description: Names of tests that failed and passed when they ran again.
  returned: when the tests have run
  type: list
  elements: str
reruns:
  description: Each time that failed tests ran again, with folder, verdict, and which passed and failed.
  returned: when the tests have run
  type: list
  elements: dict
ended:
  description: What ended the tests before their end; empty otherwise.
  returned: when the tests have run
  type: str
diagnosis:
  description:
    - Each run of the checks, with its start, verdict, counts, causes, warnings of the cluster, and the tests that it was made for.
  returned: when the tests could begin
  type: list
  elements: dict
version:
  description: The version of the API server.
  returned: when the tests could begin, and in check mode
  type: str
image:
  description: The conformance image.
  returned: when the tests could begin, and in check mode
  type: str
whole:
  description: Whether these were all conformance tests, one after the other, as a certification wants them.
  returned: when the tests could begin
  type: bool
resumed:
  description: Whether the run was in the cluster already.
  returned: when the tests could begin
  type: bool
folder:
  description: The folder of the results.
  returned: when the tests could begin
  type: str
files:
  description: What is in it.
  returned: when the tests have run
  type: list
  elements: str
seconds:
  description: How long it took, with the clean-up.
  returned: when the tests could begin
  type: float
leaked:
  description: Namespaces that tests left behind, which were removed.
  returned: always, when something was removed
  type: list
  elements: str
leftovers:
  description: What could not be removed, and what holds it.
  returned: always, when something was removed
  type: list
  elements: str
plan:
  description: Image, variables of the pod, and objects that would be made.
  returned: in check mode
  type: dict
msg:
  description: One sentence.
  returned: always
  type: str
  sample: "passed: 404 passed, 6199 skipped"
progress:
  description: The lines that were shown.
  returned: when there were any
  type: list
  elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER
from ansible_collections.assay.clusters.plugins.module_utils.arguments.conformance import CONFORMANCE
from ansible_collections.assay.clusters.plugins.module_utils.conformance.entry import conformance
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(conformance, {**CLUSTER, **CONFORMANCE}, connects=True)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
