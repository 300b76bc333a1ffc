# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines of a vCenter by their tags: govmomi's simulator, which has tags below /rest; below /api they are a fake of ours in front of it
(tests/lab/go/vcsim/automation.go)."""
from __future__ import annotations

import json
import ssl
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clouds.vsphere.session import settings
from ansible_collections.assay.clusters.plugins.module_utils.clouds.vsphere.tags import tags
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from tests.integration.machines import run
from tests.lab.vcsim import PASSWORD, USER, Vcsim, vcsim

VMS = ["DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1", "DC0_C0_RP0_VM2"]


@pytest.fixture(scope="module")
def server() -> Iterator[Vcsim]:
    with vcsim(machines=3) as made:
        yield made


def _rest(center: Vcsim, method: str, path: str, body: Any = None, token: str = "") -> Any:
    headers = {"vmware-api-session-id": token} if token else {
        "Authorization": "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
    request = urllib.request.Request(f"https://{center.host}:{center.port}/rest/com/vmware/cis/{path}", method=method, headers=headers,
                                     data=json.dumps(body).encode() if body is not None else None)
    with urllib.request.urlopen(request, context=ssl._create_unverified_context()) as answer:  # noqa: S323
        text = answer.read()
    return json.loads(text)["value"] if text else None


def _tag(server: Vcsim, category: str, bearers: dict[str, list[str]]) -> None:
    """A category with these tags, on the machines with these MoIDs."""
    token = _rest(server, "POST", "session")
    key = _rest(server, "POST", "tagging/category", {"create_spec": {
        "name": category, "description": "", "cardinality": "MULTIPLE", "associable_types": []}}, token)
    for name, machines in bearers.items():
        tag = _rest(server, "POST", "tagging/tag", {"create_spec": {"name": name, "description": "", "category_id": key}}, token)
        for machine in machines:
            _rest(server, "POST", f"tagging/tag-association/id:{tag}?~action=attach", {"object_id": {
                "id": machine, "type": "VirtualMachine"}}, token)


@pytest.mark.parametrize(("old", "path"), [(False, "/api/cis/tagging/category"), (True, "/rest/com/vmware/cis/tagging/category")])
def test_machines_by_tags(server: Vcsim, old: bool, path: str) -> None:
    """By the paths below /api, and of a vCenter before 7.0 U2, which has none, by the older ones."""
    category = f"cluster of {old}"
    first, second, _third = [m["id"] for m in run("vm_snapshot_info", {**server.options, "names": VMS})["machines"]]
    _tag(server, category, {"prod": [first, second], "eu": [second]})

    def found(**given: Any) -> dict[str, Any]:
        return run("vm_snapshot_info", {**server.options, "tags": given})

    with server.ordered(Old=old):
        before = server.calls().get(path, 0)
        assert [m["name"] for m in found(**{category: "prod"})["machines"]] == VMS[:2]
        assert [m["name"] for m in found(**{category: ["prod", "eu"]})["machines"]] == VMS[1:2]
        assert f"has no tag 'dev' in category '{category}'; there are: eu, prod" in found(**{category: "dev"})["msg"]
        assert "has no category 'zone'; there are: cluster of" in found(zone="a")["msg"]
        assert server.calls()[path] >= before + 4


def test_a_wrong_password_is_a_refusal_and_no_old_vcenter(server: Vcsim) -> None:
    wanted = {**settings(server.options, {}), "password": "planted-wrong-one"}
    before = server.calls().get("/rest/com/vmware/cis/session", 0)
    with pytest.raises(PlatformError, match="tags: center refuses the log-in of 'user'") as error, tags(wanted, "center", Job()):
        pass
    assert "planted" not in str(error.value) and server.calls().get("/rest/com/vmware/cis/session", 0) == before


def test_errors_that_pass_are_no_answer(server: Vcsim) -> None:
    with server.foul(every=2, kinds=("page", "reset")):
        failed = run("vm_snapshot_info", {**server.options, "tags": {"zone": "a"}})
    assert "has no category 'zone'" in failed["msg"]
