# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fixtures of the tests of connections and watches."""
from __future__ import annotations

import subprocess

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.tests.lab.pki import Pki
from ansible_collections.assay.clusters.tests.unit.kube.fake_pods import FakePods
from ansible_collections.assay.clusters.tests.unit.kube.scripted import pauses, script, watch

__all__ = ["pair", "pauses", "resolve", "script", "watch"]


@pytest.fixture
def resolve():
    """Connection.resolve, closed in the end."""
    made = []

    def call(options=None, **environ):
        made.append(Connection.resolve(options or {}, environ))
        return made[-1]

    yield call
    for connection in made:
        connection.close()


@pytest.fixture
def pods():
    made = FakePods()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def pair(tmp_path_factory):
    """A folder with a CA, certificates of jane, joe and a server, jane's both.pem, and locked.key of jane, encrypted."""
    folder = tmp_path_factory.mktemp("pair")
    pki = Pki(folder)
    pki.ca("ca", "lab")
    pki.cert("jane", "ca", "jane", groups=["dev"])
    pki.cert("joe", "ca", "joe")
    pki.cert("server", "ca", "s", names=["localhost"], addresses=["127.0.0.1"], server=True)
    pki.rsa_pair("rsa")
    (folder / "both.pem").write_text((folder / "jane.crt").read_text() + (folder / "jane.key").read_text())
    subprocess.run(["openssl", "pkcs8", "-topk8", "-v2", "aes256", "-passout", "pass:hunter2", "-in", str(folder / "jane.key"),
                    "-out", str(folder / "locked.key")], check=True, capture_output=True)
    return folder
