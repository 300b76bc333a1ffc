# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The causes: stable codes with layer, meaning, remedy and the command that looks further, and what follows from what.

Layers from the bottom up: 0 the test itself, 1 API and etcd, 2 nodes, 3 admission, 4 scheduling, 5 images,
6 pods and storage, 7 network, 8 cloud, 9 what stands on all of it.
"""
from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """layer is None where nothing is known.

    command looks further when nothing more special is known; on: templates by the kind of the object in question, over
    {name}, {namespace} and {ref} (all that follows the kind).
    """

    layer: int | None
    meaning: str
    remedy: str
    command: str
    on: dict[str, str]


def _c(layer: int | None, meaning: str, remedy: str, command: str = "", **on: str) -> Cause:
    return Cause(layer, meaning, remedy, command, on)


EVENTS = "kubectl get events -A --sort-by=.lastTimestamp"
# What is looked at first, by kind of object, where a cause has no better idea.
GENERIC = {
    "node": "kubectl describe node {name}", "pod": "kubectl -n {namespace} describe pod {name}",
    "service": "kubectl -n {namespace} describe service {name}",
    "deployment": "kubectl -n {namespace} describe deployment {name}",
    "daemonset": "kubectl -n {namespace} describe daemonset {name}",
    "persistentvolumeclaim": "kubectl -n {namespace} describe persistentvolumeclaim {name}",
    "persistentvolume": "kubectl describe persistentvolume {name}",
    "storageclass": "kubectl get storageclass {name} -o yaml",
    "configmap": "kubectl -n {namespace} get configmap {name} -o yaml",
    "namespace": "kubectl get namespace {name} -o yaml", "apiservice": "kubectl describe apiservice {name}",
    "resourcequota": "kubectl -n {namespace} describe resourcequota {name}",
}
# What stands before Services, and what it names.
_EDGE = {
    "ingressclass": "kubectl get ingressclass {name} -o yaml", "gatewayclass": "kubectl describe gatewayclass {name}",
    "gateway": "kubectl -n {namespace} describe gateway {name}", "httproute": "kubectl -n {namespace} describe httproute {name}",
    "secret": "kubectl -n {namespace} describe secret {name}", "ingress": "kubectl -n {namespace} describe ingress {name}",
}
_READY = "kubectl get --raw '/readyz?verbose'"
_HOOKS = "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"
_DNS_PODS = "kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide"
_DNS_LOGS = "kubectl -n kube-system logs -l k8s-app=kube-dns --tail=50"
_ON_NODE = "kubectl get pods -A -o wide --field-selector spec.nodeName={name}"
_EDNS = "kubectl get pods -A -l app.kubernetes.io/name=external-dns -o wide"
_LOG_OF = "kubectl -n {namespace} logs deployment/{name} --tail=50"
_PULL = "ssh {name} crictl pull {ref}"
_CLASSES = "kubectl get storageclass,csidriver,csinode"
_BALANCED = "kubectl get services -A --field-selector spec.type=LoadBalancer"
_METALLB = {"ipaddresspool": "kubectl get ipaddresspools.metallb.io -A -o yaml",
            "l2advertisement": "kubectl get l2advertisements.metallb.io -A -o yaml"}
_PROVISION = "kubectl get events -A --field-selector reason=ProvisioningFailed"
_TLS_SECRETS = "kubectl get secrets -A --field-selector type=kubernetes.io/tls"
_SERVED = "openssl s_client -connect {ref} -showcerts </dev/null"
# What shows a certificate, by what it is of.
_SHOWN = {"endpoint": _SERVED, "apiserver": _SERVED, "node": "openssl s_client -connect {name}:10250 -showcerts </dev/null",
          "secret": "kubectl -n {namespace} get secret {name} -o jsonpath='{{.data.tls\\.crt}}' | base64 -d"
                    " | openssl x509 -noout -text",
          "ingress": "kubectl -n {namespace} describe ingress {name}", "kubeconfig": "kubectl auth whoami",
          "customresourcedefinition": "kubectl get customresourcedefinition {name} -o jsonpath='{{.spec.conversion.webhook}}'",
          "validatingwebhookconfiguration": "kubectl get validatingwebhookconfiguration {name} -o yaml",
          "mutatingwebhookconfiguration": "kubectl get mutatingwebhookconfiguration {name} -o yaml"}
# Kinds of machines: by name on vSphere, by Vmid in the shell of an ESXi host, by id on AWS.
_VM = {"vm": "govc vm.info -r {ref}", "vmid": "vim-cmd vmsvc/get.summary {ref}",
       "instance": "aws ec2 describe-instances --instance-ids {ref}"}
_SNAPSHOTS = {"vm": "govc snapshot.tree -vm {ref} -D -s", "vmid": "vim-cmd vmsvc/snapshot.get {ref}"}

CAUSES: dict[str, Cause] = {
    # ---- 0: the test itself
    "harness.precondition": _c(
        0, "something that the check needs, or that its options name, is not there",
        "install it, correct the option, or leave the check out"),
    "harness.forbidden": _c(
        0, "our own user may not do what the check needs",
        "grant the verb on the resource; the playbook assay.clusters.rbac writes the roles",
        "kubectl auth can-i --list", permission="kubectl auth can-i {ref}"),
    "harness.interrupted": _c(
        0, "objects of a run that died are in the way", "run assay.clusters.sweep",
        "kubectl get namespace -l app.kubernetes.io/managed-by=assay.clusters"),
    "stage.failed": _c(
        0, "a stage of the pipeline failed, which is in brackets", "read its message; the pipeline goes on there with "
        "pipeline_start_at"),
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
        "look at the Service and the pods behind the APIService"),
    "ctrl.not-progressing": _c(
        1, "a controller does not act", "look at the named controller's log and Lease",
        "kubectl -n kube-system get lease"),
    # ---- 2: nodes
    "node.unreachable": _c(
        2, "the node's kubelet does not report any more",
        "look at the machine, its kubelet and its network"),
    "node.clock": _c(
        2, "the node's clock is off", "look at chrony and at the hypervisor's time",
        node="ssh {name} chronyc tracking"),
    "node.runtime-down": _c(
        2, "the kubelet cannot use the container runtime", "look at containerd on the node",
        node="ssh {name} systemctl status containerd"),
    "node.kernel-fault": _c(2, "the node reports a fault of its kernel or disks", "replace the node"),
    "node.pressure": _c(2, "the node is short of disk, memory or process ids", "free it, or enlarge it"),
    "node.cni-not-ready": _c(
        2, "the node has no working CNI plugin", "look at the CNI pod of that node",
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
        2, "a node's virtual machine is powered off or suspended", "power it on, and find out who did that", **_VM),
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
    "policy.not-enforced": _c(3, "what a policy should refuse is allowed", "turn enforcement on"),
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
        "correct the name or tag, or push the image", _PULL),
    "image.auth": _c(5, "the registry refuses our credentials", "correct the pull secret or the node's rights", _PULL),
    "image.throttled": _c(5, "the registry limits how often we may pull", "use a mirror, or log in", _PULL),
    "image.kubelet-qps": _c(
        5, "the kubelet limits how often it pulls", "raise registryPullQPS",
        "kubectl get --raw /api/v1/nodes/{name}/proxy/configz"),
    "image.registry-unreachable": _c(
        5, "the registry cannot be reached, is not trusted, or something else answers in its place",
        "look at egress, name resolution, proxies and certificates on the node", _PULL),
    "image.corrupt": _c(
        5, "what the registry sends for an image is not what its digest says",
        "look at the registry's storage, and at mirrors, proxies and caches before it; then pull again", _PULL),
    "image.slow": _c(5, "images come slowly", "look at the network and the registry", _PULL),
    # ---- 6: pods and storage
    "pod.config-missing": _c(6, "a ConfigMap, Secret or key that the pod names does not exist", "create it"),
    "pod.crash": _c(
        6, "a container ends with an error", "read its last log lines",
        pod="kubectl -n {namespace} logs {name} --previous"),
    "pod.oom": _c(6, "a container used more memory than it may", "raise its limit, or find the leak"),
    "pod.probe-failing": _c(6, "a container runs but does not become ready", "look at its probe and its log"),
    "storage.no-default-class": _c(
        6, "no StorageClass is the default, or before Kubernetes 1.26 more than one",
        "annotate one with storageclass.kubernetes.io/is-default-class=true, or name one for the check",
        "kubectl get storageclass"),
    "storage.driver-missing": _c(
        6, "nobody provisions or mounts volumes of this class",
        "look at the pods of the provisioner or CSI driver", _CLASSES, deployment=GENERIC["deployment"]),
    "storage.provision-failed": _c(6, "the provisioner cannot make the volume", "read its words", _PROVISION),
    "storage.attach-stuck": _c(
        6, "the volume cannot be attached to the node",
        "detach it from the dead node, or use a node with room for it", "kubectl get volumeattachment"),
    "storage.mount-failed": _c(
        6, "the volume cannot be mounted or written", "read the driver's log on the node",
        _CLASSES, node=_ON_NODE),
    "storage.data-corrupt": _c(
        6, "what was read is not what was written",
        "stop using the volume, restore from a backup", "kubectl get persistentvolume"),
    "vm.disk-uuid": _c(
        6, "a machine hides the UUIDs of its disks, so vSphere CSI finds no volume on it",
        "set disk.EnableUUID to TRUE while the machine is off", vm="govc vm.info -e {ref}",
        vmid="vim-cmd vmsvc/get.config {ref}"),
    # ---- 7: network
    "net.node-isolated": _c(
        7, "pods of one node cannot reach those of others, or not be reached",
        "look at routes, firewall and CNI agent of that node", node=_ON_NODE),
    "net.pair-cut": _c(
        7, "pods of two nodes do not reach each other, while both reach others",
        "look at what these two nodes know of each other: the route to the other's pods, its tunnel endpoint, firewall entries",
        "kubectl get nodes -o wide", node="ssh {name} ip route"),
    "net.lossy": _c(
        7, "packets between nodes are lost now and then, and others pass",
        "look at errors and drops of the nodes' network interfaces, at links without room, and at full tables of connections",
        "kubectl get nodes -o wide", node="ssh {name} ip -s link"),
    "net.family-down": _c(
        7, "pods reach each other by their addresses of one family, IPv4 or IPv6, and not by the other",
        "look at the CNI's pod ranges of that family, at routes and forwarding on the nodes, and at firewalls for it",
        "kubectl get nodes -o wide", node="ssh {name} ip -6 route"),
    "net.port-filtered": _c(
        7, "one port and protocol is lost on the way, while other traffic between the same nodes passes",
        "look for a firewall, security group or NetworkPolicy that names that port and protocol",
        "kubectl get networkpolicy -A"),
    "net.overlay-down": _c(
        7, "pods reach each other on one node, but not across nodes",
        "look at the CNI's tunnel or routing ports between nodes: UDP 8472, 4789 or 6081, IP protocol 4, TCP 179",
        "kubectl get nodes -o wide"),
    "net.mtu": _c(
        7, "small packets pass between nodes, large ones do not",
        "align the MTU of the CNI with that of the network", "kubectl get nodes -o wide",
        node="ssh {name} ip link show"),
    "net.firewall-external": _c(
        7, "nodes and pods serve, and what comes from outside does not get to the load balancer's address",
        "look at the Service's source ranges, and at firewalls and security groups between its clients and the load balancer",
        _BALANCED, service=_BALANCED),
    "netpol.overblocking": _c(
        7, "a NetworkPolicy blocks what should pass", "look at the policies of the namespace",
        "kubectl get networkpolicy -A"),
    "svc.no-endpoints": _c(
        7, "a Service has no ready pod behind it",
        "compare its selector and port with the labels and ports of the pods"),
    "svc.dataplane": _c(
        7, "pods answer on their own address, but not behind the Service's",
        "look at kube-proxy (or the CNI in its place) on the node",
        "kubectl -n kube-system get pods -o wide", node=_ON_NODE),
    "dns.server-down": _c(7, "cluster DNS has no working server", "look at the CoreDNS pods", _DNS_PODS, node=_ON_NODE),
    "dns.upstream": _c(
        7, "only names outside the cluster fail",
        "look at the forwarders of CoreDNS and the way to them", _DNS_LOGS),
    "dns.config": _c(
        7, "DNS servers answer, but wrongly, or refuse their configuration; or pods are given wrong settings",
        "look at the Corefile", "kubectl -n kube-system get configmap coredns -o yaml", configmap=GENERIC["configmap"],
        service=GENERIC["service"], node="kubectl get --raw /api/v1/nodes/{name}/proxy/configz"),
    "dns.stale": _c(
        7, "DNS servers know what is old, and miss what is new in the cluster",
        "look at the way of CoreDNS to the API server, or restart it", _DNS_LOGS),
    "dns.delegation": _c(
        7, "the zone is not delegated to the servers that hold it",
        "correct the NS records at the parent, or let the named server hold the zone", "dig +trace NS ZONE",
        nameserver="dig +norecurse @{name} SOA ZONE", zone="dig +trace NS {name}"),
    "dns.authority-down": _c(
        7, "a name server of a zone does not answer", "look at the server, and at the way to its port 53 by UDP and TCP",
        "dig +norecurse SOA ZONE", nameserver="dig +norecurse @{name} SOA ZONE"),
    "dns.zone-stale": _c(
        7, "a name server of a zone does not follow another that has the change",
        "look at its log of zone transfers: the key, who may take the zone, whether it is notified, its serial number",
        "dig +norecurse SOA ZONE", nameserver="dig +norecurse @{name} SOA ZONE"),
    "dns.resolver-behind": _c(
        7, "a recursive name server does not know what the name servers of the zone have",
        "look at what it forwards where, at what it keeps, and at a zone of the same name that it holds itself",
        "kubectl -n kube-system get configmap coredns -o yaml"),
    # ---- 8: cloud
    "cloud.permission": _c(
        8, "the cloud refuses a controller's request", "extend its role by the action that is named; look at which identity its pods "
        "have", "kubectl get serviceaccounts -A -o yaml | grep -E 'role-arn|azure.workload.identity|gcp-service-account'"),
    "cloud.quota": _c(
        8, "a quota of the cloud is used up", "raise it, or free what nobody needs; look at what the quota counts",
        "aws service-quotas list-service-quotas --service-code SERVICE --output table"),
    "cloud.config": _c(
        8, "the cloud lacks a subnet, tag, zone or group that is needed",
        "look at the tags of subnets and security groups (kubernetes.io/role/elb, kubernetes.io/cluster/NAME) and at their zones",
        "kubectl get nodes -o custom-columns=NAME:.metadata.name,ID:.spec.providerID,ZONE:.metadata.labels"),
    "id.trust-mismatch": _c(8, "the cloud does not trust the pod's identity", "correct the trust policy or the issuer"),
    "cloud.throttled": _c(
        8, "the cloud turns requests away because there are too many",
        "find who asks so often, in the cloud's own log of requests; let controllers ask less", _BALANCED, service=_BALANCED),
    "lb.controller-missing": _c(
        8, "nobody makes a load balancer for the Service, or none of its class",
        "look at the pods of the load balancer's controller, and at the class that the Service and the controller name", _BALANCED,
        deployment=GENERIC["deployment"], daemonset=GENERIC["daemonset"],
        loadbalancerclass="kubectl get services -A -o custom-columns=NAME:.metadata.name,CLASS:.spec.loadBalancerClass,"
                          "ADDRESS:.status.loadBalancer.ingress"),
    "lb.pool-exhausted": _c(
        8, "no address is left, or none is there, in the pool that load balancers get theirs from",
        "enlarge the pool, or free addresses of Services that nobody needs", _BALANCED, **_METALLB),
    "lb.not-announced": _c(
        8, "an address was given and no node announces it to the network",
        "look at the pods that announce it (MetalLB's speaker), at L2Advertisements or BGPAdvertisements and their selectors, and "
        "at the interfaces they name", "kubectl get l2advertisements.metallb.io,bgpadvertisements.metallb.io -A", **_METALLB,
        daemonset=GENERIC["daemonset"]),
    "lb.contended": _c(
        8, "two controllers write the status of one load balancer",
        "give each a class of its own, or let only one of them serve Services without a class", _BALANCED),
    "lb.not-provisioned": _c(
        8, "no load balancer was made for the Service", "read its controller's words", _BALANCED, service=_BALANCED),
    "lb.targets-unhealthy": _c(
        8, "nodes do not say at the health port that they have a pod, so that a load balancer sends them nothing",
        "open the Service's health port on the nodes to it, and look at kube-proxy there", _BALANCED, service=_BALANCED,
        node="ssh {name} ss -ltn"),
    "lb.dns-lag": _c(
        8, "the load balancer's name does not resolve yet", "wait, and ask the zone's own servers; a resolver may remember that the"
        " name was not there", "dig +trace NAME", name="dig +trace {ref}"),
    # ---- 9: what stands on all of it
    "feature.absent": _c(
        9, "the inventory says that the cluster has a feature, and there is nothing of it",
        "install the add-on, or name a class of it that the check knows; else take the check out of validate_expected_features",
        "kubectl get crd,ingressclass,storageclass -o name"),
    "ingress.controller-down": _c(
        9, "the controller of Ingresses or Gateways has no pod that works", "look at its Deployment, its pods and what they say last",
        "kubectl get ingressclass,gatewayclass", deployment="kubectl -n {namespace} describe deployment {name}",
        daemonset="kubectl -n {namespace} describe daemonset {name}"),
    "ingress.no-address": _c(
        9, "an Ingress has got no address", "look at the Service before its controller, and at where that takes the address from",
        "kubectl get ingress -A", service="kubectl -n {namespace} describe service {name}"),
    "ingress.contended": _c(
        9, "two controllers serve one IngressClass, each with its own address",
        "give each a class of its own, with another controller name in spec.controller", "kubectl get ingressclass -o yaml",
        ingressclass="kubectl get ingressclass {name} -o yaml"),
    "ingress.class-mismatch": _c(
        9, "no ingress controller took the Ingress, or it leads our host to somebody else",
        "compare the class of the Ingress with the one that the controller serves (spec.controller, its flags for class and"
        " namespaces), and look for other Ingresses with that host", "kubectl get ingress -A -o wide", **_EDGE),
    "ingress.backend-error": _c(
        9, "the ingress controller cannot use a healthy backend",
        "compare port and protocol of the backend with what the controller is told (annotations for TLS to it); look at NetworkPolicies"
        " that keep the controller from the pods", "kubectl get ingress,networkpolicy -A", **_EDGE),
    "ingress.tls-secret": _c(
        9, "another certificate than the one of the Ingress is served",
        "look at the Secret that the Ingress names, whether the controller may read it, and whether another Ingress has that host",
        "kubectl get ingress -A -o custom-columns=NAME:.metadata.name,HOSTS:.spec.tls[*].hosts,SECRET:.spec.tls[*].secretName",
        **_EDGE),
    "gw.not-programmed": _c(
        9, "a Gateway or route is not accepted or programmed", "read the reason of the condition, and correct what it names",
        "kubectl get gateway,httproute -A", **_EDGE),
    "edns.not-running": _c(
        9, "no pod of external-dns works", "look at its Deployment: replicas, events, the last lines of its log", _EDNS,
        deployment="kubectl -n {namespace} describe deployment {name}"),
    "edns.provider-denied": _c(
        9, "the provider of names refuses what external-dns writes",
        "look at its key or credentials, and at what the provider lets them change", _EDNS, deployment=_LOG_OF),
    "edns.provider-unreachable": _c(
        9, "external-dns does not reach the provider of names", "look at the address in its arguments, and at egress from its pod", _EDNS,
        deployment=_LOG_OF),
    "edns.zone-mismatch": _c(
        9, "external-dns has no zone for the names that it should keep", "compare its arguments for zones and domains with the zones of the"
        " provider", _EDNS, deployment="kubectl -n {namespace} get deployment {name} -o yaml"),
    "edns.not-watching": _c(
        9, "external-dns does not look at the objects", "compare its sources, filters, namespace and annotation prefix with the object",
        _EDNS, deployment="kubectl -n {namespace} get deployment {name} -o yaml"),
    "edns.owner-conflict": _c(
        9, "the record belongs to another external-dns", "give each cluster an owner id of its own (--txt-owner-id), and each name one"
        " owner", _EDNS, deployment="kubectl -n {namespace} get deployment {name} -o yaml"),
    "edns.not-syncing": _c(
        9, "external-dns does not write, or remove, the records", "read its log and metrics", _EDNS, deployment=_LOG_OF),
    "cert.issue-failed": _c(9, "a certificate is not issued", "read the reason of Issuer, Order and Challenge"),
    "cert.expiring": _c(
        9, "a certificate has ended or ends soon, or its successor is not in use",
        "renew it; where something renews it by itself, look at why that did not (its log, its request, its issuer)",
        _TLS_SECRETS, **_SHOWN),
    "cert.not-yet-valid": _c(
        9, "the time of a certificate has not begun, by the API server's clock and by the controller's",
        "look at the clock of who signed it, and let it sign anew", _TLS_SECRETS, **_SHOWN),
    "cert.untrusted": _c(
        9, "the chain that is served does not lead to the CA that its clients trust",
        "serve the intermediates along with it, or give clients the CA that signed it",
        _TLS_SECRETS, **_SHOWN),
    "cert.san-mismatch": _c(
        9, "the certificate that is served is not for the name by which it is asked",
        "have one issued with that name among its subject alternative names, or look at which one the server picks for it",
        "kubectl get ingress -A", **_SHOWN),
    "cert.not-reloaded": _c(
        9, "an older certificate is served than the one that is stored",
        "restart or reload who serves it, and let it watch the Secret", "kubectl get pods -A -o wide", **_SHOWN),
    "license.expiring": _c(
        9, "a licence has ended or ends soon", "renew it, and upload the new one where the old one is read",
        "curl -sS https://GITLAB/api/v4/license -H 'PRIVATE-TOKEN: TOKEN'"),
    "hpa.no-metrics": _c(9, "the autoscaler gets no metrics", "look at the metrics API"),
    "cas.blocked": _c(9, "the cluster autoscaler does not act", "read its events and status"),
    "prom.not-scraped": _c(
        9, "Prometheus does not scrape the target", "compare selectors; read the target's error",
        "kubectl get prometheuses,servicemonitors,podmonitors -A --show-labels",
        prometheus="kubectl -n {namespace} get prometheus {name} -o yaml",
        prometheusagent="kubectl -n {namespace} get prometheusagent {name} -o yaml",
        servicemonitor="kubectl -n {namespace} get servicemonitor {name} -o yaml",
        podmonitor="kubectl -n {namespace} get podmonitor {name} -o yaml"),
    "alert.undelivered": _c(9, "an alert does not reach its receiver", "look at Alertmanager and the receiver"),
    "log.lost": _c(9, "log lines do not arrive", "look at the agent of the node and at the backend"),
    "audit.missing": _c(9, "requests are not in the audit log", "look at audit policy and sink"),
    "enc.off": _c(9, "secrets lie unencrypted in etcd", "turn encryption on, and write them anew"),
    "api.deprecated-use": _c(9, "somebody uses an API that goes away", "migrate that client"),
    "ns.stuck": _c(9, "a namespace does not end", "look at what remains in it, and whose finalizer that is"),
    "platform.degraded": _c(9, "an operator of the platform reports trouble", "look at that operator"),
    "vm.tools-down": _c(
        9, "the guest tools of a virtual machine do not run",
        "start open-vm-tools (or VMware Tools) in the guest; nothing can shut it down in order without them",
        **_VM, node="ssh {name} systemctl status open-vm-tools"),
    "vm.consolidation": _c(
        9, "the platform asks for a consolidation of a machine's disks",
        "consolidate its disks (Snapshots, Consolidate) while the datastore has room for it", **_VM),
    "vm.snapshot-old": _c(
        9, "a machine runs on snapshots that are too old or too many: they grow, and slow its disks down",
        "remove them, or run assay.clusters.vm_snapshot_prune", **_SNAPSHOTS),
    "vm.datastore-low": _c(
        9, "a datastore is nearly full: machines on it stop when it is",
        "remove snapshots, move machines away, or enlarge it", datastore="govc datastore.info {ref}",
        local="esxcli storage filesystem list"),
    "vm.anti-affinity": _c(
        9, "machines of the control plane share a host: its failure takes the quorum",
        "move them apart, and add a rule of DRS that keeps them apart", **_VM),
    "vm.not-found": _c(
        9, "a node's machine was not found: it is missing, or not visible to this user of the platform",
        "compare the node's providerID and systemUUID with the machine's; give the user the right to see it",
        "kubectl get nodes -o custom-columns=NAME:.metadata.name,ID:.spec.providerID,UUID:.status.nodeInfo.systemUUID"),
    "vm.platform-unavailable": _c(
        9, "the platform of the machines does not answer, or refuses us",
        "look at its address, its certificate and the credentials in the options", "govc about"),
    "audit.off": _c(
        9, "the API servers write no audit events",
        "give kube-apiserver --audit-policy-file, and --audit-log-path or --audit-webhook-config-file; at a provider, turn audit"
        " logs on", "kubectl -n kube-system get pods -l component=kube-apiserver -o yaml | grep -e --audit-"),
    "audit.partial": _c(
        9, "an API server writes no audit events, while others do",
        "compare its audit flags, its policy file and its file system with those of the others",
        "kubectl get --raw /metrics | grep apiserver_audit_",
        address="kubectl --server https://{ref} get --raw /metrics | grep apiserver_audit_"),
    "audit.policy": _c(
        9, "the audit policy leaves out requests that must be in the log",
        "look for the first rule of the policy that fits them, and for its level None; or take them out of"
        " control_plane_check_audit_expect", "kubectl get --raw /metrics | grep apiserver_audit_level_total",
        address="kubectl --server https://{ref} get --raw /metrics | grep apiserver_audit_level_total"),
    "audit.backend-failed": _c(
        9, "an API server cannot write its audit events to where they belong",
        "look at the disk below --audit-log-path, or at the webhook, and at the API server's log for 'Error in audit plugin'",
        "kubectl get --raw /metrics | grep apiserver_audit_error_total",
        address="kubectl --server https://{ref} get --raw /metrics | grep apiserver_audit_error_total"),
    "audit.sink-behind": _c(
        9, "audit events are written and do not get to the store in time",
        "look at what ships them: its position in the files, its errors, its queue; then at the store's limits",
        "kubectl get pods -A -o wide | grep -iE 'fluent|vector|promtail|alloy|filebeat|logging'"),
    "audit.sink-unavailable": _c(
        9, "the store of audit events does not answer the query",
        "ask it by hand as control_plane_check_audit_query_url says; look at its health and the way to it",
        "ansible-inventory --host NAME | grep control_plane_check_audit_"),
    "leak.cleanup-stuck": _c(
        9, "an object of ours does not go away", "look at the controller that holds it",
        "kubectl get namespace,persistentvolume -l app.kubernetes.io/managed-by=assay.clusters"),
    "leak.provider": _c(
        9, "something of the cluster is left at its provider; what holds it is in brackets, where that is known",
        "look at the evidence: who owns it and what holds it; then delete it there"),
    # ---- nothing known
    "unknown.timeout": _c(None, "it did not happen in time, and nothing says why", "look at the unmet step and the evidence"),
    "unknown.unexplained": _c(None, "it failed, and no rule explains it", "look at the unmet step and the evidence"),
}

# No check can do its work without these.
GLOBAL = {"api.unreachable", "api.tls", "api.unauthenticated", "etcd.unhealthy", "etcd.space", "api.overloaded"}

# Known consequences, whatever the layers: (cause, what follows, words that must be in the consequence's evidence).
_UP = ("sched.*", "pod.*", "image.*")
# Of cluster DNS; not dns.config, as nothing below spoils a Corefile: pods that crash by it are the other way round.
_DNS = ("dns.server-down", "dns.upstream", "dns.stale")
# Of the way to a volume; neither which class is the default, nor what lies on the volume.
_STORAGE = ("storage.zone-conflict", "storage.driver-missing", "storage.provision-failed", "storage.attach-stuck",
            "storage.mount-failed")
# A node that works no more. How many there are, of which version, and by whose certificate, stops no pod.
_ILL_NODE = ("node.unreachable", "node.runtime-down", "node.kernel-fault", "node.pressure", "node.cni-not-ready")
# What goes wrong on the way through an ingress controller that works; that it is down is no consequence of what stands around it.
_ROUTES = ("ingress.class-mismatch", "ingress.backend-error", "ingress.tls-secret")
EDGES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("etcd.*", ("api.check-failed", "api.overloaded"), ""), ("etcd.*", ("api.unreachable",), "in time"),
    ("node.clock", ("api.tls", "webhook.ca-mismatch", "id.*", "cert.issue-failed", "cert.expiring", "cert.not-yet-valid"), ""),
    ("node.not-joined", ("sched.*",), ""),
    *((n, ("sched.*", "pod.*", *_STORAGE, "net.*", "svc.*", *_DNS, "webhook.*"), "") for n in _ILL_NODE),
    ("cert.csr-pending", ("node.kubelet-cert",), ""),
    ("api.aggregated-down", ("hpa.no-metrics", "ns.stuck"), ""),
    ("webhook.*", ("ctrl.not-progressing",), ""),
    ("ctrl.not-progressing", ("svc.no-endpoints", "storage.provision-failed", "leak.cleanup-stuck"), ""),
    ("dns.*", ("image.registry-unreachable",), "no such host"),
    ("dns.*", ("edns.*", "cert.issue-failed"), ""), *((p, ("edns.not-running",), "") for p in _UP),
    ("rbac.missing", ("edns.*",), ""),
    ("svc.dataplane", (*_DNS, "webhook.timeout"), ""),
    ("netpol.overblocking", ("net.*", "svc.dataplane", *_DNS, "webhook.timeout", "ingress.backend-error"), ""),
    ("net.pair-cut", ("net.node-isolated",), ""),
    ("net.*", ("svc.dataplane", *_DNS, "webhook.timeout", "ingress.backend-error"), ""),
    ("cloud.*", ("lb.*", *_STORAGE, "cas.*", "edns.*"), ""),
    ("svc.no-endpoints", (*_DNS, *_ROUTES, "webhook.no-endpoints", "api.aggregated-down"), ""),
    *((p, ("svc.no-endpoints", *_DNS, "storage.driver-missing", "webhook.*", "api.aggregated-down"), "") for p in _UP),
    ("image.*", ("pod.*",), ""), ("rbac.missing", (*_DNS, "ctrl.not-progressing"), ""),
    ("dns.config", ("pod.crash", "pod.oom", "pod.probe-failing", "svc.no-endpoints", "dns.server-down"), ""),
    ("lb.*", (*_ROUTES, "ingress.no-address", "gw.*", "cert.issue-failed"), ""),
    ("ingress.controller-down", ("ingress.no-address", "ingress.class-mismatch", "ingress.tls-secret", "gw.*",
                                 "cert.issue-failed"), ""),
    ("edns.*", ("cert.issue-failed",), ""),
    ("vm.powered-off", ("node.unreachable", "vm.tools-down"), ""), ("node.unreachable", ("vm.tools-down",), ""),
    ("vm.disk-uuid", ("storage.attach-stuck", "storage.mount-failed"), ""),
    ("storage.driver-missing", ("storage.provision-failed", "leak.cleanup-stuck"), ""),
)


def layer(code: str) -> int:
    """The layer as a number to compare; the unknown is above all."""
    found = CAUSES[code].layer
    return 99 if found is None else found


def leads_to(cause: str, code: str, evidence: Sequence[str] = ()) -> bool:
    """Whether the code, with these lines of evidence, is a known consequence of the cause."""
    if cause == code:
        return False
    return any(fnmatch.fnmatch(cause, left) and any(fnmatch.fnmatch(code, r) for r in right)
               and (not words or any(words in line for line in evidence)) for left, right, words in EDGES)


def next_command(code: str, subject: str = "", node: str = "") -> str:
    """The command to go on with. subject: the object in question as "kind/name", "kind/namespace/name", "image/REF"."""
    cause = CAUSES[code]
    kind, _slash, ref = subject.partition("/")
    parts = ref.split("/")
    template = cause.on.get(kind) or cause.command or GENERIC.get(kind) or EVENTS
    name = parts[-1]
    if kind == "image":  # pulled again where it failed
        name = node or "NODE"
    return template.format(name=name, namespace=parts[0] if len(parts) > 1 else "default", ref=ref) \
        if ref or "{" not in template else EVENTS
