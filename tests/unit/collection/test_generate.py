# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""make generate on a check that is only here: what it writes is read back as it was meant."""
from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.setup.generate import lists, module, page, role, texts, words
from tests.setup.generate.texts import Domain, Known, Text

from ansible_collections.assay.clusters.plugins.module_utils.engine.check import Check
from ansible_collections.assay.clusters.plugins.module_utils.engine.declared import CloudPermission, Option, Permission
from ansible_collections.assay.clusters.plugins.module_utils.module import option_spec

ODD = ("no", "1.0", "a: b", "- x", "it's", 'say "so"', "{{ x }}", "items[?a == 'b'] | [0]", "*", "", "# none", "~", "12:30")


class Edge(Check):
    """Everything that an option may be."""

    name = "edge"
    domain = "edges"
    proves = "The edge is where it was: always."
    options = (
        Option("text", "It's said: # so, see O(names).", default="on", choices=("on", "off")),
        Option("names", "Names, as V(a|b).", type="list", elements="str", default=[*ODD], example=["x"]),
        Option("much", "How much.", type="float", default=1.0, minimum=0, maximum=9),
        Option("more", "A map.", type="dict", default={}),
        Option("token", "The token.", secret=True),
        Option("when", "Whether.", type="bool", default=False))
    permissions = (Permission(("get",), ("nodes",), optional=True), Permission(("create",), ("pods",), everywhere=True))
    cloud_permissions = (CloudPermission("aws", ("ec2:DescribeVolumes",), "volumes", optional=True),)
    objects = ("Pod",)

    def run(self, ctx: Any) -> None:
        pass


TEXT = Text("Prove that there: is an edge", "1.2.0", ["Looks: at O(names), # and so on."], "- name: x\n  ansible.builtin.debug:\n",
            ["node.unreachable"], notes="| a | b\n  c |\n| d | e |")
EDGE, EDGES = Known(Edge, TEXT), Domain("The edge: holds", "edges", "1.2.0")


def _assigned(name: str) -> Any:
    for node in ast.parse(module.whole(EDGE)).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == name:
            return yaml.safe_load(node.value.value)
    raise AssertionError(name)


@pytest.mark.parametrize("value", [*ODD, True, 1, 1.5, [], {}, ["a", "no"], {"a": [1]}])
def test_a_value_is_read_back_as_it_was(value: Any) -> None:
    assert yaml.safe_load(f"key: {words.scalar(value)}") == {"key": value}
    assert yaml.safe_load("\n".join(words.entry("key", value, 0))) == {"key": value}


@pytest.mark.parametrize("sentence", ["A colon: here.", "A # here.", "'Quoted' at once.", "It's.", "- dash", "word " * 60])
def test_a_sentence_is_read_back_as_it_was_and_lines_are_short(sentence: str) -> None:
    lines = words.bullets([sentence], 6)
    assert yaml.safe_load("\n".join(lines)) == [sentence.strip()] and max(map(len, lines)) <= words.WIDTH


def test_a_module_documents_the_spec_of_its_check() -> None:
    found = _assigned("DOCUMENTATION")
    assert found["short_description"] == TEXT.short_description and found["description"] == [*TEXT.description, module.ENDS]
    spec = {n: {k: v for k, v in s.items() if k != "no_log"} for n, s in option_spec(Edge).items()}
    assert {n: {k: v for k, v in o.items() if k != "description"} for n, o in found["options"].items()} == spec
    assert found["options"]["much"]["description"] == ["How much.", "From 0 to 9.",
                                                       "Without it the variable C(edges_check_much) of the host is used."]
    assert set(_assigned("RETURN")) == {"run", "msg", "verdict", "plan"} and _assigned("EXAMPLES")


