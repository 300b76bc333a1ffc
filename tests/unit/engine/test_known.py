# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A failure that is known is accepted until its day, for its own cause alone; what is known wrongly is refused."""
from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import known
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.plugins.module_utils.results.gate import gate
from ansible_collections.assay.clusters.plugins.module_utils.results.record import FAILED, INCONCLUSIVE, PASSED, SKIPPED
from ansible_collections.assay.clusters.tests.unit.results import samples

GIVEN = {"check": "dns", "cause": "dns.upstream", "until": "2026-12-31", "reason": "the resolver moves, OPS-7"}
LAST, AFTER = datetime.date(2026, 12, 31), datetime.date(2027, 1, 1)


def _marked(verdict: str, today: datetime.date = LAST, **fields: Any) -> dict[str, Any]:
    """A run of dns, with this verdict, and of a check that passed."""
    records = [samples.record("c1", "dns", "dns", verdict, **fields), samples.record("c1", "nodes", "nodes")]
    run = samples.run("c1", records, notes=[])
    known.mark(run, known.read([GIVEN], ["dns", "nodes"]), today)
    return run


@pytest.mark.parametrize("fields", [{"cause": "dns.upstream"}, {"cause": "dns.upstream(8.8.8.8)"},
                                    {"cause": "dns.timeout", "consequence_of": "dns.upstream"}])
@pytest.mark.parametrize("verdict", [FAILED, INCONCLUSIVE])
def test_it_stays_what_it_is_and_stops_nobody_until_the_day_is_over(verdict: str, fields: dict[str, str]) -> None:
    run = _marked(verdict, **fields)
    assert (run["records"][0]["verdict"], run["verdict"], run["notes"]) == (verdict, "warned", [])
    assert run["records"][0]["known"] == "until 2026-12-31: the resolver moves, OPS-7" and gate(run)[0]


def test_from_the_day_after_on_it_counts_again_and_says_so() -> None:
    run = _marked(FAILED, AFTER, cause="dns.upstream")
    assert run["records"][0]["known"] == "" and run["verdict"] == FAILED and not gate(run)[0]
    assert run["notes"] == ["dns: dns.upstream was known until 2026-12-31 and counts again: the resolver moves, OPS-7"]


@pytest.mark.parametrize("cause", ["dns.server-down", ""])
def test_the_same_check_is_red_for_anything_else(cause: str) -> None:
    run = _marked(FAILED, cause=cause)
    assert run["records"][0]["known"] == "" and not gate(run)[0] and run["notes"] == []


@pytest.mark.parametrize(("verdict", "today", "note"), [
    (PASSED, LAST, ["dns: dns.upstream, which is known until 2026-12-31, was not there: take it out of known_failures"]),
    (PASSED, AFTER, ["dns: dns.upstream, which was known until 2026-12-31, was not there: take it out of known_failures"]),
    (SKIPPED, LAST, [])])
def test_one_that_is_no_longer_there_can_go(verdict: str, today: datetime.date, note: list[str]) -> None:
    assert _marked(verdict, today)["notes"] == note


@pytest.mark.parametrize(("wrong", "words"), [
    ({"check": "dsn"}, "known_failures: there is no check 'dsn'; did you mean dns?"),
    ({"cause": "dns.upstreem"}, "known_failures: there is no cause 'dns.upstreem'; did you mean dns.upstream"),
    ({"cause": "x"}, "known_failures: there is no cause 'x'; the page of causes has all of them"),
    ({"until": "soon"}, "known_failures: until of dns must be a day such as 2026-12-31, not 'soon'"),
    ({"until": "2026-02-30"}, "known_failures: until of dns must be a day such as 2026-12-31, not '2026-02-30'"),
    ({"until": "20261231"}, "known_failures: until of dns must be a day such as 2026-12-31, not '20261231'"),
    ({"reason": " "}, "known_failures: reason of dns must say why the failure is accepted")])
def test_what_is_known_wrongly_is_refused(wrong: dict[str, str], words: str) -> None:
    with pytest.raises(BadInput) as refused:
        known.read([{**GIVEN, **wrong}], ["dns", "nodes"])
    assert str(refused.value).startswith(words)
