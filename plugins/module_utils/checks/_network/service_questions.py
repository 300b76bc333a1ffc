# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a probe asks Services and pods: any number of questions in one shell command, and what their answers say."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...engine.probes import dialled
from .._shared.text import listed, says_nobody, url_host

HTTP_PORT = 8080
PORT = 80

# Connections of one dial, so that lost ones (5 s each) do not outlast the request.
BATCH = 10
# g: asks once and gives up soon, as packets are lost until the rules are there. d: $4 connections by the probe's own server.
# v: g, and where that is answered, two dials, but for the second where the first lost some.
# Each prints "<name> <kind> <curl's exit status> <answer>".
_SCRIPT = (
    "set -f;C='curl -gsS --noproxy *';"
    "g(){ A=$($C --connect-timeout 1 -m 2 http://$2:$3/hostname 2>&1);r=$?;echo $1 get $r $A;return $r;};"
    f"d(){{ H=${{2#[}};H=${{H%]}};A=$($C -m $((6*$4+1)) \"http://127.0.0.1:{HTTP_PORT}/dial?host=$H&port=$3&protocol=http"
    "&request=hostname&tries=$4\" 2>&1);echo $1 dial $? $A;case $A in *errors*)return 1;;esac;};"
    "v(){ g $1 $2 $3&&d $1 $2 $3 $4&&d $1 $2 $3 $4;};"
)


_CALLS = {"get": "g", "dial": "d", "both": "v"}


@dataclass(frozen=True)
class Question:
    """name: of the answer, without blanks. kind: get, dial, or both: a first answer, and where that comes, two dials.
    tries: the connections of a dial."""

    name: str
    kind: str
    host: str
    port: int = PORT
    tries: int = 1

    def line(self) -> str:
        return f"{_CALLS[self.kind]} {self.name} {url_host(self.host)} {self.port} {self.tries}&"

    @property
    def seconds(self) -> float:
        """The longest that it takes, with a connection lost in 5 s."""
        return {"get": 2.0, "dial": 6.0 * self.tries, "both": 4.0 + 6.0 * self.tries}[self.kind]


@dataclass(frozen=True)
class Reply:
    """pods: who answered a dial, once for each connection; errors: one for each that failed. first: the answer of a get, None
    where there was none, with the error in `said`. asked: whether the probe's own server did the dial."""

    first: str | None = None
    said: str = ""
    pods: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    asked: bool = False


def script(questions: Iterable[Question]) -> str:
    """The shell command that asks all of them at once."""
    return _SCRIPT + "".join(q.line() for q in questions) + "wait"


def longest(questions: Iterable[Question]) -> float:
    """Seconds for such a command."""
    return max(q.seconds for q in questions) + 4.0


def parse(output: str, error: str = "") -> dict[str, Reply]:
    """name -> Reply of the command's output; a name that is not there was not asked: `error` says why."""
    found: dict[str, dict[str, Any]] = {}
    for line in output.splitlines():
        name, kind, status, *text = [*line.split(" ", 3), "", "", ""][:4]
        if kind not in ("get", "dial") or not status.isdigit():
            continue
        mine, said = found.setdefault(name, {}), " ".join(" ".join(text).split())
        if kind == "get":
            mine.update({"first": said} if status == "0" else {"said": said or error})
            continue
        if (got := dialled(said) if status == "0" else None) is not None:
            pods, errors = got
            mine.update(pods=(*mine.get("pods", ()), *pods), errors=(*mine.get("errors", ()), *errors), asked=True)
    return {name: Reply(**values) for name, values in found.items()}


def refused(errors: Iterable[str]) -> bool:
    """Whether the connection was rejected at once rather than left to time out."""
    return any(word in e.lower() for e in errors for word in ("refused", "reset", "no route", "unreachable", "not permitted"))


def nobody(reply: Reply) -> bool:
    """Whether the address refused, by itself or in the words of a mesh's proxy."""
    return all(says_nobody(p) for p in reply.pods) and (refused(reply.errors) or bool(reply.pods))


def stranger(pods: Iterable[str], wanted: Iterable[str]) -> str:
    """The error when somebody answered who is none of the wanted pods; empty else."""
    wrong = sorted(set(pods) - set(wanted))
    return f"answered by {listed(wrong, 1)!r}, none of its pods" if wrong else ""
