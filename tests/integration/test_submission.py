# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/submission.md, literally: a submission made, and one of others read; its table of rules is that of the code."""
from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.no_cluster
CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = (CHECKOUT / "docs/submission.md").read_text(encoding="utf-8")
CODE = CHECKOUT / "plugins/module_utils/submission"
BLOCK = re.compile(r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _run(command: str, folder: Path) -> str:
    done = subprocess.run(["sh", "-ec", command], cwd=folder, text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL,
                          env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0"})
    print(done.stdout, done.stderr)
    assert done.returncode == 0, command
    return done.stdout + done.stderr


def _write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def test_the_page_from_what_a_run_left_to_what_a_reviewer_says(tmp_path: Path) -> None:
    said, commands = "", 0
    for name, kind, text in BLOCK.findall(PAGE):
        if name or kind == "yaml":
            _write(tmp_path, name or text.splitlines()[0].removeprefix("# "), text)
        elif kind == "console":
            said = "".join(_run(line, tmp_path) for line in text.splitlines())
            commands += len(text.splitlines())
        else:
            plain = re.sub(r'\\"', '"', said)
            assert not [line for line in text.splitlines() if line not in plain], said
    assert commands == 12
    assert "changed=0" in _run("ansible-playbook submit.yml", tmp_path)


def test_a_plan_writes_nothing_and_what_is_refused_fails_the_task(tmp_path: Path) -> None:
    for name, kind, text in BLOCK.findall(PAGE):
        if name or kind == "yaml":
            _write(tmp_path, name or text.splitlines()[0].removeprefix("# "), text)
    assert "+vendor: Example Inc." in _run("ansible-playbook submit.yml --check --diff", tmp_path)
    assert not (tmp_path / "k8s-conformance").exists()
    _write(tmp_path, "submit.yml", (tmp_path / "submit.yml").read_text().replace("type: distribution", "type: other"))
    refused = _run("ansible-playbook submit.yml && exit 1 || test $? = 2", tmp_path)
    assert "so nothing was written: v1.31/example/PRODUCT.yaml:4: type must be one of" in refused
    assert not (tmp_path / "k8s-conformance").exists()


def test_the_page_has_each_code_with_its_severities() -> None:
    rows = re.findall(r"^\| (`.*`) \| ([\w, ]+) \|", PAGE, re.MULTILINE)
    listed = {c for codes, _s in rows for c in re.findall(r"`([a-z-]+)`", codes)}
    text = "".join(p.read_text(encoding="utf-8") for p in CODE.glob("*.py"))
    made = {*re.findall(r'"([a-z]+-[a-z]+)", (?:ERROR|WARNING|NOTE)', text), *re.findall(r'return "(test-[a-z]+)"', text),
            *re.findall(r'Finding\("([a-z-]+)"', text), "product-logo"}
    assert made == listed
