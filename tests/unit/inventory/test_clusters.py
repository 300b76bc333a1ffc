# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory plugin as ansible-inventory runs it, against the fakes of the platforms; and the example inventories."""
from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import yaml
from ansible.errors import AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.assay.clusters.plugins.module_utils.arguments.platforms import CLUSTER_PLATFORM, CLUSTER_SOURCE
from ansible_collections.assay.clusters.plugins.inventory import clusters as plugin
from ansible_collections.assay.clusters.plugins.module_utils.clusters.konvoy.later import Later
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.tests.fakes.quick import quick_moto
from tests.fakes.api_server import FakeApiServer
from tests.fakes.moto_eks import MotoEks, moto_eks
from tests.fakes.rancher import FakeRancher

CHECKOUT = Path(__file__).resolve().parents[3]
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "planted-secret-of-aws",
        "AWS_EC2_METADATA_DISABLED": "true"}
GROUPS = {"keyed_groups": [{"key": "cluster_platform", "prefix": "platform"},
                           {"key": "cluster_environment", "prefix": "", "separator": ""},
                           {"key": "cluster_minor_version", "prefix": "version"}]}


@pytest.fixture
def rancher() -> Iterator[FakeRancher]:
    """payments and webshop, of which the second is not ready."""
    with FakeRancher() as fake:
        fake.making = []
        fake.add("payments", labels={"environment": "prod"})
        fake.making = [("provisioning", "yes", "waiting")]
        fake.add("webshop")
        yield fake


@pytest.fixture
def api() -> Iterator[FakeApiServer]:
    with FakeApiServer(3, "v1.30.2") as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path, api: FakeApiServer) -> Path:
    """edge-north answers, edge-south does not; and a file that is no kubeconfig by its name."""
    made = tmp_path / "kubeconfigs"
    made.mkdir()
    (made / "edge-north.conf").write_text(api.kubeconfig)
    (made / "edge-south.conf").write_text(api.kubeconfig.replace(api.url, "http://127.0.0.1:9"))
    (made / "readme.txt").write_text("no")
    return made


