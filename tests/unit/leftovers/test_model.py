# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What belongs to a cluster, and what of two inventories is left."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption
from ansible_collections.assay.clusters.plugins.module_utils.leftovers import model as leftovers
from ansible_collections.assay.clusters.plugins.module_utils.leftovers.model import Thing, Wanted

RUN = Wanted("ci", "3f9a1c07")


@pytest.mark.parametrize(("wanted", "tags", "ours"), [
    (Wanted("ci"), {"kubernetes.io/cluster/ci": "owned"}, True),
    (Wanted("ci"), {"kubernetes.io/cluster/ci": ""}, True),
    (Wanted("ci"), {"kubernetes.io/cluster/ci": "shared"}, False),
    (Wanted("ci"), {"kubernetes.io/cluster/ci2": "owned"}, False),
    (Wanted("auto1"), {"elbv2.k8s.aws/cluster": "auto10"}, False),
    (Wanted("auto1"), {"elbv2.k8s.aws/cluster": "auto1"}, True),
    (RUN, {"eks:cluster-name": "ci-3f9a1c07-x26112106"}, True),
    (RUN, {"eks:cluster-name": "ci-00000000-x26112106"}, False),
    (RUN, {"assay.clusters/run": "3f9a1c07"}, True),
    (Wanted("ci"), {"assay.clusters/run": "3f9a1c07"}, False),
    (Wanted(tags={"team": "pay*"}), {"team": "payments"}, True),
    (Wanted(tags={"team": ""}), {"team": "anybody"}, True),
    (Wanted(tags={"team": "pay"}), {"team": "payments"}, False),
    (Wanted(), {"kubernetes.io/cluster/": "owned"}, False),
])
def test_tags_tell_what_belongs_to_a_cluster(wanted: Wanted, tags: dict[str, str], ours: bool) -> None:
    assert wanted.tagged(tags) is ours


@pytest.mark.parametrize("key", ["kubernetes.io/cluster/{}", "sigs.k8s.io/cluster-api-provider-aws/cluster/{}"])
def test_a_key_that_ends_with_the_cluster_is_its_mark(key: str) -> None:
    """Of the tree's provider, and of Cluster API's."""
    assert Wanted("ci").tagged({key.format("ci"): "owned"}) and not Wanted("ci").tagged({key.format("ci"): "shared"})
    assert not Wanted("ci").tagged({key.format("x-ci"): "owned"}) and not Wanted("ci").tagged({key.format(""): "ci"})


@pytest.mark.parametrize("key", [
    "KubernetesCluster", "elbv2.k8s.aws/cluster", "eks:cluster-name", "aws:eks:cluster-name", "eks:eks-cluster-name",
    "alpha.eksctl.io/cluster-name", "cluster.k8s.amazonaws.com/name", "assay.clusters/cluster"])
def test_each_tag_whose_value_is_the_cluster_is_its_mark(key: str) -> None:
    """Each of another program; what bears one of them alone is found by it."""
    assert Wanted("ci").tagged({key: "ci"}) and RUN.tagged({key: "ci-3f9a1c07-x26112106"})
    assert not Wanted("ci").tagged({key: "ci2"}) and not Wanted("ci").tagged({f"x-{key}": "ci"})
    assert not Wanted().tagged({key: ""})


@pytest.mark.parametrize(("patterns", "name", "ours"), [
    (("auto1",), "auto10", False), (("auto1*",), "auto10", True), (("auto[12]",), "auto2", True), ((), "x", False),
    (("*",), "", False), (("Auto1",), "auto1", False)])
def test_names_fit_patterns_as_a_whole(patterns: tuple[str, ...], name: str, ours: bool) -> None:
    assert Wanted(patterns=patterns).named(name) is ours


@pytest.mark.parametrize(("tags", "owner"), [
    ({"assay.clusters/owner": "ci.runner", "Owner": "x"}, "ci.runner"), ({"Owner": "ada"}, "ada"),
    ({"kubernetes.io/service-name": "shop/web"}, "shop/web"),
    ({"kubernetes.io/created-for/pvc/namespace": "db", "kubernetes.io/created-for/pvc/name": "data-0"},
     "persistentvolumeclaim db/data-0"), ({"Name": "x"}, "somebody")])
def test_the_owner_is_who_made_it_or_what_it_was_made_for(tags: dict[str, str], owner: str) -> None:
    assert leftovers.owner_of(tags, "somebody") == owner


def thing(number: str, kind: str = "volume", **more: Any) -> Thing:
    return Thing("aws", kind, number, **more)


def inventory(*things: Thing, now: float = 1_000_000.0) -> dict[str, Any]:
    return json.loads(json.dumps(leftovers.inventory(things, {"aws": "eu-central-1"}, RUN, now)))


def test_what_is_new_is_left_and_what_is_missing_is_told() -> None:
    left, gone = leftovers.compare([thing("v1"), thing("v2")], inventory(thing("v1"), thing("v0")), ["aws"])
    assert [t.id for t in left] == ["v2"] and [i["id"] for i in gone] == ["v0"]


