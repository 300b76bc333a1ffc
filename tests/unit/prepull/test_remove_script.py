# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The script that removes images on a node, in a real shell, with fakes of crictl and ctr as their documentation has them."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.prepull import remove

DIGEST = "sha256:" + "1" * 64
# Images by name in files of the folder `there`: each holds what `inspecti`, or `images ls`, tells of it.
CRICTL = """#!/bin/sh
name=$(echo "$3$2" | tr / _)
case $1 in
  info) cat info;;
  images) for image in "$3"; do [ -e "there/$(echo "$image" | tr / _)" ] && echo id; done; true;;
  inspecti) cat "there/$(echo "$2" | tr / _)";;
  ps) cat "runs/$(echo "$4" | tr / _)" 2>/dev/null;;
  rmi) echo "$2" >> gone; [ ! -e refuse ] || { echo "image is busy" >&2; exit 1; };;
esac
"""
CTR = """#!/bin/sh
shift 4
case "$1 $2" in
  "images ls") case $3 in -q) cat "there/$(echo "${4#name==}" | tr / _)" 2>/dev/null;; *) cat "there/$(echo "${3#name==}" | tr / _)";; esac;;
  "containers ls") cat "runs/$(echo "${4#image==}" | tr / _)" "ended/$(echo "${4#image==}" | tr / _)" 2>/dev/null;;
  "tasks ls") cat runs/* 2>/dev/null; true;;
  "images rm") echo "$4" >> gone;;
esac
"""


@pytest.fixture(params=["crictl", "ctr"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    for folder in ("bin", "there", "runs", "ended"):
        (tmp_path / folder).mkdir()
    program = tmp_path / "bin" / request.param
    program.write_text(CRICTL if request.param == "crictl" else CTR)
    program.chmod(0o755)
    (tmp_path / "info").write_text('{"config": {"sandboxImage": "r.io/box:1"}}')
    return tmp_path


def run(host: Path, *images: str, in_use: str = "") -> dict[str, str]:
    """What the script tells of each image."""
    path = f"{host / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(["sh", "-c", remove._SCRIPT, "sh", *images], cwd=host, env={"PATH": path, "IN_USE": in_use},
                          capture_output=True, text=True, check=True)
    return {line.split()[1]: line.split()[0] for line in done.stdout.splitlines()}


def there(host: Path, image: str, told: str = '{ "status": { "pinned":  false } }') -> str:
    (host / "there" / image.replace("/", "_")).write_text(told)
    return image


def gone(host: Path) -> list[str]:
    path = host / "gone"
    return path.read_text().split() if path.exists() else []


def test_what_nobody_uses_goes(host: Path) -> None:
    assert run(host, there(host, "r.io/a:1"), "r.io/b:1") == {"r.io/a:1": "removed", "r.io/b:1": "absent"}
    assert gone(host) == ["r.io/a:1"]


def test_what_a_container_runs_of_stays(host: Path) -> None:
    image = there(host, "r.io/a:1")
    (host / "runs" / "r.io_a:1").write_text("0123\n")
    assert run(host, image, there(host, "r.io/b:1")) == {image: "used", "r.io/b:1": "removed"} and gone(host) == ["r.io/b:1"]


def test_what_only_an_ended_container_was_made_of_goes(host: Path) -> None:
    """containerd keeps its record until the kubelet collects it, a minute or more after its pod is gone."""
    image, other = there(host, "r.io/a:1"), there(host, "r.io/b:1")
    (host / "ended" / "r.io_a:1").write_text("012\n")
    (host / "runs" / "r.io_b:1").write_text("0123\n")
    assert run(host, image, other) == {image: "removed", other: "used"} and gone(host) == [image]


@pytest.mark.parametrize("told", [f'"repoDigests": [\n "r.io/a@{DIGEST}" ]', f"r.io/a:1 application/x {DIGEST} 2 MiB"])
def test_what_has_a_digest_that_pods_run_stays(host: Path, told: str) -> None:
    image = there(host, "r.io/a:1", told)
    assert run(host, image, in_use=f"sha256:{'2' * 64} {DIGEST}") == {image: "used"} and gone(host) == []
    assert run(host, image, in_use="sha256:" + "2" * 64) == {image: "removed"}


def test_what_the_runtime_pins_stays(host: Path) -> None:
    told = {"crictl": '{ "status": {\n "pinned": true } }', "ctr": "r.io/a:1 x io.cri-containerd.pinned=pinned"}
    image = there(host, "r.io/a:1", told[next((host / "bin").iterdir()).name])
    assert run(host, image) == {image: "used"} and gone(host) == []


def test_what_sandboxes_are_made_of_stays_under_any_name(host: Path) -> None:
    """crictl tells it of the runtime; for ctr each sandbox is a container."""
    image = there(host, "r.io/box:1")
    if (host / "bin/ctr").exists():
        (host / "runs" / "r.io_box:1").write_text("0123\n")
    assert run(host, image) == {image: "used"} and gone(host) == []
