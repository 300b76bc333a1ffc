# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""certificates and licenses, seen red: what has ended or ends, is stale, of another name, of another CA, or not approved."""
from __future__ import annotations

import base64
import contextlib
import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.fakes.authority import Issued, issue
from tests.fakes.gitlab import TOKEN, FakeGitLab, license_of
from tests.fakes.tls_server import TlsServer
from tests.faults.certificates import CA, NAME, SPACE, Web, leaf, web
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.lab]

HOST = "127.0.0.1"
MIDDLE = issue("middle", by=CA, ca=True)
HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
INGRESSES = f"/apis/networking.k8s.io/v1/namespaces/{SPACE}/ingresses"


def local(**how: Any) -> Issued:
    return issue("local", addresses=[HOST], **{"by": MIDDLE, **how})


def listed(server: TlsServer, everywhere: bool = False, **more: Any) -> dict[str, Any]:
    """everywhere: all of the cluster is looked at beside it."""
    return {"endpoints": [{"host": HOST, "port": server.port, "name": "tool", "ca": CA.pem, **more}],
            **({} if everywhere else {"places": ["kubeconfig"]})}


@pytest.fixture(scope="module")
def others(lab: Any) -> Iterator[Web]:
    with web(lab) as made:
        yield made


# ---- servers that the inventory lists --------------------------------------------------------------------------------
# Made when this file is read, and shown up to an hour later: ends and begins are told in days, so that none is near the next.
@pytest.mark.parametrize(("chain", "starttls", "cause", "words"), [
    pytest.param((local(ends=-9), MIDDLE), "", "cert.expiring", "ended 9 days ago", id="ended"),
    pytest.param((local(), issue("middle", by=CA, ca=True, ends=4, key=MIDDLE.key)), "ldap", "cert.expiring",
                 "its intermediate middle ends in 4 days", id="intermediate"),
    pytest.param((issue("local", ["other.test"], by=MIDDLE), MIDDLE), "smtp", "cert.san-mismatch",
                 f"is asked for {HOST}, and its certificate is for other.test", id="name"),
    pytest.param((local(),), "", "cert.untrusted", "unable to get local issuer certificate", id="untrusted"),
    pytest.param((local(begins=60.3), MIDDLE), "", "cert.not-yet-valid", "begins in 60 days only", id="early")])
def test_a_listed_server(lab: Any, prove: Any, chain: tuple[Issued, ...], starttls: str, cause: str, words: str) -> None:
    """Nothing else is claimed: neither of the cluster's own, nor a second cause."""
    how: dict[str, Any] = {"starttls": starttls} if starttls else {"everywhere": words.startswith("ended")}
    with TlsServer(*chain, starttls=starttls) as server:
        record = prove("certificates", certificates=listed(server, **how))["certificates"]
        target = f"endpoint/{HOST}:{server.port}"
        assert_red(record, cause, [target], "confirmed", words)
        assert all(line.startswith(target) for line in record.evidence) and f"{HOST}:{server.port}" in record.next_command
        server.serve(local(), MIDDLE)  # renewed
        prove.green("certificates", certificates=listed(server, **how))


def test_one_that_signed_itself_by_design_is_no_fault(prove: Any) -> None:
    with TlsServer(local(by=None)) as server:
        record = prove("certificates", certificates={"endpoints": [
            {"host": HOST, "port": server.port, "self_signed": True}], "places": ["kubeconfig"]})["certificates"]
    assert (record.verdict, record.cause) == ("passed", "")


@pytest.mark.gauntlet
def test_two_at_once_are_both_told(lab: Any, prove: Any) -> None:
    """A certificate that ended explains nothing of cluster DNS, and the other way round."""
    with TlsServer(local(ends=-2), MIDDLE) as server, lab.fault.scale("kube-system", "coredns", 0):
        records = prove("certificates", "dns", certificates=listed(server))
    assert_red(records["certificates"], "cert.expiring", [f"endpoint/{HOST}:{server.port}"], "confirmed")
    assert records["dns"].cause == "dns.server-down" and records["dns"].consequence_of == ""
    prove.green("dns")


# ---- what is served and what is stored ---------------------------------------------------------------------------------
def _inside(**more: Any) -> dict[str, Any]:
    return {"endpoints": [{"host": NAME, "inside": True, "stored": f"{SPACE}/web", "ca": CA.pem, **more}]}


def test_a_server_that_has_not_loaded_its_new_certificate(prove: Any, others: Web) -> None:
    target = f"endpoint/{NAME}:443"
    others.store(leaf(), name="witness")
    others.store(leaf(begins=-1, ends=700), CA)
    record = prove("certificates", certificates=_inside())["certificates"]
    assert_red(record, "cert.not-reloaded", [target], "confirmed", f"secret/{SPACE}/web has a newer one since")
    assert "PRIVATE" not in json.dumps(prove.result) and "ends in" not in record.message
    others.restart()
    prove.green("certificates", certificates=_inside())
    assert others.lab.api(f"{others.secrets}/witness")["data"]["tls.key"], "what is somebody else's is as it was"


