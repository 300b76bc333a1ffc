# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where things are, which versions, and how commands are run."""
from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def _version(module: str, folder: str) -> str:
    """The version of a module that a folder's go.mod says."""
    return re.findall(rf"{re.escape(module)} (v\S+)", (HERE / "go" / folder / "go.mod").read_text(encoding="utf-8"))[0]


# One line of one file says it; `python -m tests.lab version v1.36.3` changes it with all that hangs on it. The variable has another
# one built for once.
OWN_KUBERNETES = _version("k8s.io/kubernetes", "kube")
KUBERNETES = os.environ.get("ASSAY_KUBERNETES") or OWN_KUBERNETES
COREDNS = _version("github.com/coredns/coredns", "addons")
LOCAL_PATH = _version("github.com/rancher/local-path-provisioner", "addons")
METRICS_SERVER = _version("sigs.k8s.io/metrics-server", "addons")
START = time.monotonic()


class LabError(Exception):
    """The lab cannot do what was asked; one sentence."""


def cache() -> Path:
    """Built programs and images' sources, shared by all checkouts of this user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("ASSAY_CACHE") or Path(base) / "assay") / "lab"


def state() -> Path:
    """Running clusters; they are the machine's, whichever checkout started them."""
    return Path(os.environ.get("ASSAY_LAB_STATE") or "/var/lib/assay-lab")


def say(text: str) -> None:
    print(f"lab: [{time.monotonic() - START:5.1f} s] {text}", flush=True)


def run(*command: Any, check: bool = True, **kwargs: Any) -> str:
    """Run a command and return its output; LabError with its words when it fails."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **kwargs)
    if check and done.returncode:
        words = (done.stderr.strip() or done.stdout.strip())[-1500:]
        raise LabError(f"{' '.join(map(str, command))[:200]}: exit status {done.returncode}: {words}")
    return done.stdout


def wait_for(what: str, probe: Callable[[], Any], seconds: float = 120.0, every: float = 0.2) -> Any:
    """The first true probe(); errors count as not yet. LabError at the end of the time."""
    end, last = time.monotonic() + seconds, None
    while True:
        try:
            value = probe()
            if value:
                return value
        except Exception as e:  # anything may fail while things start
            last = e
        if time.monotonic() > end:
            raise LabError(f"{what}: not there after {seconds:.0f} s" + (f" ({last})" if last else ""))
        time.sleep(every)
