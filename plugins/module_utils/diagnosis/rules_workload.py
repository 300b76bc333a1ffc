# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers 4 to 6: scheduling, images, containers of the pods on the failing path; by the words of statuses and events."""
from __future__ import annotations

import re
from collections.abc import Iterator

from .evidence import (Candidate, Evidence, Object, condition, containers, event_line, first_seen, last_seen, name_of,
                       node_of, pod_ref, seconds, space_of, started, unready_since, words)
from .finding import Finding
from .image_words import cause_of
from .paths import isolated_nodes, pods
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
def scheduling(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for pod in pods(f, ev):
        if node_of(pod):
            continue
        c = condition(pod, "PodScheduled")
        told = [(last_seen(e), words(e), event_line(e), first_seen(e)) for e in ev.events_of(pod)
                if e.get("reason") == "FailedScheduling"]
        if c.get("status") == "False":
            told.append((ev.now + 1, c.get("message", ""), f"{pod_ref(pod)} PodScheduled=False {c.get('reason', '')}: "
                         f"{c.get('message', '')}", seconds(c.get("lastTransitionTime"))))
        for _when, text, line, since in sorted(told, reverse=True)[:1]:  # what keeps it now, not what kept it before
            code = next((code for code, pattern in _SCHEDULING if re.search(pattern, text)), "")
            if code:
                yield Candidate(code, "confirmed", (pod_ref(pod),), (line,), _own(f, pod, ev), since)


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
    for image, text, line, since, pod in told:
        code, sure = cause_of(text)
        if code:
            scope = (f"image/{image}",) if image else ((pod_ref(pod),) if name_of(pod) else ())
            yield Candidate(code, sure, scope, (line,), not name_of(pod) or _own(f, pod, ev), since, node=node_of(pod))


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


RULES = (scheduling, images, crashed, config_missing, probe_failing)
