"""What is read in the terminal: it fits the screen, and says every cause once."""
from __future__ import annotations

import math
import re

import pytest

from ansible.utils.color import stringc
from ansible_collections.assay.clusters.plugins.module_utils.results import summary
from ansible_collections.assay.clusters.plugins.module_utils.results.record import VERDICTS
from ansible_collections.assay.clusters.tests.unit.results import samples


def screen_lines(text: str, width: int) -> int:
    return sum(max(1, math.ceil(len(line) / width)) for line in text.splitlines())


@pytest.mark.parametrize("width", [60, 100, 160])
@pytest.mark.parametrize("runs", [samples.estate(), samples.fleet(), samples.fleet(failing=1), samples.fleet(60, 10),
                                  [samples.node_down()]], ids=["estate", "fleet", "all red", "many", "one"])
def test_fits_the_screen(runs: list, width: int) -> None:
    text = summary.summary(runs, width)
    assert screen_lines(text, width) <= 40
    assert all(len(line) <= width for line in text.splitlines() if not line.startswith("   next"))


def test_one_line_per_cluster_up_to_twenty() -> None:
    text = summary.summary(samples.fleet(failing=1))
    for number in range(1, 21):
        assert len(re.findall(rf"^shop-\w+-{number:02d} +failed .* 40 failed", text, re.MULTILINE)) == 1


def test_worst_clusters_first_where_they_do_not_fit() -> None:
    runs = [samples.healthy(f"c{i:02d}") for i in range(30)] + [samples.node_down("broken")]
    text = summary.summary(runs)
    assert re.search(r"^broken +failed", text, re.MULTILINE)
    assert "+12 more clusters, none worse than warned" in text


def test_a_cause_is_said_once_with_everything_to_act() -> None:
    text = summary.summary(samples.estate())
    for code in ("node.unreachable", "dns.upstream", "image.not-found"):
        assert len(re.findall(rf"^{re.escape(code)}", text, re.MULTILINE)) == 1
    assert "net.node-isolated" not in text
    assert "because of it: pod_network, service" in text
    assert "clusters     qa-eu-1, qa-us-1" in text
    assert "confirmed" in text and "remedy" in text
    assert "kubectl --context prod-eu-2 describe node ip-10-40-3-17.eu-west-1.compute.internal" in text
    assert "lease kube-node-lease/ip-10-40-3-17.eu-west-1.compute.internal renewed 162 s ago" in text
    assert "left behind by the clean-up: prod-eu-2: pod/probe-x7k2p" in text


def test_more_causes_than_fit() -> None:
    records = [samples.record("c1", "d", f"check{i}", "failed", cause=f"code.n{i:02d}") for i in range(80)]
    text = summary.summary([samples.run("c1", records)])
    hidden = int(re.search(r"\+(\d+) more, see the report", text)[1])
    assert len(re.findall(r"^code\.n", text, re.MULTILINE)) == 80 - hidden


def test_healthy_is_short() -> None:
    assert summary.summary([samples.healthy()]).splitlines()[0] == "WARNED  1 cluster, 6 checks: 1 warned, 5 passed"
    assert summary.summary([]) == "no cluster was tested"


def test_colour_changes_nothing_else() -> None:
    plain, coloured = summary.summary(samples.estate()), summary.summary(samples.estate(), colour=True)
    assert "\x1b[" not in plain
    assert "\x1b[1;31m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_lines_are_aligned() -> None:
    lines = [summary.line("prod-eu-2", r) for r in samples.node_down()["records"]]
    assert len({re.search(r"(passed|failed)", one).start() for one in lines}) == 1
    assert lines[-2].endswith("node.unreachable (confirmed)  node/ip-10-40-3-17.eu-west-1.compute.internal")
    assert lines[0].split() == ["prod-eu-2", "passed", "api_server", *lines[0].split()[3:]]


def test_a_line_is_one_line() -> None:
    record = samples.record("c1", "dns", "dns", "failed", message="\x1b[31mfirst\x07\r\nsecond" + "x" * 500)
    text = summary.line("c1", record)
    assert "first" in text and "\x1b" not in text and "\x07" not in text
    assert len(text.splitlines()) == 1


def test_colours_are_names_that_ansible_knows() -> None:
    assert set(summary.colours) == set(VERDICTS)
    assert all(stringc("x", colour) for colour in summary.colours.values())
