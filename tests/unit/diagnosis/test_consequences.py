# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What follows from what, and what does not: two findings with a cause each, one of them perhaps the other's root."""
from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis import case, diagnose as diagnosis
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.evidence import Candidate, Evidence
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.taxonomy import CAUSES, leads_to
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import finding, healthy

ILL_NODE = "node.unreachable node.runtime-down node.kernel-fault node.pressure node.cni-not-ready"
HOOK = "webhook.no-endpoints webhook.timeout webhook.ca-mismatch"
UNSCHEDULED = "sched.insufficient sched.constraint"
IMAGE = "image.not-found image.auth image.throttled image.kubelet-qps image.registry-unreachable image.corrupt image.slow"
POD = "pod.config-missing pod.crash pod.oom pod.probe-failing"
VOLUME = "storage.zone-conflict storage.driver-missing storage.provision-failed storage.attach-stuck " \
         "storage.mount-failed"
NETWORK = "net.node-isolated net.addresses-exhausted net.pair-cut net.overlay-down net.mtu net.port-filtered net.family-down " \
          "net.lossy net.firewall-external"
NAMES = "dns.server-down dns.upstream dns.stale"
ZONE = "dns.delegation dns.authority-down dns.zone-stale dns.resolver-behind"
EDNS = "edns.not-syncing edns.not-running edns.not-watching edns.owner-conflict edns.zone-mismatch edns.provider-denied " \
       "edns.provider-unreachable"
CAS = "cas.not-running cas.max-reached cas.no-match cas.cloud-error cas.not-joining cas.scaledown-blocked cas.blocked"
BALANCER = "lb.not-provisioned lb.targets-unhealthy lb.dns-lag lb.controller-missing lb.pool-exhausted lb.not-announced " \
           "lb.contended"
INGRESS = "ingress.class-mismatch ingress.backend-error ingress.tls-secret"
CHALLENGE = "cert.http01-unreachable cert.http01-wrong-answer"

KNOWN = [
    ("etcd.unhealthy etcd.slow etcd.space", "api.check-failed api.overloaded"),
    ("node.clock", "api.tls webhook.ca-mismatch id.trust-mismatch cert.issue-failed cert.expiring cert.not-yet-valid"),
    ("cert.csr-pending", "node.kubelet-cert"),
    ("node.not-joined", UNSCHEDULED),
    (ILL_NODE, f"{UNSCHEDULED} {POD} {VOLUME} {NETWORK} svc.no-endpoints svc.dataplane {NAMES} {HOOK}"),
    ("api.aggregated-down", "hpa.no-metrics ns.stuck"),
    (HOOK, "ctrl.not-progressing"),
    ("ctrl.not-progressing", "svc.no-endpoints storage.provision-failed leak.cleanup-stuck"),
    (f"{NAMES} dns.config {ZONE}", f"{EDNS} cert.issue-failed"),
    ("svc.dataplane", f"{NAMES} webhook.timeout"),
    (NETWORK, f"svc.dataplane {NAMES} webhook.timeout ingress.backend-error"),
    ("netpol.overblocking", f"{NETWORK} svc.dataplane {NAMES} webhook.timeout ingress.backend-error"),
    ("net.pair-cut", "net.node-isolated"),
    ("cloud.permission cloud.quota cloud.config cloud.throttled", f"{BALANCER} {VOLUME} {CAS} {EDNS}"),
    ("svc.no-endpoints", f"{NAMES} {INGRESS} webhook.no-endpoints api.aggregated-down"),
    (f"{UNSCHEDULED} {POD} {IMAGE}",
     f"svc.no-endpoints {NAMES} storage.driver-missing {HOOK} api.aggregated-down edns.not-running cas.not-running"),
    (IMAGE, POD),
    ("rbac.missing", f"{NAMES} ctrl.not-progressing {EDNS}"),
    ("dns.config", "pod.crash pod.oom pod.probe-failing svc.no-endpoints dns.server-down"),
    (BALANCER, f"{INGRESS} ingress.no-address cert.issue-failed"),
    ("ingress.controller-down", "ingress.no-address ingress.class-mismatch ingress.tls-secret gw.not-programmed cert.issue-failed"),
    (EDNS, "cert.issue-failed"),
    (f"{BALANCER} {INGRESS} ingress.controller-down ingress.no-address ingress.contended svc.no-endpoints netpol.overblocking", CHALLENGE),
    (f"{NETWORK} {UNSCHEDULED} {POD} {IMAGE}", CHALLENGE),
    (f"{NAMES} dns.config {ZONE}", "cert.http01-unreachable cert.dns01-not-propagated cert.acme-unreachable"),
    (EDNS, "cert.http01-unreachable"),
    (f"{UNSCHEDULED} {POD} {IMAGE}", "cert.controller-down"), ("node.clock", "cert.acme-untrusted"),
    ("vm.powered-off", "node.unreachable vm.tools-down"),
    ("node.unreachable", "vm.tools-down"),
    ("vm.disk-uuid", "storage.attach-stuck storage.mount-failed"),
    ("storage.driver-missing", "storage.provision-failed leak.cleanup-stuck"),
]
# Only where the consequence's own evidence has these words.
BY_WORDS = [
    ("etcd.unhealthy etcd.slow etcd.space", "api.unreachable", "no answer from https://10.0.0.1:6443 in time"),
    (f"{NAMES} dns.config {ZONE}", "image.registry-unreachable", "dial tcp: lookup registry.lab: no such host"),
    (BALANCER, "gw.not-programmed", "Gateway infra/web Programmed=False AddressNotAssigned: no address yet"),
    (BALANCER, "gw.not-programmed", "its conditions say that it is accepted"),
]
# Without these no check can do its work; what is not above them does not follow.
GLOBAL = "api.unreachable api.tls api.unauthenticated api.overloaded etcd.unhealthy etcd.space".split()
BESIDE_THEM = "harness.precondition harness.forbidden harness.interrupted stage.failed api.unreachable api.tls " \
              "api.unauthenticated api.overloaded etcd.unhealthy etcd.slow etcd.space api.check-failed " \
              "api.aggregated-down ctrl.not-progressing".split()


