# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tokens that end: when another is asked for, who waits for it, and what becomes of the answer."""
from __future__ import annotations

import base64
import datetime
import json
import ssl
import threading

import pytest
from kubernetes.config.kube_config import KubeConfigLoader

from ansible_collections.assay.clusters.plugins.module_utils.kube import credentials, openshift_login
from ansible_collections.assay.clusters.plugins.module_utils.kube import header as module
from ansible_collections.assay.clusters.plugins.module_utils.kube.header import Header
from ansible_collections.assay.clusters.plugins.module_utils.results.redact import Redactor
from ansible_collections.assay.clusters.tests.unit.kube.kubeconfigs import config

NOW = datetime.datetime(2026, 5, 1, tzinfo=datetime.timezone.utc)


class Clock:
    """Both clocks of credentials, moved by hand."""

    timezone, timedelta = datetime.timezone, datetime.timedelta

    def __init__(self):
        self.seconds = 0.0
        self.datetime = self

    def now(self, _zone):
        return NOW + datetime.timedelta(seconds=self.seconds)

    def monotonic(self):
        return 1000.0 + self.seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(module, "datetime", made)
    monkeypatch.setattr(module, "time", made)
    return made


def _at(seconds):
    return NOW + datetime.timedelta(seconds=seconds)


@pytest.mark.parametrize(("lives", "kept_until"), [(3600, 3300), (900, 720), (300, 240), (60, 48), (10, 8)])
def test_another_token_is_asked_for_near_its_end_and_not_before(clock, lives, kept_until):
    asked = []
    header = Header("old", _at(lives), lambda: asked.append(1) or ("new", _at(2 * lives)))
    for clock.seconds in (0, lives / 2, kept_until - 0.5):
        assert header() == "old" and not asked
    clock.seconds = kept_until + 0.5
    assert [header(), header()] == ["new", "new"] and len(asked) == 1


@pytest.mark.parametrize("end", [_at(-3600), datetime.datetime(1, 1, 1, tzinfo=datetime.timezone.utc),
                                 datetime.datetime(1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=14)))])
def test_who_gives_tokens_that_have_ended_is_not_asked_for_every_request(clock, end):
    asked = []
    header = Header("old", end, lambda: asked.append(1) or ("new", end))
    for clock.seconds in (0, 1, 29):
        assert header() == "new"
    assert len(asked) == 1
    clock.seconds = 31
    assert header() == "new" and len(asked) == 2


def test_one_that_keeps_its_answer_until_it_has_ended_is_asked_again_in_time(clock):
    """The next token is there only when the old one has ended."""
    def renew():
        return ("old", _at(60)) if clock.seconds < 60 else ("new", _at(120))

    header = Header("old", _at(60), renew)
    said = []
    for clock.seconds in range(65):
        said.append(header())
    assert said[:60] == ["old"] * 60 and said[-1] == "new"


def test_requests_go_on_with_a_good_token_while_another_is_fetched(clock):
    slow, begun = threading.Event(), threading.Event()

    def renew():
        begun.set()
        assert slow.wait(60)
        return "new", _at(7200)

    header = Header("old", _at(3600), renew)
    clock.seconds = 3500
    one = threading.Thread(target=header, daemon=True)
    one.start()
    assert begun.wait(60) and header() == "old"
    clock.seconds = 3700  # it is good no more: who comes now waits
    said = []
    other = threading.Thread(target=lambda: said.append(header()), daemon=True)
    other.start()
    slow.set()
    one.join(60)
    other.join(60)
    assert said == ["new"] and header() == "new"


def test_a_renewed_token_is_told_before_a_request_carries_it(resolve, tmp_path):
    script = tmp_path / "sign-in"
    script.write_text(f"#!/bin/sh\necho x >> {tmp_path}/log\necho '" + json.dumps(
        {"apiVersion": "v1", "status": {"token": "TOKEN", "expirationTimestamp": "2001-01-01T00:00:00Z"}}).replace(
            "TOKEN", f"token-'$(wc -l < {tmp_path}/log | tr -d ' ')'") + "'\n")
    script.chmod(0o700)
    found = resolve({"kubeconfig": config("east", user={"exec": {"apiVersion": "v1", "command": str(script)}})})
    told = []
    found.tell_secrets(told.append)
    assert found.headers() == [("authorization", "Bearer token-2")] and "token-2" in told
    found = resolve({"host": "https://a"})
    found.tell_secrets(told.append)


def _shown(found, words):
    """What is left of them once the connection has told its secrets."""
    redactor = Redactor()
    found.tell_secrets(redactor.register)
    return redactor.redact(words)


PLANTED = "Planted-Passw0rd!of-jane"
WORDS = f"the server said {PLANTED} is wrong"


@pytest.mark.parametrize(("name", "entry"), [
    ("jane", {"user": {"username": "jane", "password": PLANTED}}), ("me", {"cluster": {"proxy-url": f"http://me:{PLANTED}@p:3128"}}),
    ("me", {"cluster": {"proxy-url": f"http://me:{PLANTED.replace('!', '%21')}@p:3128"}})])
def test_passwords_in_the_clear_are_secrets_too(resolve, name, entry):
    both = base64.b64encode(f"{name}:{PLANTED}".encode()).decode()
    found = _shown(resolve({"kubeconfig": config("east", **entry)}), f"{WORDS}, {both}")
    assert found == "the server said [redacted] is wrong, [redacted]"


@pytest.mark.parametrize("given", [{"proxy": f"http://me:{PLANTED}@p:3128"}, {"proxy_headers": {"proxy_basic_auth": f"me:{PLANTED}"}},
                                   {"proxy_headers": {"basic_auth": f"me:{PLANTED}", "user_agent": "they said"}}])
