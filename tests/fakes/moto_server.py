# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""moto's server as a process of its own, on a port of its own: AWS for the tests."""
from __future__ import annotations

import json
import os
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fakes.ports import free_port
from tests.fakes.serving import serving

KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
REGION = "eu-central-1"
_MAIN = Path(__file__).with_name("moto_main.py")


@contextmanager
def moto_server(log: Path) -> Iterator[str]:
    """Its address. RuntimeError with its log when it does not come up."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    # Amazon's own images take seconds to load at each reset, and moto runs instances of any image id without them.
    environ = {**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
    command = [sys.executable, str(_MAIN), "-H", "127.0.0.1", "-p", str(port)]
    with serving("moto's server", command, f"{url}/moto-api/data.json", log, environ):
        yield url


def reset(url: str) -> None:
    """Everything in it is gone."""
    with urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST"), timeout=30):
        pass


def client(url: str, service: str = "ec2") -> Any:
    """boto3's client of this server."""
    import boto3

    return boto3.client(service, region_name=REGION, endpoint_url=url, **KEYS)


def _judge_from(url: str, requests: str) -> None:
    """After so many requests rights are judged."""
    # With urllib's own content type moto takes the number for a form.
    request = urllib.request.Request(f"{url}/moto-api/reset-auth", requests.encode(), {"Content-Type": "text/plain"},
                                     method="POST")
    with urllib.request.urlopen(request, timeout=30):
        pass


@contextmanager
def allowed_only(url: str, policy: dict[str, Any]) -> Iterator[dict[str, str]]:
    """The server judges rights as IAM does; options of a connection as a user whom this policy allows something."""
    iam = client(url, "iam")
    name = f"reader-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="least", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    _judge_from(url, "0")
    try:
        yield {"region": REGION, "endpoint_url": url, "access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}
    finally:
        _judge_from(url, "inf")
