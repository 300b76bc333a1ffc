# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The artefact, built once, and what a user has who installed it. test_artifact.py and test_documented.py take it from here."""
from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


def run(*command: str, cwd: Path, environ: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=environ, text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    return done.stdout


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what git tracks, so that nothing lying about gets in."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("build")
    for name in filter(None, run("git", "ls-files", "-z", cwd=CHECKOUT).split("\0")):
        if (CHECKOUT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, source / name)
    run("ansible-galaxy", "collection", "build", "--output-path", str(out), cwd=source)
    return next(out.glob("assay-clusters-*.tar.gz"))


@pytest.fixture(scope="session")
def installed(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a user who has the artefact only; ANSIBLE_COLLECTIONS_PATH is the folder with it."""
    folder = tmp_path_factory.mktemp("installed")
    dropped = ("PYTHONPATH", "KUBECONFIG", "ANSIBLE_CONFIG")
    environ = {k: v for k, v in os.environ.items() if k not in dropped and not k.startswith("K8S_AUTH_")}
    environ |= {"ANSIBLE_COLLECTIONS_PATH": str(folder), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
    run("ansible-galaxy", "collection", "install", "--offline", "-p", str(folder), str(artifact), cwd=folder,
        environ=environ)
    return environ
