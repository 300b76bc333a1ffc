# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Some tests of machines once more, in foul weather, and the weather itself. All of them: `make soak`, or ASSAY_WEATHER=SEED.

Those of clusters and leases that are tried once more stand beside the others, with the mark `foul`: their fixtures have one name.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes import weather
from tests.fakes.esxi.host import Host
from tests.fakes.weather import SKY, AwsWeather, Weather
from tests.integration.test_aws_snapshots import cloud, test_a_name_never_means_another_machine  # noqa: F401  # pylint: disable=unused-import
from tests.integration.test_esxi import (  # noqa: F401  # pylint: disable=unused-import
    host, platform, server, test_absent_and_ambiguous_names_list_what_there_is)
from tests.integration.test_leftovers_vsphere import (  # noqa: F401  # pylint: disable=unused-import
    Center, test_a_snapshot_tells_whose_it_is_by_its_description, test_disks_of_machines_are_not_loose)
from tests.lab.vcsim import Vcsim, vcsim

pytestmark = pytest.mark.foul(1)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Vcsim]:
    with vcsim(machines=2, hosts=2, stores=1) as made:
        yield made


@pytest.fixture
def center(simulator: Vcsim) -> Iterator[Center]:
    made = Center(simulator)
    yield made
    made.session.close()


def test_the_product_has_weather_and_the_test_has_none(center: Center) -> None:
    for _turn in range(8):
        center.ask()
    spoilt = center.server.calls()["spoilt"]
    for _turn in range(20):
        assert center.datacenter.name == "DC0"
    assert center.server.calls()["spoilt"] == spoilt > 0


def test_a_host_cuts_sessions(host: Host) -> None:  # noqa: F811
    assert host.read()["weather"]["every"] >= 3


@pytest.mark.fair("what this is about")
def test_a_test_that_is_marked_so_is_fair(host: Host) -> None:  # noqa: F811
    assert not SKY.foul and not host.read()["weather"] and not SKY.weather().every and not SKY.aws().every


@pytest.mark.parametrize(("given", "chosen", "fair", "seed"), [
    ("", "", False, ""), ("7", "", False, "7 t"), ("7", "1", False, "1 t"), ("", "1", False, "1 t"), ("7", "1", True, ""), ("7", "", True, "")])
def test_whose_word_the_weather_is(monkeypatch: pytest.MonkeyPatch, given: str, chosen: str, fair: bool, seed: str) -> None:
    monkeypatch.setenv(weather.VARIABLE, given)
    assert weather.seed("t", chosen, fair) == seed


def test_a_seed_is_a_program() -> None:
    def program(made: Weather, read: Any) -> list[Any]:
        return [read(made) for _n in range(40)]

    for make, read in ((lambda: Weather(4, 9), lambda w: w.due()), (lambda: AwsWeather(4, 9), lambda w: w("DescribeVolumes"))):
        first, second = (program(make(), read) for _n in range(2))
        assert first == second and sum(1 for said in first if said not in ("", False)) == 10
    assert AwsWeather(1)("CreateSnapshots") is False, "a write has none"
