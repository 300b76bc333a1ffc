# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers 4 to 6: scheduling, images, containers of the pods on the failing path; by the words of statuses and events."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from .evidence import (Candidate, Evidence, Object, condition, containers, event_line, first_seen, last_seen, name_of,
                       node_of, pod_ref, seconds, space_of, started, unready_since, words)
from .finding import Finding
from .image_words import OF_REGISTRY, cause_of, registry_of
from .kubelet_words import refusal_of
from .paths import isolated_nodes, names, pods
from .rules_dns import config_lines

_IMAGE_REASONS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
                  "RegistryUnavailable", "SignatureValidationFailed")
_SCHEDULING = (
    ("storage.zone-conflict", r"volume node affinity conflict|PersistentVolume's node affinity"
                              r"|no available volume zone"),
    ("storage.attach-stuck", r"exceed max volume count"),
    ("sched.insufficient", r"Insufficient |Too many pods|not have enough free storage|free ports for the requested"),
    ("sched.constraint", r"untolerated taint|had taint|didn't match Pod's node affinity|node\(s\) were unschedulable"
                         r"|topology spread|node selector|didn't match pod (?:anti-)?affinity"
                         r"|existing pods anti-affinity"),
)
_CONFIG = re.compile(r'(configmap|secret) "[^"]*" not found|couldn\'t find key|references non-existent', re.I)
# An end longer ago (seconds), of a container that was started again, says nothing about this failure.
_RECENT = 900.0
# One that was started again less long ago may be between two ends.
_BETWEEN = 60.0
# Exit codes from here on are those of signals, which come from outside, and of what became unknown with its node.
_SIGNALS = 128
_KILL = _SIGNALS + 9
_KILLED = re.compile(r"failed (?:liveness|startup) probe")
# A kubelet that has said 25 things about a pod says one more in 300 s.
_REPEATED = 330.0


