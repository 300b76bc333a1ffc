# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Servers that the inventory lists, as real ones show themselves."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive, StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates import endpoints
from ansible_collections.assay.clusters.plugins.module_utils.checks.certificates import Certificates
from ansible_collections.assay.clusters.tests.unit.checks.certificate_world import World
from ansible_collections.assay.clusters.tests.unit.checks.fakes import api_error
from tests.fakes.authority import issue, tls_secret
from tests.fakes.ports import free_port
from tests.fakes.tls_server import TlsServer

ROOT = issue("root", ca=True)
MIDDLE = issue("middle", by=ROOT, ca=True)
LEAF = issue("leaf", ["leaf.test"], ["127.0.0.1"], by=MIDDLE)
SELF = issue("self", addresses=["127.0.0.1"])
CA = {"ca": ROOT.pem}


class Listed:
    """One listed server beside a cluster that is not looked at."""

    def __init__(self, monkeypatch):
        self.world = World(monkeypatch, places=["kubelets"])
        self.world.served = {k: v for k, v in self.world.served.items() if k[1] == 10250}

    def __call__(self, *chain, starttls="", **entry):
        """(verdict, words, bad variants) of a server with this chain."""
        with TlsServer(*chain, starttls=starttls) as server:
            self.target = f"endpoint/127.0.0.1:{server.port}"
            given = {"host": "127.0.0.1", "port": server.port, **({"starttls": starttls} if starttls else {}), **entry}
            return self.ask(given)

    def ask(self, *entries):
        ctx = self.world.ctx
        ctx.options["endpoints"] = list(entries)
        ctx.observations.clear()
        ctx.warnings.clear()
        try:
            Certificates().run(ctx)
            verdict, words = "warned" if ctx.warnings else "passed", " ".join(ctx.warnings)
        except StepFailed as e:
            verdict, words = "failed", str(e)
        except Inconclusive as e:
            verdict, words = "inconclusive", str(e)
        return verdict, words, {v for v, _target in self.world.bad()}


@pytest.fixture
def listed(monkeypatch):
    return Listed(monkeypatch)


def test_good_ones_pass(listed):
    assert listed(LEAF, MIDDLE, **CA) == ("passed", "", set())
    assert listed(LEAF, MIDDLE, starttls="smtp", **CA) == ("passed", "", set())
    assert listed(LEAF, MIDDLE, server_name="leaf.test", **CA) == ("passed", "", set())
    assert listed(SELF, self_signed=True) == ("passed", "", set())  # by design
    assert listed(SELF, ca=SELF.pem) == ("passed", "", set())
    assert {o["target"] for o in listed.world.ctx.seen(kind="certificate")} == {listed.target, "node/n1", "node/n2"}


def test_ended_ones(listed):
    verdict, words, bad = listed(issue("leaf", addresses=["127.0.0.1"], ends=-2, by=MIDDLE), MIDDLE, **CA)
    assert verdict == "failed" and bad == {"time"}, "that it ended says nothing of its trust"
    assert f"{listed.target} ended 48 hours ago, on" in words and "noticed by clients of 127.0.0.1" in words


@pytest.mark.parametrize(("ends", "verdict", "words"), [
    (-1, "failed", "its intermediate middle ended 24 hours ago"), (5, "failed", "its intermediate middle ends in 5 days"),
    (20, "warned", "its intermediate middle ends in 20 days"), (40, "passed", "")])
def test_an_intermediate_that_ends_under_a_good_leaf(listed, ends, verdict, words):
    middle = issue("middle", by=ROOT, ca=True, ends=ends, key=MIDDLE.key)
    got = listed(LEAF, middle, **CA)
    assert got[0] == verdict and words in got[1] and got[2] == ({"time"} if verdict == "failed" else set())


def test_what_clients_do_without_is_no_failure(listed):
    """A root that ended, and an intermediate that an anchor of the same key stands in for (as of cross-signed roots)."""
    old_root = issue("root", ca=True, ends=-5, key=ROOT.key)
    verdict, words, bad = listed(LEAF, MIDDLE, old_root, **CA)
    assert (verdict, words, bad) == ("passed", "", set())
    cross = issue("root", ca=True, ends=-5, key=ROOT.key, by=issue("ancient", ca=True))
    assert listed(LEAF, MIDDLE, cross, **CA)[0] == "passed"
    stray = issue("stray", ca=True, ends=-5, by=ROOT)
    verdict, words, bad = listed(LEAF, MIDDLE, stray, **CA)
    assert verdict == "warned" and "its intermediate stray ended" in words and bad == set()


def test_the_given_ca_has_an_end_too(listed):
    root = issue("root", ca=True, ends=3, key=ROOT.key)
    verdict, words, bad = listed(LEAF, MIDDLE, ca=root.pem)
    assert (verdict, bad) == ("failed", {"time"}) and "its CA root ends in 3 days" in words
    assert listed(LEAF, MIDDLE, root, ca=root.pem)[0] == "failed", "though it is sent along"
    assert listed(LEAF, MIDDLE, ca=root.pem + ROOT.pem)[0] == "passed", "its successor is there"


