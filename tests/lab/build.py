# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Builds the lab's programs from their published modules; a result is kept by the content that it was built from."""
from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from .base import KUBERNETES, LabError, cache, say
from .versions import sources

_VERSION = "k8s.io/component-base/version"
_MAJOR, _MINOR, _PATCH = KUBERNETES.lstrip("v").split(".")
_KUBE_FLAGS = (f"-s -w -X {_VERSION}.gitVersion={KUBERNETES} -X {_VERSION}.gitMajor={_MAJOR} "
               f"-X {_VERSION}.gitMinor={_MINOR} -X {_VERSION}.gitTreeState=clean -X {_VERSION}.gitCommit=lab "
               f"-X {_VERSION}.buildDate=2026-01-01T00:00:00Z")
_PLAIN = "-s -w"
HEARTBEAT = 20.0


def _key(folder: str, *words: str) -> str:
    """Hash of words and of all that is in go/FOLDER."""
    h, root = hashlib.sha256(repr(words).encode()), sources(folder)
    for file in sorted(p for p in root.rglob("*") if p.is_file()):
        h.update(file.read_bytes())
    return h.hexdigest()[:16]


@dataclass(frozen=True)
class Program:
    """package of the module in go/FOLDER; tests: its tests; tags: of the build, with commas.

    patched: a module in which the files of go/FOLDER/patch take the place of all Go files of their folders, to leave out what is never run.
    """

    name: str
    folder: str
    package: str
    flags: str = _PLAIN
    tests: bool = False
    tags: str = ""
    patched: str = ""

    def key(self) -> str:
        """Hash of everything that the result depends on."""
        return _key(self.folder, self.package, self.flags, *([self.tags] if self.tags else []), "cgo=0 trimpath dwarf=0")

    @property
    def path(self) -> Path:
        return cache() / "bin" / f"{self.name}-{self.key()}"


@dataclass(frozen=True)
class Shipped:
    """A file as a module of go/FOLDER ships it: a manifest, definitions of resources. file: its path in the module."""

    folder: str
    module: str
    file: str

    @property
    def path(self) -> Path:
        return cache() / "shipped" / f"{self.file.rpartition('/')[2]}-{_key(self.folder, self.module, self.file)}"

    def text(self) -> str:
        if not self.path.exists():
            _fetch(self)
        return self.path.read_text(encoding="utf-8")


# From two graphs of modules, so that each compiles little beyond the first of its graph; Kubernetes has its own versions.
PROGRAMS = (
    Program("hyperkube", "kube", ".", _KUBE_FLAGS),
    Program("etcd", "kube", "go.etcd.io/etcd/server/v3", _KUBE_FLAGS),
    Program("etcdctl", "kube", "go.etcd.io/etcd/etcdctl/v3", _KUBE_FLAGS),
    Program("agnhost", "kube", "k8s.io/kubernetes/test/images/agnhost", _KUBE_FLAGS),
    Program("coredns", "addons", "."),
    Program("local-path-provisioner", "addons", "github.com/rancher/local-path-provisioner"),
    Program("metrics-server", "addons", "sigs.k8s.io/metrics-server/cmd/metrics-server"),
)
# Only for `conformance`: the upstream tests of the same version, and what runs them side by side.
CONFORMANCE = (
    Program("e2e.test", "e2e", "k8s.io/kubernetes/test/e2e", _KUBE_FLAGS, tests=True),
    Program("ginkgo", "e2e", "github.com/onsi/ginkgo/v2/ginkgo"),
)
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl")


def go() -> str:
    """A Go of at least 1.26: on PATH, or beside this Python."""
    for found in (shutil.which("go"), str(Path(sys.executable).parent / "go")):
        if found and Path(found).exists():
            version = subprocess.run([found, "version"], capture_output=True, text=True, check=False,
                                     env={**os.environ, "GOTOOLCHAIN": "local"}).stdout
            match = re.search(r"go(\d+)\.(\d+)", version)
            if match and (int(match[1]), int(match[2])) >= (1, 26):
                return found
    raise LabError("Go 1.26 or newer is needed to build the lab's programs: put it on PATH, or run make setup")


