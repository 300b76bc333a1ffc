# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several roots at once: each check names its own, and nothing of the others'. One by one, and each mended and green again, they are in the
files of their checks, most of them in the gauntlet; here is each cause once."""
from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from tests.addons import issuing, names, scaling, volumes
from tests.addons.at_once import FAULTS, ROUNDS
from tests.faults.conftest import assert_red

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers(
    "load_balancer", "ingress", "external_dns", "cert_manager", "monitoring", "autoscaler", "zonal_volumes")]


@pytest.mark.parametrize("causes", ROUNDS, ids=lambda causes: causes[0])
def test_each_is_named_by_its_own_check(lab: Any, prove: Any, causes: tuple[str, ...]) -> None:
    faults = {FAULTS[c].check: (c, FAULTS[c]) for c in causes}
    with names.somebodys(lab):
        with ExitStack() as stack:
            told = {check: stack.enter_context(f.broken(lab)) for check, (_cause, f) in faults.items()}
            records = prove(*faults, **{check: {**f.options, **(told[check] if isinstance(told[check], dict) else {})}
                                        for check, (_cause, f) in faults.items()})
            for check, (cause, f) in faults.items():
                assert_red(records[check], cause, f.right_scope(lab, records[check]), f.sure, *f.words, follows=f.follows)
            assert bool(prove.result["leftovers"]) <= any(f.stays for _cause, f in faults.values())
        volumes.finished(lab, prove)
        names.nothing_of_ours(lab)
        issuing.nothing_of_ours(lab)
        assert scaling.nodes(lab) == scaling.base(lab)
