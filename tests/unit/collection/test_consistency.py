# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is written down more than once says the same: checks, modules, roles, fragments, routing."""
from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils import module
from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER, LOG_IN, RUN, SELECT
from ansible_collections.assay.clusters.plugins.module_utils.arguments.images import IMAGE_SOURCES
from ansible_collections.assay.clusters.plugins.module_utils.arguments.machines import (
    MACHINES, MACHINES_AWS, MACHINES_ESXI, SNAPSHOT_ORDER)
from ansible_collections.assay.clusters.plugins.module_utils.arguments.platforms import CLUSTER_PLATFORM
from ansible_collections.assay.clusters.plugins.module_utils.arguments.stores import STORE
from ansible_collections.assay.clusters.plugins.module_utils.arguments.submission import SUBMISSION
from ansible_collections.assay.clusters.plugins.module_utils.arguments.older import GOES
from ansible_collections.assay.clusters.plugins.module_utils.engine import registry
from ansible_collections.assay.clusters.plugins.module_utils.engine.check import Check
from ansible_collections.assay.clusters.plugins.module_utils.engine.declared import Option
from ansible_collections.assay.clusters.plugins.module_utils.engine.options import older_variable, variable
from tests.unit.collection import defaults

ROOT = Path(__file__).resolve().parents[3]
CHECKS = registry.load()
DOMAINS = sorted({c.domain for c in CHECKS.values()})
# What every role takes beside the options of its checks.
ROLE_OPTIONS = {"results_dir": {"type": "path"}, "exclude": {"type": "list", "elements": "str", "default": []},
                "allow_inconclusive": {"type": "bool", "default": False},
                "allow_skipped": {"type": "bool", "default": False}}
# Roles that do something instead of proving it, with the modules whose options they take.
VERBS = {"conformance": "conformance", "prepull": "image_prepull"}
# Of the one that makes submissions, too: what it gives itself.
OF_RUN = {"src", "state", "kubernetes_version", "server_version"}
# Roles of several modules, with options of their own.
FLOWS = {"dispose", "pipeline", "provision", "publish", "report", "snapshot"}
# Of those of machines, the log-in is of their platform, which defaults of the group would be taken for.
OF_MACHINES = {"vm_snapshot", "vm_snapshot_info", "vm_snapshot_prune", "vm_snapshot_revert"}
WITHOUT_CLUSTER = {"aws_policy_info", "cluster", "cluster_info", "conformance_submission", "history", "pipeline_state",
                   "rbac_info", "report", "results_badges", "results_coverage", "results_info",
                   "results_metrics", "results_publish", "stage_record", "testgrid_config", "testgrid_page", *OF_MACHINES}


