# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The causes: stable codes with their layer, meaning, remedy, and the command that looks further.

Layers from the bottom up: 0 the test itself, 1 API and etcd, 2 nodes, 3 admission, 4 scheduling, 5 images,
6 pods and storage, 7 network, 8 cloud, 9 what stands on all of it.
"""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """command is a template over {name} and {namespace} of the first object in the scope."""

    layer: int
    meaning: str
    remedy: str
    command: str


def _c(layer: int, meaning: str, remedy: str, command: str = "kubectl get events -A --sort-by=.lastTimestamp") -> Cause:
    return Cause(layer, meaning, remedy, command)


_NODE = "kubectl describe node {name}"
_POD = "kubectl -n {namespace} describe pod {name}"
_PVC = "kubectl get storageclass,csidriver,pv; kubectl get events -A --field-selector reason=ProvisioningFailed"
_READY = "kubectl get --raw '/readyz?verbose'"

CAUSES: dict[str, Cause] = {
    "harness.precondition": _c(
        0, "something that the check needs is not there",
        "install it, or leave the check out"),
    "harness.forbidden": _c(
        0, "our own user may not do what the check needs",
        "grant the verb on the resource, for example by the ClusterRole of assay.clusters.rbac",
        "kubectl auth can-i --list"),
    "harness.interrupted": _c(
        0, "objects of a run that died are still there",
        "run assay.clusters.sweep",
        "kubectl get ns -l app.kubernetes.io/managed-by=assay.clusters"),
    "api.unreachable": _c(
        1, "the API server's address does not answer",
        'look at the load balancer, the firewall and the kube-apiserver process',
        'kubectl --request-timeout=5s get --raw /livez'),
    "api.tls": _c(
        1, "the certificate of the API server is not trusted",
        "renew it, or correct certificate-authority in the kubeconfig",
        "kubectl config view --raw --minify"),
    "api.unauthenticated": _c(
        1, "the API server does not know our credentials",
        "renew the token or client certificate in the kubeconfig",
        "kubectl auth whoami"),
    "api.overloaded": _c(
        1, "the API server turns requests away or is too slow",
        "find the client that floods it, look at API priority and fairness",
        "kubectl get --raw /metrics | grep apiserver_flowcontrol_rejected"),
    "etcd.unhealthy": _c(
        1, 'etcd does not answer the API server',
        'look at the etcd members, their quorum and disks',
        "kubectl get --raw '/readyz/etcd?verbose'"),
    "etcd.slow": _c(
        1, "writes are slow while reads are quick",
        "look at the disk of the etcd members",
        "kubectl get --raw /metrics | grep etcd_request_duration"),
    "etcd.space": _c(
        1, "the etcd database is full",
        "compact, defragment, disarm the alarm, raise the quota",
        "etcdctl endpoint status -w table"),
    "api.check-failed": _c(
        1, 'a health check of the API server fails',
        "look at the named check in the API server's log", _READY),
    "api.aggregated-down": _c(
        1, "an aggregated API has no working backend",
        "look at the Service and pods behind the APIService",
        "kubectl describe apiservice {name}"),
    "ctrl.not-progressing": _c(
        1, 'a controller does not act',
        "look at the named controller's log and Lease",
        'kubectl -n kube-system get lease'),
    "node.unreachable": _c(
        2, "the kubelet does not report any more",
        "look at the machine, its kubelet and its network", _NODE),
    "node.clock": _c(
        2, "the node's clock is off",
        "look at chrony or the hypervisor's time", _NODE),
    "node.runtime-down": _c(
        2, "the kubelet cannot reach the container runtime",
        "look at containerd on the node",
        "ssh {name} systemctl status containerd"),
    "node.kernel-fault": _c(
        2, "the node reports a fault of its kernel or disks",
        "replace the node", _NODE),
    "node.pressure": _c(
        2, "the node is short of disk, memory or process ids",
        "free or enlarge it", _NODE),
    "node.cni-not-ready": _c(
        2, "the node has no working CNI configuration",
        "look at the CNI pod of that node",
        "ssh {name} ls -l /etc/cni/net.d"),
    "node.kubelet-cert": _c(
        2, "the kubelet's serving certificate is not accepted",
        'approve its CSR, or rotate it',
        'kubectl get csr'),
    "node.drift": _c(
        2, "nodes differ where they should not",
        "bring the nodes of the pool to one version",
        "kubectl get nodes -o wide"),
    "node.not-joined": _c(
        2, 'fewer nodes than expected are in the cluster',
        "look at the missing machine's bootstrap log",
        'kubectl get nodes -o wide'),
    "webhook.no-endpoints": _c(
        3, 'an admission webhook has nobody behind it',
        "look at the webhook's pods",
        'kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations'),
    "webhook.timeout": _c(
        3, 'an admission webhook does not answer in time',
        "look at the way from the control plane to the webhook's pods",
        'kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations'),
    "webhook.ca-mismatch": _c(
        3, "an admission webhook's certificate is not trusted",
        'renew its caBundle',
        'kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations'),
    "admission.denied": _c(
        3, "a policy refuses the object",
        "change the object or the policy",
        "kubectl get events -A --field-selector type=Warning"),
    "policy.not-enforced": _c(
        3, "what should be refused is allowed",
        "turn enforcement on"),
    "quota.exceeded": _c(
        3, "a quota is used up",
        "raise it, or clean up",
        "kubectl get resourcequota -A"),
    "rbac.missing": _c(
        3, "a component lacks a right",
        "bind the role",
        "kubectl get clusterrolebinding"),
    "sched.insufficient": _c(
        4, "no node has room",
        "add capacity, or lower requests",
        "kubectl describe nodes"),
    "sched.constraint": _c(
        4, "no node is allowed: cordons, taints, affinity or selectors",
        "correct labels and tolerations, or uncordon",
        "kubectl get nodes -o custom-columns=NAME:.metadata.name,CORDONED:.spec.unschedulable,TAINTS:.spec.taints"),
    "storage.zone-conflict": _c(
        4, "a volume is in another zone than its pod may be",
        "use WaitForFirstConsumer",
        "kubectl get pv -o wide"),
    "drain.pdb-blocked": _c(
        4, "a disruption budget allows no eviction",
        "more replicas, or another budget",
        "kubectl get pdb -A"),
    "image.not-found": _c(
        5, "the image does not exist in the registry",
        "correct the tag, or push the image", _POD),
    "image.auth": _c(
        5, 'the registry refuses our credentials',
        "correct the pull secret or the node's rights", _POD),
    "image.throttled": _c(
        5, "the registry limits how often we may pull",
        "use a mirror, or log in", _POD),
    "image.kubelet-qps": _c(
        5, "the kubelet limits how often it pulls",
        "raise registryPullQPS", _POD),
    "image.registry-unreachable": _c(
        5, "the registry cannot be reached",
        "look at egress, name resolution and certificates on the node", _POD),
    "image.slow": _c(
        5, "images come slowly",
        "look at the network and the registry", _POD),
    "pod.config-missing": _c(
        6, "a ConfigMap, Secret or key does not exist",
        "create it", _POD),
    "pod.crash": _c(
        6, "a container ends with an error",
        "read its last log lines", _POD),
    "pod.oom": _c(
        6, "a container used more memory than it may",
        "raise its limit", _POD),
    "pod.probe-failing": _c(
        6, "a container runs but is not ready",
        "look at its probe", _POD),
    "storage.no-default-class": _c(
        6, "not exactly one StorageClass is the default",
        "annotate one with storageclass.kubernetes.io/is-default-class=true",
        "kubectl get storageclass"),
    "storage.driver-missing": _c(
        6, 'nobody provisions volumes of this class',
        "look at the provisioner's or CSI driver's pods", _PVC),
    "storage.provision-failed": _c(
        6, "the provisioner cannot make the volume",
        "read its words", _PVC),
    "storage.attach-stuck": _c(
        6, "a volume cannot be attached",
        "detach it from the dead node",
        "kubectl get volumeattachment"),
    "storage.mount-failed": _c(
        6, 'a volume cannot be mounted',
        "read the driver's log on the node", _PVC),
    "storage.data-corrupt": _c(
        6, "what was read is not what was written",
        "stop using the volume, restore from backup", _PVC),
    "net.node-isolated": _c(
        7, "pods of one node cannot reach those of others",
        "look at the routes, firewall and CNI agent of that node", _NODE),
    "net.overlay-down": _c(
        7, 'pods reach each other on one node but not across nodes',
        "look at the CNI's tunnel or routing ports between nodes",
        'kubectl get nodes -o wide'),
    "net.mtu": _c(
        7, "small packets pass between nodes, large ones do not",
        "align the MTU of the CNI with the network",
        "ip link show"),
    "netpol.overblocking": _c(
        7, "a NetworkPolicy blocks what should pass",
        "look at the policies of the namespace",
        "kubectl get networkpolicy -A"),
    "svc.no-endpoints": _c(
        7, "a Service has nobody behind it",
        "compare its selector with the labels of the pods",
        "kubectl -n {namespace} describe service {name}"),
    "svc.dataplane": _c(
        7, "pods answer on their own address but not behind the Service's",
        'look at kube-proxy (or the CNI in its place) on the node',
        'kubectl -n kube-system get pods -o wide'),
    "dns.server-down": _c(
        7, "cluster DNS has no working server",
        "look at the CoreDNS pods",
        "kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide"),
    "dns.upstream": _c(
        7, "only names outside the cluster fail",
        "look at the forwarders of CoreDNS and the way to them",
        "kubectl -n kube-system logs -l k8s-app=kube-dns --tail=50"),
    "dns.config": _c(
        7, "DNS servers answer, but wrongly",
        "look at the Corefile",
        "kubectl -n kube-system get configmap coredns -o yaml"),
    "dns.delegation": _c(
        7, "the zone is not delegated to the servers that hold it",
        "correct the NS records at the parent"),
    "cloud.permission": _c(
        8, "the cloud refuses a controller's request",
        'extend its IAM role'),
    "cloud.quota": _c(
        8, "a quota of the cloud is used up",
        "raise it"),
    "cloud.config": _c(
        8, 'the cloud lacks a subnet, tag or group that is needed',
        "correct the cloud's configuration"),
    "ns.stuck": _c(
        9, "a namespace does not end",
        "look at what remains in it and whose finalizer it is",
        "kubectl get namespace {name} -o yaml"),
    "leak.cleanup-stuck": _c(
        9, "an object of ours does not go away",
        "look at the named controller",
        "kubectl get namespace {name} -o yaml"),
    "unknown.timeout": _c(
        9, "it did not happen in time, and nothing says why",
        "look at the evidence and the unmet step"),
    "unknown.unexplained": _c(
        9, "it failed, and no rule explains it",
        "look at the evidence and the unmet step"),
}
