# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers 3 to 6: admission, scheduling, images, pods, storage; by the words of events, statuses and refusals."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .evidence import Candidate, Evidence, event_line, name_of, path_names, space_of
from .finding import Finding

# Words of an API answer, most special first.
_REFUSALS = (
    ("webhook.no-endpoints", r"failed calling webhook.*(no endpoints available|connection refused)"),
    ("webhook.ca-mismatch", r"failed calling webhook.*x509"),
    ("webhook.timeout", r"failed calling webhook.*(deadline exceeded|timeout)"),
    ("quota.exceeded", r"exceeded quota|maximum .* usage per|LimitRange"),
    ("admission.denied", r"violates PodSecurity|admission webhook .* denied|ValidatingAdmissionPolicy .* denied"),
)
# Words of a kubelet or containerd about an image.
_IMAGES = (
    ("image.kubelet-qps", r"pull QPS exceeded"),
    ("image.throttled", r"toomanyrequests|429 Too Many Requests"),
    ("image.auth", r"401 Unauthorized|403 Forbidden|no basic auth credentials|pull access denied|authorization failed"),
    ("image.not-found", r"not found|manifest unknown|no match for platform|InvalidImageName"),
    ("image.registry-unreachable", r"no such host|i/o timeout|connection refused|x509|no route to host|dial tcp"),
)
_SCHEDULING = (
    ("storage.zone-conflict", r"volume node affinity conflict"),
    ("sched.insufficient", r"Insufficient |Too many pods"),
    ("sched.constraint", r"untolerated taint|didn't match Pod's node affinity|unschedulable|topology spread|node selector"),
)
_VOLUMES = (
    ("storage.attach-stuck", "FailedAttachVolume", r"."),
    ("storage.driver-missing", "FailedMount", r"not found in the list of registered CSI drivers"),
    ("storage.mount-failed", "FailedMount", r"."),
)


def _first(table: Iterable[tuple[str, str]], text: str) -> str:
    return next((code for code, pattern in table if re.search(pattern, text, re.S)), "")


def _mine(f: Finding, ev: Evidence) -> list[dict[str, Any]]:
    """Pods of the run that this check depended on; all of them where it got no probe."""
    pods = ev.pods(ev.space) if ev.space else []
    names = path_names(f, "Pod")
    whole = "no probe became ready" in f.message or f.check == "nodes" or not names
    return [p for p in pods if whole or name_of(p) in names]


def _events(f: Finding, ev: Evidence) -> list[dict[str, Any]]:
    names = {name_of(p) for p in _mine(f, ev)} | path_names(f, "Pod")
    return [e for e in ev.events("Pod", ev.space) if e.get("involvedObject", {}).get("name") in names] if ev.space else []


