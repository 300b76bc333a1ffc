# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real cluster of another Kubernetes than that of the tests, for make kubernetes: what is green there and what its faults are called.

    older_kubernetes.py FOLDER        FOLDER: where the JUnit files go, one for each version

It is built once, from the lab's own modules with another number. How many tests passed is kept in tests/versions.json, for the
table of the README (make generate).
"""
from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

from tests.runner import counts
from tests.setup import bootstrap, tried

# The minor version before that of the lab. What a cluster has of its own in each version (what its objects are like, how controllers and
# kubelets word what is wrong) comes with all checks of a whole run, and with the faults of their domains.
VERSIONS = ("v1.35.4",)
TESTS = ("tests/integration/test_validate.py", "tests/faults/test_dns.py", "tests/faults/test_storage.py", "tests/faults/test_workload.py",
         "tests/faults/test_nodes.py")
_CLUSTER = "o1"


def prove(version: str, folder: Path) -> int:
    """The exit status of its tests, on a cluster that is made for them and taken down."""
    environ = {**os.environ, "ASSAY_KUBERNETES": version, "ASSAY_CLUSTERS": _CLUSTER}
    lab = ["tests/setup/with", "--lab", "python", "-m", "tests.lab"]

    def run(*words: str | Path) -> int:
        return subprocess.run([*map(str, words)], cwd=bootstrap.CHECKOUT, env=environ, check=False).returncode

    print(f"Kubernetes {version}", flush=True)
    junit = folder / f"{version}.xml"
    try:
        if run(*lab, "up", "--name", _CLUSTER):
            return 1
        status = run(sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-m", "not gauntlet and not soak", f"--junitxml={junit}", *TESTS)
    finally:
        run(*lab, "down", "--name", _CLUSTER)
    found = sum((c.counts for c in counts.cases(junit)), counts.Counts())
    if found.total:
        tried.note(importlib.metadata.version("ansible-core"), "kubernetes", found.passed, found.failed, version)
    return status


def main(folder: str) -> int:
    Path(folder).mkdir(parents=True, exist_ok=True)
    return max([prove(version, Path(folder)) for version in VERSIONS])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