@pytest.mark.gauntlet
def test_a_secret_that_ends_is_a_fault_where_a_pod_uses_it(prove: Any, others: Web) -> None:
    others.store(leaf(ends=3), CA)
    others.store(leaf(ends=-9), CA, name="left-over")
    try:
        record = prove("certificates", certificates={"places": ["secrets"]})["certificates"]
        assert_red(record, "cert.expiring", [f"secret/{SPACE}/web"], "confirmed", f"noticed by pod/{SPACE}/web")
        others.store(leaf(), CA)
        record = prove("certificates", certificates={"places": ["secrets"]})["certificates"]
        assert record.verdict == "warned" and "left-over ended 9 days ago" in record.message and "no pod uses it" in record.message
    finally:
        others.lab.api(f"{others.secrets}/left-over", "DELETE")
        others.store(leaf(), CA)
        others.restart()
    prove.green("certificates")


@contextlib.contextmanager
def _ingress(others: Web, host: str) -> Iterator[None]:
    """An Ingress that was given the address of this machine, where a server of ours stands."""
    body = {"metadata": {"name": "site"}, "spec": {
        "tls": [{"hosts": [host], "secretName": "site"}],
        "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {
            "service": {"name": "web", "port": {"number": 443}}}}]}}]}}
    with others.lab.fault.extra(INGRESSES, body):
        others.lab.api(f"{INGRESSES}/site/status", "PATCH", {"status": {"loadBalancer": {"ingress": [{"ip": others.lab.host}]}}})
        yield


@pytest.mark.gauntlet
@pytest.mark.parametrize(("served", "cause", "words"), [
    (issue("default", ["ingress.local"]), "ingress.tls-secret", f"in place of the one of secret/{SPACE}/site"),
    (issue("site", ["www.site.test"], begins=-310), "cert.not-reloaded", f"secret/{SPACE}/site has a newer one since")])
def test_the_host_of_an_ingress(prove: Any, others: Web, served: Issued, cause: str, words: str) -> None:
    stored = issue("site", ["www.site.test"], begins=-1)
    others.store(stored, name="site")
    with _ingress(others, "www.site.test"), TlsServer(served, host=others.lab.host, port=443) as server:
        record = prove("certificates")["certificates"]
        assert_red(record, cause, [f"ingress/{SPACE}/site"], "confirmed", words)
        server.serve(stored)
        prove.green("certificates")
    others.lab.api(f"{others.secrets}/site", "DELETE")


# ---- what the cluster itself stands on ---------------------------------------------------------------------------------
@pytest.mark.parametrize(("bundle", "cause", "words"), [
    pytest.param(issue("tools-ca", ca=True), "webhook.ca-mismatch", "is signed by another key than that of the CA", id="another-ca"),
    pytest.param(issue("tools-ca", ca=True, ends=-9, key=CA.key), "cert.expiring", "its CA tools-ca ended 9 days ago", id="ended-ca",
                 marks=pytest.mark.gauntlet)])
def test_the_bundle_of_a_webhook(prove: Any, others: Web, bundle: Issued, cause: str, words: str) -> None:
    with others.lab.fault.extra(HOOKS, others.hook(bundle)):
        record = prove("certificates")["certificates"]
        assert_red(record, cause, ["validatingwebhookconfiguration/guard-of-others"], "confirmed", words)
    with others.lab.fault.extra(HOOKS, others.hook(CA)):
        prove.green("certificates")


@pytest.mark.gauntlet
def test_the_certificate_of_a_kubelet(lab: Any, prove: Any) -> None:
    node = lab.node_name("n2")
    with lab.fault.ending_certificate("n2", 5):
        records = prove("certificates", "nodes")
        assert_red(records["certificates"], "cert.expiring", [f"node/{node}"], "confirmed", f"node/{node} ends in 5 days")
        assert records["nodes"].verdict in ("passed", "warned"), "it works until then"
    prove.green("certificates", "nodes")


