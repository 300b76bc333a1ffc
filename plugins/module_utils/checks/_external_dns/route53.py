# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records at the provider of names: the hosted zones of Route 53, asked by boto3, and only looked at."""
from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from ...clouds.aws import Ec2, connect
from ...engine.declared import CloudPermission, Option
from ...jobs.errors import PlatformError
from .._shared.aws import CONNECTION
from .._shared.text import listed
from .records import EVERY, Host, Site
from .servers import parents

if TYPE_CHECKING:
    from ...engine.context import Context

OPTION = "dns_check_external_dns_provider"
OPTIONS = (
    Option("external_dns_provider", "Where records are looked for beside the name servers: C(aws) asks Route 53 whether those of"
           " our names are there, and gone at the end with their TXT records. The hosted zones are found by their name, public"
           " and private ones; the right to look is enough, see the policy.", choices=("aws",), example="aws"),
    *CONNECTION,
)
PERMISSIONS = (
    CloudPermission("aws", ("route53:ListHostedZonesByName",), "hosted zones that hold the names which external-dns is tried by"),
    CloudPermission("aws", ("route53:ListResourceRecordSets",), "records of these names, that must be gone at the end",
                    ("arn:{partition}:route53:::hostedzone/{zone}",)))
_NAMES = tuple(o.name for o in CONNECTION)
# Zones of one name, and sets of records of one name: more than there may be of each.
_MOST = "100"


class Provider:
    """What Route 53 says of our names; nothing where it is not to be asked."""

    def __init__(self, ctx: Context):
        self.ctx = ctx
        self._api: Ec2 | None = None
        self._zones: dict[str, list[str]] = {}
        if ctx.options.get("external_dns_provider") == "aws":
            try:
                self._api = connect({n: ctx.options.get(n) for n in _NAMES}, os.environ, "route53")
            except PlatformError as e:
                self._unasked(e)

    def close(self) -> None:
        if self._api:
            self._api.close()

    def _unasked(self, error: PlatformError) -> NoReturn:
        self.ctx.inconclusive(f"{OPTION}: Route 53 cannot be asked: {error}", provider_unasked=str(error))

    def _call(self, operation: str, subject: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
        api: Any = self._api
        try:
            return list(api.call(operation, subject, MaxItems=_MOST, **arguments)[key])
        except PlatformError as e:
            self._unasked(e)

    # ---- zones ------------------------------------------------------------------------------------------------
    def find(self, sites: Iterable[Site]) -> None:
        """The hosted zones that hold the domains, as external-dns chooses them: of the longest name that fits."""
        for site in sites if self._api else ():
            self._zones[site.domain] = next(filter(None, map(self._called, parents(site.domain))), [])
            if not self._zones[site.domain]:
                why = f"no hosted zone of this account holds {site.domain}"
                self.ctx.inconclusive(f"{OPTION}: {why}; name the account that has it, or leave the option out", provider_unasked=why)
            self.ctx.observe(hosted_zones=dict(self._zones))

    def _called(self, name: str) -> list[str]:
        found = self._call("ListHostedZonesByName", name, "HostedZones", DNSName=name)
        return [str(z["Id"]).rpartition("/")[2] for z in found if str(z["Name"]).rstrip(".").lower() == name]

    # ---- records ----------------------------------------------------------------------------------------------
    def _records(self, host: Host, domain: str) -> list[tuple[str, str, str, list[str]]]:
        """(zone, name, type, values) of each set of records of our name, and of the names of its TXT records."""
        out = []
        for zone in self._zones[domain]:
            for name in dict.fromkeys((host.name, *host.owners)):
                found = self._call("ListResourceRecordSets", name, "ResourceRecordSets", HostedZoneId=zone, StartRecordName=name)
                out += [(zone, name, str(r["Type"]), [str(v["Value"]) for v in r.get("ResourceRecords") or ()]) for r in found
                        if str(r["Name"]).rstrip(".").lower() == name]
        return out

    def there(self, sites: Iterable[Site], target: str) -> None:
        """They are in these zones; else that none is left there would say nothing."""
        for site in sites if self._api else ():
            for host in site.hosts:
                if not any(kind == "A" and target in values for _zone, _name, kind, values in self._records(host, site.domain)):
                    why = f"name servers have {host.name}, and {self._named(site)} of this account has not"
                    self.ctx.inconclusive(f"{OPTION}: {why}; name the account that external-dns writes to", provider_unasked=why)

    def _named(self, site: Site) -> str:
        return f"hosted zone {listed(self._zones[site.domain])}"

    def gone(self, sites: Iterable[Site], seconds: float) -> None:
        """No record of them is left, addresses and TXT."""
        start, sites = time.monotonic(), list(sites)
        while self._api and sites:
            left = {f"{kind} {name} in hosted zone {zone}": (zone, host) for site in sites for host in site.hosts
                    for zone, name, kind, _values in self._records(host, site.domain)}
            passed = time.monotonic() - start
            if not left:
                self.ctx.measure("nothing is left at Route 53 after", passed, "s")
                return
            if passed > seconds or self.ctx.left() < 2 * EVERY:
                self.ctx.observe(left_zone=next(iter(left.values()))[0], left_name=next(iter(left.values()))[1].name)
                self.ctx.fail(f"Route 53 still has {listed(left)} {passed:.0f} s after the objects are gone", left_at_provider=list(left))
            time.sleep(EVERY)
