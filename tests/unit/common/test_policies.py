# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What NetworkPolicies do to the pods of a namespace among themselves."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import policies

LABELS = {"app": "probe"}
ALL, PROBES, OTHERS = {}, {"matchLabels": {"app": "probe"}}, {"matchLabels": {"app": "web"}}
BOTH = {"policyTypes": ["Ingress", "Egress"]}


def policy(selector: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"podSelector": selector, **spec}}


def within(selector: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Both directions, for the pods that are selected."""
    return {"ingress": [{"from": [{"podSelector": selector, **more}]}], "egress": [{"to": [{"podSelector": selector, **more}]}]}


@pytest.mark.parametrize(("found", "shut"), [
    ([], False),
    ([policy(ALL)], True),
    ([policy(ALL, policyTypes=["Egress"])], True),
    ([policy(OTHERS)], False),
    ([policy(ALL, **BOTH, ingress=[{}])], True),
    ([policy(ALL, **BOTH, ingress=[{}], egress=[{}])], False),
    ([policy(ALL, **BOTH), policy(ALL, **BOTH, **within(PROBES))], False),
    ([policy(ALL, **BOTH), policy(OTHERS, **BOTH, **within(ALL))], True),
    ([policy(ALL, **BOTH, **within(OTHERS))], True),
    ([policy(ALL, **BOTH, **within(OTHERS, namespaceSelector={}))], False),
    ([policy(ALL, ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])], False),
    ([policy(ALL, ingress=[{"from": [{"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}]}])], False),
    ([policy(ALL, egress=[{"to": [{"podSelector": OTHERS}]}], ingress=[{}])], True),
])
def test_only_what_surely_lets_no_pod_talk_to_another_forbids(found: list[dict[str, Any]], shut: bool) -> None:
    """In doubt (addresses, other namespaces) they may."""
    assert policies.forbid(found, LABELS) is shut
