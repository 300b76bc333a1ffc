# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to run when a pipeline is interrupted: Ansible ends at once then, and leaves out what stands in `always`.

A small process outlives the playbook. Where that ended and the pipeline did not, it starts the same command once more, from
the stages on that always run.
"""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from ..common.guardian import outlive
from ..common.processes import Watched, unmarked

# Nobody is there to answer what these ask for.
_ASKS = {"--ask-vault-pass", "--ask-vault-password", "-J", "--ask-pass", "-k", "--ask-become-pass", "-K", "--step"}
LOG = "guard.log"


def command(argv: list[str], results_dir: Path) -> list[str]:
    """The same playbook from its stages on that always run; empty where it would ask for a password."""
    if not argv or _ASKS & set(argv):
        return []
    more = {"pipeline_start_at": "report", "pipeline_results_dir": str(results_dir), "pipeline_guard": False}
    return [*argv, "-e", json.dumps(more)]


def _started(process: int) -> tuple[list[str], str]:
    """The words and the folder that a playbook was started with. Workers have both of it, where there is no /proc to ask."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        return [os.fsdecode(w) for w in words[:-1]], os.readlink(f"/proc/{process}/cwd")
    except OSError:
        program = shutil.which(sys.argv[0]) if sys.argv and process == os.getppid() else None
        return [sys.executable, os.path.abspath(program), *sys.argv[1:]] if program else [], os.getcwd()


def _finish(argv: list[str], cwd: str, environ: Mapping[str, str], log: Path) -> None:
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
        subprocess.run(argv, cwd=cwd, env=unmarked(environ), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                       check=False)


def arm(folder: Path, playbook: int, environ: Mapping[str, str], unfinished: Callable[[Path], list[str]]) -> int:
    """Start the process; its number, 0 where it could not do anything. folder: where the states of the pipeline are."""
    try:
        parent = Watched(playbook)
    except OSError:  # in a module's own process
        return 0
    words, cwd = _started(playbook)
    argv = command(words, folder.parent)
    if not argv:
        parent.close()
        return 0

    def guard(up: Callable[[], None]) -> None:
        up()
        parent.ended()
        if unfinished(folder):
            _finish(argv, cwd, environ, folder / LOG)

    try:
        return outlive(guard, *parent.files)
    finally:
        parent.close()
