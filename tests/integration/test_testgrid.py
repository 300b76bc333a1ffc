# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/testgrid.md, literally: from an empty bucket to the local grid."""
from __future__ import annotations

import os
import re
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import yaml

from tests.fakes.moto_server import KEYS, REGION, client

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = (CHECKOUT / "docs/testgrid.md").read_text(encoding="utf-8")
GUIDE = PAGE.partition("## From an empty bucket")[2].partition("\n### ")[0]
JUNIT = """<testsuites><testsuite name="Kubernetes e2e suite" timestamp="{now:%Y-%m-%dT%H:%M:%S}" time="32">
<testcase name="[It] dns resolves [Conformance]" time="2"/>
<testcase name="[It] lb answers" time="30"><failure message="">no address after 30s</failure></testcase>
</testsuite></testsuites>"""


def _run(command: str, folder: Path, **environ: str) -> str:
    done = subprocess.run(["sh", "-ec", command], cwd=folder, text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL,
                          env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0", **environ})
    print(done.stdout, done.stderr)
    assert done.returncode == 0, command
    return done.stdout


def _results(folder: Path) -> None:
    """Of a run that has just ended."""
    (folder / "results").mkdir()
    (folder / "results/junit_01.xml").write_text(JUNIT.format(now=datetime.now(timezone.utc) - timedelta(minutes=1)))


def _files(folder: Path) -> list[str]:
    """The commands of the guide, its files written where it says."""
    parts = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    for kind, text in parts:
        if kind != "console":
            (folder / text.splitlines()[0].removeprefix("# ")).write_text(text)
    return [line for kind, text in parts if kind == "console" for line in text.splitlines()]


def test_the_guide_from_an_empty_bucket_to_the_grid(tmp_path: Path) -> None:
    _results(tmp_path)
    plan, written, planned, published, shown = [_run(command, tmp_path) for command in _files(tmp_path)]
    assert "+- name: c1-conformance" in plan and "changed=1" in written
    url = f"{tmp_path}/buckets/example-conf/c1/conformance/"
    assert all(url in said and "FAILURE, 5 files written" in said for said in (planned, published))
    assert "c1" not in "".join(p.name for p in (tmp_path / "config").iterdir() if p.name != "assay.yaml")
    assert "Konvoy, conformance: FLAKY. Tab stats: 0 of 1 (0.0%) recent columns passed (1 of 3 or 33.3% cells)" in shown
    assert "Rancher, checks: STALE. no completed results" in shown
    page = (tmp_path / "grid/conformance-example.html").read_text()
    assert "no address after 30s" in page and "0f1e2d3c4" in page
    assert "conformance-example.html" in (tmp_path / "grid/index.html").read_text()
    assert "changed=0" in _run("ansible-playbook grid.yml", tmp_path)
    assert "changed=0" in _run("ansible-playbook testgrid.yml -i hosts.yml", tmp_path)


def test_the_guide_in_a_real_bucket(moto: str, tmp_path: Path) -> None:
    """moto's S3; the builds are fetched by its client. By the command of the page they are in test_documented_aws.py."""
    _results(tmp_path)
    _files(tmp_path)
    store, bucket = client(moto, "s3"), "example-conf"
    store.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    _run("ansible-playbook testgrid.yml -i hosts.yml", tmp_path)
    _run("ansible-playbook publish.yml -e cluster=c2 -e bucket=s3://example-conf", tmp_path, AWS_ENDPOINT_URL=moto, AWS_REGION=REGION,
         **{name.upper(): value for name, value in KEYS.items()})
    for held in store.list_objects_v2(Bucket=bucket)["Contents"]:
        path = tmp_path / "buckets" / bucket / held["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(store.get_object(Bucket=bucket, Key=held["Key"])["Body"].read())
    shown = _run("ansible-playbook grid.yml", tmp_path)
    assert "Rancher, conformance: FLAKY. Tab stats: 0 of 1 (0.0%)" in shown and "Konvoy, conformance: STALE" in shown


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
