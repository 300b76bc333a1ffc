# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What pages have `aws` do, by Amazon's own program against moto: the policy of docs/restricted.md and the bucket of docs/testgrid.md."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documented import commands
from tests.fakes.moto_server import KEYS, REGION, client
from tests.integration.apart import installed_apart
from tests.integration.test_testgrid import _files, _results, _run

AWSCLI = "awscli==1.42.75"


@pytest.fixture
def aws(moto: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has the program, and an account."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/aws"
    program.write_text(f"#!/bin/sh\nPYTHONPATH={installed_apart(AWSCLI)} exec {sys.executable} -m awscli \"$@\"\n")
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}", "AWS_ENDPOINT_URL": moto, "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION, "AWS_PAGER": "", **{name.upper(): value for name, value in KEYS.items()}}


@pytest.mark.gauntlet
def test_the_policy_that_is_written_is_one_that_iam_takes(moto: str, aws: dict[str, str], tmp_path: Path) -> None:
    [command] = [c for c in commands("docs/restricted.md") if c.needs == "tests/integration/test_documented_aws.py"]
    done = subprocess.run(["bash", "-euc", "\n".join([*command.before, command.text])], cwd=tmp_path, text=True, check=False,
                          capture_output=True, env={**os.environ, **aws})
    assert done.returncode == 0, done.stdout + done.stderr
    [policy] = client(moto, "iam").list_policies(Scope="Local")["Policies"]
    kept = client(moto, "iam").get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
    assert policy["PolicyName"] == "assay-clusters"
    assert kept["PolicyVersion"]["Document"] == json.loads((tmp_path / "policy.json").read_text())


@pytest.mark.gauntlet
def test_the_guide_in_a_bucket_is_followed_to_the_grid(moto: str, aws: dict[str, str], tmp_path: Path) -> None:
    [command] = [c for c in commands("docs/testgrid.md") if "aws s3 sync" in c.text]
    _results(tmp_path)
    _files(tmp_path)
    client(moto, "s3").create_bucket(Bucket="example-conf", CreateBucketConfiguration={"LocationConstraint": REGION})
    _run("ansible-playbook testgrid.yml -i hosts.yml", tmp_path)
    shown = _run(command.text, tmp_path, **aws)
    assert "Konvoy, conformance: FLAKY. Tab stats: 0 of 1 (0.0%)" in shown
