# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pipelines in docs/examples/ci: by the schemas of their systems, and what they call is there.

GitLab and GitHub publish schemas, which check-jsonschema carries with it. Jenkins has none and would have to be asked itself: its
file is read by a lexer of Groovy, and held against the sections of the declarative syntax.
"""
from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pygments.lexers.jvm import GroovyLexer
from pygments.token import Comment, Error, String, Token

ROOT = Path(__file__).resolve().parents[3]
CI, INFRA = ROOT / "docs/examples/ci", ROOT / "docs/examples/infra"
SCHEMAS = {"gitlab-ci.yml": ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
           "github-actions.yml": ["--builtin-schema", "vendor.github-workflows"]}
FILES = [*SCHEMAS, "Jenkinsfile"]
PAIRS = {"{": "}", "(": ")", "[": "]"}
# https://www.jenkins.io/doc/book/pipeline/syntax/#declarative-pipeline
SECTIONS = {"agent", "stages", "post", "environment", "options", "parameters", "triggers", "tools", "libraries"}
STAGE = {"agent", "steps", "post", "when", "environment", "options", "stages", "parallel", "matrix", "tools", "input", "failFast"}


def by_schema(name: str, path: Path) -> str:
    """What the schema has against the file, "" if nothing."""
    done = subprocess.run([sys.executable, "-m", "check_jsonschema", *SCHEMAS[name], str(path)], capture_output=True, text=True,
                          check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def jenkinsfile(text: str) -> list[str]:
    """What is wrong with a declarative pipeline, as far as its text tells."""
    wrong, blocks, words = [], [], []
    for kind, value in GroovyLexer().get_tokens(text):
        if kind in Error:
            wrong.append(f"not Groovy: {value!r}")
        if kind in Comment or kind in String or kind in Token.Text and not value.strip():
            continue
        for character in value if set(value) & set("{}()[]") else [value]:
            if character in PAIRS:
                blocks.append((character, words[-1] if words else ""))
            elif character in PAIRS.values():
                if not blocks or PAIRS[blocks.pop()[0]] != character:
                    return [*wrong, f"{character} closes nothing"]
            elif character.strip() and character.isidentifier():
                names = [w for c, w in blocks if c == "{"]
                if names[-1:] == ["pipeline"] and blocks[-1][0] == "{" and character not in SECTIONS:
                    wrong.append(f"pipeline has no section {character}")
                if names[-1:] == ["stage"] and blocks[-1][0] == "{" and character not in STAGE:
                    wrong.append(f"stage has no section {character}")
                words.append(character)
    missing = {"agent", "stages"} - set(words)
    return [*wrong, *(f"{c} of {w} stays open" for c, w in blocks), *(f"{m} is missing" for m in sorted(missing))]


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_of_the_system(name: str) -> None:
    assert not by_schema(name, CI / name)


@pytest.mark.parametrize(("name", "old", "new"), [
    ("gitlab-ci.yml", "  interruptible: false\n", "  interruptible: perhaps\n"),
    ("gitlab-ci.yml", "    when: always\n", "    when: sometimes\n"),
    ("github-actions.yml", "    runs-on: ubuntu-latest\n", ""),
    ("github-actions.yml", "      fail-fast: false\n", "      fail_fast: false\n")])
def test_the_schema_sees_what_is_wrong(tmp_path: Path, name: str, old: str, new: str) -> None:
    text = (CI / name).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new), encoding="utf-8")
    assert by_schema(name, tmp_path / name)


def test_the_jenkinsfile() -> None:
    assert jenkinsfile((CI / "Jenkinsfile").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(("old", "new", "wrong"), [
    ("    agent {\n        docker { image 'python:3.11-slim' }\n    }\n", "", "agent is missing"),
    ("    stages {", "    stagges {", "pipeline has no section stagges"),
    ("            when { changeRequest() }", "            whenn { changeRequest() }", "stage has no section whenn"),
    ("        timestamps()\n", "        timestamps(\n", "closes nothing"),
    ("    post {\n        always {\n            sh 'rm", "    post {\n        always \n            sh 'rm", "closes nothing")])
def test_what_is_wrong_with_a_jenkinsfile_is_seen(old: str, new: str, wrong: str) -> None:
    text = (CI / "Jenkinsfile").read_text(encoding="utf-8")
    assert old in text
    assert any(wrong in w for w in jenkinsfile(text.replace(old, new, 1)))


def commands(name: str) -> list[list[str]]:
    """The ansible-playbook commands of a pipeline, as argument lists."""
    text = (CI / name).read_text(encoding="utf-8")
    return [shlex.split(found) for found in re.findall(r"ansible-playbook [^'\n]*", text)]


@pytest.mark.parametrize("name", FILES)
def test_what_a_pipeline_calls_is_there(name: str) -> None:
    called = commands(name)
    assert {c[1] for c in called} == {"validate.yml", "assay.clusters.sweep", "assay.clusters.pipeline"}
    variables = (ROOT / "docs/variables.md").read_text(encoding="utf-8")
    for command in called:
        playbook = command[1].removeprefix("assay.clusters.")
        assert (INFRA / playbook if playbook.endswith(".yml") else ROOT / f"playbooks/{playbook}.yml").is_file()
        assert (INFRA / command[command.index("-i") + 1] / "hosts.yml").is_file()
        for given in (command[i + 1] for i, word in enumerate(command) if word == "-e"):
            assert f"`{given.partition('=')[0]}`" in variables


@pytest.mark.parametrize("name", FILES)
def test_every_cluster_gets_its_kubeconfig(name: str) -> None:
    inventory = yaml.safe_load((INFRA / "prod/hosts.yml").read_text(encoding="utf-8"))
    clusters = {h for g in inventory["clusters"]["children"].values() for h in g["hosts"]}
    text = (CI / name).read_text(encoding="utf-8")
    put = re.findall(r"([\w-]+)\.\w+", re.search(r"for \(?(?:file|name) in ((?s:.)*?)(?:; do|\.split|\]\))", text)[1])
    assert set(put) == clusters and len(put) == len(clusters)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_group_has_a_job(name: str) -> None:
    inventory = yaml.safe_load((INFRA / "prod/hosts.yml").read_text(encoding="utf-8"))
    [groups] = re.findall(r"(?im)^\s+(?:- )?group: \[(.*)\]$", (CI / name).read_text(encoding="utf-8"))
    assert set(groups.split(", ")) == set(inventory["clusters"]["children"])


@pytest.mark.parametrize(("name", "whatever"), [
    ("gitlab-ci.yml", r'\[ "\$CI_JOB_STATUS" = success \] \|\|'),
    ("github-actions.yml", r"nightly-end:\n +needs: nightly\n +if: \$\{\{ !success\(\) (?s:.)*run: \|"),
    ("Jenkinsfile", r"unsuccessful \{\n.*")])
def test_a_cluster_is_disposed_of_after_every_kind_of_end(name: str, whatever: str) -> None:
    """Also where ansible-playbook itself ended hard: exit 4 of what cannot be read, 137 of a kill."""
    assert re.search(rf"{whatever}\n[^\n]*pipeline_start_at=report", (CI / name).read_text(encoding="utf-8"))


def test_kubeconfigs_of_gitlab_are_copied_by_their_variables(tmp_path: Path) -> None:
    """Run as it stands: a file for each, that nobody else reads."""
    script = yaml.safe_load((CI / "gitlab-ci.yml").read_text(encoding="utf-8"))["default"]["before_script"][-1]
    names = re.search(r"for file in (.*); do", script)[1].split()
    given = {f"KUBECONFIG_{n.partition('.')[0].upper().replace('-', '_')}": tmp_path / n.upper() for n in names}
    for path in given.values():
        path.write_text(path.name)
    environ = {"PATH": os.defpath, "KUBECONFIGS": str(tmp_path / "k"), **{n: str(p) for n, p in given.items()}}
    subprocess.run(["sh", "-euc", script], check=True, env=environ)
    assert {p.name: p.read_text() for p in (tmp_path / "k").iterdir()} == {n: n.upper() for n in names}
    assert {oct((tmp_path / "k" / n).stat().st_mode & 0o77) for n in names} == {"0o0"}


def test_kubeconfigs_of_github_are_the_secrets_of_their_names(tmp_path: Path) -> None:
    """Run as it stands; where a secret is not given, as for a fork, the plan does without."""
    steps = yaml.safe_load((CI / "github-actions.yml").read_text(encoding="utf-8"))["jobs"]["validate"]["steps"]
    [script] = [s["run"] for s in steps if s.get("shell") == "python"]
    secrets = {"KUBECONFIG_EDGE_NORTH": "north", "KUBECONFIG_PAYMENTS": "payments", "RANCHER_TOKEN": "another's"}
    subprocess.run([sys.executable, "-c", script], check=True, env={
        "KUBECONFIGS": str(tmp_path / "k"), "SECRETS": json.dumps(secrets)})
    found = {p.name: p.read_text() for p in (tmp_path / "k").iterdir()}
    assert {n: t for n, t in found.items() if t} == {"edge-north.conf": "north", "payments.yaml": "payments"} and len(found) == 6
    assert {oct(p.stat().st_mode & 0o77) for p in (tmp_path / "k").iterdir()} == {"0o0"}


def test_limits_of_gitlab_leave_time_for_what_comes_after() -> None:
    """A job whose own time is up runs no after_script, and that one has five minutes unless it is told."""
    def minutes(text: str) -> int:
        return sum(int(n) * {"h": 60, "m": 1}[unit] for n, unit in re.findall(r"(\d+)([hm])", text))

    jobs = yaml.safe_load((CI / "gitlab-ci.yml").read_text(encoding="utf-8"))
    after = {n: j for n, j in jobs.items() if isinstance(j, dict) and "after_script" in j}
    assert set(after) == {"validate", "nightly"}
    for job in after.values():
        limits = [minutes(job["variables"][f"RUNNER_{of}_TIMEOUT"]) for of in ("SCRIPT", "AFTER_SCRIPT")]
        assert min(limits) > 5 and sum(limits) < minutes(job["timeout"])
    assert minutes(after["nightly"]["variables"]["RUNNER_AFTER_SCRIPT_TIMEOUT"]) * 60 > 3600 + 600
