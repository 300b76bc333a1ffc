# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking pods through the pod proxy, a port-forward or a command: the order, what is remembered, what is whose failure."""
from __future__ import annotations

import ssl
import sys
import threading

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.transport import PodHttp, TransportError
from ansible_collections.assay.clusters.tests.unit.kube.server import Server

# A thread that breaks would write its traceback between the lines of the user's playbook.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
FORBIDDEN = (403, "Forbidden", 'cannot get resource "pods/proxy"')
UNREACHABLE = (503, "ServiceUnavailable", "error trying to reach service: dial tcp 10.0.0.7:8080: i/o timeout")


@pytest.fixture
def ask(pods):
    """PodHttp of the fake by transport."""
    made = []

    def make(transport="auto", **options):
        connection = Connection.resolve({"host": pods.server.url, "api_key": "abc", **options}, {})
        made.append((Client(connection), connection))
        return PodHttp(made[-1][0], "n", transport)

    yield make
    for client, connection in made:
        client.close()
        connection.close()


@pytest.mark.parametrize(("broken", "transport"), [
    ({}, "pod-proxy"), ({"proxy": FORBIDDEN}, "port-forward"), ({"proxy": UNREACHABLE}, "port-forward"),
    ({"proxy": (404, "NotFound", "no such resource")}, "port-forward"),
    ({"proxy": FORBIDDEN, "port_forward": FORBIDDEN}, "exec")])
def test_the_first_way_that_leads_to_the_pod_is_taken_and_kept(pods, ask, broken, transport):
    pods.broken = broken
    http = ask()
    for question in ("/hostname?a=b&c=d%20e", "/again"):
        answer = http.get("p", 8080, question)
        assert (answer.text, answer.status, answer.transport) == (f"pod says {question}", 200, transport)
    assert http.transport == transport and pods.questions == ["/hostname?a=b&c=d%20e", "/again"]
    for way, path in (("proxy", "proxy"), ("port_forward", "portforward")):
        if way in broken:
            assert len([r for r in pods.server.requests if r.path.split("/")[7] == path]) == 1


def test_each_pod_has_its_own_way_and_all_that_are_used_are_told(pods, ask):
    http = ask()
    http.get("p", 8080, "/")
    pods.broken = {"proxy": UNREACHABLE}
    assert http.get("q", 8080, "/").transport == "port-forward"
    assert http.transport == "pod-proxy,port-forward"


@pytest.mark.parametrize(("transport", "name"), [("proxy", "pod-proxy"), ("port_forward", "port-forward"),
                                                 ("exec", "exec")])
def test_a_chosen_way_is_the_only_one(pods, ask, transport, name):
    assert ask(transport).get("p", 8080, "/x").transport == name
    pods.broken = {transport: UNREACHABLE}
    with pytest.raises(TransportError) as e:
        ask(transport).get("q", 8080, "/x")
    assert str(e.value).startswith(f"pod n/q: {name}: ") and e.value.args[0].count("; ") == 0


def test_no_way_at_all_names_them_all(pods, ask):
    pods.broken = {"proxy": FORBIDDEN, "port_forward": (403, "Forbidden", "no"), "exec": (403, "Forbidden", "no")}
    with pytest.raises(TransportError) as e:
        ask().get("p", 8080, "/")
    said = str(e.value)
    assert said.startswith(f"pod n/p: pod-proxy: {FORBIDDEN[2]}; port-forward: ") and "; exec: " in said
    assert said.count("403") == 2 and "Sec-" not in said and "abc" not in said


@pytest.mark.parametrize(("status", "text"), [(500, "my own fault"), (404, "not mine"), (503, "draining")])
@pytest.mark.parametrize("transport", ["proxy", "port_forward"])
def test_an_error_that_the_pod_itself_answers_is_its_answer(pods, ask, transport, status, text):
    pods.pod = lambda path: (text, status)
    answer = ask(transport).get("p", 8080, "/")
    assert (answer.text, answer.status) == (text, status)


@pytest.mark.parametrize("refusal", [(401, "Unauthorized", "who are you"), (409, "Conflict", "no"),
                                     (410, "Gone", "gone")])
def test_what_no_other_way_can_mend_is_the_api_servers_error(pods, ask, refusal):
    pods.broken = {"proxy": refusal}
    with pytest.raises(ApiError) as e:
        ask().get("p", 8080, "/")
    assert e.value.status == refusal[0] and len(pods.server.requests) == 1


def test_an_api_server_that_is_away_is_not_a_failure_of_the_way(pods, ask):
    http = ask()
    pods.server.stop()
    with pytest.raises(ApiError) as e:
        http.get("p", 8080, "/")
    assert e.value.kind == "unreachable"
    pods.server.start()
    assert http.get("p", 8080, "/").transport == "pod-proxy"


