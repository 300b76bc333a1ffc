# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Route 53 has of a cluster: records by name, those that lead to its load balancers, and those of external-dns.

external-dns notes whose a record is in a TXT record beside it: "heritage=external-dns,external-dns/owner=OWNER,
external-dns/resource=service/NAMESPACE/NAME", called as the record itself or, newer, with its type before the first label
(a-www.example.com). Its option --txt-owner-id is the cluster's name in most installations.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..clouds.aws import AwsError, Ec2
from ..jobs.errors import BadOption
from .model import Thing, Wanted

_HERITAGE = "heritage=external-dns"
_TYPES = ("a", "aaaa", "cname", "ns", "mx", "srv", "txt", "naptr", "ptr")


def _plain(name: str) -> str:
    """Without the dot at its end; Route 53 writes '*' as \\052."""
    return name.rstrip(".").replace("\\052", "*").lower()


def _zones(api: Ec2, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Those that are named by id or name, else all. BadOption for one that is not there."""
    there = api.pages("ListHostedZones", "HostedZones")
    if not wanted:
        return there
    found = []
    for name in wanted:
        fits = [z for z in there if name in (z["Id"].rpartition("/")[2], z["Id"]) or _plain(z["Name"]) == _plain(name)]
        if not fits:
            raise BadOption(f"aws.zones: Route 53 has no zone {name}; it has "
                            f"{', '.join(sorted(_plain(z['Name']) for z in there)) or 'none'}")
        found += fits
    return found


def _note(record: Mapping[str, Any]) -> dict[str, str]:
    """What external-dns wrote into a TXT record: {"external-dns/owner": ..., "external-dns/resource": ...}."""
    for value in record.get("ResourceRecords") or []:
        text = value["Value"].strip('"')
        if record["Type"] == "TXT" and text.startswith(_HERITAGE):
            return dict(p.partition("=")[::2] for p in text.split(","))
    return {}


def _notes(listed: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """{name of a record: what external-dns says of it}."""
    found = {}
    for record in listed:
        if note := _note(record):
            name = _plain(record["Name"])
            kind, dash, rest = name.partition("-")
            found[name] = note
            if dash and kind in _TYPES:
                found[rest] = note
    return found


def _leads_to(record: Mapping[str, Any]) -> list[str]:
    alias = (record.get("AliasTarget") or {}).get("DNSName")
    values = [v["Value"] for v in record.get("ResourceRecords") or []] if record["Type"] == "CNAME" else []
    return [_plain(n).removeprefix("dualstack.") for n in ([alias] if alias else values)]


def _is_ours(record: Mapping[str, Any], wanted: Wanted, note: Mapping[str, str], addresses: Mapping[str, str]) -> bool:
    name = _plain(record["Name"])
    below = [name] + [name[i + 1:] for i, c in enumerate(name) if c == "."]
    return (wanted.named(name) or any("." in n and wanted.is_cluster(n) for n in below)
            or wanted.is_cluster(note.get("external-dns/owner", "")) or any(n in addresses for n in _leads_to(record)))


def _listed(api: Ec2, zone: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its records; none where it went since zones were listed."""
    try:
        return api.pages("ListResourceRecordSets", "ResourceRecordSets", HostedZoneId=zone["Id"])
    except AwsError as e:
        if e.code != "NoSuchHostedZone":
            raise
        return []


def records(api: Ec2, wanted: Wanted, zones: Sequence[str], addresses: Mapping[str, str]) -> list[Thing]:
    """addresses: {name of a load balancer of the cluster in DNS: its id}. Id of a record: zone/name/type."""
    found = []
    for zone in _zones(api, zones):
        number = zone["Id"].rpartition("/")[2]
        listed = _listed(api, zone)
        notes = _notes(listed)
        for record in listed:
            name = _plain(record["Name"])
            if record["Type"] in ("SOA", "NS") and name == _plain(zone["Name"]):
                continue  # the zone's own
            note = notes.get(name, {})
            if _is_ours(record, wanted, note, addresses):
                key = "/".join(filter(None, (number, name, record["Type"], record.get("SetIdentifier"))))
                leads = ", ".join(_leads_to(record))
                owner = note.get("external-dns/resource", f"zone {_plain(zone['Name'])}")
                found.append(Thing("aws", "dns_record", key, name, owner=owner, detail=f"leads to {leads}" if leads else ""))
    return found
