# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/testgrid.md, literally: from an empty folder to the local grid."""
from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = (CHECKOUT / "docs/testgrid.md").read_text(encoding="utf-8")
GUIDE = PAGE.partition("## From an empty folder")[2].partition("\n## ")[0]
JUNIT = """<testsuites><testsuite name="Kubernetes e2e suite"><testcase name="[It] dns resolves [Conformance]" time="2"/>
<testcase name="[It] lb answers" time="30"><failure message="">no address after 30s</failure></testcase>
</testsuite></testsuites>"""


def _run(command: str, folder: Path) -> str:
    done = subprocess.run(["sh", "-ec", command], cwd=folder, text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL,
                          env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0"})
    print(done.stdout, done.stderr)
    assert done.returncode == 0, command
    return done.stdout


def test_the_guide_from_an_empty_folder_to_the_grid(tmp_path: Path) -> None:
    (tmp_path / "junit_01.xml").write_text(JUNIT)
    said = []
    for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL):
        if kind == "console":
            said += [_run(line, tmp_path) for line in text.splitlines()]
        else:
            name = text.splitlines()[0].removeprefix("# ")
            (tmp_path / name).write_text(text)
    plan, written, _built, shown = said
    assert "+- name: c1-conformance" in plan and "changed=1" in written
    assert "c1" not in "".join(p.name for p in (tmp_path / "config").iterdir() if p.name != "assay.yaml")
    assert "Konvoy, conformance: FLAKY. Tab stats: 0 of 1 (0.0%) recent columns passed (1 of 3 or 33.3% cells)" in shown
    assert "Rancher, checks: STALE. no completed results" in shown
    page = (tmp_path / "grid/conformance-example.html").read_text()
    assert "no address after 30s" in page and "0f1e2d3c4" in page
    assert "conformance-example.html" in (tmp_path / "grid/index.html").read_text()
    assert "changed=0" in _run("ansible-playbook grid.yml", tmp_path)
    assert "changed=0" in _run("ansible-playbook testgrid.yml -i hosts.yml", tmp_path)


def test_what_the_guide_says_of_files_of_others_is_what_happens(tmp_path: Path) -> None:
    """The block in the page is what the module writes into a dashboard of others."""
    block = PAGE.partition("between two comments, and go with them:\n\n```yaml\n")[2].partition("```")[0]
    before = "".join(line for line in block.splitlines(keepends=True) if "assay" not in line and "Konvoy" not in line
                     and "c1-" not in line)
    group = {"name": "theirs-nightly", "gcs_prefix": "theirs/nightly", "days_of_results": 9, "num_columns_recent": 9}
    theirs = yaml.safe_dump({"test_groups": [group]}) + "dashboards:\n- name: conformance-all\n" + before
    (tmp_path / "theirs.yaml").write_text(theirs)
    task = {"assay.clusters.testgrid_config": {
        "config_dir": str(tmp_path), "clusters": ["c1"], "suites": [{"name": "conformance"}],
        "gcs_prefix": "example-conf/{cluster}",
        "dashboard_name": "conformance-all", "tab_name": "Konvoy, conformance"}}
    (tmp_path / "play").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    _run("ansible-playbook play", tmp_path)
    assert (tmp_path / "theirs.yaml").read_text().endswith(block)
