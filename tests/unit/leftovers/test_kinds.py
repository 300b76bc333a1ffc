# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which kinds a cluster has, by the documents of newer and older API servers; and what a restricted user is told."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.leftovers.kinds import Kind, kinds


def _resource(name: str, kind: str, scope: str = "Namespaced", verbs: str = "get list") -> dict[str, Any]:
    return {"resource": name, "responseKind": {"kind": kind}, "scope": scope, "verbs": verbs.split()}


NEWER = {
    "/api": {"kind": "APIGroupDiscoveryList", "items": [{"metadata": {}, "versions": [{"version": "v1", "resources": [
        _resource("pods", "Pod"), _resource("namespaces", "Namespace", "Cluster"),
        _resource("bindings", "Binding", verbs="create"),
        _resource("events", "Event")]}]}]},
    "/apis": {"kind": "APIGroupDiscoveryList", "items": [
        {"metadata": {"name": "example.com"}, "versions": [
            {"version": "v2", "resources": [_resource("things", "Thing")]},
            {"version": "v1", "resources": [_resource("things", "Thing"), _resource("olds", "Old", "Cluster")]}]},
        {"metadata": {"name": "metrics.k8s.io"},
         "versions": [{"version": "v1", "resources": [_resource("pods", "PodMetrics")]}]},
        {"metadata": {"name": "away.example.com"}, "versions": [{"version": "v1", "freshness": "Stale"}]}]},
}
OLDER = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "groups": [{"preferredVersion": {"groupVersion": "example.com/v2"}},
                                                 {"preferredVersion": {"groupVersion": "away.example.com/v1"}}]},
    "/api/v1": {"resources": [
        {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["list"]},
        {"name": "pods/status", "kind": "Pod", "namespaced": True, "verbs": ["get", "list"]},
        {"name": "namespaces", "kind": "Namespace", "namespaced": False, "verbs": ["list"]},
        {"name": "bindings", "kind": "Binding", "namespaced": True, "verbs": ["create"]}]},
    "/apis/example.com/v2": {"resources": [{"name": "things", "kind": "Thing", "namespaced": True, "verbs": ["list"]}]},
}


class Server:
    """Answers from a table; 503 for what is not in it, as of an aggregated API that is away."""

    def __init__(self, table: dict[str, Any]) -> None:
        self.table = table

    def request(self, _method: str, path: str, **_more: Any) -> Any:
        if path not in self.table:
            raise ApiError("http", 503, "ServiceUnavailable", "the server is currently unable to handle the request",
                           "GET", path)
        return self.table[path]

    def get(self, path: str) -> Any:
        return self.request("GET", path)


@pytest.mark.parametrize(("table", "more"), [(NEWER, [Kind("example.com/v1", "Old", "olds", False)]), (OLDER, [])])
def test_kinds_that_can_be_listed_in_the_version_that_is_preferred(table: dict[str, Any], more: list[Kind]) -> None:
    found = kinds(Server(table))  # type: ignore[arg-type]
    assert found == [Kind("v1", "Pod", "pods", True), Kind("v1", "Namespace", "namespaces", False),
                     Kind("example.com/v2", "Thing", "things", True), *more,
                     Kind("away.example.com/v1", "*", "*", False, stale=True)]


def test_paths_are_of_all_namespaces_or_of_one() -> None:
    assert Kind("v1", "Pod", "pods", True).path() == "/api/v1/pods"
    assert Kind("apps/v1", "Deployment", "deployments", True).path("shop") == "/apis/apps/v1/namespaces/shop/deployments"
    assert Kind("apps/v1", "Deployment", "deployments", True).group == "apps" and Kind("v1", "Pod", "pods", True).group == ""


def groups(*of: dict[str, Any]) -> Server:
    return Server({"/api": {"kind": "APIGroupDiscoveryList"}, "/apis": {"kind": "APIGroupDiscoveryList", "items": list(of)}})


def group(name: str, *resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "versions": [{"version": "v1", "resources": list(resources), **more}]}


def test_a_group_whose_server_is_away_is_told_by_its_kinds_where_they_are_known() -> None:
    """The API server remembers them; each of them may hold something, and none is told twice."""
    found = kinds(groups(group("away.example.com", _resource("things", "Thing"), _resource("olds", "Old", "Cluster"),
                               freshness="Stale"),
                         group("unknown.example.com", freshness="Stale"),
                         group("here.example.com", _resource("things", "Thing"),
                               freshness="Current")))  # type: ignore[arg-type]
    assert found == [Kind("away.example.com/v1", "Thing", "things", True, stale=True),
                     Kind("away.example.com/v1", "Old", "olds", False, stale=True),
                     Kind("unknown.example.com/v1", "*", "*", False, stale=True),
                     Kind("here.example.com/v1", "Thing", "things", True)]


@pytest.mark.parametrize("name", ["apps", "batch", "policy", "networking.k8s.io", "rbac.authorization.k8s.io", "storage.k8s.io",
                                  "coordination.k8s.io", "admissionregistration.k8s.io", "apiextensions.k8s.io",
                                  "certificates.k8s.io"])
def test_groups_that_hold_objects_are_looked_at(name: str) -> None:
    assert kinds(groups(group(name, _resource("things", "Thing")))) == [  # type: ignore[arg-type]
        Kind(f"{name}/v1", "Thing", "things", True)]


@pytest.mark.parametrize("name", ["metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io", "authorization.k8s.io",
                                  "authentication.k8s.io", "events.k8s.io"])
def test_groups_that_only_answer_are_not(name: str) -> None:
    """Their lists are no objects; and an aggregated one that is away has nothing of ours."""
    assert kinds(groups(group(name, _resource("things", "Thing")),
                        group(name, freshness="Stale"))) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["unreachable", "timeout", "tls", "dns"])
def test_a_connection_that_breaks_in_the_middle_is_an_error_and_not_a_group_that_is_away(kind: str) -> None:
    class Breaking(Server):
        """Of an older server, whose groups are asked one by one."""

        def get(self, path: str) -> Any:
            if path == "/apis/example.com/v2":
                raise ApiError(kind, None, "Lost", "connection lost", "GET", path)  # type: ignore[arg-type]
            return super().get(path)

    with pytest.raises(ApiError, match="connection lost"):
        kinds(Breaking(OLDER))  # type: ignore[arg-type]


def test_an_api_server_that_is_away_is_an_error_and_not_nothing() -> None:
    with pytest.raises(ApiError, match="unable to handle"):
        kinds(Server({}))  # type: ignore[arg-type]
