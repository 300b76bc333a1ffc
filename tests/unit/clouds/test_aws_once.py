# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What botocore knows of services is read once by a process, however many connections it makes."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clouds import aws

GIVEN = {"region": "eu-central-1", "access_key": "a", "secret_key": "b", "endpoint_url": "http://127.0.0.1:1"}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files of botocore's that are read from now on."""
    from botocore.loaders import JSONFileLoader

    aws._descriptions.cache_clear()
    paths: list[str] = []
    load = JSONFileLoader.load_file

    def noted(loader: JSONFileLoader, path: str) -> object:
        paths.append(path)
        return load(loader, path)

    monkeypatch.setattr(JSONFileLoader, "load_file", noted)
    return paths


def test_connections_share_what_one_has_read(read: list[str]) -> None:
    aws.connect(GIVEN, {}, "sqs").close()
    assert read
    read.clear()
    aws.connect({**GIVEN, "region": "us-east-1", "access_key": "c"}, {}, "sqs").close()
    assert read == []


@pytest.mark.usefixtures("read")
def test_a_folder_of_descriptions_that_the_environment_names_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.connect(GIVEN, {}, "sqs").close()
    folder = tmp_path / "sqs/2030-01-01"
    folder.mkdir(parents=True)
    about = {"apiVersion": "2030-01-01", "endpointPrefix": "sqs", "protocol": "json", "serviceId": "SQS", "signatureVersion": "v4"}
    (folder / "service-2.json").write_text(json.dumps({"version": "2.0", "metadata": about, "operations": {}, "shapes": {}}))
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    api = aws.connect(GIVEN, {}, "sqs")
    assert api._client.meta.service_model.api_version == "2030-01-01"
    api.close()
