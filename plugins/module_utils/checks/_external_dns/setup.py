# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Deployments of external-dns say of themselves: which names they keep, of which objects, and whose they write them."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# Both prefixes of annotations: that of v0.22 and later, and the one before.
PREFIXES = ("external-dns.kubernetes.io/", "external-dns.alpha.kubernetes.io/")
_FLAG = re.compile(r"--([a-z0-9-]+)(?:=(.*))?$", re.S)
# Of policies of external-dns (plan/policy.go), those that never delete.
KEEPING = ("upsert-only", "create-only")
_ENVIRON = "EXTERNAL_DNS_"


@dataclass(frozen=True)
class Setup:
    """One external-dns. flags: values by name of the flag, of its arguments and of EXTERNAL_DNS_* in its environment.

    Meanings and defaults are those of external-dns v0.22 (pkg/apis/externaldns/types.go). ready: how many pods of it work.
    """

    namespace: str
    name: str
    flags: dict[str, tuple[str, ...]]
    ready: int = 0

    def one(self, flag: str, default: str = "") -> str:
        return self.flags.get(flag, (default,))[-1]

    @property
    def ref(self) -> str:
        return f"deployment/{self.namespace}/{self.name}"

    @property
    def domains(self) -> tuple[str, ...]:
        """Domains in which it keeps names; empty where it keeps all, or those of a regular expression."""
        told = [*self.flags.get("rfc2136-zone", ()), *self.flags.get("domain-filter", ())]
        narrow = self.flags.get("domain-filter") or told
        return tuple(dict.fromkeys(d.strip(".").lower() for part in narrow for d in part.split(",") if d.strip(".")))

    @property
    def sources(self) -> tuple[str, ...]:
        return self.flags.get("source", ())

    @property
    def policy(self) -> str:
        return self.one("policy", "sync")

    @property
    def keeps_records(self) -> bool:
        """Whether it leaves records whose objects are gone."""
        return self.policy in KEEPING

    @property
    def writes_owner(self) -> bool:
        """Whether who owns a record stands in a TXT record beside it."""
        return self.one("registry", "txt") == "txt"

    @property
    def owner(self) -> str:
        return self.one("txt-owner-id", "default")

    @property
    def prefixes(self) -> tuple[str, ...]:
        own = self.one("annotation-prefix")
        return (own,) if own else PREFIXES

    @property
    def labels(self) -> dict[str, str] | None:
        """Labels that an object must have; None where the filter is more than that."""
        return _equalities(self.one("label-filter"))

    @property
    def annotations(self) -> dict[str, str] | None:
        return _equalities(self.one("annotation-filter"))

    def keeps(self, domain: str) -> bool:
        """Whether names in the domain are its own, so far as its arguments tell."""
        return not self.domains or any(domain == d or domain.endswith(f".{d}") for d in self.domains)

    def owner_names(self, host: str) -> tuple[str, ...]:
        """Names that the TXT record for an A record may have (registry/mapper of external-dns): with its type, and as it was before."""
        first, _dot, rest = host.partition(".")
        before, after = (self.one(f"txt-{part}").replace("%{record_type}", "a") for part in ("prefix", "suffix"))
        typed = "%{record_type}" in self.one("txt-prefix") + self.one("txt-suffix")
        names = (f"{before}{first}{after}.{rest}",) if typed else (f"{before}a-{first}{after}.{rest}", f"{before}{first}{after}.{rest}")
        return tuple(dict.fromkeys(n.lower() for n in names))


def _equalities(selector: str) -> dict[str, str] | None:
    """{key: value} of a selector of equalities and keys alone."""
    out: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in selector.split(","))):
        found = re.fullmatch(r"([\w./-]+)(?:\s*={1,2}\s*([\w.-]*))?", part)
        if not found:
            return None
        out[found[1]] = found[2] or ""
    return out


def _flags(container: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for item in container.get("env") or ():
        name = str(item.get("name") or "")
        if name.startswith(_ENVIRON) and isinstance(item.get("value"), str):
            found[name.removeprefix(_ENVIRON).lower().replace("_", "-")] = item["value"].split("\n")
    given: dict[str, list[str]] = {}
    words = [str(w) for w in (*(container.get("command") or ()), *(container.get("args") or ()))]
    for word, following in zip(words, [*words[1:], ""]):
        flag = _FLAG.match(word)
        if flag:
            value = flag[2] if flag[2] is not None else ("" if following.startswith("-") else following)
            given.setdefault(flag[1], []).append(value)
    return {name: tuple(v) for name, v in {**found, **given}.items()}


def is_one(container: dict[str, Any]) -> bool:
    """By the name of its image: registry.k8s.io/external-dns/external-dns, bitnami/external-dns, and mirrors of these."""
    image = str(container.get("image") or "").partition("@")[0]
    return image.rpartition("/")[2].partition(":")[0] == "external-dns"


def lean(item: dict[str, Any]) -> dict[str, Any]:
    """A Deployment as it is kept of a list of thousands: nothing of those that are no external-dns."""
    ours = any(map(is_one, item["spec"]["template"]["spec"].get("containers") or ()))
    return item if ours else {"metadata": {}, "spec": {"template": {"spec": {}}}}


def setups(deployments: Iterable[dict[str, Any]]) -> list[Setup]:
    """Each external-dns among these Deployments."""
    out = []
    for item in deployments:
        for container in item["spec"]["template"]["spec"].get("containers") or ():
            if is_one(container):
                out.append(Setup(item["metadata"]["namespace"], item["metadata"]["name"], _flags(container),
                                 int((item.get("status") or {}).get("readyReplicas") or 0)))
    return out
