# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What others do with a run of the conformance tests: read, published, shown in a grid, submitted."""
from __future__ import annotations

import html
import json
import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.lab import build
from tests.lab.base import KUBERNETES

_LISTED = build.Shipped("e2e", "k8s.io/kubernetes", "test/conformance/testdata/conformance.yaml")
PRODUCT = {"vendor": "Example Inc.", "name": "Example Kubernetes", "version": "4.2", "type": "distribution",
           "description": "Kubernetes for examples.", "website_url": "https://example.com/kubernetes",
           "documentation_url": "https://example.com/docs", "contact_email_address": "conformance@example.com"}
_ROW = re.compile(r'<th scope="row"[^>]*>([^<]*)</th>(.*?)</tr>', re.DOTALL)
_WORD = re.compile(r'<span class="sr">\s*([\w ]+?)\s*</span>')


def _told(work: Path, tasks: list[dict[str, Any]], **wanted: str) -> dict[str, Any]:
    """What tasks of a playbook on the controller registered."""
    work.mkdir(exist_ok=True)
    content = "{{ {%s} | to_json }}" % ", ".join(f"'{n}': {name}" for n, name in wanted.items())
    tasks.append({"ansible.builtin.copy": {"dest": f"{work}/told.json", "mode": "0644", "content": content}})
    (work / "play.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    done = subprocess.run(["ansible-playbook", "play.yml"], cwd=work, text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, env={**os.environ, "ANSIBLE_NOCOLOR": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((work / "told.json").read_text())


def published(work: Path, run: Path) -> dict[str, Any]:
    """What each module returned: read, build (of the job of all runs in this folder), grid."""
    tasks: list[dict[str, Any]] = [
        {"assay.clusters.results_info": {"paths": [str(run)], "tests": "ran"}, "register": "read"},
        {"assay.clusters.results_publish": {"src": [str(run)], "dest": f"{work}/buckets/example-conf/c/conformance"}, "register": "build"},
        {"assay.clusters.testgrid_config": {
            "config_dir": f"{work}/config", "clusters": ["c"], "suites": [{"name": "conformance"}],
            "gcs_prefix": "example-conf/{cluster}/{suite}", "dashboard_name": "conformance-example"}},
        {"assay.clusters.testgrid_page": {"config_dir": f"{work}/config", "builds_dir": f"{work}/buckets", "dest": f"{work}/grid"},
         "register": "grid"}]
    return _told(work, tasks, read="read", build="build", grid="grid")


def cells(told: dict[str, Any]) -> dict[str, list[str]]:
    """The rows of the one tab of the grid by their names: the word of each cell, the newest first."""
    page = Path(told["grid"]["paths"]["conformance-example"]).read_text(encoding="utf-8").partition('<table class="grid">')[2]
    return {html.unescape(name).removeprefix("[It] "): _WORD.findall(row) for name, row in _ROW.findall(page) if _WORD.search(row)}


def tab(told: dict[str, Any]) -> dict[str, Any]:
    return told["grid"]["dashboards"]["conformance-example"]["c, conformance"]


def required() -> list[str]:
    """Of all tests that the release requires."""
    return [entry["codename"] for entry in yaml.load(_LISTED.text(), yaml.CSafeLoader)]


def listed(work: Path, names: Iterable[str] = ()) -> str:
    """The release's list of required tests, or what it says of some of them, in a file."""
    entries = yaml.load(_LISTED.text(), yaml.CSafeLoader)
    some = set(names)
    chosen = [e for e in entries if not some or e["codename"] in some]
    assert len(chosen) == len(some or entries) > 0, some - {e["codename"] for e in chosen}
    path = work / f"conformance-{len(chosen)}.yaml"
    path.write_text(yaml.safe_dump(chosen) if some else _LISTED.text(), encoding="utf-8")
    return str(path)


def _wanted(folder: Path, rules: str) -> dict[str, Any]:
    return {"dest": str(folder / "submissions"), "product": PRODUCT, "product_dir": "example", "conformance_yaml": rules,
            "latest_version": KUBERNETES, "steps": ["Take three machines."]}


def submission(folder: Path, rules: str) -> dict[str, Any]:
    """Variables of the role that ask for one. rules: a list of required tests."""
    return {f"submission_{n}": v for n, v in _wanted(folder, rules).items()}


def submitted(folder: Path, rules: str, run_id: str = "r1") -> dict[str, Any]:
    """What the module itself says of a run that the role makes no submission of."""
    task = {"assay.clusters.conformance_submission": {"src": [f"{folder}/c/{run_id}"], **_wanted(folder, rules)},
            "register": "made", "ignore_errors": True}
    return _told(folder / "submitting", [task], made="made")["made"]
