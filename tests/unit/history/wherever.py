# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What holds for every history, wherever it is kept: rules that a test runs on a folder, on a store in memory, and on buckets.

Each rule is given `there`, which opens the history of one place anew, as another controller does, and `put`, which writes a file
into that place as somebody else would.
"""
from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from ansible_collections.assay.clusters.plugins.module_utils.history.entry import Entry
from ansible_collections.assay.clusters.plugins.module_utils.history.kept import Kept, name_of
from tests.unit.history.histories import NOW, run

There = Callable[[], Kept]
Put = Callable[[str, str], None]


def what_was_written_is_read_in_the_order_of_time(there: There, put: Put) -> None:
    given = [run("b", "dns", 1, "v2"), run("a", "", 2), run("a", {"nodes": "x.y"}, 3)]
    one = there()
    assert all(map(one.add, given))
    for kept in (one, there()):
        assert kept.read() == (given[::-1], []) and kept.read(NOW - timedelta(hours=1.5))[0] == given[:1]


def a_run_is_written_once_whoever_comes_second(there: There, put: Put) -> None:
    first, second = there(), there()
    one, other = run("a", run_id="0badcafe"), run("a", "dns", run_id="0badcafe")
    assert first.lacks([one]) == [one] and second.lacks([other]) == [other]
    assert first.add(one) and not second.add(other) and not first.add(other)
    assert there().read() == ([one], []) and there().lacks([other]) == []


def writers_at_once_lose_no_run(there: There, put: Put) -> None:
    own = [[run(f"c{n}", hours=h) for h in range(5)] for n in range(4)]
    shared = [run("all", hours=h, run_id=f"5ha4ed{h}") for h in range(5)]

    def write(mine: list[Entry]) -> int:
        kept = there()
        return sum(kept.add(one) for one in [*mine, *shared])

    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(write, own))
    found, problems = there().read()
    assert sum(added) == 25 and not problems, "each of the shared ones is added by one alone"
    assert {name_of(r) for r in found} == {name_of(r) for r in [*shared, *(r for mine in own for r in mine)]}


def who_prunes_and_who_adds_do_not_meet(there: There, put: Put) -> None:
    old, new = [run("a", hours=50 + n) for n in range(8)], [run("a", hours=n) for n in range(8)]
    for one in old:
        there().add(one)
    several = [there() for _n in range(3)]
    names = [k.old(NOW - timedelta(hours=49)) for k in several]
    with ThreadPoolExecutor(4) as pool:
        adding = pool.submit(lambda: [there().add(one) for one in new])
        pruning = [pool.submit(k.remove, n) for k, n in zip(several, names, strict=True)]
        assert all(adding.result()) and [p.result() for p in pruning] == [None] * 3
    assert names == [[name_of(r) for r in old[::-1]]] * 3 and there().read() == (new[::-1], [])


def old_runs_go_by_their_age(there: There, put: Put) -> None:
    kept = there()
    old, young, gone = run("a", hours=50), run("a", hours=2), run("b", hours=60)
    for one in (old, young, gone):
        kept.add(one)
    names = kept.old(NOW - timedelta(hours=49))
    assert names == [name_of(gone), name_of(old)]
    kept.remove([*names, "b/20200101T000000Z-1.json"])
    assert kept.names() == there().names() == [name_of(young)]


def what_is_no_run_is_named_and_left(there: There, put: Put) -> None:
    there().add(one := run("a", hours=1))
    texts = {"a/20261101T000000Z-1.json": "{", "a/20261101T000001Z-2.json": "[]", "a/20261101T000002Z-3.json": '{"format": 9}',
             "a/20261101T000003Z-4.json": '{"format": 1, "cluster": "a"}', "a/20261101T000004Z-5.json": "\udcff"}
    others = ["a/20260231T000000Z-1.json", "a/b/20261101T000000Z-1.json", "a/notes.txt", "readme.txt"]
    for name, text in {**texts, **dict.fromkeys(others, "x")}.items():
        put(name, text)
    kept = there()
    found, problems = kept.read()
    assert found == [one] and len(problems) == 6 and [p.partition(": ")[0] for p in problems[:5]] == [kept.at(n) for n in texts]
    assert "is no run in format 1 of the history" in problems[1] and "is no whole run: KeyError" in problems[3]
    told = [n for n in others if n in problems[5]]
    assert problems[5].startswith(f"{kept.at()}: ") and "of another name than runs have, passed over: " in problems[5] and len(told) >= 3
    kept.remove(kept.old(NOW - timedelta(days=1)))
    assert there().names() == [name_of(one)] and "notes.txt" in there().read()[1][0]


def no_name_of_a_cluster_leads_out(there: There, put: Put) -> None:
    for cluster in ("a/../../b", "..", "", "prod eu", ".hidden", "x" * 300, "größe", "a%2Fb+c"):
        one = run(cluster, run_id="../../etc/x")
        assert there().add(one) and one in there().read()[0], cluster


def a_baseline_is_found_by_its_id(there: There, put: Put) -> None:
    kept, far, near, other = there(), run("a", hours=90), run("a", hours=80), run("b", hours=85)
    for one in (far, near, other):
        kept.add(one)
    assert kept.baselines("", NOW - timedelta(hours=70)) == [other, near]
    assert kept.baselines(far.run_id, NOW) == [far] and kept.baselines("nope", NOW) == []


RULES = [what_was_written_is_read_in_the_order_of_time, a_run_is_written_once_whoever_comes_second, writers_at_once_lose_no_run,
         who_prunes_and_who_adds_do_not_meet, old_runs_go_by_their_age, what_is_no_run_is_named_and_left, no_name_of_a_cluster_leads_out,
         a_baseline_is_found_by_its_id]
