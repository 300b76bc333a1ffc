# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module results_metrics: files that node_exporter reads, groups of a Pushgateway, and what becomes of a refusal."""
from __future__ import annotations

import base64
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import files
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.metrics import exposed
from tests.fakes.authority import issue
from tests.fakes.push_server import Asked, push_server
from tests.unit.metrics.builders import metrics, of, parsed, record, run, stored


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return stored(tmp_path / "results", run("c1"), run("c2", record("dns", "failed", cause="dns.server-down")))


@pytest.fixture
def server() -> Iterator[Asked]:
    with push_server() as asked:
        yield asked


def test_a_file_is_of_all_clusters_and_readable(results: Path, tmp_path: Path) -> None:
    dest, before = tmp_path / "assay.prom", os.umask(0o077)
    try:
        told = metrics(results, dest=str(dest))
    finally:
        os.umask(before)
    assert told == {"changed": True, "paths": [str(dest)], "clusters": ["c1", "c2"], "pushed": [], "msg": "metrics of 2 clusters"}
    assert of(parsed(dest.read_text()), "assay_run_verdict", cluster="c2", verdict="failed") == 1
    assert stat.S_IMODE(dest.stat().st_mode) == 0o644 and not metrics(results, dest=str(dest))["changed"]
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["assay.prom"]


def test_a_file_of_each_cluster_leaves_those_of_others(results: Path, tmp_path: Path) -> None:
    dest = str(tmp_path / "assay-{cluster}.prom")
    assert metrics(results, dest=dest)["paths"] == [str(tmp_path / f"assay-c{n}.prom") for n in (1, 2)]
    (tmp_path / "assay-c2.prom").write_text("kept")
    assert metrics(results, dest=dest, clusters=["c1"])["clusters"] == ["c1"]
    assert (tmp_path / "assay-c2.prom").read_text() == "kept"


