# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""external_dns on the real program and two name servers, seen green and red, and what it leaves in the zone."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from tests.faults.conftest import assert_red
from tests.lab import helpers
from tests.lab.base import run, wait_for
from tests.lab.tiers import external_dns as tier
from tests.lab.tiers.tier import rolled_out

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("external_dns")]
DEPLOYMENT = f"/apis/apps/v1/namespaces/{tier.NAMESPACE}/deployments/external-dns"
REF = f"deployment/{tier.NAMESPACE}/external-dns"
QUICK = {"external_dns_limit": 20}
SECOND = "nameserver/ns2.lab.test"


def _prove(prove: Any, **options: Any) -> Any:
    return prove("external_dns", external_dns=options)["external_dns"]


def _zone(lab: Any) -> set[str]:
    """Names that runs of ours have in the zone, as the primary has it."""
    text = run("dig", "+noall", "+answer", "-y", f"hmac-sha256:lab.:{tier.key(lab)}", f"@{lab.host}", tier.ZONE, "AXFR")
    return {name for line in text.splitlines() for name in line.split()[:1] if "assay-" in name}


def _nothing_of_ours(lab: Any) -> None:
    wait_for("the records of runs gone", lambda: not _zone(lab), 60)


@contextmanager
def _with_arguments(lab: Any, **changed: str) -> Iterator[None]:
    """external-dns with other values of flags; txt_owner_id="x" is --txt-owner-id=x."""
    template = lab.api(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]
    flags = {f"--{k.replace('_', '-')}": v for k, v in changed.items()}
    kept = [a for a in template["args"] if a.partition("=")[0] not in flags]
    body = {"spec": {"template": {"spec": {"containers": [{**template, "args": [*kept, *(f"{k}={v}" for k, v in flags.items())]}]}}}}
    with lab.fault.patch(DEPLOYMENT, body):
        wait_for("external-dns with other arguments", partial(rolled_out, lab, tier.NAMESPACE, "deployments/external-dns"), 60)
        yield
    wait_for("external-dns as before", partial(rolled_out, lab, tier.NAMESPACE, "deployments/external-dns"), 60)


def _tell(process: int | None, number: signal.Signals) -> None:
    assert process, "it runs: a signal to nobody would be one to ourselves"
    os.kill(process, number)


@contextmanager
def _second_stopped(lab: Any) -> Iterator[None]:
    """The second name server keeps its address and answers nothing."""
    _tell(tier.second_runs(lab), signal.SIGSTOP)
    try:
        yield
    finally:
        _tell(tier.second_runs(lab), signal.SIGCONT)


@contextmanager
def _second_does_not_follow(lab: Any) -> Iterator[None]:
    """The second name server has another key, so that the first gives it nothing any more; it keeps what it has."""
    config = tier.folder(lab, tier.TIER.name) / "named.conf"
    text = config.read_text()

    def with_config(words: str) -> None:
        config.write_text(words)
        _tell(tier.second_runs(lab), signal.SIGHUP)

    with_config(text.replace(tier.key(lab), "d3JvbmcgYXMgaXQgY2FuIGJl"))
    try:
        yield
    finally:
        with_config(text)
        wait_for("the second name server follows", partial(tier.same, lab), 60)


# ---- healthy ------------------------------------------------------------------------------------------------------
def test_names_come_follow_and_go_on_both_name_servers(lab: Any, prove: Any) -> None:
    tier.update(lab, "update add somebody.lab.test 30 A 203.0.113.7",
                'update add a-somebody.lab.test 30 TXT "heritage=external-dns,external-dns/owner=another,external-dns/resource=x"')
    try:
        record = _prove(prove, external_dns_resolvers=[lab.host])
        assert (record.verdict, record.message, prove.result["leftovers"]) == ("passed", "", [])
        assert set(record.observed["servers"].values()) == {f"ns.lab.test ({lab.host})", f"ns2.lab.test ({tier.second(lab)})"}
        assert {m["name"].split()[1] for m in record.measurements} == {"made", "followed", "gone"}
        assert not _zone(lab) and tier.asked(lab.host, "somebody.lab.test") == ["203.0.113.7"], "what is another's stays"
    finally:
        tier.update(lab, "update delete somebody.lab.test", "update delete a-somebody.lab.test")


