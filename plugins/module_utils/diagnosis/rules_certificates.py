# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 9, and requests of kubelets: certificates and licences, by what was seen of each of them."""
from __future__ import annotations

import shlex
from collections.abc import Iterator

from ..results.record import INCONCLUSIVE
from .evidence import Candidate, Evidence
from .finding import Finding
from .paths import seen

# By the variant of what was seen; in this order where there are several.
_CODES = {"time": "cert.expiring", "begin": "cert.not-yet-valid", "trust": "cert.untrusted", "name": "cert.san-mismatch",
          "stale": "cert.not-reloaded", "other": "cert.san-mismatch", "request": "cert.csr-pending"}
# What API servers call before they admit or convert something: its CA is a matter of admission.
_CALLED = ("validatingwebhookconfiguration/", "mutatingwebhookconfiguration/", "customresourcedefinition/")


def _code(variant: str, target: str) -> str:
    if variant == "trust" and target.startswith(_CALLED):
        return "webhook.ca-mismatch"
    return "ingress.tls-secret" if variant == "other" and target.startswith("ingress/") else _CODES[variant]


def _command(target: str) -> str:
    """Where the cause in general knows no better."""
    kind, _slash, ref = target.partition("/")
    space, _slash, name = ref.partition("/")
    known = {"apiservice": f"kubectl describe apiservice {ref}", "ingress": f"kubectl -n {space} describe ingress {name}"}
    return known.get(kind, "")


def judged(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """A date, a name and a signature speak for themselves."""
    for variant in _CODES:
        for o in seen(f, "certificate", variant):
            if not o["ok"]:
                target, node = o["target"], o.get("to_node") or ""
                scope = (target, *((f"node/{node}",) if node and target != f"node/{node}" else ()))
                yield Candidate(_code(variant, target), "confirmed", scope, (f"{target} {o.get('error') or ''}".rstrip(),),
                                subject=target, command=_command(target))


def licenses(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    asked = f.observed.get("asked")
    for o in seen(f, "license"):
        if not o["ok"]:
            url = asked.get(o["target"]) if isinstance(asked, dict) else ""
            line = f"{o['target']} {o.get('error') or ''}".rstrip()
            yield Candidate("license.expiring", "confirmed", (o["target"],), (line,),
                            command=f"curl -sS {shlex.quote(str(url))}" if url else "")


def unasked(f: Finding, _ev: Evidence) -> Iterator[Candidate]:
    """What the inventory names could not be asked: by a wrong option, or as nobody answers there as it must."""
    if f.verdict != INCONCLUSIVE:
        return
    if f.observed.get("bad_option"):
        yield Candidate("harness.precondition", "confirmed", (), (f.message,))
    named = f.observed.get("not_answered")
    if isinstance(named, dict) and named:
        yield Candidate("harness.precondition", "probable", tuple(named), tuple(f"{what} {why}" for what, why in named.items()))


RULES = (judged, licenses, unasked)
