# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a lab could leave on this machine, listed by the kernel's own files and not by the lab."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

PROGRAMS = ("containerd", "containerd-shim-runc-v2", "kubelet", "kube-proxy", "kube-apiserver", "kube-scheduler",
            "kube-controller-manager", "hyperkube", "etcd", "named", "docker-registry", "tini")


class CannotLook(Exception):
    """One sentence: a look that was not possible is no proof that nothing is there."""


def _lines(*command: str) -> set[str]:
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError as e:
        raise CannotLook(f"{command[0]} cannot be run: {e.strerror}") from None
    except subprocess.TimeoutExpired:
        raise CannotLook(f"{command[0]} did not end within 60 s") from None
    if result.returncode:
        raise CannotLook(f"{' '.join(command)} ended with status {result.returncode}: {result.stderr.strip()[-200:]}")
    return {line.strip() for line in result.stdout.splitlines() if line.strip()}


def _processes() -> set[str]:
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            argv = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        name = os.path.basename(argv[0].decode(errors="replace"))
        if name in PROGRAMS or b"/assay-lab/" in b" ".join(argv):
            found.add(f"process {folder.name} {b' '.join(argv).decode(errors='replace')[:200]} {_cgroup(folder)}")
    return found


def _cgroup(process: Path) -> str:
    """The process's cgroup, which tells whose it is."""
    try:
        return process.joinpath("cgroup").read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError):
        return ""


def _sysctls() -> set[str]:
    """Settings of the whole machine that kubelets change."""
    found = set()
    for name in ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", "fs/inotify/max_user_instances"):
        path = Path("/proc/sys") / name
        found |= {f"setting {name} is {path.read_text().strip()}"} if path.exists() else set()
    return found


def _cgroups() -> set[str]:
    root = Path("/sys/fs/cgroup")
    return {f"cgroup {p}" for pattern in ("*/*", "*/*/*", "*") for p in root.glob(pattern) if p.is_dir()
            and any(word in p.name for word in ("assay", "lab", "kubepods"))}


def _mounts() -> set[str]:
    text = Path("/proc/self/mounts").read_text(encoding="utf-8")
    return {f"mount {line.split()[1]}" for line in text.splitlines()} - {"mount /run/netns"}


def snapshot() -> set[str]:
    """Network namespaces, links, loop devices, mounts, cgroups, firewall rules, routes, settings and lab processes.

    CannotLook where a program that tells them fails.
    """
    found = {f"network namespace {line.split()[0]}" for line in _lines("ip", "netns", "list")}
    found |= {f"link {line.split(': ')[1].split('@')[0]}" for line in _lines("ip", "-o", "link") if ": " in line}
    found |= {f"loop device {line}" for line in _lines("losetup", "-n", "-O", "NAME,BACK-FILE", "-a")}
    found |= {f"firewall {line}" for line in _lines("iptables-save") if line.startswith("-A")}
    found |= {f"route {line}" for line in _lines("ip", "route")}
    return found | _processes() | _cgroups() | _mounts() | _sysctls()


def of_lab(before: set[str], after: set[str], others: set[str]) -> list[str]:
    """What is there now and was not before, less what belongs to clusters of other names that run beside ours."""
    def foreign(line: str) -> bool:
        return any(f"lab-{name}" in line or f"/{name}/" in line for name in others) or (
            bool(others) and line.startswith(("setting", "firewall")))

    return sorted(line for line in after - before if not foreign(line))
