# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks are tried in a time that passes only while they wait."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks import (
    _asked, _dns_asking, _dns_services, _node_looks, _service_node, _zonal_ends, _zonal_set, api_server, service, storage,
    zonal_stateful_set)
from ansible_collections.assay.clusters.plugins.module_utils.engine import context
from ansible_collections.assay.clusters.tests.unit.checks.fakes import Now
from tests.fakes.clock import Clock


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(Now, "clock", made)
    for module in (_asked, _dns_asking, _dns_services, _node_looks, _service_node, _zonal_ends, _zonal_set, api_server, context, service,
                   storage, zonal_stateful_set):
        monkeypatch.setattr(module, "time", made)
    return made
