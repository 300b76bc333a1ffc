# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sweeps in an existing namespace that runs are given: what expired runs left goes, and nothing of those who live there."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import sweep
from ansible_collections.assay.clusters.tests.unit.engine.test_sweep import SPACES, _labels, client

__all__ = ["client"]
TEAM = f"{SPACES}/team"
PATHS = {kind: f"{TEAM}/{kind}" for kind in ("persistentvolumeclaims", "pods", "services", "configmaps", "secrets")}
PATHS |= {kind: f"/apis/apps/v1/namespaces/team/{kind}" for kind in ("daemonsets", "deployments")}


@pytest.fixture
def team(api):
    """The namespace with an object of each kind: of a run that has expired, of one that lives, and of those who live there."""
    api.put(TEAM)
    for path in PATHS.values():
        api.put(f"{path}/old", _labels("old", -60), spec={})
        api.put(f"{path}/living", _labels("living", 3600), spec={})
        api.put(f"{path}/theirs", {"app": "shop"}, spec={})
    return api


def test_what_an_expired_run_left_goes_and_all_else_stays(team, client, tmp_path):
    expected = {"swept": ["old"], "remaining": []}
    assert sweep.find(client, tmp_path, namespace="team") == expected and team.changes == []
    assert sweep.sweep(client, tmp_path, namespace="team") == expected
    stays = [f"{path}/{name}" for path in PATHS.values() for name in ("living", "theirs")]
    assert sorted(team.objects) == sorted([TEAM, *stays])


def test_without_its_name_nothing_in_it_is_looked_at(team, client, tmp_path):
    assert sweep.sweep(client, tmp_path) == {"swept": [], "remaining": []} and team.changes == []


def test_the_pods_of_a_controller_are_left_to_it(team, client, tmp_path):
    pod = team.put(f"{TEAM}/pods/probe-x", _labels("old", -60))
    pod["metadata"]["ownerReferences"] = [{"kind": "DaemonSet", "name": "old"}]
    sweep.sweep(client, tmp_path, namespace="team")
    assert f"DELETE {TEAM}/pods/probe-x" not in team.changes
    assert "DELETE /apis/apps/v1/namespaces/team/daemonsets/old" in team.changes


def test_a_tenant_who_sees_nothing_else_sweeps_what_is_theirs(team, client, tmp_path):
    hidden = (403, "Forbidden", "cannot list")
    team.refuse = {("GET", path): hidden for path in ("/api/v1/persistentvolumes", PATHS["secrets"])}

    def hide(request):
        team.refuse.pop(("GET", SPACES), None)
        if request.path == SPACES:
            team.refuse["GET", SPACES] = hidden

    team.before = hide
    assert sweep.sweep(client, tmp_path, namespace="team") == {"swept": ["old"], "remaining": []}
    assert f"{PATHS['secrets']}/old" in team.objects, "what may not be listed may be another's"


def test_ones_own_run_is_left(team, client, tmp_path):
    sweeper = sweep.Sweeper(client, tmp_path, "old")
    sweeper.inside("team", client.now())
    assert team.changes == [] and sweeper.swept == []
