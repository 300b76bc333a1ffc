# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ingresses, routes and Gateways in a clean-up: they go before what they lead to, and somebody else's stay."""
from __future__ import annotations

import time

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common.names import EXPIRES, MANAGED_BY, MANAGER, RUN
from ansible_collections.assay.clusters.plugins.module_utils.engine import cleanup, sweep
from ansible_collections.assay.clusters.tests.unit.engine.test_cleanup import OURS, SPACE, remove

__all__ = ["remove"]
GATEWAYS, INGRESSES = "gateway.networking.k8s.io/v1", "networking.k8s.io/v1"
KINDS = (("Gateway", GATEWAYS, "gateways"), ("HTTPRoute", GATEWAYS, "httproutes"), ("Ingress", INGRESSES, "ingresses"))


def _path(version: str, plural: str, space: str = "assay-r1") -> str:
    return f"/apis/{version}/namespaces/{space}/{plural}/mine"


def test_they_go_before_the_namespace_and_routes_before_gateways(api, remove):
    api.put(SPACE, OURS)
    for _kind, version, plural in KINDS:
        api.put(_path(version, plural), OURS)
    made = [("v1", "Namespace", "", "assay-r1"), *((version, kind, "assay-r1", "mine") for kind, version, _plural in KINDS)]
    assert remove(*made) == [] and api.objects == {}
    assert [c.split()[1] for c in api.changes if c.startswith("DELETE")] == [
        _path(GATEWAYS, "httproutes"), _path(INGRESSES, "ingresses"), _path(GATEWAYS, "gateways"), SPACE]


def test_one_that_its_controller_holds_is_told(api, remove, monkeypatch):
    monkeypatch.setattr(cleanup, "_BALANCERS", 1e6)
    api.put(SPACE, OURS)
    api.put(_path(INGRESSES, "ingresses"), OURS, ("ingress.k8s.aws/resources",))
    left = remove(("v1", "Namespace", "", "assay-r1"), (INGRESSES, "Ingress", "assay-r1", "mine"))
    assert left[0] == "ingress/assay-r1/mine (held by finalizer ingress.k8s.aws/resources)"


@pytest.mark.parametrize(("_kind", "version", "plural"), KINDS)
def test_a_sweep_of_a_namespace_that_others_use_takes_ours_alone(api, remove, tmp_path, _kind, version, plural):
    ours = {MANAGED_BY: MANAGER, RUN: "r1", EXPIRES: str(int(time.time() - 60))}
    api.put(_path(version, plural, "team"), ours)
    api.put(_path(version, plural, "team").replace("mine", "theirs"), {})
    assert sweep.sweep(remove.client, tmp_path, namespace="team")["swept"] == ["r1"]
    assert list(api.objects) == [_path(version, plural, "team").replace("mine", "theirs")]
