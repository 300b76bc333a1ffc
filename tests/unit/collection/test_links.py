# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Links of pages lead somewhere, in a checkout and in the artefact, which leaves folders out."""
from __future__ import annotations

import fnmatch
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from ansible_collections.assay.clusters.tests.links import dead, links

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(p for p in subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, text=True, capture_output=True,
                                         check=True).stdout.split() if not p.startswith("tests/"))
_LEFT_OUT = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]


def _ignored(path: str) -> bool:
    """As ansible-galaxy leaves files and folders out of what it builds."""
    parts = Path(path).parts
    tops = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
    return any(fnmatch.fnmatch(top, pattern) for top in tops for pattern in _LEFT_OUT)


@pytest.mark.parametrize("page", PAGES)
def test_no_link_is_dead(page: str) -> None:
    assert not dead(ROOT / page, ROOT)


@pytest.mark.parametrize("page", [p for p in PAGES if not _ignored(p)])
def test_no_link_leads_out_of_the_artefact(page: str) -> None:
    paths = [str(((ROOT / page).parent / link.partition("#")[0]).resolve().relative_to(ROOT))
             for link in links(ROOT / page) if not re.match(r"[a-z]+:|#", link)]
    assert not [p for p in paths if _ignored(p)]


def test_a_dead_link_and_a_dead_heading_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A `b`, c\n[here](#a-b-c) [away](away.md) [no](#d) [x](https://example.com)\n```\n[code](no.md)\n```\n")
    assert dead(page, tmp_path) == ["away.md", "#d"]
