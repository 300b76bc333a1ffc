# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The example that tells a chat how a run ended, as docs/results.md calls it: against a web server on this machine, no chat."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results import gate, store
from ansible_collections.assay.clusters.tests.unit.results import samples
from tests.documented import commands

EXAMPLE = Path(__file__).resolve().parents[3] / "docs/examples/infra/tell.yml"
[COMMAND] = [c.text for c in commands("docs/results.md") if c.needs == "tests/unit/collection/test_tell_example.py"]
RED = samples.node_down("c2")


class Chat(ThreadingHTTPServer):
    """Writes down the bodies that it gets and answers with a status."""

    status = 200

    def __init__(self) -> None:
        self.told: list[Any] = []
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                chat.told.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
                self.send_response(chat.status)
                self.end_headers()

            def log_message(self, *_words: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture(name="chat")
def _chat() -> Iterator[Chat]:
    with Chat() as chat:
        threading.Thread(target=chat.serve_forever, daemon=True).start()
        yield chat
        chat.shutdown()


def _told(chat: Chat, folder: Path, *runs: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    for run in runs:
        store.write_cluster_run(folder / "results", run)
    (folder / "results").mkdir(exist_ok=True)
    shutil.copy(EXAMPLE, folder)
    environ = {**os.environ, "CHAT_WEBHOOK": f"http://127.0.0.1:{chat.server_port}/hooks/s3cr3t"}
    done = subprocess.run(["bash", "-euc", COMMAND], cwd=folder, text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, env=environ)
    print(done.stdout, done.stderr)
    return done


@pytest.mark.parametrize(("runs", "text"), [
    ((samples.healthy("c1"),), "1 of 1 clusters are good."),
    ((samples.healthy("c1"), RED), f"1 of 2 clusters are not good enough:\n{gate.gate(RED)[1]}"),
    ((), "No cluster has a result.")], ids=["good", "red", "empty"])
def test_the_chat_gets_the_end_and_the_causes(chat: Chat, tmp_path: Path, runs: Any, text: str) -> None:
    done = _told(chat, tmp_path, *runs)
    assert done.returncode == 0 and chat.told == [("/hooks/s3cr3t", {"text": text})]


def test_a_chat_that_does_not_take_it_is_told_without_the_key_to_it(chat: Chat, tmp_path: Path) -> None:
    chat.status = 403
    done = _told(chat, tmp_path, samples.healthy("c1"))
    assert done.returncode == 2 and "the chat did not take the message: status 403" in done.stdout + done.stderr
    assert "s3cr3t" not in done.stdout + done.stderr
