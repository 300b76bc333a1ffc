# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the platforms that an inventory names for a cluster can be reached: their options, and their credentials."""
from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

from ..clusters.flow.registry import open_platform
from ..jobs.errors import PlatformError
from ..jobs.job import Job
from ..machines.choice import registry as machine_platforms
from ..snapshots.set import wanted

# Platforms whose construction asks nobody. Rancher's does where it has no token to log in with.
_QUIET = ("command", "eks", "konvoy")


def _program(name: str, settings: Mapping[str, Any]) -> str:
    """What a platform that is a program on the controller lacks, "" for nothing."""
    words = settings.get("create") or [] if name == "command" else \
        [settings.get("program") or ("dkp" if settings.get("generation") == "v2" else "konvoy")]
    first = words[0][0] if words and isinstance(words[0], list) else words[0] if words else ""
    folder = Path(str(settings.get("workdir") or ".")).expanduser()
    there = not first or shutil.which(str(first)) or (folder / str(first)).exists() or "{" in str(first)
    return "" if there else f"the program {first} is not on the PATH of the controller"


def _quiet(name: str, settings: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    return name in _QUIET or name == "rancher" and bool(
        settings.get("token") or environ.get("RANCHER_TOKEN") or environ.get("RANCHER_TOKEN_KEY")
        or not (settings.get("username") or environ.get("RANCHER_USERNAME")))


def cluster_problem(host: str, name: str, settings: Mapping[str, Any], ask: bool, job: Job) -> str:
    """What keeps this platform from serving the cluster, "" for nothing. ask: it is asked for this cluster, too."""
    try:
        if ask or _quiet(name, settings, job.environ):
            with closing(open_platform({"platform": name, name: settings}, job)) as platform:
                if ask and name not in ("command", "konvoy"):
                    platform.find(host)
        lacks = _program(name, settings) if name in ("command", "konvoy") else ""
    except PlatformError as e:
        lacks = str(e)
    return f"platform {name}: {lacks}" if lacks else ""


def machines_problem(params: Mapping[str, Any], ask: bool, job: Job) -> str:
    """The same of the platform of its machines."""
    try:
        asked = wanted(params)
        platform = machine_platforms.open(params, job)
        try:
            if ask and not platform.find(asked):
                return f"machines of {params['platform']}: none is selected, or this user may not see them"
        finally:
            platform.close()
    except PlatformError as e:
        return f"machines of {params['platform']}: {e}"
    return ""


def within(seconds: float, what: str, ask: Callable[[], str]) -> Callable[[], str]:
    """Begin to ask; the result waits for the answer until the time is up. Whoever does not answer is left behind."""
    answer: list[str] = []

    def asking() -> None:
        try:
            answer.append(ask())
        except Exception as e:  # pylint: disable=broad-exception-caught  # of whatever library asks there: told, never lost
            answer.append(f"{what}: {type(e).__name__}: {e}")

    thread = Thread(target=asking, daemon=True)
    thread.start()

    def joined() -> str:
        thread.join(seconds)
        return answer[0] if answer else f"{what}: no answer within {seconds:g} s"

    return joined
