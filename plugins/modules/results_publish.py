# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: results_publish
short_description: Publish results of tests as builds that TestGrid and others read
version_added: 1.2.0
description:
  - Publishes runs of conformance tests, or of the checks of M(assay.clusters.validate), to a folder, to S3 or to Google Cloud
    Storage, in the layout of Prow for federated results. TestGrid, Kettle, Gubernator and Spyglass read it.
  - Each run is a build, a folder named by a number, with C(started.json), C(build-log.txt), C(artifacts/) and C(finished.json),
    written in this order. C(latest-build.txt) beside the builds comes last, and never names an older build than before.
  - The id of a build is claimed by a write that succeeds only once, so two runs never share one. A run that is published again
    is found by what it is, and changes nothing; one whose upload was killed is completed. A finished build is never changed.
  - Secrets are removed from logs, JUnit files and all else before anything leaves. What is not text is not published.
  - Every file is read back before the build is finished. What may be better in a moment is tried again after a pause.
  - It runs on the controller.
options:
  src:
    description:
      - A folder, a tarball of Sonobuoy, or one or several files of one run, for instance C(e2e.log) and C(junit_01.xml).
      - The results folder of M(assay.clusters.validate) holds a run for each cluster.
    type: list
    elements: path
    required: true
  dest:
    description:
      - The folder of the job that the builds are below, as V(s3://bucket/path), V(gs://bucket/path), or a folder on the
        controller.
      - C({cluster}) stands for the cluster of a run, and C({name}) for the plugin of a Sonobuoy tarball or the job of a build
        folder. They are needed where O(src) has several of them, as each is a job of its own.
    type: str
    required: true
  cluster:
    description:
      - The cluster that is meant, where O(src) has several.
      - What C({cluster}) stands for, where O(src) does not tell it.
    type: str
  build_id:
    description:
      - The id of the build, a whole number. Without it, the second in which the run began, since 1970.
    type: str
  late:
    description:
      - What becomes of a run that began before the newest build of the job, or in the same second. TestGrid reads no build
        whose id is less than one that it knows.
      - With V(next), it gets the next id after the newest. C(started.json) tells when it really began.
      - With V(own), it keeps its own id, for those who read the bucket without TestGrid.
      - With V(refuse), the task fails, and nothing is written.
    type: str
    default: next
    choices: [next, own, refuse]
  started:
    description:
      - When the run began, in ISO 8601 or in seconds since 1970, where O(src) does not tell it.
    type: str
  finished:
    description:
      - When the run ended, in ISO 8601 or in seconds since 1970, where O(src) does not tell it.
    type: str
  year:
    description:
      - The year in which the run began, where the stamps of a log have none and nothing else tells it.
    type: int
  node:
    description:
      - The machine that the tests ran from, for C(started.json).
    type: str
  pull:
    description:
      - The number of the pull request that was tested.
    type: str
  repos:
    description:
      - What was tested, as C(branch:commit) for each repository.
    type: dict
    default: {}
  repo_commit:
    description:
      - The commit that was tested.
    type: str
  job_version:
    description:
      - The version that was tested. TestGrid shows what stands behind its first C(+), else its beginning, 9 characters.
      - Without it, the version of the API server, where O(src) tells it.
    type: str
  metadata:
    description:
      - What C(finished.json) tells besides. TestGrid can show values that are texts as headers of columns; numbers and booleans
        become texts. C(infra-commit) is cut to 9 characters. C(EmailAddresses) and C(links) are lists.
    type: dict
    default: {}
  artifacts:
    description:
      - More files of text that go to C(artifacts/).
    type: list
    elements: path
    default: []
  compress:
    description:
      - Whether logs, XML, HTML and JSON are packed by gzip, with C(Content-Encoding), which browsers unpack.
      - Without it they are for C(gs://), where Google unpacks them for whoever cannot, and are not for C(s3://), where nobody
        does. A folder has no such thing.
    type: bool
  read_back:
    description:
      - Whether files are read back as a whole and compared. Without that, their sizes are.
    type: bool
    default: true
  attempts:
    description:
      - How often a request is tried when the store is busy or cannot be reached, with pauses that grow from half a second to
        half a minute.
    type: int
    default: 6
  timeout:
    description:
      - Seconds after which no request is tried again.
    type: int
    default: 3600
extends_documentation_fragment:
  - assay.clusters.store
  - assay.clusters.attributes
requirements:
  - boto3 >= 1.40, for C(s3://)
  - google-cloud-storage >= 2.10, for C(gs://)
seealso:
  - module: assay.clusters.validate
  - module: assay.clusters.testgrid_config
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: Publish what a run left
  hosts: localhost
  gather_facts: false
  tasks:
    - name: A conformance run of cluster c1, to a bucket of Google
      assay.clusters.results_publish:
        src: ./conformance/c1
        dest: gs://example-conf/c1/e2e-v1.31
        job_version: v1.31.4+0f1e2d3c4
        metadata:
          platform: konvoy
          infra-commit: "{{ infra_commit }}"

    - name: The checks of all clusters, each to its own job
      assay.clusters.results_publish:
        src: ./results
        dest: s3://example-conf/{cluster}/validate
        region: eu-central-1

    - name: A tarball of Sonobuoy, to a folder that a web server shows
      assay.clusters.results_publish:
        src: ./202601011200_sonobuoy.tar.gz
        dest: /srv/results/c1/{name}
        node: "{{ inventory_hostname }}"
"""

RETURN = r"""
builds:
  description: The runs of O(src), the oldest first. Where the task fails, those that were done before.
  returned: success, and where publishing failed
  type: list
  elements: dict
  contains:
    cluster:
      description: The cluster, empty where it is not known.
      type: str
    name:
      description: The plugin or job, empty where it is not known.
      type: str
    url:
      description: Where the build is.
      type: str
      sample: s3://example-conf/c1/validate/1767268800
    build_id:
      description: The id of the build.
      type: str
      sample: "1767268800"
    action:
      description:
        - V(publish) for a new build, V(complete) for one whose upload had not come to its end, V(keep) for one that is there.
      type: str
    verdict:
      description: V(passed), V(failed), or V(inconclusive) where the results do not tell.
      type: str
    passed:
      description: What C(finished.json) says to TestGrid.
      type: bool
    result:
      description: What it says to Kettle, V(SUCCESS), V(FAILURE) or V(ABORTED).
      type: str
    counts:
      description: How many tests passed, failed and so on.
      type: dict
    files:
      description: All files of the build with their bytes as stored, content type, encoding and cache header.
      type: list
      elements: dict
    written:
      description: Which of them were written now, in this order. In check mode, which would be.
      type: list
      elements: str
    latest:
      description: Whether C(latest-build.txt) names this build.
      type: bool
    notes:
      description: What a reader must know, for instance that sources of the run disagree.
      type: list
      elements: str
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.publish import PUBLISH
from ansible_collections.assay.clusters.plugins.module_utils.publish.job import entry
from ansible_collections.assay.clusters.plugins.module_utils.task import Task

SPEC = Task(entry, PUBLISH)


def main() -> None:
    SPEC.main()


if __name__ == "__main__":
    main()
