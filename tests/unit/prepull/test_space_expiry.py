# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When the namespace of a prepull may be swept: said on the clock by which sweeps of others read it."""
from __future__ import annotations

import time
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common.names import EXPIRES
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.prepull import space as module
from ansible_collections.assay.clusters.tests.unit.engine.fake_api import FakeApi


@pytest.mark.parametrize("ahead", [-86400.0, 0.0, 86400.0])
def test_it_expires_on_the_api_servers_clock(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, ahead: float) -> None:
    monkeypatch.setattr(module.Guardian, "start", lambda *_how: SimpleNamespace(dismiss=lambda: None, hand_over=lambda: None))
    api, server = FakeApi(), time.time() + ahead
    date = formatdate(server, usegmt=True)
    api.before = lambda request: setattr(request.handler, "date_time_string", lambda timestamp=None: date)
    connection = Connection.resolve({"host": api.url}, {})
    space = module.Space(connection, str(tmp_path), "c", 600.0)
    try:
        api.put(f"/api/v1/namespaces/{space.name}/serviceaccounts/default")
        space.raw.get("/version")
        space.make()
        labels = api.objects[f"/api/v1/namespaces/{space.name}"]["metadata"]["labels"]
        assert -5 <= int(labels[EXPIRES]) - server - 600 - module._KEEP < 60
    finally:
        space.close()
        connection.close()
        api.stop()
