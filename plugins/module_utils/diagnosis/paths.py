# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The failing path of a finding: the nodes and pods that its failure went through, and no others."""
from __future__ import annotations

import re
from typing import Any

from .evidence import Evidence, Object, label, name_of, node_of, ready, space_of
from .finding import Finding
from .matrix import edges, spread

TRAFFIC = ("pod", "service", "dns")
_NO_PROBE = re.compile(r"no probe became ready|fewer than two nodes run a probe|probes could not be made"
                       r"|did not start a pod|no pod could be tried on")
_PROVISIONER = re.compile(r"provisioner|csi|controller|driver")


def seen(f: Finding, kind: str, *variants: str) -> list[dict[str, Any]]:
    """Observations of a kind, of some variants if named."""
    return [o for o in f.observations if o["kind"] == kind and (not variants or o.get("variant") in variants)]


def line(o: dict[str, Any]) -> str:
    """An observation as a line of evidence."""
    way = " -> ".join(x for x in (o.get("from_node") or "controller", o.get("to_node")) if x)
    what = f"{o['kind']} {o.get('variant') or ''}".strip()
    return f"{way} {o.get('target', '')} ({what}): {'ok' if o['ok'] else o.get('error') or 'failed'}"


def names(f: Finding, kind: str) -> set[tuple[str, str]]:
    """(namespace, name) of the objects of a kind that the check depended on."""
    return {(p.get("namespace", ""), p["name"]) for p in f.path if p["kind"] == kind}


def pod_answers(f: Finding) -> list[dict[str, Any]]:
    """Questions to addresses of pods, whichever check asked them."""
    return [*seen(f, "pod", "small", "udp"), *seen(f, "service", "pod"), *seen(f, "dns", "direct", "direct_tcp", "pod")]


def about_probes(f: Finding) -> bool:
    """Whether the finding is that probes did not start, rather than what they saw."""
    return bool(_NO_PROBE.search(f.message)) or any(not o["ok"] for o in seen(f, "node", "pod"))


# ---- pods -------------------------------------------------------------------------------------------------------
def provisioners(f: Finding, ev: Evidence) -> list[Object]:
    """Pods that look like those of the provisioner that the check depended on."""
    word = str(f.observed.get("provisioner") or "").rpartition("/")[2]
    stem = word.replace(".", "-")
    return [p for p in ev.pods() if word and space_of(p) != ev.space and (
        word in name_of(p) or stem in name_of(p) or (".csi." in word and word.split(".")[0] in name_of(p)
                                                     and _PROVISIONER.search(name_of(p))))]


def helpers(f: Finding, ev: Evidence) -> list[Object]:
    """Pods by which provisioners make and remove the volumes on the path: their names hold the volume's, or the claim's uid."""
    wanted = {name for _space, name in names(f, "PersistentVolumeClaim")}
    told = [c["metadata"].get("uid") for c in ev.items("pvcs") if name_of(c) in wanted]
    told += [name for _space, name in names(f, "PersistentVolume")]
    return [p for p in ev.pods() if any(word and word in name_of(p) for word in told)]


def of_controllers(f: Finding, ev: Evidence) -> list[Object]:
    """Pods of the controllers that the check depended on, by the names of their workloads."""
    wanted = [one for kind in ("Deployment", "DaemonSet") for one in names(f, kind)]
    return [p for p in ev.pods() if any(space_of(p) == space and name_of(p).startswith(f"{name}-") for space, name in wanted)]


def _behind_service(f: Finding, ev: Evidence) -> list[Object]:
    """Pods that the selector of a Service without endpoints matches."""
    selector, wanted = f.observed.get("selector"), str(f.observed.get("service") or "")
    if not isinstance(selector, dict) or not selector:
        return []
    space = wanted.partition("/")[0]
    return [p for p in ev.pods(space) if all(label(p, k) == v for k, v in selector.items())]


def pods(f: Finding, ev: Evidence) -> list[Object]:
    """Pods on the failing path that do not do their work."""
    wanted = names(f, "Pod")
    found = [p for p in ev.pods() if (space_of(p), name_of(p)) in wanted]
    if about_probes(f):
        found += ev.probes()
    if f.domain == "dns":
        found += ev.dns_pods()
    if f.domain == "storage":
        found += [*provisioners(f, ev), *helpers(f, ev)]
    if f.check in ("ingress", "gateway"):
        found += of_controllers(f, ev)
    found += _behind_service(f, ev)
    return [p for p in {(space_of(p), name_of(p)): p for p in found}.values() if not ready(p)]


# ---- nodes ------------------------------------------------------------------------------------------------------
def _named(f: Finding, ev: Evidence) -> set[str]:
    return {n for n in ev.nodes if re.search(rf"(?<![\w.-]){re.escape(n)}(?![\w-]|\.\w)", f.message)}


def isolated_nodes(f: Finding) -> set[str]:
    """Nodes that are cut from the pods of all others, by the answers of pods."""
    pattern, nodes = spread(edges(pod_answers(f)))
    return set(nodes) if pattern == "isolated" else set()


def traffic_nodes(f: Finding) -> set[str]:
    """Nodes that explain which answers are missing; all at their ends where no pattern shows."""
    bad = [o for o in f.observations if not o["ok"] and o["kind"] in TRAFFIC]
    return isolated_nodes(f) or {n for o in bad for n in (o.get("from_node"), o.get("to_node")) if n}


def at_every_loss(f: Finding, nodes: set[str]) -> bool:
    """Whether all answers that are missing had one of these nodes at an end."""
    bad = [o for o in f.observations if not o["ok"] and o["kind"] in TRAFFIC]
    return all(nodes & {o.get("from_node"), o.get("to_node")} for o in bad)


def work_nodes(f: Finding, ev: Evidence) -> set[str]:
    """Nodes that should have done something for the check: start a pod of ours, answer about themselves."""
    out = {o["to_node"] for o in f.observations if not o["ok"] and o["kind"] in ("node", "probe") and o.get("to_node")}
    out |= {o["from_node"] for o in f.observations if not o["ok"] and o["kind"] == "storage" and o.get("from_node")}
    out |= {node_of(p) for p in pods(f, ev)}
    if not any(o["kind"] in TRAFFIC for o in f.observations):
        out |= _named(f, ev)
    return {n for n in out if n}


def concerned(f: Finding, ev: Evidence) -> list[str]:
    """All nodes on the failing path that the cluster knows."""
    return sorted((traffic_nodes(f) | work_nodes(f, ev)) & set(ev.nodes))
