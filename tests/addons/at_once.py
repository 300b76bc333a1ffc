# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults of add-ons as data, one for each cause that their rules name: how the lab is broken, which check is asked how, and what is right.
Those of a round touch nothing that another one of it needs; those of ALONE are broken one by one, too."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.addons import balancing, edge, issuing, names, scaling, volumes
from tests.faults.conftest import assert_red
from tests.lab.audit_sink import audit_sink
from tests.lab.components import zone
from tests.lab.tiers import autoscaler, cert_manager, external_dns

# Seconds after which what is broken is given up, where it is waited for.
_AUDIT = {"audit_wait": 6}
_STORE = {"audit_source": "query", "audit_wait": 12,
          "audit_query_params": {"query": '{job="audit"} |= "{marker}"', "start": "{start_ns}"}}
_HTTP = {"cert_manager_issuers": [cert_manager.ACME], "cert_manager_challenges": ["http01"], "cert_manager_domain": cert_manager.WEB,
         "cert_manager_limit": 25}
_DNS = {**_HTTP, "cert_manager_challenges": ["dns01"]}
_NAMES = {"external_dns_limit": 20}
_BALANCER = {"provision_limit": 60, "serve_limit": 20}
_NODE = {"allow": True, "trigger_limit": 25, "up_limit": 60, "down_limit": 60}
_DECIDED = {**_NODE, "trigger_limit": 120}
_ZONAL = {"zonal_classes": ["zonal-wait"], "zonal_limit": 120}
_POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: None\n  verbs: [patch]\n- level: Metadata\n"
_ISSUER = f"clusterissuer/{cert_manager.ACME}"


@dataclass(frozen=True)
class Fault:
    """broken(lab) yields options that are known only then, or None. scope: a part of what is named, or what says it of (lab, record) while
    the lab is broken. sure: the confidence. words: of the evidence. never: words that are nowhere in the record. follows: the cause that it
    is a consequence of. stays: what a run cannot end before the lab is mended is told as left."""

    check: str
    scope: str | Callable[[Any, Any], list[str]]
    broken: Callable[[Any], AbstractContextManager[Any]] = lambda lab: nullcontext()
    options: Mapping[str, Any] = field(default_factory=dict)
    sure: str = "confirmed"
    words: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    follows: str = ""
    stays: bool = False

    def right_scope(self, lab: Any, record: Any) -> list[str]:
        return self.scope(lab, record) if callable(self.scope) else [self.scope] if self.scope else []


# ---- what is named ------------------------------------------------------------------------------------------------
def _second_server(lab: Any, _record: Any) -> list[str]:
    return [f"address/{lab.control_planes['cp2']}:6443"]


def _claim(lab: Any, _record: Any) -> list[str]:
    return [f"nodeclaim/{claim}" for claim in scaling.claims(lab)]


def _machine(lab: Any, _record: Any) -> list[str]:
    return [f"node/{machine['node']}" for machine in autoscaler.machines(lab)]


def _both_writers(_lab: Any, record: Any) -> list[str]:
    return sorted({"controller/other-lb", *record.scope}) if len(record.scope) == 2 else []


def _second_node(lab: Any, _record: Any) -> list[str]:
    return [f"node/{lab.node_name('n2')}"]


def _own_service(_lab: Any, record: Any) -> list[str]:
    return [f"service/{record.observed['service']}"]


def _one_volume(_lab: Any, record: Any) -> list[str]:
    return [s for s in record.scope[:1] if s.startswith("persistentvolume/pvc-")]


def _holding_node(lab: Any, record: Any) -> list[str]:
    """The node of zone-a that does not let go of the volume. On a busy machine that begins before its pod is back, which then waits for it
    and is named, too."""
    waits = [s for s in record.scope if s.startswith(f"pod/assay-{record.run_id}/zonal-")]
    holds = [n for n in (f"node/{lab.node_name(n)}" for n in lab.machines if zone(n) == "zone-a") if n in record.scope]
    told = not waits or any("volume attachment is being deleted" in line for line in record.evidence)
    return [s for s in record.scope if s in (*waits, *holds)] if holds and told else ["the node of zone-a, and why its pod waits"]


