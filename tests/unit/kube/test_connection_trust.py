# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom credentials are sent to: no scheme means https, and what asks for more care is not undone by anything else."""
from __future__ import annotations

import datetime
import itertools
import json
import ssl

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError, BadInput
from ansible_collections.assay.clusters.tests.unit.kube.kubeconfigs import coded, config
from ansible_collections.assay.clusters.tests.unit.kube.server import Server


@pytest.fixture
def serve(pair):
    """serve(tls=True): an API server that answers everything."""
    made = []

    def start(tls=True):
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pair / "server.crt", pair / "server.key")
        made.append(Server(lambda r: r.answer({"gitVersion": "v1"}), tls=context).start())
        return made[-1]

    yield start
    for server in made:
        server.stop()


# ---- plain HTTP -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("server", "host"), [
    ("10.0.0.1:6443", "https://10.0.0.1:6443"), ("kube.example.com", "https://kube.example.com"),
    ("HTTPS://a:1/", "https://a:1"),
    ("[::1]:6443", "https://[::1]:6443"), (" https://a \n", "https://a"), ("HTTP://a", "http://a")])
def test_an_address_without_a_scheme_is_https(resolve, server, host):
    assert resolve({"kubeconfig": config("east", cluster={"server": server})}).server == host
    assert resolve({"host": server}).server == host


def test_the_token_never_reaches_a_plain_server_that_was_written_without_a_scheme(serve, resolve):
    server = serve(tls=False)
    address = server.url.removeprefix("http://")
    for options in ({"kubeconfig": config("east", cluster={"server": address})}, {"host": address, "api_key": "abc"}):
        with pytest.raises(ApiError):
            Client(resolve(options)).get("/version")
    assert server.requests == []


def test_https_in_capitals_has_its_ca_read(serve, resolve, pair):
    server = serve()
    cluster = {"server": server.url.upper(), "certificate-authority-data": coded(pair / "ca.crt")}
    assert Client(resolve({"kubeconfig": config("east", cluster=cluster)})).get("/version") == {"gitVersion": "v1"}


@pytest.mark.parametrize("server", ["https://jane:secret@a", "ftp://a", "https://", "https://a:99999", "https://a b",
                                    "https://[a"])
def test_what_is_no_address_is_one_sentence(resolve, server):
    for options, where in (({"host": server, "api_key": "x"}, "host: "),
                           ({"kubeconfig": config("east", cluster={"server": server})},
                            "kubeconfig: clusters[east].server ")):
        with pytest.raises(BadInput) as e:
            resolve(options)
        assert str(e.value).startswith(where) and "\n" not in str(e.value) and "secret" not in str(e.value)


def test_http_that_is_written_is_what_was_asked_for(serve, resolve):
    server = serve(tls=False)
    assert Client(resolve({"host": server.url, "api_key": "abc"})).get("/version") == {"gitVersion": "v1"}


@pytest.mark.parametrize("asks", ["validate_certs", "environment", "ca_cert", "kubeconfig", "tls-server-name",
                                  "certificate"])
def test_credentials_do_not_go_in_the_clear_where_anything_asks_for_tls(serve, resolve, pair, asks):
    server = serve(tls=False)
    options, environ = {"host": server.url, "api_key": "abc"}, {}
    if asks == "validate_certs":
        options["validate_certs"] = True
    elif asks == "environment":
        environ["K8S_AUTH_VERIFY_SSL"] = "yes"
    elif asks == "ca_cert":
        options["ca_cert"] = str(pair / "ca.crt")
    elif asks == "certificate":
        options.update(client_cert=str(pair / "jane.crt"), client_key=str(pair / "jane.key"))
    else:
        cluster = {"tls-server-name": "a"} if asks == "tls-server-name" else {"certificate-authority": str(pair / "ca.crt")}
        options = {"host": server.url, "kubeconfig": config("east", cluster=cluster)}
    with pytest.raises(BadInput) as e:
        resolve(options, **environ)
    assert str(e.value).startswith(f"host: {server.url} would get the credentials in the clear, though ")
    assert server.requests == []


# ---- verification -----------------------------------------------------------------------------------------------
def _program(tmp_path, expires="2001-01-01T00:00:00Z"):
    said = {"apiVersion": "v1", "kind": "ExecCredential", "status": {"token": "abc", "expirationTimestamp": expires}}
    script = tmp_path / "sign-in"
    script.write_text(f"#!/bin/sh\necho '{json.dumps(said)}'\n")
    script.chmod(0o700)
    return {"exec": {"apiVersion": "v1", "command": str(script)}}


@pytest.fixture(params=["token", "tokenFile", "exec", "certificate", "oidc"])
def user(request, pair, tmp_path):
    """A user of a kubeconfig, by each way to sign in."""
    (tmp_path / "token").write_text("abc")
    return {"token": {"token": "abc"}, "tokenFile": {"tokenFile": str(tmp_path / "token")}, "exec": _program(tmp_path),
            "certificate": {"client-certificate": str(pair / "jane.crt"), "client-key": str(pair / "jane.key")},
            "oidc": {"auth-provider": {"name": "oidc", "config": {"id-token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJqYW5lIn0.c2ln"}}},
            }[request.param]


