# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 4, replayed: images that do not come, in the words of container runtimes and registries."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import diagnose
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    NODES, SPACE, cause, event, finding, healthy, no_probe, one, pod, probe, replace_pod, waiting)

IMAGE = "registry.lab/main:1"
PULL = f'Failed to pull image "{IMAGE}": rpc error: code = Unknown desc = failed to pull and unpack image "{IMAGE}": '
RESOLVE = f'{PULL}failed to resolve reference "{IMAGE}": '


def _no_image(words: str, reason: str = "ErrImagePull", image: str = IMAGE) -> dict[str, Any]:
    data = healthy()
    replace_pod(data, probe("n2", False, image=image, **waiting(reason, words)))
    return data


@pytest.mark.parametrize(("words", "code", "sure"), [
    ("pull QPS exceeded", "image.kubelet-qps", "confirmed"),
    (RESOLVE + "unexpected status from HEAD request to https://registry.lab/v2/main/manifests/1: 429 Too Many Requests "
     "toomanyrequests: You have reached your unauthenticated pull rate limit.", "image.throttled", "confirmed"),
    (RESOLVE + "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
     "https://auth.lab/token: 429 Too Many Requests", "image.throttled", "confirmed"),
    (RESOLVE + "pull access denied, repository does not exist or may require authorization: server message: "
     "insufficient_scope: authorization failed", "image.auth", "probable"),
    (RESOLVE + "unexpected status from HEAD request to https://registry.lab/v2/main/manifests/1: 401 Unauthorized",
     "image.auth", "confirmed"),
    (RESOLVE + "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
     "https://ghcr.io/token?scope=repository: 403 Forbidden", "image.auth", "confirmed"),
    (PULL + "no basic auth credentials", "image.auth", "confirmed"),
    (RESOLVE + "failed to authorize: failed to fetch oauth token: unexpected status: 418", "image.auth", "probable"),
    (RESOLVE + 'failed to do request: Head "https://registry.lab/v2/main/manifests/1": dial tcp: lookup registry.lab '
     "on 10.0.0.53:53: no such host", "image.registry-unreachable", "confirmed"),
    (RESOLVE + 'failed to authorize: failed to fetch anonymous token: Get "https://auth.docker.io/token": dial tcp: '
     "lookup auth.docker.io on 10.0.0.53:53: no such host", "image.registry-unreachable", "confirmed"),
    (RESOLVE + 'failed to do request: Head "https://registry.lab/v2/main/manifests/1": tls: failed to verify '
     "certificate: x509: certificate signed by unknown authority", "image.registry-unreachable", "confirmed"),
    (RESOLVE + "http: server gave HTTP response to HTTPS client", "image.registry-unreachable", "confirmed"),
    (RESOLVE + "net/http: TLS handshake timeout", "image.registry-unreachable", "confirmed"),
    (PULL + "context deadline exceeded", "image.registry-unreachable", "probable"),
    (RESOLVE + "unexpected status from HEAD request to https://registry.lab/v2/main/manifests/1: 503 Service "
     "Unavailable",
     "image.registry-unreachable", "probable"),
    (RESOLVE + "unexpected status from HEAD request to https://registry.lab/v2/main/manifests/1: 429 busy", "image.throttled",
     "confirmed"),
    (PULL + "pulling from host registry.lab failed with status code [manifests 1]: 401 who are you", "image.auth", "confirmed"),
    (RESOLVE + "unexpected status from HEAD request to https://registry.lab:429/v2/main/manifests/403: 502 away",
     "image.registry-unreachable", "probable"),
    # A portal, a proxy, a mirror without the path.
    (PULL + "failed to unpack image on snapshotter overlayfs: unexpected media type text/html for sha256:9f8: not found",
     "image.registry-unreachable", "confirmed"),
    (PULL + "failed to copy: httpReadSeeker: failed open: could not fetch content descriptor sha256:20a (text/html) from "
     "remote: not found", "image.registry-unreachable", "confirmed"),
    (PULL + "failed to read expected number of bytes: unexpected EOF", "image.corrupt", "probable"),
    (RESOLVE + "invalid character '<' looking for beginning of value", "image.registry-unreachable", "confirmed"),
    (PULL + 'failed commit on ref "layer-sha256:9f8": unexpected commit digest sha256:1a2, expected sha256:9f8: failed '
     "precondition", "image.corrupt", "confirmed"),
    (PULL + 'failed commit on ref "layer-sha256:9f8": "layer-sha256:9f8" failed size validation: 512 != 1024: failed '
     "precondition", "image.corrupt", "confirmed"),
    (RESOLVE + f"{IMAGE}: not found", "image.not-found", "confirmed"),
    ("manifest unknown: manifest unknown", "image.not-found", "confirmed"),
    (PULL + "no match for platform in manifest: not found", "image.not-found", "confirmed")])
def test_no_image(words: str, code: str, sure: str) -> None:
    found = one(no_probe(), _no_image(words))
    assert (found.cause, found.confidence, found.scope) == (code, sure, [f"image/{IMAGE}"])
    assert found.evidence == [f"pod/{SPACE}/probe-n2 ErrImagePull: {words}"[:500]]
    assert found.next_command == ("kubectl get --raw /api/v1/nodes/n2/proxy/configz" if code == "image.kubelet-qps"
                                  else f"ssh n2 crictl pull {IMAGE}")