def _yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def _documentation(name: str) -> dict[str, Any]:
    """DOCUMENTATION of a module, without importing it."""
    for node in ast.parse((ROOT / f"plugins/modules/{name}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "DOCUMENTATION":
            return yaml.safe_load(node.value.value)
    raise AssertionError(f"{name} has no DOCUMENTATION")


def _fragment(name: str) -> dict[str, Any]:
    found = importlib.import_module(f"ansible_collections.assay.clusters.plugins.doc_fragments.{name}")
    return yaml.safe_load(found.ModuleDocFragment.DOCUMENTATION)["options"]


def _bounds(option: Option) -> list[str]:
    low, high = option.minimum, option.maximum
    if low is not None and high is not None:
        return [f"From {low:g} to {high:g}."]
    return [f"At least {low:g}."] if low is not None else [f"At most {high:g}."] if high is not None else []


def _documented(check: type[Check], option: Option, prefix: str = "") -> dict[str, Any]:
    """How an option is documented: in its module, or with a prefix in its role."""
    out = {"type": option.type, **module.option_spec(check)[option.name]}
    out.pop("no_log", None)
    if prefix and (older := older_variable(check, option)):
        out |= {"description": [re.sub(r"O\((\w+)\)", rf"C({prefix}\1)", option.description), *_bounds(option),
                                f"The older name C({older}) is deprecated. It goes in {GOES}."]}
    elif prefix:
        out["description"] = [re.sub(r"O\((\w+)\)", rf"C({prefix}\1)", option.description), *_bounds(option)]
    else:
        out["description"] = [option.description, *_bounds(option),
                              f"Without it the variable C({variable(check, option)}) of the host is used."]
    return out


# Texts, and what a spec has for itself.
_UNSEEN = ("description", "suboptions", "no_log", "options", "deprecated_aliases")


def _plain(documented: dict[str, Any]) -> dict[str, Any]:
    """An option's documentation without texts and without what a spec has for itself."""
    out = {k: v for k, v in documented.items() if k not in _UNSEEN}
    inner = documented.get("suboptions") or documented.get("options")
    return {**out, "options": {k: _plain(v) for k, v in inner.items()}} if inner else out


@pytest.mark.parametrize("name", CHECKS)
def test_a_module_documents_the_options_of_its_check(name: str) -> None:
    check = CHECKS[name]
    documented = _documentation(f"check_{name}")
    assert documented["options"] == {o.name: _documented(check, o) for o in check.options}
    assert f"role {check.domain}" not in documented["short_description"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_role_documents_the_options_of_its_checks(domain: str) -> None:
    wanted = {variable(c, o): _documented(c, o, f"{domain}_check_")
              for c in CHECKS.values() if c.domain == domain for o in c.options}
    found = _yaml(f"roles/{domain}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    own = {n: found.pop(f"{domain}_{n}") for n in ROLE_OPTIONS}
    assert {n: _plain(o) for n, o in own.items()} == ROLE_OPTIONS
    # Where the check came later than its role.
    since = {n: o.pop("version_added") for n, o in found.items() if "version_added" in o}
    assert found == wanted and all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in since.values())


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_defaults_of_a_role_are_those_of_its_checks(domain: str) -> None:
    spec = _yaml(f"roles/{domain}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert _yaml(f"roles/{domain}/defaults/main.yml") == defaults.wanted(spec)


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_readme_of_a_role_names_its_variables_and_checks(domain: str) -> None:
    text = (ROOT / f"roles/{domain}/README.md").read_text(encoding="utf-8")
    spec = _yaml(f"roles/{domain}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert set(re.findall(r"^\| `(\w+)` \| \w+ \|", text, re.MULTILINE)) == set(spec)
    for check in (c for c in CHECKS.values() if c.domain == domain):
        assert f"| `{check.name}` | {check.proves} | {check.expected:g}, {check.limit:g} |" in text


@pytest.mark.parametrize("verb", VERBS)
def test_a_role_of_a_verb_takes_the_options_of_its_module(verb: str) -> None:
    task = importlib.import_module(f"ansible_collections.assay.clusters.plugins.modules.{VERBS[verb]}").SPEC
    spec = _yaml(f"roles/{verb}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    wanted = {f"{verb}_{n}": _plain(o) for n, o in task.argument_spec.items() if n not in CLUSTER}
    for option in wanted.values():
        option.pop("aliases", None)  # the specs of roles know none
    own = {f"{verb}_checks": {**wanted[f"{verb}_checks"], "default": ["all"]}} if verb == "prepull" else {
        f"{verb}_submission_{n}": _plain(o) for n, o in SUBMISSION.items() if n not in OF_RUN}
    assert {n: _plain(o) for n, o in spec.items()} == {**wanted, **own}
    assert _yaml(f"roles/{verb}/defaults/main.yml") == defaults.wanted(spec)
    text = (ROOT / f"roles/{verb}/README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \| \w+ \|", text, re.MULTILINE)) == set(spec)


@pytest.mark.parametrize("role", sorted(FLOWS))
def test_a_role_of_several_modules_documents_its_variables(role: str) -> None:
    specs = _yaml(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]
    spec = specs["main"]["options"]
    assert all(n.startswith(f"{role}_") for n in spec) and all(s["options"] == spec for s in specs.values())
    assert _yaml(f"roles/{role}/defaults/main.yml") == defaults.wanted(spec)
    text = (ROOT / f"roles/{role}/README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \| \w+ \|", text, re.MULTILINE)) == set(spec)
    used = set(re.findall(rf"\b{role}_\w+", "".join(p.read_text(encoding="utf-8") for p in (ROOT / f"roles/{role}").glob("*/*.yml"))))
    assert set(spec) <= used


def test_every_domain_has_a_role_and_every_role_a_domain() -> None:
    assert {p.name for p in (ROOT / "roles").iterdir()} == {*DOMAINS, *VERBS, *FLOWS}


def test_every_check_has_a_module_and_every_module_a_check() -> None:
    modules = {p.stem for p in (ROOT / "plugins/modules").glob("*.py")}
    assert {m for m in modules if m.startswith("check_")} == {f"check_{n}" for n in CHECKS}


def test_a_check_that_asks_a_platform_takes_its_options_by_their_names() -> None:
    """But for those that are the cluster's own, which begin with platform_."""
    found = module.option_spec(CHECKS["machines"])
    # Volumes are of reverts, and a check has its own deadline and few requests.
    without = {"root_volume", "replaced_volumes", "auto_scaling", "parallel", "timeout"}
    wanted = {f"platform_{n}" if n in LOG_IN else n: s for n, s in MACHINES.items()
              if n not in without}
    assert {n: s["type"] for n, s in wanted.items() if s["type"] != "path"} == {
        n: found[n]["type"] for n, s in wanted.items() if s["type"] != "path"}
    assert {n: s.get("no_log") for n, s in wanted.items()} == {n: found[n].get("no_log") for n in wanted}
    assert {n for n, s in found.items() if s.get("no_log")} == {"platform_password", "secret_key", "session_token"}


def test_options_of_two_checks_of_a_domain_do_not_share_a_variable() -> None:
    names = [variable(c, o) for c in CHECKS.values() for o in c.options]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", CHECKS)
def test_options_of_a_check_are_not_those_of_every_run(name: str) -> None:
    assert not {o.name for o in CHECKS[name].options} & {*CLUSTER, *RUN, *SELECT}


@pytest.mark.parametrize(("fragment", "spec"), [
    ("cluster", {n: s for n, s in CLUSTER.items() if n not in LOG_IN}),
    ("cluster_login", {n: CLUSTER[n] for n in LOG_IN}),
    ("run", RUN),
    ("select", SELECT),
    ("cluster_platform", {"platform": CLUSTER_PLATFORM["platform"]}),
    *((f"cluster_platform_{n}", {n: CLUSTER_PLATFORM[n]}) for n in CLUSTER_PLATFORM["platform"]["choices"]),
    ("images", IMAGE_SOURCES),
    ("snapshot", SNAPSHOT_ORDER),
    ("machines", {n: s for n, s in MACHINES.items() if n not in {*MACHINES_AWS, *MACHINES_ESXI}}),
    ("machines_aws", MACHINES_AWS),
    ("machines_esxi", MACHINES_ESXI),
    ("store", STORE)])
def test_a_fragment_documents_its_spec(fragment: str, spec: dict[str, Any]) -> None:
    assert {n: _plain(o) for n, o in _fragment(fragment).items()} == {n: _plain(o) for n, o in spec.items()}


def test_a_fragment_names_the_variable_of_each_connection_option() -> None:
    texts = {n: " ".join(o["description"]) for n, o in {**_fragment("cluster"), **_fragment("cluster_login")}.items()}
    assert [n for n, text in texts.items() if f"cluster_{n}" not in text] == []


def test_the_action_group_is_every_module_that_takes_a_cluster() -> None:
    modules = {p.stem for p in (ROOT / "plugins/modules").glob("*.py")}
    takes = {m for m in modules if "assay.clusters.cluster_login" in _documentation(m)["extends_documentation_fragment"]}
    assert takes == modules - WITHOUT_CLUSTER
    groups = _yaml("meta/runtime.yml")["action_groups"]
    assert groups["cluster"] == sorted(takes) and groups["machines"] == sorted(OF_MACHINES)
    assert groups["platforms"] == sorted(
        m for m in modules if "assay.clusters.cluster_platform" in _documentation(m)["extends_documentation_fragment"])


def test_a_module_of_platforms_documents_all_of_them() -> None:
    wanted = {"assay.clusters.cluster_platform", *(f"assay.clusters.cluster_platform_{n}" for n in CLUSTER_PLATFORM["platform"]["choices"])}
    for name in _yaml("meta/runtime.yml")["action_groups"]["platforms"]:
        assert wanted <= {*_documentation(name)["extends_documentation_fragment"]}


def test_every_module_has_an_action_plugin() -> None:
    routed = {n: r["action_plugin"] for n, r in _yaml("meta/runtime.yml")["plugin_routing"]["modules"].items()}
    own = {p.stem for p in (ROOT / "plugins/action").glob("*.py")}
    assert {*routed, *own} == {p.stem for p in (ROOT / "plugins/modules").glob("*.py")}
    assert set(routed.values()) <= {f"assay.clusters.{n}" for n in own} and not own & set(routed)


def test_an_example_is_a_task_list_or_plays_that_parse() -> None:
    for path in (ROOT / "plugins/modules").glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and node.targets[0].id in ("EXAMPLES", "RETURN"):
                assert yaml.safe_load(node.value.value), path


def test_documentation_is_marked_up_as_ansible_knows_it() -> None:
    """What it does not know, such as F(path), ansible-doc prints as it stands."""
    files = [*ROOT.glob("plugins/*/*.py"), *ROOT.glob("roles/*/meta/argument_specs.yml")]
    found = [(p.name, text) for p in files for text in re.findall(r"(?<![\w.$])[ADFGHJKNQSTWXYZ]\([^)\n]+\)", p.read_text(encoding="utf-8"))]
    assert len(files) > 80 and found == []


def test_the_version_is_the_same_everywhere() -> None:
    version = _yaml("galaxy.yml")["version"]
    assert version in _yaml("changelogs/changelog.yaml")["releases"]
    minimum = _yaml("meta/runtime.yml")["requires_ansible"].removeprefix(">=").removesuffix(".0")
    for path in (ROOT / "roles").glob("*/meta/main.yml"):
        assert yaml.safe_load(path.read_text())["galaxy_info"]["min_ansible_version"] == minimum


def test_python_requirements_have_lower_bounds_only() -> None:
    lines = [s for s in (ROOT / "requirements.txt").read_text().splitlines() if not s.startswith("#")]
    assert lines and all(re.fullmatch(r"[\w-]+>=[\d.]+", s) for s in lines)
    assert not [s for s in lines if s.startswith("ansible")]


def test_what_is_shipped_reads_nothing_that_is_not() -> None:
    """A collection works when only meta, plugins, roles and playbooks are left of it."""
    words = re.compile(r"(^|[\s\"'/])(inventories|molecule|tests)/")
    for folder in ("plugins", "roles", "playbooks", "meta"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".yml") and path.is_file():
                assert not words.search(path.read_text(encoding="utf-8")), path
