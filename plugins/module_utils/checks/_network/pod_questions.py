# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a probe asks the pods of other nodes: all its questions in one shell command, and what its answers say."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...engine.probes import dialled
from .._shared.text import listed, says_nobody, url_host

if TYPE_CHECKING:
    from ...engine.probes import Probe

HTTP_PORT = 8080
UDP_PORT = 8081
# Nothing in a probe listens here.
CLOSED_PORT = 8099
# Bytes of a large body: more than two segments of a 9001-byte network.
LARGE = 20000
# Bodies that are tried where the large one is lost: each fits into one frame of a usual network.
SMALLER = (1200, 400)
# The variants that every pair has; of the others some have none.
BODIES = tuple(f"body-{size}" for size in SMALLER)
# Seconds that the command takes at most: a small question, a large one and the smaller ones; or one by the probe's own server,
# one to the other family, one to the closed port; and some for the shell.
SECONDS = 5 + 5 + 5 + 5.0

# h: an address as it stands outside of URLs. s: a small question to address $2 under number $1, called $3. b: a body of $3
# bytes, called $4, within $5 seconds. d: a question by the probe's own server to port $4 by protocol $5, called $3.
# q: small, then large, then smaller ones where that is lost. o: a datagram, the other family's address $3, the closed port.
# Each prints "<number> <variant> <curl's exit status> <answer or error> <seconds>", d without the seconds.
_TEMPLATE = (
    "C='curl -gsS --noproxy *';set -f;h(){ H=${1#[};H=${H%]};};"
    "s(){ A=$($C -m 5 -w ' %{time_total}' http://$2:@HTTP/hostname 2>&1);r=$?;echo $1 $3 $r $A;return $r;};"
    "b(){ N=$(printf \"%0$3d\" 0);A=$($C -m $5 -H Expect: -w '|%{time_total}' -d \"msg=$N\" http://$2:@HTTP/echo 2>&1);"
    "r=$?;case $A in \"$N|\"*)A=\"same ${A##*|}\";;*)A=$(printf %.200s \"$A\");;esac;echo $1 $4 $r $A;return $r;};"
    "d(){ h $2;A=$($C -m 9 \"http://127.0.0.1:@HTTP/dial?host=$H&port=$4&protocol=$5&request=hostname&tries=1\" 2>&1);"
    "echo $1 $3 $? $A;};"
    "q(){ s $1 $2 small&&{ b $1 $2 @LARGE large 5@SMALLER;};};"
    "o(){ d $1 $2 udp @UDP udp;[ $3 = - ]||s $1 $3 family;[ $4 = - ]||d $1 $2 closed @CLOSED http;};"
)


def _filled(template: str) -> str:
    smaller = "".join(f"||b $1 $2 {size} body-{size} 2" for size in SMALLER)
    for mark, value in (("@HTTP", HTTP_PORT), ("@UDP", UDP_PORT), ("@CLOSED", CLOSED_PORT), ("@LARGE", LARGE),
                        ("@SMALLER", smaller)):
        template = template.replace(mark, str(value))
    return template


SCRIPT = _filled(_TEMPLATE)


@dataclass(frozen=True)
class Answer:
    """What one question over one pair gave; an empty error means that it was right."""

    source: str
    target: str
    variant: str
    error: str
    seconds: float = 0.0
    address: str = ""


@dataclass(frozen=True)
class Target:
    """A pod to ask. family: its address of the other family, or empty; closed: whether its closed port is tried, too; itself:
    whether it is the one that asks, of which TCP is enough."""

    node: str
    pod: str
    ip: str
    family: str = ""
    closed: bool = False
    itself: bool = False


def target(probe: Probe, family: str = "", closed: bool = False, itself: bool = False) -> Target:
    return Target(probe.node, probe.pod, probe.ip, family, closed, itself)


def script(targets: Sequence[Target]) -> str:
    """The shell command that asks all of them at once."""
    out = []
    for number, t in enumerate(targets):
        host = url_host(t.ip)
        more = f"o {number} {host} {url_host(t.family) or '-'} {'c' if t.closed else '-'}&"
        out.append(f"q {number} {host}&" + ("" if t.itself else more))
    return SCRIPT + "".join(out) + "wait"


_TIMED = ("small", "large", "family", *BODIES)
_BY_SERVER = ("udp", "closed")


def parse(output: str) -> dict[tuple[int, str], tuple[int, str, float]]:
    """(number, variant) -> (curl's exit status, text, seconds) of the script's output; other lines are left out."""
    found = {}
    for line in output.splitlines():
        words = line.split()
        if len(words) < 3 or not words[0].isdigit() or not words[2].isdigit():
            continue
        key, status = (int(words[0]), words[1]), int(words[2])
        if words[1] in _BY_SERVER:
            found[key] = (status, " ".join(words[3:]), 0.0)
        elif words[1] in _TIMED and len(words) > 3:
            *text, last = " ".join(words[3:]).replace("|", " ").split()
            try:
                seconds = float(last)
            except ValueError:
                text, seconds = [*text, last], 0.0
            found[key] = (status, " ".join(text), seconds)
    return found


def _one(variant: str, wanted: Target, status: int, text: str) -> str | None:
    """The error of one answer; None where the question was not asked."""
    if variant in _BY_SERVER:
        got = dialled(text) if status == 0 else None
        if got is None:
            return None
        answers, errors = got
        if variant == "closed":
            told = [a for a in answers if not says_nobody(a)]
            return f"port {CLOSED_PORT} answered {listed(told, 1)!r}" if told else ""
        return "" if answers == [wanted.pod] else \
            listed(errors, 1) or f"answered by {listed(answers, 1)!r}, not by {wanted.pod}"
    if status:
        return text
    if variant in ("small", "family"):
        return "" if text == wanted.pod else f"answered by {text!r}, not by {wanted.pod}"
    return "" if text == "same" else f"{LARGE if variant == 'large' else variant} bytes came back changed"


def judge(source: str, targets: Sequence[Target], output: str, error: str) -> list[Answer]:
    """The answers of one command: small must name the pod, large must come back unchanged, udp must name it, too, and
    closed must be refused. A target without an answer to the small question has failed; what is missing else was not asked."""
    found = parse(output)
    out = []
    for number, wanted in enumerate(targets):
        found.setdefault((number, "small"), (-1, f"no answer from the probe's shell: {error}", 0.0))
        if found[number, "small"][0] == 0 and (number, "large") not in found:
            found[number, "large"] = (-1, "no answer", 0.0)
        for (which, variant), (status, text, seconds) in found.items():
            if which == number and (wrong := _one(variant, wanted, status, text)) is not None:
                address = wanted.family if variant == "family" else wanted.ip
                out.append(Answer(source, wanted.node, variant, wrong, seconds, address))
    return out
