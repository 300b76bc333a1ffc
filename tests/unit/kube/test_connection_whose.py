# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each host is asked at its own address: what the environment says of one cluster is not said of another."""
from __future__ import annotations

import json

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.header import Header
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.tests.unit.kube.kubeconfigs import config

AWX = {"K8S_AUTH_HOST": "https://awx.test", "K8S_AUTH_API_KEY": "of-awx", "K8S_AUTH_VERIFY_SSL": "False"}
FILE = {"K8S_AUTH_KUBECONFIG": json.dumps(config("west", "north", current="west")), "K8S_AUTH_API_KEY": "of-west"}
PASSWORD = {"K8S_AUTH_HOST": "https://awx.test", "K8S_AUTH_USERNAME": "jane", "K8S_AUTH_PASSWORD": "hunter2"}


@pytest.mark.parametrize("environ", [AWX, FILE, PASSWORD, {"K8S_AUTH_API_KEY": "of-awx"}, {"K8S_AUTH_CONTEXT": "north"},
                                     {**AWX, "K8S_AUTH_SSL_CA_CERT": "/no/such", "K8S_AUTH_CERT_FILE": "/no/such"}])
def test_a_host_with_a_kubeconfig_of_its_own_is_asked_there_as_its_user(resolve, environ):
    found = resolve({"kubeconfig": config("east")}, **environ)
    assert (found.server, found.context, found.secrets()) == ("https://east:6443", "east", ["token-of-east"])
    assert found.configuration.verify_ssl is True


@pytest.mark.parametrize("environ", [AWX, FILE, PASSWORD])
def test_a_host_with_an_address_of_its_own_does_not_get_the_token_of_another_cluster(resolve, environ):
    found = resolve({"host": "https://east"}, **environ)
    assert (found.server, found.context, found.secrets()) == ("https://east", None, [])
    assert found.configuration.verify_ssl is True
    assert resolve({"host": "https://east", "api_key": "mine"}, **environ).secrets() == ["mine"]


def test_a_context_of_its_own_is_one_of_the_kubeconfig_of_the_environment(resolve):
    found = resolve({"context": "north"}, **FILE, K8S_AUTH_HOST="https://awx.test", K8S_AUTH_VERIFY_SSL="no")
    assert (found.server, found.secrets()) == ("https://north:6443", ["token-of-north"])
    assert found.configuration.verify_ssl is False


def test_what_names_no_cluster_is_for_all_of_them(resolve):
    found = resolve({"host": "https://east"}, K8S_AUTH_API_KEY="for-all", K8S_AUTH_VERIFY_SSL="no",
                    K8S_AUTH_IMPERSONATE_USER="jane")
    assert found.headers() == [("authorization", "Bearer for-all"), ("Impersonate-User", "jane")]
    assert found.configuration.verify_ssl is False
    assert resolve({"kubeconfig": config("east")}, K8S_AUTH_PROXY="http://p:1").configuration.proxy == "http://p:1"


def test_without_an_address_of_its_own_all_of_the_environment_counts(resolve):
    found = resolve({"api_key": None, "validate_certs": True}, **AWX)
    assert (found.server, found.secrets(), found.configuration.verify_ssl) == ("https://awx.test", ["of-awx"], True)
    assert resolve({"api_key": "mine"}, **FILE).server == "https://west:6443"


@pytest.mark.parametrize("host", ["https://awx.test", "awx.test", "https://awx.test/"])
def test_the_credentials_of_the_same_server_are_its_own(resolve, host):
    """AWX's credential names the server that the inventory names, too."""
    found = resolve({"host": host}, **AWX)
    assert (found.server, found.secrets(), found.configuration.verify_ssl) == ("https://awx.test", ["of-awx"], False)
    assert resolve({"host": host, "kubeconfig": config("east")}, **AWX).secrets() == ["token-of-east"]
    assert resolve({"host": host, "api_key": "mine"}, **AWX).secrets() == ["mine"]
    assert resolve({"host": f"{host}:6443".replace("/:", ":")}, **AWX).secrets() == []
    assert resolve({"host": host}, **{**AWX, "K8S_AUTH_HOST": "ftp://awx.test"}).secrets() == []


