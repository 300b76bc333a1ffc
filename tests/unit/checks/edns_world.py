# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A zone on two name servers with an external-dns, for the tests of external_dns."""
from __future__ import annotations

import re
import shlex
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.checks._external_dns.setup import PREFIXES
from ansible_collections.assay.clusters.plugins.module_utils.checks.external_dns import ExternalDns
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import DoesNotApply
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe, Now, api_error

FORBIDDEN = 'deployments.apps is forbidden: User "guest" cannot list resource "deployments" in API group "apps" at the cluster scope'
DEPLOYMENTS = "/apis/apps/v1/deployments"
PRIMARY, SECONDARY, RESOLVER = "203.0.113.1", "203.0.113.2", "203.0.113.53"
ARGUMENTS = ("--source=service", "--source=ingress", "--domain-filter=apps.example.com", "--txt-owner-id=prod", "--provider=aws")


def deployment(*arguments: str, image: str = "registry.k8s.io/external-dns/external-dns:v0.22.0", name: str = "external-dns",
               **environ: str) -> dict[str, Any]:
    container = {"name": "main", "image": image, "args": list(arguments), "env": [{"name": k, "value": v} for k, v in environ.items()]}
    return {"metadata": {"name": name, "namespace": "edns"}, "spec": {"replicas": 1, "template": {"spec": {"containers": [container]}}},
            "status": {"readyReplicas": 1}}


class World:
    """A zone on two name servers, and an external-dns that follows at once what annotations ask for.

    late: servers that never follow; mute: those that answer nothing; lame: those without authority; elsewhere: those that lead to another;
    keeps: nothing is deleted; behind: what pods ask does not know our names; wild: any name's address; ns: NS records of the zone;
    ttl: seconds of its records; holds: seconds for which RESOLVER keeps an answer; failing: servers that say SERVFAIL of what they
    do not have.
    """

    def __init__(self, *arguments: str, seen: bool = True, **options: Any):
        self.ctx = FakeContext(probes=[FakeProbe(f"n{i}", f"10.244.{i}.9", shell=self._shell) for i in range(2)], nodes=[],
                               seconds=2000.0, **options)
        answer = {"items": [deployment(*(arguments or ARGUMENTS))]} if seen else api_error(403, FORBIDDEN)
        self.ctx.client.answers[DEPLOYMENTS] = answer
        self.ctx.on_create, self.ctx.delete = self._created, self._deleted
        self.ctx.client.patch = self._patched
        self.records: dict[str, dict[str, str]] = {PRIMARY: {}, SECONDARY: {}}
        self.objects: dict[str, str] = {}
        self.late: set[str] = set()
        self.mute: set[str] = set()
        self.lame: set[str] = set()
        self.elsewhere: set[str] = set()
        self.keeps = self.behind = self.foreign = False
        self.ttl, self.holds = 60, 60.0
        self.kept: dict[tuple[str, str], tuple[float, list[str]]] = {}
        self.failing: set[str] = set()
        self.wild, self.ns, self.owner = "", ["ns.example.com", "ns2.example.com"], "prod"
        self.manifests: list[dict[str, Any]] = []

    def run(self) -> FakeContext:
        check = ExternalDns()
        check.bounds(self.ctx.options)
        if reason := check.applies(self.ctx):
            raise DoesNotApply(reason)
        check.run(self.ctx)
        return self.ctx

    # ---- external-dns -----------------------------------------------------------------------------------------
    def _write(self, name: str, target: str | None) -> None:
        for server, zone in self.records.items():
            if server not in self.late:
                zone.pop(name, None) if target is None else zone.update({name: target})

    def _created(self, manifest: dict[str, Any]) -> dict[str, Any]:
        self.manifests.append(manifest)
        notes = manifest["metadata"]["annotations"]
        rules = manifest["spec"].get("rules")
        name = rules[0]["host"] if rules else notes[f"{PREFIXES[0]}hostname"]
        self.objects[manifest["metadata"]["name"]] = name
        self._write(name, notes[f"{PREFIXES[0]}target"])
        return manifest

    def _patched(self, path: str, body: dict[str, Any], **_more: Any) -> dict[str, Any]:
        self._write(self.objects[path.rpartition("/")[2]], body["metadata"]["annotations"][f"{PREFIXES[0]}target"])
        return {}

    def _deleted(self, _kind: str, name: str, **_more: Any) -> None:
        if not self.keeps:
            self._write(self.objects[name], None)

    # ---- name servers -----------------------------------------------------------------------------------------
    def _shell(self, _probe: Any, command: str) -> str:
        asked = [shlex.split(line) for line in re.findall(r"(q \d+ [^&;]*)", command.partition("};")[2])]
        return "\n".join(f"#{words[1]} 0\n{self._answer(words[2:])}" for words in asked)

    def _answer(self, words: list[str]) -> str:
        server = next((w[1:] for w in words if w.startswith("@")), "")
        name, kind = words[-2].rstrip("."), words[-1]
        if server in self.mute:
            return ";; connection timed out; no servers could be reached"
        zone = self.records.get(server, self.records[PRIMARY])
        if self.behind and not server:
            zone = {}
        found: list[str] = []
        if kind == "NS" and name == "example.com":
            found = [f"{n}." for n in self.ns]
        elif kind == "A" and name in self.ns:
            found = [(PRIMARY, SECONDARY)[self.ns.index(name) % 2]]
        elif kind == "SOA" and name == "example.com" and server not in self.lame:
            found = ["ns.example.com. root.example.com. 1 60 60 600 30"]
        elif kind == "A" and name in zone:
            found = ["203.0.113.99"] if server in self.elsewhere else [zone[name]]
        elif kind == "A" and self.wild and name.endswith(".apps.example.com"):
            found = [self.wild]
        elif kind == "TXT" and name.removeprefix("a-") in zone and name.startswith("a-"):
            found = [f'"heritage=external-dns,external-dns/owner={self.owner},external-dns/resource=x"']
        if server == RESOLVER:
            found = self._of_old(name, kind, found)
        if self.foreign and kind == "TXT" and name.startswith("a-assay"):
            found = ['"heritage=external-dns,external-dns/owner=another,external-dns/resource=x"']
        elif self.foreign and kind == "A" and name not in self.ns:
            found = []
        own = "aa " if server and server not in self.lame else ""
        none = "SERVFAIL" if server in self.failing else "NXDOMAIN"
        lines = [f";; ->>HEADER<<- opcode: QUERY, status: {'NOERROR' if found else none}, id: 1",
                 f";; flags: qr {own}rd; QUERY: 1, ANSWER: {len(found)}, AUTHORITY: 0, ADDITIONAL: 0"]
        ttl = self.ttl if server else min(self.ttl, 30)  # as CoreDNS keeps it
        return "\n".join([*lines, *(f"{name}. {ttl} IN {kind} {data}" for data in found), ";; Query time: 1 msec"])

    def _of_old(self, name: str, kind: str, found: list[str]) -> list[str]:
        """What a recursive one keeps of what it was told, so long as it keeps it."""
        since, old = self.kept.get((name, kind), (0.0, []))
        if not old or Now.clock.monotonic() - since >= self.holds:
            self.kept[name, kind] = (Now.clock.monotonic(), found)
            return found
        return old
