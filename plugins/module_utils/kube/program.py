# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs and libraries that sign in, bounded in time: nobody is asked at a terminal, and no child stays behind."""
from __future__ import annotations

import base64
import contextlib
import datetime
import functools
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, IO

from .json_text import json_of

# Seconds that a program or a server gets to give credentials.
LIMIT = 45.0
# Bytes of output that are kept, and characters of its last line that are shown.
_KEPT, _LINE = 1 << 20, 200


class NoCredentials(Exception):
    """In words that complete "no credentials were given by X"."""


@dataclass(frozen=True)
class Answer:
    """A token, or a certificate with its key (PEM); expires is None where nobody said it."""

    token: str = ""
    cert: str = ""
    key: str = ""
    expires: datetime.datetime | None = None


@functools.cache
def _setpriv() -> str:
    """The program that ends another with us, "" where there is none that knows how: older and small ones do not."""
    found = shutil.which("setpriv") or ""
    if found:
        try:
            asked = subprocess.run([found, "--pdeathsig", "KILL", "true"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, timeout=10, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        found = "" if asked.returncode else found
    return found


def ending_with_us(number: str) -> list[str]:
    """What stands before a command that gets this signal when we have ended, however that came."""
    return [found, "--pdeathsig", number] if (found := _setpriv()) else []


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """call(), for so long; TimeoutError then, and it is left behind in a thread that nobody waits for."""
    done: dict[str, Any] = {}

    def run() -> None:
        try:
            done["value"] = call()
        except BaseException as e:
            done["error"] = e

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if "error" in done:
        raise done["error"]
    if "value" not in done:
        raise TimeoutError
    return done["value"]


def moment(text: Any) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    if found.year == 1:  # how Go writes that there is none
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.timezone.utc)


def end_of_jwt(token: str) -> datetime.datetime | None:
    """When a JWT ends, None for one that does not say it, and for any other token."""
    try:
        body = token.split(".")[1]
        data = json_of(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return datetime.datetime.fromtimestamp(data["exp"], datetime.timezone.utc)
    except (ValueError, LookupError, TypeError, OverflowError, OSError):
        return None


def _keep(pipe: IO[bytes], kept: bytearray) -> threading.Thread:
    """Reads all of it, so that the program can go on, and keeps its beginning and its end."""
    def run() -> None:
        with contextlib.suppress(OSError, ValueError):
            while data := os.read(pipe.fileno(), 65536):
                kept.extend(data)
                if len(kept) > 2 * _KEPT:
                    del kept[_KEPT // 2:-_KEPT // 2]

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5)


class Program:
    """The `exec` part of a user of a kubeconfig. cluster: what it is told about the cluster when it wants to know."""

    def __init__(self, said: Mapping[str, Any], base: str, environ: Mapping[str, str], cluster: Mapping[str, Any]):
        self.command = str(said.get("command") or "")
        args = said.get("args") or []
        env = said.get("env") or []
        self._version = str(said.get("apiVersion") or "")
        self._mode = str(said.get("interactiveMode") or "")
        self.wrong = ""
        if not self.command or not self._version:
            self.wrong = "is without command or apiVersion"
        elif not isinstance(args, list) or not isinstance(env, list) or not all(
                isinstance(e, Mapping) and isinstance(e.get("name"), (str, int)) for e in env):
            self.wrong = "needs a list as args, and one of names and values as env"
        elif self._mode == "Always":
            self.wrong = ("has interactiveMode Always, and nobody can be asked here; sign in before, with a program that keeps "
                          "the session, or use a token or a certificate")
        own = {} if self.wrong else {str(e["name"]): "" if e.get("value") is None else str(e["value"]) for e in env}
        self._argv = [self.command, *([] if self.wrong else map(str, args))]
        self._secrets = [v for v in own.values() if len(v) >= 6]
        self._environ = {**os.environ, **environ, **own}
        self._base = base
        spec: dict[str, Any] = {"interactive": False}
        if said.get("provideClusterInfo") in (True, "true"):
            spec["cluster"] = dict(cluster)
            for extension in cluster.get("extensions") or []:
                if isinstance(extension, Mapping) and extension.get("name") == "client.authentication.k8s.io/exec":
                    spec["cluster"]["config"] = extension.get("extension")
        self._environ["KUBERNETES_EXEC_INFO"] = json.dumps(
            {"apiVersion": self._version, "kind": "ExecCredential", "spec": spec}, default=str)

    def _start(self) -> subprocess.Popen[bytes]:
        folder = self._base if "/" in self.command else ""
        if not shutil.which(os.path.join(folder, self.command), path=self._environ.get("PATH")):
            there = os.path.exists(os.path.join(folder, self.command)) and "/" in self.command
            raise NoCredentials("Permission denied" if there else "No such file or directory")
        # One that outlived a worker of Ansible would wait for somebody for ever.
        bound = ending_with_us("KILL")
        try:
            return subprocess.Popen([*bound, *self._argv], cwd=self._base or None, env=self._environ, start_new_session=True,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except (OSError, ValueError) as e:
            raise NoCredentials(getattr(e, "strerror", None) or "it cannot be started") from None

    def _last_words(self, errors: bytes) -> str:
        """The last line that it wrote for people, without what was given to it."""
        text = errors.decode("utf-8", "replace")
        for secret in self._secrets:
            text = text.replace(secret, "…")
        lines = ["".join(c if c.isprintable() else " " for c in line).strip() for line in text.splitlines()]
        return next((line[:_LINE] for line in reversed(lines) if line), "")

    def run(self) -> Answer:
        """NoCredentials where it gives none, in time."""
        process = self._start()
        out, err = bytearray(), bytearray()
        readers = [_keep(process.stdout, out), _keep(process.stderr, err)]  # type: ignore[arg-type]
        try:
            process.wait(LIMIT)
            for reader in readers:  # its daemons may hold the pipes open for ever
                reader.join(1.0)
        except subprocess.TimeoutExpired:
            _end(process)
            readers[1].join(1.0)
            words = self._last_words(bytes(err))
            raise NoCredentials(f"it did not end within {LIMIT:.0f} s" + (f"; its last words: {words}" if words else "")) \
                from None
        except BaseException:
            _end(process)
            raise
        finally:
            for pipe, reader in zip((process.stdout, process.stderr), readers):
                if pipe and not reader.is_alive():
                    pipe.close()
        if process.returncode:
            words = self._last_words(bytes(err))
            raise NoCredentials(f"it ended with status {process.returncode}" + (f": {words}" if words else ""))
        return self._answer(bytes(out))

    def _answer(self, out: bytes) -> Answer:
        try:
            data = json_of(out)
        except ValueError:
            raise NoCredentials("failed to decode its answer, which is not JSON") from None
        status = data.get("status") if isinstance(data, Mapping) else None
        if not isinstance(status, Mapping) or data.get("apiVersion") != self._version:
            raise NoCredentials(f"its answer is no ExecCredential of {self._version}")
        token, cert, key = (status.get(n) for n in ("token", "clientCertificateData", "clientKeyData"))
        if not token and not (cert and key):
            raise NoCredentials("missing token, or clientCertificateData with clientKeyData, in its answer")
        return Answer(str(token or ""), str(cert or ""), str(key or ""), moment(status.get("expirationTimestamp")))
