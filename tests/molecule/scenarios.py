# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One scenario of Molecule, from its start to a look at what it left."""
from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.molecule.running import Command
from tests.runner import ours

CHECKOUT = Path(__file__).resolve().parents[2]
NAMES = sorted(p.parent.name for p in (CHECKOUT / "molecule").glob("*/molecule.yml"))
# Scenarios that need add-ons of the lab; these run in tests/addons.
TIERS: dict[str, tuple[str, ...]] = {
    "certificates": ("cert_manager",),
    "load_balancing": ("load_balancer", "ingress"), "observability": ("monitoring",), "scaling": ("autoscaler",),
}
# What a plain `make test` runs of both: one of a role of checks, one of stages of a flow, one with add-ons, and that of all.
SAMPLE = ("default", "load_balancing", "provision", "storage")
# Lines of a scenario's end that say why it failed.
LAST = 25


def marks(name: str) -> list[pytest.MarkDecorator]:
    """What it needs, and whether only the gauntlet runs it."""
    return [*([pytest.mark.tiers(*TIERS[name])] if name in TIERS else []), *([] if name in SAMPLE else [pytest.mark.gauntlet])]


def prove(name: str, kubeconfig: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Nothing is shared with a run of it beside this one, and nothing is left: no object, no journal, no process."""
    own = bool(os.environ.get("KUBECONFIG"))
    environ = {} if own else {"ASSAY_CLUSTER": request.getfixturevalue("lab").name}
    before, state, ephemeral = ours.there(kubeconfig, own), tmp_path / "state", tmp_path / "m"
    # Nobody used this folder before, and it goes with the test: destroying, twice in a scenario, is proved once for all.
    command = Command(["molecule", "test", "-s", name, "--destroy", "always" if name == "default" else "never"], CHECKOUT,
                      tmp_path / "output", {**environ, "MOLECULE_EPHEMERAL_DIRECTORY": str(ephemeral), "NO_COLOR": "1",
                                            "ANSIBLE_NOCOLOR": "1", "XDG_STATE_HOME": str(state)})
    try:
        _succeeds(command, tmp_path / "output")
        assert (ephemeral / "work").exists() == (name != "default")
        shutil.rmtree(ephemeral)  # which ends the simulated vCenter of a scenario, too
        assert ours.left(lambda: set(command.left().values()), set()) == []
        assert ours.left(lambda: ours.there(kubeconfig, own), before) == []
        assert [p for p in state.rglob("*") if p.is_file()] == []
    finally:
        command.end("tests.fakes")


def _succeeds(command: Command, output: Path) -> None:
    try:
        status = command.run()
    finally:
        text = output.read_text(encoding="utf-8", errors="replace")
        print(text)
    if status:
        pytest.fail("\n".join([f"molecule ended with {status}", *text.splitlines()[-LAST:]]), pytrace=False)
