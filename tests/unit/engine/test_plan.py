# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options, names, plan and ClusterRole: what is decided before anything is done."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import names
from ansible_collections.assay.clusters.plugins.module_utils.engine import options, plan, registry
from ansible_collections.assay.clusters.plugins.module_utils.engine.check import Check
from ansible_collections.assay.clusters.plugins.module_utils.engine.declared import Option, Permission
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput


class Sample(Check):
    name = "sample"
    domain = "dns"
    proves = "that options are resolved"
    options = (Option("external_name", "a name"), Option("queries", "how many", "int", 50, minimum=1, maximum=1000),
               Option("servers", "addresses", "list", (), elements="str"),
               Option("strict", "all of them", "bool", False), Option("mode", "how", choices=("udp", "tcp"), default="udp"))
    permissions = (Permission(("get",), ("configmaps",)), Permission(("list", "watch"), ("pods",)),
                   Permission(("get",), urls=("/readyz",)))
    images = ("agnhost",)
    probes = 1

    def run(self, ctx):
        ctx.expect(True, "")


def test_argument_beats_variable_beats_default():
    found = options.resolve(Sample, {"queries": "7"}, {"dns_check_queries": 9, "dns_check_strict": "yes"})
    assert found == {"external_name": None, "queries": 7, "servers": (), "strict": True, "mode": "udp"}


def test_lists_come_as_lists_or_commas():
    assert options.resolve(Sample, {"servers": "a, b"}, {})["servers"] == ["a", "b"]
    assert options.resolve(Sample, {}, {"dns_check_servers": ["a"]})["servers"] == ["a"]


@pytest.mark.parametrize(("arguments", "variables", "sentence"), [
    ({"queries": "many"}, {}, "queries: must be a whole number, not 'many'"),
    ({"queries": 0}, {}, "queries: must be at least 1, not 0"),
    ({"queries": 5000}, {}, "queries: must be at most 1000, not 5000"),
    ({"queries": 1.5}, {}, "queries: must be a whole number, not 1.5"),
    ({}, {"dns_check_strict": "perhaps"}, "dns_check_strict: must be true or false, not 'perhaps'"),
    ({"mode": "sctp"}, {}, "mode: must be one of udp, tcp, not 'sctp'"),
    ({"servers": {"a": 1}}, {}, "servers: must be a list of text each, not {'a': 1}"),
    ({"querys": 1}, {}, "querys: check sample has no such option; did you mean queries?"),
])
def test_wrong_options_are_one_sentence(arguments, variables, sentence):
    with pytest.raises(BadInput) as e:
        options.resolve(Sample, arguments, variables)
    assert str(e.value) == sentence


def test_misspelt_variable_is_found():
    with pytest.raises(BadInput, match="dns_check_querys: no check has this option; did you mean dns_check_queries"):
        options.unknown_variables([Sample], {"dns_check_querys": 1, "other_check_thing": 2, "dns_zone": 3})
    assert options.unknown_variables([Sample], {"dns_check_queries": 1, "unrelated": 2}) == []


def test_every_check_of_the_collection_is_found_and_selectable():
    known = registry.load()
    assert {"api_server", "nodes", "pod_network", "service", "dns", "storage"} <= set(known)
    assert [c.name for c in registry.select(known, domains=["network"])] == ["pod_network", "service"]
    assert [c.name for c in registry.select(known, checks=["dns"])] == ["dns"]
    assert "dns" not in [c.name for c in registry.select(known, exclude=["dns"])]


@pytest.mark.parametrize(("wanted", "sentence"), [
    ({"checks": ["pod_netwrk"]}, "checks: there is no check 'pod_netwrk'; did you mean pod_network?"),
    ({"domains": ["storrage"]}, "domains: there is no domain 'storrage'; did you mean storage?"),
    ({"exclude": ["zzz"]}, "exclude: there is no check 'zzz'; there are: "),
])
def test_unknown_names_are_told_with_the_nearest(wanted, sentence):
    with pytest.raises(BadInput) as e:
        registry.select(registry.load(), **wanted)
    assert str(e.value).startswith(sentence)


def test_extra_checks_come_from_folders(tmp_path):
    (tmp_path / "mine.py").write_text(
        f"from {Check.__module__} import Check\n"
        "class Mine(Check):\n    name = 'mine'\n    domain = 'own'\n    proves = 'x'\n    def run(self, ctx):\n        pass\n")
    assert "mine" in registry.load([str(tmp_path)])
    with pytest.raises(BadInput, match="check_paths: .* is not a folder"):
        registry.load([str(tmp_path / "no")])


def test_plan_tells_images_objects_and_limits():
    described = plan.describe([Sample], {"sample": {"queries": 3}}, {}, "mirror.example.com", 60.0)
    assert described["images"] == {"agnhost": "mirror.example.com/e2e-test-images/agnhost:2.53"}
    assert {"Namespace", "DaemonSet"} <= set(described["objects"])
    assert described["checks"][0]["options"] == {"queries": 3} and described["limits"]["run"] == 60.0


def test_plan_tells_the_limit_that_the_options_make():
    class Slow(Sample):
        def bounds(self, options):
            self.limit = 2.0 * options["queries"]

    described = plan.describe([Slow], {"sample": {"queries": 500}}, {}, "", 60.0)
    assert (described["checks"][0]["limit"], Slow.limit) == (1000.0, Sample.limit)


def test_labels_are_valid_label_values():
    found = names.labels("0a1b2c3d", 60)
    assert found[names.RUN] == "0a1b2c3d" and int(found[names.EXPIRES]) > 1_700_000_000
    assert all(len(v) <= 63 and v.strip("._-") == v for v in found.values())


def test_unknown_image_name():
    with pytest.raises(BadInput, match="images: there is no image 'agnhorst'; did you mean agnhost"):
        names.check_images({"agnhorst": "x"})


@pytest.mark.parametrize(("given", "limit", "told"), [
    ({"provision_limit": 900}, 900.0, ["storage_check_provision_limit: with 900 check storage may take 2190 s, and the run ends after 900 s; "
                                       "set validate_timeout to more, or this to less"]),
    ({"provision_limit": 900}, 2190.0, []), ({"provision_limit": 180}, 900.0, []), ({"provision_limit": 180}, 60.0, []),
    ({"provision_limit": 30}, 60.0, [])])
def test_more_time_than_the_run_has_is_told_before_anything_is_made(given, limit, told):
    """Nobody who leaves an option as it is hears of it, though a short run ends some checks."""
    storage = registry.one("storage")
    assert plan.too_long([storage], {"storage": options.resolve(storage, given, {})}, limit) == told


def test_no_check_promises_more_than_it_has_by_its_own_defaults():
    every = list(registry.load().values())
    assert plan.too_long(every, {c.name: options.resolve(c, {}, {}) for c in every}, 1.0) == []
