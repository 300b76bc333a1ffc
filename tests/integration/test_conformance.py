# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The real conformance tests by the playbook conformance, on the lab: e2e.test, Ginkgo and the published runner."""
from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from tests.integration import conformance_read
from tests.integration.conftest import Playbook, eventually
from tests.lab import conformance
from tests.lab.base import KUBERNETES

# The build of e2e.test takes longer than all that a plain `make test` builds: its pod is a fake in tests/unit/conformance.
pytestmark = [pytest.mark.lab, pytest.mark.gauntlet]

QUICK = r"(ConfigMap should be consumable via environment variable|Secrets should be consumable from pods in env vars) "
SPACE = "assay-conformance-"
# These disturb other tests, or take long by design.
ALONE = r"\[Serial\]|\[Slow\]|\[Disruptive\]"


@pytest.fixture
def client(kubeconfig: str) -> Any:
    connection = Connection.resolve({"kubeconfig": str(kubeconfig)}, {})
    yield Client(connection)
    connection.close()


@pytest.fixture
def image(lab: Any) -> None:
    conformance.push(lab)


def there(client: Client) -> list[str]:
    """Namespaces and bindings of runs, and namespaces of tests."""
    spaces = [n["metadata"] for n in client.get("/api/v1/namespaces")["items"]]
    bindings = client.get("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings")["items"]
    return [m["name"] for m in spaces if m["name"].startswith(SPACE) or "e2e-run" in (m.get("labels") or {})] + [
        b["metadata"]["name"] for b in bindings if b["metadata"]["name"].startswith(SPACE)]


def options(folder: Path, **given: Any) -> list[str]:
    named = {f"conformance_{n}": v for n, v in {"results_dir": str(folder), "run_id": "r1", **given}.items()}
    return ["-e", json.dumps(named)]


def result(folder: Path, run_id: str = "r1") -> dict[str, Any]:
    return json.loads((folder / "c" / run_id / "conformance.json").read_text())


def test_real_tests_pass_side_by_side_and_leave_nothing(playbook: Any, client: Client, image: None, tmp_path: Path) -> None:
    book = playbook()
    done = book.run(*options(tmp_path, focus=QUICK, parallel=2), playbook="conformance")
    assert done.returncode == 0 and "2 tests are to run" in done.stdout and "passed: 2 passed" in done.stdout
    found = result(tmp_path)
    assert (found["verdict"], found["counts"]["passed"], found["whole"]) == ("passed", 2, False)
    assert {"e2e.log", "junit_01.xml"} <= set(found["files"]) and found["leaked"] == found["leftovers"] == []
    assert there(client) == [] and not list((Path(book.env["XDG_STATE_HOME"]) / "assay").rglob("*.jsonl"))
    again = book.run(*options(tmp_path, focus=QUICK, parallel=2), playbook="conformance")
    assert again.returncode == 0 and "begins" not in again.stdout and "changed=0" in again.stdout
    _is_in_a_grid(tmp_path)
    _is_submitted(book, tmp_path)


def _is_in_a_grid(folder: Path) -> None:
    told = conformance_read.published(folder / "work", folder / "c/r1")
    [run] = told["read"]["runs"]
    names = [t["name"] for t in run["tests"] if not t["setup"]]
    assert (run["verdict"], run["versions"]["server"], run["findings"]) == ("passed", KUBERNETES, [])
    assert len(names) == 2 and all(re.search(QUICK, n) for n in names)
    [build] = told["build"]["builds"]
    assert (build["result"], int(build["build_id"])) == ("SUCCESS", run["started"]["epoch"])
    assert "[It] " + names[0] in (Path(build["url"]) / "artifacts/junit_01.xml").read_text()
    assert "Ran 2 of" in (Path(build["url"]) / "build-log.txt").read_text()
    rows = conformance_read.cells(told)
    assert {n: rows.get(n) for n in ["conformance.Overall", *names]} == dict.fromkeys(["conformance.Overall", *names], ["passed"])
    assert not [n for n, words in rows.items() if words != ["passed"]]  # nodes of the suite, too; a skipped test has no row
    assert (conformance_read.tab(told)["columns"], conformance_read.tab(told)["alerts"]) == (1, [])


