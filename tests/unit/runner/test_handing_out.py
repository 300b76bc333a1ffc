# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which clusters there are, which tests come first, whose cluster is written to, and what is looked for on it afterwards."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from tests.lab import Lab
from tests.runner import __main__ as runner
from tests.runner import clusters, keep, ours, stages, use


@pytest.mark.parametrize(("memory", "cores", "many"), [
    (23.4, 2, 3), (8.9, 2, 2), (2, 2, 1), (64, 1, 1), (128, 32, 6), (11.9, 4, 3), (12.0, 4, 4)])
def test_a_machine_carries_as_many_clusters_as_memory_and_cores_allow(memory: float, cores: int, many: int) -> None:
    assert clusters.carried(memory, cores) == many


def test_clusters_are_counted_or_named() -> None:
    assert clusters.names({"ASSAY_CLUSTERS": "3"}) == ("c1", "c2", "c3")
    assert clusters.names({"ASSAY_CLUSTERS": "c5 x7"}) == ("c5", "x7")
    assert 1 <= len(clusters.names({})) <= clusters.MOST and clusters.names({})[0] == "c1"


@pytest.mark.parametrize(("value", "sentence"), [
    ("0", "must be from 1 to 6, not 0"), ("7", "must be from 1 to 6, not 7"), ("c1 c8", "not 'c8'"), ("c1 c", "not 'c'"),
    ("a1 a2 a3 a4 a5 a6 a7", "at most 6 clusters, not 7"), ("2 3", "not '2'"), ("c1 x1", "two of these names end in the same digit")])
