# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The roles of a run: what is made in one namespace, only reads beyond it, and nothing that means more unless it is asked for."""
from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import RBAC
from ansible_collections.assay.clusters.plugins.module_utils.engine import plan, registry, rights

ALL = list(registry.load().values())
# What makes its holder more than a reader: credentials, commands, others' pods, nodes and volumes.
STRONG = {"secrets", "nodes/proxy", "pods/exec", "pods/portforward", "pods/log", "serviceaccounts/token"}
READING = {"get", "list", "watch"}


def made(scope: str = "namespace", optional: Any = (rights.READS,)) -> dict[str, dict[str, Any]]:
    return {m["kind"]: m for m in rights.roles(ALL, "assay", scope, "proofs", optional)}


def allowed(role: dict[str, Any]) -> dict[str, set[str]]:
    """Verbs by resource (or URL)."""
    out: dict[str, set[str]] = {}
    for rule in role["rules"]:
        for what in rule.get("resources", rule.get("nonResourceURLs", [])):
            out.setdefault(what, set()).update(rule["verbs"])
    return out


def test_beyond_the_namespace_there_is_only_reading_and_nothing_strong() -> None:
    beyond = allowed(made()["ClusterRole"])
    assert set().union(*beyond.values()) <= READING and not STRONG & set(beyond)
    assert not STRONG & set(allowed(made()["Role"]))


def test_what_is_in_no_namespace_is_allowed_by_the_cluster_role() -> None:
    """A Role cannot allow it, whatever its rules say."""
    words = re.compile(r"classes$|^cluster|^node|configurations$|^customresource|^apiservices$|^certificatesigning|^persistentvolumes$")
    assert [r for r in allowed(made(optional=rights.OPTIONAL)["Role"]) if words.search(r)] == []


@pytest.mark.parametrize("kind", ["Role", "ClusterRole"])
@pytest.mark.parametrize("scope", rights.SCOPES)
def test_rules_are_there_once_and_name_what_they_allow(kind: str, scope: str) -> None:
    role = made(scope).get(kind, {"rules": []})
    assert all("*" not in [*r.get("resources", []), *r["verbs"], *r.get("apiGroups", [])] for r in role["rules"])
    told = [(g, r, tuple(rule.get("resourceNames", ()))) for rule in role["rules"] for g in rule.get("apiGroups", []) for r in rule["resources"]]
    assert len(told) == len(set(told))


def test_what_the_checks_cannot_do_without_is_in_one_of_the_roles() -> None:
    inside, beyond = allowed(made(optional=())["Role"]), allowed(made(optional=())["ClusterRole"])
    for p in rights.permissions(ALL, "namespace"):
        for what in (*p.resources, *p.urls):
            where = beyond if p.everywhere or what not in inside else inside
            assert p.spared or set(p.verbs) <= where.get(what, set()), p
    assert {"pods", "services", "pods/proxy"} <= set(inside) and "nodes" in beyond
    assert beyond["namespaces"] == {"get"} if "namespaces" in beyond else True


@pytest.mark.parametrize(("power", "what"), [
    ("logs", "pods/log"), ("kubelet_statistics", "nodes/proxy"), ("port_forward", "pods/portforward"), ("exec", "pods/exec"),
    ("prometheus", "subjectaccessreviews"), ("retained_volumes", "persistentvolumes"), ("tls_secrets", "secrets"),
    ("edge_certificates", "secrets"), ("issued_secrets", "secrets"), ("pull_secrets", "secrets")])
def test_a_right_that_means_more_comes_only_by_its_name(power: str, what: str) -> None:
    def everything(optional: Any) -> set[tuple[str, str]]:
        return {(r, v) for kind in ("Role", "ClusterRole") for r, verbs in allowed(made(optional=optional)[kind]).items() for v in verbs}

    more = everything([rights.READS, power]) - everything([rights.READS])
    assert more and {r for r, _verb in more} == {what}
    others = [o for o in rights.OPTIONAL if o != power]
    shared = set().union(*(everything([rights.READS, o]) - everything([rights.READS]) for o in others))
    assert everything(rights.OPTIONAL) - everything(others) == more - shared, "what another power gives, too, stays with that"


