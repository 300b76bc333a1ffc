# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Debian packages: only those that are missing, without questions and without starting their services."""
from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_TEXT = "#!/bin/sh\n# assay: packages of the lab are used as programs, not as services\nexit 101\n"


class PackageError(Exception):
    """Packages are missing and cannot be installed; one sentence."""


def has_venv() -> bool:
    """Whether this Python can make virtual environments (Debian keeps that part in a package of its own)."""
    return importlib.util.find_spec("venv") is not None and importlib.util.find_spec("ensurepip") is not None


def listed(path: Path) -> list[str]:
    """Package names of a file: one per line, comments after #."""
    if not path.exists():
        return []
    lines = (line.split("#", 1)[0] for line in path.read_text(encoding="utf-8").splitlines())
    return [name for line in lines for name in line.split()]


def missing(names: list[str]) -> list[str]:
    query = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names],
                           capture_output=True, text=True, check=False)
    there = {line.split()[0] for line in query.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in names if name not in there]


@contextmanager
def _services_stay_down() -> Iterator[None]:
    """Debian starts a service when its package is installed; the lab runs its own instances."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text(POLICY_TEXT, encoding="utf-8")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def _units(names: list[str]) -> list[str]:
    """The systemd services that these packages brought."""
    files = subprocess.run(["dpkg-query", "-L", *names], capture_output=True, text=True, check=False).stdout.split()
    return sorted({Path(f).name for f in files if "/systemd/system/" in f and f.endswith(".service") and "@" not in f})


def _apt(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    return subprocess.run(["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *arguments], env=environ, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def install(names: list[str]) -> None:
    """Install what is missing of these packages; the package lists are fetched only when they are needed."""
    if not names:
        return
    if not shutil.which("dpkg-query"):
        raise PackageError(f"this is not a Debian system: the equivalents of {' '.join(names)} are needed")
    absent = missing(names)
    if not absent:
        return
    if os.geteuid() != 0:
        raise PackageError(f"Debian packages are missing and only root can install them: apt-get install {' '.join(absent)}")
    print(f"assay: installing Debian packages: {' '.join(absent)}", file=sys.stderr, flush=True)
    command = ["install", "-y", "--no-install-recommends", *absent]
    with _services_stay_down():
        result = _apt(command)
        if result.returncode:
            update = _apt(["update"])
            result = _apt(command) if not update.returncode else update
    if result.returncode:
        print(result.stdout, file=sys.stderr)
        raise PackageError(f"apt-get could not install {' '.join(absent)} (output above)")
    if shutil.which("systemctl") and (units := _units(absent)):
        subprocess.run(["systemctl", "disable", "--quiet", *units], capture_output=True, check=False)
