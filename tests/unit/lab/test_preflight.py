# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A machine that cannot run the lab is told so, a sentence per thing, before anything is changed."""
from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import host

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """One that can do everything, to take things away from."""
    monkeypatch.setenv("ASSAY_LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host, "_file_systems", lambda: {"overlay", "ext4"})
    monkeypatch.setattr(host, "_network", list)
    monkeypatch.setattr(host, "_memory", lambda: 8.0)
    monkeypatch.setattr(host, "_free", lambda path: 100.0)
    return monkeypatch


def test_too_little_memory_and_disk_are_two_sentences(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(host, "_memory", lambda: 1.25)
    machine.setattr(host, "_free", lambda path: 2.0)
    words = host.missing()
    assert words[0] == f"1.2 GiB of memory are free and a cluster needs {host.MEMORY_GIB} GiB"
    assert all(w.startswith("2.0 GiB are free for /") and f"needs {host.DISK_GIB} GiB" in w for w in words[1:])
    assert len(words) == 3  # its state and the cache are two folders here


def test_a_missing_kernel_feature_names_it(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(host, "_file_systems", lambda: {"ext4"})
    machine.setattr(subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 1))
    assert host.missing() == ["the kernel has no overlay file system (overlay), which the nodes' disks need"]
    machine.setattr(host, "_file_systems", lambda: {"overlay", "ext4"})
    machine.setattr(host, "_namespaces", lambda: ["cgroup"])
    assert host.missing() == ["the kernel has no cgroup namespaces, which the nodes are made of"]


@pytest.fixture
def copy() -> Iterator[Path]:
    """The checkout where another user can read it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    shutil.copytree(CHECKOUT, folder / "clusters", ignore=shutil.ignore_patterns(".git", "output", "__pycache__", ".ansible"))
    yield folder / "clusters"
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_than_root_is_told_in_a_sentence_and_nothing_is_made(copy: Path) -> None:
    home = copy.parent / "home"
    home.mkdir(mode=0o777)
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/make", "demo"], cwd=copy,
                          env={"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
                          capture_output=True, text=True, check=False)
    assert done.returncode
    assert "the lab needs root, as its nodes are namespaces with networks and disks of their own" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(home.iterdir()) == []