def _is_submitted(book: Playbook, folder: Path) -> None:
    """By the playbook, which runs no test again: refused by the release's list, made by what that says of the two that ran."""
    def submit(required: str, *more: str) -> subprocess.CompletedProcess[str]:
        wanted = conformance_read.submission(folder, required)
        return book.run(*options(folder, focus=QUICK, parallel=2, **wanted), *more, playbook="conformance")

    release = KUBERNETES.rpartition(".")[0]
    junit, log = ((folder / "c/r1" / n).read_text() for n in ("junit_01.xml", "e2e.log"))
    names = [n for n in re.findall(r'<testcase name="\[It\] ([^"]*)"', junit) if re.search(QUICK, n)]
    refused = submit(conformance_read.listed(folder))
    assert refused.returncode and f"{release}/example is refused for " in refused.stdout and ", so nothing was written: " in refused.stdout
    assert "was skipped, and a run for certification skips no conformance test" in refused.stdout
    assert not (folder / "submissions").exists()
    some = conformance_read.listed(folder, names)
    assert submit(some, "--check").returncode == 0 and not (folder / "submissions").exists()
    made = submit(some)
    place = folder / "submissions" / release / "example"
    assert made.returncode == 0 and f"{release}/example is valid, 2 of 2 required tests passed" in made.stdout
    assert sorted(p.name for p in place.iterdir()) == ["PRODUCT.yaml", "README.md", "e2e.log", "junit_01.xml"]
    assert (place / "e2e.log").read_text() == log and all(n in (place / "junit_01.xml").read_text() for n in names)
    assert f"API server of {KUBERNETES}" in (place / "README.md").read_text() and "begins" not in made.stdout
    assert submit(some, "-e", "conformance_state=absent").returncode == 0


def test_a_dry_run_tells_what_would_run(playbook: Any, client: Client, image: None, tmp_path: Path) -> None:
    """All that the release requires would: its own list, by the names that the tests have in JUnit. It proves none of them."""
    book = playbook()
    done = book.run(*options(tmp_path, dry_run=True), playbook="conformance")
    assert done.returncode == 0 and "dry run: " in done.stdout
    assert result(tmp_path)["verdict"] == "inconclusive" and there(client) == []
    found = conformance_read.submitted(tmp_path, conformance_read.listed(tmp_path))
    assert found["failed"] and "It was a dry run: tests that are told as passed did not run" in found["msg"]
    assert [f["test"] for f in found["findings"] if f["code"] in ("test-missing", "test-skipped")] == []
    assert found["required"]["tests"] == len(conformance_read.required()) and not (tmp_path / "submissions").exists()


def start(book: Playbook, folder: Path, **given: Any) -> subprocess.Popen[str]:
    null = subprocess.DEVNULL
    return subprocess.Popen(book._command(*options(folder, **given), playbook="conformance"), env=book.env, text=True,
                            start_new_session=True, stdout=null, stderr=null, stdin=null)


def running(client: Client) -> bool:
    pods = client.get(f"/api/v1/namespaces/{SPACE}r1/pods")["items"]
    return any(p["status"]["phase"] == "Running" for p in pods)


