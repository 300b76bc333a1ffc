# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts of failures without what differs each time, and which of them are alike."""
from __future__ import annotations

import random

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.history import alike
from ansible_collections.assay.clusters.tests.unit.history.histories import result, run


@pytest.mark.parametrize(("text", "normal"), [
    ("at 2026-11-20T12:00:01.5Z and 2026-11-20 12:00:02+01:00", "at TIME and TIME"),
    ("Fri, 20 Nov 2026 12:00:00 UTC; Nov 20 12:00:00.123 x", "TIME; TIME x"),
    ("map[b:2 a:1] of map[c:3]", "map[a:1 b:2] of map[c:3]"),
    ("10.0.0.1:443 then 10.0.0.2, again 10.0.0.1:443", "UNIQ1 then UNIQ2, again UNIQ1"),
    ("uid 123e4567-e89b-12d3-a456-426614174000 at 0xc000", "uid UNIQ1 at UNIQ2"),
    ("pod/web-7d4b9c6f5d-x2x7q in assay-1a2b3c4d", "pod/web-UNIQ1 in assay-UNIQ2"),
    ("main.go:17 goroutine 12 after 1.5s", "UNIQ1 UNIQ2 after UNIQ3"),
    ("on port :34567, not :443", "on port :UNIQ1, not :443"),
    ("digest 0123456789abcdef", "digest UNIQ1"), ("fe80::1:2:3:4 answers", "UNIQ1 answers"),
    ("3 of 5 pods, deadbeef, cafe-latte, load-balancer", "3 of 5 pods, deadbeef, cafe-latte, load-balancer")])
def test_what_differs_each_time_is_left_out(text: str, normal: str) -> None:
    assert alike.normalised(text) == normal


def test_names_of_nodes_and_clusters_are_such() -> None:
    assert alike.normalised("n1 and n10 of prod; not xn1", ["n1", "n10", "prod", ""]) == "UNIQ1 and UNIQ2 of UNIQ3; not xn1"


def test_long_texts_lose_repeated_lines_then_their_middle() -> None:
    assert alike.normalised("same line\n" * 5000 + "last") == "same line\nlast"
    found = alike.normalised("".join(f"<{chr(97 + n % 26) * (n % 50)}>\n" for n in range(3000)))
    assert len(found) < 10_010 and "\n...\n" in found


def _plain(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def test_the_distance_is_levenshteins_up_to_its_bound() -> None:
    chosen = random.Random(3)
    for _n in range(300):
        a, b = ("".join(chosen.choices("abc", k=chosen.randrange(9))) for _i in range(2))
        most = chosen.randrange(6)
        assert alike.distance(a, b, most) == min(_plain(a, b), most + 1), (a, b, most)


@pytest.mark.parametrize(("one", "other", "same"), [
    ("x" * 100, "x" * 95 + "yyyyy", True), ("abcdefghij" * 10, "abcdefghij" * 10 + "0123456789A", False),
    ("short", "short", True), ("short one", "short two", False), ("one letter x", "one letter y", False), ("", "", True),
    ("a word " * 10 + "here", "a word " * 10 + "there", True), ("abcdefghij" * 5, "jihgfedcba" * 5, False)])
def test_near_is_less_than_a_tenth(one: str, other: str, same: bool) -> None:
    assert [alike.near(*pair) for pair in ((one, other), (other, one))] == [same, same]


def test_failures_are_gathered_over_checks_clusters_and_time() -> None:
    def failed(cluster: str, check: str, message: str, hours: float, cause: str = "x.y"):
        return run(cluster, results=(result(check, "failed", cause, message=message, scope=(f"node/{cluster}-n1",)),), hours=hours)

    slow = "no answer of the registry at 10.0.0.{}:5000 within 30s, asked from {}-n1"
    found = alike.groups([failed("a", "nodes", slow.format(1, "a"), 3), failed("b", "nodes", slow.format(2, "b"), 2, "x.z"),
                          failed("b", "storage", slow.format(3, "b"), 4), failed("a", "dns", "NXDOMAIN", 1),
                          run("a", results=(result("dns", "failed", "c", consequence_of="x.y", message="NXDOMAIN"),)), run("a")])
    assert [(len(g.members), g.checks, g.clusters, g.causes) for g in found] == [
        (3, ["nodes", "storage"], ["a", "b"], ["x.y", "x.z"]), (1, ["dns"], ["a"], ["x.y"])]
    assert [e.cluster for e, _r in found[0].members] == ["b", "a", "b"], "the oldest first"


def test_long_texts_are_told_apart_by_their_n_grams_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = random.Random(1)
    texts = ["".join(chosen.choices("abcdefgh ", k=400)) for _n in range(50)]
    assert alike.near(texts[0], texts[0][:200] + "#" + texts[0][200:])
    monkeypatch.delattr(alike, "distance")
    assert not any(alike.near(texts[0], t) for t in texts[1:])


@pytest.mark.parametrize("text", ["a" * 50_000, "0" * 50_000, "1:" * 25_000, "map[" * 10_000, "ab-" * 15_000, "[" * 50_000, "x1-" * 15_000])
def test_no_text_takes_for_ever(text: str) -> None:
    """Each of these is slow with a pattern that looks ahead without a bound."""
    assert len(alike.normalised(text)) <= len(text)
