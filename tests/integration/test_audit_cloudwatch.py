# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CloudWatch Logs, in moto's server, as a source of audit events: the streams of API servers, and what refuses.

moto filters neither by patterns of JSON fields nor by beginnings of streams; that these are asked for is looked at by itself.
"""
from __future__ import annotations

import json
import time
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._audit.files import NoSource
from ansible_collections.assay.clusters.plugins.module_utils.checks._audit.stores import CloudWatch
from ansible_collections.assay.clusters.plugins.module_utils.checks.audit_log import AuditLog
from ansible_collections.assay.clusters.plugins.module_utils.engine import cloud_rights
from tests.fakes.moto_server import KEYS, REGION, allowed_only, client

GROUP, MARK = "/aws/eks/prod/cluster", "assay-0123456789"
SERVERS = ("kube-apiserver-audit-0a1b", "kube-apiserver-audit-2c3d")


def _event(audit_id: str) -> str:
    return json.dumps({"kind": "Event", "auditID": audit_id, "stage": "ResponseComplete", "verb": "patch",
                       "user": {"username": "admin"}, "responseStatus": {"code": 200}, "requestObject": {"x": "t0p-s3cret"}})


@pytest.fixture
def logs(moto: str) -> Any:
    made = client(moto, "logs")
    made.create_log_group(logGroupName=GROUP)
    for stream in SERVERS:
        made.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    return made


def _put(logs: Any, stream: str, *ids: str, ago: float = 0.0) -> None:
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=[
        {"timestamp": int((time.time() - ago) * 1000), "message": _event(i)} for i in ids])


def _source(moto: str, **change: Any) -> CloudWatch:
    options = {"audit_log_group": GROUP, "audit_log_streams": "kube-apiserver-audit", "region": REGION, "endpoint_url": moto,
               "access_key": KEYS["aws_access_key_id"], "secret_key": KEYS["aws_secret_access_key"], **change}
    return CloudWatch(options, MARK, {"AWS_MAX_ATTEMPTS": "1"})


def test_events_of_all_servers_are_found_with_their_streams(moto: str, logs: Any) -> None:
    source = _source(moto)
    source.start()
    for stream in SERVERS:
        _put(logs, stream, *(f"{MARK}-{stream[-1]}{n}" for n in range(3)), "of-somebody-else")
    _put(logs, SERVERS[0], f"{MARK}-old", ago=3600)
    found = {e.id: e for e in source.look()}
    assert {i for i in found if i.startswith(MARK)} == {f"{MARK}-{s[-1]}{n}" for s in SERVERS for n in range(3)}
    assert {e.where for e in found.values()} == set(SERVERS)
    one = found[f"{MARK}-b0"]
    assert (one.verb, one.user, one.code, one.stage) == ("patch", "admin", 200, "ResponseComplete") and "s3cret" not in repr(found)
    source.stop()


def test_the_question_is_for_our_ids_alone(moto: str, logs: Any, monkeypatch: Any) -> None:
    source = _source(moto)
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(source._logs, "pages", lambda *_words, **more: asked.append(more) or [])
    source.look()
    [question] = asked
    assert question["filterPattern"] == f'{{ $.auditID = "{MARK}-*" }}' and question["logStreamNamePrefix"] == "kube-apiserver-audit"
    assert abs(question["startTime"] / 1000 + 600 - time.time()) < 60


@pytest.mark.parametrize(("change", "kind", "words"), [
    ({"audit_log_group": "/aws/eks/none/cluster"}, "absent", "ResourceNotFoundException"),
    ({"endpoint_url": "http://127.0.0.1:1"}, "down", "AWS cannot be reached"),
    ({"secret_key": None}, "option", "one is set without the other")])
def test_what_refuses_is_told_apart(moto: str, logs: Any, change: dict[str, Any], kind: str, words: str) -> None:
    with pytest.raises(NoSource, match=words) as told:
        _source(moto, **change).start()
    assert told.value.kind == kind


def test_the_right_that_the_check_declares_is_enough_and_needed(moto: str, logs: Any) -> None:
    """As moto judges them: it knows actions, and no log groups."""
    _put(logs, SERVERS[0], f"{MARK}-1")
    places = {"partition": ["aws"], "region": ["*"], "account": ["*"], "log_group": [GROUP]}
    policy = cloud_rights.policy(AuditLog.cloud_permissions, places)
    assert policy["Statement"][0]["Resource"] == [f"arn:aws:logs:*:*:log-group:{GROUP}:*"]
    policy["Statement"][0]["Resource"] = "*"
    with allowed_only(moto, policy) as given:
        assert [e.id for e in _source(moto, **given).look()] == [f"{MARK}-1"]
    policy["Statement"][0]["Action"] = ["logs:DescribeLogGroups"]
    with allowed_only(moto, policy) as given, pytest.raises(NoSource, match="not authorized to perform: logs:FilterLogEvents"):
        _source(moto, **given).start()
