# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One plugin serves all platform modules: it knows which was meant, whatever ansible-core calls it."""
from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.assay.clusters.plugins.action.cluster import _name


@pytest.mark.parametrize(("written", "resolved", "name"), [
    ("assay.clusters.image_prepull", "assay.clusters.image_prepull", "image_prepull"),
    ("assay.clusters.image_prepull", "assay.clusters.cluster", "image_prepull"),
    ("vm_snapshot", "assay.clusters.cluster", "vm_snapshot"), ("assay.clusters.cluster", "assay.clusters.cluster", "cluster"),
    ("mine.own.pull", "assay.clusters.image_prepull", "image_prepull")],
    ids=["as it is", "before 2.18", "short", "itself", "under another's name"])
def test_the_module_that_was_written_is_the_one_that_runs(written, resolved, name):
    assert _name(SimpleNamespace(action=written, resolved_action=resolved)) == name
