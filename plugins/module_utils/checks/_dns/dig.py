# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions to name servers by dig in a probe's shell, and its answers."""
from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass

# Seconds that dig waits for an answer, and how often it asks.
TIME = 2
TRIES = 2
_SHELL = (f"q(){{ n=$1;shift;A=$(dig +noall +answer +comments +stats +time={TIME} +tries={TRIES} \"$@\" 2>&1);"
          "r=$?;printf '#%s %s\\n%s\\n' $n $r \"$A\";return $r;};")
_STATUS = re.compile(r"->>HEADER<<-.*status: (\w+)")
_FLAGS = re.compile(r";; flags: ([a-z ]*);")
_TIME = re.compile(r"Query time: (\d+) (msec|usec)")
_TROUBLE = re.compile(r"timed out|refused|no servers could be reached|unreachable|couldn't get address|not found|^dig:"
                      r"|communications error|end of file|unexpected source")
# Questions that a probe asks at once: each is a process of its own there.
_AT_ONCE = 12
# The line before what is printed after all replies.
_THEN = "#then"


@dataclass(frozen=True)
class Reply:
    """What one dig printed. status is empty when nobody answered; seconds is that of the last answer.

    records: (type, data) pairs; names: whose records these are, with the targets of aliases, in lower case, the one that was
    asked for first; retries: packets that got no answer before one came. authoritative: the server answers for the zone itself.
    ttl: seconds for which the last of its records may be kept.
    """

    status: str = ""
    records: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    error: str = ""
    retries: int = 0
    names: tuple[str, ...] = ()
    authoritative: bool = False
    ttl: int = 0

    def data(self, kind: str) -> list[str]:
        return [d for k, d in self.records if k == kind]

    def words(self) -> str:
        """The reply as a phrase."""
        if not self.status:
            return self.error or "no answer"
        return f"{self.status} {' '.join(f'{k} {d}' for k, d in self.records[:3])}".strip()


@dataclass(frozen=True)
class Query:
    """One question. variant groups questions for the diagnosis; judge(reply) is empty when the reply is right."""

    variant: str
    name: str
    arguments: tuple[str, ...]
    judge: Callable[[Reply], str]
    to_node: str = ""
    target: str = ""

    def line(self, number: int) -> str:
        return f"q {number} {' '.join(shlex.quote(a) for a in self.arguments)}"


def script(queries: Iterable[tuple[int, Query]], settings: bool = False, then: str = "") -> str:
    """The shell command that asks all, _AT_ONCE at a time.

    settings: print /etc/resolv.conf before. then: a command to end with, where the first of them was answered.
    """
    lines = [q.line(i) for i, q in queries]
    groups = ["&".join(lines[start:start + _AT_ONCE]) + "&wait" for start in range(0, len(lines), _AT_ONCE)]
    if then:  # the first one in the foreground, as nobody tells what became of it otherwise
        groups[0] = "&".join([*lines[1:_AT_ONCE], ""]) + f"{lines[0]};R=$?;wait"
        groups.append(f"[ $R = 0 ]&&{{ echo '{_THEN}';{then};}}")
    return _SHELL + ("cat /etc/resolv.conf;" if settings else "") + ";".join(groups)


def reply(text: str) -> Reply:
    """The Reply that dig's output describes."""
    statuses, records, names, troubles, seconds, own, ttl = [], [], [], [], 0.0, False, 0
    for line in text.splitlines():
        if found := _STATUS.search(line):
            statuses.append(found[1])
        elif found := _FLAGS.match(line):
            own = "aa" in found[1].split()
        elif found := _TIME.search(line):
            seconds = int(found[1]) / (1000 if found[2] == "msec" else 1_000_000)
        elif _TROUBLE.search(line):
            troubles.append(line.lstrip("; ").strip())
        elif line and not line.startswith(";"):
            words = line.split(None, 4)
            if len(words) == 5 and words[2] == "IN":
                records.append((words[3], words[4].strip()))
                ttl = max(ttl, int(words[1]) if words[1].isdigit() else 0)
                names += [words[0].lower(), *([words[4].strip().lower()] if words[3] == "CNAME" else ())]
    status = statuses[-1] if statuses else ""
    retries = sum("timed out" in t for t in troubles) if status else 0
    return Reply(status, tuple(records), seconds, "" if status else "; ".join(dict.fromkeys(troubles))[:200], retries,
                 tuple(dict.fromkeys(names)), own, ttl)


def before_replies(output: str) -> str:
    """What the script printed before its first reply."""
    return re.split(r"^#\d+ \d+$", output, maxsplit=1, flags=re.MULTILINE)[0]


def replies(output: str) -> dict[int, Reply]:
    """The replies of the script by number."""
    out: dict[int, Reply] = {}
    parts = re.split(r"^#(\d+) \d+$", output.partition(f"\n{_THEN}\n")[0], flags=re.MULTILINE)
    for number, text in zip(parts[1::2], parts[2::2]):
        out[int(number)] = reply(text)
    return out


def after_replies(output: str) -> str | None:
    """What the command at the script's end printed; None where it was not run."""
    _before, mark, after = output.partition(f"\n{_THEN}\n")
    return after if mark else None


def latency_script(arguments: Iterable[str]) -> str:
    """Ask for all these names (and at a @server, if first), one after the other, each packet once."""
    return f"dig -u +noall +comments +stats +time={TIME} +tries=1 {' '.join(shlex.quote(a) for a in arguments)}"


def latencies(output: str) -> list[float]:
    """Seconds of every answered question of latency_script."""
    return [int(n) / (1000 if unit == "msec" else 1_000_000) for n, unit in _TIME.findall(output)]


@dataclass(frozen=True)
class ResolvConf:
    """A pod's resolver settings."""

    servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    ndots: int = 1

    @property
    def domain(self) -> str:
        """The cluster domain by the search path; empty when it has none."""
        found = next((s for s in self.search if s.startswith("svc.")), "")
        return found[len("svc."):].rstrip(".")


def resolv_conf(text: str) -> ResolvConf:
    servers: list[str] = []
    search: tuple[str, ...] = ()
    ndots = 1
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "nameserver" and len(words) > 1:
            servers.append(words[1])
        elif words[0] == "search":
            search = tuple(words[1:])
        elif words[0] == "options":
            ndots = next((int(w[6:]) for w in words if w.startswith("ndots:") and w[6:].isdigit()), ndots)
    return ResolvConf(tuple(servers), search, ndots)
