# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which pairs of nodes are asked, and by what command."""
from __future__ import annotations

from urllib.parse import quote

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._network.pairs import ALL_PAIRS, pairs, ring, zone_pairs
from ansible_collections.assay.clusters.plugins.module_utils.checks._network.pod_questions import Target, parse, script
from ansible_collections.assay.clusters.tests.unit.checks.shells import said_by


@pytest.mark.parametrize("count", [2, 3, 4, 7, ALL_PAIRS])
def test_a_small_cluster_is_asked_in_all_pairs(count):
    nodes = [f"n{i}" for i in range(count)]
    asked = pairs(nodes, {}, "seed")
    assert len(asked) == len(set(asked)) == count * (count - 1)
    assert all(a != b for a, b in asked)


def test_a_large_cluster_is_asked_by_ring_zones_and_sample():
    nodes = [f"n{i:03}" for i in range(200)]
    zones = {n: f"z{i % 3}" for i, n in enumerate(nodes)}
    asked = pairs(nodes, zones, "seed")
    assert len(asked) < 6 * 200 + 6 + 300 + 1
    assert set(ring(nodes)) | set(zone_pairs(nodes, zones)) <= set(asked)
    for node in nodes:
        assert sum(a == node for a, _b in asked) >= 6
        assert sum(b == node for _a, b in asked) >= 6
    assert {(zones[a], zones[b]) for a, b in asked} >= {("z0", "z1"), ("z1", "z0"), ("z2", "z0"), ("z0", "z2")}
    assert asked == pairs(nodes, zones, "seed")


def test_output_of_the_shell_is_parsed_whatever_stands_between():
    found = parse("0 small 0 probe-n1 0.0012\nnoise\n1 small 28 curl: (28) Connection timed out 5.001\n"
                  "0 large 0 same 0.004\n2 large 56 curl: (56) reset|0.1\n0 udp 0 {\"responses\":[\"probe-n1\"]}\n"
                  "2 body-400 0 same 0.1\n2 odd 0 same 0.1\n1 closed 28\n")
    assert found == {(0, "small"): (0, "probe-n1", 0.0012), (0, "large"): (0, "same", 0.004),
                     (1, "small"): (28, "curl: (28) Connection timed out", 5.001),
                     (2, "large"): (56, "curl: (56) reset", 0.1), (0, "udp"): (0, '{"responses":["probe-n1"]}', 0.0),
                     (2, "body-400"): (0, "same", 0.1), (1, "closed"): (28, "", 0.0)}


def test_script_brackets_ipv6_and_fits_any_proxy():
    text = script([Target("a", "p", "10.0.0.1", "fd00::2", True), Target("b", "p", "fd00::1")])
    assert text.endswith("q 0 10.0.0.1&o 0 10.0.0.1 [fd00::2] c&q 1 [fd00::1]&o 1 [fd00::1] - -&wait")
    longest = script([Target("a", "p", f"10.244.100.{i}", f"fd00:1234:5678:9abc::1{i}", True) for i in range(10)])
    assert len(quote(longest)) < 3000


CURL = """#!{python}
import sys
url = sys.argv[-1]
body = next((a[4:] for a in sys.argv if a.startswith("msg=")), "")
if "/dial?" in url:
    print('{{"responses":["p"]}}' if "port=8081&protocol=udp" in url else '{{"errors":["connection refused"]}}', end="")
elif "fd00::9" in url or ("10.0.0.2" in url and len(body) > 1200):
    print("curl: (28) late" + ("|" if body else " ") + "5.0", end="")
    sys.exit(28)
else:
    print(f"{{body}}|0.1" if body else "p 0.1", end="")
"""


@pytest.mark.parametrize("shell", ["sh", "busybox sh"])
def test_any_shell_understands_the_script(tmp_path, shell):
    text = script([Target("a", "p", "10.0.0.1", "fd00::9", closed=True), Target("b", "p", "10.0.0.2"),
                   Target("c", "p", "10.0.0.3", itself=True)])
    said = said_by(shell, text, CURL, tmp_path)
    found = parse(said)
    assert {k: v[0] for k, v in found.items()} == {
        (0, "small"): 0, (0, "large"): 0, (0, "udp"): 0, (0, "family"): 28, (0, "closed"): 0, (2, "small"): 0, (2, "large"): 0,
        (1, "small"): 0, (1, "large"): 28, (1, "body-1200"): 0, (1, "udp"): 0}, said
    assert found[0, "large"][1] == found[1, "body-1200"][1] == "same" and found[1, "large"][1] == "curl: (28) late"
