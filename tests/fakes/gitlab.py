# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake of GitLab's licence API, as its documentation has it, with weather; and of any server that answers JSON.

GET /api/v4/license: for administrators alone (401 without a good token, 403 for anybody else), 404 in the Community Edition,
null where no licence is installed. As a program: `python -m tests.fakes.gitlab FOLDER` keeps its address in FOLDER/url, and
answers with FOLDER/license.json until it is killed.
"""
from __future__ import annotations

import contextlib
import datetime
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKEN = "glpat-planted-0123456789abcdef"
STRANGER = "glpat-stranger-0123456789abcdef"


def license_of(days: float, **more: Any) -> dict[str, Any]:
    """The answer for a licence that ends in so many days, in the words of the documentation."""
    today = datetime.datetime.now(datetime.timezone.utc)
    return {"id": 2, "plan": "ultimate", "created_at": "2018-02-27T23:21:58.674Z", "starts_at": "2018-01-27",
            "expires_at": (today + datetime.timedelta(days=days)).strftime("%Y-%m-%d"), "historical_max": 300,
            "maximum_user_count": 300, "expired": days < 0, "overage": 0, "user_limit": 300, "active_users": 250,
            "licensee": {"Name": "John Doe1", "Email": "johndoe1@gitlab.com", "Company": "GitLab"},
            "add_ons": {"GitLab_FileLocks": 1, "GitLab_Auditor_User": 1}, **more}


class FakeGitLab:
    """Use as a context manager. license: what is answered (None: none installed); community: the edition without licences.

    weather: statuses that come before the real answer, one for each request; a number below 100 is seconds of silence. others:
    what further paths answer: data, or text as it is. ahead: seconds that its clock is ahead. calls: (path, headers).
    """

    def __init__(self, license: Any = None, community: bool = False, port: int = 0):
        self.license, self.community = license, community
        self.weather: list[float] = []
        self.others: dict[str, Any] = {}
        self.ahead = 0.0
        self.calls: list[tuple[str, dict[str, str]]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string((timestamp or time.time()) + fake.ahead)

            def do_GET(self) -> None:
                fake.calls.append((self.path, dict(self.headers)))
                with contextlib.suppress(OSError):
                    self._answer(*fake.answer(self.path, dict(self.headers)))

            def _answer(self, status: int, body: str, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body.encode())), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_args: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, str, dict[str, str]]:
        if self.weather:
            now = self.weather.pop(0)
            if now >= 100:
                page = f"<html><head><title>{now:.0f} weather</title></head></html>"
                return int(now), page, {"Content-Type": "text/html", "Retry-After": "0"}
            time.sleep(now)
        if path in self.others:
            found = self.others[path]
            return 200, found if isinstance(found, str) else json.dumps(found), {"Content-Type": "application/json"}
        if path != "/api/v4/license" or self.community:
            return 404, '{"error":"404 Not Found"}', {}
        token = headers.get("PRIVATE-TOKEN") or headers.get("Private-Token")
        if token not in (TOKEN, STRANGER):
            return 401, '{"message":"401 Unauthorized"}', {}
        return (403, '{"message":"403 Forbidden"}', {}) if token == STRANGER else (200, json.dumps(self.license), {})

    def __enter__(self) -> FakeGitLab:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_args: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def main() -> None:
    folder = Path(sys.argv[1])
    with FakeGitLab() as fake:
        (folder / "url").write_text(fake.url, encoding="ascii")
        while True:
            with contextlib.suppress(OSError, ValueError):
                fake.license = json.loads((folder / "license.json").read_text(encoding="ascii"))
            time.sleep(0.2)


if __name__ == "__main__":
    main()
