# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""external-dns, which keeps the zone lab.test, and a second name server of that zone.

The first is the lab's own (ns.lab.test, .1), which external-dns changes by RFC 2136; the second (ns2.lab.test, .2) takes the zone by
transfer when it is told, or at the latest after a minute.
"""
from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .. import helpers
from ..base import HERE, LabError, run, wait_for
from ..build import Program, Shipped
from ..components import filled
from ..images import Image, tool
from .tier import Tier, apply, folder, rolled_out
from .versions import version

if TYPE_CHECKING:
    from ..cluster import Lab

NAMESPACE, ZONE = "external-dns", "lab.test"
_SECOND = "second-named"
_MODULE = "sigs.k8s.io/external-dns"
_PROGRAM = Program("external-dns", "external-dns", _MODULE, patched=_MODULE)
_ROLE = Shipped("external-dns", _MODULE, "kustomize/external-dns-clusterrole.yaml")
_NAMED = """options {{ directory "{folder}"; pid-file none; session-keyfile "{folder}/session.key"; recursion no;
  listen-on port 53 {{ {address}; }}; listen-on-v6 {{ none; }}; dnssec-validation no; allow-query {{ any; }};
  transfer-source {address}; notify no; }};
controls {{ }};
key "lab." {{ algorithm hmac-sha256; secret "{key}"; }};
zone "lab.test" {{ type secondary; file "{folder}/lab.test.zone"; primaries {{ {host} key "lab."; }}; allow-notify {{ {host}; }};
  max-refresh-time 60; min-refresh-time 1; max-retry-time 5; min-retry-time 1; }};
"""


def key(lab: Lab) -> str:
    return (lab.folder / "named/tsig.key").read_text()


def second(lab: Lab) -> str:
    """The address of the second name server; the first one's is the lab's."""
    return f"{lab.host.rpartition('.')[0]}.2"


def update(lab: Lab, *lines: str) -> None:
    """Change the zone by hand, with nsupdate's words."""
    text = "\n".join([f"server {lab.host}", f"key hmac-sha256:lab. {key(lab)}", f"zone {ZONE}", *lines, "send", ""])
    run("nsupdate", "-v", input=text)


def asked(server: str, name: str, kind: str = "A") -> list[str]:
    """What a name server answers, as dig prints it; LabError where it answers nothing."""
    return run("dig", "+short", "+time=1", "+tries=1", f"@{server}", name, kind).split()


# ---- the second name server --------------------------------------------------------------------------------------
def start_second(lab: Lab) -> None:
    place = folder(lab, TIER.name)
    (place / "named.conf").write_text(_NAMED.format(folder=place, address=second(lab), host=lab.host, key=key(lab)))
    run("ip", "addr", "replace", f"{second(lab)}/24", "dev", lab.bridge)
    helpers.start(lab, _SECOND, "named", "-4", "-g", "-c", place / "named.conf")


def second_runs(lab: Lab) -> int:
    """The number of its process; 0 when it does not run."""
    return helpers.pid(lab, _SECOND) or 0


def _name_servers(lab: Lab) -> None:
    if not second_runs(lab):
        start_second(lab)
    if "ns2.lab.test." not in asked(lab.host, ZONE, "NS"):
        update(lab, f"update add ns2.{ZONE} 30 A {second(lab)}", f"update add {ZONE} 30 NS ns2.{ZONE}.")
    wait_for("the second name server", partial(same, lab), 30, 0.2)


def same(lab: Lab) -> bool:
    """Whether both name servers have the same zone."""
    first = asked(lab.host, ZONE, "SOA")
    return bool(first) and asked(second(lab), ZONE, "SOA") == first


# ---- the program -------------------------------------------------------------------------------------------------
def _images() -> dict[str, Image]:
    return {f"external-dns/external-dns:{version(_MODULE)}": tool(_PROGRAM.path, "/bin/external-dns")}


def _up(lab: Lab) -> None:
    _name_servers(lab)
    apply(lab, _ROLE.text(), filled(HERE / "manifests/external-dns.yaml", KEY=key(lab), HOST=lab.host, VERSION=version(_MODULE)))
    wait_for("external-dns", partial(rolled_out, lab, NAMESPACE, "deployments/external-dns"), 120, 0.3)


def _serves(lab: Lab) -> bool:
    try:
        return bool(second_runs(lab)) and bool(asked(second(lab), ZONE, "SOA")) and rolled_out(lab, NAMESPACE, "deployments/external-dns")
    except LabError:
        return False


TIER = Tier("external_dns", "external-dns, by RFC 2136 into a zone with two name servers", _up, _serves, _images, (_PROGRAM,),
            needs=("load_balancer", "ingress"))