def test_every_strong_right_of_a_check_has_a_reason() -> None:
    for p in rights.permissions(ALL):
        writes = not set(p.verbs) <= READING and (p.everywhere or "persistentvolumes" in p.resources or "nodes" in p.resources)
        assert not (STRONG & set(p.resources) or writes) or p.power in rights.POWERS, p


def test_the_namespace_of_the_roles_is_restricted_and_no_run_may_make_or_remove_one() -> None:
    documents = made()
    assert documents["Namespace"]["metadata"]["name"] == documents["Role"]["metadata"]["namespace"] == "proofs"
    assert documents["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert not allowed(documents["ClusterRole"]).get("namespaces", set()) & {"create", "delete", "list"}
    assert {"create", "delete"} <= allowed(made("cluster")["ClusterRole"])["namespaces"] and set(made("cluster")) == {"ClusterRole"}


@pytest.mark.parametrize("scope", rights.SCOPES)
@pytest.mark.parametrize("optional", [(), (rights.READS,), rights.OPTIONAL])
def test_each_rule_says_which_check_wants_it(scope: str, optional: Any) -> None:
    roles = rights.roles(ALL, "assay", scope, "proofs", optional)
    told = rights.wanted_by(roles, ALL, scope, optional)
    assert [(w["kind"], w["rule"]) for w in told] == [(r["kind"], rule) for r in roles for rule in r.get("rules", [])]
    assert all(w["by"] for w in told), "nothing is given that nobody wants"

    def pairs(rules: list[dict[str, Any]], kind: str) -> set[tuple[Any, ...]]:
        return {(kind, g, what, v, tuple(r.get("resourceNames", ()))) for r in rules for g in r.get("apiGroups", ["url"])
                for what in r.get("resources", r.get("nonResourceURLs", [])) for v in r["verbs"]}

    def of(checks: list[Any]) -> set[tuple[Any, ...]]:
        return {p for r in rights.roles(checks, "assay", scope, "proofs", optional) for p in pairs(r.get("rules", []), r["kind"])}

    nobody = of([])
    for check in ALL:
        own = of([check]) - nobody  # what it wants beyond what every run and the look for causes do
        for one in told:
            if pairs([one["rule"]], one["kind"]) & own:
                assert check.name in one["by"], one
            elif check.name in one["by"]:
                assert pairs([one["rule"]], one["kind"]) & nobody, one
    assert {who for one in told for who in one["by"]} >= {rights.RUN, "dns", "storage"}


def test_what_one_check_alone_wants_is_told_of_it_alone() -> None:
    told = rights.wanted_by(rights.roles(ALL, "assay", "namespace", "proofs", (rights.READS,)), ALL, "namespace", (rights.READS,))
    alone = {w["rule"]["resources"][0]: w["by"] for w in told if len(w["by"]) == 1 and "resources" in w["rule"]}
    assert alone["statefulsets"] == ["zonal_stateful_set"] and alone["podmonitors"] == ["service_monitor"]
    assert alone["serviceaccounts"] == [rights.RUN] and alone["configmaps"] == [rights.CAUSES]
    assert all(rights.CAUSES not in w["by"] for w in rights.wanted_by(made(optional=()).values(), ALL, "namespace", ()))


def test_each_role_is_bound_where_it_holds() -> None:
    who = [{"kind": "User", "name": "u", "apiGroup": "rbac.authorization.k8s.io"}]
    found = rights.bindings(made().values(), who)
    assert [(b["kind"], b["metadata"].get("namespace"), b["roleRef"]["kind"], b["subjects"]) for b in found] == [
        ("RoleBinding", "proofs", "Role", who), ("ClusterRoleBinding", None, "ClusterRole", who)]


def test_the_options_of_the_module_are_those_of_the_engine() -> None:
    assert tuple(RBAC["optional"]["choices"]) == rights.OPTIONAL and tuple(RBAC["scope"]["choices"]) == rights.SCOPES


def test_the_plan_tells_why_a_right_is_wanted_and_makes_no_namespace_where_one_is_given() -> None:
    described = plan.describe(ALL, {}, {}, "", 60.0, "namespace")
    told = {w: p["why"] for p in described["permissions"] for w in p["resources"] if p["why"]}
    assert told["pods/exec"] == rights.POWERS["exec"] and all(p["optional"] for p in described["permissions"] if p["why"])
    assert "Namespace" not in described["objects"] and "Namespace" in plan.describe(ALL, {}, {}, "", 60.0)["objects"]
