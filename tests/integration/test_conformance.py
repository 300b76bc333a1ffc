# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The real conformance tests by the playbook conformance, on the lab: e2e.test, Ginkgo and the published runner."""
from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from tests.integration.conftest import Playbook, eventually
from tests.lab import conformance

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


def test_a_dry_run_tells_what_would_run(playbook: Any, client: Client, image: None, tmp_path: Path) -> None:
    done = playbook().run(*options(tmp_path, focus=r"\[sig-auth\].*\[Conformance\]", dry_run=True), playbook="conformance")
    assert done.returncode == 0 and "dry run: " in done.stdout
    assert result(tmp_path)["verdict"] == "inconclusive" and there(client) == []


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


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("focus", "skip", "parallel", "least"), [
    (r"\[sig-(auth|api-machinery)\].*\[Conformance\]", f"{ALONE}|Aggregator Should be able to support the 1", 5, 60),
    (r"\[sig-storage\] (ConfigMap|Secrets) should be consumable.*\[Conformance\]", ALONE, 1, 5)], ids=["parallel", "serial"])
def test_many_real_tests_are_green(playbook: Any, client: Client, image: None, tmp_path: Path, focus: str, skip: str,
                                   parallel: int, least: int) -> None:
    done = playbook().run(*options(tmp_path, focus=focus, skip=skip, parallel=parallel, rerun_failed=1), playbook="conformance")
    found = result(tmp_path)
    assert found["counts"]["passed"] >= least and done.returncode == 0, found["msg"]
    assert there(client) == []
