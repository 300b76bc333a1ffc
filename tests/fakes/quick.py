# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What fakes wait for though it proves nothing: most of the time of these tests, without this."""
from __future__ import annotations

import functools
import json
import socketserver
import ssl

import pytest

# What the product attaches to roles; moto has 1500 policies, and makes objects of all of them for each test.
_POLICIES = ("EKS", "EC2ContainerRegistry")


@pytest.fixture(autouse=True)
def quick_fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are not held back, and no certificates are read: all these fakes speak plain HTTP."""
    # They write head and body apart, and each body would wait 40 ms for the acknowledgement of the head.
    monkeypatch.setattr(socketserver.StreamRequestHandler, "disable_nagle_algorithm", True)
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda _context, *_purpose: None)


@functools.cache
def _read_once() -> object:
    """botocore's reader of its models, which each session reads anew, half a second each time."""
    from botocore.loaders import JSONFileLoader

    files = JSONFileLoader()
    known = functools.cache(functools.partial(JSONFileLoader.load_file, files))
    return lambda _loader, path: known(path)


def read_models_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For boto3 in this process."""
    from botocore.loaders import JSONFileLoader

    monkeypatch.setattr(JSONFileLoader, "load_file", _read_once())


def quick_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto in this process: it ends when it is told to, and knows few policies of Amazon's own."""
    from moto.iam import models
    from werkzeug.serving import BaseWSGIServer

    read_models_once(monkeypatch)
    monkeypatch.setattr(BaseWSGIServer.serve_forever, "__defaults__", (0.02,))
    known = json.loads(models.aws_managed_policies_data)
    some = {name: policy for name, policy in known.items() if any(part in name for part in _POLICIES)}
    monkeypatch.setattr(models, "aws_managed_policies_data", json.dumps(some))
