# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What users give to checks: every type with its edges, bounds, images, and checks from folders of their own."""
from __future__ import annotations

import re

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import names
from ansible_collections.assay.clusters.plugins.module_utils.engine import options, registry
from ansible_collections.assay.clusters.plugins.module_utils.engine.check import Check
from ansible_collections.assay.clusters.plugins.module_utils.engine.declared import Option
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput


@pytest.mark.parametrize(("option", "given", "value"), [
    (Option("o", "", "bool"), True, True), (Option("o", "", "bool"), " On ", True), (Option("o", "", "bool"), 0, False),
    (Option("o", "", "int"), "007", 7), (Option("o", "", "int"), 3.0, 3), (Option("o", "", "int"), -2, -2),
    (Option("o", "", "float"), "0.5", 0.5), (Option("o", "", "float"), 2, 2.0),
    (Option("o", "", "str"), 5, "5"), (Option("o", "", "str"), "", ""),
    (Option("o", "", "list"), "a,,b ,", ["a", "b"]), (Option("o", "", "list"), ("a", 1), ["a", 1]),
    (Option("o", "", "list", elements="int"), ["1", 2], [1, 2]), (Option("o", "", "list", elements="str"), "80", ["80"]),
    (Option("o", "", "list", elements="dict"), [{"a": 1}], [{"a": 1}]), (Option("o", "", "dict"), {"a": 1}, {"a": 1}),
    (Option("o", "", "int", minimum=1, maximum=3), 1, 1), (Option("o", "", "int", minimum=1, maximum=3), 3, 3),
    (Option("o", "", "list", elements="str", choices=("a", "b")), ["b", "a"], ["b", "a"]),
    (Option("o", "", "int", choices=(1, 2)), "2", 2),
])
def test_values_come_in_the_options_type(option, given, value):
    found = options.typed(option, given, "o")
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(("option", "given", "sentence"), [
    (Option("o", "", "bool"), "2", "o: must be true or false, not '2'"),
    (Option("o", "", "int"), True, "o: must be a whole number, not True"),
    (Option("o", "", "int"), "1.5", "o: must be a whole number, not '1.5'"),
    (Option("o", "", "int"), [1], "o: must be a whole number, not [1]"),
    (Option("o", "", "float"), "fast", "o: must be a number, not 'fast'"),
    (Option("o", "", "float", minimum=0, maximum=1), "nan", "o: must be a number, not 'nan'"),
    (Option("o", "", "float"), float("inf"), "o: must be a number, not inf"),
    (Option("o", "", "str"), ["a"], "o: must be text, not ['a']"),
    (Option("o", "", "dict"), "a=1", "o: must be a dictionary, not 'a=1'"),
    (Option("o", "", "list"), 5, "o: must be a list, not 5"),
    (Option("o", "", "list", elements="int"), ["1", "b"], "o: must be a list of a whole number each, not ['1', 'b']"),
    (Option("o", "", "list", elements="str"), ["a", None], "o: must be a list of text each, not ['a', None]"),
    (Option("o", "", "list", elements="str", choices=("a", "b")), ["a", "c"], "o: must be one of a, b, not 'c'"),
    (Option("o", "", "int", maximum=2000000), 12345678, "o: must be at most 2000000, not 12345678"),
    (Option("o", "", "float", minimum=0.25), 0.125, "o: must be at least 0.25, not 0.125"),
])
def test_a_wrong_value_is_one_sentence_with_what_would_be_right(option, given, sentence):
    with pytest.raises(BadInput) as e:
        options.typed(option, given, "o")
    assert str(e.value) == sentence


class Bare(Check):
    name = "bare"
    domain = "own_things"
    proves = "nothing"

    def run(self, ctx):
        raise NotImplementedError


def test_a_check_without_options_says_so():
    assert options.resolve(Bare, {}, {"own_things_check_x": 1}) == {}
    with pytest.raises(BadInput, match="^x: check bare has no options$"):
        options.resolve(Bare, {"x": 1}, {})


class Dressed(Bare):
    options = (Option("queries", ""), Option("storage_class", ""))


@pytest.mark.parametrize(("name", "meant"), [
    ("own_things_check_querys", "queries"), ("own_things_check_query", "queries"), ("own_things_check_storageclass", "storage_class")])
def test_a_variable_that_is_nearly_an_option_is_refused_with_the_right_one(name, meant):
    with pytest.raises(BadInput, match=f"^{name}: no check has this option; did you mean own_things_check_{meant}\\?$"):
        options.unknown_variables([Dressed], {"x": 1, name: 1})


@pytest.mark.parametrize(("name", "told"), [
    ("own_things_check_url", "so it does nothing here"), ("own_things_check_class", "did you mean own_things_check_storage_class?"),
    ("own_things_check_queries", ""), ("own_things_checked", ""), ("my_own_things_check_url", ""), ("own_things", ""),
    ("dns_check_url", ""), ("own_things_check_", "")])
def test_a_variable_that_only_looks_like_an_option_of_a_domain_may_be_the_users_own(name, told):
    found = options.unknown_variables([Dressed], {name: 1})
    assert [told in sentence and sentence.startswith(f"{name}: no check has this option") for sentence in found] == \
        ([True] if told else [])


def test_a_domain_without_options_has_no_near_ones():
    assert len(options.unknown_variables([Bare], {"own_things_check_x": 1})) == 1


# ---- checks from folders --------------------------------------------------------------------------------------
MINE = f"""
from {Check.__module__} import Check


class Mine(Check):
    name, domain, proves = "mine", "own", "that own checks are found"

    def run(self, ctx):
        pass
"""