def test_a_new_role_is_whole() -> None:
    files = role.files("edges", EDGES, [EDGE])
    read = {Path(p).relative_to("roles/edges").as_posix(): yaml.safe_load(t) for p, t in files.items() if p.endswith(".yml")}
    main = read["meta/argument_specs.yml"]["argument_specs"]["main"]
    assert read["defaults/main.yml"] == {n: o["default"] for n, o in main["options"].items() if "default" in o}
    assert main["options"]["edges_check_text"]["description"] == ["It's said: # so, see C(edges_check_names)."]
    [task] = read["tasks/main.yml"]
    given = task["assay.clusters.validate"]
    assert given["domains"] == ["edges"] and given["results_dir"] == "{{ edges_results_dir | default(omit) }}"
    assert read["meta/main.yml"]["galaxy_info"]["description"] == EDGES.title
    assert "        edges_check_names: [x]" in files["roles/edges/README.md"]


def test_an_option_of_a_check_that_came_later_than_its_role_says_so() -> None:
    later = Known(Edge, replace(TEXT, version_added="1.3.0"))
    text = role.argument_specs("edges", EDGES, [EDGE, later])
    assert text.count("        version_added: 1.3.0\n") == len(Edge.options) and "        version_added: 1.2.0" not in text


def test_a_page_says_what_is_declared() -> None:
    text = page.page("edges", EDGES, [EDGE])
    for line in ("| `get` | `nodes` | none: of the cluster | optional, without it less is told |",
                 "| `create` | `pods` | all | needed |", "| `ec2:DescribeVolumes` | volumes | `*` | optional |",
                 "| `edges_check_much` | float | `1.0` | How much. From 0 to 9. |", "| a | b c |", "| makes | `Pod` |"):
        assert line in text.splitlines(), line
    assert "| `node.unreachable` |" in text and "Looks: at `edges_check_names`" in text
    assert "`a\\|b`" in text


def test_lists_keep_what_is_written_by_hand() -> None:
    found = {"edges": (EDGES, [EDGE])}
    for path, text in lists.files(found).items():
        before = (texts.ROOT / path).read_text(encoding="utf-8")
        assert text != before and "edge" in text, path
        assert len([s for s in before.splitlines() if s not in text.splitlines()]) < 80, path
    runtime = yaml.safe_load(lists.files(found)["meta/runtime.yml"])
    assert runtime["plugin_routing"]["modules"]["check_edge"] == {"action_plugin": "assay.clusters.validate"}
    kept = yaml.safe_load((texts.ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))
    assert {n for n in runtime["plugin_routing"]["modules"] if not n.startswith("check_")} == {
        n for n in kept["plugin_routing"]["modules"] if not n.startswith("check_")}
    assert "check_edge" in runtime["action_groups"]["cluster"] and "sweep" in runtime["action_groups"]["cluster"]


@pytest.mark.parametrize(("text", "words_of_it"), [
    (None, "edge.yml is missing"),
    ("a: [", "is no YAML"),
    ("- a", "is no dictionary"),
    ("short_description: x", "missing 4 required"),
    ("short_description: x\nversion_added: 1.2.0\ndescription: [x]\ncauses: [no.such]\nexamples: '- a'", "no causes of.*no.such"),
    ("short_description: x\nversion_added: 1.2.0\ndescription: [x]\ncauses: []\nexamples: 'a'", "no list of tasks"),
    ("short_description: x\nversion_added: 1.2.0\ndescription: [x]\ncauses: []\nexamples: '- a: b: c'", "must be a text of tasks")])
def test_a_text_that_lacks_something_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None,
                                             words_of_it: str) -> None:
    monkeypatch.setattr(texts, "ROOT", tmp_path)
    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    if text is not None:
        (tmp_path / "edge.yml").write_text(text, encoding="utf-8")
    with pytest.raises(texts.Unwritten, match=words_of_it):
        texts.text("edge")


def test_a_check_that_cannot_be_read_is_told_and_the_others_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    one = texts.registry.one

    def broken(name: str) -> Any:
        if name == "dns":
            raise ImportError("work in progress")
        return one(name)

    monkeypatch.setattr(texts.registry, "one", broken)
    known, problems = texts.checks()
    assert "dns" not in known and "storage" in known
    assert any("checks/dns.py cannot be read: ImportError: work in progress" in p for p in problems)