@pytest.mark.parametrize(("cluster", "options", "attribute", "wanted"), [
    ({"insecure-skip-tls-verify": True}, {"validate_certs": True}, "verify_ssl", True),
    ({"certificate-authority": "jane.crt"}, {"validate_certs": False}, "verify_ssl", False),
    ({"certificate-authority": "jane.crt"}, {"ca_cert": "ca.crt"}, "ssl_ca_cert", "ca.crt"),
    ({"insecure-skip-tls-verify": True}, {"ca_cert": "ca.crt"}, "verify_ssl", True),
    ({}, {"host": "https://other"}, "host", "https://other"), ({}, {"proxy": "http://p:1"}, "proxy", "http://p:1"),
    ({}, {"client_cert": "joe.crt", "client_key": "joe.key"}, "cert_file", "joe.crt"),
])
def test_an_option_stays_in_force_when_credentials_are_renewed(resolve, pair, user, cluster, options, attribute, wanted):
    def files(values):
        return {k: str(pair / v) if str(v).endswith((".crt", ".key")) else v for k, v in values.items()}

    found = resolve({"kubeconfig": config("east", user=user, cluster=files(cluster)), **files(options)})
    for _turn in range(2):
        assert getattr(found.configuration, attribute) == next(iter(files({"": wanted}).values()))
        found.headers()
        found.secrets()


def test_a_token_does_not_reach_a_server_that_is_not_the_one_meant(serve, resolve, pair, tmp_path, user):
    """The kubeconfig would trust anybody."""
    server = serve()
    found = resolve({"kubeconfig": config("east", user=user, cluster={"server": server.url,
                                                                      "insecure-skip-tls-verify": True}),
                     "validate_certs": True})
    found.secrets()
    with pytest.raises(ApiError) as e:
        Client(found).get("/version")
    assert e.value.kind == "tls" and server.requests == []


LOOSE, TIGHT, NONE = False, True, None


@pytest.mark.parametrize(("option", "environ", "insecure", "ca"), list(itertools.product(
    (LOOSE, TIGHT, NONE), (LOOSE, TIGHT, NONE), (LOOSE, TIGHT, NONE), ("option", "environment", "kubeconfig", ""))))
def test_what_asks_for_verification_is_undone_by_its_own_name_only(resolve, pair, option, environ, insecure, ca):
    """Verification ends where validate_certs says so, or a kubeconfig that is asked for nothing else."""
    cluster = {} if insecure is None else {"insecure-skip-tls-verify": not insecure}
    options = {} if option is None else {"validate_certs": option}
    env = {} if environ is None else {"K8S_AUTH_VERIFY_SSL": str(environ)}
    path = str(pair / "ca.crt")
    if ca == "option":
        options["ca_cert"] = path
    elif ca == "environment":
        env["K8S_AUTH_SSL_CA_CERT"] = path
    elif ca:
        cluster["certificate-authority"] = path
    env["K8S_AUTH_KUBECONFIG"] = json.dumps(config("east", cluster=cluster))
    wanted = (option if option is not None else TIGHT if ca == "option" else environ if environ is not None
              else TIGHT if ca == "environment" else insecure is not LOOSE)
    if ca == "kubeconfig" and insecure is LOOSE and option is None and environ is None:
        with pytest.raises(BadInput, match="certificate-authority and insecure-skip-tls-verify; leave one of them out"):
            resolve(options, **env)
    else:
        assert resolve(options, **env).configuration.verify_ssl is wanted


# ---- a proxy ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("value", ["proxy:3128", "127.0.0.1:3128", "ldap://p", "//p", "http://",
                                   "http://jane:secret@p:99999",
                                   "jane:secret@p:3128"])
def test_a_proxy_that_is_none_is_one_sentence(resolve, value):
    for options, where in (({"host": "https://a", "proxy": value}, "proxy: "),
                           ({"kubeconfig": config("east", cluster={"proxy-url": value})},
                            "kubeconfig: clusters[east].proxy-url ")):
        with pytest.raises(BadInput) as e:
            resolve(options)
        assert str(e.value).startswith(where) and "\n" not in str(e.value) and "secret" not in str(e.value)


def test_a_socks_proxy_needs_a_package_and_says_so(resolve, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "socks", None)
    with pytest.raises(BadInput, match="^the Python package PySocks is needed by .* pip install PySocks$"):
        resolve({"kubeconfig": config("east", cluster={"proxy-url": "socks5://127.0.0.1:1080"})})


def test_a_proxy_of_the_environment_may_be_without_a_scheme(resolve, monkeypatch):
    monkeypatch.setenv("https_proxy", "proxy.test:3128")
    assert resolve({"host": "https://a"}).configuration.proxy == "http://proxy.test:3128"


def test_an_issuer_of_tokens_is_verified(resolve, monkeypatch):
    """Its answer says where the refresh token and the client's secret go."""
    asked = []
    monkeypatch.setattr("kubernetes.config.kube_config.ApiClient", lambda configuration: asked.append(
        configuration.verify_ssl) or 1 / 0)
    ended = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc).timestamp()
    claims = __import__("base64").urlsafe_b64encode(json.dumps({"exp": ended}).encode()).decode().rstrip("=")
    provider = {"name": "oidc", "config": {"id-token": f"e30.{claims}.c2ln", "idp-issuer-url": "https://issuer.test"}}
    with pytest.raises(BadInput, match="^kubeconfig: .*no credentials were given by auth-provider oidc: ZeroDivisionError$"):
        resolve({"kubeconfig": config("east", user={"auth-provider": provider})})
    assert asked == [True]
