# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where something before the API server keeps /version to itself, what the server says of another question is believed."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube import greeting
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.unit.kube.server import Server


@pytest.mark.parametrize(("how", "kind", "status"), [
    (lambda r: r.refuse(401, "Unauthorized", "Unauthorized"), "http", 401),
    (lambda r: r.refuse(429, "TooManyRequests", "busy"), "http", 429),
    (lambda r: r.refuse(503, "ServiceUnavailable", "busy"), "http", 503),
    (lambda r: r.hang_up(), "unreachable", None)])
def test_one_that_refuses_us_or_is_busy_is_no_stranger(resolve, how, kind, status):
    with Server(lambda r: how(r) if r.path == "/api" else r.answer("<html>no</html>", 403)) as server:
        with pytest.raises(ApiError) as e:
            greeting.version_of(Client(resolve({"host": server.url, "api_key": "abc"})))
    assert (e.value.kind, e.value.status) == (kind, status) and e.value.reason != greeting.STRANGER


def test_one_that_does_not_answer_in_time_is_no_stranger(resolve):
    def respond(request):
        if request.path == "/version":
            return request.answer("<html>no</html>", 403)
        request.open_stream()
        return request.handler.connection.recv(1)  # until the client goes

    with Server(respond) as server:
        with pytest.raises(ApiError) as e:
            greeting.version_of(Client(resolve({"host": server.url, "api_key": "abc"})), timeout=0.5)
        server.stop()
    assert e.value.kind == "timeout"
