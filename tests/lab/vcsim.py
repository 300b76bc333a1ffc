# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A vCenter or an ESXi host: govmomi's simulator, which speaks the real protocol, and takes orders from tests."""
from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.fakes.weather import SKY

from .base import LabError
from .build import Program, build

PROGRAM = Program("vcsim", "vcsim", ".")
USER, PASSWORD = "user", "pa ss&<word"


class Vcsim:
    """A running simulator. order(): see main.go for the fields."""

    def __init__(self, process: subprocess.Popen[str], host: str, port: int, orders: str) -> None:
        self.process, self.host, self.port, self._orders = process, host, port, orders
        self._own, self._foul = False, False  # whether a test has ordered weather, and whether the sky over all tests has

    @property
    def options(self) -> dict[str, Any]:
        """Options of a module that reach it."""
        return {"platform": "vsphere", "hostname": self.host, "port": self.port, "username": USER, "password": PASSWORD,
                "validate_certs": False}

    def order(self, **fields: Any) -> None:
        request = urllib.request.Request(f"http://{self._orders}/orders", json.dumps(fields).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10):
                pass
        except urllib.error.HTTPError as e:
            raise LabError(f"vcsim: {e.read().decode().strip()}") from None

    def calls(self) -> dict[str, int]:
        """How often each SOAP method (of other requests the path) was called so far; spoilt: reads that met weather."""
        with urllib.request.urlopen(f"http://{self._orders}/orders", timeout=10) as answer:
            return dict(json.load(answer))

    @contextmanager
    def foul(self, seed: int = 1, every: int = 3, kinds: tuple[str, ...] = (), quiet: float = 0.2) -> Iterator[None]:
        """Weather: each `every`-th read is answered with a load balancer's page, a reset, or silence of `quiet` seconds."""
        self._own = True
        try:
            with self.ordered(Weather={"Every": every, "Kinds": list(kinds), "Seed": seed, "Quiet": int(quiet * 1000)}):
                yield
        finally:
            self._own = False

    def turn(self) -> None:
        """The weather may be another one now: foul while the product asks."""
        foul = SKY.dice is not None and SKY.asks > 0 and not self._own
        if foul and not self._foul:
            self.order(Weather={"Every": SKY.dice.randint(3, 7), "Seed": SKY.dice.randrange(999), "Quiet": 100})
        elif self._foul and not foul and not self._own:
            self.order(Weather={"Every": 0})
        self._foul = foul

    @contextmanager
    def ordered(self, **fields: Any) -> Iterator[None]:
        """An order that is taken back: faults, delays and weather."""
        self.order(**fields)
        try:
            yield
        finally:
            self.order(Clear=True)


@contextmanager
def vcsim(esx: bool = False, machines: int = 2, hosts: int = 3, stores: int = 1, datacenters: int = 1,
          page: int = 0) -> Iterator[Vcsim]:
    """machines: per cluster (or host, with esx). page: objects in one answer of the property collector, 0 for all.

    It ends with this process, whatever ends that.
    """
    build((PROGRAM,))
    arguments = [f"-esx={str(esx).lower()}", f"-vm={machines}", f"-host={hosts}", f"-ds={stores}", f"-dc={datacenters}",
                 f"-page={page}", f"-password={PASSWORD}"]
    process = subprocess.Popen([PROGRAM.path, *arguments], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin and process.stdout
    try:
        line = process.stdout.readline()
        if not line:
            raise LabError("vcsim ended before it had begun; its words are above")
        told = json.loads(line)
        made = Vcsim(process, told["host"], int(told["port"]), told["orders"])
        with SKY.over(made.turn):
            yield made
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
