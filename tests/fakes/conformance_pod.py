# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake pod of the conformance image: a log that grows look by look, reports at the end, and a way there that may break."""
from __future__ import annotations

from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.conformance.manifests import OUTPUT, RUNNER
from ansible_collections.assay.clusters.plugins.module_utils.conformance.remote import Look
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError


class FakePod:
    """pieces: what the log has grown by at each look; an exception among them is raised by that look instead.

    It stands for the second container (look, reports, read) and for the namespace (pod, leaks.look).
    """

    run_id, name, raw = "r1", "assay-conformance-r1", None

    def __init__(self, *pieces: bytes | Exception, reports: dict[str, bytes] | None = None, most: int = 1 << 20):
        self._pieces, self._reports, self._most = list(pieces), reports or {}, most
        self.log = b""
        self.state: dict[str, Any] | None = None  # of the tests' container, when it ended
        self.output: dict[str, Any] = {"running": {}}
        self.gone = False
        self.ends = True  # with results
        self.broken: list[Exception] = []  # of the next reads
        self.leaks = self

    # ---- the second container ---------------------------------------------------------------------------------
    def look(self, offset: int | None = None) -> Look:
        if offset is None:
            return None  # type: ignore[return-value]  # of namespaces: there are none
        if self._pieces:
            piece = self._pieces.pop(0)
            if isinstance(piece, Exception):
                raise piece
            self.log += piece
        if self.gone or "running" not in self.output:
            raise ApiError("http", 404, "NotFound", "pods \"e2e-conformance-test\" not found", "GET", "/exec", body={})
        data = self.log[offset:offset + self._most]
        return Look(not self._pieces and self.ends, len(self.log), data)

    def reports(self) -> dict[str, int]:
        return {n: len(d) for n, d in self._reports.items()}

    def read(self, name: str, offset: int) -> bytes:
        if self.broken:
            raise self.broken.pop(0)
        return self._reports[name][offset:offset + self._most]

    # ---- the namespace ----------------------------------------------------------------------------------------
    def pod(self, name: str) -> dict[str, Any] | None:
        if self.gone:
            return None
        runner = {"terminated": self.state} if self.state else {"running": {}}
        return {"metadata": {"name": name}, "status": {"phase": "Running", "containerStatuses": [
            {"name": RUNNER, "state": runner}, {"name": OUTPUT, "state": self.output}]}}