@contextmanager
def _locked() -> Iterator[None]:
    cache().mkdir(parents=True, exist_ok=True)
    with open(cache() / "build.lock", "w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def heartbeat(text: str) -> Iterator[None]:
    """Say now and then that it goes on: a build of minutes looks dead otherwise."""
    done, start = threading.Event(), time.monotonic()

    def beat() -> None:
        while not done.wait(HEARTBEAT):
            say(f"{text} ... {time.monotonic() - start:.0f} s")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _environ() -> dict[str, str]:
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOTOOLCHAIN": "local"}


def _source(folder: str, module: str) -> Path:
    """The unpacked module, of the version that the folder's go.mod says; it stays no longer than Go's own cache does."""
    done = subprocess.run([go(), "mod", "download", "-json", module], cwd=sources(folder), env=_environ(), text=True, check=False,
                          capture_output=True)
    if done.returncode:
        raise LabError(f"downloading {module} failed: {(done.stderr or done.stdout).strip()[-1000:]}")
    return Path(json.loads(done.stdout)["Dir"])


def patched(program: Program, work: Path) -> list[str]:
    """Make a copy of the module with our files in it, in the folder `work`; the arguments that build from it."""
    here, copy = sources(program.folder), work / "patched"
    shutil.copytree(_source(program.folder, program.patched), copy, copy_function=shutil.copyfile)
    for folder in [copy, *(p for p in copy.rglob("*") if p.is_dir())]:
        folder.chmod(0o755)
    ours = sorted((here / "patch").rglob("*.go"))
    for folder in {p.parent.relative_to(here / "patch") for p in ours}:
        for file in (copy / folder).glob("*.go"):
            file.unlink()
    for file in ours:
        shutil.copyfile(file, copy / file.relative_to(here / "patch"))
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(here / name, work / name)
    with open(work / "go.mod", "a", encoding="utf-8") as f:
        f.write(f"\nreplace {program.patched} => {copy}\n")
    return [f"-modfile={work / 'go.mod'}"]


def _fetch(shipped: Shipped) -> None:
    """Beside a build: Go locks its own cache, and the file is put there at once."""
    source = _source(shipped.folder, shipped.module) / shipped.file
    if not source.exists():
        raise LabError(f"{shipped.module} ships no {shipped.file}")
    shipped.path.parent.mkdir(parents=True, exist_ok=True)
    work = shipped.path.with_suffix(f".{os.getpid()}")
    shutil.copyfile(source, work)
    os.replace(work, shipped.path)


def compile_one(program: Program) -> None:
    target = program.path
    work = target.parent / f".{target.name}.{os.getpid()}"
    work.mkdir(parents=True, exist_ok=True)
    tags = ["-tags", program.tags] if program.tags else []
    more = patched(program, work) if program.patched else []
    # Whether upstream's code is well written is not ours to find out, and takes longer than to compile it.
    verb = ["test", "-c", "-vet=off"] if program.tests else ["build"]
    # The linker leaves debugging symbols out; not making them saves the compiler a tenth of its time.
    command = [go(), *verb, "-trimpath", "-gcflags=all=-dwarf=false", "-ldflags", program.flags, *tags, *more, "-o", str(work / program.name),
               program.package]
    try:
        with heartbeat(f"building {program.name}"):
            done = subprocess.run(command, cwd=sources(program.folder), env=_environ(), text=True, check=False,
                                  capture_output=True)
        if done.returncode:
            raise LabError(f"building {program.name} failed: {done.stderr.strip()[-2000:]}")
        os.replace(work / program.name, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def build(programs: tuple[Program, ...] = PROGRAMS) -> None:
    """Build what is not there yet, one line each; what is there waits for nobody's builds."""
    with nullcontext() if all(p.path.exists() for p in programs) else _locked():
        missing = [p for p in programs if not p.path.exists()]
        for number, program in enumerate(missing, 1):
            start = time.monotonic()
            say(f"building {program.name} ({number} of {len(missing)})")
            compile_one(program)
            say(f"built {program.name} in {time.monotonic() - start:.0f} s, {program.path.stat().st_size >> 20} MiB")
        if programs is PROGRAMS:
            bindir()
            pause()


def bindir() -> Path:
    """A folder with all programs under their plain names; made anew for every set of contents."""
    key = hashlib.sha256("".join(p.key() for p in PROGRAMS).encode()).hexdigest()[:16]
    folder = cache() / "sets" / key
    if not folder.exists():
        work = folder.with_name(f".{key}.{os.getpid()}")
        work.mkdir(parents=True)
        for program in PROGRAMS:
            os.link(program.path, work / program.name)
        for name in COMPONENTS:
            (work / name).symlink_to("hyperkube")
        try:
            os.rename(work, folder)
        except OSError:  # another process was faster
            shutil.rmtree(work)
    return folder


_PAUSE_SOURCE = """#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int s) { _exit(0); }
static void child(int s) { while (waitpid(-1, 0, WNOHANG) > 0); }
int main(void) {
  signal(SIGINT, end); signal(SIGTERM, end); signal(SIGCHLD, child);
  for (;;) pause();
}
"""


def pause() -> Path:
    """The program of the sandbox image: holds the namespaces, reaps children, ends at once when told."""
    target = cache() / "bin" / f"pause-{hashlib.sha256(_PAUSE_SOURCE.encode()).hexdigest()[:16]}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        work = target.with_suffix(f".{os.getpid()}")
        done = subprocess.run(["gcc", "-Os", "-static", "-s", "-w", "-x", "c", "-o", str(work), "-"], input=_PAUSE_SOURCE,
                              text=True, capture_output=True, check=False)
        if done.returncode:
            raise LabError(f"building pause failed: {done.stderr.strip()[-500:]}")
        os.replace(work, target)
    return target
