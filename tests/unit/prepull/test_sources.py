# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which images: names as runtimes read them, mirrors, lists, files, manifests, Helm's output, standard input, checks."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.prepull import sources
from ansible_collections.assay.clusters.plugins.module_utils.prepull.references import parse, rewrite
from ansible_collections.assay.clusters.plugins.modules.images_info import SPEC

DIGEST = "sha256:" + "0123456789abcdef" * 4
HELM = """---
# Source: payments/templates/cronjob.yaml
apiVersion: batch/v1
kind: CronJob
spec:
  jobTemplate:
    spec:
      template:
        spec:
          initContainers: [{name: i, image: "busybox:1.35"}]
          containers:
          - {name: c, image: registry.example.com:5000/pay/ments:v1}
          - {name: d, image: busybox:1.35}
          volumes: [{name: v, image: {reference: quay.io/data/set:1}}]
---
---
apiVersion: v1
kind: List
items:
- kind: Pod
  spec: {containers: [{image: registry.k8s.io/pause:3.10}], ephemeralContainers: [{image: alpine}]}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec: {versions: [{schema: {openAPIV3Schema: {properties: {containers: {items: {properties: {image: {type: string}}}}}}}}]}
---
apiVersion: example.com/v1
kind: Anything
spec: {podTemplate: {spec: {containers: [{image: ghcr.io/some/thing:2}]}}, image: not/of/a/pod}
"""


def of(job: Job | None = None, **given: Any) -> list[str]:
    params = {**{n: s.get("default") for n, s in SPEC.argument_spec.items()}, **given}
    return [str(i) for i in sources.images(params, job or Job())]


@pytest.mark.parametrize(("text", "full"), [
    ("busybox", "docker.io/library/busybox:latest"), ("grafana/grafana:1", "docker.io/grafana/grafana:1"),
    ("index.docker.io/busybox", "docker.io/library/busybox:latest"), ("localhost/x", "localhost/x:latest"),
    ("host:5000/a/b", "host:5000/a/b:latest"), ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
    (f"a.b/c@{DIGEST}", f"a.b/c@{DIGEST}"), (f"a.b/c:1@{DIGEST}", f"a.b/c:1@{DIGEST}"),
    ("[::1]:5000/x:1", "[::1]:5000/x:1"), ("x__y/z-a.b:Tag_1.2-3", "docker.io/x__y/z-a.b:Tag_1.2-3")])
def test_names_are_read_as_runtimes_read_them(text: str, full: str) -> None:
    assert str(parse(text)) == full


@pytest.mark.parametrize("text", ["", "UPPER/case", "a b", "x:", "x@sha256:12", "{{ .Values.image }}", "http://a.b/c", "a//b"])
def test_what_is_no_image_is_said(text: str) -> None:
    with pytest.raises(BadOption, match="is not the name of an image"):
        parse(text)


def test_the_first_rule_that_fits_rewrites_up_to_a_slash() -> None:
    rules = [{"from": "docker.io/library", "to": "mirror.example.com/hub"}, {"from": "docker.io", "to": "m.example.com/d/"},
             {"from": "registry.k8s.io/pause", "to": "mirror.example.com/p"}]
    assert str(rewrite(parse(f"busybox:1@{DIGEST}"), rules)) == f"mirror.example.com/hub/busybox:1@{DIGEST}"
    assert str(rewrite(parse("grafana/grafana:1"), rules)) == "m.example.com/d/grafana/grafana:1"
    assert str(rewrite(parse("registry.k8s.io/pause:3"), rules)) == "mirror.example.com/p:3"
    assert str(rewrite(parse("registry.k8s.io/pauses:3"), rules)) == "registry.k8s.io/pauses:3"


def test_all_images_of_pods_in_any_document_and_no_others() -> None:
    assert of(manifests=[HELM]) == [
        "docker.io/library/busybox:1.35", "registry.example.com:5000/pay/ments:v1", "quay.io/data/set:1",
        "registry.k8s.io/pause:3.10", "docker.io/library/alpine:latest", "ghcr.io/some/thing:2"]


def test_what_helm_install_prints_around_the_manifests_is_no_matter() -> None:
    text = f"NAME: x\nLAST DEPLOYED: Fri Nov 21 02:34:40 2026\nHOOKS:\nMANIFEST:\n{HELM}\nNOTES:\n1. Get: {{ this\n"
    assert len(of(manifests=[text])) == 6


def test_files_folders_and_lists_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/pod.json").write_text('{"spec": {"containers": [{"image": "b.example.com/b:1"}]}}')
    (tmp_path / "a.yaml").write_text("spec: {containers: [{image: a.example.com/a:1}]}")
    (tmp_path / "notes.txt").write_text("no YAML: {")
    (tmp_path / "list").write_text("# ours\nc.example.com/c:1  # for now\n\na.example.com/a:1\n")
    assert of(images=["d.example.com/d:1"], image_files=[str(tmp_path / "list")], manifests=[str(tmp_path)]) == [
        "d.example.com/d:1", "c.example.com/c:1", "a.example.com/a:1", "b.example.com/b:1"]


def test_what_the_checks_need() -> None:
    assert of(checks=["dns"]) == ["registry.k8s.io/e2e-test-images/agnhost:2.53"]
    assert of(domains=["storage"], image_registry="m.example.com")[0].startswith("m.example.com/")
    assert of(checks=["all"]) == ["registry.k8s.io/e2e-test-images/agnhost:2.53"], "one image, which is on every node for the probes"
    assert of(checks=["dns"], check_images={"agnhost": "x.example.com/a:1"}) == ["x.example.com/a:1"]


@pytest.mark.parametrize(("given", "words"), [
    ({}, "images: no image is named; give images"), ({"manifests": ["a: 1\nb: 2"]}, "manifests: no image is named there"),
    ({"manifests": ["b: 1\na: }"]}, "manifests: this is not valid YAML at line 2"), ({"checks": ["dsn"]}, "dsn"),
    ({"manifests": ["/no/such/file"]}, "manifests: cannot read /no/such/file"),
    ({"image_files": ["/no/such/file"]}, "image_files: cannot read /no/such/file"),
    ({"images": ["Bad Name"]}, "images: 'Bad Name' is not"), ({"manifests": ["-"]}, "standard input is read on the")])
def test_wrong_input_is_one_sentence(given: dict[str, Any], words: str) -> None:
    with pytest.raises(BadOption) as caught:
        of(**given)
    assert words in str(caught.value)


def test_a_wrong_line_of_a_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("a.b/c:1\nwrong one\n")
    with pytest.raises(BadOption, match=r"image_files: .*list, line 2: 'wrong one' is not"):
        of(image_files=[str(tmp_path / "list")])


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="holds no file that ends in .yaml"):
        of(manifests=[str(tmp_path)])


def test_there_is_no_standard_input_without_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sources, "_PROC", tmp_path / "none")
    with pytest.raises(BadOption, match="manifests: '-', standard input, is read on Linux only; name a file"):
        sources.standard_input(Job(playbook=1))


def test_the_standard_input_of_the_playbook() -> None:
    code = "import sys, time; print('up', flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as playbook:
        assert playbook.stdout.readline() == b"up\n"
        playbook.stdin.write(HELM.encode())
        reading, job = os.dup(playbook.stdin.fileno()), Job(playbook=playbook.pid)
        playbook.stdin.close()
        os.close(reading)
        assert len(of(job, manifests=["-"])) == 6
        playbook.kill()