def _pairs(causes: str, consequences: str) -> set[tuple[str, str]]:
    return set(itertools.product(causes.split(), consequences.split()))


PAIRS = set().union(*(_pairs(*row) for row in KNOWN))
EVERYTHING, ONE, ANOTHER = (), ("thing/one",), ("thing/another",)


class Two:
    """Two findings; which causes rules see behind them is given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.causes: dict[str, Candidate] = {}
        self.data: dict[str, Any] = healthy()

        def rule(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
            yield self.causes[f.check]

        monkeypatch.setattr(case, "RULES", (rule,))

    def consequence_of(self, code: str, root: str, of: tuple[str, ...] = ONE, root_of: tuple[str, ...] = EVERYTHING,
                       words: str = "it was seen", message: str = "it broke", **more: Any) -> str:
        """What the finding with the code follows from, beside another with that root; each about these things."""
        self.causes = {"service": Candidate(root, "confirmed", root_of, ("so it is",)),
                       "dns": Candidate(code, "confirmed", of, (words,))}
        checks = [finding("service", "it broke"), finding("dns", message, **more)]
        return diagnosis.diagnose(checks, self.data)["dns"].consequence_of


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Two:
    return Two(monkeypatch)


@pytest.mark.parametrize(("causes", "consequences"), KNOWN, ids=[row[0].partition(" ")[0] for row in KNOWN])
def test_known_consequences_follow_whatever_their_layers(two: Two, causes: str, consequences: str) -> None:
    for root, code in sorted(_pairs(causes, consequences)):
        assert two.consequence_of(code, root) == root, f"{code}, and {root} of the whole cluster"
        assert two.consequence_of(code, root, root_of=ONE) == root, f"{code}, and {root} of the same thing"


@pytest.mark.parametrize(("causes", "consequences"), [r for r in KNOWN if not r[0].startswith("etcd")],
                         ids=[row[0].partition(" ")[0] for row in KNOWN[1:]])
def test_what_is_known_of_one_thing_does_not_follow_from_another_nor_does_everything(
        two: Two, causes: str, consequences: str) -> None:
    for root, code in sorted(_pairs(causes, consequences)):
        assert two.consequence_of(code, root, root_of=ANOTHER) == "", f"{code}, and {root} of another thing"
        assert two.consequence_of(code, root, EVERYTHING, ONE) == "", f"{code} everywhere, {root} of one thing"


@pytest.mark.parametrize(("causes", "code", "words"), BY_WORDS)
def test_consequences_that_take_words(two: Two, causes: str, code: str, words: str) -> None:
    for root in causes.split():
        assert two.consequence_of(code, root, words=words) == root
        assert two.consequence_of(code, root, words="connection refused") == "", root


@pytest.mark.parametrize(("root", "code", "words"), [
    ("lb.contended", "ingress.class-mismatch", "no Deployment or DaemonSet looks like the controller example.com/nobody of IngressClass other"),
    ("ingress.controller-down", "ingress.class-mismatch", "no Deployment or DaemonSet looks like the controller a/b of IngressClass other"),
    ("ingress.controller-down", "gw.not-programmed", "GatewayClass other: nothing here looks like its controller example.com/nobody"),
    ("lb.contended", "gw.not-programmed", "HTTPRoute web Accepted=False NotAllowedByListeners: no")])
def test_what_would_be_so_without_the_other_fault_follows_from_nothing(two: Two, root: str, code: str, words: str) -> None:
    assert two.consequence_of(code, root, words=words) == ""


def test_nothing_else_is_a_known_consequence() -> None:
    codes = [c for c in CAUSES if not c.startswith("unknown.")]
    assert {pair for pair in itertools.product(codes, codes) if leads_to(*pair, ["so it is"])} == PAIRS


@pytest.mark.parametrize("root", GLOBAL)
def test_everything_follows_from_an_api_server_that_does_not_work(two: Two, root: str) -> None:
    codes = {c for c in CAUSES if c != root}
    follows = {c for c in codes if two.consequence_of(c, root, verdict="inconclusive") == root}
    assert follows == codes - set(BESIDE_THEM) | {c for r, c in PAIRS if r == root}


@pytest.mark.parametrize(("root", "code"), [
    ("node.pressure", "node.clock"), ("node.unreachable", "node.kubelet-cert"), ("net.mtu", "net.node-isolated"),
    ("pod.crash", "storage.mount-failed"), ("etcd.slow", "ctrl.not-progressing"), ("image.slow", "image.auth")])
def test_of_two_troubles_of_one_layer_none_is_the_others_root(two: Two, root: str, code: str) -> None:
    assert two.consequence_of(code, root, root_of=ONE) == "" == two.consequence_of(root, code, root_of=ONE)


def test_of_the_same_thing_the_lower_layer_is_the_root(two: Two) -> None:
    assert two.consequence_of("pod.crash", "node.drift", root_of=ONE) == "node.drift"
    assert two.consequence_of("pod.crash", "node.drift", root_of=ANOTHER) == ""
    assert two.consequence_of("pod.crash", "node.drift") == "", "versions that differ explain no crash elsewhere"
    assert two.consequence_of("node.drift", "pod.crash", root_of=ONE) == ""


def test_all_nodes_are_the_whole_cluster(two: Two) -> None:
    nodes = tuple(f"node/n{i}" for i in (1, 2, 3))
    assert two.consequence_of("dns.stale", "node.cni-not-ready", EVERYTHING, nodes) == "node.cni-not-ready"
    assert two.consequence_of("dns.stale", "node.cni-not-ready", EVERYTHING, nodes[:2]) == ""


def test_an_overloaded_server_explains_only_who_asked_it_in_vain(two: Two) -> None:
    root = "api.overloaded"
    assert two.consequence_of("svc.dataplane", root) == ""
    assert two.consequence_of("svc.dataplane", root, errors=[{"message": "later"}]) == root
    assert two.consequence_of("svc.dataplane", root, verdict="inconclusive") == root
    assert two.consequence_of("svc.dataplane", root, message="endpoints: not within 60 s") == root
    assert two.consequence_of("svc.dataplane", "etcd.space") == "etcd.space"
