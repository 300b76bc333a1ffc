# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Licences, by what a fake of GitLab's API and other servers of JSON answer."""
from __future__ import annotations

import json
import time

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._certificates import licenses as licenses_
from ansible_collections.assay.clusters.plugins.module_utils.checks.licenses import Licenses
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive, StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.results import redact
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext
from tests.fakes.gitlab import STRANGER, TOKEN, FakeGitLab, license_of
from tests.fakes.ports import free_port

DAY = 86400.0


@pytest.fixture
def gitlab(monkeypatch):
    monkeypatch.setattr(licenses_, "_PAUSE", 0.01)
    with FakeGitLab(license_of(100)) as made:
        yield made


def ask(*entries, **options):
    """(verdict, words, context)."""
    given = {**{o.name: o.default for o in Licenses.options}, "licenses": list(entries), **options}
    ctx = FakeContext(**given)
    try:
        Licenses().run(ctx)
        return ("warned" if ctx.warnings else "passed"), " ".join(ctx.warnings), ctx
    except StepFailed as e:
        return "failed", str(e), ctx
    except Inconclusive as e:
        return "inconclusive", str(e), ctx


def own(gitlab, **more):
    return {"gitlab": gitlab.url, "name": "gitlab", "token": TOKEN, **more}


@pytest.mark.parametrize(("answer", "verdict", "words"), [
    (license_of(100), "passed", ""), (license_of(20), "warned", "license/gitlab ends in"), (license_of(5), "failed", "ends in"),
    (license_of(-5), "failed", "license/gitlab ended "),
    (license_of(100, expired=True), "failed", "has ended, as its server says"),
    (license_of(100, overage=7), "warned", "is used by 7 more than it is paid for"),
    (license_of(0, expires_at=None, expired=False), "passed", ""), (None, "inconclusive", "has no licence installed"),
    ({"plan": "x"}, "inconclusive", "answers without a date"),
    (license_of(0, expires_at="soon"), "inconclusive", "answers 'soon' for its end, which is no date in the format auto")])
def test_gitlabs_licence(gitlab, answer, verdict, words):
    gitlab.license = answer
    got, said, ctx = ask(own(gitlab))
    assert got == verdict and words in said, said
    assert [o["target"] for o in ctx.observations if not o["ok"]] == (["license/gitlab"] if verdict == "failed" else [])


@pytest.mark.parametrize(("token", "community", "words"), [
    ("glpat-wrong-000000000000000", False, "refuses the credentials (401); name a token that is valid"),
    (STRANGER, False, "does not tell this user (403); GitLab tells administrators alone"),
    (TOKEN, True, "has no licence to tell of (404): this is GitLab's Community Edition, or something else")])
def test_what_it_does_not_tell_proves_nothing(gitlab, token, community, words):
    gitlab.community = community
    got, said, ctx = ask(own(gitlab, token=token))
    assert got == "inconclusive" and words in said
    assert ctx.observed["not_answered"] == {"license/gitlab": words}


@pytest.mark.parametrize(("weather", "verdict", "calls"), [
    ([502], "passed", 2), ([503, 429], "passed", 3), ([502, 502, 502], "inconclusive", 3), ([0.2], "passed", 1),
    ([302], "inconclusive", 1), ([500, 0.0], "passed", 2)])
def test_weather_is_outlasted_for_some_time(gitlab, weather, verdict, calls):
    gitlab.weather = list(weather)
    got, said, _ctx = ask(own(gitlab))
    assert got == verdict and len(gitlab.calls) == calls
    assert verdict == "passed" or f"license/gitlab answers {weather[0]} {weather[0]} weather" in said


def test_a_slow_server_and_none_at_all(gitlab, monkeypatch):
    monkeypatch.setattr(licenses_, "_ANSWER", 0.2)
    gitlab.weather = [1.0] * 3
    assert ask(own(gitlab))[:2] == ("inconclusive", "not told: license/gitlab does not answer: no answer in time")
    got, said, _ctx = ask({"gitlab": f"http://127.0.0.1:{free_port()}", "token": TOKEN})
    assert got == "inconclusive" and "Connection refused" in said


def test_a_good_and_a_bad_and_a_silent_one(gitlab):
    """What has ended is not hidden by what could not be asked, nor the other way."""
    gitlab.others["/old"] = {"until": "2020-01-01"}
    old = {"name": "old", "url": f"{gitlab.url}/old", "expires": "until"}
    silent = {"name": "silent", "url": f"{gitlab.url}/none", "expires": "until"}
    got, said, ctx = ask(own(gitlab), old, silent)
    assert got == "failed" and said.startswith("license/old ended ") and "not told: license/silent answers 404" in said
    assert list(ctx.observed["ending"]) == ["license/old"]