@pytest.mark.gauntlet
def test_a_wildcard_is_told_and_not_taken_for_ours(lab: Any, prove: Any) -> None:
    tier.update(lab, "update add *.lab.test 30 A 203.0.113.9")
    try:
        record = _prove(prove)
        assert record.verdict == "warned" and "any name in lab.test has an address (203.0.113.9)" in record.message
    finally:
        tier.update(lab, "update delete *.lab.test")
    prove.green("external_dns")


@pytest.mark.gauntlet
def test_a_policy_that_never_deletes(lab: Any, prove: Any) -> None:
    with _with_arguments(lab, policy="upsert-only"):
        record = _prove(prove)
        assert record.verdict == "skipped" and "has the policy upsert-only and never deletes a record" in record.message
        assert not _zone(lab)
        record = _prove(prove, external_dns_records_may_stay=True)
        assert record.verdict == "warned" and "remove them by hand" in record.message, record.message
        assert len(_zone(lab)) == 4, "two names, and who owns them"
    _nothing_of_ours(lab)  # with the policy of before they go
    prove.green("external_dns")


# ---- broken -------------------------------------------------------------------------------------------------------
def test_it_does_not_run(lab: Any, prove: Any) -> None:
    with lab.fault.scale(tier.NAMESPACE, "external-dns", 0):
        record = _prove(prove, **QUICK)
    assert_red(record, "edns.not-running", [REF], "confirmed", "has no available pod, of 0 that are wanted")
    _nothing_of_ours(lab)
    prove.green("external_dns")


@pytest.mark.gauntlet
@pytest.mark.parametrize(("flag", "value", "cause", "words"), [
    ("rfc2136_tsig_secret", "d3Jvbmcgd3Jvbmcgd3Jvbmc=", "edns.provider-denied", "dns: bad authentication"),
    ("rfc2136_tsig_keyname", "other.", "edns.provider-denied", "dns: bad authentication"),
    ("rfc2136_host", "{silent}", "edns.provider-unreachable", "i/o timeout"),
], ids=["key", "name of the key", "address"])
def test_its_provider_is_refused_or_away(lab: Any, prove: Any, flag: str, value: str, cause: str, words: str) -> None:
    silent = f"{lab.host.rpartition('.')[0]}.77"
    with _with_arguments(lab, **{flag: value.format(silent=silent)}):
        record = _prove(prove, **QUICK)
    assert_red(record, cause, [REF], "confirmed", words)
    assert tier.key(lab) not in str(record.to_dict())
    _nothing_of_ours(lab)
    prove.green("external_dns")


@pytest.mark.gauntlet
def test_a_zone_that_it_does_not_keep(lab: Any, prove: Any) -> None:
    with _with_arguments(lab, rfc2136_zone="other.test"):
        record = _prove(prove, **QUICK)
    assert_red(record, "edns.zone-mismatch", [REF], "confirmed", "No available zone found for")
    _nothing_of_ours(lab)
    prove.green("external_dns")


@pytest.mark.gauntlet
def test_it_looks_at_other_objects_than_its_arguments_say(lab: Any, prove: Any) -> None:
    """A flag from a file of its own, which nobody sees from outside: objects with one label alone."""
    container = lab.api(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]
    hidden = {"name": "EXTERNAL_DNS_LABEL_FILTER", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}}
    body = {"spec": {"template": {"spec": {"containers": [{**container, "env": [*container["env"], hidden]}]}}}}
    with lab.fault.patch(DEPLOYMENT, body):
        wait_for("external-dns with a filter", partial(rolled_out, lab, tier.NAMESPACE, "deployments/external-dns"), 60)
        record = _prove(prove, **QUICK)
    assert_red(record, "edns.not-watching", [REF], "suspected", "says nothing of assay-")
    wait_for("external-dns as before", partial(rolled_out, lab, tier.NAMESPACE, "deployments/external-dns"), 60)
    prove.green("external_dns")


@pytest.mark.gauntlet
def test_records_are_left_behind(lab: Any, prove: Any) -> None:
    """It ends while the check waits for the new targets' successors: the end of the objects is seen by nobody."""
    over = threading.Event()

    def stop_it() -> None:
        while not over.wait(0.3):
            if any("198.51.100.20" in tier.asked(lab.host, name) for name in _zone(lab)):
                return broken.append(lab.fault.scale(tier.NAMESPACE, "external-dns", 0)) or broken[0].__enter__()

    broken: list[Any] = []
    thread = threading.Thread(target=stop_it, daemon=True)
    thread.start()
    try:
        record = _prove(prove, external_dns_limit=25)
    finally:
        over.set()
        thread.join()
        for fault in broken:
            fault.__exit__(None, None, None)
    assert record.step in ("the records follow a new target", "after the deletion of their objects no record is left")
    assert_red(record, "edns.not-running", [REF], "confirmed", "has no available pod")
    _nothing_of_ours(lab)
    prove.green("external_dns")