def _resolver(lab: Any, _record: Any) -> list[str]:
    return [f"nameserver/{external_dns.second(lab)}"]


# ---- how it is broken ---------------------------------------------------------------------------------------------
@contextmanager
def _behind(lab: Any) -> Iterator[dict[str, Any]]:
    with audit_sink(lab) as store:
        store.behind.set()
        yield {"audit_query_url": store.url}


@contextmanager
def _behind_the_first(lab: Any) -> Iterator[dict[str, Any]]:
    with names.second_does_not_follow(lab):
        yield {"external_dns_servers": [lab.host], "external_dns_resolvers": [external_dns.second(lab)]}


@contextmanager
def _full_pool(lab: Any) -> Iterator[None]:
    with balancing.one_left(lab), balancing.shop(lab):
        yield


@contextmanager
def _not_announced(lab: Any) -> Iterator[None]:
    with lab.fault.without(balancing.ADVERTISEMENT):
        balancing.forget(lab)
        yield


@contextmanager
def _elsewhere(lab: Any) -> Iterator[None]:
    """Names of the web lead to somebody else; external-dns, which would correct that, does not run."""
    with issuing.other_web(lab) as address, issuing.web_at(lab, address):
        yield


@contextmanager
def _no_address(lab: Any) -> Iterator[None]:
    """MetalLB's controller is stopped, and Traefik's Service has no address any more; an API server says of ours what is none of a controller's
    words."""
    with balancing.meanwhile(partial(balancing.not_allocated, lab)), lab.fault.scale("metallb-system", "controller", 0), \
            lab.fault.patch(f"{edge.SERVICE}/status", {"status": {"loadBalancer": {"ingress": None}}}):
        yield


def _writing(lab: Any) -> AbstractContextManager[Any]:
    return balancing.meanwhile(lambda: balancing.write_status(lab, f"{lab.host.rpartition('.')[0]}.199"))


def _in_tls(lab: Any) -> AbstractContextManager[Any]:
    return edge.changed(lab, "services", (
        "add", "/metadata/annotations", {"traefik.ingress.kubernetes.io/service.serversscheme": "https"}))


def _other_key(lab: Any) -> AbstractContextManager[Any]:
    made: AbstractContextManager[Any] = lab.fault.patch(
        "/api/v1/namespaces/cert-manager/secrets/tsig", {"data": {"key": "ZDNKdmJtY2dkM0p2Ym1jPQ=="}})
    return made


def _unaccepted_class(lab: Any) -> AbstractContextManager[Any]:
    other = edge.of_gateways("GatewayClass", "other", {"controllerName": "example.com/nobody"})
    made: AbstractContextManager[Any] = lab.fault.extra(f"{edge.GATEWAYS}/gatewayclasses", other)
    return made


