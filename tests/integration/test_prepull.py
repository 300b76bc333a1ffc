# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbook prepull as users start it: what is piped in, wrong input, check mode, and its end by kill -9."""
from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from tests.integration.conftest import eventually

PAUSE = "registry.k8s.io/pause:3.10"
POD = f"kind: Pod\nspec:\n  containers:\n    - image: {PAUSE}\n"


@pytest.fixture
def client(kubeconfig: str) -> Any:
    connection = Connection.resolve({"kubeconfig": kubeconfig}, {})
    yield Client(connection)
    connection.close()


def spaces(client: Client) -> list[str]:
    """Namespaces of prepulls that are there."""
    return [n["metadata"]["name"] for n in client.get("/api/v1/namespaces")["items"]
            if n["metadata"]["name"].startswith("assay-prepull-")]


def test_what_is_piped_in_is_pulled_on_all_clusters(playbook: Any, kubeconfig: str, client: Client) -> None:
    """The same cluster by two names, as two of the inventory."""
    book = playbook(**{n: {"cluster_kubeconfig": str(kubeconfig)} for n in ("a", "b")})
    command = book._command("-e", "prepull_manifests=-", "-e", '{"prepull_checks": []}', playbook="prepull")
    done = subprocess.run(command, env=book.env, input=POD, text=True, capture_output=True, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0 and done.stdout.count("1 image on ") == 2 and "pause:3.10" in done.stdout
    assert spaces(client) == []


def test_check_mode_tells_and_makes_nothing(playbook: Any, client: Client) -> None:
    done = playbook().run("--check", "-e", '{"prepull_checks": ["dns"], "prepull_images": ["quay.io/no/such:1"]}',
                          playbook="prepull")
    assert done.returncode == 0 and "would be pulled" in done.stdout
    assert spaces(client) == []


WRONG = {
    "nothing": ({"prepull_checks": []}, "images: no image is named; give images, image_files, manifests, checks or domains"),
    "name": ({"prepull_images": ["Not An Image"]}, "images: 'Not An Image' is not the name of an image"),
    "node": ({"prepull_nodes": ["nobody"]}, "nodes: there is no node nobody; there are "),
    "selector": ({"prepull_selector": "no=such"}, "nodes: there is no node with labels no=such to work on"),
    "number": ({"prepull_per_node": 0}, "per_node: must be at least 1, not 0"),
    "secret": ({"prepull_pull_secrets": ["default/nothing"]}, "there is no Secret nothing in namespace default")}


def test_wrong_input_is_one_sentence_and_leaves_nothing(playbook: Any, kubeconfig: str, client: Client) -> None:
    """Of each host of an inventory, as they are all asked at once."""
    book = playbook(**{host: {"cluster_kubeconfig": str(kubeconfig), **given} for host, (given, _words) in WRONG.items()})
    done = book.run(playbook="prepull")
    assert done.returncode != 0 and "Traceback" not in done.stdout
    fatal = {line.split("[")[1].split("]")[0]: line for line in done.stdout.splitlines() if line.startswith("fatal: [")}
    assert {host: words in fatal.get(host, "") for host, (_given, words) in WRONG.items()} == dict.fromkeys(WRONG, True)
    assert spaces(client) == []


def start(book: Any) -> subprocess.Popen[str]:
    """A prepull that waits for a node that never joins."""
    more = ("-e", '{"prepull_checks": ["dns"], "prepull_join_timeout": 600}')
    return subprocess.Popen(book._command(*more, playbook="prepull"), env=book.env, text=True, start_new_session=True,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def test_a_killed_playbook_leaves_nothing(playbook: Any, client: Client) -> None:
    """kill -9 of the whole process group: the guardian, in a session of its own, finishes it."""
    process = start(playbook())
    eventually("the namespace", lambda: spaces(client))
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    eventually("no namespace", lambda: not spaces(client))


def test_the_next_one_finishes_what_was_killed_with_its_guardian(playbook: Any, client: Client) -> None:
    book = playbook()
    process = start(book)
    eventually("the namespace", lambda: spaces(client))
    journals = Path(book.env["XDG_STATE_HOME"]) / "assay/journal"
    while book.processes():
        book.kill_all()
    process.wait()
    assert spaces(client) and list(journals.glob("*.jsonl"))
    assert book.run("-e", '{"prepull_checks": [], "prepull_images": ["' + PAUSE + '"]}', playbook="prepull").returncode == 0
    eventually("no namespace", lambda: not spaces(client))