@pytest.mark.parametrize(("chain", "how", "verdict", "bad", "words"), [
    ((LEAF,), CA, "failed", {"trust"}, "is not trusted: unable to get local issuer certificate"),
    ((LEAF, MIDDLE), {"ca": SELF.pem}, "failed", {"trust"}, "is not trusted: unable to get local issuer certificate"),
    ((LEAF, MIDDLE), {}, "warned", set(), "; name its CA (ca_file), or say self_signed where that is meant"),
    ((SELF,), {}, "warned", set(), "is not trusted: self-signed certificate; name its CA"),
    ((LEAF, MIDDLE), {"server_name": "other.test", **CA}, "failed", {"name"},
     "is asked for other.test, and its certificate is for leaf.test, 127.0.0.1"),
    ((issue("cn.test", by=MIDDLE), MIDDLE), {"server_name": "cn.test", **CA}, "failed", {"name"}, "is for no name at all")])
def test_trust_and_names(listed, chain, how, verdict, bad, words):
    got = listed(*chain, **how)
    assert got[0] == verdict and got[2] == bad and words in got[1]


def test_days_of_ones_own(listed):
    assert listed(LEAF, MIDDLE, warn_days=500, **CA)[0] == "warned"
    assert listed(LEAF, MIDDLE, fail_days=500, **CA)[0] == "failed"


@pytest.mark.parametrize(("stored", "verdict", "bad"), [
    (LEAF, "passed", set()), (issue("leaf", ["leaf.test"], begins=-1, by=MIDDLE), "failed", {"stale"}),
    (issue("leaf", ["leaf.test"], begins=-310, by=MIDDLE), "passed", set())])
def test_served_against_stored(listed, stored, verdict, bad):
    listed.world.answers["/api/v1/namespaces/tools/secrets"] = {"items": [tls_secret("web", "tools", stored, MIDDLE)]}
    got = listed(LEAF, MIDDLE, stored="tools/web", **CA)
    assert (got[0], got[2]) == (verdict, bad)
    assert verdict == "passed" or "secret/tools/web has a newer one since" in got[1]


@pytest.mark.parametrize(("answer", "words"), [
    (api_error(403), "secret/tools/web may not be read"), ({"items": []}, "secret/tools/web is not there"),
    ({"items": [{"metadata": {"name": "web"}, "data": {}}]}, "secret/tools/web holds no certificate")])
def test_what_is_named_and_cannot_be_looked_at_proves_nothing(listed, answer, words):
    listed.world.answers["/api/v1/namespaces/tools/secrets"] = answer
    got = listed(LEAF, MIDDLE, stored="tools/web", **CA)
    assert got[0] == "inconclusive" and words in got[1]
    assert listed.world.ctx.observed["not_answered"]


def test_a_listed_server_that_does_not_answer(listed):
    got = listed.ask({"host": "127.0.0.1", "port": free_port(), "name": "vault"})
    assert got[0] == "inconclusive" and "(vault) cannot be reached: Connection refused" in got[1]


def test_from_inside_the_probe_asks(listed):
    listed.world.served["web.tools.svc", 8443] = [LEAF, MIDDLE]
    got = listed.ask({"host": "web.tools.svc", "port": 8443, "inside": True, **CA})
    assert got[0] == "failed" and got[2] == {"name"}
    assert listed.ask({"host": "web.tools.svc", "port": 8443, "inside": True, "server_name": "leaf.test", **CA})[0] == "passed"
    got = listed.ask({"host": "web.tools.svc", "port": 8443, "inside": True, "server_name": "leaf.test", "ca": SELF.pem})
    assert got[2] == {"trust"} and "signed by CN=root, which is neither trusted nor sent along" in got[1]


@pytest.mark.parametrize(("entry", "words"), [
    ("gitlab.example.com", "entry 1: must be a dictionary"), ({}, "entry 1: has no host"),
    ({"host": "https://a.test"}, "host must be a name or an address, without https:// and port"),
    ({"host": "a.test;reboot"}, "host must be a name or an address"),
    ({"host": "a.test", "prot": 1}, "there is no prot; did you mean port"),
    ({"host": "a.test", "port": 0}, "port must be a number from 1 to 65535"),
    ({"host": "a.test", "port": "x"}, "port must be a number"),
    ({"host": "a.test", "starttls": "ftp"}, "starttls must be one of smtp, imap, pop3, ldap, postgres"),
    ({"host": "a.test", "ca_file": "/nowhere"}, "ca_file must be a file that can be read here"),
    ({"host": "a.test", "self_signed": "maybe"}, "self_signed must be true or false"),
    ({"host": "a.test", "stored": "web"}, "stored must be NAMESPACE/NAME of a Secret"),
    ({"host": "a.test", "starttls": "smtp", "inside": True}, "starttls is spoken from the controller alone"),
    ({"host": "a.test", "warn_days": -1}, "warn_days must be a number from 0 to 36500")])
def test_wrong_entries_are_one_sentence(listed, entry, words):
    got = listed.ask(entry)
    assert got[0] == "inconclusive" and got[1].startswith("certificates_check_endpoints, entry 1: ") and words in got[1]


def test_the_authorities_of_this_machine_can_be_read():
    assert all(c.ca or c.self_issued for c in endpoints._usual())
