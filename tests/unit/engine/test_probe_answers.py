# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What answers in place of a probe: a proxy in between, a firewall, a page to sign in. None of it is the feature's failure."""
from __future__ import annotations

import json
import time
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine.probes import DialAnswer, Probe, ShellAnswer
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.patient import PatientClient
from ansible_collections.assay.clusters.plugins.module_utils.kube.transport import PodHttp, TransportError
from ansible_collections.assay.clusters.tests.unit.kube.server import Server

HTML = "<html><head><title>502 Bad Gateway</title></head></html>"
DIAL, SHELL = {"responses": ["p"]}, {"output": "out\n"}


@pytest.fixture
def probe():
    """probe(answers): asked in turn, the last for ever; .asked tells the requests so far."""
    made: list[Any] = []

    def start(*answers: Any, patience: float = 10.0) -> Any:
        left = list(answers)
        server = Server(lambda r: r.answer(*(left.pop(0) if len(left) > 1 else left[0]))).start()
        connection = Connection.resolve({"host": server.url}, {})
        client = Client(connection)
        made.extend((server.stop, client.close, connection.close))
        patient = PatientClient(client, lambda: time.monotonic() + 60, lambda e: None, patience=patience)
        found = Probe("n1", "p", "10.0.0.1", PodHttp(client, "n", "proxy"), patient.persist)
        found.asked = server.requests  # type: ignore[attr-defined]
        return found

    yield start
    for end in made:
        end()


def _ask(probe: Any, how: str) -> Any:
    return probe.dial("10.0.0.2", 80) if how == "dial" else probe.shell("date")


@pytest.mark.parametrize("how", ["dial", "shell"])
@pytest.mark.parametrize("away", [(HTML, 502), ("No server is available", 503), (HTML, 504), ("busy", 429), ("", 500)])
def test_a_proxy_whose_servers_are_away_for_a_moment_is_asked_again(probe: Any, how: str, away: Any) -> None:
    made = probe(away, (DIAL if how == "dial" else SHELL,))
    answer = _ask(made, how)
    assert (answer.ok and answer.responses == ["p"]) if how == "dial" else (answer.output, answer.error) == ("out\n", "")
    assert len(made.asked) == 2


@pytest.mark.parametrize("how", ["dial", "shell"])
def test_one_whose_servers_stay_away_is_the_api_servers_silence(probe: Any, how: str) -> None:
    with pytest.raises(ApiError) as e:
        _ask(probe((HTML, 502), patience=0.1), how)
    assert e.value.status == 503 and e.value.message == "something before the probe answered: 502 502 Bad Gateway"


@pytest.mark.parametrize("how", ["dial", "shell"])
@pytest.mark.parametrize("page", [("<html>Denied by WAF</html>", 403), (HTML, 200), ("ok", 200), ([], 200), ("", 302)])
def test_what_will_not_pass_means_that_the_probe_cannot_be_asked(probe: Any, how: str, page: Any) -> None:
    made = probe(page)
    with pytest.raises(TransportError, match="^pod p: something before it answered: "):
        _ask(made, how)
    assert len(made.asked) == 1


def test_the_probes_own_answers_are_the_features(probe: Any) -> None:
    refused = {"errors": ["dial tcp 10.0.0.2:80: connect: connection refused"]}
    answer = probe((json.dumps(refused),)).dial("10.0.0.2", 80)
    assert isinstance(answer, DialAnswer) and not answer.ok and answer.errors == refused["errors"]
    answer = probe(({"output": "", "error": "exit status 2"},)).shell("false")
    assert isinstance(answer, ShellAnswer) and answer.error == "exit status 2"
