# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes as machines: their network, power, processes."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import build, host
from .base import HERE, LabError, run, wait_for

if TYPE_CHECKING:
    from .cluster import Lab

# What is started on the machine for a cluster; a user's pager or kubectl on the same files is none of these.
_PROGRAMS = {b"sh", b"bash", b"nsenter", b"unshare", b"tini", b"docker-registry", b"named"}
PATH = "PATH=/opt/lab/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def netns(lab: Lab, short: str) -> str:
    return f"lab-{lab.name}-{short}"


def veth(lab: Lab, short: str) -> str:
    return f"lab-{lab.name}-{short}"


def pid(lab: Lab, short: str) -> int | None:
    """The machine's number of the node's first process; None when it is off."""
    folder = str(lab.node_folder(short)).encode()
    try:
        outer = int((lab.node_folder(short) / "pid").read_text())
        if folder not in Path(f"/proc/{outer}/cmdline").read_bytes():
            return None
        return int(Path(f"/proc/{outer}/task/{outer}/children").read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return None


def inside(lab: Lab, short: str, *command: Any, check: bool = True, **kwargs: Any) -> str:
    """Run a command in all namespaces of a node."""
    first = pid(lab, short)
    if not first:
        raise LabError(f"node {short} of {lab.name} is off")
    return run("nsenter", "-t", first, "-a", "env", "-u", "KUBECONFIG", PATH, *command, check=check, **kwargs)


def in_network(lab: Lab, short: str, *command: Any, check: bool = True) -> str:
    """Run a program of the machine in the node's network only. `ip netns exec` would hide the cgroups."""
    return run("nsenter", f"--net=/run/netns/{netns(lab, short)}", *command, check=check)


_AS_A_POD = """name=lab-guest-$$
cni() { echo "$CONFIG" | CNI_COMMAND=$1 CNI_CONTAINERID=$name CNI_NETNS=/run/netns/$name CNI_IFNAME=eth0 \\
        CNI_PATH=/opt/cni/bin /opt/cni/bin/bridge; }
ip netns add $name
trap 'cni DEL; ip netns del $name' EXIT
cni ADD > /dev/null
nsenter --net=/run/netns/$name "$@"
"""


def in_pod_network(lab: Lab, short: str, *command: Any) -> str:
    """Run a program where a new pod of the node would run it: behind the node's CNI plugin."""
    text = inside(lab, short, "cat", "/etc/cni/net.d/10-lab.conflist")
    chain = json.loads(text)
    config = json.dumps({"cniVersion": chain["cniVersion"], "name": chain["name"], **chain["plugins"][0]})
    return inside(lab, short, f"CONFIG={config}", "sh", "-ec", _AS_A_POD, "sh", *command)


def routes(lab: Lab) -> dict[str, str]:
    """Pod networks by node, as the cluster gave them."""
    file = lab.folder / "pod-cidrs.json"
    return json.loads(file.read_text()) if file.exists() else {}


def _plug_in(lab: Lab, short: str) -> None:
    name, link = netns(lab, short), veth(lab, short)
    run("ip", "netns", "del", name, check=False)
    run("ip", "link", "del", link, check=False)
    run("ip", "netns", "add", name)
    run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
    run("ip", "link", "set", link, "master", lab.bridge, "up")
    lines = ["ip link set lo up", f"ip addr add {lab.nodes[short]}/24 dev eth0", "ip link set eth0 up",
             f"ip route add default via {lab.host}", "sysctl -qw net.ipv4.ip_forward=1"]
    lines += [f"ip route replace {cidr} via {lab.nodes[other]}" for other, cidr in routes(lab).items() if other != short]
    in_network(lab, short, "sh", "-ec", "\n".join(lines))


def _cgroups(lab: Lab, short: str) -> list[str]:
    """Shell lines that put the caller into fresh cgroups; left-over ones cost a booting kubelet seconds each."""
    lines = []
    for root in host.cgroup_roots():
        folder = root / f"lab-{lab.name}-{short}"
        host.remove_cgroup(folder)
        folder.mkdir(exist_ok=True)
        for file in ("cpuset.cpus", "cpuset.mems") if root.name == "cpuset" else ():
            (folder / file).write_text((root / file).read_text())
        lines.append(f"echo $$ > {folder}/cgroup.procs")
    return lines


def boot(lab: Lab, short: str) -> None:
    """Power on; returns when the node's first process runs."""
    if pid(lab, short):
        return
    _plug_in(lab, short)
    folder = lab.node_folder(short)
    script = "\n".join([*_cgroups(lab, short), (
        f"exec nsenter --net=/run/netns/{netns(lab, short)} unshare --mount --uts --ipc --pid --cgroup --fork --kill-child "
        f"--propagation private tini -s -- bash {HERE}/node/init.sh {folder} {lab.node_name(short)} {build.bindir()}")])
    with open(folder / "log/init.log", "ab") as log:
        process = subprocess.Popen(["sh", "-ec", script], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                   start_new_session=True, cwd="/")
    (folder / "pid").write_text(str(process.pid))
    lab.children.append(process)
    wait_for(f"node {short}", lambda: pid(lab, short), 15, 0.05)


def power_off(lab: Lab, short: str) -> None:
    """As when the plug is pulled: the first process dies, and all of the node with it."""
    first = pid(lab, short)
    if first:
        outer = int((lab.node_folder(short) / "pid").read_text())
        os.kill(first, signal.SIGKILL)
        wait_for(f"node {short} off", lambda: _ended(outer), 30, 0.05)


def unplug(lab: Lab, short: str) -> None:
    """Remove what the machine has for a node that is off: its network and its cgroups."""
    run("ip", "netns", "del", netns(lab, short), check=False)
    run("ip", "link", "del", veth(lab, short), check=False)
    for root in host.cgroup_roots():
        folder = root / f"lab-{lab.name}-{short}"
        wait_for(f"cgroup {folder} empty", lambda f=folder: host.remove_cgroup(f), 20, 0.05)


def _ended(process: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return True


def signal_service(lab: Lab, short: str, service: str, name: str) -> None:
    inside(lab, short, "sh", "-c", f"kill -{name} $(cat /run/lab/{service}.pid)", check=False)


def service_pid(lab: Lab, short: str, service: str) -> str:
    """The service's process number inside the node; empty when it does not run."""
    return inside(lab, short, "sh", "-c", f"p=$(cat /run/lab/{service}.pid) && [ -d /proc/$p ] && echo $p || true").strip()


def hold(lab: Lab, short: str, service: str) -> None:
    """Kill a service at once (an API server would wait a minute for its watches) and hold it down."""
    inside(lab, short, "sh", "-c", f"touch /run/lab/{service}.stop; kill -KILL $(cat /run/lab/{service}.pid)",
           check=False)
    wait_for(f"{service} down", lambda: not service_pid(lab, short, service), 10, 0.05)


def release(lab: Lab, short: str, service: str) -> None:
    inside(lab, short, "rm", "-f", f"/run/lab/{service}.stop")


def kill_everything(folder: Path) -> None:
    """Kill all processes that were started for a cluster, also those that never got to write down their number."""
    marks, end = [f"{folder}/{name}".encode() for name in ("nodes/", "registry.yml", "named/")], time.monotonic() + 20
    of_tiers = f"{folder}/tiers/".encode()
    while time.monotonic() < end:
        found = []
        for proc in Path("/proc").glob("[0-9]*"):
            try:
                words = (proc / "cmdline").read_bytes()
                ours = os.path.basename(words.split(b"\0")[0]) in _PROGRAMS and any(m in words for m in marks)
                if ours or of_tiers in words and proc.name != str(os.getpid()):
                    found.append(int(proc.name))
            except (OSError, ValueError):
                continue
        alive = [p for p in found if not _ended(p)]
        if not alive:
            return
        for process in alive:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.05)
