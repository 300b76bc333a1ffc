# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Google Cloud Storage for the tests: the emulator fake-gcs-server, built from its module, with conditions of writes as the real one.

It knows no rights and no throttling, and every log-in is good.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.ports import free_port
from tests.fakes.serving import serving
from tests.lab.build import Program, build

PROGRAM = Program("fake-gcs-server", "gcs", "github.com/fsouza/fake-gcs-server")
BUCKET = "example-conf"


@contextmanager
def gcs_server(folder: Path) -> Iterator[str]:
    """Its address; it has BUCKET, which is empty. RuntimeError with its log where it does not come up."""
    build((PROGRAM,))
    port, log = free_port(), folder / "log"
    url = f"http://127.0.0.1:{port}"
    (folder / "data" / BUCKET).mkdir(parents=True)
    command = [PROGRAM.path, "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-external-url", url,
               "-public-host", f"127.0.0.1:{port}", "-data", folder / "data"]
    with serving("fake-gcs-server", command, f"{url}/storage/v1/b/{BUCKET}", log):
        yield url
