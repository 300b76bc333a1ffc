# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/audit_log.py and audit_log.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
module: check_audit_log
short_description: Prove that requests are in the audit log of every API server
version_added: 1.2.0
description:
  - Sends a write, a deletion that is refused and a read to every API server, each with an audit id of its own, and
    looks for them where audit events are kept.
  - Each API server is asked by its own address where that can be reached and shows a certificate of the cluster. Else
    new connections are made through the balancer until all that the cluster names have answered, and what was not asked
    is said.
  - An event must have our id, the right user, verb and status. A policy that leaves reads out is told and is no fault;
    O(audit_expect) says what must be there.
  - Files are followed from their end on, also over a rotation, and never read whole. Of an event nothing is kept but
    its id, stage, user, verb and status.
  - Where API servers are told to write no audit log the check is skipped, unless O(audit_source) is set.
  - Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed.
options:
  audit_source:
    description:
      - Where audit events are looked for. C(logs) is C(/logs) of the API servers, which most of them do not serve; it
        is tried where nothing is named. C(kubelet) reads the file by C(/logs) of the kubelets of the control plane, and
        needs the right to get C(nodes/proxy). C(pods) allows a short-lived pod on each node of the control plane, as
        root, with the folder of the file mounted read-only, in a namespace of its own whose Pod Security level is
        C(privileged). C(query) asks a store of logs over HTTP, C(cloudwatch) Amazon CloudWatch Logs.
      - Without it the variable C(control_plane_check_audit_source) of the host is used.
    type: str
    choices: [logs, kubelet, pods, query, cloudwatch]
  audit_path:
    description:
      - The file that an API server writes, for C(logs), C(kubelet) and C(pods); for the first two it must be below
        C(/var/log). Without it the flags of API servers in C(kube-system) tell it, or the usual places are tried.
      - Without it the variable C(control_plane_check_audit_path) of the host is used.
    type: str
  audit_expect:
    description:
      - Which requests of ours must be in the log. C(write) changes an object, C(denied) is a deletion that is refused,
        C(read) gets an object; many policies leave reads out on purpose.
      - Without it the variable C(control_plane_check_audit_expect) of the host is used.
    type: list
    elements: str
    choices: [write, denied, read]
    default: [write, denied]
  audit_wait:
    description:
      - How long events are waited for, in seconds. Without it 45 for files and 240 for stores.
      - From 1 to 3600.
      - Without it the variable C(control_plane_check_audit_wait) of the host is used.
    type: float
  audit_query_url:
    description:
      - The address that is asked with C(query). C({marker}) in it, in O(audit_query_params) and in O(audit_query_body)
        is the text that all our audit ids begin with; C({start}) and C({end}) are the time window in seconds since
        1970, C({start_ns}) and C({end_ns}) in nanoseconds, C({start_iso}) and C({end_iso}) as in RFC 3339.
      - Without it the variable C(control_plane_check_audit_query_url) of the host is used.
    type: str
  audit_query_params:
    description:
      - What is asked for in the address, by name; values are encoded here.
      - Without it the variable C(control_plane_check_audit_query_params) of the host is used.
    type: dict
  audit_query_body:
    description:
      - What is sent as JSON; the request is a POST then.
      - Without it the variable C(control_plane_check_audit_query_body) of the host is used.
    type: dict
  audit_query_headers:
    description:
      - Headers of the request.
      - Without it the variable C(control_plane_check_audit_query_headers) of the host is used.
    type: dict
  audit_query_token:
    description:
      - 'A token that is sent as C(Authorization: Bearer).'
      - Without it the variable C(control_plane_check_audit_query_token) of the host is used.
    type: str
  audit_query_events:
    description:
      - A JMESPath expression that takes the events out of the answer, as objects or as JSON text. Without it they are
        found wherever they are in it.
      - Without it the variable C(control_plane_check_audit_query_events) of the host is used.
    type: str
  audit_query_validate_certs:
    description:
      - Whether the certificate of O(audit_query_url) must be valid.
      - Without it the variable C(control_plane_check_audit_query_validate_certs) of the host is used.
    type: bool
    default: true
  audit_query_ca_cert:
    description:
      - A file with the CA of O(audit_query_url), where the machine does not know it.
      - Without it the variable C(control_plane_check_audit_query_ca_cert) of the host is used.
    type: str
  audit_log_group:
    description:
      - The log group of C(cloudwatch).
      - Without it the variable C(control_plane_check_audit_log_group) of the host is used.
    type: str
  audit_log_streams:
    description:
      - What the names of its streams begin with.
      - Without it the variable C(control_plane_check_audit_log_streams) of the host is used.
    type: str
    default: kube-apiserver-audit
  region:
    description:
      - The region of AWS. Without it E(AWS_REGION), then the profile.
      - Without it the variable C(control_plane_check_region) of the host is used.
    type: str
  access_key:
    description:
      - The id of an access key of AWS. Without it E(AWS_ACCESS_KEY_ID), or whatever boto3 finds.
      - Without it the variable C(control_plane_check_access_key) of the host is used.
    type: str
  secret_key:
    description:
      - The secret of the access key.
      - Without it the variable C(control_plane_check_secret_key) of the host is used.
    type: str
  session_token:
    description:
      - The token of a temporary access key.
      - Without it the variable C(control_plane_check_session_token) of the host is used.
    type: str
  profile:
    description:
      - A profile of the AWS configuration, in place of an access key.
      - Without it the variable C(control_plane_check_profile) of the host is used.
    type: str
  endpoint_url:
    description:
      - The address of the API of CloudWatch Logs, where it is not AWS's own.
      - Without it the variable C(control_plane_check_endpoint_url) of the host is used.
    type: str
extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.cluster
  - assay.clusters.cluster_login
  - assay.clusters.run
seealso:
  - module: assay.clusters.validate
author:
  - assay.clusters contributors (@assay-clusters)
"""

EXAMPLES = r"""
- name: The audit log of EKS is written
  assay.clusters.check_audit_log:
    kubeconfig: /etc/clusters/prod.kubeconfig
    audit_source: cloudwatch
    audit_log_group: /aws/eks/prod/cluster
    region: eu-central-1
- name: Audit events of all API servers arrive in Loki within two minutes
  assay.clusters.check_audit_log:
    kubeconfig: /etc/clusters/prod.kubeconfig
    audit_source: query
    audit_query_url: https://loki.example.com/loki/api/v1/query_range
    audit_query_params:
      query: '{job="audit"} |= "{marker}"'
      start: "{start_ns}"
      end: "{end_ns}"
    audit_wait: 120
- name: The same in Elasticsearch, reads included
  assay.clusters.check_audit_log:
    kubeconfig: /etc/clusters/prod.kubeconfig
    audit_source: query
    audit_query_url: https://elastic.example.com/audit-*/_search
    audit_query_body:
      query:
        prefix:
          auditID: "{marker}"
      size: 1000
    audit_query_events: hits.hits[]._source
    audit_query_token: "{{ lookup('env', 'ELASTIC_TOKEN') }}"
    audit_expect: [write, denied, read]
"""

RETURN = r"""
run:
  description: The run on this cluster, with the record of the check. M(assay.clusters.validate) tells its keys.
  returned: when the task does not fail, outside check mode
  type: dict
msg:
  description: One sentence with counts and causes; when the check failed, followed by the summary.
  returned: outside check mode
  type: str
  sample: 'c1: 1 check passed'
verdict:
  description: The verdict of the check.
  returned: when the task fails because of the check
  type: str
  sample: failed
plan:
  description: The checks with their options and limits, permissions, images and objects.
  returned: in check mode
  type: dict
"""

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER, RUN
from ansible_collections.assay.clusters.plugins.module_utils.checks.audit_log import AuditLog
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({**option_spec(AuditLog), **CLUSTER, **RUN})


if __name__ == "__main__":
    main()
