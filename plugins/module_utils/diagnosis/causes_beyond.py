# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes on the way to users: network, clouds, and what stands on all of it (layers 7 to 9)."""
from __future__ import annotations

from .cause import GENERIC, MACHINES, NODES, ON_NODE, VM, Cause
from .cause import cause as _c

# What stands before Services, and what it names.
_EDGE = {
    "ingressclass": "kubectl get ingressclass {name} -o yaml", "gatewayclass": "kubectl describe gatewayclass {name}",
    "gateway": "kubectl -n {namespace} describe gateway {name}", "httproute": "kubectl -n {namespace} describe httproute {name}",
    "secret": "kubectl -n {namespace} describe secret {name}", "ingress": "kubectl -n {namespace} describe ingress {name}",
}
_DNS_PODS = "kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide"
_DNS_LOGS = "kubectl -n kube-system logs -l k8s-app=kube-dns --tail=50"
_EDNS = "kubectl get pods -A -l app.kubernetes.io/name=external-dns -o wide"
_LOG_OF = "kubectl -n {namespace} logs deployment/{name} --tail=50"
_BALANCED = "kubectl get services -A --field-selector spec.type=LoadBalancer"
_METALLB = {"ipaddresspool": "kubectl get ipaddresspools.metallb.io -A -o yaml",
            "l2advertisement": "kubectl get l2advertisements.metallb.io -A -o yaml"}
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
_AUDITED = "kubectl get --raw /metrics | grep apiserver_audit_"
_SHIPPERS = "kubectl get pods -A -o wide | grep -iE 'fluent|vector|promtail|alloy|filebeat|logging'"
_SCALERS = "kubectl get pods -A -o wide | grep -iE 'karpenter|autoscaler'"
_SIZES = "kubectl get nodepools,nodeclaims -o wide || kubectl -n kube-system get configmap cluster-autoscaler-status -o yaml"
_GROUPS = {"nodepool": "kubectl describe nodepool {name}", "nodeclaim": "kubectl describe nodeclaim {name}"}
_SNAPSHOTS = {"vm": "govc snapshot.tree -vm {ref} -D -s", "vmid": "vim-cmd vmsvc/snapshot.get {ref}"}

