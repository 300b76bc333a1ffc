"""The results folder: whole files, valid against the schema, errors in one sentence, no secrets."""
from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results import clean, gate, html, redact, store, summary
from ansible_collections.assay.clusters.plugins.module_utils.results.record import FAILED, Record
from ansible_collections.assay.clusters.tests.unit.results import samples

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schemas/records.schema.json").read_text(encoding="utf-8"))


def validate(document: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


@pytest.mark.parametrize("runs", [samples.estate(), samples.fleet(), [], [samples.run("c1", [])]],
                         ids=["estate", "fleet", "none", "empty"])
def test_reports_match_the_schema(tmp_path: Path, runs: list) -> None:
    paths = store.write_reports(tmp_path / "a" / "b", runs)
    assert {k: Path(p).name for k, p in paths.items()} == {"json": "records.json", "junit": "junit.xml",
                                                           "html": "report.html"}
    document = json.loads(Path(paths["json"]).read_text(encoding="utf-8"))
    validate(document)
    assert [r["cluster"] for r in document["runs"]] == [r["cluster"] for r in runs]


def test_clusters_come_in_the_order_of_the_numbers_in_their_names(tmp_path: Path) -> None:
    names = ["c1", "c2", "c10", "prod-2-eu", "prod-10-eu", "x", "²"]
    for name in reversed(names):
        store.write_cluster_run(tmp_path, samples.healthy(name))
    assert [r["cluster"] for r in store.load_cluster_runs(tmp_path)] == names


def test_schema_names_every_field_of_the_record() -> None:
    record = SCHEMA["$defs"]["record"]
    assert set(record["properties"]) == set(record["required"]) == set(Record("c", "d", "k", "passed").to_dict())


@pytest.mark.parametrize("change", [{"verdict": "ok"}, {"layer": 12}, {"evidence": ["x"] * 21},
                                    {"started": "yesterday"},
                                    {"measurements": [{"name": "a"}]}, {"unknown": 1}])
def test_schema_refuses(change: dict) -> None:
    document = store.document([clean.clean_run(samples.healthy())])
    document["runs"][0]["records"][0].update(change)
    with pytest.raises(jsonschema.ValidationError):
        validate(document)


def test_runs_come_back(tmp_path: Path) -> None:
    for run in reversed(samples.estate()):
        store.write_cluster_run(tmp_path, run)
    loaded = store.load_cluster_runs(tmp_path)
    assert loaded == sorted((clean.clean_run(r) for r in samples.estate()), key=lambda r: r["cluster"])
    validate({"version": 1, "created": "", "runs": loaded})


def test_a_second_run_replaces_the_first(tmp_path: Path) -> None:
    store.write_cluster_run(tmp_path, samples.node_down("c1"))
    path = store.write_cluster_run(tmp_path, samples.healthy("c1"))
    assert [r["verdict"] for r in store.load_cluster_runs(tmp_path)] == ["warned"]
    assert os.listdir(Path(path).parent) == ["c1.json"], "no temporary file stays"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_results_are_for_their_owner_only(tmp_path: Path, umask: int) -> None:
    """Also where a file of an earlier release is replaced; a folder that is there already stays as it is."""
    (tmp_path / "there").mkdir(mode=0o755)
    (tmp_path / "there" / "records.json").touch(mode=0o644)
    before = os.umask(umask)
    try:
        made = [store.write_cluster_run(tmp_path / "new" / "deep", samples.healthy()),
                store.write_stage(tmp_path / "new" / "deep", {"cluster": "c1", "check": "snapshot", "verdict": "passed"}),
                *store.write_reports(tmp_path / "there", [samples.healthy()]).values()]
    finally:
        os.umask(before)
    assert {stat.S_IMODE(os.stat(p).st_mode) for p in made} == {0o600}
    folders = {p for m in made for p in Path(m).parents if tmp_path in p.parents and p.name != "there"}
    assert len(folders) == 5 and {stat.S_IMODE(p.stat().st_mode) for p in folders} == {0o700}
    assert stat.S_IMODE((tmp_path / "there").stat().st_mode) == 0o755


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "a:b", "[::1]:6443", ".hidden", "x" * 300, "ü"])
def test_any_cluster_name_stays_in_the_folder(tmp_path: Path, name: str) -> None:
    path = Path(store.write_cluster_run(tmp_path, samples.healthy(name)))
    assert path.parent == tmp_path / "clusters"
    assert [r["cluster"] for r in store.load_cluster_runs(tmp_path)] == [name]


def test_similar_names_have_files_of_their_own(tmp_path: Path) -> None:
    for name in ("a/b", "a:b", "a_b"):
        store.write_cluster_run(tmp_path, samples.healthy(name))
    assert len(store.load_cluster_runs(tmp_path)) == 3