FAULTS = {
    "audit.off": Fault("audit_log", "", lambda lab: lab.fault.no_audit_log(), _AUDIT, words=("apiserver_audit_event_total 0",)),
    "audit.partial": Fault("audit_log", _second_server, lambda lab: lab.fault.no_audit_log("cp2"), _AUDIT,
                           words=("apiserver_audit_event_total 0",)),
    "audit.policy": Fault("audit_log", "", lambda lab: lab.fault.audit_policy(_POLICY), _AUDIT,
                          words=("denied: all found, read: all found, write: 0 of 2 found",)),
    "audit.backend-failed": Fault("audit_log", _second_server, lambda lab: lab.fault.read_only_audit_disk("cp2"), _AUDIT,
                                  words=('apiserver_audit_error_total{plugin="log"}',)),
    "audit.sink-behind": Fault("audit_log", "", _behind, _STORE, "probable", ("0 of 2 found",)),

    "edns.not-running": Fault("external_dns", names.REF, lambda lab: lab.fault.scale(external_dns.NAMESPACE, "external-dns", 0), _NAMES,
                              words=("has no available pod, of 0 that are wanted",)),
    "edns.zone-mismatch": Fault("external_dns", names.REF, lambda lab: names.with_arguments(lab, rfc2136_zone="other.test"), _NAMES,
                                words=("No available zone found for",)),
    "edns.provider-denied": Fault("external_dns", names.REF, lambda lab: names.with_arguments(
        lab, rfc2136_tsig_secret="d3Jvbmcgd3Jvbmcgd3Jvbmc="), _NAMES, words=("dns: bad authentication",)),
    "edns.provider-unreachable": Fault("external_dns", names.REF, lambda lab: names.with_arguments(
        lab, rfc2136_host=f"{lab.host.rpartition('.')[0]}.77"), _NAMES, words=("i/o timeout",)),
    "edns.not-watching": Fault("external_dns", names.REF, lambda lab: names.with_environ(lab, name="EXTERNAL_DNS_LABEL_FILTER", valueFrom={
        "fieldRef": {"fieldPath": "metadata.labels['app']"}}), _NAMES, "suspected", ("says nothing of assay-",)),
    "edns.not-syncing": Fault("external_dns", names.REF, lambda lab: names.with_environ(lab, name="EXTERNAL_DNS_DRY_RUN", value="true"),
                              _NAMES, "suspected", ("no record (NXDOMAIN)",)),
    "edns.owner-conflict": Fault("external_dns", names.REF, lambda lab: names.owned_by_another(lab, names.FIRST),
                                 {"external_dns_limit": 45}, words=("belongs to another",)),
    "dns.zone-stale": Fault("external_dns", "nameserver/ns2.lab.test", names.second_does_not_follow, _NAMES, words=("no record",)),
    "dns.authority-down": Fault("external_dns", "nameserver/ns2.lab.test", names.second_stopped, _NAMES, "probable", ("timed out",)),
    "dns.resolver-behind": Fault("external_dns", _resolver, _behind_the_first, _NAMES, words=("no record (NXDOMAIN)",)),

    "cert.acme-unreachable": Fault("cert_manager", _ISSUER, issuing.server_away, _HTTP, words=("connection refused",)),
    "cert.acme-untrusted": Fault("cert_manager", _ISSUER, issuing.other_bundle, _HTTP, words=("certificate signed by unknown authority",)),
    "cert.rate-limited": Fault("cert_manager", _ISSUER, issuing.limited, _HTTP, words=("urn:ietf:params:acme:error:rateLimited",)),
    "cert.http01-unreachable": Fault("cert_manager", _ISSUER, lambda lab: issuing.server_asks_at(lab, 5002),
                                     {**_HTTP, "cert_manager_limit": 60}, words=("urn:ietf:params:acme:error:connection", ":5002/"),
                                     never=("self check",)),
    "cert.http01-wrong-answer": Fault("cert_manager", _ISSUER, _elsewhere, _HTTP, words=("did not get expected response",)),
    "cert.dns01-denied": Fault("cert_manager", _ISSUER, _other_key, _DNS, words=("DNS update failed",)),
    "cert.dns01-unreachable": Fault("cert_manager", _ISSUER, issuing.silent_solver, _DNS, words=("i/o timeout",), stays=True),
    # By the name server of dns.zone-stale.
    "cert.dns01-not-propagated": Fault("cert_manager", _ISSUER, options=_DNS, words=("Waiting for DNS-01 challenge propagation",)),

    "lb.controller-missing": Fault("load_balancer", balancing.CONTROLLER_REF, _no_address, {"provision_limit": 15}, words=("no pod of it is available",)),
    "lb.contended": Fault("load_balancer", _both_writers, _writing, _BALANCER),
    "lb.not-announced": Fault("load_balancer", "ipaddresspool/pool", _not_announced, _BALANCER,
                              words=("neither an L2Advertisement nor a BGPAdvertisement", "IPAllocated")),
    "lb.pool-exhausted": Fault("load_balancer", "ipaddresspool/pool", _full_pool, words=("no available IPs",)),
    "lb.targets-unhealthy": Fault("load_balancer", _second_node, lambda lab: lab.fault.drop_port("n2", "30000:32767"),
                                  words=("and not at its health port",)),
    "net.firewall-external": Fault("load_balancer", _own_service, options={"source_ranges": ["192.0.2.0/24"], **_BALANCER},
                                   words=("leave out",)),

    # By MetalLB, of lb.controller-missing.
    "ingress.no-address": Fault("ingress", "ingressclass/traefik", options={"ingress_limit": 12}, follows="lb.controller-missing"),
    "ingress.backend-error": Fault("ingress", "ingressclass/traefik", _in_tls, {"ingress_limit": 12}),
    "ingress.class-mismatch": Fault("ingress", "ingressclass/other", edge.nobodys_class, {"ingress_limit": 12, "ingress_classes": ["other"]},
                                    "probable", ("example.com/nobody",)),
    "ingress.contended": Fault("ingress", "ingressclass/traefik", edge.second_controller, {"ingress_limit": 12}),
    "gw.not-programmed": Fault("gateway", "gatewayclass/other", _unaccepted_class, {"gateway_limit": 12, "gateway_classes": ["other"]},
                               "probable", ("example.com/nobody",)),

    "storage.attach-stuck": Fault("zonal_stateful_set", _holding_node, lambda lab: volumes.erring(lab, hang_detach=True),
                                  {"zonal_classes": ["zonal-one"], "zonal_limit": 45}, words=("DeadlineExceeded",), stays=True),
    "storage.data-corrupt": Fault("zonal_stateful_set", _one_volume, lambda lab: volumes.erring(lab, forget=True), _ZONAL,
                                  words=("data was lost that it had written there before",)),

    "cas.cloud-error": Fault("node_autoscaling", _claim, lambda lab: scaling.refused(
        lab, "InsufficientInstanceCapacity: there is no lab.small in zone-a"), _NODE, words=("InsufficientInstanceCapacity",)),
    "cloud.quota": Fault("node_autoscaling", _claim, lambda lab: scaling.refused(
        lab, "VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 6 allows"), _NODE,
        words=("VcpuLimitExceeded",)),
    "cas.max-reached": Fault("node_autoscaling", f"nodepool/{autoscaler.POOL}", scaling.at_its_limit, _NODE,
                             words=("all available instance types exceed limits for nodepool",)),
    "cas.no-match": Fault("node_autoscaling", "", options={**_NODE, "requests": {"cpu": "64"}},
                          words=("no instance type has enough resources",)),
    "cas.not-joining": Fault("node_autoscaling", _claim, lambda lab: scaling.booting(lab, "silent"), _DECIDED,
                             words=("Node not registered with cluster",), stays=True),
    "node.cni-not-ready": Fault("node_autoscaling", _machine, lambda lab: scaling.booting(lab, "no-network"), _DECIDED,
                                words=("cni plugin not initialized",), stays=True),
    "cas.scaledown-blocked": Fault("node_autoscaling", _machine, lambda lab: scaling.joined(
        lab, "holder", {"karpenter.sh/do-not-disrupt": "true"}), {**_DECIDED, "up_limit": 240},
        words=("pod default/holder has karpenter.sh/do-not-disrupt=true",), stays=True),
}
# Nobody of a round stands in the way of another one of it: names of the web lead nowhere while external-dns is told something else, Traefik has
# no address without MetalLB, and annotations of all our Services are what policies make them.
ROUNDS = (
    ("audit.off", "edns.zone-mismatch", "cert.acme-unreachable", "lb.contended", "gw.not-programmed", "storage.data-corrupt", "cas.no-match"),
    ("audit.partial", "edns.provider-denied", "cert.acme-untrusted", "lb.targets-unhealthy", "ingress.class-mismatch", "cas.cloud-error"),
    ("audit.policy", "edns.provider-unreachable", "cert.rate-limited", "net.firewall-external", "ingress.contended", "cloud.quota"),
    ("audit.backend-failed", "edns.not-watching", "cert.http01-unreachable", "lb.pool-exhausted", "cas.not-joining"),
    ("audit.sink-behind", "dns.zone-stale", "cert.dns01-not-propagated", "lb.not-announced", "node.cni-not-ready"),
    ("edns.not-running", "cert.http01-wrong-answer", "cas.scaledown-blocked"),
    ("lb.controller-missing", "ingress.no-address", "cert.dns01-denied", "dns.authority-down", "cas.max-reached"),
    ("ingress.backend-error", "cert.dns01-unreachable", "storage.attach-stuck"),
    ("edns.not-syncing",), ("dns.resolver-behind",), ("edns.owner-conflict",),
)
assert sorted(cause for one in ROUNDS for cause in one) == sorted(FAULTS), "each cause has one round"
# What is broken alone, in words. The others need another one, or tests of their own say more.
ALONE = {
    "audit.off": "no audit log at all", "audit.policy": "a policy that drops what must be there",
    "audit.backend-failed": "a disk below one log that became read-only", "audit.sink-behind": "a store that is behind",
    "edns.not-running": "external-dns does not run", "edns.zone-mismatch": "a zone that external-dns does not keep",
    "edns.provider-denied": "a key that the name server refuses", "edns.provider-unreachable": "a name server that external-dns does not reach",
    "edns.not-watching": "external-dns looks at other objects than its arguments say",
    "edns.not-syncing": "external-dns says what it does and does nothing",
    "dns.zone-stale": "a name server that does not follow", "dns.authority-down": "a name server that answers nothing",
    "dns.resolver-behind": "a recursive name server with another zone of this name",
    "cert.acme-unreachable": "the ACME server is away", "cert.acme-untrusted": "the ACME server is not trusted",
    "cert.rate-limited": "the ACME server limits orders",
    "cert.http01-unreachable": "the ACME server does not reach what the cluster reaches",
    "cert.http01-wrong-answer": "names of a challenge lead to somebody else", "cert.dns01-denied": "the name server refuses the key of a challenge",
    "cert.dns01-unreachable": "the name server of a challenge is silent",
    "lb.controller-missing": "the load balancers' controller is stopped", "lb.contended": "two that write one status",
    "lb.not-announced": "a withdrawn announcement", "lb.targets-unhealthy": "a closed health port",
    "ingress.backend-error": "a backend that is asked in TLS and has none",
    "storage.attach-stuck": "a volume that cannot be detached",
    "cas.cloud-error": "a cloud without a machine to give", "cloud.quota": "a quota of the cloud", "cas.no-match": "a pod for which no group has room"}
