# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of the check of the audit log."""
from __future__ import annotations

from ...engine.declared import Option

# Kinds of requests that are sent.
KINDS = ("write", "denied", "read")
SOURCES = ("logs", "kubelet", "pods", "query", "cloudwatch")

OPTIONS = (
    Option("audit_source", "Where audit events are looked for. C(logs) is C(/logs) of the API servers, which most of them do"
           " not serve; it is tried where nothing is named. C(kubelet) reads the file by C(/logs) of the kubelets of the"
           " control plane, and needs the right to get C(nodes/proxy). C(pods) allows a short-lived pod on each node of the"
           " control plane, as root, with the folder of the file mounted read-only, in a namespace of its own whose Pod Security level"
           " is C(privileged). C(query) asks a store of logs over HTTP, C(cloudwatch) Amazon CloudWatch Logs.",
           choices=SOURCES, example="query"),
    Option("audit_path", "The file that an API server writes, for C(logs), C(kubelet) and C(pods); for the first two it must be"
           " below C(/var/log). Without it the flags of API servers in C(kube-system) tell it, or the usual places are tried.",
           example="/var/log/kubernetes/audit/audit.log"),
    Option("audit_expect", "Which requests of ours must be in the log. C(write) changes an object, C(denied) is a deletion that"
           " is refused, C(read) gets an object; many policies leave reads out on purpose.", type="list", elements="str",
           default=["write", "denied"], choices=KINDS, example=["write", "denied", "read"]),
    Option("audit_wait", "How long events are waited for, in seconds. Without it 45 for files and 240 for stores.",
           type="float", minimum=1, maximum=3600),
    Option("audit_query_url", "The address that is asked with C(query). C({marker}) in it, in O(audit_query_params) and in"
           " O(audit_query_body) is the text that all our audit ids begin with; C({start}) and C({end}) are the time window in"
           " seconds since 1970, C({start_ns}) and C({end_ns}) in nanoseconds, C({start_iso}) and C({end_iso}) as in RFC 3339.",
           example="https://loki.example.com/loki/api/v1/query_range"),
    Option("audit_query_params", "What is asked for in the address, by name; values are encoded here.", type="dict",
           example={"query": '{job="audit"} |= "{marker}"', "start": "{start_ns}", "end": "{end_ns}"}),
    Option("audit_query_body", "What is sent as JSON; the request is a POST then.", type="dict",
           example={"query": {"prefix": {"auditID": "{marker}"}}, "size": 1000}),
    Option("audit_query_headers", "Headers of the request.", type="dict", secret=True),
    Option("audit_query_token", "A token that is sent as C(Authorization: Bearer).", secret=True),
    Option("audit_query_events", "A JMESPath expression that takes the events out of the answer, as objects or as JSON text."
           " Without it they are found wherever they are in it.", example="data.result[].values[][1]"),
    Option("audit_query_validate_certs", "Whether the certificate of O(audit_query_url) must be valid.", type="bool",
           default=True),
    Option("audit_query_ca_cert", "A file with the CA of O(audit_query_url), where the machine does not know it."),
    Option("audit_log_group", "The log group of C(cloudwatch).", example="/aws/eks/prod/cluster"),
    Option("audit_log_streams", "What the names of its streams begin with.", default="kube-apiserver-audit"),
    Option("region", "The region of AWS. Without it E(AWS_REGION), then the profile."),
    Option("access_key", "The id of an access key of AWS. Without it E(AWS_ACCESS_KEY_ID), or whatever boto3 finds.",
           secret=None),
    Option("secret_key", "The secret of the access key.", secret=True),
    Option("session_token", "The token of a temporary access key.", secret=True),
    Option("profile", "A profile of the AWS configuration, in place of an access key."),
    Option("endpoint_url", "The address of the API of CloudWatch Logs, where it is not AWS's own."),
)
