# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user gets wrong is one sentence that names the option, and nothing was written."""
from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.arguments.publish import PUBLISH
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.publish import destinations
from ansible_collections.assay.clusters.plugins.module_utils.publish.job import entry
from tests.unit.publish.builders import FIRST, Memory, checks, e2e, junit, one, options, publish
from tests.unit.runs import builders as runs

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("dest", "sentence"), [
    ("http://bucket/job", "^dest: must be a folder, s3://"), ("s3://", "^dest: '' is no name of a bucket"),
    ("s3://A_B/job", "^dest: 'A_B' is no name of a bucket"), ("s3://example-conf", "^dest: .* has no path after the bucket"),
    ("gs://example-conf/", "^dest: .* has no path after the bucket"), ("s3://example-conf/a//b", "^dest: .* has an empty part"),
    ("s3://example-conf/../b", "^dest: .* has an empty part, or one that is"), ("s3://example-conf/job/1735732800", "^dest: .* ends in a number"),
    ("s3://example-conf/{suite}", "^dest: {suite} is not known"), ("s3://example-conf/{cluster}", "^dest: {cluster} has no value.*; set cluster$"),
    ("s3://example-conf/{name}", "^dest: {name} has no value, as the results do not tell it$")])
def test_a_destination_that_cannot_be(tmp_path: Path, dest: str, sentence: str) -> None:
    store = Memory()
    with pytest.raises(BadOption, match=sentence):
        publish(store, e2e(tmp_path), dest=dest)
    assert store.held == {}


def test_a_cluster_whose_name_would_lead_elsewhere(tmp_path: Path) -> None:
    for dest in (f"{tmp_path}/out/{{cluster}}/job", "s3://example-conf/{cluster}/job"):
        with pytest.raises(BadOption, match="^dest: "):
            publish(Memory(), e2e(tmp_path / "src"), dest=dest, cluster="../../other")


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadOption, match=f"^dest: {tmp_path}/file is no folder"):
        publish(Memory(), e2e(tmp_path / "src"), dest=str(tmp_path / "file"))


@pytest.mark.parametrize(("given", "sentence"), [
    ({"build_id": "abc"}, "^build_id: must be a whole number"), ({"build_id": "0"}, "^build_id: must be"), ({"build_id": "-5"}, "^build_id: must be"),
    ({"build_id": "9" * 20}, "^build_id: must be a whole number of at most 19 digits"), ({"started": "yesterday"}, "^started: must be a time in ISO 8601"),
    ({"finished": "soon"}, "^finished: must be a time in ISO 8601"), ({"finished": "2024-01-01T00:00:00"}, "^finished: the run would end .* before it begins"),
    ({"attempts": 0}, "^attempts: must be at least 1"), ({"timeout": 0}, "^timeout: must be at least 1"),
    ({"metadata": {"a": None}}, "^metadata: a has no value"), ({"metadata": {"": "x"}}, "^metadata: a key is empty"),
    ({"metadata": {"EmailAddresses": "a@example.com"}}, "^metadata: EmailAddresses must be a list"),
    ({"repos": {"example/e2e": "main"}}, "^repos: example/e2e must be a branch and a commit"),
    ({"repos": {"example/e2e": 5}}, "^repos: example/e2e must be a text"),
    ({"artifacts": ["/nowhere/a.txt"]}, "^artifacts: /nowhere/a.txt cannot be read: No such file"),
    ({"compress": True, "dest": "./out"}, "^compress: is of buckets")])
@pytest.mark.parametrize("check", [False, True])
def test_an_option_that_cannot_be(tmp_path: Path, given: dict[str, Any], sentence: str, check: bool) -> None:
    store = Memory()
    with pytest.raises(BadOption, match=sentence) as e:
        publish(store, e2e(tmp_path), check=check, **given)
    assert store.held == {} and "\n" not in str(e.value)


