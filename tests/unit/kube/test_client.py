# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests to a real HTTP server: what is sent, how every way to fail is told apart, TLS and proxies."""
from __future__ import annotations

import contextlib
import socket
import ssl
import threading

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube import library
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.lab.pki import Pki
from ansible_collections.assay.clusters.tests.unit.kube.server import Server


@pytest.fixture
def connect():
    """A client of a server by options; everything is closed in the end."""
    made = []

    def call(server="", **options):
        connection = Connection.resolve({"host": getattr(server, "url", server), **options}, {})
        made.append((Client(connection, in_flight=2), connection))
        return made[-1][0]

    yield call
    for client, connection in made:
        client.close()
        connection.close()


@pytest.fixture
def serve():
    """Servers that answer with respond(request) until the test ends."""
    made = []

    def call(respond, **more):
        made.append(Server(respond, **more).start())
        return made[-1]

    yield call
    for server in made:
        server.stop()


def _error(call, *arguments, **more) -> ApiError:
    with pytest.raises(ApiError) as e:
        call(*arguments, **more)
    return e.value


# ---- what is sent and read ------------------------------------------------------------------------------------
def test_a_request_carries_credentials_impersonation_query_and_body(serve, connect):
    server = serve(lambda r: r.answer({"got": r.data}))
    client = connect(server, api_key="abc", impersonate_user="jane", impersonate_groups=["dev", "ops"])
    assert client.create("/api/v1/namespaces", {"a": "ü"}) == {"got": {"a": "ü"}}
    client.get("/api/v1/pods?limit=1", {"labelSelector": "a=b,c", "x": ["1", "2"]})
    post, get = server.requests
    assert post.headers["Authorization"] == "Bearer abc" and post.headers["Impersonate-User"] == "jane"
    assert post.headers.get_all("Impersonate-Group") == ["dev", "ops"]
    assert post.headers["Content-Type"] == "application/json" and get.headers["Content-Type"] is None
    assert get.url == "/api/v1/pods?limit=1&labelSelector=a%3Db%2Cc&x=1&x=2"
    assert client.requests == 2


def test_a_server_below_a_path_is_asked_below_it(serve, connect):
    server = serve(lambda r: r.answer({}))
    connect(server.url + "/k8s/clusters/c-1/").get("/version")
    assert server.requests[0].path == "/k8s/clusters/c-1/version"


def test_answers_are_json_or_as_they_are_and_come_with_their_headers(serve, connect):
    server = serve(lambda r: r.answer("ok" if r.path == "/readyz" else {"a": 1}, headers={"X-Kind": "some"}))
    client = connect(server)
    assert client.get("/readyz", raw=True) == "ok"
    answer, headers = client.get("/version", with_headers=True)
    assert answer == {"a": 1} and headers["X-Kind"] == "some"
    error = _error(client.get, "/readyz")
    assert (error.kind, error.reason) == ("http", "NotJSON") and "ok" in error.message


def test_connections_are_kept_and_a_kept_one_that_the_server_closed_is_no_error(serve, connect):
    server = serve(lambda r: r.answer({}))
    client = connect(server)
    for _turn in range(3):
        client.get("/version")
    assert client.connections == 1
    server.drop()
    assert client.get("/version") == {}