def test_a_context_of_the_environment_counts_where_the_kubeconfig_of_an_option_has_it(resolve):
    both = config("east", "west", current="west")
    assert resolve({"kubeconfig": both}, K8S_AUTH_CONTEXT="east").context == "east"
    assert resolve({"kubeconfig": both, "context": "west"}, K8S_AUTH_CONTEXT="east").context == "west"
    assert resolve({"kubeconfig": both}, K8S_AUTH_CONTEXT="north").context == "west"
    other = json.dumps(config("east", "north"))
    assert resolve({"kubeconfig": both}, K8S_AUTH_CONTEXT="east", K8S_AUTH_KUBECONFIG=other).context == "west"


# ---- one way to sign in -------------------------------------------------------------------------------------------
ALL = {"K8S_AUTH_API_KEY": "of-all", "K8S_AUTH_USERNAME": "all", "K8S_AUTH_PASSWORD": "hunter2",
       "K8S_AUTH_CERT_FILE": "/no/such", "K8S_AUTH_KEY_FILE": "/no/such"}


def test_who_signs_in_by_options_does_not_do_so_as_somebody_else_too(resolve, pair, monkeypatch):
    asked = []
    monkeypatch.setattr(Connection, "_log_in", staticmethod(
        lambda c, given, asks: asked.append((given["username"], given["password"])) or Header("Bearer of-jane")))
    assert resolve({"host": "https://a", "username": "jane", "password": "mine"}, **ALL).secrets() == ["of-jane"]
    assert resolve({"host": "https://a", "username": "jane"}, **ALL).secrets() == ["of-jane"]
    assert asked == [("jane", "mine"), ("jane", "hunter2")]
    found = resolve({"host": "https://a", "api_key": "mine"}, **ALL)
    assert (found.secrets(), found.configuration.cert_file) == (["mine"], None)
    files = {"client_cert": str(pair / "jane.crt"), "client_key": str(pair / "jane.key")}
    found = resolve({"host": "https://a", **files}, **ALL)
    assert (found.secrets(), found.configuration.cert_file) == ([], files["client_cert"])


def test_the_password_of_a_proxy_does_not_go_to_another_proxy(resolve):
    environ = {"K8S_AUTH_PROXY": "http://p:1", "K8S_AUTH_PROXY_HEADERS_PROXY_BASIC_AUTH": "user:word"}
    assert resolve({"host": "https://a"}, **environ).configuration.proxy_headers
    assert not resolve({"host": "https://a", "proxy": "http://q:1"}, **environ).configuration.proxy_headers


@pytest.mark.parametrize("users", [[], None, [{"name": "other", "user": {"token": "x"}}]])
def test_a_kubeconfig_needs_no_user_where_options_sign_in(resolve, pair, users):
    found = {**config("east"), "users": users}
    files = {"client_cert": str(pair / "jane.crt"), "client_key": str(pair / "jane.key")}
    assert resolve({"kubeconfig": found, "api_key": "mine"}).secrets() == ["mine"]
    assert resolve({"kubeconfig": found, **files}).configuration.cert_file == files["client_cert"]
    for options in ({}, {"impersonate_user": "jane"}):
        with pytest.raises(BadInput, match="which is not among its users"):
            resolve({"kubeconfig": found, **options})


def test_a_pair_of_the_kubeconfig_is_not_read_where_options_sign_in(resolve, pair):
    found = config("east", user={"client-certificate": "/no/such", "client-key": "/no/such", "token": "abc"})
    files = {"client_cert": str(pair / "jane.crt"), "client_key": str(pair / "jane.key")}
    assert resolve({"kubeconfig": found, "api_key": "mine"}).secrets() == ["mine"]
    assert resolve({"kubeconfig": found, **files}).secrets() == ["abc"]
    with pytest.raises(BadInput, match="client-certificate /no/such cannot be read"):
        resolve({"kubeconfig": found})
