# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks are tried in a time that passes only while they wait."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks import api_server, service, storage, zonal_stateful_set
from ansible_collections.assay.clusters.plugins.module_utils.checks._shared import asked, placing, policies, standing
from ansible_collections.assay.clusters.plugins.module_utils.checks._dns import asking
from ansible_collections.assay.clusters.plugins.module_utils.checks._dns import services
from ansible_collections.assay.clusters.plugins.module_utils.checks._nodes import looks
from ansible_collections.assay.clusters.plugins.module_utils.checks._network import service_node
from ansible_collections.assay.clusters.plugins.module_utils.checks._zonal import ends
from ansible_collections.assay.clusters.plugins.module_utils.checks._zonal import set
from ansible_collections.assay.clusters.plugins.module_utils.engine import context
from ansible_collections.assay.clusters.tests.unit.checks.fakes import Now
from tests.fakes.clock import Clock


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(Now, "clock", made)
    for module in (asked, placing, policies, standing, asking, services, looks, service_node, ends, set, api_server, context, service,
                   storage, zonal_stateful_set):
        monkeypatch.setattr(module, "time", made)
    return made