# ---- scheduling -------------------------------------------------------------------------------------------------
def _only(pod: Object) -> str:
    """The one node that the pod is for, by its affinity: that of a DaemonSet's pod; empty where it may go elsewhere."""
    wanted = ((pod.get("spec", {}).get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution") or {}
    named = [field.get("values") for term in wanted.get("nodeSelectorTerms") or ()
             for field in term.get("matchFields") or () if field.get("key") == "metadata.name"]
    return str(named[0][0]) if len(named) == 1 and named[0] and len(named[0]) == 1 else ""


def _of_words(text: str) -> tuple[str, str]:
    """(code, confidence) of a scheduler's words. Where some nodes are kept out by nature (taints, selectors) and others have no
    room, the room is what is missing; where two such causes share the nodes, neither is certain."""
    codes = [code for code, pattern in _SCHEDULING if re.search(pattern, text)]
    several = len([c for c in codes if c != "sched.constraint"]) > 1
    return (codes[0], "probable" if several else "confirmed") if codes else ("", "")


def _room(node: str, ev: Evidence) -> tuple[str, ...]:
    """How many pods the node takes, as a line."""
    most = (ev.nodes.get(node, {}).get("status", {}).get("allocatable") or {}).get("pods")
    return (f"node/{node} takes {most} pods",) if most else ()


def scheduling(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    waiting = [p for p in pods(f, ev) if not node_of(p)]
    if not waiting and "nodes are available:" in f.message:  # the check repeats what nothing else tells any more
        code, sure = _of_words(f.message)
        if code:
            scope = tuple(f"pod/{space}/{name}" for space, name in sorted(names(f, "Pod"))[:1])
            yield Candidate(code, sure, scope, (f.message,))
    for pod in waiting:
        c = condition(pod, "PodScheduled")
        told = [(last_seen(e), words(e), event_line(e), first_seen(e)) for e in ev.events_of(pod)
                if e.get("reason") == "FailedScheduling"]
        if c.get("status") == "False":
            told.append((ev.now + 1, c.get("message", ""), f"{pod_ref(pod)} PodScheduled=False {c.get('reason', '')}: "
                         f"{c.get('message', '')}", seconds(c.get("lastTransitionTime"))))
        for _when, text, line, since in sorted(told, reverse=True)[:1]:  # what keeps it now, not what kept it before
            code, sure = _of_words(text)
            only = _only(pod)
            lines = (line, *(_room(only, ev) if "Too many pods" in text else ()))
            if code:
                yield Candidate(code, sure, (f"node/{only}",) if only else (pod_ref(pod),), lines, _own(f, pod, ev), since)


def refused(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A pod that was placed on its node, and that the kubelet there does not take."""
    for pod in pods(f, ev):
        status, node = pod.get("status", {}), node_of(pod)
        if status.get("phase") != "Failed" or not node:
            continue
        text = f"{status.get('reason', '')}: {status.get('message', '')}"
        code, sure = refusal_of(text)
        if code:
            lines = (f"{pod_ref(pod)} {text}", *(_room(node, ev) if "pods" in text else ()))
            yield Candidate(code, sure, (f"node/{node}",), lines, _own(f, pod, ev))


def _own(f: Finding, pod: Object, ev: Evidence) -> bool:
    """Whether the pod is ours, so that its trouble is the finding itself."""
    return space_of(pod) == ev.space


# ---- images -----------------------------------------------------------------------------------------------------
def _image_words(pod: Object, ev: Evidence) -> Iterator[tuple[str, str, str, float]]:
    """(image, text, line, since) of all that was said about images that the pod still waits for, the latest first."""
    waiting = {}
    for status in containers(pod):
        state = status.get("state", {}).get("waiting") or {}
        if state.get("reason") in _IMAGE_REASONS:
            image = status.get("image", "")
            waiting[image] = True
            line = f"{pod_ref(pod)} {state['reason']}: {state.get('message', '')}".rstrip(": ")
            yield image, state.get("message", "") or state["reason"], line, unready_since(pod)
    for event in sorted(ev.events_of(pod), key=last_seen, reverse=True):
        text, reason = words(event), event.get("reason")
        found = re.search(r'(?:image|for) "([^"\s]+)"', text)
        if reason in ("Failed", "InspectFailed") and waiting and re.search(r"pull|image", text):
            yield found[1] if found else next(iter(waiting), ""), text, event_line(event), first_seen(event)
        elif reason == "FailedCreatePodSandBox" and "sandbox image" in text and last_seen(event) > started(pod):
            yield found[1] if found else "", text, event_line(event), first_seen(event)


def images(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    told = [(*said, pod) for pod in pods(f, ev) for said in _image_words(pod, ev)]
    if not told and re.search("|".join(_IMAGE_REASONS), f.message):
        found = re.search(r'image "([^"\s]+)"', f.message)
        told = [(found[1] if found else "", f.message, f.message, 0.0, {"metadata": {"name": ""}})]
    found_ = []
    for image, text, line, since, pod in told:
        code, sure = cause_of(text)
        if code:
            scope = (f"image/{image}",) if image else ((pod_ref(pod),) if name_of(pod) else ())
            found_.append(Candidate(code, sure, scope, (line,), not name_of(pod) or _own(f, pod, ev), since, node=node_of(pod)))
    yield from _by_registry(found_)


def _by_registry(found: list[Candidate]) -> list[Candidate]:
    """The registry, where several of its images do not come for the same reason, and none for another."""
    images_ = {c.scope[0].removeprefix("image/"): c.code for c in found if c.scope and c.scope[0].startswith("image/")}
    codes = {registry_of(i): {code for other, code in images_.items() if registry_of(other) == registry_of(i)} for i in images_}
    wide = {r for r, of in codes.items() if len(of) == 1 and of <= OF_REGISTRY
            and sum(registry_of(i) == r for i in images_) > 1}
    out = []
    for c in found:
        image = c.scope[0] if c.scope else ""
        host = registry_of(image.removeprefix("image/"))
        out.append(replace(c, scope=(f"registry/{host}",), subject=image) if image.startswith("image/") and host in wide else c)
    return out


# ---- containers -------------------------------------------------------------------------------------------------
def _ended(status: Object, now: float) -> Object:
    """How the container ended: just now, or before it was started again, if that is not long ago."""
    state, before = status.get("state", {}), status.get("lastState", {}).get("terminated") or {}
    loops = (state.get("waiting") or {}).get("reason") == "CrashLoopBackOff"
    counts = loops or seconds(before.get("finishedAt")) > now - _RECENT
    last = state.get("terminated") or {}
    if counts and last.get("exitCode") == _KILL and before.get("reason") == "OOMKilled":
        return before  # containerd sees not every time why the kernel killed a container
    return last or (before if counts else {})


def _again(pod: Object, status: Object, ended: Object, ev: Evidence) -> bool:
    """Whether the container ended by itself, and was started again just now; not by the kubelet, nor with its node."""
    running = status.get("state", {}).get("running") or {}
    return (not status.get("ready") and seconds(running.get("startedAt")) > ev.now - _BETWEEN
            and 0 < ended.get("exitCode", 0) < _SIGNALS
            and not any(e.get("reason") == "Killing" and _KILLED.search(words(e)) for e in ev.events_of(pod)))


def _judge(status: Object, ended: Object, log: list[str], again: bool) -> tuple[str, str, str]:
    """(code, confidence, words) of a container that does not run, or runs again; an empty code for one that just starts."""
    waiting = status.get("state", {}).get("waiting") or {}
    text, reason = waiting.get("message", ""), waiting.get("reason", "")
    if reason in ("CreateContainerConfigError", "CreateContainerError") and _CONFIG.search(text):
        return "pod.config-missing", "confirmed", f"{reason}: {text}"
    if ended.get("reason") == "OOMKilled":
        return "pod.oom", "confirmed", f"OOMKilled, exit code {ended.get('exitCode')}"
    if "exec format error" in f"{text} {ended.get('message', '')} {' '.join(log)}":
        return "image.not-found", "probable", f"exec format error: the image is for another architecture; {text}"
    if (reason in ("RunContainerError", "CreateContainerError")
            or ended.get("reason") in ("StartError", "ContainerCannotRun")):
        return "pod.crash", "confirmed", f"{reason or ended.get('reason')}: {text or ended.get('message', '')}"
    if reason == "CrashLoopBackOff" or (ended.get("exitCode") and (again or status.get("state", {}).get("terminated"))):
        words_ = f" {ended['message'].strip()}" if ended.get("message") else ""
        return "pod.crash", "confirmed" if words_ else "probable", \
            f"{reason or ('ended, runs again' if again else 'ended')}, exit code {ended.get('exitCode', 'unknown')}{words_}"
    return "", "", ""


def _kept(f: Finding, ev: Evidence) -> list[Object]:
    """Without those that are being deleted: they end, and fail their probes until then, because somebody said so."""
    return [p for p in pods(f, ev) if not p["metadata"].get("deletionTimestamp")]


def crashed(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for pod in _kept(f, ev):
        for status in containers(pod):
            log = [f"{key}: {line}" for key, line in ev.logs([pod]) if key.endswith(f"/{status['name']}")][-3:]
            ended = _ended(status, ev.now)
            code, sure, text = _judge(status, ended, log, _again(pod, status, ended, ev))
            if not code or (code == "pod.crash" and config_lines(ev, [pod])):
                continue  # a name server that refuses its configuration is no accident
            # What ended more than once began before the last time.
            since = 0.0 if status.get("restartCount", 0) > 1 else seconds(ended.get("finishedAt")) or unready_since(pod)
            yield Candidate(code, sure, (pod_ref(pod),), (f"{pod_ref(pod)} container {status['name']}: {text}", *log),
                            _own(f, pod, ev), since, node=node_of(pod))


def config_missing(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A volume of a ConfigMap or Secret that is not there."""
    for pod in pods(f, ev):
        for event in ev.events_since_start(pod):
            if event.get("reason") == "FailedMount" and _CONFIG.search(words(event)):
                yield Candidate("pod.config-missing", "confirmed", (pod_ref(pod),), (event_line(event),),
                                _own(f, pod, ev), first_seen(event))


def probe_failing(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """It runs, its probe fails: said by the kubelet, or by what the pod's conditions leave."""
    answering = {o.get("target") for o in f.observations if o["ok"]}
    cut = isolated_nodes(f)
    for pod in _kept(f, ev):
        if pod.get("status", {}).get("podIP") in answering or node_of(pod) in cut:
            continue  # another node was answered: who asks is cut off, and so is the kubelet there
        statuses = pod.get("status", {}).get("containerStatuses") or []
        running = [s for s in statuses if "running" in (s.get("state") or {})]
        if not running or len(running) != len(pod.get("spec", {}).get("containers") or running):
            continue
        for event in ev.events_of(pod):
            if event.get("reason") == "Unhealthy" and last_seen(event) > ev.now - _REPEATED:
                yield Candidate("pod.probe-failing", "confirmed", (pod_ref(pod),), (event_line(event),),
                                _own(f, pod, ev), first_seen(event))


RULES = (scheduling, refused, images, crashed, config_missing, probe_failing)
