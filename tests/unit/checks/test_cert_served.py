# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates as real servers show them: whole chains, STARTTLS, names and trust as OpenSSL has them."""
from __future__ import annotations

import contextlib
import socket
import ssl
import threading

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates import served
from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates.read import broken_at, named, of_der, of_ders, of_pem
from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates.served import NotServed, Place
from tests.fakes.authority import chain_pem, issue
from tests.fakes.ports import free_port
from tests.fakes.tls_server import TlsServer

ROOT = issue("root", ca=True)
MIDDLE = issue("middle", by=ROOT, ca=True)
LEAF = issue("leaf", ["leaf.test", "*.wild.test"], ["127.0.0.1", "::1"], by=MIDDLE)
OTHER = issue("root", ca=True)  # another key by the same name


def place(server, starttls="", name="leaf.test"):
    return Place("127.0.0.1", server.port, name, starttls)


@pytest.mark.parametrize("newest", [None, ssl.TLSVersion.TLSv1_2])
@pytest.mark.parametrize("client_ca", ["", ROOT.pem])
def test_the_whole_chain_is_seen_as_it_is_sent(newest, client_ca):
    """Also of a server that would not go on with a stranger."""
    with TlsServer(LEAF, MIDDLE, ROOT, newest=newest, client_ca=client_ca) as server:
        assert served.chain(place(server)) == [LEAF.der, MIDDLE.der, ROOT.der]


@pytest.mark.parametrize("starttls", served.STARTTLS)
def test_starttls(starttls):
    with TlsServer(LEAF, MIDDLE, starttls=starttls) as server:
        assert served.chain(place(server, starttls)) == [LEAF.der, MIDDLE.der]


def test_a_server_without_starttls_says_so():
    with TlsServer(LEAF, starttls="refuses") as server, pytest.raises(NotServed, match=r"^does not start TLS: 502 5\.5\.1"):
        served.chain(place(server, "smtp"))


def test_what_does_not_answer_or_speaks_no_tls():
    with pytest.raises(NotServed, match="^cannot be reached: Connection refused"):
        served.chain(Place("127.0.0.1", free_port(), "leaf.test"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def talk():
            with contextlib.suppress(OSError):
                sock = listener.accept()[0]
                sock.sendall(b"SSH-2.0-server\r\n")
                sock.recv(1000)
                sock.close()
        threading.Thread(target=talk, daemon=True).start()
        with pytest.raises(NotServed, match="^does not speak TLS with us: wrong version number"):
            served.chain(Place("127.0.0.1", listener.getsockname()[1], "leaf.test"))


class OfPython:
    """A connection as a version of Python has it: the chain by a public function, by an inner one, or not at all."""

    def __init__(self, public=None, inner=None):
        if public:
            self.get_unverified_chain = lambda: public
        if inner:
            self._sslobj = type("Inner", (), {"get_unverified_chain": staticmethod(lambda: inner)})()

    def getpeercert(self, binary_form):
        return LEAF.der


class Held:
    def public_bytes(self, kind):
        return MIDDLE.der if kind == 2 else "-----BEGIN"


@pytest.mark.parametrize(("sock", "chain"), [
    (OfPython(public=[LEAF.der, MIDDLE.der]), [LEAF.der, MIDDLE.der]), (OfPython(inner=[Held()]), [MIDDLE.der]),
    (OfPython(), [LEAF.der])])
def test_the_chain_is_told_by_every_python(sock, chain):
    assert served.sent(sock) == chain


@pytest.mark.parametrize(("chain", "ca", "taken", "words"), [
    ((LEAF, MIDDLE), ROOT.pem, True, ""), ((LEAF, MIDDLE), MIDDLE.pem, True, ""), ((LEAF, MIDDLE), LEAF.pem, True, ""),
    ((LEAF,), ROOT.pem, False, "unable to get local issuer certificate"),
    ((LEAF, MIDDLE), OTHER.pem, False, "certificate signature failure|unable to get local issuer certificate"),
    ((issue("self", ["leaf.test"]),), ROOT.pem, False, "self-signed certificate"),
    ((issue("old", ["leaf.test"], ends=-1, by=MIDDLE), MIDDLE), ROOT.pem, False, "")])
def test_trust_is_openssls_and_ours_agrees(chain, ca, taken, words):
    """A time that is wrong is no matter of trust; what nobody took is not said to have been taken."""
    with TlsServer(*chain) as server:
        said, was = served.distrust(place(server), None, ca)
    assert was is taken and (said == "" if not words else any(w in said for w in words.split("|"))), said
    ours = broken_at(of_ders([c.der for c in chain]), of_pem(ca))
    assert bool(ours) is bool(words), ours


@pytest.mark.parametrize(("name", "good"), [
    ("leaf.test", True), ("LEAF.test.", True), ("other.test", False), ("a.wild.test", True), ("wild.test", False),
    ("a.b.wild.test", False), (".wild.test", False), ("127.0.0.1", True), ("127.0.0.2", False), ("::1", True),
    ("0:0:0:0:0:0:0:1", True), ("leaf", False)])
def test_names_are_taken_as_clients_take_them(name, good):
    assert of_der(LEAF.der).is_for(name) is good
    if name[0] == "." or name[-1] == ".":
        return  # OpenSSL is not asked for what is no name
    client = ssl.create_default_context(cadata=ROOT.pem)
    with TlsServer(LEAF, MIDDLE) as server, socket.create_connection(("127.0.0.1", server.port)) as sock:
        try:
            client.wrap_socket(sock, server_hostname=name).close()
            assert good
        except ssl.SSLCertVerificationError as e:
            assert not good and "match" in e.verify_message.lower() or "mismatch" in e.verify_message.lower()


def test_pem_text_is_read_without_what_else_is_in_it():
    text = "words\n" + LEAF.key_pem + chain_pem(LEAF, MIDDLE) + "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----"
    found = of_pem(text)
    assert [named(c) for c in found] == ["leaf", "middle"] and "PRIVATE" not in repr(found)


@pytest.mark.parametrize(("chain", "anchors", "words"), [
    ([LEAF, MIDDLE], [ROOT], ""), ([MIDDLE, LEAF], [ROOT], ""), ([LEAF, ROOT, MIDDLE], [ROOT], ""),
    ([LEAF], [ROOT], "leaf is signed by CN=middle, which is neither trusted nor sent along"),
    ([LEAF, MIDDLE], [OTHER], "middle is signed by another key than that of the CA CN=root, which is trusted"),
    ([ROOT], [MIDDLE], "root signed itself, and is not trusted"),
    ([LEAF, MIDDLE], [], "middle is signed by CN=root, which is neither trusted nor sent along")])
def test_where_a_chain_breaks_is_said(chain, anchors, words):
    assert broken_at(of_ders([c.der for c in chain]), of_ders([c.der for c in anchors])) == words
