# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of the conformance tests, and what the image's runner is given."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.conformance import manifests, wanted
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption
from tests.unit.conformance.builders import params


def environment(version: str = "v1.31.4", **given: Any) -> dict[str, str]:
    return wanted.environment(wanted.tests_of(params(**given)), version)


def test_by_default_all_conformance_tests_run_one_after_the_other() -> None:
    found = environment()
    assert found == {"E2E_FOCUS": r"\[Conformance\]", "E2E_SKIP": "", "E2E_PARALLEL": "false", "E2E_PROVIDER": "skeleton",
                     "E2E_EXTRA_ARGS_SEP": " ", "E2E_USE_GO_RUNNER": "true", "RESULTS_DIR": "/tmp/results"}
    assert wanted.tests_of(params()).whole


@pytest.mark.parametrize("given", [{"focus": "DNS"}, {"skip": "DNS"}, {"parallel": 2}, {"dry_run": True}], ids=str)
def test_less_is_no_certification(given: dict[str, Any]) -> None:
    assert not wanted.tests_of(params(**given)).whole


@pytest.mark.parametrize(("version", "words"), [("v1.31.4", "--procs=4"), ("v1.25.0", "--procs=4"), ("v1.24.17", "--nodes=4"),
                                                ("", "--procs=4")])
def test_processes_are_named_as_the_release_s_ginkgo_does(version: str, words: str) -> None:
    found = environment(version, parallel=4, extra_ginkgo_args=["-v"])
    assert (found["E2E_PARALLEL"], found["E2E_EXTRA_GINKGO_ARGS"]) == ("true", f"-v {words}")


def test_a_dry_run_is_said_by_a_word_and_else_by_none() -> None:
    assert environment(dry_run=True)["E2E_DRYRUN"] == "true" and "E2E_DRYRUN" not in environment()


def test_arguments_with_blanks_stay_whole() -> None:
    found = environment(extra_args=["--a=b c", "--d=e,f"], extra_ginkgo_args=["-v"])
    assert found["E2E_EXTRA_ARGS"].split(found["E2E_EXTRA_ARGS_SEP"]) == ["--a=b c", "--d=e,f"]
    assert found["E2E_EXTRA_GINKGO_ARGS"] == "-v"


@pytest.mark.parametrize(("version", "tag"), [
    ("v1.31.4", "v1.31.4"), ("v1.31.4-eks-2d5f260", "v1.31.4"), ("v1.31.4+k3s1", "v1.31.4"), ("v1.31.4-gke.1010000", "v1.31.4"),
    ("v1.32.0-rc.1", "v1.32.0-rc.1"), ("v1.32.0-rc.1.12+abc", "v1.32.0-rc.1")])
def test_the_image_is_of_the_api_server_s_release(version: str, tag: str) -> None:
    assert wanted.image(params(), version) == f"registry.k8s.io/conformance:{tag}"
    assert wanted.image(params(image_registry="m.example.com/k8s/"), version) == f"m.example.com/k8s/conformance:{tag}"
    assert wanted.image(params(image="own/conf:1"), version) == "own/conf:1"


WRONG = [
    ({"parallel": 0}, "parallel: must be at least 1, not 0"), ({"timeout": 0}, "timeout: must be at least 1, not 0"),
    ({"rerun_failed": -1}, "rerun_failed: must be at least 0, not -1"),
    ({"run_id": "No_Such"}, "run_id: must be at most 32 of a-z, 0-9 and -"),
    ({"run_id": "a" * 33}, "run_id: must be at most 32"),
    ({"state": "absent"}, "run_id: is needed with state absent"),
    ({"image": "https://registry.example.com/c:1"}, "image: must be like mirror.example.com/path"),
    ({"test_repo": "a b"}, "test_repo: must be like"),
    ({"dry_run": True, "rerun_failed": 1}, "rerun_failed: nothing fails in a dry run"),
    ({"focus": "a\nb"}, "focus: expressions and arguments must be of one line each"),
    ({"extra_args": [" ", ",", ";", "|", "~", "^"]}, "extra_args: there is none of blank, comma"),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=[w.partition(":")[0] for _g, w in WRONG])
def test_wrong_options_are_one_sentence(given: dict[str, Any], words: str) -> None:
    with pytest.raises(BadOption) as error:
        wanted.check(params(**given))
        wanted.tests_of(params(**given))
    assert str(error.value).startswith(words)


def test_an_api_server_without_a_release_wants_an_image() -> None:
    with pytest.raises(BadOption, match="image: the API server says no version, which names no release"):
        wanted.image(params(), "")


def test_a_name_is_an_expression_of_nothing_else() -> None:
    assert wanted.quoted("[sig-a] b (c|d) e.f* $1") == r"\[sig-a\] b \(c\|d\) e\.f\* \$1"


# ---- the pod ------------------------------------------------------------------------------------------------------
def pod(**given: Any) -> dict[str, Any]:
    return manifests.pod("e2e", "conf:1", "busybox:1", wanted.tests_of(params(**given)), "v1.31.4", ["pull-0"], {"kind": "big"})


def test_the_pod_meets_the_restricted_level_and_stays_for_its_results() -> None:
    spec = pod()["spec"]
    assert spec["restartPolicy"] == "Never" and spec["tolerations"] == [{"operator": "Exists"}]
    assert spec["imagePullSecrets"] == [{"name": "pull-0"}] and spec["nodeSelector"] == {"kind": "big"}
    for container in spec["containers"]:
        security = container["securityContext"]
        assert security["runAsNonRoot"] and not security["allowPrivilegeEscalation"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["volumeMounts"][0] == {"name": "results", "mountPath": "/tmp/results"}


def test_the_list_of_registries_is_a_file_in_the_tests_container() -> None:
    given = {"test_repo_list": {"gcRegistry": "mirror.example.com/k8s"}}
    runner = pod(**given)["spec"]["containers"][0]
    assert {"name": "KUBE_TEST_REPO_LIST", "value": "/tmp/repo-list/repo-list.yaml"} in runner["env"]
    assert {"name": "repos", "mountPath": "/tmp/repo-list", "readOnly": True} in runner["volumeMounts"]
    listed = manifests.repo_list("x", wanted.tests_of(params(**given)))
    assert listed["data"] == {"repo-list.yaml": '{"gcRegistry": "mirror.example.com/k8s"}'}


def test_the_binding_goes_with_its_namespace() -> None:
    made = manifests.binding("b", {"metadata": {"name": "n", "uid": "u1"}}, {"l": "1"})
    assert made["metadata"]["ownerReferences"] == [{"apiVersion": "v1", "kind": "Namespace", "name": "n", "uid": "u1"}]
    assert made["subjects"] == [{"kind": "ServiceAccount", "name": "conformance", "namespace": "n"}]
