# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How answers of name servers are judged: each judge's text is empty when the reply is right, else it says what is wrong."""
from __future__ import annotations

from collections.abc import Callable

from .dig import Reply

Judge = Callable[[Reply], str]


def kind_of(address: str) -> str:
    """The type of the records that hold such an address."""
    return "AAAA" if ":" in address else "A"


def has(kind: str, wanted: str) -> Judge:
    """Judge: NOERROR with a record of this type and data."""
    def judge(r: Reply) -> str:
        good = r.status == "NOERROR" and wanted in r.data(kind)
        return "" if good else f"{r.words()}, expected {kind} {wanted}"
    return judge


def answered(r: Reply) -> str:
    """Judge: NOERROR with an address."""
    return "" if r.status == "NOERROR" and (r.data("A") or r.data("AAAA")) else r.words()


def answered_for(name: str) -> Judge:
    """Judge: an address of this name (without its last dot), or of one that it is an alias of, and of no other."""
    full = f"{name.lower()}."

    def judge(r: Reply) -> str:
        if answered(r):
            return r.words()
        return "" if not r.names or full in r.names else f"answered as {r.names[0]}: {r.words()}"
    return judge


def absent(r: Reply) -> str:
    """Judge: the name does not exist."""
    return "" if r.status == "NXDOMAIN" and not r.records else f"{r.words()}, expected NXDOMAIN"


def unanswered(r: Reply) -> str:
    """Judge: nobody answers with records; servers above may refuse instead of saying NXDOMAIN."""
    return f"answered as {r.names[0]}: {r.words()}" if r.records and r.names else r.words() if r.records else ""


def heard(r: Reply) -> str:
    """Judge: somebody above answered, whatever that was; our own servers say SERVFAIL for those who do not."""
    return "" if r.status not in ("", "SERVFAIL") else r.words()


def between(kind: str, then: frozenset[str], now: Callable[[], frozenset[str]]) -> Judge:
    """Judge: all addresses of this type that are there now, and none that was never there.

    Pods come and go, and a server may know it a moment later: any set between the two is right.
    """
    def judge(r: Reply) -> str:
        found, must = set(r.data(kind)), {a for a in now() if kind_of(a) == kind}
        may = must | {a for a in then if kind_of(a) == kind}
        if must <= found <= may and (r.status == "NOERROR" or r.status == "NXDOMAIN" and not must):
            return ""
        return f"{r.status or r.error or 'no answer'} with {len(found)} addresses, expected those of {len(must)} pods"
    return judge


def service_record(wanted: str) -> Judge:
    """Judge: an SRV record that names the Service and its port."""
    def judge(r: Reply) -> str:
        good = any(d.split()[-2:] == ["80", wanted] for d in r.data("SRV"))
        return "" if r.status == "NOERROR" and good else f"{r.words()}, expected SRV 80 {wanted}"
    return judge