def test_a_file_that_is_no_text_is_not_published(tmp_path: Path) -> None:
    (tmp_path / "core").write_bytes(b"\x7fELF\0\0")
    with pytest.raises(BadOption, match="^artifacts: .*core is no text, so that secrets cannot be looked for in it"):
        publish(Memory(), e2e(tmp_path / "src"), artifacts=[str(tmp_path / "core")])


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_results_that_are_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadOption, match="^src: "):
        publish(Memory(), tmp_path / name)


def test_a_start_that_nothing_tells_is_asked_for_and_taken(tmp_path: Path) -> None:
    src = runs.folder(tmp_path, {"junit_01.xml": runs.ginkgo1(runs.GOOD)})
    with pytest.raises(BadOption, match="^started: nothing in src tells when the run began"):
        publish(Memory(), src)
    store = Memory()
    build = one(store, src, started="2025-01-01T13:00:00+01:00")
    assert build["build_id"] == str(FIRST) and store.json(f"{FIRST}/finished.json")["timestamp"] == FIRST
    assert any("nothing in src tells when the run ended" in n for n in build["notes"])
    assert one(Memory(), src, started=str(FIRST), finished=str(FIRST + 5))["build_id"] == str(FIRST)


def test_runs_of_several_clusters_need_a_place_each(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="^dest: src has runs of c1 and c2, which are jobs of their own; put {cluster} into dest, or set cluster"):
        publish(Memory(), checks(tmp_path, c1="passed", c2="passed"))
    with pytest.raises(BadOption, match="^cluster: there is no run of c3 in src, which has c1, c2"):
        publish(Memory(), checks(tmp_path, c1="passed", c2="passed"), cluster="c3")


def test_runs_of_several_plugins_need_a_place_each(tmp_path: Path) -> None:
    files = {f"plugins/{n}/results/global/junit_01.xml": junit() for n in ("a", "b")}
    with pytest.raises(BadOption, match="^dest: src has runs of a and b, which are jobs of their own; put {name} into dest$"):
        publish(Memory(), runs.tarball(tmp_path / "s.tar.gz", files))


@pytest.mark.parametrize("option", ["build_id", "started", "finished"])
def test_what_is_of_one_run_is_not_given_to_several(tmp_path: Path, option: str) -> None:
    with pytest.raises(BadOption, match=f"^{option}: is of one run, and src has 2"):
        publish(Memory(), checks(tmp_path, c1="passed", c2="passed"), dest="s3://example-conf/{cluster}", **{option: str(FIRST)})


@pytest.mark.parametrize(("given", "sentence"), [
    ({"access_key": "A"}, "^access_key and secret_key: one is set without the other"),
    ({"access_key": "A", "secret_key": "B", "profile": "p"}, "^profile: not together with access_key"),
    ({"access_key": "A", "secret_key": "B"}, "^region: not told"), ({"profile": "nobody"}, "^profile: ")])
def test_a_log_in_to_s3_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], sentence: str) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BadOption, match=sentence):
        entry(options(e2e(tmp_path), **given), Job(environ={}))


@pytest.mark.parametrize("dest", ["s3://example-conf/c1/job", "gs://example-conf/c1/job/", "./builds/job", "~/builds/job"])
def test_a_destination_that_can_be(dest: str) -> None:
    found = destinations.parse(dest, {})
    assert found.path.endswith("job") and found.compresses == dest.startswith("gs://")


def test_the_role_hands_on_every_option_of_the_module() -> None:
    spec = importlib.import_module("ansible_collections.assay.clusters.plugins.modules.results_publish").SPEC.argument_spec
    assert spec is PUBLISH
    documented = yaml.safe_load((ROOT / "roles/publish/meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    plain = {f"publish_{n}": {k: v for k, v in s.items() if k != "no_log"} for n, s in spec.items()}
    assert {n: {k: v for k, v in o.items() if k != "description"} for n, o in documented.items()} == plain
    [task] = yaml.safe_load((ROOT / "roles/publish/tasks/main.yml").read_text(encoding="utf-8"))
    given = task["assay.clusters.results_publish"]
    assert set(given) == set(spec) and all(f"publish_{n}" in text for n, text in given.items())
