# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every command of every page, from a folder that holds what the page says, with nothing but the installed artefact."""
from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import names
from tests.documented import CHECKOUT, NOT_HERE, RUN, Command, commands, files
from tests.fakes.pushgateway import pushgateway, scraped

PAGES = ("README.md", "CONTRIBUTING.md", *sorted(
    str(p.relative_to(CHECKOUT)) for top in ("docs", "roles") for p in (CHECKOUT / top).rglob("*.md")))
ALL = [c for page in PAGES for c in commands(page)]
# Folders of a whole machine, for which ours stand.
_PLACES = ("/etc/clusters", "/srv/assay/history", "/var/lib/node_exporter")
NAMES = ("payments.yaml", "webshop.yaml", "edge-north.conf", "edge-south.conf", "checkout.kubeconfig", "search.kubeconfig")


def _named(command: Command) -> str:
    return f"{command.page}:{command.number}"


def _chosen(*needs: str) -> list[Any]:
    return [pytest.param(c, id=_named(c)) for c in ALL if c.needs in needs]


def test_every_block_says_what_it_needs() -> None:
    silent = {_named(c): c.text for c in ALL if c.needs not in (*RUN, *NOT_HERE, "output")
              and not (CHECKOUT / c.needs).is_file()}
    silent.update({_named(c): c.text for c in ALL if not c.needs})
    assert not silent


def test_the_test_that_a_page_names_is_about_what_it_runs() -> None:
    """It has the page's name, or the playbook's or the module's that the command calls."""
    for c in [c for c in ALL if c.needs.startswith("tests/")]:
        text = (CHECKOUT / c.needs).read_text(encoding="utf-8")
        called = re.findall(r"assay\.clusters\.(\w+)", c.text)
        assert Path(c.page).name in text or any(name in text for name in called), _named(c)


