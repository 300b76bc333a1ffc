# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wanted of a run of the conformance tests: options checked, and as the image's runner reads them.

The variables are those of test/conformance/image/go-runner in the sources of Kubernetes.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..jobs.errors import BadOption

ALL = r"\[Conformance\]"
SERIAL = r"\[Serial\]"
_RUN = re.compile(r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?")
# The published tags; what distributions put behind a version has no image of its own.
_RELEASE = re.compile(r"v\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)\.\d+)?")
_SEPARATORS = (" ", ",", ";", "|", "~", "^")
_BOUNDS = {"parallel": 1, "timeout": 1, "start_timeout": 1, "cleanup_timeout": 1, "rerun_failed": 0}
# From this minor release on the tests are of Ginkgo 2, whose command line names processes otherwise.
_GINKGO_2 = 25


@dataclass(frozen=True)
class Wanted:
    """Which tests, and how they run. parallel: processes; extra_args: of the tests, extra_ginkgo_args: of Ginkgo."""

    focus: str = ALL
    skip: str = ""
    parallel: int = 1
    dry_run: bool = False
    extra_args: tuple[str, ...] = ()
    extra_ginkgo_args: tuple[str, ...] = ()
    test_repo: str = ""
    test_repo_list: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "extra_args": list(self.extra_args), "extra_ginkgo_args": list(self.extra_ginkgo_args),
                "test_repo_list": dict(self.test_repo_list)}

    @property
    def whole(self) -> bool:
        """Whether these are all conformance tests and nothing else, as a certification wants them."""
        return self.focus == ALL and not self.skip and self.parallel == 1 and not self.dry_run


def check(params: Mapping[str, Any]) -> None:
    """BadOption for what cannot work, before anything is made."""
    for name, least in _BOUNDS.items():
        if params[name] < least:
            raise BadOption(f"{name}: must be at least {least}, not {params[name]:g}")
    if params["run_id"] and not _RUN.fullmatch(params["run_id"]):
        raise BadOption("run_id: must be at most 32 of a-z, 0-9 and -, as it is part of names in the cluster, not "
                        f"{params['run_id']!r}")
    if params["state"] == "absent" and not params["run_id"]:
        raise BadOption("run_id: is needed with state absent, to say which run is to be removed")
    for name in ("image", "image_registry", "output_image", "test_repo"):
        if "://" in params[name] or any(c.isspace() for c in params[name]):
            raise BadOption(f"{name}: must be like mirror.example.com/path, without https:// and spaces, not {params[name]!r}")
    if params["rerun_failed"] and params["dry_run"]:
        raise BadOption("rerun_failed: nothing fails in a dry run; leave one of both out")


def tests_of(params: Mapping[str, Any]) -> Wanted:
    """focus and skip are expressions of Go, which are judged where they are used; an empty focus means all tests."""
    words = [*params["extra_args"], *params["extra_ginkgo_args"]]
    if "\n" in "".join([params["focus"], params["skip"], *words]):
        raise BadOption("focus: expressions and arguments must be of one line each")
    separator(words)
    return Wanted(params["focus"], params["skip"], params["parallel"], params["dry_run"], tuple(params["extra_args"]),
                  tuple(params["extra_ginkgo_args"]), params["test_repo"], dict(params["test_repo_list"]))


def separator(words: list[str]) -> str:
    """What no argument contains; BadOption where each does."""
    found = next((s for s in _SEPARATORS if not any(s in w for w in words)), "")
    if not found:
        raise BadOption("extra_args: there is none of blank, comma, semicolon, |, ~ and ^ that is in no argument, so the image "
                        "cannot tell them apart")
    return found


def release(version: str) -> str:
    """The release of Kubernetes that an API server's version is of: v1.31.4 for v1.31.4-eks-a1b2 and v1.31.4+k3s1."""
    found = _RELEASE.match(version)
    return found[0] if found else ""


def image(params: Mapping[str, Any], version: str) -> str:
    """The reference of the image. BadOption where the API server's version does not tell it."""
    if params["image"]:
        return str(params["image"])
    tag = release(version)
    if not tag:
        raise BadOption(f"image: the API server says {version or 'no version'}, which names no release of Kubernetes; give the "
                        "whole reference, such as registry.k8s.io/conformance:v1.31.4")
    return f"{(params['image_registry'] or 'registry.k8s.io').rstrip('/')}/conformance:{tag}"


def mirrored(reference: str, registry: str) -> str:
    """A reference of a published image as it is in a mirror, which keeps the path."""
    return f"{registry.rstrip('/')}/{reference.partition('/')[2]}" if registry else reference


def environment(tests: Wanted, version: str, repo_list: str = "") -> dict[str, str]:
    """The variables of the image's runner. repo_list: the path of that file in the pod.

    Any word in E2E_DRYRUN is a yes; E2E_PARALLEL leaves out serial tests where nothing else is left out.
    """
    ginkgo = list(tests.extra_ginkgo_args)
    minor = re.match(r"v?\d+\.(\d+)", version)
    if tests.parallel > 1:
        word = "nodes" if minor and int(minor[1]) < _GINKGO_2 else "procs"
        ginkgo.append(f"--{word}={tests.parallel}")
    found = {"E2E_FOCUS": tests.focus, "E2E_SKIP": tests.skip, "E2E_PARALLEL": "true" if tests.parallel > 1 else "false",
             "E2E_PROVIDER": "skeleton", "E2E_EXTRA_ARGS_SEP": separator([*tests.extra_args, *ginkgo]),
             "E2E_USE_GO_RUNNER": "true", "RESULTS_DIR": "/tmp/results"}
    sep = found["E2E_EXTRA_ARGS_SEP"]
    more = {"E2E_EXTRA_ARGS": sep.join(tests.extra_args), "E2E_EXTRA_GINKGO_ARGS": sep.join(ginkgo),
            "E2E_DRYRUN": "true" if tests.dry_run else "", "KUBE_TEST_REPO": tests.test_repo, "KUBE_TEST_REPO_LIST": repo_list}
    return {**found, **{n: v for n, v in more.items() if v}}


def quoted(name: str) -> str:
    """A test's name as an expression of Go that means nothing but it."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", name)
