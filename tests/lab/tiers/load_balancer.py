# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MetalLB in its L2 mode, and a client that is no part of the cluster.

Services of type LoadBalancer get addresses of the lab's bridge, from .200 to .219. The client is a network namespace on the same
bridge with the address .250: commands run in it by `outside`, and agnhost answers there on port 8080, as a probe that an inventory
names does. Traffic of the machine itself comes from .1.
"""
from __future__ import annotations

import hashlib
import os
import signal
import urllib.request
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import build, helpers
from ..base import run, wait_for
from ..build import Program, Shipped
from ..images import Image, tool
from .tier import Tier, apply, folder, rolled_out
from .versions import version

if TYPE_CHECKING:
    from ..cluster import Lab

NAMESPACE = "metallb-system"
_MODULE = "go.universe.tf/metallb"
_WORKLOADS = ("deployments/controller", "daemonsets/speaker")
_PROGRAMS = {name: Program(f"metallb-{name}", "metallb", f"{_MODULE}/{name}") for name in ("controller", "speaker")}
_MANIFEST = Shipped("metallb", _MODULE, "config/manifests/metallb-native.yaml")
_POOL = """apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {{name: pool, namespace: metallb-system}}
spec: {{addresses: ["{net}.200-{net}.219"]}}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {{name: l2, namespace: metallb-system}}
spec: {{ipAddressPools: [pool]}}
"""
# Speakers wait for it; its controller would make it some seconds later, and kubelets look again after some more.
_SECRET = """apiVersion: v1
kind: Secret
metadata: {{name: memberlist, namespace: metallb-system}}
stringData: {{secretkey: "{key}"}}
"""
PROBE_PORT = 8080
PROBE = "outside-probe"


def _images() -> dict[str, Image]:
    return {f"metallb/{name}:{version(_MODULE)}": tool(program.path, f"/{name}") for name, program in _PROGRAMS.items()}


# ---- the client --------------------------------------------------------------------------------------------------
def _name(lab: Lab) -> str:
    """Of its namespace, and of its link on the machine's side."""
    return f"lab-{lab.name}-out"


def address(lab: Lab) -> str:
    """Of the client, and of the probe in it."""
    return f"{lab.host.rpartition('.')[0]}.250"


def probe_url(lab: Lab) -> str:
    return f"http://{address(lab)}:{PROBE_PORT}"


def outside(lab: Lab, *command: Any, check: bool = True, **kwargs: Any) -> str:
    """Run a program of the machine in the client's network."""
    return run("nsenter", f"--net=/run/netns/{_name(lab)}", *command, check=check, **kwargs)


def _answers(lab: Lab) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{probe_url(lab)}/hostname", timeout=2) as answer:
        return bool(answer.status == 200)


def _client(lab: Lab) -> None:
    """Make the client anew: its network, and the probe in it."""
    _end_client(lab)
    name = _name(lab)
    run("ip", "netns", "add", name)
    # Always of one hardware address: whoever knew the client of before does not ask for it anew.
    run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "address", f"02:ac:1e:{lab.index:02x}:00:fa",
        "netns", name)
    run("ip", "link", "set", name, "master", lab.bridge, "up")
    outside(lab, "sh", "-ec", f"ip link set lo up; ip addr add {address(lab)}/24 dev eth0; ip link set eth0 up; "
                              f"ip route add default via {lab.host}")
    place = folder(lab, TIER.name)
    program = place / "agnhost"  # its path in the command line is what ends it with the cluster
    program.unlink(missing_ok=True)
    program.symlink_to(build.bindir() / "agnhost")
    helpers.start(lab, PROBE, "nsenter", f"--net=/run/netns/{name}", program, "netexec", f"--http-port={PROBE_PORT}", "--udp-port=-1")
    wait_for("the probe outside", partial(_answers, lab), 20, 0.05)


def _end_client(lab: Lab) -> None:
    if number := helpers.pid(lab, PROBE):
        os.kill(number, signal.SIGKILL)
    run("ip", "netns", "del", _name(lab), check=False)
    run("ip", "link", "del", _name(lab), check=False)


# ---- the programs ------------------------------------------------------------------------------------------------
def _up(lab: Lab) -> None:
    apply(lab, _MANIFEST.text(), _SECRET.format(key=hashlib.sha256(lab.name.encode()).hexdigest()))
    _client(lab)
    wait_for("MetalLB", partial(rolled_out, lab, NAMESPACE, *_WORKLOADS), 120, 0.3)
    apply(lab, pool(lab))


def pool(lab: Lab) -> str:
    """The pool and its announcement, as tests that changed them put them back."""
    return _POOL.format(net=lab.host.rpartition(".")[0])


def _serves(lab: Lab) -> bool:
    objects = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}"
    return bool(_answers(lab) and rolled_out(lab, NAMESPACE, *_WORKLOADS) and lab.api(f"{objects}/ipaddresspools/pool")
                and lab.api(f"{objects}/l2advertisements/l2"))


TIER = Tier("load_balancer", "MetalLB (L2), and a client outside the cluster", _up, _serves, _images, tuple(_PROGRAMS.values()),
            down=_end_client)
