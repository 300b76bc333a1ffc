# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the API server tells of a cluster, however its maker labels nodes, and in foul weather."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clusters import access
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from tests.fakes.api_server import FakeApiServer
from tests.fakes.weather import Weather

MIXED = [("control", "etcd", "worker")] * 3 + [("worker",)] * 2


@pytest.mark.parametrize(("maker", "workers"), [("rancher", 5), ("rke1", 5), ("rke2", 2), ("k3s", 2), ("kubeadm", 2), ("eks", 5)])
def test_nodes_by_the_labels_of_their_maker(maker: str, workers: int) -> None:
    with FakeApiServer(maker=maker) as api:
        api.crew, api.not_ready = list(MIXED), 1
        facts = access.look(api.kubeconfig)
        assert (facts.nodes, facts.everyone, facts.ready, facts.waiting) == (workers, 5, 4, ("n0",))
        assert [facts.as_many_as(n) for n in (5, 2, 4)] == [5, 2 if workers == 2 else 5, workers]
        api.crew = [("control", "etcd")] * 3
        assert access.look(api.kubeconfig).nodes == 3  # where there are no others


def test_who_it_is_is_asked_again_while_errors_pass() -> None:
    with FakeApiServer() as api:
        api.weather = Weather(2, 0, ("page", "reset"))
        assert [access.uid_of(api.kubeconfig) for _time in range(4)] == [api.uid] * 4
        assert access.look(api.kubeconfig, patient=True).uid == api.uid and api.weather.spoilt >= 4
        api.weather = Weather(1, 0, ("page",))
        with pytest.raises(ApiError):
            access.look(api.kubeconfig)