def test_own_checks_may_have_helpers_beside_them_and_are_loaded_once(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "_helper.py").write_text("raise RuntimeError('not a check')\n")
    (tmp_path / "notes.txt").write_text("none either")
    known = registry.load([str(tmp_path)])
    assert set(known) - set(registry.load()) == {"mine"}
    assert registry.load([str(tmp_path)])["mine"] is known["mine"]
    assert [c.name for c in registry.select(known, domains=["own"])] == ["mine"]
    assert [c.name for c in registry.select(known, checks=["dns"], domains=["own"])] == ["dns", "mine"]


def test_files_of_the_same_name_in_two_folders_are_two_checks(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "check.py").write_text(MINE.replace("mine", name))
    assert {"one", "two"} <= set(registry.load([str(tmp_path / "one"), str(tmp_path / "two")]))


@pytest.mark.parametrize(("text", "words"), [
    ("def broken(:\n", "SyntaxError"), ("import no_such_package_of_ours\n", "No module named 'no_such_package_of_ours'"),
    ("x = 1 / 0\n", "ZeroDivisionError"), ("x = 1\n", "holds exactly one check, this one holds 0"),
    (MINE + MINE.replace("Mine", "Other"), "holds exactly one check, this one holds 2"),
])
def test_a_file_that_is_no_check_is_one_sentence_that_names_it(tmp_path, text, words):
    (tmp_path / "mine.py").write_text(text)
    for _turn in range(2):  # what failed once is not half there the second time
        with pytest.raises(BadInput, match=re.escape(words)) as e:
            registry.load([str(tmp_path)])
        assert str(tmp_path / "mine.py") in str(e.value) and "\n" not in str(e.value)


@pytest.mark.parametrize(("word", "said"), [
    ("storag", "did you mean storage?"), ("zzz", "there are: dns, nodes, storage"), ("", "there are: dns, nodes, storage")])
def test_the_nearest_of_the_right_words_is_offered(word, said):
    assert names.nearest(word, ["storage", "dns", "nodes"]) == said


def test_excluding_everything_is_told():
    with pytest.raises(BadInput, match="^exclude: leaves no check to run"):
        registry.select({"bare": Bare}, exclude=["bare"])


# ---- names ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("images", "mirror", "reference"), [
    ({}, "", names.IMAGES["busybox"]), ({"busybox": "own/box:1"}, "mirror.test", "own/box:1"),
    ({"agnhost": "x"}, "mirror.test:5000/", "mirror.test:5000/library/" + names.IMAGES["busybox"].rsplit("/", 1)[1]),
    ({"busybox": ""}, "mirror.test/proxy", "mirror.test/proxy/library/" + names.IMAGES["busybox"].rsplit("/", 1)[1]),
])
def test_an_image_is_the_users_else_the_mirrors_else_the_published_one(images, mirror, reference):
    assert names.image("busybox", images, mirror) == reference


@pytest.mark.parametrize(("images", "registry", "sentence"), [
    ({"agnhost": ["x"]}, "", "images: the reference of agnhost must be text, not"),
    ({}, "https://mirror.test", "image_registry: must be like mirror.example.com/path, without https://"),
    ({"pause": "https://mirror.test/p:1"}, "", "images: pause: must be like"), ({"pause": "mirror.test/ p"}, "", "images: pause: must"),
])
def test_what_is_no_reference_of_an_image_is_told_before_anything_is_made(images, registry, sentence):
    with pytest.raises(BadInput, match=re.escape(sentence)):
        names.check_images(images, registry)
    names.check_images({"agnhost": "mirror.test:5000/a/b@sha256:1", "pause": ""}, "mirror.test:5000/k8s")


def test_run_ids_and_nonces_are_fresh_and_fit_into_names():
    for make in (names.new_run_id, names.nonce):
        found = {make() for _turn in range(50)}
        assert len(found) == 50 and all(re.fullmatch(r"[a-z0-9]{8,10}", word) for word in found)


@pytest.mark.parametrize(("user", "host"), [("DOMAIN\\jane doe", "h" * 100), ("-", "_."), ("jané", "host.test")])
def test_whoever_the_user_is_the_owner_is_a_valid_label_value(monkeypatch, user, host):
    monkeypatch.setattr("getpass.getuser", lambda: user)
    monkeypatch.setattr("socket.gethostname", lambda: host)
    assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", names.owner())


def test_a_user_without_an_entry_in_passwd_has_an_owner_label(monkeypatch):
    def nobody():
        raise KeyError("getpwuid(): uid not found: 1000660000")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert names.owner().startswith("unknown.")


def test_a_secret_of_the_wrong_type_is_not_shown():
    with pytest.raises(BadInput, match="^o: must be text, not what was given$"):
        options.typed(Option("o", "", secret=True), ["planted"], "o")
    assert options.typed(Option("o", "", secret=True), "planted", "o") == "planted"


def test_a_variable_without_the_word_check_is_told_with_it() -> None:
    known = list(registry.load().values())
    assert options.bare_variables(known, ["dns_external_name", "dns_server", "dns_check_queries", 3]) == [
        "dns_external_name: no check reads it; did you mean dns_check_external_name?"]


@pytest.mark.parametrize(("variables", "value"), [
    ({"machines_check_username": "now"}, "now"), ({"machines_check_platform_username": "before"}, "before"),
    ({"machines_check_platform_username": "before", "machines_check_username": "now"}, "now")])
def test_a_variable_may_have_the_name_that_people_know_and_the_older_one_works(variables, value):
    machines = registry.load()["machines"]
    assert options.resolve(machines, {}, {"machines_check_platform": "vsphere", **variables})["platform_username"] == value
    assert options.unknown_variables([machines], variables) == []
