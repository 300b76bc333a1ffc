# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which certificates are asked for: of the issuers that the options name, or of those that may be asked without."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...kube.errors import ApiError
from ...kube.kinds import path_of
from .._shared.text import listed
from .issuers import API, Issuer, Wanted, of, public, ways

if TYPE_CHECKING:
    from ...engine.context import Context

# Nobody has to own it: for issuers that prove no name.
SUFFIX = "assay.test"
_ISSUERS, _DOMAIN = "certificates_check_cert_manager_issuers", "certificates_check_cert_manager_domain"


@dataclass
class Choice:
    """nameless: ACME issuers that were not asked for want of a domain. not_asked: others, with the reason."""

    wanted: list[Wanted] = field(default_factory=list)
    nameless: list[str] = field(default_factory=list)
    not_asked: dict[str, str] = field(default_factory=dict)

    def settle(self, ctx: Context) -> None:
        """What could not be asked is no proof, whatever else holds."""
        if self.nameless:
            rest = f"; everything holds of {listed(dict.fromkeys(w.issuer.called for w in self.wanted))}" if self.wanted else ""
            ctx.inconclusive(f"{listed(self.nameless)} {'was' if len(self.nameless) == 1 else 'were'} not asked: an ACME server proves "
                             f"names, so name a domain that leads here in {_DOMAIN}{rest}")


def _read(ctx: Context) -> list[Issuer] | None:
    """ClusterIssuers, and Issuers of our namespace; None where our user may see neither."""
    found: list[Issuer] = []
    refused = 0
    for kind, space in (("ClusterIssuer", ""), ("Issuer", ctx.namespace)):
        try:
            found += map(of, ctx.client.quiet.list(path_of(API, kind, space)).items)
        except ApiError as e:
            if e.status not in (401, 403):
                raise
            refused += 1
    return None if refused == 2 or (refused and not found) else found


def _named(ctx: Context, known: list[Issuer] | None, names: list[str]) -> list[Issuer]:
    chosen, missing = [], []
    for name in names:
        kind, slash, rest = name.rpartition("/")
        if slash and kind.lower() not in ("issuer", "clusterissuer"):
            ctx.inconclusive(f"{_ISSUERS}: {name} is neither NAME, ClusterIssuer/NAME nor Issuer/NAME; an Issuer serves its own namespace "
                             "alone, so let the run work there (validate_namespace)")
        if known is None:
            chosen.append(Issuer(kind or "ClusterIssuer", rest))
            continue
        one = next((i for i in known if i.name == rest and (not slash or i.kind.lower() == kind.lower())), None)
        if one:
            chosen.append(one)
        else:
            missing.append(f"{kind or 'ClusterIssuer'} {rest}")
    ctx.expect(not missing, f"there is no {listed(missing)}; there are {listed((i.called for i in known or ()), 9) or 'none'}",
               missing_issuers=missing)
    late = {i.ref: i.words for i in chosen if not i.ready}
    ctx.expect(not late, "an issuer is not ready: " + listed(f"{i.called} ({i.words})" for i in chosen if not i.ready),
               not_ready=late)
    return chosen


def _usual(ctx: Context, known: list[Issuer] | None, choice: Choice) -> list[Issuer]:
    if known is None:
        ctx.inconclusive(f"which issuers there are may not be seen; name those to prove in {_ISSUERS}, or allow our user to list "
                         "ClusterIssuers")
    if not known:
        ctx.skip("cert-manager is here and has no issuer: there is no ClusterIssuer, and no Issuer in our namespace")
    late = [i for i in known if not i.ready]
    ctx.expect(len(late) < len(known), "no issuer is ready: " + listed(f"{i.called} ({i.words})" for i in late),
               not_ready={i.ref: i.words for i in late})
    for one in late:
        ctx.warn(f"{one.called} is not ready: {one.words}")
    chosen = []
    for one in [i for i in known if i.ready]:
        if one.type not in ("acme", "ca"):
            choice.not_asked[one.called] = f"it is of the type {one.type or 'unknown'}; name it in {_ISSUERS}"
        elif public(one.server):
            choice.not_asked[one.called] = f"its ACME server is one for all the world, whose limits count; name it in {_ISSUERS}"
        else:
            chosen.append(one)
    return chosen


def choose(ctx: Context) -> Choice:
    """What is to be issued. It ends the check where nothing is."""
    choice, known = Choice(), _read(ctx)
    names = [str(n) for n in ctx.options.get("cert_manager_issuers") or ()]
    chosen = _named(ctx, known, names) if names else _usual(ctx, known, choice)
    domain = str(ctx.options.get("cert_manager_domain") or "").strip(".").lower()
    allowed = list(ctx.options.get("cert_manager_challenges") or ("http01", "dns01"))
    for one in chosen:
        host = f"cm{len(choice.wanted)}-{ctx.nonce}.{domain or SUFFIX}"
        if one.type == "acme" and not domain:
            choice.nameless.append(one.called)
        elif one.type == "acme":
            _acme(ctx, choice, one, domain, allowed)
        else:
            choice.wanted.append(Wanted(one, "", host, f"cm{len(choice.wanted)}-{ctx.nonce}"))
    ctx.observe(asked=[w.name for w in choice.wanted], not_asked=choice.not_asked)
    if not choice.wanted:
        choice.settle(ctx)
        words = listed(f"{n}: {why}" for n, why in choice.not_asked.items())
        if names:
            ctx.inconclusive(f"nothing can be asked of what {_ISSUERS} names: {words}; name another domain in {_DOMAIN}, or other issuers")
        ctx.skip(f"no issuer is asked: {words}")
    return choice


def _acme(ctx: Context, choice: Choice, issuer: Issuer, domain: str, allowed: list[str]) -> None:
    """A certificate for each way of an ACME issuer, with a name of its own."""
    able, told = ways(issuer, f"cm-{ctx.nonce}.{domain}")
    if not able and not told:
        choice.not_asked[issuer.called] = "it has no solver for http01 or dns01"
    for way, why in told.items():
        choice.not_asked[f"{issuer.called} by {way}"] = why
    for way, (labels, solver) in able.items():
        if way not in allowed:
            choice.not_asked[f"{issuer.called} by {way}"] = "certificates_check_cert_manager_challenges leaves it out"
            continue
        name = f"cm{len(choice.wanted)}-{ctx.nonce}"
        choice.wanted.append(Wanted(issuer, way, f"{name}.{domain}", name, labels, solver))
