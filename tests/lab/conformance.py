# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The conformance image of the lab's own version: the real tests, Ginkgo, kubectl and the published runner, laid out as
upstream's Dockerfile does."""
from __future__ import annotations

from typing import Any

from . import build, images
from .base import KUBERNETES, cache

REFERENCE = f"conformance:{KUBERNETES}"
RUNNER = build.Program("go-runner", "e2e", "k8s.io/kubernetes/test/conformance/image/go-runner")
_DEFAULTS = {"E2E_FOCUS": r"\[Conformance\]", "E2E_SKIP": "", "E2E_PROVIDER": "local", "E2E_PARALLEL": "1",
             "E2E_VERBOSITY": "4", "RESULTS_DIR": "/tmp/results", "KUBECONFIG": "", "PATH": "/usr/local/bin:/usr/bin:/bin"}


def image() -> images.Image:
    """Builds what is not built yet, which takes minutes the first time."""
    build.build((*build.CONFORMANCE, RUNNER))
    build.build()
    tests, ginkgo = build.CONFORMANCE
    files = {"/usr/local/bin/e2e.test": tests, "/usr/local/bin/ginkgo": ginkgo, "/usr/local/bin/kubeconformance": RUNNER}
    made = images.Image(files={p: str(program.path) for p, program in files.items()}, folders=["/tmp", "/kubernetes/cluster"],
                        config={"Entrypoint": ["kubeconformance"], "Env": [f"{n}={v}" for n, v in _DEFAULTS.items()]})
    made.files["/usr/local/bin/kubectl"] = str(build.bindir() / "kubectl")
    return made


def push(lab: Any) -> str:
    """Into the registry of a cluster of the lab, once for each content; the reference that its nodes pull it by."""
    images.push_changed(lab.registry, cache() / "registry/pushed-conformance.json", {REFERENCE: image()})
    return f"registry.k8s.io/{REFERENCE}"


if __name__ == "__main__":
    import sys

    from . import Lab

    print(push(Lab(sys.argv[1])))
