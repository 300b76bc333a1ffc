# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan of test cases: a file of kind MasterPlan (e2e.mayadata.io/v1alpha1), and jobs of pipelines that implement its tests.

    kind: MasterPlan
    spec:
      tests:
      - tcid: TCID-DNS-01
        name: DNS answers on every node
        labels: {test/feature: DNS, assay/checks: dns}

Of pipelines' files only lines count, as in github.com/mayadata-io/e2e-metrics (config/config.go): one that begins with TCID-
is the id of a test that is implemented, with a colon behind it or without; one that begins with tcid- is deprecated.
"""
from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..jobs.errors import BadOption, PlatformError
from ..kube.shallow import shallow

try:
    import yaml
except ImportError:  # on a controller ansible-core brings it
    yaml = None

KIND = "MasterPlan"
LABEL = "assay/checks"
_FEATURE = "test/feature"
_MOST = 1 << 24
_LOADER: Any = getattr(yaml, "CSafeLoader", None) or getattr(yaml, "SafeLoader", None)


@dataclass(frozen=True)
class Case:
    """A test of the plan. checks: those that its label names. labels: the others, as texts."""

    tcid: str
    name: str = ""
    description: str = ""
    feature: str = ""
    checks: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    name: str
    tests: tuple[Case, ...]
    warnings: tuple[str, ...] = ()


def names(value: Any) -> tuple[str, ...]:
    """Names of a list, or of a text with commas, each once."""
    items = value if isinstance(value, (list, tuple)) else str(value or "").split(",")
    return tuple(dict.fromkeys(n for n in (str(i).strip() for i in items) if n))


def _text(path: str, option: str) -> str:
    try:
        with Path(path).expanduser().open("rb") as file:
            content = file.read(_MOST + 1)
        if len(content) > _MOST:
            raise BadOption(f"{option}: {path} has more than {_MOST >> 20} MiB")
        return content.decode("utf-8-sig")
    except OSError as e:
        raise BadOption(f"{option}: {path} cannot be read: {e.strerror or e}") from None
    except UnicodeDecodeError:
        raise BadOption(f"{option}: {path} is no text in UTF-8") from None


def load(path: str) -> Plan:
    """BadOption, naming the plan and what is wrong with it. A test that is there twice counts once and is a warning."""
    if yaml is None:
        raise PlatformError(f"the Python package PyYAML is missing for {sys.executable}")
    try:
        data = yaml.load(shallow(_text(path, "plan")), Loader=_LOADER)
    except (yaml.YAMLError, ValueError, RecursionError) as e:
        raise BadOption(f"plan: {path} is no YAML: {' '.join(str(e).split())[:200]}") from None
    if not isinstance(data, dict) or data.get("kind") != KIND:
        found = data.get("kind") if isinstance(data, dict) else None
        raise BadOption(f"plan: {path} must be of the kind {KIND}, not {str(found)[:60]!r}")
    spec, metadata = data.get("spec"), data.get("metadata")
    tests = (spec or {}).get("tests") or [] if isinstance(spec or {}, dict) else None
    if not isinstance(tests, list):
        raise BadOption(f"plan: spec.tests of {path} must be a list of tests")
    known: dict[str, Case] = {}
    warnings = []
    for number, item in enumerate(tests, 1):
        one = _case(item, number, path)
        if one.tcid in known:
            warnings.append(f"{one.tcid} is in the plan more than once, and counts once")
        known.setdefault(one.tcid, one)
    name = metadata.get("name") if isinstance(metadata, dict) else ""
    return Plan(str(name or Path(path).name), tuple(known.values()), tuple(dict.fromkeys(warnings)))


def _case(item: Any, number: int, path: str) -> Case:
    tcid = item.get("tcid") if isinstance(item, dict) else None
    if isinstance(tcid, bool) or not isinstance(tcid, (str, int)) or not str(tcid).strip():
        raise BadOption(f"plan: test {number} of {path} has no tcid")
    labels = item.get("labels") or {}
    if not isinstance(labels, dict):
        raise BadOption(f"plan: labels of {tcid} in {path} must be names with values")
    plain = {str(k): str(v) for k, v in labels.items() if isinstance(v, (str, int, float))}
    texts = [str(item.get(n) or "") if isinstance(item.get(n), (str, int, float)) else "" for n in ("name", "description")]
    return Case(str(tcid).strip(), *texts, feature=plain.get(_FEATURE, ""), checks=names(labels.get(LABEL)), labels=plain)


def of_pipelines(paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """(Ids that jobs of these files implement, deprecated ids), each once, in their order."""
    implemented, deprecated = {}, {}
    for path in paths:
        for line in _text(path, "ci_files").splitlines():
            line = line.strip()
            if line.startswith("TCID-"):
                implemented[line.removesuffix(":")] = True
            elif line.startswith("tcid-"):
                deprecated[line.removesuffix(":")] = True
    return list(implemented), list(deprecated)
