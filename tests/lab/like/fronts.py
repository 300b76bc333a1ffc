# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""API servers that one reaches through something: Rancher, or a slow and busy front."""
from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import LabError
from .stranger import Stranger, kubeconfig

if TYPE_CHECKING:
    from ..cluster import Lab

_CHECKOUT = Path(__file__).resolve().parents[3]


@contextmanager
def front(lab: Lab, name: str, **behaviour: Any) -> Iterator[Path]:
    """A kubeconfig that leads through a process of its own, with a certificate and a token of its own; see front.py."""
    from ..pki import Pki

    folder = lab.folder / "like" / name
    shutil.rmtree(folder, ignore_errors=True)
    keys = Pki(folder)
    keys.ca("ca", f"{name} in front of {lab.name}")
    keys.cert("server", "ca", name, addresses=[lab.host], server=True, client=False)
    token = f"kubeconfig-u-lab:{secrets.token_hex(27)}"
    pki = lab.folder / "pki"
    config = {"listen": lab.host, "certificate": str(folder / "server.crt"), "key": str(folder / "server.key"), "token": token,
              "upstream": {"host": lab.control_plane, "port": 6443, "ca": str(pki / "ca.crt"), "certificate": str(pki / "admin.crt"),
                           "key": str(pki / "admin.key")}, **behaviour}
    file = folder / "front.json"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as out:
        json.dump(config, out)
    with open(folder / "log", "wb") as log:  # its end of stdin is our life
        process = subprocess.Popen([sys.executable, "-m", "tests.lab.like.front", str(file)], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=log, cwd=_CHECKOUT, text=True, start_new_session=True)
    try:
        port = (process.stdout.readline() if process.stdout else "").strip()
        if not port:
            raise LabError(f"{name}: the front of the API server does not start: {(folder / 'log').read_text()[-500:]}")
        server = f"https://{lab.host}:{port}{behaviour.get('prefix', '')}"
        with kubeconfig(lab, name, server, (folder / "ca.crt").read_bytes(), token) as path:
            yield path
    finally:
        process.kill()
        process.communicate()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def rancher(lab: Lab, every: int = 9, refuse: tuple[str, ...] = ("UPGRADE",)) -> Iterator[Stranger]:
    """A path, a token of Rancher's, each `every`-th answer an error page of the balancer before it, which upgrades no connection."""
    with front(lab, "rancher", prefix="/k8s/clusters/c-m-xyz", pages={"every": every, "seed": 9}, refuse=list(refuse)) as file:
        yield Stranger("rancher", file)


@contextmanager
def weathered(lab: Lab, every: int, seed: int) -> Iterator[Path]:
    """A kubeconfig by which each `every`-th read gets an error page of the balancer before the API server."""
    with front(lab, "weathered", pages={"every": every, "seed": seed, "reads": True}) as file:
        yield file


@contextmanager
def slow_api(lab: Lab, least: float = 0.5, most: float = 2.0, every: int = 11) -> Iterator[Stranger]:
    """Each answer takes its time; each `every`-th is 429, half of them without a word when to come back."""
    with front(lab, "slow_api", delay={"least": least, "most": most, "seed": 9}, busy={"every": every}) as file:
        yield Stranger("slow_api", file)
