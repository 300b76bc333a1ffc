# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What outlives a run lies in one folder, whoever writes there: modules ask Python for it, and roles a template, which cannot."""
from __future__ import annotations

from pathlib import Path

import jinja2
import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.common import journal

ROOT = Path(__file__).resolve().parents[3]


def _state_home(role: str, environ: dict[str, str]) -> str:
    given = yaml.safe_load((ROOT / f"roles/{role}/vars/main.yml").read_text(encoding="utf-8"))
    template = jinja2.Environment().from_string(given[f"{role}_state_home"])
    return template.render(lookup=lambda _plugin, name: environ.get(name, "")).strip()


@pytest.mark.parametrize("role", ["pipeline", "provision"])
@pytest.mark.parametrize("environ", [{"HOME": "/home/ada"}, {"HOME": "/home/ada", "XDG_STATE_HOME": "/srv/state"}], ids=["home", "told"])
def test_it_is_that_of_the_journals(role: str, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert _state_home(role, environ) == str(journal.default_folder().parents[1])
