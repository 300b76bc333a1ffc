# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `environment:` of a play, block or task sets reaches everything: whoever reads that of the process says why.

An action plugin works in the worker of its task, whose environment is that of the controller. connecting.acting_in puts the
task's on top of it while the work is done, so what reads the process's inside is right; platform work is given the
environment as data.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
_INSIDE = "a check, which runs inside acting_in only"
READERS = {
    "plugin_utils/connecting.py": "makes the task's environment that of the process, and looks for what names a cluster",
    "action/cluster.py": "hands it on inside acting_in, without what names one cluster for many hosts",
    "action/preflight.py": "hands it on inside acting_in",
    "action/validate.py": "hands it on inside acting_in",
    "module_utils/jobs/job.py": "the default for a module in a process of its own, to which Ansible gives the task's",
    "module_utils/checks/licenses.py": _INSIDE,
    "module_utils/checks/audit_log.py": _INSIDE,
    "module_utils/checks/_external_dns/route53.py": _INSIDE,
    "module_utils/checks/_zonal/provider.py": _INSIDE,
    "module_utils/checks/_balancer/gone.py": _INSIDE,
    "module_utils/common/journal.py": "where the user's journals are, asked for inside acting_in or in a module's process",
    "module_utils/common/processes.py": "takes marks of CI runners off a process that outlives the playbook",
    "module_utils/results/store.py": "the user's name for a sentence",
    "module_utils/kube/program.py": "a program that signs in wants PATH and HOME below the task's own",
}
_WORDS = {"environ", "environb", "getenv", "getenvb", "expandvars"}


def _reads(tree: ast.AST) -> Iterator[int]:
    """Lines that read the environment of the process: os.environ, os.path.expandvars, or the same imported from there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _WORDS and ast.unparse(node.value) in ("os", "os.path"):
            yield node.lineno
        if isinstance(node, ast.ImportFrom) and node.module in ("os", "os.path") and _WORDS & {n.name for n in node.names}:
            yield node.lineno


def test_nobody_reads_the_environment_of_the_process_but_these() -> None:
    found = {}
    for path in sorted(PLUGINS.rglob("*.py")):
        if lines := list(_reads(ast.parse(path.read_text(encoding="utf-8")))):
            found[str(path.relative_to(PLUGINS))] = lines
    assert sorted(found) == sorted(READERS), f"take job.environ or ctx's, or say here why not: {found}"


@pytest.mark.parametrize("code", ["import os\nx = os.environ['A']", "import os\nx = os.getenv('A')", "from os import environ",
                                  "import os\nx = os.path.expandvars('$A')"])
def test_each_way_of_reading_it_is_seen(code: str) -> None:
    assert list(_reads(ast.parse(code)))


@pytest.mark.parametrize(("file", "work"), [("action/cluster.py", "task.run"), ("action/validate.py", "serve")])
def test_the_work_of_an_action_is_done_in_the_environment_of_its_task(file: str, work: str) -> None:
    tree = ast.parse((PLUGINS / file).read_text(encoding="utf-8"))
    inside = {id(n) for w in ast.walk(tree) if isinstance(w, ast.With)
              and any("acting_in(" in ast.unparse(i.context_expr) for i in w.items) for n in ast.walk(w)}
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == work]
    assert calls and all(id(n) in inside for n in calls)