# How each check is asked of a whole lab, where its defaults are not it.
_GREEN = {"node_autoscaling": {"allow": True}, "zonal_stateful_set": _ZONAL}


def green(fault: Fault) -> dict[str, Any]:
    """Options with which its check is green when the lab is mended."""
    if fault.check == "cert_manager":
        return {**fault.options, "cert_manager_limit": 150}
    return _GREEN.get(fault.check, {})


def broken_and_named(lab: Any, prove: Any, *causes: str) -> None:
    """The lab is broken in all of these ways: each check names its own, and nothing of the others'; then it is mended, and nothing is left."""
    faults = {FAULTS[c].check: (c, FAULTS[c]) for c in causes}
    with names.somebodys(lab):
        with ExitStack() as stack:
            told = {check: stack.enter_context(f.broken(lab)) for check, (_cause, f) in faults.items()}
            records = prove(*faults, **{check: {**f.options, **(told[check] if isinstance(told[check], dict) else {})}
                                        for check, (_cause, f) in faults.items()})
            for check, (cause, f) in faults.items():
                assert_red(records[check], cause, f.right_scope(lab, records[check]), f.sure, *f.words, follows=f.follows)
                told_all = str(records[check].to_dict())
                assert not [words for words in (*f.never, external_dns.key(lab)) if words in told_all]
            assert bool(prove.result["leftovers"]) <= any(f.stays for _cause, f in faults.values())
        volumes.finished(lab, prove)
        names.nothing_of_ours(lab)
        issuing.nothing_of_ours(lab)
        assert scaling.nodes(lab) == scaling.base(lab)
