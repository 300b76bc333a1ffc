# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""dig's output, and what is made of it."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._dns.dig import (
    Query, after_replies, latencies, latency_script, replies, reply, resolv_conf, script)
from ansible_collections.assay.clusters.plugins.module_utils.checks._dns.answers import absent, answered, has
from ansible_collections.assay.clusters.plugins.module_utils.checks._shared.text import listed, percentile
from ansible_collections.assay.clusters.tests.unit.checks.shells import said_by

ANSWER = """;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4711
;; flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1

kubernetes.default.svc.cluster.local. 5 IN A 10.96.0.1

;; Query time: 3 msec
;; SERVER: 10.96.0.10#53(10.96.0.10) (UDP)
"""
RESOLV = """search assay-0a0b0c0d.svc.cluster.local svc.cluster.local cluster.local corp.test
nameserver 10.96.0.10
options ndots:5
"""


def test_an_answer_is_read():
    r = reply(ANSWER)
    assert (r.status, r.data("A"), r.seconds, r.error, r.retries) == ("NOERROR", ["10.96.0.1"], 0.003, "", 0)
    assert answered(r) == "" and has("A", "10.96.0.1")(r) == ""
    assert has("A", "10.96.0.2")(r) == "NOERROR A 10.96.0.1, expected A 10.96.0.2"


@pytest.mark.parametrize("text, error", [
    (";; communications error to 10.96.0.10#53: timed out\n;; communications error to 10.96.0.10#53: timed out\n"
     ";; no servers could be reached\n",
     "communications error to 10.96.0.10#53: timed out; no servers could be reached"),
    (";; connection timed out; no servers could be reached\n", "connection timed out; no servers could be reached"),
    (";; Connection to 10.96.0.10#53(10.96.0.10) for a. failed: connection refused.\n",
     "Connection to 10.96.0.10#53(10.96.0.10) for a. failed: connection refused."),
    ("sh: dig: not found\n", "sh: dig: not found")])
def test_silence_keeps_digs_own_words(text, error):
    r = reply(text)
    assert (r.status, r.error) == ("", error)
    assert answered(r) == error and absent(r).startswith(error)


def test_an_answer_after_a_lost_packet_counts_it():
    r = reply(";; communications error to 10.96.0.10#53: timed out\n" + ANSWER)
    assert (r.status, r.retries, r.error) == ("NOERROR", 1, "")


def test_negative_answers_are_judged():
    nothing = reply(";; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 1\n;; Query time: 0 msec\n")
    assert absent(nothing) == "" and answered(nothing) == "NXDOMAIN"
    assert absent(reply(ANSWER)) == "NOERROR A 10.96.0.1, expected NXDOMAIN"
    failed = reply(";; ->>HEADER<<- opcode: QUERY, status: SERVFAIL, id: 1\n")
    assert answered(failed) == "SERVFAIL" and absent(failed) == "SERVFAIL, expected NXDOMAIN"


def test_replies_come_in_any_order():
    found = replies(f"noise\n#2 0\n{ANSWER}\n#0 9\n;; no servers could be reached\n")
    assert found[2].status == "NOERROR" and found[0].error == "no servers could be reached" and 1 not in found


DIG = """#!/bin/sh
case "$*" in
-u*) echo ';; Query time: 3 msec'; exit 0;;
*dead*) echo ';; no servers could be reached'; exit 9;;
esac
echo ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1"
"""


@pytest.mark.parametrize("shell", ["sh", "busybox sh"])
@pytest.mark.parametrize(("first", "count", "runs"), [("a.test", 30, True), ("a.test", 1, True), ("dead.test", 30, False)])
def test_a_command_follows_where_the_first_question_is_answered(tmp_path, shell, first, count, runs):
    names = [first, *(f"{'dead' if i == 3 else 'n'}{i}.test" for i in range(1, count))]
    text = script([(i, Query("v", n, (n, "A"), lambda r: "")) for i, n in enumerate(names)], then=latency_script(("a.test",)))
    said = said_by(shell, text, DIG, tmp_path, "dig")
    found = replies(said)
    assert {n: bool(r.status) for n, r in found.items()} == {n: "dead" not in name for n, name in enumerate(names)}, said
    after = after_replies(said)
    assert (latencies(after) if after is not None else None) == ([0.003] if runs else None), said
    assert all(not r.seconds for r in found.values()), "what follows is no part of the last reply"


def test_resolver_settings_and_domain():
    conf = resolv_conf(RESOLV)
    assert (conf.servers, conf.ndots, conf.domain) == (("10.96.0.10",), 5, "cluster.local")
    assert resolv_conf("nameserver fd00::a\n# x\n\nsearch ec2.internal\n").domain == ""


def test_latencies_in_both_units():
    assert latencies(";; Query time: 250 usec\n;; Query time: 2 msec\n;; connection timed out\n") == [0.00025, 0.002]


def test_percentiles_and_phrases():
    assert percentile([5, 1, 4, 2, 3], 50) == 3 and percentile([1, 2], 99) == 2 and percentile([7], 1) == 7
    with pytest.raises(ValueError):
        percentile([], 50)
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more" and listed([]) == ""