def test_no_more_requests_than_allowed_are_in_flight(serve, connect):
    inside, most, lock = [], [], threading.Lock()
    gate = threading.Event()

    def respond(request):
        with lock:
            inside.append(request)
            most.append(len(inside))
            if len(inside) == 2:
                gate.set()
        gate.wait(5)
        with lock:
            inside.remove(request)
        request.answer({})

    client = connect(serve(respond))
    threads = [threading.Thread(target=client.get, args=(f"/{n}",)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert len(most) == 6 and max(most) == 2


# ---- errors ---------------------------------------------------------------------------------------------------
FORBIDDEN = 'pods is forbidden: User "jane" cannot list resource "pods" in API group "" at the cluster scope'


def test_an_error_of_the_api_server_keeps_its_words(serve, connect):
    error = _error(connect(serve(lambda r: r.refuse(403, "Forbidden", FORBIDDEN))).get, "/api/v1/pods")
    assert (error.kind, error.status, error.reason, error.message) == ("http", 403, "Forbidden", FORBIDDEN)
    assert (error.verb, error.resource) == ("list", "pods") and error.body["kind"] == "Status"
    assert str(error) == f"GET /api/v1/pods: {FORBIDDEN}"
    assert error.as_dict() == {"kind": "http", "status": 403, "reason": "Forbidden", "message": FORBIDDEN,
                               "method": "GET", "path": "/api/v1/pods", "verb": "list", "resource": "pods"}


@pytest.mark.parametrize(("status", "text", "message"), [
    (502, "<html><title>502 Bad Gateway</title>\n<body>nginx</body></html>", "502 Bad Gateway"), (404, "", "Not Found"), (301, "", "Moved Permanently"),
    (500, "x" * 9000, "x" * 4000), (503, '{"kind": "Other"}', '{"kind": "Other"}')])
def test_an_error_of_something_else_on_the_way_has_no_status_object(serve, connect, status, text, message):
    error = _error(connect(serve(lambda r: r.answer(text, status, {"Location": "http://127.0.0.1:1/"}))).get, "/version")
    assert (error.kind, error.status, error.body) == ("http", status, None)
    assert error.message == message and (error.verb, error.resource) == ("", "")
    assert error.page == error.as_dict().get("page", False) == (status == 502)


def test_nobody_listens(serve, connect):
    server = serve(lambda r: r.answer({}))
    client = connect(server)
    server.stop()
    error = _error(client.get, "/version")
    assert (error.kind, error.status) == ("unreachable", None)
    assert error.message == f"{client.server}: Connection refused"


def test_no_answer_in_time(serve, connect):
    done = threading.Event()
    error = _error(connect(serve(lambda r: done.wait(10))).get, "/version", timeout=0.3)
    done.set()
    assert (error.kind, error.status) == ("timeout", None) and "no answer" in error.message


def test_a_connection_cut_before_the_answer_is_unreachable_and_a_create_is_not_repeated(serve, connect):
    server = serve(lambda r: r.hang_up())
    client = connect(server)
    assert _error(client.create, "/api/v1/namespaces", {}).kind == "unreachable"
    assert len(server.requests) == 1


def test_an_unknown_name(connect):
    error = _error(connect("https://no-such-host.invalid:6443").get, "/version")
    assert error.kind == "dns" and error.status is None


# ---- TLS ------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("pki"))
    made.ca("ca", "test")
    made.ca("other", "somebody else")
    made.cert("server", "ca", "api", names=["api.test"], addresses=["127.0.0.1"], server=True)
    made.cert("elsewhere", "ca", "api", names=["api.test"], server=True)
    made.cert("jane", "ca", "jane", groups=["dev"])
    return made.folder


def _tls(pki, name="server", clients=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / f"{name}.crt", pki / f"{name}.key")
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(pki / "ca.crt")
    return context


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_the_servers_certificate_is_verified_with_the_given_authority(serve, connect, pki):
    server = serve(lambda r: r.answer({}), tls=_tls(pki))
    assert connect(server, ca_cert=str(pki / "ca.crt")).get("/version") == {}
    assert connect(server, validate_certs=False).get("/version") == {}
    error = _error(connect(server, ca_cert=str(pki / "other.crt")).get, "/version")
    assert (error.kind, error.status) == ("tls", None) and "CERTIFICATE_VERIFY_FAILED" in error.message
    assert len(server.requests) == 2


def test_a_certificate_for_another_name_is_refused(serve, connect, pki):
    server = serve(lambda r: r.answer({}), tls=_tls(pki, "elsewhere"))
    error = _error(connect(server, ca_cert=str(pki / "ca.crt")).get, "/version")
    assert error.kind == "tls" and "127.0.0.1" in error.message
    config = {"clusters": [{"name": "a", "cluster": {"server": server.url, "tls-server-name": "api.test",
                                                     "certificate-authority": str(pki / "ca.crt")}}],
              "contexts": [{"name": "a", "context": {"cluster": "a"}}]}
    assert connect("", kubeconfig=config).get("/version") == {}


def test_a_client_certificate_says_who_we_are(serve, connect, pki):
    def respond(request):
        subject = dict(part[0] for part in request.handler.connection.getpeercert()["subject"])
        request.answer({"user": subject["commonName"], "group": subject["organizationName"]})

    server = serve(respond, tls=_tls(pki, clients=True))
    client = connect(server, ca_cert=str(pki / "ca.crt"), client_cert=str(pki / "jane.crt"),
                     client_key=str(pki / "jane.key"))
    assert client.get("/version") == {"user": "jane", "group": "dev"}


def test_a_balancer_without_a_server_behind_it_is_an_absence_and_no_certificate_trouble(connect):
    """It takes the connection and ends it at once: so looks every restart of an API server behind one."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def accept():
            while True:
                try:
                    taken = listening.accept()[0]
                except OSError:
                    return
                taken.recv(4096)  # the client's hello, so that the end is an orderly one
                taken.close()

        threading.Thread(target=accept, daemon=True).start()
        error = _error(connect(f"https://127.0.0.1:{listening.getsockname()[1]}").get, "/version")
        listening.shutdown(socket.SHUT_RDWR)
    assert error.kind == "unreachable"


def test_what_does_not_speak_tls_has_no_certificate_to_renew(serve, connect):
    plain = serve(lambda r: r.answer("plain", 400))
    address = plain.url.replace("http:", "https:")
    error = _error(connect(address).get, "/version")
    assert (error.kind, error.reason) == ("unreachable", "NotTLS")
    assert error.message.startswith(f"what answers at {address} does not speak TLS")
    through = _error(connect("https://api.test:6443", proxy=address).get, "/version")
    assert through.kind == "unreachable" and "proxy" in through.message.lower()


@pytest.mark.parametrize("answer", ["cut off", "moved"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_nothing_is_asked_again_behind_our_back(serve, answer, method):
    """Whoever uses the pool knows what may be repeated; the library would do it three times."""
    server = serve(lambda r: r.hang_up() if answer == "cut off" else r.answer({}, 302, {"Location": "/elsewhere"}))
    connection = Connection.resolve({"host": server.url}, {})
    try:
        with contextlib.suppress(library.load().urllib3.exceptions.HTTPError):
            connection.pool().request(method, f"{server.url}/version")
    finally:
        connection.close()
    assert [r.path for r in server.requests] == ["/version"]


# ---- proxies --------------------------------------------------------------------------------------------------
def test_a_proxy_is_asked_with_its_headers_unless_the_server_is_excepted(serve, connect):
    server, proxy = serve(lambda r: r.answer({"by": "server"})), serve(lambda r: r.answer({"by": "proxy"}))
    through = {"proxy": proxy.url, "proxy_headers": {"proxy_basic_auth": "user:word"}}
    assert connect(server, **through).get("/version") == {"by": "proxy"}
    assert proxy.requests[0].headers["Proxy-Authorization"] == "Basic dXNlcjp3b3Jk"
    for excepted in ("127.0.0.1", "10.0.0.0/8, 127.0.0.0/8", "*"):
        assert connect(server, **through, no_proxy=excepted).get("/version") == {"by": "server"}
    assert connect(server, **through, no_proxy="10.0.0.0/8").get("/version") == {"by": "proxy"}


def test_a_proxy_that_is_away_or_refuses_is_told(serve, connect, pki):
    proxy = serve(lambda r: r.answer("no", 407))
    error = _error(connect("https://api.test:6443", proxy=proxy.url).get, "/version")
    assert error.kind == "unreachable" and "407" in error.message
    proxy.stop()
    assert _error(connect("https://api.test:6443", proxy=proxy.url).get, "/version").kind == "unreachable"


def test_the_proxy_of_the_environment_is_used(serve, connect, monkeypatch):
    server, proxy = serve(lambda r: r.answer({"by": "server"})), serve(lambda r: r.answer({"by": "proxy"}))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert connect(server).get("/version") == {"by": "proxy"}
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert connect(server).get("/version") == {"by": "server"}
