# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Port-forwards to many pods: how many are open, and with how many descriptors beside them."""
from __future__ import annotations

import contextlib
import os
import resource
import threading

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube import forward
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.transport import PodHttp, SlowAnswer, TransportError
from ansible_collections.assay.clusters.tests.unit.kube.scripted import eventually


@pytest.fixture
def http(pods, resolve):
    return PodHttp(Client(resolve({"host": pods.server.url})), "n", "port_forward")


def _open(pods):
    with pods.server._lock:
        return len(pods.server._open)


def test_only_so_many_are_open_and_the_one_that_was_not_used_for_longest_is_closed(pods, http, monkeypatch):
    monkeypatch.setattr(forward, "MOST", 3)
    before = threading.active_count()
    for name in "abcabdab":
        assert http.get(name, 8080, f"/{name}").text == f"pod says /{name}"
    assert pods.forwards == 4 and pods.questions == [f"/{n}" for n in "abcabdab"]
    assert eventually(lambda: _open(pods) == 3)
    assert threading.active_count() - before <= _open(pods) + 1, "those of the fake, none of ours"
    http.get("c", 8080, "/c")
    assert pods.forwards == 5, "it was closed for d"
    http.close()
    assert eventually(lambda: _open(pods) == 0)


def test_one_that_is_spoken_on_is_not_closed_for_another(pods, http, monkeypatch):
    monkeypatch.setattr(forward, "MOST", 1)
    inside, said = threading.Event(), []

    def answer(path):
        if path == "/a":
            inside.set()
            pods.over.wait(60)
        return path, 200

    pods.pod = answer
    thread = threading.Thread(target=lambda: said.append(http.get("a", 8080, "/a", timeout=60).text))
    thread.start()
    assert inside.wait(30)
    assert http.get("b", 8080, "/b").text == "/b"
    pods.over.set()
    thread.join(30)
    assert said == ["/a"]


def test_each_question_has_its_own_time(pods, http):
    assert http.get("p", 8080, "/x", timeout=60).status == 200
    pods.late = {"/slow"}
    with pytest.raises(SlowAnswer):
        http.get("p", 8080, "/slow", timeout=0.5)


def test_a_port_that_nobody_listens_on_is_told_in_the_words_of_the_kubelet(pods, http):
    pods.forward_error = "error forwarding port 8080 to pod: connect: connection refused"
    with pytest.raises(TransportError, match="^pod n/p: port-forward: error forwarding port 8080 to pod: connect: .* refused$"):
        http.get("p", 8080, "/")


def test_with_more_than_a_thousand_descriptors_open_pods_are_asked_all_the_same(http):
    """select() cannot take them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 1400 and hard != resource.RLIM_INFINITY and hard < 1400:
        pytest.skip("this machine allows too few descriptors")
    with contextlib.ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1400), hard))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _turn in range(1100):
            stack.callback(os.close, os.dup(0))
        assert [http.get(name, 8080, "/").text for name in "ab"] == ["pod says /"] * 2
