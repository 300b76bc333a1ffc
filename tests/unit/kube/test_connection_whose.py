# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each host is asked at its own address: what the environment says of one cluster is not said of another."""
from __future__ import annotations

import json

import pytest

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