def test_a_kubelets_request_that_nobody_approves(lab: Any, prove: Any) -> None:
    """Somebody else's request, of another signer, waits beside it; that may be meant."""
    node = lab.node_name("n2")
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([
        x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "system:nodes"),
        x509.NameAttribute(x509.NameOID.COMMON_NAME, f"system:node:{node}")])).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(node)]), False)
    key = issue("any").key
    pem = base64.b64encode(request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)).decode()
    spec = {"request": pem, "usages": ["digital signature", "server auth"]}
    path = lab.folder / "pki/kubelet-n2.kubeconfig"

    def ask(name: str, signer: str) -> None:
        lab.kubectl("--kubeconfig", path, "create", "-f", "-", input=json.dumps({
            "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name},
            "spec": {**spec, "signerName": signer}}))

    try:
        ask("kubelet-n2", "kubernetes.io/kubelet-serving")
        ask("of-others", "example.com/somebody")
        record = prove("certificates", certificates={"pending_seconds": 0})["certificates"]
        assert_red(record, "cert.csr-pending", ["certificatesigningrequest/kubelet-n2", f"node/{node}"], "confirmed",
                   f"of system:node:{node} for kubernetes.io/kubelet-serving has waited")
        assert record.next_command.endswith(" describe csr kubelet-n2")
        lab.kubectl("certificate", "approve", "kubelet-n2")
        prove.green("certificates", certificates={"pending_seconds": 0})
        assert not lab.api(f"{CSRS}/of-others").get("status", {}).get("conditions"), "nobody touched it"
    finally:
        for name in ("kubelet-n2", "of-others"):
            with contextlib.suppress(OSError):
                lab.api(f"{CSRS}/{name}", "DELETE")


def _kubeconfig(lab: Any, ends: float) -> dict[str, Any]:
    pki = lab.folder / "pki"
    ca = Issued(x509.load_pem_x509_certificate((pki / "ca.crt").read_bytes()),
                serialization.load_pem_private_key((pki / "ca.key").read_bytes(), None))
    mine = issue("admin-that-ends", ends=ends, by=ca, groups=["system:masters"])
    config = yaml.safe_load(lab.kubeconfig.read_text(encoding="utf-8"))
    config["users"][0]["user"] = {f"client-{name}-data": base64.b64encode(text.encode()).decode()
                                  for name, text in (("certificate", mine.pem), ("key", mine.key_pem))}
    return config


def test_our_own_kubeconfig_near_its_end(lab: Any, prove: Any) -> None:
    own = {"places": ["kubeconfig"]}
    record = prove("certificates", connection={"kubeconfig": _kubeconfig(lab, 4)}, certificates=own)["certificates"]
    assert_red(record, "cert.expiring", ["kubeconfig/certificate"], "confirmed", "ends in 4 days", "this kubeconfig's user")
    prove.green("certificates", certificates=own)


@pytest.mark.gauntlet
def test_our_own_kubeconfig_after_its_end(lab: Any, prove: Any) -> None:
    """Nothing is known of the cluster then, and no certificate of it is blamed."""
    record = prove("certificates", connection={"kubeconfig": _kubeconfig(lab, -1)})["certificates"]
    assert_red(record, "api.unauthenticated", [], "confirmed", verdict="inconclusive")


# ---- licences ------------------------------------------------------------------------------------------------------
def test_a_licence_near_its_end(lab: Any, prove: Any) -> None:
    with FakeGitLab(license_of(5)) as fake:
        entry = {"licenses": [{"gitlab": fake.url, "name": "gitlab", "token": TOKEN}]}
        fake.weather = [502]
        record = prove("licenses", licenses=entry)["licenses"]
        assert_red(record, "license.expiring", ["license/gitlab"], "confirmed", "license/gitlab ends in")
        assert TOKEN not in json.dumps(prove.result) and record.next_command == f"curl -sS {fake.url}/api/v4/license"
        fake.license = license_of(400)
        prove.green("licenses", licenses=entry)


@pytest.mark.gauntlet
def test_a_licence_that_is_not_told_and_none_that_is_named(lab: Any, prove: Any) -> None:
    with FakeGitLab(community=True) as fake:
        record = prove("licenses", licenses={"licenses": [{"gitlab": fake.url, "name": "gitlab", "token": TOKEN}]})["licenses"]
    assert_red(record, "harness.precondition", ["license/gitlab"], "probable", "Community Edition", verdict="inconclusive")
    assert prove("licenses")["licenses"].verdict == "skipped"


# ---- the end -------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_run_that_is_killed_leaves_nothing(lab: Any, prove: Any) -> None:
    """All that it makes is its namespace with the probes; the next run takes them away."""
    def spaces() -> set[str]:
        return {n["metadata"]["name"] for n in lab.api("/api/v1/namespaces")["items"]}

    before = spaces()
    process = multiprocessing.get_context("fork").Process(target=prove, args=("certificates",))
    process.start()
    wait_for("the namespace of the run", lambda: spaces() - before, 60, 0.05)
    os.kill(int(process.pid or 0), signal.SIGKILL)
    process.join()
    prove.green("certificates")
    wait_for("nothing is left", lambda: spaces() == before, 60)