def test_a_kind_that_cannot_be_listed_is_left_and_says_nothing_of_what_was_there() -> None:
    closed = leftovers.refused("aws", "volume", "no")
    left, gone = leftovers.compare([closed], inventory(thing("v0")), ["aws"])
    assert left == [closed] and gone == []
    left, _gone = leftovers.compare([closed], inventory(closed), ["aws"])
    assert left == [closed], "not even when it could not be listed before either"


def test_a_provider_that_was_not_asked_now_misses_nothing() -> None:
    assert leftovers.compare([], inventory(thing("v0")), ["cluster"]) == ([], [])


def test_age_is_of_the_thing_or_at_most_since_the_inventory() -> None:
    now = 1_000_100.0
    assert leftovers.shown(thing("v", created="1970-01-12T13:47:30Z"), now, "")["age_seconds"] == 50
    assert leftovers.shown(thing("v"), now, inventory()["taken"])["age_seconds"] == 100
    assert leftovers.shown(thing("v"), now, "")["age_seconds"] is None
    assert leftovers.shown(thing("v", created="1970-01-12T15:47:30Z"), now, "")["age_seconds"] == 0, "clocks differ"


@pytest.mark.parametrize("wrap", [lambda i, _f: i, lambda i, _f: {"inventory": i, "changed": False}, lambda i, _f: json.dumps(i),
                                  lambda i, f: f.write_text(json.dumps({"inventory": i})) and str(f)])
def test_an_earlier_inventory_is_a_value_a_result_a_text_or_a_file(wrap: Any, tmp_path: Path) -> None:
    assert leftovers.earlier(wrap(inventory(thing("v")), tmp_path / "before.json"))["items"][0]["id"] == "v"


@pytest.mark.parametrize(("given", "sentence"), [
    ("/nonexistent/before.json", "before: /nonexistent/before.json cannot be read: No such file or directory"),
    ("{not json", "before: .* is no JSON"), ({"items": []}, "before: holds no inventory"), (7, "before: holds no inventory"),
    ({"format": 1, "items": [], "places": {}, "taken": "never"}, "before: holds no inventory")])
def test_anything_else_is_refused_in_one_sentence(given: Any, sentence: str) -> None:
    with pytest.raises(BadOption, match=sentence):
        leftovers.earlier(given)


def test_only_inventories_of_the_same_question_are_compared() -> None:
    before = inventory()
    leftovers.check_comparable(before, {"aws": "eu-central-1", "cluster": "https://c"}, RUN, ("cluster",))
    for places, wanted, sentence in (({"aws": "us-east-1"}, RUN, "is of aws at eu-central-1, and this is us-east-1"),
                                     ({"rancher": "https://r"}, RUN, "holds no inventory of rancher"),
                                     ({"aws": "eu-central-1"}, Wanted("other"), "was taken for name ci, run_id 3f9a1c07, and")):
        with pytest.raises(BadOption, match=f"before: {sentence}"):
            leftovers.check_comparable(before, places, wanted, ("cluster",))


def test_the_sentence_names_the_first_ones_and_counts_the_others() -> None:
    shown = [leftovers.shown(thing(f"v{i}", name="data", cause="dependency"), 0, "") for i in range(7)]
    assert leftovers.sentence(shown).startswith("7 left: volume v0 (data) [dependency], ")
    assert leftovers.sentence(shown).endswith(" and 2 more")
    assert leftovers.sentence([]) == "nothing is left"


@pytest.mark.parametrize(("name", "words"), [("", ""), ("a1b2c3", ""), ("web", " (web)")])
def test_a_name_that_is_the_id_is_said_once(name: str, words: str) -> None:
    """As that of a classic load balancer."""
    item = leftovers.shown(thing("a1b2c3", "classic_load_balancer", name=name), 0, "")
    assert leftovers.sentence([item]) == f"1 left: classic_load_balancer a1b2c3{words}"
    assert leftovers.line(item) == f"aws classic_load_balancer a1b2c3{words}"


def test_the_sentence_says_of_what_nothing_is_known() -> None:
    closed = leftovers.shown(leftovers.refused("aws", "volume", "no"), 0, "")
    assert leftovers.sentence([closed]) == "1 left: volume (unknown) [permission]"


def test_a_line_tells_what_whose_and_why() -> None:
    made = leftovers.shown(thing("sg-1", "security_group", name="nodes", owner="ada", cause="dependency", detail="in use by eni-1"),
                           1_000_100.0, inventory()["taken"])
    assert leftovers.line(made) == \
        "aws security_group sg-1 (nodes), at most 100 s old, of ada, dependency, in use by eni-1"
    assert leftovers.line(leftovers.shown(leftovers.refused("aws", "volume", "no"), 0, "")).startswith(
        "aws volume, permission, may not be listed")
