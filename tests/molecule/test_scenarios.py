# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every scenario of Molecule, on the cluster of this worker."""
from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.molecule.ours import ours
from tests.molecule.running import Command

CHECKOUT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(p.parent.name for p in (CHECKOUT / "molecule").glob("*/molecule.yml"))
# Lines of a scenario's end that say why it failed.
LAST = 25


def _gone(what: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What is left of it in the end."""
    end = time.monotonic() + seconds
    while (left := what()) and time.monotonic() < end:
        time.sleep(0.5)
    return left


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, kubeconfig: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Nothing is shared with a run of it beside this one, and nothing is left: no object, no journal, no process."""
    own = bool(os.environ.get("KUBECONFIG"))
    environ = {} if own else {"ASSAY_CLUSTER": request.getfixturevalue("lab").name}
    before, state = ours(kubeconfig), tmp_path / "state"
    command = Command(["molecule", "test", "-s", name], CHECKOUT, tmp_path / "output", {
        **environ, "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path / "m"), "XDG_STATE_HOME": str(state), "NO_COLOR": "1",
        "ANSIBLE_NOCOLOR": "1"})
    try:
        status = command.run()
    finally:
        command.end("tests.fakes")
        output = (tmp_path / "output").read_text(encoding="utf-8", errors="replace")
        print(output)
    if status:
        pytest.fail("\n".join([f"molecule ended with {status}", *output.splitlines()[-LAST:]]), pytrace=False)
    assert not _gone(command.left)
    assert not _gone(lambda: ours(kubeconfig) - before)
    assert [p for p in state.rglob("*") if p.is_file()] == []
