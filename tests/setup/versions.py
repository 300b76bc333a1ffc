# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plugins and playbooks under older ansible-core than that of the tests, for make versions: each in an environment of its own.

    versions.py FOLDER        FOLDER: where the JUnit files go, one for each version

An environment has its ansible-core with what that needs, and everything else from the project's own. How many tests passed is
kept in tests/versions.json, for the table of the README (make generate).
"""
from __future__ import annotations

import hashlib
import os
import shutil
import site
import subprocess
import sys
from pathlib import Path

from tests.runner import counts
from tests.setup import bootstrap, tried

# The last of each series that meta/runtime.yml allows and that another Python or another team may still have.
VERSIONS = ("2.16.19", "2.17.14", "2.18.19")
# What hangs on ansible-core: plugins of all kinds, what they take, playbooks in check mode.
TESTS = ("tests/unit/action", "tests/unit/inventory", "tests/unit/lookup", "tests/unit/preflight/test_playbooks.py")


def environment(version: str) -> Path:
    """Made once; again when the project's own is another one."""
    own = Path(sys.prefix)
    digest = hashlib.sha256(f"{own}{version}".encode()).hexdigest()[:12]
    venv = bootstrap.cache() / f"ansible-{version}-{digest}"
    with bootstrap.locked(f"ansible-{version}"):
        if (venv / ".complete").exists():
            return venv
        bootstrap.say(f"installing ansible-core {version} into {venv}")
        shutil.rmtree(venv, ignore_errors=True)
        bootstrap.run([sys.executable, "-m", "venv", venv], "making the virtual environment")
        bootstrap.run([venv / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"ansible-core=={version}"],
                      f"installing ansible-core {version}")
        [packages] = venv.glob("lib/python*/site-packages")
        (packages / "zz_project.pth").write_text("".join(f"{p}\n" for p in site.getsitepackages()), encoding="utf-8")
        (venv / ".complete").touch()
    return venv


def prove(version: str, folder: Path) -> int:
    """The exit status of its tests; that it is this version which they have is asked first."""
    venv = environment(version)
    environ = {**os.environ, "VIRTUAL_ENV": str(venv), "PATH": f"{venv / 'bin'}:{os.environ['PATH']}"}
    python = venv / "bin/python"
    said = subprocess.run([python, "-c", "import ansible.release as r; print(r.__version__)"], env=environ, text=True, check=True,
                          stdout=subprocess.PIPE).stdout.strip()
    if said != version:
        raise bootstrap.SetupError(f"the environment of ansible-core {version} has {said}")
    print(f"ansible-core {version}", flush=True)
    junit = folder / f"{version}.xml"
    status = subprocess.run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={junit}", *TESTS],
                            cwd=bootstrap.CHECKOUT, env=environ, check=False).returncode
    found = sum((c.counts for c in counts.cases(junit)), counts.Counts())
    if found.total:
        tried.note(version, "versions", found.passed, found.failed)
    return status


def main(folder: str) -> int:
    Path(folder).mkdir(parents=True, exist_ok=True)
    try:
        return max([prove(version, Path(folder)) for version in VERSIONS])
    except bootstrap.SetupError as error:
        bootstrap.say(str(error))
        return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
