# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What plays strangers' clusters does what it says: the fronts of an API server, the policies of a network."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results.record import Record
from tests.lab.like import STRANGERS, network
from tests.lab.like.front import Front
from tests.strangers.suite import unlike

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture
def fates(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a front decides for so many requests."""
    class Bare(Front):
        def __init__(self, **config: Any):
            monkeypatch.setattr("ssl.SSLContext.load_verify_locations", lambda *_a, **_k: None)
            monkeypatch.setattr("ssl.SSLContext.load_cert_chain", lambda *_a, **_k: None)
            super().__init__({"upstream": {"host": "h", "port": 1, "ca": "", "certificate": "", "key": ""}, **config})

    def decided(count: int, **config: Any) -> list[tuple[float, int, str]]:
        front = Bare(**config)
        return [front.fate("GET") for _n in range(count)]

    return decided


def test_a_front_gives_error_pages_by_number_and_the_same_ones_again(fates: Any) -> None:
    first = fates(40, pages={"every": 4, "seed": 9})
    assert [bool(status) for _s, status, _r in first] == [n % 4 == 0 for n in range(1, 41)]
    assert {status for _s, status, _r in first} == {0, 502, 504}
    assert fates(40, pages={"every": 4, "seed": 9}) == first != fates(40, pages={"every": 4, "seed": 8})


def test_a_front_is_busy_with_and_without_a_word_when_to_come_back_and_slow_within_its_bounds(fates: Any) -> None:
    found = fates(12, busy={"every": 3}, delay={"least": 0.5, "most": 2.0, "seed": 1})
    assert [(status, retry) for _s, status, retry in found if status] == [(429, "1"), (429, ""), (429, "1"), (429, "")]
    assert all(0.5 <= seconds <= 2.0 for seconds, _status, _retry in found)


def _pod(name: str, address: str, space: str = "ours", **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": space, "labels": labels}, "status": {"podIP": address}}


PODS = [_pod("a", "10.0.0.1", app="web"), _pod("b", "10.0.0.2", app="db"), _pod("dns", "10.0.0.9", "kube-system", app="dns")]
SERVICE = {"metadata": {"name": "kube-dns", "namespace": "kube-system"}, "spec": {"selector": {"app": "dns"}, "clusterIPs": ["10.96.0.10"]}}
DENY = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
TO_DNS = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [
    {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]}]}


@pytest.mark.parametrize(("specs", "ingress", "egress"), [
    ([], "open", "open"), ([DENY], "none", "none"), ([{"podSelector": {"matchLabels": {"app": "db"}}}], "open", "open"),
    ([{"podSelector": {}}], "none", "open"), ([DENY, {**DENY, "ingress": [{}], "egress": [{}]}], "open", "open"),
    ([DENY, TO_DNS], "none", "10.0.0.9,10.96.0.10"),
    ([{"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}]}], "10.1.0.0/16", "open"),
    ([{"podSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["db"]}]},
       "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "db"}}}]}]}], "10.0.0.2", "open")])
def test_policies_isolate_and_allow_as_an_engine_would(specs: list[Any], ingress: str, egress: str) -> None:
    known = {"pods": PODS, "services": [SERVICE], "spaces": {n: {"kubernetes.io/metadata.name": n} for n in ("ours", "kube-system")},
             "policies": [{"metadata": {"namespace": "ours"}, "spec": s} for s in specs]}
    engine = network.Engine(None)
    assert engine._allowed(PODS[0], known, "Ingress", "from") == ingress
    assert engine._allowed(PODS[0], known, "Egress", "to") == egress


def test_the_page_of_strangers_and_the_suite_know_every_one() -> None:
    from tests.strangers.expected import EXPECTED

    page = (CHECKOUT / "docs/strangers.md").read_text(encoding="utf-8")
    assert not [name for name in STRANGERS if f"`{name}`" not in page]
    assert {*EXPECTED} <= {*STRANGERS}


@pytest.mark.parametrize(("verdict", "message", "observed", "expected", "fits"), [
    ("passed", "", {}, ("passed",), True), ("warned", "took 70 s, expected at most 45 s", {}, ("passed",), True),
    ("warned", "took 70 s, expected at most 45 s; a node is odd", {}, ("passed",), False), ("failed", "", {}, ("passed",), False),
    ("warned", "n3 goes", {}, ("warned", "n3 goes"), True), ("warned", "n3 goes; n4 too", {}, ("warned", "n3 goes"), False),
    ("passed", "", {"left_out": "fargate"}, ("passed", "fargate"), True), ("inconclusive", "no", {}, ("inconclusive", "the right"), False)])
def test_the_suite_is_held_to_verdict_and_words(verdict: str, message: str, observed: dict[str, Any], expected: tuple[str, ...],
                                                fits: bool) -> None:
    record = Record("c", "dns", "dns", verdict, message, observed=observed)
    assert (unlike({"dns": record}, {"dns": expected}) == []) is fits
    assert unlike({"machines": Record("c", "machines", "machines", "skipped")}, {}) == []