@pytest.mark.parametrize(("reason", "words"), [
    ("InvalidImageName", 'Failed to apply default image tag "Main:1": couldn\'t parse image name "Main:1": invalid '
     "reference format: repository name must be lowercase"),
    ("ErrImageNeverPull", f'Container image "{IMAGE}" is not present with pull policy of Never')])
def test_an_image_that_cannot_be_asked_for(reason: str, words: str) -> None:
    assert cause(no_probe(), _no_image(words, reason))[:2] == ("image.not-found", "confirmed")


def test_words_in_the_name_of_an_image_are_no_reason() -> None:
    image = "docker.io/enix/x509-certificate-exporter:0"
    words = f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": {image}: not found'
    assert cause(no_probe(), _no_image(words, image=image)) == ("image.not-found", "confirmed", [f"image/{image}"])


def test_why_an_image_does_not_come_is_in_the_latest_event() -> None:
    data = _no_image(f'Back-off pulling image "{IMAGE}"', "ImagePullBackOff")
    assert cause(no_probe(), data)[0] == "unknown.unexplained", "that alone says nothing"
    before = event("Pod", "probe-n2", "Failed", RESOLVE + "dial tcp 10.0.0.80:443: i/o timeout",
                   last="2026-03-14T09:27:00Z")
    now = event("Pod", "probe-n2", "Failed", RESOLVE + "unexpected status: 401 Unauthorized")
    for events in ([before, now], [now, before]):
        data["events"] = events
        found = one(no_probe(), data)
        assert (found.cause, found.confidence, found.scope) == ("image.auth", "confirmed", [f"image/{IMAGE}"])
        assert found.evidence == [f"pod/probe-n2 Failed: {now['message']}"]


def test_an_image_that_came_in_the_end_is_not_blamed() -> None:
    data = healthy()
    data["events"] = [event("Pod", "probe-n2", "Failed", RESOLVE + f"{IMAGE}: not found")]
    assert cause(no_probe(), data)[0] == "unknown.unexplained", "the pod is Ready"
    replace_pod(data, probe("n2", False))
    assert cause(no_probe(), data)[0] == "unknown.unexplained", "its container runs"


def test_somebody_elses_image_is_not_blamed() -> None:
    data = healthy()
    data["pods"].append(pod("web-1", "default", "n2", ready=False, **waiting("ErrImagePull", RESOLVE + "not found")))
    assert cause(no_probe(), data)[0] == "unknown.unexplained"


def test_an_image_that_the_check_itself_was_told_about() -> None:
    words = f"the image of the storage pods cannot be had: ImagePullBackOff: {RESOLVE}{IMAGE}: not found"
    found = one(finding("storage", words, "inconclusive"), healthy())
    assert (found.cause, found.confidence, found.scope) == ("image.not-found", "confirmed", [f"image/{IMAGE}"])
    assert found.next_command == f"ssh NODE crictl pull {IMAGE}"


def test_one_image_that_nobody_gets_is_said_once() -> None:
    data = healthy()
    replace_pod(data, *(probe(n, False, **waiting("ErrImagePull", RESOLVE + f"{IMAGE}: not found")) for n in NODES))
    network = finding("pod_network", "no probe became ready: not within 60 s", "inconclusive")
    out = diagnose([no_probe(), network], data)
    assert {d.cause for d in out.values()} == {"image.not-found"}
    assert {tuple(d.scope) for d in out.values()} == {(f"image/{IMAGE}",)}


BUSY = "unexpected status from HEAD request to https://registry.lab/v2/x: 429 busy"


def _several(*told: tuple[str, str]) -> Any:
    """Probes that wait for these images, with these words."""
    data = healthy()
    replace_pod(data, *(probe(n, False, image=image, **waiting("ErrImagePull", words))
                        for n, (image, words) in zip(NODES, told)))
    return one(no_probe(), data)


def test_several_images_of_one_registry_are_its_trouble() -> None:
    found = _several((IMAGE, BUSY), ("registry.lab/other:2", BUSY), ("elsewhere.lab/x:1", BUSY))
    assert (found.cause, found.scope) == ("image.throttled", ["registry/registry.lab", "image/elsewhere.lab/x:1"])
    assert found.next_command == f"ssh n1 crictl pull {IMAGE}"


@pytest.mark.parametrize("other", [("registry.lab/other:2", "manifest unknown"), (IMAGE, BUSY)])
def test_one_image_or_one_that_lacks_for_another_reason_is_not_the_registry(other: tuple[str, str]) -> None:
    found = _several((IMAGE, BUSY), other)
    assert (found.cause, "registry/registry.lab" in found.scope) == ("image.throttled", False)


def test_images_that_are_not_there_are_no_trouble_of_their_registry() -> None:
    found = _several((IMAGE, "manifest unknown"), ("registry.lab/other:2", "manifest unknown"))
    assert (found.cause, found.scope) == ("image.not-found", [f"image/{IMAGE}", "image/registry.lab/other:2"])