@pytest.mark.parametrize(("form", "how"), [
    (lambda end: end, "auto"), (lambda end: end * 1000, "auto"), (lambda end: str(int(end)), "auto"),
    (lambda end: end * 1000, "epoch_millis"), (lambda end: end, "epoch_seconds"),
    (lambda end: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end)), "iso"),
    (lambda end: time.strftime("%Y-%m-%dT%H:%M:%S.000+02:00", time.gmtime(end + 7200)), "iso")],
    ids=["seconds", "milliseconds", "seconds in words", "epoch_millis", "epoch_seconds", "iso in UTC", "iso elsewhere"])
def test_dates_in_all_their_forms(form, how):
    end = time.time() + 3 * DAY
    assert licenses_.moment(form(end), how) == pytest.approx(end, abs=1)


@pytest.mark.parametrize(("value", "how"), [(True, "auto"), ("never", "auto"), ("2030-01-01", "epoch_seconds"), (17e8, "iso"), ({}, "auto")])
def test_what_is_no_date(value, how):
    with pytest.raises(licenses_.NotTold, match="which is no date in the format"):
        licenses_.moment(value, how)


def test_json_of_any_shape(gitlab):
    gitlab.others["/l"] = {"licenses": [{"product": "a", "valid": {"to": int((time.time() + 3 * DAY) * 1000)}}]}
    entry = {"name": "it", "url": f"{gitlab.url}/l", "expires": "licenses[?product=='a'].valid.to | [0]", "token": "t0ken-value",
             "headers": {"X-Tenant": "one"}}
    assert ask(entry)[0] == "failed" and ask({**entry, "fail_days": 1})[0] == "warned"
    assert gitlab.calls[0][1]["Authorization"] == "Bearer t0ken-value" and gitlab.calls[0][1]["X-Tenant"] == "one"
    assert "looks for it" in ask({**entry, "expires": "nothing"})[1]
    gitlab.others["/l"] = "<html><title>Sign in</title></html>"
    assert ask(entry)[1] == "not told: license/it answers something that is not JSON: Sign in"


def test_the_clock_is_the_servers_and_ours(gitlab):
    gitlab.license, gitlab.ahead = license_of(3), 10 * DAY
    got, said, _ctx = ask(own(gitlab))
    assert got == "warned" and "by one of two clocks" in said


def test_secrets_are_in_no_output(gitlab, monkeypatch):
    monkeypatch.setenv("OUR_TOKEN", TOKEN)
    entry = {"gitlab": gitlab.url, "token_env": "OUR_TOKEN", "header_env": {"X-More": "OUR_TOKEN"}}
    got, said, ctx = ask(entry)
    assert got == "passed" and gitlab.calls[0][1]["X-More"] == TOKEN
    assert TOKEN not in json.dumps([said, ctx.observed, ctx.observations])
    without_shape = "planted7words"  # which nothing else would know
    ask({"gitlab": gitlab.url, "headers": {"X-Key": f"Key {without_shape}"}})
    assert redact.redact(f"x {without_shape} y") == "x [redacted] y"


@pytest.mark.parametrize(("entry", "words"), [
    ("x", "must be a dictionary"), ({}, "give either gitlab, its address, or url"), ({"gitlab": "gitlab.test"}, "gitlab must be like https://"),
    ({"gitlab": "https://u:p@gitlab.test"}, "without user and password"), ({"url": "https://a.test"}, "has no expires"),
    ({"url": "https://a.test", "expires": "a["}, "expires is no JMESPath expression"),
    ({"gitlab": "https://a.test", "format": "roman"}, "format must be one of auto, iso, epoch_seconds, epoch_millis"),
    ({"gitlab": "https://a.test", "token_env": "NOT_SET_ANYWHERE"}, "token_env names NOT_SET_ANYWHERE, which is not set"),
    ({"gitlab": "https://a.test", "headers": "x"}, "headers must be a dictionary of headers"),
    ({"gitlab": "https://a.test", "tokn": "s3cret"}, "there is no tokn; did you mean token"),
    ({"gitlab": "https://a.test", "ca_file": "/nowhere"}, "ca_file must be a file that can be read here")])
def test_wrong_entries_are_one_sentence(entry, words):
    got, said, _ctx = ask(entry)
    assert got == "inconclusive" and said.startswith("certificates_check_licenses, entry 1: ") and words in said and "s3cret" not in said


def test_without_a_licence_there_is_nothing_to_prove():
    assert Licenses().applies(FakeContext(licenses=[])) == "no licence is named (certificates_check_licenses)"
    assert Licenses().applies(FakeContext(licenses=[{}])) == ""