def test_a_second_playbook_goes_on_where_one_was_killed(playbook: Any, client: Client, image: None, tmp_path: Path) -> None:
    book = playbook()
    first = start(book, tmp_path, focus=QUICK)
    eventually("the pod", lambda: there(client) and running(client))
    while book.processes():
        book.kill_all()
    first.wait()
    assert there(client)
    other = book.run(*options(tmp_path, run_id="r2", focus=QUICK), playbook="conformance")
    assert other.returncode and "run r1 of the conformance tests is in this cluster" in other.stdout
    changed = book.run(*options(tmp_path, focus="DNS"), playbook="conformance")
    assert changed.returncode and "focus: run r1 was begun with" in changed.stdout and there(client)
    done = book.run(*options(tmp_path, focus=QUICK), playbook="conformance")
    assert done.returncode == 0 and "goes on; results in" in done.stdout
    assert result(tmp_path)["resumed"] and result(tmp_path)["counts"]["passed"] == 2 and there(client) == []


def test_an_api_server_that_restarts_ends_no_run(playbook: Any, client: Client, lab: Any, image: None, tmp_path: Path) -> None:
    """What the tests themselves make of it is theirs: here it counts that all of them ended, and are here."""
    book = playbook()
    process = start(book, tmp_path, focus=r"\[sig-storage\] (ConfigMap|Secrets).*(updates should be reflected|optional updates)")
    eventually("the pod", lambda: there(client) and running(client))
    with lab.fault.stop("cp", "kube-apiserver"):
        pass
    process.wait()
    found = result(tmp_path)
    assert found["ended"] == "" and found["counts"]["passed"] + found["counts"]["failed"] == 3
    lab.settle()
    assert there(client) == []


def test_a_fault_is_named_beside_the_test_that_it_made_fail(playbook: Any, client: Client, lab: Any, image: None,
                                                            tmp_path: Path) -> None:
    """Without CoreDNS a test fails that looks a service up by its name, and our check of DNS says why; mended, it passes."""
    book = playbook()
    focus = r"Services should be able to change the type from ExternalName to ClusterIP"
    with lab.fault.scale("kube-system", "coredns", 0):
        done = book.run(*options(tmp_path, focus=focus), playbook="conformance")
    failure = result(tmp_path)["failures"][0]
    assert done.returncode and "from ExternalName to ClusterIP" in failure["name"]
    assert failure["cause"]["domain"] == "dns" and failure["cause"]["cause"] in done.stdout, failure
    assert there(client) == []
    mended = book.run(*options(tmp_path, run_id="r2", focus=focus), playbook="conformance")
    assert mended.returncode == 0 and result(tmp_path, "r2")["counts"]["passed"] == 1
    builds = [conformance_read.published(tmp_path / "work", tmp_path / "c" / r) for r in ("r1", "r2")]
    assert [b["build"]["builds"][0]["result"] for b in builds] == ["FAILURE", "SUCCESS"]
    rows = conformance_read.cells(builds[1])
    assert rows[failure["name"]] == rows["conformance.Overall"] == ["passed", "failed"], rows
    refused = conformance_read.submitted(tmp_path, conformance_read.listed(tmp_path, [failure["name"]]), "r1")
    assert refused["failed"] and f"{failure['name']} failed, and a submission has no failed test" in refused["msg"]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("focus", "skip", "parallel"), [
    (r"\[sig-(auth|api-machinery)\].*\[Conformance\]", f"{ALONE}|Aggregator Should be able to support the 1", 5),
    (r"\[sig-storage\] (ConfigMap|Secrets) should be consumable.*\[Conformance\]", ALONE, 1)], ids=["parallel", "serial"])
def test_many_real_tests_are_green(playbook: Any, client: Client, image: None, tmp_path: Path, focus: str, skip: str,
                                   parallel: int) -> None:
    """All that the release's list has of them: 98 and 13 of Kubernetes 1.36."""
    done = playbook().run(*options(tmp_path, focus=focus, skip=skip, parallel=parallel, rerun_failed=1), playbook="conformance")
    found = result(tmp_path)
    wanted = [n for n in conformance_read.required() if re.search(focus, n) and not re.search(skip, n)]
    assert found["counts"]["passed"] == len(wanted) > (60 if parallel > 1 else 10) and done.returncode == 0, found["msg"]
    assert there(client) == []
