# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Templates as clusterctl has them, manifests that it printed, and variables of a ClusterClass."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clusters.cluster_api import manifest
from ansible_collections.assay.clusters.plugins.module_utils.clusters.model import Wanted
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption

CLUSTER = "apiVersion: cluster.x-k8s.io/v1beta2\nkind: Cluster\nmetadata: {name: %s}\nspec: {topology: {version: v1.31.4}}\n"
SCRIPT = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: script}\ndata: {run: '%s'}\n"


def run_of(name: str, script: str, **more: Any) -> str:
    settings = {"namespace": "infra", "manifest": CLUSTER % name + SCRIPT % script, **more}
    return manifest.objects(settings, Wanted("w1", "1.31.4", 3))[1]["data"]["run"]


@pytest.mark.parametrize(("script", "made"), [
    ("${NAMESPACE} ${KUBERNETES_VERSION} ${WORKER_MACHINE_COUNT}", "infra v1.31.4 3"), ("${X:=1} ${X:-2} ${X=3} ${X-4}", "1 2 3 4"),
    ("${ NAMESPACE }", "infra"), ("$${HOSTNAME} $HOSTNAME $$", "${HOSTNAME} $HOSTNAME $$"), ("${GIVEN}", "yes")])
def test_a_template_is_filled_as_clusterctl_does(script: str, made: str) -> None:
    assert run_of("${CLUSTER_NAME}", script, variables={"GIVEN": "yes"}) == made


@pytest.mark.parametrize(("script", "made"), [
    ("${HOSTNAME} ${X:-2} ${X^^}", "${HOSTNAME} ${X:-2} ${X^^}"), ("$${HOSTNAME}", "$${HOSTNAME}"), ("${GIVEN}", "yes")])
def test_of_a_manifest_that_was_printed_scripts_stay_as_they_are(script: str, made: str) -> None:
    assert run_of("w1", script, variables={"GIVEN": "yes"}) == made


@pytest.mark.parametrize(("script", "words"), [
    ("${VSPHERE_SERVER}", "cluster_api.variables: VSPHERE_SERVER are missing"),
    ("${X^^}", r"cluster_api.manifest: \$\{X\^\^\} is not understood"), ("${X/a/b}", "is not understood, only defaults are")])
def test_what_a_template_lacks_is_told(script: str, words: str) -> None:
    with pytest.raises(BadOption, match=words):
        run_of("${CLUSTER_NAME}", script)


def test_values_of_a_class_are_put_over_those_that_are_there() -> None:
    topology = {"variables": [{"name": "region", "value": "a"}, {"name": "sizes", "value": [1]}]}
    wanted = {"region": "b", "sizes": [1], "proxy": {"url": ""}}
    assert manifest.changed_variables(topology, wanted) == ["proxy", "region"]
    assert manifest.merged_variables(topology, wanted) == [
        {"name": "region", "value": "b"}, {"name": "sizes", "value": [1]}, {"name": "proxy", "value": {"url": ""}}]
    items = manifest.objects({"namespace": "infra", "manifest": CLUSTER % "w1", "class_variables": wanted}, Wanted("w1"))
    assert {v["name"]: v["value"] for v in items[0]["spec"]["topology"]["variables"]} == wanted
    plain = (CLUSTER % "w1").replace("topology: {version: v1.31.4}", "")
    with pytest.raises(BadOption, match="class_variables: w1 is not made by a ClusterClass"):
        manifest.objects({"namespace": "infra", "manifest": plain, "class_variables": wanted}, Wanted("w1"))
