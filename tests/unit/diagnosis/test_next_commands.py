# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command to go on with: every cause has one of its own, and where no rule fits it looks at what the check went through."""
from __future__ import annotations

import string
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.cause import GENERIC
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.taxonomy import CAUSES, next_command
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import SPACE, finding, healthy, on_path, one, seen

KINDS = sorted({"", "thing", *GENERIC, *(kind for cause in CAUSES.values() for kind in cause.on)})


@pytest.mark.parametrize("code", CAUSES)
def test_no_cause_sends_its_reader_to_all_events(code: str) -> None:
    told = {next_command(code, subject) for kind in KINDS for subject in (kind, f"{kind}/", f"{kind}/x", f"{kind}/s/x")}
    assert all(command.strip() and "get events" not in command for command in told), sorted(told)
    cause = CAUSES[code]
    for template in (cause.command, cause.otherwise, *cause.on.values()):
        assert {field for _text, field, _spec, _how in string.Formatter().parse(template) if field} <= {"name", "namespace", "ref"}


@pytest.mark.parametrize("code", [c for c, cause in CAUSES.items() if cause.layer in (8, 9)])
def test_add_ons_and_clouds_have_a_command_whatever_the_object(code: str) -> None:
    cause = CAUSES[code]
    assert cause.command or cause.otherwise, code


@pytest.mark.parametrize(("code", "subject", "node", "command"), [
    ("image.auth", "image/registry.lab/a:1", "n2", "ssh n2 crictl pull registry.lab/a:1"),
    ("image.auth", "image/registry.lab/a:1", "", "ssh NODE crictl pull registry.lab/a:1"),
    ("image.auth", "", "", "ssh NODE crictl pull IMAGE"), ("image.auth", "pod/a/b", "", "ssh NODE crictl pull IMAGE"),
    ("image.kubelet-qps", "", "", "kubectl get --raw /api/v1/nodes/NODE/proxy/configz"),
    ("pod.oom", "pod/a/b", "", "kubectl -n a describe pod b"), ("pod.oom", "", "", "kubectl top pods -A"),
    ("storage.provision-failed", "persistentvolumeclaim/a/b", "", "kubectl -n a describe persistentvolumeclaim b"),
    ("storage.provision-failed", "", "", "kubectl get persistentvolumeclaims -A"),
    ("node.clock", "", "", "kubectl get nodes -o wide"), ("ns.stuck", "namespace/a", "", "kubectl get namespace a -o yaml"),
    ("dns.delegation", "zone/", "", "dig +trace NS NAME")])
def test_what_is_not_known_stands_in_capitals(code: str, subject: str, node: str, command: str) -> None:
    assert next_command(code, subject, node) == command


NEAR = on_path("Service", "web", "shop")
MAKER = on_path("Deployment", "maker", "tools")
OURS = [on_path("Ingress", "x-ing"), on_path("PersistentVolume", "pvc-1", "")]


@pytest.mark.parametrize(("path", "observations", "command"), [
    ([*OURS], [], "kubectl get pods -A -o wide --field-selector status.phase!=Running,status.phase!=Succeeded"),
    ([NEAR, on_path("Pod", "web-1", "shop"), *OURS], [], "kubectl -n shop describe pod/web-1"),
    ([on_path("IngressClass", "web", ""), *OURS], [], "kubectl describe ingressclass/web"),
    ([MAKER, NEAR, on_path("Node", "n1", "")], [], "kubectl -n tools logs deployment/maker --all-containers --tail=50"),
    ([NEAR, on_path("Node", "n1", "")], [], "kubectl -n shop describe service/web"),
    ([on_path("Node", "n1", "")], [], "kubectl describe node/n1"),
    ([MAKER], [seen("strange", "a", "n1", "n2", error="no"), seen("strange", "a", "n2", "n3", error="no"), seen("strange", "a", "n3")],
     "kubectl describe node n2"),
    ([NEAR], [seen("strange", "a", "n1", error="no"), seen("strange", "a", "n2", error="no")], "kubectl -n shop describe service/web")])
def test_a_failure_that_no_rule_explains_is_followed_to_its_objects(path: list[dict[str, str]], observations: list[dict[str, Any]],
                                                                    command: str) -> None:
    failed = finding("service", "it is strange")
    failed.path, failed.observations = path, observations
    data = healthy()
    assert data["run_namespace"] == SPACE
    found = one(failed, data)
    assert (found.cause, found.scope, found.next_command) == ("unknown.unexplained", [], command)
