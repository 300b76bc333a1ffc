# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The example for AWX: what it sends fits the modules of awx.awx, and what it names is there."""
from __future__ import annotations

import json
import os
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.fakes import aap_configuration, awx_awx

ROOT = Path(__file__).resolve().parents[3]
AWX, INFRA = ROOT / "docs/examples/awx", ROOT / "docs/examples/infra"
Sent = dict[str, list[dict[str, Any]]]


def _sent(playbook: str, folder: Path, told: Path) -> Sent:
    """Module -> the options of each call."""
    environ = {"ANSIBLE_COLLECTIONS_PATH": str(folder), "RANCHER_URL": "https://rancher", "RANCHER_TOKEN": "t"}
    done = subprocess.run(["ansible-playbook", playbook], cwd=AWX, text=True, check=False, capture_output=True,
                          stdin=subprocess.DEVNULL, env={**os.environ, **environ})
    assert done.returncode == 0, done.stdout + done.stderr
    out: Sent = defaultdict(list)
    for line in told.read_text(encoding="utf-8").splitlines():
        name, options = json.loads(line)
        out[name].append(options)
    return out


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    folder = tmp_path_factory.mktemp("awx")
    return _sent("configure.yml", folder, awx_awx.make(folder))


def test_what_is_named_is_made(sent: Sent) -> None:
    made = {module: {one["name"] for one in sent[module]} for module in sent if module != "workflow_job_template_node"}
    for template in sent["job_template"]:
        assert template["inventory"] in made["inventory"] and template["project"] in made["project"]
        assert template["execution_environment"] in made["execution_environment"]
        assert set(template["credentials"]) <= made["credential"] and (INFRA / template["playbook"]).is_file()
        assert set(template["notification_templates_error"]) <= made["notification_template"]
        assert all((INFRA / hook).is_file() for hook in template["extra_vars"].get("pipeline_hook", []))
    for one in (*sent["schedule"], *sent["workflow_job_template_node"]):
        assert one["unified_job_template"] in made["job_template"]
    [source] = sent["inventory_source"]
    assert (AWX / "project" / source["source_path"]).is_file()
    assert source["execution_environment"] in made["execution_environment"] and source["credential"] in made["credential"]
    assert {c["credential_type"] for c in sent["credential"]} <= made["credential_type"]
    nodes = sent["workflow_job_template_node"]
    assert {n for one in nodes for n in one.get("failure_nodes", [])} <= {one["identifier"] for one in nodes}


def test_what_is_named_is_made_before(sent: Sent) -> None:
    """AWX looks names up when it is asked: the modules run in the order in which they are first called."""
    order = list(sent)
    assert order.index("notification_template") < order.index("job_template") < order.index("schedule")


def test_what_awx_fills_in_is_left_to_it(sent: Sent) -> None:
    for kind in sent["credential_type"]:
        fields = {f["id"] for f in kind["inputs"]["fields"]}
        assert set(kind["inputs"]["required"]) == fields
        text = json.dumps(kind["injectors"])
        assert all(f"{{{{ {f} }}}}" in text for f in fields)
    variables = {n: v for t in sent["job_template"] for n, v in t["extra_vars"].items()}
    assert variables["validate_results_dir"] == "/results/{{ awx_job_id }}"
    assert "{{ job.artifacts.assay.causes" in sent["notification_template"][0]["messages"]["error"]["body"]


def test_variables_are_those_of_the_playbooks(sent: Sent) -> None:
    known = "".join((ROOT / p).read_text(encoding="utf-8") for p in ("docs/variables.md", "roles/pipeline/README.md"))
    for template in sent["job_template"]:
        asked = [question["variable"] for question in template.get("survey_spec", {}).get("spec", [])]
        assert [n for n in (*template["extra_vars"], *asked) if f"`{n}`" not in known] == []


def test_an_option_that_awx_has_not_is_seen(tmp_path: Path) -> None:
    awx_awx.make(tmp_path)
    done = subprocess.run(["ansible", "localhost", "-m", "awx.awx.project", "-a", "name=x scm_kind=git"], text=True,
                          check=False, capture_output=True, env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(tmp_path)})
    assert done.returncode != 0 and "scm_kind" in done.stdout


def _plain(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what says nothing, as the roles leave that out, in an order of their own."""
    said = [{k: v for k, v in one.items() if v} for one in calls]
    return sorted(said, key=lambda one: str(one.get("name") or one.get("identifier")))


@pytest.mark.gauntlet
def test_the_data_for_infra_aap_configuration_make_the_same_objects(sent: Sent, tmp_path: Path) -> None:
    made = _sent("aap.yml", tmp_path, aap_configuration.make(tmp_path))
    assert {m: _plain(calls) for m, calls in made.items()} == {m: _plain(calls) for m, calls in sent.items()}


class _Loader(yaml.SafeLoader):
    """Of files in which texts are !unsafe."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
DATA = yaml.load((AWX / "aap_configuration.yml").read_text(encoding="utf-8"), Loader=_Loader)


@pytest.mark.parametrize("variable", sorted(DATA))
def test_the_data_have_fields_that_the_roles_know(variable: str) -> None:
    of = aap_configuration.VARIABLES[variable]
    for item in DATA[variable]:
        assert set(item) <= set(of["fields"]) and set(of["needed"]) <= set(item), item["name"]
        for node in item.get("simplified_workflow_nodes", []):
            assert set(node) <= set(aap_configuration.FACTS["nodes"]["fields"]) and "identifier" in node


def test_the_image_has_a_python_that_the_collection_runs_on() -> None:
    wanted = yaml.safe_load((AWX / "execution-environment.yml").read_text(encoding="utf-8"))
    python = wanted["dependencies"]["python_interpreter"]
    assert python["python_path"].endswith(python["package_system"])
    assert int(python["package_system"].removeprefix("python3.")) >= 11
    assert wanted["dependencies"]["galaxy"]["collections"][0]["name"] == "assay.clusters"