def test_a_proxys_password_of_an_option_is_a_secret(resolve, given):
    assert _shown(resolve({"host": "https://a", "api_key": "abcd", **given}), WORDS) == "the server said [redacted] is wrong"


def test_what_a_renewal_brings_is_told_before_it_is_used(resolve):
    found, told, now = resolve({"host": "https://a", "api_key": "first"}), [], datetime.datetime.now(datetime.timezone.utc)
    basic = f"Basic {base64.b64encode(f'jane:{PLANTED}'.encode()).decode()}"
    found._header = Header("Bearer first", now + datetime.timedelta(hours=1), lambda: (basic, None))
    found.tell_secrets(told.append)
    assert "first" in told and PLANTED not in told
    found._header._expires = now
    assert found.headers() == [("authorization", basic)] and PLANTED in told


@pytest.mark.parametrize("way", ["options", "environment"])
def test_a_password_that_was_changed_for_a_token_is_a_secret_still(resolve, monkeypatch, way):
    monkeypatch.setattr(openshift_login, "log_in", lambda *_args: Header("Bearer token-of-jane"))
    given = {"host": "https://a", "username": "jane", "password": PLANTED}
    found = resolve(given) if way == "options" else resolve({}, **{f"K8S_AUTH_{n.upper()}": v for n, v in given.items()})
    assert _shown(found, f"{WORDS}, token-of-jane") == "the server said [redacted] is wrong, [redacted]"


@pytest.mark.parametrize(("end", "runs"), [("0001-01-01T00:00:00Z", 1), ("9999-12-31T23:59:59Z", 1), ("tomorrow", 1)])
def test_ends_that_nobody_lives_to_see_are_none(resolve, tmp_path, end, runs):
    script = tmp_path / "sign-in"
    script.write_text(f"#!/bin/sh\necho x >> {tmp_path}/log\necho '" + json.dumps(
        {"apiVersion": "v1", "status": {"token": "abc", "expirationTimestamp": end}}) + "'\n")
    script.chmod(0o700)
    found = resolve({"kubeconfig": config("east", user={"exec": {"apiVersion": "v1", "command": str(script)}})})
    assert [found.secrets() for _turn in range(3)] == [["abc"]] * 3
    assert (tmp_path / "log").read_text() == "x\n" * runs


# ---- OIDC -------------------------------------------------------------------------------------------------------
def _jwt(**claims):
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"


@pytest.fixture
def issuer(resolve, monkeypatch):
    """issuer(config of the provider, environ): the connection, and what each question to the issuer was configured with."""
    asked = []

    def refresh(_loader, provider):
        asked.append(dict(provider["config"].value))
        provider["config"].value["id-token"] = _jwt(exp=4102444800, turn=len(asked))

    monkeypatch.setattr(KubeConfigLoader, "_refresh_oidc", refresh)

    def call(said, environ=None):
        user = {"auth-provider": {"name": "oidc", "config": {"idp-issuer-url": "https://issuer.test", **said}}}
        return resolve({"kubeconfig": config("east", user=user)}, **(environ or {})), asked

    return call


def test_an_id_token_is_looked_at_again_near_its_end_only(issuer, monkeypatch):
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    found, asked = issuer({"id-token": _jwt(exp=soon.timestamp())})
    monkeypatch.setattr(credentials.program, "within", lambda *a: pytest.fail("a request looked at it"))
    assert found.secrets() == found.secrets() == [_jwt(exp=soon.timestamp())] and not asked


def test_an_id_token_that_ends_is_renewed(issuer):
    found, asked = issuer({"id-token": _jwt(exp=1000)})
    assert found.secrets() == [_jwt(exp=4102444800, turn=1)] and len(asked) == 1


def test_an_id_token_that_comes_near_its_end_is_renewed(issuer, monkeypatch):
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    found, asked = issuer({"id-token": _jwt(exp=soon.timestamp())})
    later = soon - datetime.timedelta(seconds=60)
    monkeypatch.setattr(module, "datetime", Clock())
    module.datetime.seconds = (later - NOW).total_seconds()
    monkeypatch.setattr("kubernetes.config.kube_config._is_expired", lambda end: end < later + datetime.timedelta(minutes=5))
    assert found.secrets() == [_jwt(exp=4102444800, turn=1)] and len(asked) == 1


@pytest.mark.parametrize("empty", [{"idp-certificate-authority-data": ""}, {"idp-certificate-authority": None}, {}])
def test_an_issuer_without_a_ca_is_trusted_as_other_servers_are(issuer, tmp_path, monkeypatch, empty):
    for name in ("bundle", "system"):
        (tmp_path / name).write_text("x")
    paths = ssl.get_default_verify_paths()

    def used(environ, system):
        monkeypatch.setattr(credentials.ssl, "get_default_verify_paths", lambda: paths._replace(cafile=system))
        asked = issuer({"id-token": _jwt(exp=1000), **empty}, environ)[1][-1]
        assert "idp-certificate-authority-data" not in asked
        return asked["idp-certificate-authority"]

    bundle, system = str(tmp_path / "bundle"), str(tmp_path / "system")
    assert used({"REQUESTS_CA_BUNDLE": bundle}, system) == bundle
    assert used({"REQUESTS_CA_BUNDLE": "/no/such"}, system) == used({}, system) == system
    assert used({}, None).endswith("cacert.pem")


def test_the_ca_of_an_issuer_goes_before(issuer):
    assert issuer({"id-token": _jwt(exp=1000), "idp-certificate-authority-data": "eA=="})[1][-1][
        "idp-certificate-authority-data"] == "eA=="
