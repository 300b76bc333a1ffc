# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is written by hand: the class of a check, the text beside it, and a few words on each domain."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER, RUN, SELECT
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.taxonomy import CAUSES
from ansible_collections.assay.clusters.plugins.module_utils.engine import registry
from ansible_collections.assay.clusters.plugins.module_utils.engine.check import Check
from ansible_collections.assay.clusters.plugins.module_utils.engine.declared import CloudPermission, Option, Permission

from .words import WIDTH

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "plugins/module_utils/checks"
DOMAINS = FOLDER / "domains.yml"


@dataclass(frozen=True)
class Text:
    """The text of a check. Sentences of short_description, description and needs carry the marks of module documentation.

    needs: what it needs besides rights and images. costs, time: more on them than the class knows. causes: codes that it
    can end with; those of every run are left out. examples: tasks. notes: Markdown for the page, with headings from ### on.
    Rows of its tables may be folded, with blanks before what goes on.
    """

    short_description: str
    version_added: str
    description: list[str]
    examples: str
    causes: list[str]
    needs: list[str] = field(default_factory=list)
    costs: str = ""
    time: str = ""
    notes: str = ""


@dataclass(frozen=True)
class Domain:
    """The words on a domain.

    title: what its checks prove together, without a full stop. subject: what is proved, in "Prove … of the cluster".
    notes: Markdown for the README of its role. example: the name of the play and the variables of the role's example;
    without it the first option with an example is shown. tags: of the role on Galaxy, besides those of every role.
    """

    title: str
    subject: str
    version_added: str
    notes: str = ""
    example: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """A check with its text."""

    check: type[Check]
    text: Text

    @property
    def module(self) -> str:
        return f"check_{self.check.name}"


class Unwritten(Exception):
    """A text that is missing, or says what cannot be."""


def _read(path: Path) -> dict[str, Any]:
    where = path.relative_to(ROOT)
    if not path.is_file():
        raise Unwritten(f"{where} is missing: docs/writing-a-check.md shows its form")
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as e:
        raise Unwritten(f"{where} is no YAML: {e}") from e
    if not isinstance(found, dict):
        raise Unwritten(f"{where} is no dictionary: docs/writing-a-check.md shows its form")
    return found


def text(name: str) -> Text:
    """The text beside the class of this check. Raises Unwritten."""
    path = FOLDER / f"{name}.yml"
    where = path.relative_to(ROOT)
    try:
        found = Text(**_read(path))
    except TypeError as e:
        raise Unwritten(f"{where}: {str(e).replace('Text.__init__() ', '')}") from e
    unknown = [c for c in found.causes if c not in CAUSES]
    if unknown:
        raise Unwritten(f"{where}: no causes of diagnosis/taxonomy.py: {', '.join(unknown)}")
    try:
        examples = yaml.safe_load(found.examples)
    except (yaml.YAMLError, AttributeError) as e:
        raise Unwritten(f"{where}: examples must be a text of tasks, after `examples: |`: {e}") from e
    if not isinstance(examples, list):
        raise Unwritten(f"{where}: examples is no list of tasks")
    return found


# What the parts of a class must be; one without a comma is none.
_PARTS = {"options": Option, "permissions": Permission, "cloud_permissions": CloudPermission, "images": str, "objects": str}


def _check_parts(check: type[Check]) -> None:
    for name, kind in _PARTS.items():
        if not isinstance(getattr(check, name), tuple) or not all(isinstance(p, kind) for p in getattr(check, name)):
            raise Unwritten(f"{check.__name__}.{name} must be a tuple of {kind.__name__}; see engine/declared.py")


def _since(known: Known) -> list[str]:
    """A module is as old as the release that has it; one that no release has comes with the next."""
    releases = _read(ROOT / "changelogs/changelog.yaml")["releases"]
    since = [version for version, release in releases.items()
             if known.module in {m["name"] for m in release.get("modules", [])}]
    said = known.text.version_added
    if since and said not in since:
        return [f"{known.check.name}.yml: version_added is {since[0]}, as the changelog says"]
    if not since and said in releases:
        return [f"{known.check.name}.yml: version_added is that of the next release, and {said} is out"]
    return []


def _taken(check: type[Check]) -> list[str]:
    return [f"{check.__name__}: every run has an option {o.name}, so its own needs another name"
            for o in check.options if o.name in {*CLUSTER, *RUN, *SELECT}]


def _too_long(path: Path) -> list[str]:
    """A sentence on lines that linters refuse; what follows from the text is written nevertheless."""
    long = [str(n) for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if len(line) > WIDTH]
    return [f"{path.relative_to(ROOT)}: more than {WIDTH} characters in lines {', '.join(long)}"] if long else []


def checks() -> tuple[dict[str, Known], list[str]]:
    """All checks by name, and a sentence for each that cannot be registered yet, or whose text is not as it must be."""
    out, problems = {}, []
    for path in sorted(p for p in FOLDER.glob("*.py") if not p.name.startswith("_")):
        try:
            known = Known(registry.one(path.stem), text(path.stem))
            _check_parts(known.check)
            if known.check.domain not in domains():
                raise Unwritten(f"{path.relative_to(ROOT)}: {DOMAINS.relative_to(ROOT)} has no domain {known.check.domain}")
            out[known.check.name] = known
            problems += [*_since(known), *_taken(known.check), *_too_long(path.with_suffix(".yml"))]
        except Unwritten as e:
            problems.append(str(e))
        except Exception as e:  # pylint: disable=broad-except
            # Somebody's work in progress must not be in the way of other checks.
            problems.append(f"{path.relative_to(ROOT)} cannot be read: {type(e).__name__}: {e}")
    return out, problems


def domains() -> dict[str, Domain]:
    """All domains in the order in which they are listed; there may be some without a check yet."""
    return {name: Domain(**words) for name, words in _read(DOMAINS).items()}


def long_titles() -> list[str]:
    """A sentence for each title that does not fit into one line of the argument specs."""
    fit = WIDTH - len("    short_description: ")
    return [f"{DOMAINS.relative_to(ROOT)}: the title of {name} has more than {fit} characters"
            for name, domain in domains().items() if len(domain.title) > fit]