def test_bad_numbers_and_names_of_clusters(value: str, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("ASSAY_CLUSTERS", value)
    assert runner.main(["faults"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ASSAY_CLUSTERS: ") and sentence in said and said.count("\n") == 1


def test_no_two_clusters_of_the_tests_have_the_same_addresses() -> None:
    names = [f"c{n}" for n in range(1, clusters.MOST + 1)]
    names += clusters.of_addons({"ASSAY_CLUSTERS": str(clusters.MOST)})
    all_names = [*names, *map(clusters.spare, names), "gone15"]
    assert len({Lab(n).index for n in all_names}) == len(all_names)


@pytest.mark.parametrize(("given", "memory", "cores", "named"), [
    ("2", 16, 4, "a7 a6"), ("2", 15.9, 4, "a7"), ("c7 x2", 40, 8, "a6 a5"), ("c7 c6 c5", 6, 4, "a4"), ("6", 90, 4, "a7"),
    ("4", 22, 4, "a7 a6"), ("4", 22, 2, "a7 a6"), ("2", 40, 1, "a7")])
def test_the_clusters_of_the_add_ons_are_none_of_the_others_and_carried_beside_them(
        given: str, memory: float, cores: int, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_available_gib", lambda: memory)
    monkeypatch.setattr(clusters, "_cores", lambda: cores)
    assert clusters.of_addons({"ASSAY_CLUSTERS": given}) == tuple(named.split())


def test_the_clusters_of_the_add_ons_can_be_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(clusters, "_available_gib", lambda: 4)
    assert clusters.of_addons({"ASSAY_CLUSTERS": "1", "ASSAY_ADDON_CLUSTERS": "3"}) == ("a7", "a6", "a5")
    monkeypatch.setenv("ASSAY_CLUSTERS", "4")
    for wrong in ("0", "4", "many"):
        monkeypatch.setenv("ASSAY_ADDON_CLUSTERS", wrong)
        assert runner.main(["gauntlet-addons"]) == 2
        assert capsys.readouterr().err == f"ASSAY_ADDON_CLUSTERS: must be from 1 to 3 beside 4 other clusters, not {wrong}\n"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def write(cases: Any = None, seconds: Any = None) -> None:
        (tmp_path / "kept.json").write_text(json.dumps({"cases": cases or {}, "seconds": seconds or {}}))

    monkeypatch.setattr(keep, "KEPT", tmp_path / "kept.json")
    return write


def test_what_takes_long_is_handed_out_first_and_a_group_together(kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep, "TOGETHER", {"tests/b/test_b.py"})
    kept(seconds={"tests.faults.test_a::test_long": 90, "tests.b.test_b::test_one[x]": 40, "tests.b.test_b::test_two": 30})
    given = ["tests/c/test_c.py::test_new", "tests/b/test_b.py::test_one[x]", "tests/c/test_c.py::test_more",
             "tests/faults/test_a.py::test_long", "tests/b/test_b.py::test_two", "tests/b/test_b.py::test_three"]
    assert keep.order(given) == [3, 1, 4, 5, 0, 2]
    assert len({keep.group(n) for n in given}) == 4
    kept()
    assert keep.order([given[0], given[2], given[3]]) == [0, 1, 2]


def test_files_are_handed_out_whole_and_the_longest_first(kept: Any) -> None:
    kept(seconds={"tests.c.test_c::test_long": 90, "tests.b.test_b::test_two": 60})
    given = ["tests/b/test_b.py::test_one", "tests/a/test_a.py::test_quick", "tests/b/test_b.py::test_two", "tests/c/test_c.py::test_long"]
    assert keep.order(given, by_file=True) == [3, 0, 2, 1] != keep.order(given)


def test_files_that_stay_together_are_there() -> None:
    assert all((stages.CHECKOUT / file).is_file() for file in keep.TOGETHER)


def test_stages_have_at_least_the_cases_that_are_kept(kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("ASSAY_CLUSTERS", "2")
    kept({"clusters": {"faults": 60}, "unit": {"unit": 1600}, "sanity": {"": 24}})
    found = {s.name: s for s in stages.chosen([])}
    assert found["clusters"].rooms == {"integration": 1, "molecule": 1, "faults": 60}
    assert found["unit"].rooms == {"unit": 1600} and found["sanity"].least == 24
    assert "-n2" in found["clusters"].command and not {"soak", "weather", "strangers", "gauntlet"} & {*found}
    assert all("not gauntlet" in " ".join(found[s].command) for s in ("clusters", "addons", "platforms", "unit"))


@pytest.mark.parametrize(("words", "names", "rooms"), [
    (["unit"], ["diagnosis", "unit"], []), (["faults"], ["lab", "clusters"], ["faults"]), (["lint", "platforms"], ["lab", "platforms", "lint"], []),
    (["molecule", "integration"], ["lab", "clusters"], ["integration", "molecule"]), (["soak"], ["lab", "soak", "weather", "weather-clusters"], []),
    (["strangers"], ["lab", "strangers"], []), (["gauntlet"], ["lab", "gauntlet", "gauntlet-addons", "gauntlet-platforms"], [])])
def test_stages_by_name(words: list[str], names: list[str], rooms: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    found = {s.name: s for s in stages.chosen(words)}
    assert list(found) == names
    assert [r for s in found.values() if s.name == "clusters" for r in s.rooms] == rooms


def test_the_gauntlet_has_what_plain_stages_leave_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rooms of theirs in which a test is marked with it."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    marked = {p.relative_to(stages.CHECKOUT / "tests").parts[0] for p in (stages.CHECKOUT / "tests").glob("*/**/test_*.py")
              if "mark.gauntlet" in p.read_text(encoding="utf-8") and p.name != Path(__file__).name}
    there = [s for s in stages.chosen(["gauntlet"]) if s.name.startswith("gauntlet")]
    assert {"unit", "integration"} <= marked <= {r for s in there for r in s.rooms}
    assert all(f"tests/{room}" in s.command for s in there for room in s.rooms)


def test_a_word_that_is_no_stage(capsys: Any) -> None:
    assert runner.main(["faulst"]) == 2
    assert "there is no stage faulst; there are: addons, changelog, clusters, diagnosis, faults," in capsys.readouterr().err


KUBECONFIG = json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "c", "users": [{"name": "u", "user": {}}], "clusters": [
    {"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}], "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]})


def test_a_cluster_of_the_users_is_named_and_not_written_to_without_consent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.delenv(runner.CONSENT, raising=False)
    monkeypatch.setattr(runner, "Schedule", None)
    with pytest.raises(SystemExit, match=r"on https://127\.0\.0\.1:1, and sweep .* set ASSAY_TEST_CLUSTER=yes if they may"):
        runner.main([])
    monkeypatch.setenv(runner.CONSENT, "yes")
    with pytest.raises(SystemExit, match="config cannot be used: .*Connection refused"):
        runner.main(["integration"])
    found = {s.name: s for s in stages.chosen([])}
    assert "lab" not in found and found["faults"].absent and list(found["clusters"].rooms) == ["integration", "molecule"]
    assert not [w for w in found["clusters"].command if w.startswith("-n")]


# ---- what is left on a cluster ----------------------------------------------------------------------------------------------
OURS = {"app.kubernetes.io/managed-by": "assay.clusters"}


class Api:
    """An API server as a dictionary: {(path, name): labels}; `away` are groups that do not answer."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, str]] = {}
        self.away: dict[str, int] = {}
        self.kinds = {"/api/v1": [("namespaces", "Namespace", False), ("pods", "Pod", True), ("events", "Event", True)],
                      "/apis/rbac/v1": [("clusterroles", "ClusterRole", False)], "/apis/metrics/v1": [("nodes", "NodeMetrics", False)]}

    def get(self, path: str) -> Any:
        path, _sep, selector = path.partition("?labelSelector=")
        for part, status in self.away.items():
            if path.startswith(part):
                raise ApiError("http", status, "Reason", "words", "GET", path)
        if path == "/apis":
            return {"groups": [{"preferredVersion": {"groupVersion": g.removeprefix("/apis/")}} for g in self.kinds if g != "/api/v1"]}
        if path in self.kinds:
            return {"resources": [{"name": n, "kind": k, "namespaced": s, "verbs": ["list"]} for n, k, s in self.kinds[path]]
                    + [{"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": ["get"]}]}
        found = []
        for where, labels in self.objects.items():
            base, _sep, name = where.rpartition("/")
            space = base.split("/namespaces/")[1].split("/")[0] if "/namespaces/" in base else ""
            flat = base.replace(f"/namespaces/{space}", "") if space else base
            if path in (base, flat) and (not selector or OURS.items() <= labels.items()):
                found.append({"metadata": {"name": name, "namespace": space, "labels": labels}})
        return {"items": found}


def test_what_bears_our_label_is_found_in_every_kind_and_a_namespace_stands_for_what_is_in_it() -> None:
    api = Api()
    api.objects = {"/api/v1/namespaces/assay-1": OURS, "/api/v1/namespaces/assay-1/pods/probe": OURS, "/api/v1/namespaces/theirs": {},
                   "/api/v1/namespaces/theirs/pods/probe": OURS, "/apis/rbac/v1/clusterroles/reader": OURS}
    assert ours.labelled(api.get) == {"Namespace assay-1", "Pod theirs/probe", "ClusterRole reader"}


def test_an_aggregated_api_that_is_away_hides_nothing_and_a_server_that_is_away_is_no_clean_cluster() -> None:
    api = Api()
    api.objects = {"/api/v1/namespaces/assay-1": OURS}
    api.away = {"/apis/metrics/v1": 503}
    assert ours.labelled(api.get) == {"Namespace assay-1"}
    for part, status in (("/api/v1", 503), ("/apis/rbac", 500)):
        api.away = {part: status}
        with pytest.raises(ApiError):
            ours.labelled(api.get)


def test_everything_is_what_is_in_no_namespace_and_in_default() -> None:
    api = Api()
    api.objects = {"/api/v1/namespaces/x": {}, "/api/v1/namespaces/x/pods/a": {}, "/api/v1/namespaces/default/pods/b": {},
                   "/api/v1/namespaces/default/events/c": {}, "/apis/rbac/v1/clusterroles/r": {}}
    assert ours.everything(api.get) == {"Namespace x", "Pod default/b", "ClusterRole r"}


def test_what_is_on_its_way_out_gets_its_time_and_what_was_there_before_is_not_ours() -> None:
    looks = iter([{"a", "b", "c"}, {"a", "b"}, {"a"}])
    assert ours.left(lambda: next(looks), {"a"}, 30) == []
    assert ours.left(lambda: {"a", "b"}, {"a"}, 0) == ["b"]


def test_used_seconds_are_those_in_which_something_ran() -> None:
    # user nice system idle iowait irq softirq steal guest guest_nice, in hundredths; guests are in user already
    assert use._busy("cpu  100 20 30 9000 800 1 2 3 50 5\ncpu0 ...") == pytest.approx(1.56)  # pylint: disable=protected-access
    assert " cores (" in use.Use().words()
