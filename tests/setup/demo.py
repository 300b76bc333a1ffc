# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make demo` and `make validate`: a cluster, every check on it, and what to do next.

The cluster is the lab's c1, with the add-ons that --with names, or the one that KUBECONFIG names; then nothing is started and
nothing is taken down. All other arguments are ansible-playbook's.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CLUSTER = "c1"
LAB_INVENTORY = "inventories/lab"
NEXT = """
Look around:
    {env}
    kubectl get pods --all-namespaces --output wide
Break something and see it found (this goes on until Ctrl-C and is mended then; without words it lists what there is):
    tests/setup/with python -m tests.lab fault
or, by hand, a cluster without DNS servers:
    kubectl --namespace kube-system scale deployment coredns --replicas=0
    make validate
    kubectl --namespace kube-system scale deployment coredns --replicas={replicas}
Take the lab down:
    make down
"""


def _lab(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tests.lab", *arguments], cwd=CHECKOUT, text=True, check=False,
                          stdout=None if arguments[0] == "up" else subprocess.PIPE)


def _inventory_of(kubeconfig: str, folder: str) -> str:
    """An inventory for a cluster of the user's own, named by its current context."""
    path = Path(folder) / "hosts.yml"
    path.write_text("all:\n  hosts:\n    cluster:\n      ansible_connection: local\n"
                    "      ansible_python_interpreter: \"{{ ansible_playbook_python }}\"\n"
                    f"      cluster_kubeconfig: {kubeconfig!r}\n", encoding="utf-8")
    return str(path)


def _validate(inventory: str, more: list[str]) -> tuple[int, Path]:
    """Every check; the exit status and the results folder."""
    results = CHECKOUT / "assay-results" / time.strftime("%Y%m%d-%H%M%S")
    command = ["ansible-playbook", "playbooks/validate.yml", "-i", inventory,
               "-e", f"validate_results_dir={results}", *more]
    return subprocess.run(command, cwd=CHECKOUT, check=False).returncode, results


def _report(results: Path) -> None:
    """The files a person wants to open."""
    pages = [p for name in ("report.html", "summary.txt", "junit.xml") for p in results.rglob(name)]
    print("\nReport:")
    for path in pages or [results]:
        print(f"    {path}")


def _options(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="make demo", allow_abbrev=False, add_help=False)
    parser.add_argument("--validate-only", action="store_true")
    parser.add_argument("--with", dest="tiers", default="")
    return parser.parse_known_args(arguments)


def main(arguments: list[str]) -> int:
    chosen, more = _options(arguments)
    own = os.environ.get("KUBECONFIG", "")
    if chosen.tiers and (own or chosen.validate_only):
        print("--with: add-ons are brought up on the lab, by make demo without KUBECONFIG", file=sys.stderr)
        return 2
    if not own and not chosen.validate_only:
        for words in (("up", *(["--with", chosen.tiers] if chosen.tiers else ())), ("settle",)):
            if status := _lab(*words, "--name", CLUSTER).returncode:
                return status
    with tempfile.TemporaryDirectory() as folder:
        status, results = _validate(_inventory_of(own, folder) if own else LAB_INVENTORY, more)
    _report(results)
    if not own:
        print(NEXT.format(env=_lab("env", "--name", CLUSTER).stdout.strip(), replicas=_replicas()))
    return status


def _replicas() -> str:
    """How many DNS servers the lab has."""
    asked = _lab("kubectl", "--namespace", "kube-system", "get", "deployment", "coredns", "--output",
                 "jsonpath={.spec.replicas}")
    return asked.stdout.strip() or "2"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
