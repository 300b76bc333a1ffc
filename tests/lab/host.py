# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The machine: can it run the lab, and what of it is changed for the lab's time. Standard library only."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from .base import cache, run, state

MEMORY_GIB, DISK_GIB = 3, 12
_MODULES = {"overlay": "overlay file system", "ext4": "ext4 file system"}
# Kubelets change these for the whole machine; the values of before come back with the last cluster.
SYSCTLS = {"fs.inotify.max_user_instances": 8192, "fs.inotify.max_user_watches": None, "vm.overcommit_memory": None,
           "kernel.panic": None, "kernel.panic_on_oops": None, "kernel.keys.root_maxkeys": None,
           "kernel.keys.root_maxbytes": None}


def _free(path: Path) -> float:
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free / 2**30


def _memory() -> float:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) / 2**20
    return 0.0


def _file_systems() -> set[str]:
    return {line.split()[-1] for line in Path("/proc/filesystems").read_text().splitlines()}


def _namespaces() -> list[str]:
    return [n for n in ("net", "mnt", "uts", "ipc", "pid", "cgroup") if not Path(f"/proc/self/ns/{n}").exists()]


def _isolated(*command: str) -> bool:
    """Whether a command succeeds in fresh namespaces, which are gone with it. What is installed later is not missed."""
    if not shutil.which("unshare") or not shutil.which(command[0]):
        return True
    return subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", *command], capture_output=True,
                          check=False).returncode == 0


def _network() -> list[str]:
    """What the nodes' network lacks, tried in a network of its own."""
    if not _isolated("true"):
        return ["this machine does not let root make namespaces; a container needs to be privileged for that"]
    out = [f"the kernel has no {kind} links, which connect the nodes" for kind in ("veth", "bridge")
           if not _isolated("ip", "link", "add", "lab0", "type", kind)]
    if not _isolated("iptables", "-t", "nat", "-L"):
        out.append("the kernel has no iptables nat table, which kube-proxy needs")
    return out


def missing() -> list[str]:
    """One sentence per thing that this machine lacks; nothing is changed by asking."""
    out = []
    if os.geteuid():
        return ["the lab needs root, as its nodes are namespaces with networks and disks of their own"]
    there = _file_systems()
    for name, words in _MODULES.items():
        if name not in there and subprocess.run(["modprobe", "-n", name], capture_output=True,
                                                check=False).returncode:
            out.append(f"the kernel has no {words} ({name}), which the nodes' disks need")
    if not Path("/dev/loop-control").exists():
        out.append("the kernel has no loop devices (/dev/loop-control), which the nodes' disks need")
    for name in _namespaces():
        out.append(f"the kernel has no {name} namespaces, which the nodes are made of")
    out += _network()
    if not Path("/sys/fs/cgroup").is_dir():
        out.append("no cgroup hierarchy is mounted at /sys/fs/cgroup, which kubelets need")
    running = any(state().glob("*/cluster.json"))  # then its memory is used already
    if _memory() < MEMORY_GIB and not running:
        out.append(f"{_memory():.1f} GiB of memory are free and a cluster needs {MEMORY_GIB} GiB")
    for path in dict.fromkeys((state(), cache())):
        if _free(path) < DISK_GIB:
            out.append(f"{_free(path):.1f} GiB are free for {path} and the lab needs {DISK_GIB} GiB")
    return out


def _sysctl(key: str) -> Path:
    return Path("/proc/sys") / key.replace(".", "/")


def _saved() -> Path:
    return state() / "sysctls.json"


def prepare() -> None:
    """Raise the machine's limits for kubelets; the former values are kept until restore()."""
    state().mkdir(parents=True, exist_ok=True)
    if not _saved().exists():
        work = _saved().with_suffix(f".{os.getpid()}")
        work.write_text(json.dumps({k: _sysctl(k).read_text().strip() for k in SYSCTLS if _sysctl(k).exists()}))
        work.rename(_saved())
    for key, value in SYSCTLS.items():
        if value and _sysctl(key).exists() and int(_sysctl(key).read_text()) < value:
            _sysctl(key).write_text(str(value))


def restore() -> None:
    """Give the machine its settings back when the last cluster is gone."""
    if _saved().exists() and not any(state().glob("*/cluster.json")):
        for key, value in json.loads(_saved().read_text()).items():
            _sysctl(key).write_text(value)
        _saved().unlink()


def remove_cgroup(top: Path) -> bool:
    """Remove an empty cgroup tree; whether it is gone."""
    for folder, _dirs, _files in os.walk(top, topdown=False):
        try:
            os.rmdir(folder)
        except OSError:
            continue
    return not top.exists()


def cgroup_roots() -> list[Path]:
    """The hierarchies of this machine: one folder per controller with cgroup v1, the root itself with v2."""
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        return [root]
    return sorted(d for d in root.iterdir() if d.is_dir() and not d.is_symlink() and (d / "cgroup.procs").exists())


def link_exists(name: str) -> bool:
    return Path(f"/sys/class/net/{name}").exists()


def link_with(address: str) -> str:
    """The name of the link that has an address; empty if none has."""
    for line in run("ip", "-o", "-4", "addr").splitlines():
        words = line.split()
        if words[3].split("/")[0] == address:
            return words[1]
    return ""


def add_bridge(name: str, address: str) -> None:
    if not link_exists(name):
        run("ip", "link", "add", name, "type", "bridge")
        run("ip", "addr", "add", address, "dev", name)
        run("ip", "link", "set", name, "up")