# ---- name servers -------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_name_server_that_does_not_follow(lab: Any, prove: Any) -> None:
    with _second_does_not_follow(lab):
        record = _prove(prove, **QUICK)
    assert_red(record, "dns.zone-stale", [SECOND], "confirmed", f"at ns2.lab.test ({tier.second(lab)}) (external_dns made): no record")
    _nothing_of_ours(lab)
    prove.green("external_dns")


@pytest.mark.gauntlet
def test_a_name_server_that_answers_nothing(lab: Any, prove: Any) -> None:
    with _second_stopped(lab):
        record = _prove(prove, **QUICK)
    assert_red(record, "dns.authority-down", [SECOND], "probable", "timed out")
    prove.green("external_dns")


@contextmanager
def _without_the_zone(lab: Any) -> Iterator[str]:
    """A name server that has no zone at all; its address."""
    place, address = tier.folder(lab, "lame"), f"{lab.host.rpartition('.')[0]}.3"
    (place / "named.conf").write_text(f'options {{ directory "{place}"; pid-file none; session-keyfile "{place}/session.key"; recursion no; '
                                      f'listen-on {{ {address}; }}; listen-on-v6 {{ none; }}; }}; controls {{ }};')
    run("ip", "addr", "replace", f"{address}/24", "dev", lab.bridge)
    helpers.start(lab, "lame-named", "named", "-4", "-g", "-c", place / "named.conf")
    try:
        wait_for("a name server without the zone", lambda: run("dig", "+time=1", "+tries=1", f"@{address}", tier.ZONE, "SOA"), 20)
        yield address
    finally:
        _tell(helpers.pid(lab, "lame-named"), signal.SIGKILL)
        run("ip", "addr", "del", f"{address}/24", "dev", lab.bridge)


@pytest.mark.gauntlet
def test_a_name_server_that_does_not_have_the_zone(lab: Any, prove: Any) -> None:
    with _without_the_zone(lab) as server:
        _named_beside_the_others(lab, prove, server)
    prove.green("external_dns")


def _named_beside_the_others(lab: Any, prove: Any, server: str) -> None:
    tier.update(lab, f"update add ns3.lab.test 30 A {server}", "update add lab.test 30 NS ns3.lab.test.")
    try:
        wait_for("the NS record everywhere", partial(tier.same, lab), 30)
        record = _prove(prove, **QUICK)
        assert_red(record, "dns.delegation", ["nameserver/ns3.lab.test"], "confirmed", "without authority")
    finally:
        tier.update(lab, "update delete ns3.lab.test", "update delete lab.test NS ns3.lab.test.")
        wait_for("the zone as before", partial(tier.same, lab), 30)


@pytest.mark.gauntlet
def test_a_resolver_that_does_not_know_the_zone(lab: Any, prove: Any) -> None:
    """A recursive name server with a zone of the same name of its own: here the second one, told to stay as it is."""
    with _second_does_not_follow(lab):
        record = _prove(prove, external_dns_servers=[lab.host], external_dns_resolvers=[tier.second(lab)], **QUICK)
    assert_red(record, "dns.resolver-behind", [f"nameserver/{tier.second(lab)}"], "confirmed", "no record (NXDOMAIN)")
    _nothing_of_ours(lab)
    prove.green("external_dns")


# ---- killed -------------------------------------------------------------------------------------------------------
def test_killed_in_the_middle_nothing_stays_after_the_next_run(lab: Any, prove: Any, tmp_path: Any) -> None:
    code = ("import sys; from pathlib import Path; from tests.faults.conftest import Prover; "
            f"Prover({str(lab.kubeconfig)!r}, {lab.name!r}, Path({str(prove.journal_dir)!r}))('external_dns')")
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_for("a record of the run", partial(_zone, lab), 90, 0.2)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    prove.green("external_dns")
    _nothing_of_ours(lab)