def refused(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for e in f.errors:
        code = _first(_REFUSALS, e.get("message", ""))
        if code:
            yield Candidate(code, "confirmed", (), (e["message"],))
    for event in ev.events(namespace=ev.space) if ev.space else ():
        if event.get("reason") == "FailedCreate":
            code = _first(_REFUSALS, event.get("message", ""))
            if code:
                yield Candidate(code, "confirmed", (), (event_line(event),), False)


def scheduling(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for event in _events(f, ev):
        if event.get("reason") == "FailedScheduling":
            code = _first(_SCHEDULING, event.get("message", ""))
            pod = event["involvedObject"]["name"]
            still = next((p for p in _mine(f, ev) if name_of(p) == pod and not p["spec"].get("nodeName")), None)
            if code and still:
                yield Candidate(code, "confirmed", (f"pod/{ev.space}/{pod}",), (event_line(event),))


def _statuses(pod: dict[str, Any]) -> list[dict[str, Any]]:
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def images(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    words = [(e["involvedObject"]["name"], event_line(e)) for e in _events(f, ev)
             if e.get("reason") in ("Failed", "InspectFailed") and "pull" in (e.get("message") or "")]
    for pod in _mine(f, ev):
        for status in _statuses(pod):
            waiting = status.get("state", {}).get("waiting") or {}
            if waiting.get("reason") in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName"):
                words.append((name_of(pod), f"pod/{name_of(pod)} {waiting['reason']}: {waiting.get('message', '')}"))
    if not words and re.search(r"ErrImagePull|ImagePullBackOff", f.message):
        words.append(("", f.message))
    for pod, text in words:
        code = _first(_IMAGES, text)
        if code:
            found = re.search(r'image "?([\w./:@-]+)', text)
            scope = (f"image/{found[1]}",) if found else ((f"pod/{ev.space}/{pod}",) if pod else ())
            yield Candidate(code, "confirmed", scope, (text,))
            return


def containers(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for pod in _mine(f, ev):
        scope = (f"pod/{space_of(pod)}/{name_of(pod)}",)
        for status in _statuses(pod):
            waiting = status.get("state", {}).get("waiting") or {}
            ended = status.get("state", {}).get("terminated") or status.get("lastState", {}).get("terminated") or {}
            line = f"pod/{name_of(pod)} container {status['name']}: "
            if waiting.get("reason") in ("CreateContainerConfigError", "CreateContainerError"):
                yield Candidate("pod.config-missing", "confirmed", scope, (line + waiting.get("message", ""),))
            elif ended.get("reason") == "OOMKilled":
                yield Candidate("pod.oom", "confirmed", scope, (line + "OOMKilled",))
            elif waiting.get("reason") == "CrashLoopBackOff" or ended.get("exitCode"):
                yield Candidate("pod.crash", "probable", scope,
                                (f"{line}exit code {ended.get('exitCode')} {ended.get('message', '')}".strip(),))
    for event in _events(f, ev):
        if event.get("reason") == "Unhealthy" and "Readiness" in event.get("message", ""):
            yield Candidate("pod.probe-failing", "probable", (f"pod/{ev.space}/{event['involvedObject']['name']}",),
                            (event_line(event),), False)


# ---- storage --------------------------------------------------------------------------------------------------
_DEFAULT = "storageclass.kubernetes.io/is-default-class"


def default_class(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    if f.domain != "storage" or "default" not in f.message:
        return
    marks = {name_of(c): c["metadata"].get("annotations", {}).get(_DEFAULT, "-") for c in ev.items("storageclasses")}
    if list(marks.values()).count("true") != 1:
        yield Candidate("storage.no-default-class", "confirmed", (), tuple(
            f"storageclass/{n} {_DEFAULT}={v}" for n, v in sorted(marks.items())) or ("there is no StorageClass",))


def volumes(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for event in _events(f, ev):
        for code, reason, pattern in _VOLUMES:
            if event.get("reason") == reason and re.search(pattern, event.get("message", "")):
                yield Candidate(code, "confirmed", (f"pod/{ev.space}/{event['involvedObject']['name']}",),
                                (event_line(event),))
                break


def _asleep(ev: Evidence, provisioner: str) -> list[str]:
    """Deployments that look like this provisioner and have no pod to do the work."""
    word = provisioner.rpartition("/")[2]
    return [f"deployment/{space_of(d)}/{name_of(d)} has {d.get('status', {}).get('availableReplicas', 0)} of "
            f"{d['spec'].get('replicas', 1)} replicas available" for d in ev.items("deployments")
            if word in name_of(d) and not d.get("status", {}).get("availableReplicas")]


def provisioning(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    if f.domain != "storage":
        return
    claims = path_names(f, "PersistentVolumeClaim")
    for event in ev.events("PersistentVolumeClaim", ev.space):
        name, text = event["involvedObject"]["name"], event.get("message", "")
        if name not in claims:
            continue
        if event.get("reason") == "ProvisioningFailed":
            yield Candidate("storage.provision-failed", "confirmed", (f"persistentvolumeclaim/{ev.space}/{name}",),
                            (event_line(event),))
        found = re.search(r"external provisioner '([^']+)'", text)
        pending = any(name_of(c) == name and c.get("status", {}).get("phase") == "Pending" for c in ev.items("pvcs"))
        if event.get("reason") == "ExternalProvisioning" and found and pending:
            asleep = _asleep(ev, found[1])
            yield Candidate("storage.driver-missing", "confirmed" if asleep else "suspected",
                            (f"provisioner/{found[1]}",), (event_line(event), *asleep))


def corrupt(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    if f.domain == "storage" and "data was changed" in f.message:
        yield Candidate("storage.data-corrupt", "confirmed", tuple(
            f"persistentvolume/{n}" for n in sorted(path_names(f, "PersistentVolume"))), (f.message,))


RULES = (refused, scheduling, images, default_class, volumes, provisioning, corrupt, containers)
