# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes in the cluster itself: the test, API and etcd, nodes, admission, scheduling, images, pods and storage (layers 0 to 6)."""
from __future__ import annotations

from .cause import GENERIC, IDLE_PODS, MACHINES, NODES, ON_NODE, VM, Cause
from .cause import cause as _c

_READY = "kubectl get --raw '/readyz?verbose'"
_HOOKS = "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"
_PULL, _ANY_PULL = "ssh {name} crictl pull {ref}", "ssh NODE crictl pull IMAGE"
_CLASSES = "kubectl get storageclass,csidriver,csinode"
_CLAIMS = "kubectl get persistentvolumeclaims -A"
_OPTIONS = "ansible-inventory --host NAME"

CAUSES: dict[str, Cause] = {
    # ---- 0: the test itself
    "harness.precondition": _c(
        0, "something that the check needs, or that its options name, is not there",
        "install it, correct the option, or leave the check out", otherwise=_OPTIONS),
    "harness.forbidden": _c(
        0, "our own user may not do what the check needs",
        "grant the verb on the resource; the playbook assay.clusters.rbac writes the roles",
        "kubectl auth can-i --list", permission="kubectl auth can-i {ref}"),
    "harness.interrupted": _c(
        0, "objects of a run that died are in the way", "run assay.clusters.sweep",
        "kubectl get namespace -l app.kubernetes.io/managed-by=assay.clusters"),
    "stage.failed": _c(
        0, "a stage of the pipeline failed, which is in brackets", "read its message; the pipeline goes on there with "
        "pipeline_start_at", otherwise=_OPTIONS),
    # ---- 1: API and etcd
    "api.unreachable": _c(
        1, "the API server's address does not answer",
        "look at the load balancer, the firewall and the kube-apiserver process",
        "kubectl --request-timeout=5s get --raw /livez", address="curl -vk https://{ref}/livez"),
    "api.tls": _c(
        1, "the certificate at the API server's address is not trusted",
        "renew it, or correct certificate-authority in the kubeconfig",
        "kubectl config view --minify"),
    "api.unauthenticated": _c(
        1, "the API server does not know our credentials",
        "renew the token or client certificate in the kubeconfig", "kubectl auth whoami"),
    "api.overloaded": _c(
        1, "the API server turns requests away, or takes too long for them while etcd is well",
        "find the client that floods it; look at API priority and fairness and the server's size",
        "kubectl get --raw /metrics | grep apiserver_flowcontrol_rejected"),
    "etcd.unhealthy": _c(
        1, "etcd does not answer the API server", "look at the etcd members, their quorum and disks",
        "kubectl get --raw '/readyz/etcd?verbose'"),
    "etcd.slow": _c(
        1, "writes are slow while reads are quick", "look at the disks of the etcd members",
        "kubectl get --raw /metrics | grep etcd_request_duration_seconds"),
    "etcd.space": _c(
        1, "the etcd database is full", "compact, defragment, disarm the alarm; raise the quota",
        "etcdctl endpoint status --cluster -w table"),
    "api.check-failed": _c(
        1, "a health check of the API server fails",
        "look for the named check in the API server's log", _READY),
    "api.aggregated-down": _c(
        1, "an aggregated API has no working backend",
        "look at the Service and the pods behind the APIService", otherwise="kubectl get apiservices"),
    "ctrl.not-progressing": _c(
        1, "a controller does not act", "look at the named controller's log and Lease",
        "kubectl -n kube-system get lease"),
    # ---- 2: nodes
    "node.unreachable": _c(
        2, "the node's kubelet does not report any more",
        "look at the machine, its kubelet and its network", otherwise=NODES),
    "node.clock": _c(
        2, "the node's clock is off", "look at chrony and at the hypervisor's time", otherwise=NODES,
        node="ssh {name} chronyc tracking"),
    "node.runtime-down": _c(
        2, "the kubelet cannot use the container runtime", "look at containerd on the node", otherwise=NODES,
        node="ssh {name} systemctl status containerd"),
    "node.kernel-fault": _c(2, "the node reports a fault of its kernel or disks", "replace the node", otherwise=NODES),
    "node.pressure": _c(2, "the node is short of disk, memory or process ids", "free it, or enlarge it", otherwise=NODES),
    "node.cni-not-ready": _c(
        2, "the node has no working CNI plugin", "look at the CNI pod of that node", otherwise=NODES,
        node="ssh {name} ls -l /etc/cni/net.d"),
    "node.kubelet-cert": _c(
        2, "the kubelet's serving certificate is not accepted",
        "approve its CertificateSigningRequest, or rotate the certificate", "kubectl get csr"),
    "cert.csr-pending": _c(
        2, "a kubelet's request for a certificate is neither approved nor denied",
        "look at what approves them in this cluster (the cloud's controller, kubelet-csr-approver, machine-approver), "
        "or approve it by kubectl certificate approve", "kubectl get csr",
        certificatesigningrequest="kubectl describe csr {name}"),
    "node.drift": _c(
        2, "nodes differ from each other or from what is expected",
        "bring the nodes of the pool to one version; correct the expected number", "kubectl get nodes -o wide"),
    "node.not-joined": _c(
        2, "fewer nodes than expected are in the cluster",
        "look at the missing machine's bootstrap log", "kubectl get nodes -o wide"),
    "vm.powered-off": _c(
        2, "a node's virtual machine is powered off or suspended", "power it on, and find out who did that", otherwise=MACHINES, **VM),
    # ---- 3: admission
    "webhook.no-endpoints": _c(3, "an admission webhook has nobody behind it", "look at the webhook's pods", _HOOKS),
    "webhook.timeout": _c(
        3, "an admission webhook does not answer in time",
        "look at the way from the control plane to the webhook's pods, and its firewall", _HOOKS),
    "webhook.ca-mismatch": _c(
        3, "an admission webhook's certificate is not trusted",
        "renew its caBundle (cainjector, if cert-manager does that)", _HOOKS),
    "admission.denied": _c(
        3, "a policy refuses the object", "change the object or the policy",
        "kubectl get validatingadmissionpolicies,validatingwebhookconfigurations"),
    "admission.changed": _c(
        3, "a policy makes another object than the one that was asked for",
        "name what the policy makes of it, or leave our namespace out of the policy",
        "kubectl get mutatingadmissionpolicies,mutatingwebhookconfigurations"),
    "policy.not-enforced": _c(
        3, "what a policy should refuse is allowed", "turn enforcement on",
        "kubectl get validatingadmissionpolicybindings,validatingwebhookconfigurations"),
    "quota.exceeded": _c(
        3, "a quota or limit of the namespace refuses the object", "raise it, or clean up",
        "kubectl get resourcequota,limitrange -A", resourcequota=GENERIC["resourcequota"]),
    "rbac.missing": _c(
        3, "a component of the cluster lacks a right", "bind the role",
        "kubectl get clusterrolebinding -o wide"),
    # ---- 4: scheduling
    "sched.insufficient": _c(
        4, "no node, or not the one that the pod is for, has room for it", "add capacity, or lower requests",
        "kubectl describe nodes", node=GENERIC["node"]),
    "sched.constraint": _c(
        4, "cordons, taints, affinity or selectors keep the pod off",
        "correct labels and tolerations, or uncordon",
        "kubectl get nodes -o custom-columns=NAME:.metadata.name,CORDONED:.spec.unschedulable,TAINTS:.spec.taints[*].key",
        node=GENERIC["node"]),
    "storage.zone-conflict": _c(
        4, "the volume is where its pod may not run",
        "use volumeBindingMode WaitForFirstConsumer", "kubectl get persistentvolume -o wide"),
    "drain.pdb-blocked": _c(
        4, "a disruption budget allows no eviction", "more replicas, or another budget",
        "kubectl get poddisruptionbudget -A"),
    # ---- 5: images
    "image.not-found": _c(
        5, "the registry does not have the image (or not for this architecture)",
        "correct the name or tag, or push the image", _ANY_PULL, image=_PULL),
    "image.auth": _c(5, "the registry refuses our credentials", "correct the pull secret or the node's rights", _ANY_PULL,
                     image=_PULL),
    "image.throttled": _c(
        5, "the registry limits how often we may pull", "use a mirror, or log in", _ANY_PULL, image=_PULL),
    "image.kubelet-qps": _c(
        5, "the kubelet limits how often it pulls", "raise registryPullQPS",
        "kubectl get --raw /api/v1/nodes/NODE/proxy/configz", image="kubectl get --raw /api/v1/nodes/{name}/proxy/configz"),
    "image.registry-unreachable": _c(
        5, "the registry cannot be reached, is not trusted, or something else answers in its place",
        "look at egress, name resolution, proxies and certificates on the node", _ANY_PULL, image=_PULL),
    "image.corrupt": _c(
        5, "what the registry sends for an image is not what its digest says",
        "look at the registry's storage, and at mirrors, proxies and caches before it; then pull again", _ANY_PULL, image=_PULL),
    "image.slow": _c(5, "images come slowly", "look at the network and the registry", _ANY_PULL, image=_PULL),
    # ---- 6: pods and storage
    "pod.config-missing": _c(
        6, "a ConfigMap, Secret or key that the pod names does not exist", "create it", otherwise=IDLE_PODS),
    "pod.crash": _c(
        6, "a container ends with an error", "read its last log lines", otherwise=IDLE_PODS,
        pod="kubectl -n {namespace} logs {name} --previous"),
    "pod.oom": _c(
        6, "a container used more memory than it may", "raise its limit, or find the leak", otherwise="kubectl top pods -A"),
    "pod.probe-failing": _c(6, "a container runs but does not become ready", "look at its probe and its log", otherwise=IDLE_PODS),
    "storage.no-default-class": _c(
        6, "no StorageClass is the default, or before Kubernetes 1.26 more than one",
        "annotate one with storageclass.kubernetes.io/is-default-class=true, or name one for the check",
        "kubectl get storageclass"),
    "storage.driver-missing": _c(
        6, "nobody provisions or mounts volumes of this class",
        "look at the pods of the provisioner or CSI driver", _CLASSES, deployment=GENERIC["deployment"]),
    "storage.provision-failed": _c(6, "the provisioner cannot make the volume", "read its words",
                                   _CLAIMS, persistentvolumeclaim=GENERIC["persistentvolumeclaim"]),
    "storage.attach-stuck": _c(
        6, "the volume cannot be attached to the node",
        "detach it from the dead node, or use a node with room for it", "kubectl get volumeattachment"),
    "storage.mount-failed": _c(
        6, "the volume cannot be mounted or written", "read the driver's log on the node",
        _CLASSES, node=ON_NODE),
    "storage.data-corrupt": _c(
        6, "what was read is not what was written",
        "stop using the volume, restore from a backup", "kubectl get persistentvolume"),
    "vm.disk-uuid": _c(
        6, "a machine hides the UUIDs of its disks, so vSphere CSI finds no volume on it",
        "set disk.EnableUUID to TRUE while the machine is off", otherwise=MACHINES, vm="govc vm.info -e {ref}",
        vmid="vim-cmd vmsvc/get.config {ref}"),
}
