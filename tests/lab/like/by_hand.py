# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""For the command line: a process in the background keeps the cluster a stranger's until `unlike`."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..base import LabError, say, wait_for
from . import STRANGERS, like

if TYPE_CHECKING:
    from ..cluster import Lab

_CHECKOUT = Path(__file__).resolve().parents[3]
_HOLD = "held"


def _note(lab: Lab, name: str) -> Path:
    return lab.folder / "like" / f"{name}.pid"


def _keeper(note: Path) -> int:
    """The process that keeps it; 0 where it is gone."""
    try:
        number = int(note.read_text().split()[0])
        return number if _HOLD.encode() in Path(f"/proc/{number}/cmdline").read_bytes() else 0
    except (OSError, ValueError, IndexError):
        return 0


def _kept(lab: Lab) -> dict[str, int]:
    folder = lab.folder / "like"
    found = {n.stem: _keeper(n) for n in sorted(folder.glob("*.pid"))} if folder.is_dir() else {}
    return {name: number for name, number in found.items() if number}


def start(lab: Lab, words: list[str]) -> int:
    """like NAME: returns when the cluster is like that. Without a name, what there is."""
    if not words:
        for name, (line, _make) in STRANGERS.items():
            print(f"  like {name:20} {line}")
        return 0
    name, *rest = words
    if name not in STRANGERS or rest not in ([], [_HOLD]):
        raise LabError(f"like: takes one of {', '.join(STRANGERS)}")
    if rest:
        return _hold(lab, name)
    if name in _kept(lab):
        raise LabError(f"{lab.name} is like {name} already; unlike {name} ends it")
    note = _note(lab, name)
    note.parent.mkdir(exist_ok=True)
    note.unlink(missing_ok=True)
    with open(note.with_suffix(".log"), "wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "tests.lab", "like", name, _HOLD, "--name", lab.name], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, cwd=_CHECKOUT, start_new_session=True)
    while not note.exists():
        if process.poll() is not None:
            raise LabError(f"like {name}: {note.with_suffix('.log').read_text().strip()[-500:]}")
        time.sleep(0.1)
    say(f"{lab.name} is like {name}; KUBECONFIG={note.read_text().split()[1]}")
    return 0


def _hold(lab: Lab, name: str) -> int:
    """The process in the background: until it is told to end."""
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: ended.append(number))
    with like(lab, name) as stranger:
        work = _note(lab, name).with_suffix(".new")
        work.write_text(f"{os.getpid()} {stranger.kubeconfig}\n")
        work.replace(_note(lab, name))
        for key, value in stranger.settings.items():
            print(f"a run here wants validate_{key}: {value}")
        while not ended:
            time.sleep(0.2)
    _note(lab, name).unlink(missing_ok=True)
    return 0


def end(lab: Lab, words: list[str]) -> int:
    """unlike [NAME...]: all of them, where none is named; and what killed ones left."""
    kept = _kept(lab)
    for name in words or [*kept]:
        if name not in kept:
            raise LabError(f"{lab.name} is not like {name}" + (f", but like {', '.join(kept)}" if kept else ""))
        os.kill(kept[name], signal.SIGTERM)
        wait_for(f"the end of {name}", lambda n=name: n not in _kept(lab), 180)
        say(f"{lab.name} is like {name} no more")
    lab.restore()
    for note in (lab.folder / "like").glob("*.pid"):  # of keepers that were killed
        if not _keeper(note):
            note.unlink(missing_ok=True)
    return 0
