"""junit.xml as other programs read it."""
from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import junitparser
import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results import clean, gate, junit, summary
from ansible_collections.assay.clusters.plugins.module_utils.results.record import FAILED, WARNED
from ansible_collections.assay.clusters.tests.unit.results import samples


def written(*runs: dict) -> str:
    return junit.junit([clean.clean_run(r) for r in runs])


def cases(text: str) -> dict[tuple[str, str], junitparser.TestCase]:
    return {(c.classname, c.name): c for suite in junitparser.JUnitXml.fromstring(text.encode()) for c in suite}


def test_reads_back() -> None:
    xml = junitparser.JUnitXml.fromstring(written(*samples.estate()).encode())
    names = ["prod-eu-1", "prod-eu-2", "qa-eu-1", "qa-us-1", "edge-01"]
    assert [s.name for s in xml] == [n for n in names for _suite in ("its checks", "its clean-up")]
    assert (xml.tests, xml.failures, xml.errors, xml.skipped) == (35, 6, 3, 1)
    properties = {p.name: p.value for p in list(xml)[2].properties()}
    assert (properties["run_id"], properties["server_version"]) == ("3f9a21c0", "v1.34.2")
    assert properties["causes"] == "node.unreachable"


def test_the_suite_of_a_cluster_counts_what_the_summary_counts() -> None:
    runs = samples.estate()
    suites = [s for s in ET.fromstring(written(*runs)) if s.get("package") == "assay.clusters"]
    assert [(s.get("name"), int(s.get("tests", ""))) for s in suites] == [(r["cluster"], len(r["records"])) for r in runs]
    assert f", {sum(int(s.get('tests', '')) for s in suites)} checks: " in summary.summary(runs)
    for run in runs:
        checks = f" of {len(run['records'])} check"
        assert checks in gate.gate(run)[1] or f"{len(run['records'])} checks passed" in gate.gate(run)[1]


def test_counts_equal_the_elements() -> None:
    root = ET.fromstring(written(*samples.estate()))
    for suite in root:
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute)) == len(suite.findall(f"testcase/{tag}"))
            assert int(root.get(attribute)) == len(root.findall(f"testsuite/testcase/{tag}"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", root[0].get("timestamp"))


def test_failure_tells_everything() -> None:
    (failure,) = cases(written(samples.node_down()))["prod-eu-2.nodes", "nodes"].result
    assert isinstance(failure, junitparser.Failure)
    assert failure.type == "node.unreachable"
    assert failure.message == "node ip-10-40-3-17.eu-west-1.compute.internal is not ready"
    for part in ("cause: node.unreachable (confirmed)", "scope: node/ip-10", "remedy: Bring", "next: kubectl",
                 "evidence:",
                 "step: every node runs a new pod", "  lease kube-node-lease/"):
        assert part in failure.text


def test_other_verdicts() -> None:
    found = cases(written(samples.image_missing(), samples.healthy()))
    (error,) = found["edge-01.dns", "dns"].result
    assert isinstance(error, junitparser.Error) and error.type == "image.not-found"
    (skipped,) = found["edge-01.storage", "storage"].result
    assert isinstance(skipped, junitparser.Skipped) and skipped.message == "the cluster has no StorageClass"
    warned = found["prod-eu-1.storage", "storage"]
    assert not warned.result and warned.system_out == "warned: took 71 s, expected at most 60 s"


def test_clean_up_is_a_case_of_its_own() -> None:
    found = cases(written(samples.node_down(), samples.healthy()))
    (failure,) = found["prod-eu-2.cleanup", "cleanup"].result
    assert failure.type == "leak.cleanup-stuck" and failure.text.startswith("pod/probe-x7k2p")
    assert not found["prod-eu-1.cleanup", "cleanup"].result


def test_names_are_unique_and_numbers_are_graphs() -> None:
    text = written(*samples.estate())
    names = [(c.get("classname"), c.get("name")) for c in ET.fromstring(text).iter("testcase")]
    assert len(names) == len(set(names))
    case = ET.fromstring(text).find(".//testcase[@name='api_server']")
    measured = case.find("properties/property[@name='list request (ms)']")
    assert float(measured.get("value")) > 0


@pytest.mark.parametrize("text", ["\x00\x01\x08\x0b\x1b[31mred\x1b[0m\ufffe\uffff", "]]> & < > \" ' &#0;",
                                  "\ud800 lone", "ünïcödé 中文 🚀",
                                  "line\r\nbreak\ttab", "\x85\x9f"])
def test_any_text_is_valid(text: str) -> None:
    record = samples.record("c1", "dns", "dns", FAILED, message=text, evidence=[text], cause=text, scope=[text],
                            remedy=text)
    warned = samples.record("c1", "dns", "dns2", WARNED, message=text, measurements=[samples.measured(text, 1)])
    root = ET.fromstring(written(samples.run("c1", [record, warned], version=text, leftovers=[text])).encode("utf-8"))
    assert root.find("testsuite/testcase/failure") is not None


@pytest.mark.parametrize(("started", "stamp"), [
    ("2026-03-14T09:26:53.120+00:00", "2026-03-14T09:26:53"), ("2026-03-14T09:26:53Z", "2026-03-14T09:26:53"),
    ("2026-03-14T01:26:53+02:00", "2026-03-13T23:26:53"), ("2026-03-14T20:26:53-05:30", "2026-03-15T01:56:53"),
    ("2026-03-14T09:26:53", "2026-03-14T09:26:53"), ("yesterday", None), ("", None)])
def test_time_stamps_are_in_utc(started: str, stamp: str | None) -> None:
    assert ET.fromstring(written(samples.run("c1", [], started=started)))[0].get("timestamp") == stamp


def test_clusters_run_at_the_same_time() -> None:
    runs = [{**samples.healthy(f"c{seconds}"), "seconds": seconds} for seconds in (4.5, 60.25, 30)]
    root = ET.fromstring(written(*runs))
    assert [s.get("time") for s in root] == ["4.500", "0.000", "60.250", "0.000", "30.000", "0.000"] and root.get("time") == "60.250"
    assert ET.fromstring(written()).get("time") == "0.000"


def test_what_is_known_of_a_case_is_in_its_properties() -> None:
    suite = ET.fromstring(written(samples.node_down()))[0]
    root, follows, passed = (
        {p.get("name"): p.get("value") for p in suite.iterfind(f"testcase[@name='{check}']/properties/property")}
        for check in ("nodes", "service", "dns"))
    node = "node/ip-10-40-3-17.eu-west-1.compute.internal"
    assert root == {"cause": "node.unreachable", "confidence": "confirmed", "scope": node}
    assert follows == {"cause": "net.node-isolated", "consequence_of": "node.unreachable", "confidence": "probable",
                       "scope": node}
    assert not {"cause", "consequence_of", "confidence", "scope"} & set(passed)


def test_no_runs() -> None:
    assert len(junitparser.JUnitXml.fromstring(written().encode())) == 0