def test_a_port_forward_is_kept_open_and_made_anew_when_it_was_lost(pods, ask):
    http = ask("port_forward")
    for _turn in range(3):
        http.get("p", 8080, "/")
    assert pods.forwards == 1
    pods.server.drop()
    assert http.get("p", 8080, "/").text == "pod says /"
    http.get("p", 9090, "/")
    assert pods.forwards == 3


def test_a_pod_that_ends_the_connection_after_each_answer_is_asked_on(pods, ask):
    pods.close_after_answer = True
    http = ask("port_forward")
    assert [http.get("p", 8080, f"/{n}").text for n in range(3)] == ["pod says /0", "pod says /1", "pod says /2"]


def test_a_port_forward_that_is_cut_is_told_without_a_traceback(pods, ask, capfd):
    pods.cut_forwards = True
    for _turn in range(5):
        with pytest.raises(TransportError, match="port-forward: "):
            ask("port_forward").get("p", 8080, "/", timeout=5)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("transport", ["proxy", "port_forward", "exec"])
def test_many_ask_at_once_and_each_gets_its_own_answer(pods, ask, transport):
    http, seen = ask(transport), {}

    def one(n):
        seen[n] = http.get(f"p{n % 2}", 8080, f"/{n}").text

    threads = [threading.Thread(target=one, args=(n,)) for n in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(20)
    assert seen == {n: f"pod says /{n}" for n in range(12)}


@pytest.mark.parametrize("transport", ["port_forward", "exec"])
def test_the_credentials_are_those_of_the_connection(pods, ask, transport):
    ask(transport, impersonate_user="jane").get("p", 8080, "/")
    headers = pods.server.requests[0].headers
    assert headers["Authorization"] == "Bearer abc" and headers["Impersonate-User"] == "jane"


@pytest.mark.parametrize("transport", ["proxy", "port_forward"])
def test_long_and_foreign_answers_arrive_whole(pods, ask, transport):
    pods.pod = lambda path: ("ü" * 20000, 200)
    assert ask(transport).get("p", 8080, "/").text == "ü" * 20000


@pytest.mark.parametrize("proxy", ["https://127.0.0.1:9", "http://127.0.0.1:9"])
def test_a_proxy_that_websockets_cannot_use_is_a_failure_of_that_way(pods, ask, proxy):
    with pytest.raises(TransportError, match="^pod n/p: exec: "):
        ask("exec", proxy=proxy).get("p", 8080, "/")


def test_a_proxy_is_asked_by_websockets_with_its_user(pods, ask):
    with Server(lambda r: r.answer("no", 407)) as proxy:
        with pytest.raises(TransportError, match="^pod n/p: exec: "):
            ask("exec", proxy=proxy.url.replace("://", "://user:word@")).get("p", 8080, "/")
    assert [(r.method, r.headers["Proxy-Authorization"]) for r in proxy.requests] == [("CONNECT", "Basic dXNlcjp3b3Jk")]


def test_websockets_ask_for_the_name_that_the_certificate_is_for(resolve, pair):
    context, names = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    context.load_cert_chain(pair / "server.crt", pair / "server.key")
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with Server(lambda r: r.refuse(403, "Forbidden", "no"), tls=context) as server:
        cluster = {"server": server.url, "tls-server-name": "localhost", "certificate-authority": str(pair / "ca.crt")}
        client = Client(resolve({"kubeconfig": {"clusters": [{"name": "a", "cluster": cluster}],
                                                "contexts": [{"name": "a", "context": {"cluster": "a"}}]}}))
        with pytest.raises(TransportError, match="Handshake status 403: no"):
            PodHttp(client, "n", "exec").get("p", 80, "/")
    assert names == ["localhost"]


def test_the_package_that_websockets_need_for_socks_is_named(pods, ask, monkeypatch):
    monkeypatch.setitem(sys.modules, "python_socks", None)
    http = ask("exec")
    http.client.connection.configuration.proxy = "socks5h://127.0.0.1:9"
    with pytest.raises(TransportError, match="^pod n/p: exec: the Python package python-socks is needed by "):
        http.get("p", 8080, "/")


def test_a_key_file_that_was_changed_meanwhile_is_a_failure_of_that_way(resolve, pair, tmp_path):
    for name in ("jane.crt", "jane.key"):
        (tmp_path / name).write_text((pair / name).read_text())
    client = Client(resolve({"host": "https://127.0.0.1:1", "client_cert": str(tmp_path / "jane.crt"),
                             "client_key": str(tmp_path / "jane.key")}))
    (tmp_path / "jane.key").write_text("")
    with pytest.raises(TransportError, match=r"^pod n/p: exec: "):
        PodHttp(client, "n", "exec").get("p", 80, "/")
