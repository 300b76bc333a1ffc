# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How answers of name servers are judged: each judge's text is empty when the reply is right, else it says what is wrong."""
from __future__ import annotations

from collections.abc import Callable

from ._dig import Reply

Judge = Callable[[Reply], str]


def has(kind: str, wanted: str) -> Judge:
    """Judge: NOERROR with a record of this type and data."""
    def judge(r: Reply) -> str:
        good = r.status == "NOERROR" and wanted in r.data(kind)
        return "" if good else f"{r.words()}, expected {kind} {wanted}"
    return judge


def answered(r: Reply) -> str:
    """Judge: NOERROR with an address."""
    return "" if r.status == "NOERROR" and (r.data("A") or r.data("AAAA")) else r.words()


def absent(r: Reply) -> str:
    """Judge: the name does not exist."""
    return "" if r.status == "NXDOMAIN" and not r.records else f"{r.words()}, expected NXDOMAIN"


def unanswered(r: Reply) -> str:
    """Judge: nobody answers with records; servers above may refuse instead of saying NXDOMAIN."""
    return r.words() if r.records else ""


def all_of(kind: str, wanted: frozenset[str]) -> Judge:
    """Judge: exactly these addresses."""
    def judge(r: Reply) -> str:
        found = set(r.data(kind))
        if r.status == "NOERROR" and found == wanted:
            return ""
        return f"{r.status or r.error or 'no answer'} with {len(found)} addresses, expected those of {len(wanted)} pods"
    return judge


def service_record(wanted: str) -> Judge:
    """Judge: an SRV record that names the Service and its port."""
    def judge(r: Reply) -> str:
        good = any(d.split()[-2:] == ["80", wanted] for d in r.data("SRV"))
        return "" if r.status == "NOERROR" and good else f"{r.words()}, expected SRV 80 {wanted}"
    return judge