def test_what_is_being_written_is_no_file_of_metrics(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """node_exporter reads whatever ends in .prom, at any time; and a writer that dies leaves the last one."""
    dest, seen = tmp_path / "assay.prom", []
    dest.write_text("before")

    def replace(temporary: Path, path: Path) -> None:
        seen.append((temporary.name.endswith(".prom"), path.read_text()))
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        metrics(results, dest=str(dest))
    assert seen == [(False, "before")] and [p.name for p in tmp_path.iterdir() if p.is_file()] == ["assay.prom"]


def test_check_mode_writes_and_pushes_nothing(results: Path, tmp_path: Path, server: Asked) -> None:
    told = metrics(results, True, dest=str(tmp_path / "assay.prom"), pushgateway=server.url)
    assert told["changed"] and told["pushed"] == [] and not (tmp_path / "assay.prom").exists() and not server.got


def test_without_results_the_last_metrics_stay(results: Path, tmp_path: Path, server: Asked) -> None:
    dest = tmp_path / "assay.prom"
    dest.write_text("before")
    told = metrics(results, dest=str(dest), pushgateway=server.url, since="2026-12-01T00:00:00+00:00")
    assert not told["changed"] and told["clusters"] == [] and dest.read_text() == "before" and not server.got
    assert told["warnings"] == [f"results_dir: {results} has no results of these clusters, so there are no new metrics"]


@pytest.mark.parametrize(("options", "sentence"), [
    ({"dest": "/tmp/assay.txt"}, "dest: must end in .prom, as node_exporter reads no other files, not '/tmp/assay.txt'"),
    ({"dest": "/nowhere/assay.prom"}, "dest: there is no folder /nowhere"),
    ({"dest": "/tmp/{cluster}/assay.prom"}, "dest: {cluster} may be in the name of the file only"),
    ({"mode": "rw", "dest": "/tmp/a.prom"}, "mode: must be three octal digits such as '0644', not 'rw'"),
    ({"pushgateway": "ftp://x"}, "pushgateway: must be the address of a Pushgateway"),
    ({"pushgateway": "http://x:99999"}, "pushgateway: must be the address of a Pushgateway"),
    ({"pushgateway": "http://u:secret@x"}, "pushgateway: has a log-in in its address; set username and password instead"),
    ({"pushgateway": "x", "username": "u"}, "username and password: one is set without the other"),
    ({"pushgateway": "x", "job": ""}, "job: must not be empty"),
    ({"pushgateway": "x", "grouping_key": {"a-b": 1}}, "grouping_key: 'a-b' is no name of a label"),
    ({"pushgateway": "x", "grouping_key": {"__a": 1}}, "grouping_key: '__a' is no name of a label"),
    ({"pushgateway": "x", "grouping_key": {"cluster": "y"}}, "grouping_key: cluster is a label of the metrics already"),
    ({"pushgateway": "https://127.0.0.1:1", "ca_path": "/nowhere"}, "ca_path: /nowhere cannot be read as certificates: No such file")])
def test_bad_options_are_one_sentence_and_nothing_is_done(results: Path, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadOption) as told:
        metrics(results, **options)
    assert str(told.value).startswith(sentence) and "secret" not in str(told.value)


def test_a_package_that_is_missing_is_one_sentence(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(exposed, "import_module", missing)
    with pytest.raises(PlatformError, match="^the Python package prometheus_client is missing or broken for .*: No module named"):
        metrics(results, dest=str(tmp_path / "assay.prom"))


def test_each_cluster_is_a_group_with_its_log_in(results: Path, server: Asked) -> None:
    told = metrics(results, pushgateway=server.url, job="nightly", grouping_key={"env": "a/b", "n": 1}, username="u", password="pw")
    assert told["changed"] and told["pushed"] == ["c1", "c2"]
    assert [(m, p) for m, p, _h, _b in server.got] == [("PUT", f"/metrics/job/nightly/cluster/c{n}/env@base64/YS9i/n/1") for n in (1, 2)]
    assert {h["Authorization"] for _m, _p, h, _b in server.got} == {f"Basic {base64.b64encode(b'u:pw').decode()}"}
    assert {dict(labels)["cluster"] for labels in parsed(server.got[0][3])["assay_check_verdict"]} == {"c1"}


def test_a_refusal_is_a_warning_that_ends_the_pushing(results: Path, tmp_path: Path, server: Asked) -> None:
    server.answers = [(200, ""), (400, "pushed metrics are\ninvalid: nonsense")]
    told = metrics(results, dest=str(tmp_path / "assay.prom"), pushgateway=server.url)
    assert told["pushed"] == ["c1"] and told["warnings"] == [
        f"pushgateway: {server.url} did not take the metrics: 400 Bad Request: pushed metrics are invalid: nonsense (1 of 2 clusters were pushed)"]
    assert (tmp_path / "assay.prom").exists()
    server.answers, server.got = [(503, "")], []
    assert metrics(results, pushgateway=server.url)["pushed"] == [] and len(server.got) == 1, "no other is tried"


def test_a_refusal_fails_where_it_must_not_be(results: Path, server: Asked) -> None:
    server.answers = [(200, ""), (401, "")]
    with pytest.raises(PlatformError, match="401 Unauthorized") as told:
        metrics(results, pushgateway=server.url, push_required=True)
    assert told.value.details == {"changed": True, "paths": [], "clusters": ["c1", "c2"], "pushed": ["c1"]}


def test_an_address_where_nobody_is_is_a_warning(results: Path) -> None:
    [told] = metrics(results, pushgateway="127.0.0.1:1")["warnings"]
    assert told == "pushgateway: 127.0.0.1:1 cannot be reached: [Errno 111] Connection refused (0 of 2 clusters were pushed)"


def test_certificates_are_verified_by_what_is_given(results: Path, tmp_path: Path) -> None:
    root = issue("Test CA", ca=True)
    leaf = issue("push", addresses=["127.0.0.1"], by=root)
    (tmp_path / "chain.pem").write_text(leaf.pem + leaf.key_pem)
    (tmp_path / "ca.pem").write_text(root.pem)
    (tmp_path / "other.pem").write_text(issue("Another CA", ca=True).pem)
    with push_server(tmp_path / "chain.pem") as asked:
        for wrong in (None, str(tmp_path / "other.pem")):
            [told] = metrics(results, pushgateway=asked.url, ca_path=wrong)["warnings"]
            assert "CERTIFICATE_VERIFY_FAILED" in told and not asked.got
        assert metrics(results, pushgateway=asked.url, ca_path=str(tmp_path / "ca.pem"))["pushed"] == ["c1", "c2"]
        assert metrics(results, pushgateway=asked.url, validate_certs=False)["pushed"] == ["c1", "c2"]
