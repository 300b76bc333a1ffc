# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All of `ansible-test sanity` on a copy of what git tracks, with nothing but a Python package index.

    python tests/sanity.py [ARGUMENTS OF ansible-test sanity]

ansible-test wants the collection under ansible_collections/, fetches its first pip from a server of its own, and hands no
PIP_* variables on. So it gets a copy, a home folder of its own in the cache with a script that makes pip from ensurepip,
and a pip.conf.
"""
from __future__ import annotations

import hashlib
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Run by ansible-test in an empty virtual environment, with pip's arguments.
GET_PIP = '''
import ensurepip, os, subprocess, sys
from importlib.util import find_spec
environ = {k: v for k, v in os.environ.items() if k != "GET_PIP"}
if not find_spec("pip"):
    subprocess.run([sys.executable, "-c", "import ensurepip; ensurepip._main()", "--default-pip"], check=True, env=environ,
                   stdout=subprocess.DEVNULL)
options = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *options], env=environ).returncode)
'''
# Kubernetes manifests and files of the lab's nodes: other people's YAML and templates of it, and never built.
NOT_ANSIBLE = ("tests/lab/manifests/", "tests/lab/node/")
_TEST = re.compile(r'^Running sanity test "([\w-]+)"', re.MULTILINE)
# ansible-test says that it runs a test before it finds that it cannot or has nothing to read, and ends with status 0 all the same.
_SKIPPED = re.compile(r'Skipping sanity test "([\w-]+)"(.*)$')
_NOTHING = "No tests applicable."
# Of languages and of folders (modules' own packages) that this collection has nothing in.
NOTHING_TO_READ = {"empty-init", "pslint", "shellcheck"}
_FAILED = re.compile(r"The (\d+) sanity test\(s\) listed below \(out of \d+\) failed", re.MULTILINE)


def cache() -> Path:
    """As in tests/setup/bootstrap.py."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("ASSAY_CACHE") or Path(base) / "assay")


def copy_tree() -> Path:
    """The tracked files as they are now, but NOT_ANSIBLE, under ansible_collections/assay/clusters in the cache."""
    digest = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
    tree = cache() / f"sanity-{digest}/ansible_collections/assay/clusters"
    shutil.rmtree(tree, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(NOT_ANSIBLE):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    return tree


def _pip_version() -> str:
    """The version of pip that this ansible-test wants to fetch."""
    from ansible_test._internal.python_requirements import get_venv_packages
    found = re.search(r"pip='([\d.]+)'", inspect.getsource(get_venv_packages))
    if not found:
        raise SystemExit("sanity: this ansible-test does not tell which pip it wants")
    return found[1]


def make_home() -> Path:
    """A home folder with what ansible-test would fetch, and with the user's settings of pip."""
    home = cache() / "sanity-home"
    script = home / f".ansible/test/cache/get_pip_{_pip_version().replace('.', '_')}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(GET_PIP, encoding="utf-8")
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=False, capture_output=True, text=True)
    settings = dict(re.findall(r"^[^.]+\.(?:env:\.)?([\w-]+)='(.*)'$", listed.stdout, re.MULTILINE))
    settings.update({k[4:].lower().replace("_", "-"): v for k, v in os.environ.items() if k.startswith("PIP_")})
    config = home / ".config/pip/pip.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text("[global]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items()), encoding="utf-8")
    return home


def main(arguments: list[str]) -> int:
    tree, home = copy_tree(), make_home()
    own = Path(sys.executable).parent
    others = [p for p in os.environ.get("PATH", os.defpath).split(":") if not p.rstrip("/").endswith("shims")]
    environ = {**os.environ, "HOME": str(home), "PATH": ":".join([str(own), *others])}
    for name in ("ANSIBLE_COLLECTIONS_PATH", "PYTHONPATH", "XDG_CONFIG_HOME"):
        environ.pop(name, None)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = [str(own / "ansible-test"), "sanity", "-v", "--python", version, "--color", "no", *arguments]
    process = subprocess.Popen(command, cwd=tree, env=environ, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    seen = []
    for line in process.stdout:
        print(line, end="", flush=True)
        seen.append(line)
    return closing("".join(seen), process.wait())


def skips(text: str) -> dict[str, str]:
    """Of the output of ansible-test (-v): each test that looked at nothing -> why."""
    found, running = {}, ""
    for line in text.splitlines():
        if started := _TEST.match(line):
            running = started[1]
        if why := _SKIPPED.search(line):
            found[why[1]] = why[2].strip(" .")
        elif line.strip() == _NOTHING:
            found[running] = "it has nothing to read"
    return found


def closing(text: str, status: int) -> int:
    """Print what this output proves; the exit status, which is 1 where a test was skipped that has something to read."""
    ran, skipped = set(_TEST.findall(text)), skips(text)
    lost = sorted(set(skipped) - NOTHING_TO_READ)
    for name in lost:
        print(f"ERROR: sanity test {name} was skipped, which proves nothing: {skipped[name]}")
    bad = sum(map(int, _FAILED.findall(text))) or int(status != 0)
    passed, left_out = max(0, len(ran - set(skipped)) - bad), len(set(skipped) & NOTHING_TO_READ)
    print(f"{passed} passed, {bad + len(lost)} failed" + (f", {left_out} skipped" if left_out else ""))
    return status or int(bool(lost) or not passed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