def test_what_pages_have_the_checkout_do_is_there() -> None:
    """Targets of the Makefile, programs and files of the tests; also in the table of CONTRIBUTING.md."""
    texts = [c.text for c in ALL if c.needs == "checkout"]
    texts += re.findall(r"`([^`]+)`", re.sub(r"(?ms)^ *```.*?```$", "", (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    targets = set(re.findall(r"(?m)^([a-z -]+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8")))
    known = {t for line in targets for t in line.split()}
    called = {w for t in texts for ws in re.findall(r"(?m)\bmake((?: [a-z-]+)+)", t) for w in ws.split()}
    assert {"demo", "test", "unit", "strangers", "gauntlet"} <= called <= known
    for path in {p for t in texts for p in re.findall(r"\b(?:tests|docs|changelogs|meta|plugins)/[\w./-]*\w/?(?=[ `]|$)", t)}:
        assert (CHECKOUT / path).exists() or "output" in path, path
    for module in {m for t in texts for m in re.findall(r"python -m (tests\.\w+)", t)}:
        assert (CHECKOUT / module.replace(".", "/") / "__main__.py").is_file(), module


def _kubeconfig(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def _folder(command: Command, tree: Path, folder: Path, kubeconfig: str) -> dict[str, str]:
    """What the page takes for granted: its inventories and kubeconfigs; returns what stands for places of a whole machine."""
    shutil.copytree(tree / "docs/examples/infra", folder, dirs_exist_ok=True)
    if shown := files(command.page):
        for name, text in shown.items():
            shutil.rmtree(folder / Path(name).parts[0], ignore_errors=True)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    elif command.page != "docs/examples/infra/README.md":
        _prod(folder)
    _kubeconfig(folder / "home/.kube/config", kubeconfig)
    failed = {"cluster": "c", "check": "dns", "verdict": "failed", "cause": "dns.upstream", "next_command": "kubectl get pods"}
    (folder / "records.json").write_text(json.dumps({"runs": [{"records": [failed]}]}))
    for name in NAMES:
        _kubeconfig(folder / "kubeconfigs" / name, kubeconfig)
    for name in ("payments", "webshop"):
        _kubeconfig(folder / "clusters" / f"{name}.kubeconfig", kubeconfig)
    ours = {place: folder / place.rsplit("/", 1)[1] for place in _PLACES}
    for path in ours.values():
        path.mkdir(exist_ok=True)
    return {place: str(path) for place, path in ours.items()}


def _prod(folder: Path) -> None:
    """The inventory of the README, which other pages go on with."""
    shutil.rmtree(folder / "prod")
    for name, text in files("README.md").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _run(command: Command, environ: dict[str, str], folder: Path, kubeconfig: str, instead: Mapping[str, str] | None = None,
         **more: str) -> None:
    """instead: what the page says of its clusters, and what is so on ours."""
    tree = Path(environ["ANSIBLE_COLLECTIONS_PATH"]) / "ansible_collections/assay/clusters"
    text, places = "\n".join([*command.before, command.text]), _folder(command, tree, folder, kubeconfig)
    for theirs, ours in {**places, **(instead or {})}.items():
        text = text.replace(theirs, ours)
        for file in folder.rglob("*.yml"):
            file.write_text(file.read_text().replace(theirs, ours))
    done = subprocess.run(["bash", "-euc", text], cwd=folder, text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, env={**environ, "HOME": str(folder / "home"), **more})
    print(text, done.stdout, done.stderr, sep="\n")
    assert done.returncode == 0


@pytest.mark.parametrize("command", _chosen("nothing", "plan"))
def test_what_needs_no_cluster(command: Command, installed: dict[str, str], tmp_path: Path) -> None:
    nobody = json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "c", "users": [{"name": "u", "user": {}}],
                         "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
                         "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]})
    _run(command, installed, tmp_path, nobody, RANCHER_URL="https://rancher.example.com", RANCHER_TOKEN="t")


def _kubectl(kubeconfig: Path, *words: str) -> str:
    return subprocess.run(["kubectl", "--kubeconfig", str(kubeconfig), *words], text=True, capture_output=True, check=True).stdout


def _helm(folder: Path) -> Path:
    """The folder with a helm for which any chart is one pod of an image that the lab has; helm itself is not ours to test."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "payments"},
           "spec": {"containers": [{"name": "a", "image": names.IMAGES["agnhost"]}]}}
    helm = folder / "bin/helm"
    helm.parent.mkdir()
    helm.write_text(f"#!/bin/sh\n[ \"$1\" = template ] && echo '{json.dumps(pod)}'\n")
    helm.chmod(0o755)
    return helm.parent


@contextlib.contextmanager
def _pushgateway(command: Command, folder: Path) -> Iterator[dict[str, str]]:
    """The real one in the place of the page's."""
    if "pushgateway" not in command.text:
        yield {}
        return
    with pushgateway(folder) as url:
        yield {"https://pushgateway.example.com": url}
        assert "assay_run_verdict{" in scraped(url)


@pytest.fixture(name="instead")
def _instead(kubeconfig: Any) -> Iterator[dict[str, str]]:
    """Another number of nodes, and a name that the lab's resolver knows; namespaces that a page makes have names that are
    nobody else's, and go again.
    """
    nodes = len(_kubectl(Path(str(kubeconfig)), "get", "nodes", "-o", "name").split())
    ops = {f"{before}ops": f"{before}assay-clusters-ops" for before in ('"', "-n ", "create namespace ")}
    yield {"nodes_check_expected: 12": f"nodes_check_expected: {nodes}", **ops,
           **({} if os.environ.get("KUBECONFIG") else {"www.example.com": "www.lab.test"})}
    _kubectl(Path(str(kubeconfig)), "delete", "namespace,clusterrole,clusterrolebinding", "assay-clusters", "assay-clusters-ops",
             "--ignore-not-found")


@pytest.mark.gauntlet
@pytest.mark.parametrize("command", _chosen("cluster"))
def test_what_needs_a_cluster(command: Command, installed: dict[str, str], tmp_path: Path, kubeconfig: Any,
                              instead: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path, beside = Path(str(kubeconfig)), tmp_path_factory.mktemp("beside")
    with _pushgateway(command, beside) as gateway:
        _run(command, installed, tmp_path, path.read_text(), {**instead, **gateway}, KUBECONFIG=str(path), CI_COMMIT_SHA="0" * 40,
             PATH=f"{_helm(beside)}:{os.environ['PATH']}:/usr/bin")
