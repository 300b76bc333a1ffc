# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Platforms of machines: found by name, and each can what the protocol asks for."""
from __future__ import annotations

import inspect
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.jobs.steps import Stepwise, Steps, nothing
from ansible_collections.assay.clusters.plugins.module_utils.machines.choice import registry as machine_platforms
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import MachinePlatform

PARAMS: dict[str, dict[str, Any]] = {
    "aws": {"region": "eu-central-1", "access_key": "k", "secret_key": "s"},
    "esxi": {"hostname": "esx1"},
    "vsphere": {"hostname": "vc1", "username": "u", "password": "p"},
}
METHODS = [n for n, m in inspect.getmembers(MachinePlatform, inspect.isfunction) if not n.startswith("_")]


@pytest.mark.parametrize("name", sorted(PARAMS))
def test_a_platform_speaks_the_protocol(name: str) -> None:
    made = machine_platforms.open({"platform": name, **PARAMS[name]}, Job(environ={"PATH": "/usr/bin:/bin"}))
    try:
        assert made.name == name and made.round_trips == 0 and made.revert_stops is (name == "aws")
        for method in METHODS:
            wanted = [p.name for p in inspect.signature(getattr(MachinePlatform, method)).parameters.values()]
            assert ["self", *inspect.signature(getattr(made, method)).parameters] == wanted, method
    finally:
        made.close()


def test_a_platform_that_is_not() -> None:
    with pytest.raises(BadOption, match="platform: there is no platform 'vmwear' of machines; there are: aws, esxi, vsphere"):
        machine_platforms.open({"platform": "vmwear"}, Job())


def test_steps_run_on_from_poll_to_poll() -> None:
    done: list[str] = []

    def steps() -> Steps:
        done.append("first")
        yield 10
        done.append("second")
        yield 60
        return "id-1"

    pending = Stepwise(steps())
    assert not done and pending.poll() == 10 and done == ["first"] and pending.result() == ""
    assert pending.poll() == 60 and pending.poll() is None and pending.poll() is None
    assert pending.result() == "id-1" and Stepwise(nothing()).poll() is None


def test_steps_that_fail_say_so_at_the_poll() -> None:
    def steps() -> Steps:
        yield 1
        raise PlatformError("n1: no")

    pending = Stepwise(steps())
    pending.poll()
    for _poll in range(2):
        with pytest.raises(PlatformError, match="n1: no"):
            pending.poll()
