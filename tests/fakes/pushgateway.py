# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The real Pushgateway, built from its module, for as long as a test needs it."""
from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.ports import free_port
from tests.fakes.serving import serving
from tests.lab.build import Program, build

PROGRAM = Program("pushgateway", "pushgateway", "github.com/prometheus/pushgateway")


@contextmanager
def pushgateway(folder: Path) -> Iterator[str]:
    """Its address. RuntimeError with its log when it does not come up."""
    build((PROGRAM,))
    port, log = free_port(), folder / "log"
    url = f"http://127.0.0.1:{port}"
    with serving("Pushgateway", [PROGRAM.path, f"--web.listen-address=127.0.0.1:{port}"], f"{url}/-/ready", log):
        yield url


def scraped(url: str) -> str:
    """What Prometheus gets of it."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        return answer.read().decode("utf-8")