CAUSES: dict[str, Cause] = {
    # ---- 7: network
    "net.node-isolated": _c(
        7, "pods of one node cannot reach those of others, or not be reached",
        "look at routes, firewall and CNI agent of that node", otherwise=NODES, node=ON_NODE),
    "net.addresses-exhausted": _c(
        7, "no address is left for a new pod, in the node's range or the subnet that pods get theirs from",
        "enlarge the range or subnet, or run fewer pods there", otherwise=NODES, node=ON_NODE),
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
        "compare its selector and port with the labels and ports of the pods", otherwise="kubectl get services,endpointslices -A -o wide"),
    "svc.dataplane": _c(
        7, "pods answer on their own address, but not behind the Service's",
        "look at kube-proxy (or the CNI in its place) on the node",
        "kubectl -n kube-system get pods -o wide", node=ON_NODE),
    "dns.server-down": _c(7, "cluster DNS has no working server", "look at the CoreDNS pods", _DNS_PODS, node=ON_NODE),
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
    "id.trust-mismatch": _c(8, "the cloud does not trust the pod's identity", "correct the trust policy or the issuer",
                            "kubectl get --raw /.well-known/openid-configuration"),
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
        "kubectl get gateway,httproute -A", **{"gateway": _EDGE["gateway"], **_EDGE}),
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
    "cert.issue-failed": _c(9, "a certificate is not issued", "read the reason of Issuer, Order and Challenge",
                            "kubectl get certificaterequests.cert-manager.io,orders.acme.cert-manager.io,challenges.acme.cert-manager.io -A"),
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
    "hpa.no-metrics": _c(9, "the autoscaler gets no metrics", "look at the metrics API", "kubectl get --raw /apis/metrics.k8s.io/v1beta1/nodes"),
    "cas.not-running": _c(
        9, "no pod of the autoscaler works", "look at its Deployment: replicas, events, the last lines of its log", _SCALERS,
        deployment="kubectl -n {namespace} describe deployment {name}", configmap="kubectl -n {namespace} get configmap {name} -o yaml"),
    "cas.max-reached": _c(
        9, "every group of nodes that could help is as large as it may get",
        "raise the limit of the NodePool, or the maximal size of the node group; look at what its nodes are used for", _SIZES, **_GROUPS),
    "cas.no-match": _c(
        9, "no group of nodes would have a node on which the pod fits",
        "compare what the pod asks for (labels, taints, zone, CPU and memory beside DaemonSets) with the groups of nodes", _SIZES, **_GROUPS),
    "cas.cloud-error": _c(
        9, "the cloud does not give the machine that the autoscaler asks for",
        "read the cloud's own words; look at quota, capacity of the zone, subnet and the autoscaler's rights", _SIZES, **_GROUPS),
    "cas.not-joining": _c(
        9, "a machine is started for a node, and never becomes one",
        "read the machine's console and the log of its first boot: bootstrap script, token or join right, security group, DNS of the API server",
        _SIZES, **_GROUPS),
    "cas.scaledown-blocked": _c(
        9, "a node that is needed no more does not go, as a pod holds it",
        "move the pod, or take the mark or the disruption budget from it; then look whether the node goes", otherwise=NODES, node=ON_NODE),
    "cas.blocked": _c(9, "the cluster autoscaler does not act", "read its log, its events and its status", _SCALERS, deployment=_LOG_OF),
    "prom.not-scraped": _c(
        9, "Prometheus does not scrape the target", "compare selectors; read the target's error",
        "kubectl get prometheuses,servicemonitors,podmonitors -A --show-labels",
        prometheus="kubectl -n {namespace} get prometheus {name} -o yaml",
        prometheusagent="kubectl -n {namespace} get prometheusagent {name} -o yaml",
        servicemonitor="kubectl -n {namespace} get servicemonitor {name} -o yaml",
        podmonitor="kubectl -n {namespace} get podmonitor {name} -o yaml"),
    "alert.undelivered": _c(9, "an alert does not reach its receiver", "look at Alertmanager and the receiver",
                            "kubectl get pods -A -l app.kubernetes.io/name=alertmanager -o wide"),
    "log.lost": _c(9, "log lines do not arrive", "look at the agent of the node and at the backend", _SHIPPERS),
    "audit.missing": _c(9, "requests are not in the audit log", "look at audit policy and sink", _AUDITED),
    "enc.off": _c(9, "secrets lie unencrypted in etcd", "turn encryption on, and write them anew",
                  "kubectl -n kube-system get pods -l component=kube-apiserver -o yaml | grep -e --encryption-provider-config"),
    "api.deprecated-use": _c(9, "somebody uses an API that goes away", "migrate that client",
                             "kubectl get --raw /metrics | grep apiserver_requested_deprecated_apis"),
    "ns.stuck": _c(9, "a namespace does not end", "look at what remains in it, and whose finalizer that is",
                   otherwise="kubectl get namespaces | grep Terminating"),
    "platform.degraded": _c(9, "an operator of the platform reports trouble", "look at that operator", "kubectl get clusteroperators"),
    "vm.tools-down": _c(
        9, "the guest tools of a virtual machine do not run",
        "start open-vm-tools (or VMware Tools) in the guest; nothing can shut it down in order without them",
        otherwise=MACHINES, **VM, node="ssh {name} systemctl status open-vm-tools"),
    "vm.consolidation": _c(
        9, "the platform asks for a consolidation of a machine's disks",
        "consolidate its disks (Snapshots, Consolidate) while the datastore has room for it", otherwise=MACHINES, **VM),
    "vm.snapshot-old": _c(
        9, "a machine runs on snapshots that are too old or too many: they grow, and slow its disks down",
        "remove them, or run assay.clusters.vm_snapshot_prune", otherwise=MACHINES, **_SNAPSHOTS),
    "vm.datastore-low": _c(
        9, "a datastore is nearly full: machines on it stop when it is",
        "remove snapshots, move machines away, or enlarge it", otherwise=MACHINES, datastore="govc datastore.info {ref}",
        local="esxcli storage filesystem list"),
    "vm.anti-affinity": _c(
        9, "machines of the control plane share a host: its failure takes the quorum",
        "move them apart, and add a rule of DRS that keeps them apart", otherwise=MACHINES, **VM),
    "vm.not-found": _c(
        9, "a node's machine was not found: it is missing, or not visible to this user of the platform",
        "compare the node's providerID and systemUUID with the machine's; give the user the right to see it",
        MACHINES),
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
        _AUDITED,
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
        _SHIPPERS),
    "audit.sink-unavailable": _c(
        9, "the store of audit events does not answer the query",
        "ask it by hand as control_plane_check_audit_query_url says; look at its health and the way to it",
        "ansible-inventory --host NAME | grep control_plane_check_audit_"),
    "leak.cleanup-stuck": _c(
        9, "an object of ours does not go away", "look at the controller that holds it",
        "kubectl get namespace,persistentvolume -l app.kubernetes.io/managed-by=assay.clusters"),
    "leak.provider": _c(
        9, "something of the cluster is left at its provider; what holds it is in brackets, where that is known",
        "look at the evidence: who owns it and what holds it; then delete it there",
        "aws resourcegroupstaggingapi get-resources --tag-filters Key=kubernetes.io/cluster/NAME"),
}