def _inventory(path: Path, **environ: str) -> tuple[dict[str, Any], str]:
    """What ansible-inventory lists, and what it says to it; the list is empty where it failed."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "RANCHER_"))}
    done = subprocess.run(["ansible-inventory", "-i", str(path), "--list"], text=True, check=False, capture_output=True,
                          cwd=CHECKOUT / "tests", env={**clean, **KEYS, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_INVENTORY_UNPARSED_FAILED":
                                                       "true", "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FATAL": "true", **environ})
    # what comes from outside is marked as no template
    plain = json.loads(done.stdout, object_hook=lambda o: o.get("__ansible_unsafe", o)) if done.returncode == 0 else {}
    return plain, " ".join(done.stderr.split())


def _file(tmp_path: Path, *sources: dict[str, Any], **more: Any) -> Path:
    path = tmp_path / "my.clusters.yml"
    path.write_text(yaml.safe_dump({"plugin": "assay.clusters.clusters", "sources": list(sources), **GROUPS, **more}))
    return path


def _vars(listed: dict[str, Any]) -> dict[str, Any]:
    return listed["_meta"]["hostvars"]


def test_clusters_of_all_sources_in_groups(tmp_path: Path, rancher: FakeRancher, folder: Path, api: FakeApiServer) -> None:
    path = _file(tmp_path, {"platform": "rancher", "rancher": {"url": rancher.url, "token": "{{ lookup('env', 'TOKEN') }}"}},
                 {"platform": "kubeconfigs", "environment": "edge", "kubeconfigs": {"folder": str(folder), "ask": True}})
    listed, said = _inventory(path, TOKEN=rancher.token)
    assert set(_vars(listed)) == {"payments", "edge-north", "edge-south"}, said
    assert set(listed["clusters"]["hosts"]) == set(_vars(listed))
    assert listed["platform_rancher"]["hosts"] == listed["prod"]["hosts"] == ["payments"]
    assert listed["version_1_31"]["hosts"] == ["payments"] and listed["version_1_30"]["hosts"] == ["edge-north"]
    payments, north, south = (_vars(listed)[n] for n in ("payments", "edge-north", "edge-south"))
    assert payments["cluster_host"] == f"{rancher.url}/k8s/clusters/{payments['cluster_id']}"
    assert (north["cluster_uid"], north["cluster_found"]["nodes"]) == (api.uid, 2) and north["ansible_connection"] == "local"
    assert south["cluster_state"].startswith("does not answer")
    assert payments["cluster_found"].items() >= {"platform": "rancher", "name": "payments", "version": "v1.31.4"}.items()
    wishes = {"cluster_platform", "cluster_version", "cluster_nodes"}
    assert not wishes & {*payments, *north, *south} and south["cluster_found"]["platform"] == "kubeconfigs"
    assert rancher.token not in json.dumps(listed) and "planted" not in json.dumps(listed)


def test_filters_prefixes_and_phases(tmp_path: Path, rancher: FakeRancher, folder: Path) -> None:
    source = {"platform": "kubeconfigs", "kubeconfigs": {"folder": str(folder)}}
    own = {"platform": "rancher", "rancher": {"url": rancher.url, "token": rancher.token}, "phases": ["creating"]}
    listed, _said = _inventory(_file(tmp_path, {**source, "only": "north$"}, {**source, "prefix": "b-"}, own))
    assert set(_vars(listed)) == {"edge-north", "b-edge-north", "b-edge-south", "webshop"}
    _nothing, said = _inventory(_file(tmp_path, source, source))
    assert "source 2 has clusters that another one has, too: edge-north, edge-south; give it a prefix" in said


def test_eks_clusters_have_a_kubeconfig_without_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_moto(monkeypatch)
    with moto_eks() as aws:
        eks = boto3.client("eks", region_name=aws.region, endpoint_url=aws.url, aws_access_key_id="a",
                           aws_secret_access_key="b")
        eks.create_cluster(name="checkout", roleArn="arn:aws:iam::123456789012:role/r", version="1.31",
                           resourcesVpcConfig={"subnetIds": ["s"]}, tags={"environment": "staging"})
        aws.settle("checkout")
        listed, said = _inventory(_file(tmp_path, {"platform": "eks", "eks": {"region": aws.region}}), AWS_ENDPOINT_URL=aws.url)
    assert listed["staging"]["hosts"] == listed["version_1_31"]["hosts"] == ["checkout"], said
    config = yaml.safe_load(_vars(listed)["checkout"]["cluster_kubeconfig"])
    assert config["users"][0]["user"]["exec"]["command"] == "aws" and "planted" not in json.dumps(listed)


def test_the_cache_answers_instead_of_the_platform(tmp_path: Path, rancher: FakeRancher) -> None:
    path = _file(tmp_path, {"platform": "rancher", "rancher": {"url": rancher.url, "token": rancher.token}}, cache=True,
                 cache_plugin="ansible.builtin.jsonfile", cache_connection=str(tmp_path / "cache"))
    first, _said = _inventory(path)
    rancher.clusters.clear()
    again, _said = _inventory(path)
    assert again == first and set(_vars(again)) == {"payments"}
    assert not [f for f in (tmp_path / "cache").rglob("*") if f.is_file() and rancher.token in f.read_text()]


SILENT = [
    ({"platform": "rancher", "rancher": {"url": "http://127.0.0.1:9", "token": "token-abcde:" + "x" * 54}},
     "source 1, rancher: Rancher http://127.0.0.1:9"),
    ({"platform": "kubeconfigs", "kubeconfigs": {"folder": "/no/such/folder"}}, "there is no folder /no/such/folder"),
    ({"platform": "kubeconfigs"}, "kubeconfigs"), ({"platform": "openstack"}, "value of platform must be one of"),
    ({"platform": "eks", "eks": {"regoin": "x"}}, "regoin"),
    ({"platform": "kubeconfigs", "kubeconfigs": {"folder": "/"}, "only": "("}, "only: is no regular expression"),
]


# The sentences of all are in the test after it.
@pytest.mark.parametrize(("source", "words"), [SILENT[0], *(pytest.param(*s, marks=pytest.mark.gauntlet) for s in SILENT[1:])])
def test_a_source_that_does_not_answer_is_one_sentence(tmp_path: Path, source: dict[str, Any], words: str) -> None:
    nothing, said = _inventory(_file(tmp_path, source))
    assert nothing == {} and words in said and "x" * 54 not in said


def test_sources_that_do_not_answer_are_warnings_where_that_is_wanted(tmp_path: Path, folder: Path) -> None:
    """The one that answers is there all the same."""
    there = {"platform": "kubeconfigs", "kubeconfigs": {"folder": str(folder)}}
    listed, said = _inventory(_file(tmp_path, *(source for source, _words in SILENT), there, on_error="warn"))
    assert [words for _source, words in SILENT if words not in said] == [] and "x" * 54 not in said
    assert set(_vars(listed)) == {"edge-north", "edge-south"}


@pytest.mark.parametrize("on_error", ["fail", "warn"])
def test_no_name_of_a_source_steers_the_terminal(monkeypatch: pytest.MonkeyPatch, on_error: str) -> None:
    """Whatever a platform or a program calls its clusters, and whatever it says of its errors."""
    words, shown = "busy\x1b[2J\x1b]0;x\x07\nc1: dns passed password=hunter2secret9", []
    made = plugin.InventoryModule()
    made.templar = SimpleNamespace(template=lambda given: given)
    options = {"sources": [{"platform": "kubeconfigs", "kubeconfigs": {"folder": "/"}}] * 2, "on_error": on_error}
    monkeypatch.setattr(made, "get_option", options.get)
    monkeypatch.setattr(plugin.terminal.display, "warning", shown.append)

    def broken(*_args: Any) -> None:
        raise PlatformError(words)

    for source in (lambda *_args: [[words, {}]], broken):
        monkeypatch.setattr(plugin, "hosts", source)
        try:
            made._ask("x.yml")
        except AnsibleParserError as e:
            shown.append(str(e.message))
    assert len(shown) == (2 if on_error == "fail" else 3) and any("source 2 has clusters" in line for line in shown)
    assert all(line.isprintable() and "hunter2" not in line for line in shown), shown


def test_which_files_are_its_own(tmp_path: Path) -> None:
    for name, its in (("clusters.yml", True), ("prod.clusters.yaml", True), ("hosts.yml", False), ("myclusters.yml", False)):
        (tmp_path / name).write_text("plugin: assay.clusters.clusters\n")
        assert plugin.InventoryModule().verify_file(str(tmp_path / name)) is its


def test_its_documentation_says_what_it_checks() -> None:
    def plain(documented: dict[str, Any]) -> dict[str, Any]:
        kept = {k: v for k, v in documented.items() if k in ("type", "required", "default", "elements")}
        inner = documented.get("suboptions") or documented.get("options")
        return {**kept, **({"choices": set(documented["choices"])} if "choices" in documented else {}),
                **({"inner": {n: plain(o) for n, o in inner.items()}} if inner else {})}

    documented = yaml.safe_load(plugin.DOCUMENTATION)["options"]["sources"]["suboptions"]
    assert {n: plain(documented[n]) for n in CLUSTER_SOURCE} == {n: plain(o) for n, o in CLUSTER_SOURCE.items()}
    platforms = set(CLUSTER_PLATFORM) - {"platform"}
    assert set(documented) == platforms | set(CLUSTER_SOURCE)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoEks]:
    quick_moto(monkeypatch)
    with moto_eks() as aws:
        eks = boto3.client("eks", region_name=aws.region, endpoint_url=aws.url, aws_access_key_id="a",
                           aws_secret_access_key="b")
        eks.create_cluster(name="checkout", roleArn="arn:aws:iam::123456789012:role/r", version="1.31",
                           resourcesVpcConfig={"subnetIds": ["s"]}, tags={"environment": "prod"})
        aws.settle("checkout")
        yield aws


def _example(name: str, **environ: str) -> dict[str, Any]:
    listed, said = _inventory(CHECKOUT / "inventories" / name, **environ)
    assert listed, said
    for host, variables in _vars(listed).items():
        assert variables["ansible_connection"] == "local", host
        assert any(n in variables for n in ("cluster_kubeconfig", "cluster_context", "cluster_host")), host
    return listed


def test_the_example_rancher(rancher: FakeRancher) -> None:
    listed = _example("rancher", RANCHER_URL=rancher.url, RANCHER_TOKEN=rancher.token)
    assert set(_vars(listed)) == {"payments"} and listed["rancher"]["hosts"] == ["payments"]
    assert _vars(listed)["payments"]["dns_check_external_name"] == "www.example.com"


def test_the_example_konvoy() -> None:
    listed = _example("konvoy")
    assert set(listed["konvoy"]["hosts"]) == {"edge-north", "edge-south"} and set(listed["nkp"]["hosts"]) == {"plant-1", "plant-2"}
    south = _vars(listed)["edge-south"]
    assert south["cluster_platform"] == "konvoy" and south["cluster_disposable"] is True
    assert _vars(listed)["edge-north"]["cluster_disposable"] is False
    generations = {}
    for host, variables in _vars(listed).items():
        found = ArgumentSpecValidator(CLUSTER_PLATFORM).validate({"platform": "konvoy", "konvoy": variables["cluster_konvoy"]})
        assert not found.error_messages, host
        settings = found.validated_parameters["konvoy"]
        generations[host] = settings["generation"]
        if settings["generation"] == "v2":
            Later(settings, Job(), lambda *_words, **_more: "", Path(settings["workdir"])).check(host)
    assert set(generations.values()) == {"v1", "v2"} and generations["plant-1"] == "v2"


def test_the_example_cloud(cloud: MotoEks) -> None:
    listed = _example("cloud", AWS_ENDPOINT_URL=cloud.url, AWS_REGION=cloud.region)
    assert set(_vars(listed)) == {"checkout", "search", "reports"} and listed["eks"]["hosts"] == ["checkout"]
    assert _vars(listed)["checkout"]["storage_check_storage_class"] == "gp3"


def test_the_example_fleet(tmp_path: Path, rancher: FakeRancher, api: FakeApiServer) -> None:
    for name in ("dev-01", "dev-02", "staging-01", "prod-01"):
        (tmp_path / f"{name}.kubeconfig").write_text(api.kubeconfig)
    listed = _example("fleet", FLEET_KUBECONFIGS=str(tmp_path), RANCHER_URL=rancher.url, RANCHER_TOKEN=rancher.token)
    assert set(listed["dev"]["hosts"]) == {"dev-01", "dev-02"} and set(listed["prod"]["hosts"]) == {"prod-01", "payments"}
    assert _vars(listed)["prod-01"]["nodes_check_min_free_disk"] == 25
    assert _vars(listed)["dev-01"]["nodes_check_allow_cordoned"] is True


def test_the_example_fleet_without_rancher(tmp_path: Path, api: FakeApiServer) -> None:
    """Its clusters are left out, and that is said."""
    (tmp_path / "dev-01.kubeconfig").write_text(api.kubeconfig)
    listed, said = _inventory(CHECKOUT / "inventories/fleet", FLEET_KUBECONFIGS=str(tmp_path), RANCHER_URL="http://127.0.0.1:1",
                              RANCHER_TOKEN="t")
    assert set(_vars(listed)) == {"dev-01"} and "http://127.0.0.1:1" in said


def test_the_example_lab() -> None:
    assert set(_vars(_example("lab"))) == {"c1"}
