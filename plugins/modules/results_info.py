# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: results_info
short_description: What a run of tests says, and where its files disagree
version_added: 1.2.0
description:
  - Reads what a run of the conformance tests left, of any Kubernetes from 1.7 on, and tells when it was, what was tested, how
    many tests passed, which failed, and the verdict.
  - It reads C(e2e.log) and JUnit files, also several of a parallel run, output folders of hydrophone, tarballs of Sonobuoy,
    build folders of Prow, submissions to the CNCF, and the results of M(assay.clusters.validate).
  - No file is believed alone. Where two say different things, or one is not what it seems, that is a finding, and the worse
    counts.
  - Nothing is written and nothing is unpacked. Links are not followed.
options:
  paths:
    description:
      - A folder, a tarball, or the files of one run.
      - A folder or a tarball may hold several runs, such as plugins of Sonobuoy, builds of a job, or clusters.
      - Tarballs may be packed by gzip or bzip2.
    type: list
    elements: path
    required: true
  version:
    description:
      - The version that the cluster is said to have, such as V(v1.31) or V(v1.31.4). Where the run says another one, that is a
        finding.
      - Without it the name of a folder such as C(v1.31) around that of the run is taken.
    type: str
    default: ''
  year:
    description:
      - The year in which the run began, for a log that tells no year. With V(0) it is told by the JUnit file, by the random
        seed of the tests, or by the date of the file, and in the last case by a finding, too.
    type: int
    default: 0
  tests:
    description:
      - Which tests are returned. With V(bad) those that failed, and those that passed at a later try; with V(ran) all that were
        not skipped.
    type: str
    default: bad
    choices: [none, bad, ran, all]
  limit:
    description:
      - How many tests of each run are returned at most. Those that failed come first.
    type: int
    default: 1000
extends_documentation_fragment:
  - assay.clusters.attributes
seealso:
  - module: assay.clusters.report
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: Read a run of the conformance tests
  assay.clusters.results_info:
    paths:
      - output/e2e.log
      - output/junit_01.xml
    version: v1.31
  register: conformance

- name: Stop unless it passed and all its files say so
  ansible.builtin.assert:
    that:
      - conformance.verdict == "passed"
      - conformance.runs[0].findings | selectattr("severity", "ne", "note") | list | length == 0
    fail_msg: "{{ conformance.msg }}"

- name: Which tests failed in the builds of a job
  assay.clusters.results_info:
    paths:
      - logs/e2e-v1.31
  register: builds

- name: Show them
  ansible.builtin.debug:
    msg: "{{ item.place }} {{ item.verdict }}: {{ item.tests | map(attribute='name') | join(', ') }}"
  loop: "{{ builds.runs }}"
  loop_control:
    label: "{{ item.place }}"
"""

RETURN = r"""
verdict:
  description: The worst of all runs, which is V(failed), V(inconclusive) or V(passed).
  returned: always
  type: str
msg:
  description: One sentence about all of it, with the first of the findings that matter.
  returned: always
  type: str
  sample: "passed: 404 passed, 6199 skipped"
runs:
  description: The runs that were found.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: Whose run it is, V(tests), V(sonobuoy), V(prow) or V(validate).
      type: str
    place:
      description: Its folder within the one that was read, or within the tarball.
      type: str
    name:
      description: The plugin of Sonobuoy, or the job of Prow.
      type: str
    cluster:
      description: The cluster, for runs of M(assay.clusters.validate).
      type: str
    started:
      description: When it began, C(at) in ISO 8601, C(epoch) in seconds, and the C(source) that tells. Null where nothing does.
      type: dict
      sample: {"at": "2026-01-01T12:00:00+00:00", "epoch": 1767268800, "source": "timestamp of the JUnit"}
    finished:
      description: When it ended, in the same way.
      type: dict
    seconds:
      description: From start to end, null where one of them is not known.
      type: float
    verdict:
      description:
        - V(failed) where any source says so. V(passed) where one says so, and all is there that could have said otherwise. Else
          V(inconclusive), as for a log that was cut, a file that cannot be read, a dry run, or a run in which no test ran.
      type: str
    verdict_source:
      description: What says so, or why it cannot be told.
      type: str
    counts:
      description: How many tests C(passed), C(failed), C(errored), were C(skipped), or C(flaked), which are among those that passed.
        Beside them nodes of the suite, which are no tests, as C(setup) and C(setup_failed).
      type: dict
      sample: {"passed": 404, "failed": 0, "errored": 0, "skipped": 6199, "flaked": 0, "setup": 4, "setup_failed": 0}
    counts_source:
      description: What told the counts.
      type: str
    complete:
      description: Whether every test that ran is known by its name, which takes JUnit.
      type: bool
    versions:
      description: Of the tests as C(e2e), of the API server as C(server); empty where not told.
      type: dict
    findings:
      description: Where sources disagree or are not whole, those that matter most first, with C(code), C(severity), which is V(error),
        V(warning) or V(note), C(message) and C(files).
      type: list
      elements: dict
    sources:
      description: What each file says by itself, with C(path), C(kind), C(verdict), C(counts), C(ginkgo) and C(bytes).
      type: list
      elements: dict
    build:
      description: For a build of Prow its C(job), C(build), C(started) and C(finished) as they are, and its C(metadata).
      type: dict
    tests:
      description: The chosen tests, with C(name), C(outcome), C(suite), C(seconds), C(message), C(text), C(status), C(attempts),
        C(flaked), C(twin), C(setup), C(node) and C(file). Tests of one name that ran are told apart by C(twin), which counts from 0.
      type: list
      elements: dict
    tests_left_out:
      description: How many more there are than O(limit).
      type: int
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.runs import RESULTS_INFO
from ansible_collections.assay.clusters.plugins.module_utils.runs.entry import info
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(info, RESULTS_INFO)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