def test_an_unusable_folder_is_told_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(store.ResultsError, match=r"^results folder .*/file/deep: .*/file is not a folder$"):
        store.check_writable(tmp_path / "file" / "deep")
    store.check_writable(tmp_path / "new" / "folder")
    assert sorted(os.listdir(tmp_path)) == ["file"]
    monkeypatch.setattr(store.os, "access", lambda path, mode: False)
    with pytest.raises(store.ResultsError, match=r"^results folder .*/new: .* is not writable by user "):
        store.check_writable(tmp_path / "new")


def test_write_errors_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "clusters").write_text("in the way", encoding="utf-8")
    with pytest.raises(store.ResultsError, match="^results folder .*/clusters: cannot write prod-eu-1.json: "):
        store.write_cluster_run(tmp_path, samples.healthy())


@pytest.mark.parametrize("content", ["", "{", "[]", '{"records": 1}', "\x00"])
def test_broken_files_are_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "clusters").mkdir()
    (tmp_path / "clusters" / "c1.json").write_text(content, encoding="utf-8")
    with pytest.raises(store.ResultsError, match="clusters/c1.json: cannot be read as the result of a cluster"):
        store.load_cluster_runs(tmp_path)


def test_nothing_stored_is_no_error(tmp_path: Path) -> None:
    assert store.load_cluster_runs(tmp_path / "missing") == []


def test_odd_values_are_made_fit(tmp_path: Path) -> None:
    record = {"cluster": "c1", "check": "x", "domain": "d", "verdict": "odd", "seconds": float("nan"),
              "evidence": ["e"] * 50,
              "observed": {"when": {1, 2}, "n": float("inf")}, "measurements": [{"name": "a", "value": "fast"},
                                                                                {"value": 3}],
              "from_a_later_version": True, "layer": None, "message": None}
    run = {"cluster": "c1", "records": [record], "extra": {"kept": object()}}
    path = store.write_reports(tmp_path, [run])["json"]
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    validate(document)
    (stored,) = document["runs"][0]["records"]
    assert stored["verdict"] == "inconclusive" and len(stored["evidence"]) == 20 and len(stored["measurements"]) == 1


# ---- planted secrets ---------------------------------------------------------------------------------------------
PLANTED = "pl4nted-s3cret"
JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6.eyJpc3MiOiJwbGFudGVkIn0AA.c2lnbmF0dXJlLXBsYW50ZWQ"


def poisoned() -> dict[str, Any]:
    """A secret in every text of a run and its record."""
    texts = f"x https://user:{PLANTED}@example.com password={PLANTED} Bearer {JWT}"
    pem = ["-----BEGIN EC PRIVATE KEY-----", f"MHcC{PLANTED}", "-----END EC PRIVATE KEY-----"]
    record = samples.record("c1", "dns", "dns", FAILED, cause="dns.upstream", message=texts, step=texts, remedy=texts,
                            next_command=f"curl --password {PLANTED} -H 'Authorization: Bearer {JWT}'", scope=[texts],
                            evidence=[texts, *pem], observed={"token": PLANTED, "deep": [{"env": texts}]},
                            leftovers=[texts],
                            measurements=[samples.measured(texts, 1)])
    return samples.run("c1", [record], server=f"https://admin:{PLANTED}@c1:6443", leftovers=[texts], transport=texts,
                       extra={"client-key-data": PLANTED})


def test_secrets_reach_no_output(tmp_path: Path) -> None:
    run = poisoned()
    assert PLANTED in json.dumps(run) and JWT in json.dumps(run)
    store.write_cluster_run(tmp_path, run)
    store.write_reports(tmp_path, [run])
    outputs = {str(p): p.read_text(encoding="utf-8") for p in tmp_path.rglob("*") if p.is_file()}
    assert len(outputs) == 4
    outputs["summary"] = summary.summary([run])
    outputs["line"] = summary.line("c1", run["records"][0])
    outputs["gate"] = gate.gate(run)[1]
    for name, content in outputs.items():
        assert content, name
        assert PLANTED not in content, name
        assert JWT.split(".")[1] not in content, name


def test_registered_secrets_reach_no_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redact, "_default", redact.Redactor(["correct horse"]))
    run = samples.same_cause("c1")
    run["records"][1]["message"] = "said correct horse, plainly"
    paths = store.write_reports(tmp_path, [run])
    assert all("correct horse" not in Path(p).read_text(encoding="utf-8") for p in paths.values())
    assert "correct horse" not in summary.summary([run]) + summary.line("c1", run["records"][1])


def test_cleaning_twice_changes_nothing() -> None:
    for run in (*samples.estate(), poisoned()):
        once = clean.clean_run(run)
        assert clean.clean_run(once) == once


def test_the_page_is_made_from_clean_runs_only() -> None:
    assert PLANTED not in html.page([clean.clean_run(poisoned())])
