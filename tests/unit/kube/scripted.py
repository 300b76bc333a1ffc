# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Watches of a real HTTP server that does what a test says, one watch after the other."""
from __future__ import annotations

import json
import threading
import time
from types import SimpleNamespace

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube import watch as module
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.watch import Watch
from ansible_collections.assay.clusters.tests.unit.kube.server import Server

PATH = "/api/v1/namespaces/n/pods"


def pod(name, version, phase="Pending"):
    return {"kind": "Pod", "metadata": {"name": name, "namespace": "n", "resourceVersion": str(version)},
            "status": {"phase": phase}}


def event(kind, item):
    return json.dumps({"type": kind, "object": item}).encode() + b"\n"


class Script:
    """An API server of one collection: `listed` is what a list tells, each watch is the next of `watches`.

    A watch is a function of the request; after the last one, streams stay open and silent until the test ends.
    """

    def __init__(self):
        self.listed, self.version, self.watches = [], 10, []
        self.over = threading.Event()
        self.server = Server(self.respond).start()

    def respond(self, request):
        if "watch" not in request.query:
            request.answer({"kind": "PodList", "metadata": {"resourceVersion": str(self.version)}, "items": self.listed})
        elif self.watches:
            self.watches.pop(0)(request)
        else:
            request.open_stream()
            self.over.wait(30)

    def sends(self, *events, then=None):
        """The next watch: these events, then an orderly end, or `then`(request). Bookmarks only for who asks for them."""
        def answer(request):
            request.open_stream()
            for event in events:
                if b'"BOOKMARK"' not in event or request.query.get("allowWatchBookmarks") == "true":
                    request.send(event)
            if then:
                then(request)
            else:
                request.end_stream()

        self.watches.append(answer)

    def versions(self):
        """The resource versions from which was watched."""
        return [r.query["resourceVersion"] for r in self.server.asked("GET", PATH) if "watch" in r.query]

    def lists(self):
        return len([r for r in self.server.asked("GET", PATH) if "watch" not in r.query])


@pytest.fixture
def script():
    made = Script()
    yield made
    made.over.set()
    made.server.stop()


@pytest.fixture
def watch(script):
    """A started watch of the script's collection."""
    made, threads = [], set()

    def start(**params):
        connection, others = Connection.resolve({"host": script.server.url}, {}), set(threading.enumerate())
        one = Watch(Client(connection), PATH, params or None)
        made.append((one, connection))
        one.start()
        threads.update(t for t in set(threading.enumerate()) - others if t.name == f"watch {one.name}")
        return one

    yield start
    script.over.set()
    for one, connection in made:
        one.stop()
        connection.close()
    for thread in threads:
        thread.join(30)  # one that asks once more would meet what the next test puts into the client
        assert not thread.is_alive(), f"{thread.name} goes on after its end"


@pytest.fixture
def pauses(script, monkeypatch):
    """The pauses (seconds) that watches make, which take no time; after the sixth one they wait for the end of the test."""
    made, others = [], set(threading.enumerate())

    def sleep(seconds):
        if threading.current_thread() in others:  # a watch that another test left behind
            time.sleep(seconds)
            return
        made.append(seconds)
        if len(made) >= 6:
            script.over.wait(60)

    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))
    return made


def soon(seconds=60.0):
    return time.monotonic() + seconds


def phase(name, phase):
    return lambda items: ("n", name) in items and items[("n", name)]["status"]["phase"] == phase


def eventually(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()
