# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of a platform of machines, as a check takes them: those of the snapshot modules, by the same names.

`username`, `password` and `validate_certs` are the cluster's own in every check, so here they begin with `platform_`;
their variables do not.
"""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...engine.declared import Option
from ...kube.errors import BadInput
from ...machines.model import Wanted

CONNECTION = (
    Option("platform", "The platform that the machines run on. Where no option says how it is reached or which machines they"
           " are, C(cluster_machines) of the host says both; without that, too, the check is skipped.",
           choices=("vsphere", "esxi", "aws"), example="vsphere"),
    Option("hostname", "The vCenter or ESXi host. Without it E(VMWARE_HOST) for C(vsphere).", example="vcenter.example.com"),
    Option("port", "The port of O(hostname); usually 443 for C(vsphere) and 22 for C(esxi).", type="int", minimum=1,
           maximum=65535),
    Option("platform_username", "The user of O(hostname); rights to look are enough. Without it E(VMWARE_USER)"
           " for C(vsphere).", inventory="username"),
    Option("platform_password", "The password of that user. Without it E(VMWARE_PASSWORD) for C(vsphere).", secret=True,
           inventory="password"),
    Option("platform_validate_certs", "Whether the certificate of the platform must be valid. Without it"
           " E(VMWARE_VALIDATE_CERTS) for C(vsphere), else it must.", type="bool", inventory="validate_certs"),
    Option("datacenter", "Only machines of this datacenter of C(vsphere)."),
    Option("proxy_host", "A proxy on the way to C(vsphere)."),
    Option("proxy_port", "The port of the proxy.", type="int", minimum=1, maximum=65535),
    Option("region", "The region of C(aws). Without it E(AWS_REGION), then the profile."),
    Option("access_key", "The id of an access key of C(aws). Without it E(AWS_ACCESS_KEY_ID), or whatever boto3 finds.",
           secret=None),
    Option("secret_key", "The secret of the access key.", secret=True),
    Option("session_token", "The token of a temporary access key.", secret=True),
    Option("profile", "A profile of the AWS configuration, in place of an access key."),
    Option("endpoint_url", "The address of the EC2 API, where it is not AWS's own."),
    Option("ca_bundle", "A PEM file with the authority that signed the certificate of C(aws). Without it E(AWS_CA_BUNDLE), then"
           " the profile."),
    Option("ssh_key_file", "The private key for the host of C(esxi); if it has a passphrase, that one is the password.",
           secret=None),
    Option("ssh_known_hosts", "The file with the key of that host, in place of the user's own."),
    Option("ssh_host_key_checking", "Whether that host must be known.", default="yes",
           choices=("yes", "accept-new", "no")),
    Option("ssh_executable", "The program ssh of OpenSSH.", default="ssh"),
)

SELECTION = (
    Option("names", "The names of the machines. Without any option that selects machines the nodes tell which machines they"
           " are.",
           type="list", elements="str"),
    Option("uuids", "The UUIDs of the machines.", type="list", elements="str"),
    Option("ids", "The ids of the machines on their platform (MoIDs, Vmids or instance ids).", type="list",
           elements="str"),
    Option("folder", "A folder of C(vsphere) that holds the machines, as its path or the end of it."),
    Option("resource_pool", "A resource pool of C(vsphere) that the machines run in, as its path or the end of it."),
    Option("cluster_name", "A cluster of C(vsphere) hosts that the machines run in."),
    Option("esxi_host", "A host of C(vsphere) that the machines run on."),
    Option("tags", "Tags that all the machines have, on C(aws) and C(vsphere).", type="dict"),
)

# Of vSphere: they restrict the rest, and alone mean all machines there.
PLACES = ("folder", "resource_pool", "cluster_name", "esxi_host")
_RENAMED = {"platform_username": "username", "platform_password": "password",
            "platform_validate_certs": "validate_certs"}
# The inventory variable of the roles snapshot and pipeline, with the names of the modules of snapshots.
OF_CLUSTER = "cluster_machines"
_ALIASES = {"ids": "moids"}
_PATHS = ("ssh_key_file", "ssh_known_hosts", "ca_bundle")


def own_words(sentence: str) -> str:
    """A sentence of the platform that begins with an option, or ends with what to check, by the names of this check."""
    for ours, its in _RENAMED.items():
        sentence = re.sub(rf"^{its}(?=:)|(?<=check ){its}\b|(?<= and ){its}\b|(?<= set ){its}\b", ours, sentence)
    return sentence


def of_cluster(given: Iterable[str], variables: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    """{option: (value, where it stands)} of cluster_machines, whole or not at all: no password goes to another's host.

    given: the options that are set otherwise. Raises BadInput where the variable is no dictionary.
    """
    settings = variables.get(OF_CLUSTER)
    if not settings or {o.name for o in (*CONNECTION, *SELECTION)} & set(given):
        return {}
    if not isinstance(settings, Mapping):
        raise BadInput(f"{OF_CLUSTER}: must be a dictionary with a platform, not {settings!r}")
    found = {}
    for option in (*CONNECTION, *SELECTION):
        for key in filter(None, (_RENAMED.get(option.name, option.name), _ALIASES.get(option.name))):
            if settings.get(key) not in (None, "", [], {}):
                found[option.name] = (settings[key], f"{OF_CLUSTER}.{key}")
    return found


def params(options: Mapping[str, Any]) -> dict[str, Any]:
    """What machine_platforms.open takes."""
    out = {_RENAMED.get(o.name, o.name): options.get(o.name, o.default) for o in CONNECTION}
    return {n: os.path.expanduser(v) if n in _PATHS and v else v for n, v in out.items()}


def selection(options: Mapping[str, Any]) -> Wanted:
    """The machines that the options name; Wanted() when they name none."""
    lists = {n: tuple(options.get(n) or ()) for n in ("names", "uuids", "ids")}
    tags = tuple((str(k), str(v)) for k, v in (options.get("tags") or {}).items())
    return Wanted(**lists, tags=tags, **{n: options.get(n) or "" for n in PLACES})
