# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far the tests are, read from what Ginkgo 1 and 2 write, in pieces of any size."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.conformance.progress import Progress, left, plain_name

RULE = "------------------------------"
# As the runner's log has it: marks have no end of line until a block follows.
GINKGO_2 = f"""I1127 03:40:00.000000 17 e2e.go:109] Starting e2e run "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0" on Ginkgo node 1
Running Suite: Kubernetes e2e suite - /usr/local/bin
Random Seed: 1795750800
Will run 5 of 7574 specs
SSSSSS•SSS•SS
{RULE}
• [FAILED] [12.345 seconds]
[sig-network] DNS [It] should provide DNS for services [Conformance] [sig-network, Conformance]
k8s.io/kubernetes/test/e2e/network/dns.go:133

  Timeline >>
  STEP: Building a namespace api object, basename dns @ 11/27/26 03:40:01.1
  [FAILED] in [It] - k8s.io/kubernetes/test/e2e/network/dns.go:150 @ 11/27/26 03:40:13.4
  << Timeline

  [FAILED] failed to resolve within 10m
  In [It] at: k8s.io/kubernetes/test/e2e/network/dns.go:150 @ 11/27/26 03:40:13.4
{RULE}
SSS•SS
{RULE}
[SynchronizedAfterSuite] [FAILED] [0.001 seconds]
[SynchronizedAfterSuite]
k8s.io/kubernetes/test/e2e/e2e.go:88
{RULE}
S•SSS

Summarizing 1 Failure:
  [FAIL] [sig-network] DNS [It] should provide DNS for services [Conformance]

Ran 5 of 7574 Specs in 30.0 seconds
FAIL! -- 4 Passed | 1 Failed | 0 Pending | 7569 Skipped
"""
GINKGO_1 = f"""Will run 3 of 5000 specs
SSS•SSSS
{RULE}
• [SLOW TEST:12.1 seconds]
[sig-apps] Job
k8s.io/kubernetes/test/e2e/apps/framework.go:23
{RULE}
• Failure [5.100 seconds]
[sig-storage] Projected secret
{RULE}
"""


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_tests_and_failures_are_counted_whatever_the_pieces(size: int) -> None:
    progress, found, data = Progress(), [], GINKGO_2.encode()
    for at in range(0, len(data), size):
        found += progress.feed(data[at:at + size])
    found += progress.finish()
    assert (progress.total, progress.done) == (5, 5)
    assert [(f.name, f.message, f.suite) for f in found] == [
        ("[sig-network] DNS should provide DNS for services [Conformance]", "failed to resolve within 10m", False),
        ("[SynchronizedAfterSuite]", "", True)]
    assert any("basename dns" in line for line in found[0].lines)
    assert progress.e2e_runs == {"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"}


def test_marks_count_before_their_line_ends() -> None:
    progress = Progress()
    progress.feed("Will run 9 of 20 specs\nSS•S•".encode())
    assert (progress.done, progress.total) == (2, 9)
    progress.feed("•S\n".encode())
    assert progress.done == 3


def test_a_failure_is_told_when_its_block_is_whole() -> None:
    progress = Progress()
    head, tail = GINKGO_2[:GINKGO_2.index("  In [It] at:")], GINKGO_2[GINKGO_2.index("  In [It] at:"):]
    assert progress.feed(head.encode()) == []
    assert [f.message for f in progress.feed(tail.encode())][:1] == ["failed to resolve within 10m"]


def test_ginkgo_1_is_understood() -> None:
    progress = Progress()
    found = progress.feed(GINKGO_1.encode())
    assert (progress.total, progress.done, [f.name for f in found]) == (3, 3, ["[sig-storage] Projected secret"])


@pytest.mark.parametrize("line", ["• is what we print", "text • text", "S• mixed with words"])
def test_a_mark_in_a_test_s_own_words_is_no_test(line: str) -> None:
    progress = Progress()
    progress.feed(f"{line}\n".encode())
    assert progress.done == 0


def test_colours_and_carriage_returns_do_no_harm() -> None:
    progress = Progress()
    lines = ["Will run \x1b[1m4\x1b[0m of \x1b[1m9\x1b[0m specs", "\x1b[31m• [FAILED]\x1b[0m [1 seconds]", "[sig-a] b [It] c", RULE, ""]
    progress.feed("\r\n".join(lines).encode())
    assert (progress.total, [f.name for f in progress.failures]) == (4, ["[sig-a] b c"])


def test_a_retry_that_passed_is_a_test_and_no_failure() -> None:
    progress = Progress()
    progress.feed(f"{RULE}\n↺ [FLAKEY TEST - TOOK 2 ATTEMPTS TO PASS] [3.0 seconds]\n[sig-a] b\n{RULE}\n".encode())
    assert progress.done == 1 and not progress.finish() and not progress.failures


@pytest.mark.parametrize(("name", "plain"), [
    ("[It] [sig-network] DNS should [Conformance]", "[sig-network] DNS should [Conformance]"),
    ("[sig-network] DNS [BeforeEach] should", "[sig-network] DNS should"), ("[sig-a] b [It]", "[sig-a] b"),
    ("[sig-a] b [It] c [Conformance] [sig-a, Conformance]", "[sig-a] b c [Conformance]")])
def test_names_are_alike_in_log_and_junit(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@pytest.mark.parametrize(("done", "total", "seconds", "wanted"), [
    (0, 10, 5.0, None), (5, 10, 50.0, 50.0), (10, 10, 50.0, 0.0), (12, 10, 50.0, 0.0), (1, 0, 5.0, None)])
def test_time_left_is_as_what_passed(done: int, total: int, seconds: float, wanted: float | None) -> None:
    assert left(done, total, seconds) == wanted
