# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several inventories, each with a file of its own, in one configuration of TestGrid."""
from __future__ import annotations

from pathlib import Path

from ansible_collections.assay.clusters.tests.unit.testgrid.test_config_writing import THEIRS, run, wanted


def test_inventories_share_a_folder_and_a_dashboard(tmp_path: Path) -> None:
    (tmp_path / "theirs.yaml").write_text(THEIRS)
    wanted(tmp_path, dashboard_name="conformance-all", file="one.yaml")
    result = wanted(tmp_path, dashboard_name="conformance-all", clusters=["c3"], file="sub/two.yaml")
    assert result["files"] == ["sub/two.yaml", "theirs.yaml"] and len(result["dashboards"]["conformance-all"]) == 7
    run(tmp_path, state="absent", file="one.yaml")
    assert run(tmp_path, state="validated")["dashboards"]["conformance-all"] == ["Theirs, nightly", "c3, conformance",
                                                                                 "c3 checks"]


def shared(folder: Path, *, one: str = "shared", two: str = "shared", group: str = "conformance") -> None:
    """Two inventories with a dashboard and a dashboard group of the same names."""
    wanted(folder, file="one.yaml", dashboard_name=one, dashboard_group_name=group, clusters=["c1"])
    wanted(folder, file="two.yaml", dashboard_name=two, dashboard_group_name=group, clusters=["c2"])


def test_what_one_inventory_puts_into_the_file_of_another_stays_there(tmp_path: Path) -> None:
    shared(tmp_path)
    before = {p.name: p.read_text() for p in tmp_path.iterdir()}
    result = wanted(tmp_path, file="one.yaml", dashboard_name="shared", dashboard_group_name="conformance", clusters=["c1"])
    assert not result["changed"] and {p.name: p.read_text() for p in tmp_path.iterdir()} == before
    result = wanted(tmp_path, file="one.yaml", dashboard_name="shared", dashboard_group_name="conformance",
                    clusters=["c0", "c1"])
    assert result["files"] == ["one.yaml"] and result["dashboards"] == {
        "shared": ["c0, conformance", "c1, conformance", "c0 checks", "c1 checks", "c2, conformance", "c2 checks"]}


def test_the_dashboard_of_an_inventory_that_leaves_goes_to_the_other(tmp_path: Path) -> None:
    shared(tmp_path)
    assert run(tmp_path, state="absent", file="one.yaml")["files"] == ["one.yaml", "two.yaml"]
    result = run(tmp_path, state="validated")
    assert result["dashboards"] == {"shared": ["c2, conformance", "c2 checks"]}
    assert not wanted(tmp_path, file="two.yaml", dashboard_name="shared", clusters=["c2"])["changed"]


def test_a_dashboard_that_an_inventory_no_longer_wants_goes_to_the_other(tmp_path: Path) -> None:
    shared(tmp_path, two="second", one="first")
    result = wanted(tmp_path, file="one.yaml", dashboard_name="first", dashboard_group_name="other-group", clusters=["c1"])
    assert result["dashboard_groups"] == {"other-group": ["first"], "conformance": ["second"]}
    again = {"file": "two.yaml", "dashboard_name": "second", "dashboard_group_name": "conformance", "clusters": ["c2"]}
    assert not wanted(tmp_path, **again)["changed"]


def test_a_dashboard_is_in_one_dashboard_group(tmp_path: Path) -> None:
    (tmp_path / "theirs.yaml").write_text(THEIRS)
    result = wanted(tmp_path, dashboard_name="conformance-all", dashboard_group_name="other")
    assert result["msg"] == ("dashboard_group_name: the dashboard conformance-all is in the dashboard group conformance of "
                             "theirs.yaml, and can be in one only")


def test_what_an_inventory_put_somewhere_goes_with_its_file(tmp_path: Path) -> None:
    shared(tmp_path)
    (tmp_path / "two.yaml").unlink()
    again = {"file": "one.yaml", "dashboard_name": "shared", "dashboard_group_name": "conformance", "clusters": ["c1"]}
    assert wanted(tmp_path, **again)["dashboards"] == {"shared": ["c1, conformance", "c1 checks"]}
    assert "two.yaml" not in (tmp_path / "one.yaml").read_text()


def test_a_dashboard_moves_with_the_tabs_of_the_other(tmp_path: Path) -> None:
    shared(tmp_path)
    result = wanted(tmp_path, file="one.yaml", dashboard_name="own", clusters=["c1"])
    assert result["files"] == ["one.yaml", "two.yaml"] and result["dashboards"] == {
        "own": ["c1, conformance", "c1 checks"], "shared": ["c2, conformance", "c2 checks"]}
