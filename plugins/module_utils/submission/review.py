# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A submission read as a reviewer reads it: its folder, what PRODUCT.yaml says, what the run proves."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..runs.model import Run
from ..runs.read import SourceError, read
from . import evidence, layout, product
from .layout import Place
from .model import ERROR, JUNIT, LOG, PRODUCT, WARNING, Finding, errors, number, weighed
from .required import Required, load


@dataclass(frozen=True)
class Rules:
    """What a reviewer knows besides. conformance_yaml: a path; latest: the newest release; server: the version that the API
    server is said to have; title: of the pull request. All may be "".
    """

    conformance_yaml: str = ""
    latest: str = ""
    server: str = ""
    title: str = ""


@dataclass
class Review:
    """values: of PRODUCT.yaml. run: None where there is nothing to read. required: {tests, passed}, None without a list."""

    place: Place
    values: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    run: Run | None = None
    required: dict[str, int] | None = None
    labels: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {"submission": self.place.shown, "valid": not errors(self.findings), "product": self.values,
                "findings": [f.to_dict() for f in self.findings], "run": self.run.to_dict() if self.run else None,
                "required": self.required, "labels": self.labels}


def _product(place: Place, known: Mapping[str, list[Finding]]) -> tuple[dict[str, str], list[Finding]]:
    at = place.of(PRODUCT)
    return ({}, []) if at in known else product.load(place.folder / PRODUCT, at)


def _run(place: Place, server: str, known: Mapping[str, list[Finding]]) -> tuple[Run | None, list[Finding]]:
    """Of the log and all JUnit files, so that one that is split over several is not taken for one that lacks tests."""
    paths = [place.folder / n for n in (LOG, JUNIT) if not known.get(place.of(n))]
    if place.folder / JUNIT in paths:
        paths += sorted(p for p in place.folder.glob("junit*.xml") if p.name != JUNIT and p.is_file() and not p.is_symlink())
    try:
        return (next(read(paths, version=server)), []) if paths else (None, [])
    except SourceError as e:
        return None, [Finding("tests-unknown", ERROR, str(e))]


def _labels(review: Review, required: Required | None) -> list[str]:
    """What the bot would put on it for the tests."""
    release, codes = review.place.release, {f.code for f in review.findings}
    if "tests-unknown" in codes or review.run is None:
        return ["evidence-missing", "required-tests-missing"]
    out = ["evidence-missing" if "test-failed" in codes else f"no-failed-tests-{release}"]
    if required and review.required:
        whole = review.required["passed"] == review.required["tests"]
        out.append(f"tests-verified-{release}" if whole else "required-tests-missing")
    return sorted(out)


def _tests(review: Review, required: Required | None, rules: Rules, known: Mapping[str, list[Finding]]) -> list[Finding]:
    place = review.place
    review.run, found = _run(place, rules.server, known)
    run = review.run
    if run is None:
        return found
    found = [*evidence.tests(run, required, place), *evidence.versions(run, place, rules.server)]
    found += evidence.disagreements(run, place, rules.server)
    if required:
        review.required = {"tests": len(required.tests), "passed": evidence.passed(run, required)}
    elif run.complete:
        words = "Whether all required tests ran is not known without conformance_yaml"
        found.append(Finding("required-unknown", WARNING, words))
    return found + evidence.verdict(run, found)


def review(place: Place, rules: Rules) -> Review:
    """BadOption where conformance_yaml is no such list; whatever is wrong in the submission is a finding."""
    found = layout.check(place)
    release = number(place.release) != (0, 0)
    required = load(rules.conformance_yaml, place.release) if rules.conformance_yaml and release else None
    known: dict[str, list[Finding]] = {}
    for finding in found:
        if finding.severity == ERROR and finding.file:
            known.setdefault(finding.file, []).append(finding)
    out = Review(place)
    if release:
        found += layout.window(place, rules.latest)
    if rules.title:
        found += layout.title(place, rules.title)
    out.values, wrong = _product(place, known)
    found += wrong
    found += _tests(out, required, rules, known)
    out.findings = weighed(found)
    out.labels = _labels(out, required)
    return out
