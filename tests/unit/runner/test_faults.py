# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page of faults has what the last run of each test claimed, right or wrong."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.setup import faults

DNS, NODES = "tests.faults.test_dns", "tests.faults.test_nodes"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(faults, "KEPT", tmp_path / "faults.json")
    monkeypatch.setattr(faults, "ROOT", tmp_path)
    (tmp_path / "tests/faults").mkdir(parents=True)
    for name in ("dns", "nodes"):
        (tmp_path / f"tests/faults/test_{name}.py").write_text("def test_a(): ...\ndef test_b(): ...\ndef test_a_name_server(): ...\n")
    return tmp_path / "faults.json"


def claim(test: str, cause: str = "dns.server-down", scope: Any = (), said: str = "dns.server-down", **more: Any) -> dict[str, Any]:
    return {"test": test, "check": "dns", "seconds": 12.4, "expected": [cause, [*scope]],
            "claimed": [said, more.get("where", [*scope]), more.get("confidence", "confirmed")]}


def test_a_right_claim_is_a_row_and_counted(kept: Path) -> None:
    faults.note({f"{DNS}::test_a_name_server[two|b]": True, f"{DNS}::test_by_hand": True}, [
        claim(f"{DNS}::test_a_name_server[two|b]", scope=["node/n1"]), {"test": f"{DNS}::test_by_hand", "run": []}])
    text = faults.page()
    assert "| A name server (two/b) | `dns` | `dns.server-down` | confirmed | 12 | 20" in text and "by hand" not in text
    assert "**1 faults, 1 causes named by checks, 1 different ones: 1 right causes, 1 right scopes, 0 confirmed and wrong.**" in text
    assert "## Dns\n\n`tests/faults/test_dns.py`\n" in text and len(json.loads(kept.read_text())) == 1


@pytest.mark.parametrize(("more", "row", "sums"), [
    ({"said": "net.mtu"}, "wrong: `net.mtu`, not `dns.server-down` | confirmed", "0 right causes, 1 right scopes, 1 confirmed and wrong"),
    ({"said": ""}, "wrong: `nothing`, not `dns.server-down` | confirmed", "0 right causes, 1 right scopes, 1 confirmed and wrong"),
    ({"said": "net.mtu", "confidence": "suspected"}, "not `dns.server-down` | suspected", "1 right scopes, 0 confirmed and wrong"),
    ({"where": ["node/n2"]}, "`dns.server-down`, another scope | confirmed", "1 right causes, 0 right scopes, 0 confirmed and wrong")])
def test_what_is_wrong_is_told(more: dict[str, Any], row: str, sums: str) -> None:
    faults.note({f"{DNS}::test_a": True}, [claim(f"{DNS}::test_a", **more)])
    assert row in faults.page() and sums in faults.page()


def test_the_last_run_counts_and_what_is_gone_does_not(kept: Path) -> None:
    faults.note({f"{DNS}::test_a": True, f"{NODES}::test_b": True}, [claim(f"{DNS}::test_a"), claim(f"{NODES}::test_b")])
    faults.note({f"{DNS}::test_a": False}, [claim(f"{DNS}::test_a", said="net.mtu")])
    text = faults.page()
    assert "| A | `dns` | wrong: `net.mtu`, not `dns.server-down`, the test failed |" in text and "| B | `dns` | `dns.server-down` |" in text
    (kept.parent / "tests/faults/test_nodes.py").unlink()
    (kept.parent / "tests/faults/test_dns.py").write_text("def test_c(): ...\n")
    faults.note({f"{DNS}::test_c": True}, [claim(f"{DNS}::test_c")])
    assert [*faults.read()] == ["faults.test_dns::test_c"]
