# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Helpers of a cluster in the machine's own namespaces: the image registry, and the name server that plays the internet."""
from __future__ import annotations

import base64
import os
import secrets
import subprocess
from typing import TYPE_CHECKING, Any

from . import images
from .base import cache, wait_for

if TYPE_CHECKING:
    from .cluster import Lab

_NAMED = """options {{ directory "{folder}"; pid-file none; session-keyfile "{folder}/session.key"; recursion no;
  listen-on port 53 {{ {host}; }}; listen-on-v6 {{ none; }}; dnssec-validation no; allow-query {{ any; }}; }};
controls {{ }};
key "lab." {{ algorithm hmac-sha256; secret "{key}"; }};
zone "lab.test" {{ type primary; file "{folder}/lab.test.zone"; allow-transfer {{ key "lab."; }};
  notify explicit; notify-delay 0; also-notify {{ {second}; }};
  update-policy {{ grant lab. zonesub ANY; }}; }};
"""
_ZONE = """$TTL 30
@ SOA ns.lab.test. root.lab.test. 1 60 60 600 30
@ NS ns.lab.test.
ns A {host}
www A {host}
"""
_REGISTRY = """version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}
http: {{addr: '{address}'}}
"""


def start(lab: Lab, name: str, *command: Any, **more: str) -> None:
    """A program in the machine's own namespaces; its command line must name a path below the cluster's folder. more: environment."""
    with open(lab.folder / f"{name}.log", "ab") as log:
        process = subprocess.Popen([str(c) for c in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                   start_new_session=True, env={**os.environ, **more}, cwd="/")
    lab.children.append(process)
    (lab.folder / f"{name}.pid").write_text(str(process.pid))


def pid(lab: Lab, name: str) -> int | None:
    """The number of a helper that runs; None otherwise."""
    try:
        number = int((lab.folder / f"{name}.pid").read_text())
        with open(f"/proc/{number}/cmdline", "rb") as f:
            return number if str(lab.folder).encode() in f.read() else None
    except (OSError, ValueError):
        return None


def registry(lab: Lab) -> None:
    """A registry with all images of the lab; its storage is in the cache, as the images of all clusters are alike."""
    storage = cache() / "registry"
    storage.mkdir(parents=True, exist_ok=True)
    config = lab.folder / "registry.yml"
    config.write_text(_REGISTRY.format(folder=storage, address=lab.registry))
    if not pid(lab, "registry"):
        start(lab, "registry", "docker-registry", "serve", config, OTEL_TRACES_EXPORTER="none")
    wait_for("the registry", lambda: images.call("GET", f"http://{lab.registry}/v2/")[0] == 200, 20, 0.05)
    images.push_changed(lab.registry, storage / "pushed.json", images.core())


def name_server(lab: Lab) -> None:
    """Authoritative for lab.test, which may be changed with the key of named/tsig.key (hmac-sha256, named lab.)."""
    folder = lab.folder / "named"
    folder.mkdir(exist_ok=True)
    key, zone = folder / "tsig.key", folder / "lab.test.zone"
    if not key.exists():
        key.write_text(base64.b64encode(secrets.token_bytes(32)).decode())
    if not zone.exists():
        zone.write_text(_ZONE.format(host=lab.host))
    # Who takes the zone from here, where a tier has it: tests/lab/tiers/external_dns.py
    second = f"{lab.host.rpartition('.')[0]}.2"
    (folder / "named.conf").write_text(_NAMED.format(folder=folder, host=lab.host, key=key.read_text(), second=second))
    if not pid(lab, "named"):
        start(lab, "named", "named", "-4", "-g", "-c", folder / "named.conf")
