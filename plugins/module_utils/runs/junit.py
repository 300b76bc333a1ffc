# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JUnit of every generation: Ginkgo 1 (one testsuite, its attribute counts only what ran), Ginkgo 2 (testsuites, a status
for each case, set-up nodes among them), and what others write.
"""
from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field

from . import limits, xml
from .limits import Limited, Text, TooMuch
from .model import ERRORED, FAILED, PASSED, SKIPPED, Case, Counts

# Cases that Ginkgo writes for nodes of the suite.
_SETUP = re.compile(r"\[(?:(?:Synchronized|Report)?(?:Before|After)Suite|DeferCleanup \(Suite\)|CleanupAfterSuite)\]"
                    r"|(?:Synchronized)?(?:Before|After)Suite$")
_ESCAPED = re.compile(r'\\"|&#34;|&quot;')
_BAD = {"failed": FAILED, "timedout": FAILED, "panicked": ERRORED, "interrupted": ERRORED, "aborted": ERRORED}
_NOT_RUN = {"skipped", "pending", "notrun", "disabled"}
_NUMBERS = ("tests", "failures", "errors", "skipped", "disabled")
_PROPERTIES = 50


def bare(written: str) -> str:
    """A name without what only its generation writes: the leaf's type, {suite}, quotes that were escaped twice."""
    name = written.removeprefix("[It] ")
    if name.endswith(" suite}") and "{" in name:
        name = name[:name.rindex("{")]
    return _ESCAPED.sub('"', name).strip()


@dataclass
class Suite:
    """A testsuite: attributes that count (as far as they are numbers), properties, and the cases that stand right in it.

    timestamp is as written, seconds None where not told.
    """

    name: str
    numbers: dict[str, int] = field(default_factory=dict)
    timestamp: str = ""
    seconds: float | None = None
    properties: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys((PASSED, FAILED, ERRORED, SKIPPED), 0))

    @property
    def elements(self) -> int:
        return sum(self.outcomes.values())

    @property
    def bad(self) -> int:
        return self.outcomes[FAILED] + self.outcomes[ERRORED]

    @property
    def told_bad(self) -> int:
        """Failures and errors by its attributes: an aborted test is a failure in its element and an error in the number."""
        return self.numbers.get("failures", 0) + self.numbers.get("errors", 0)


@dataclass
class Report:
    """What a file says. broken: why it is not whole, "" where it is; what was read before is there. odd: names of cases whose
    status says other than their elements. ginkgo: 1, 2, or 0 where it is not Ginkgo's.
    """

    path: str
    root: str = ""
    encoding: str = ""
    suites: list[Suite] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    broken: str = ""
    odd: list[str] = field(default_factory=list)
    size: int = 0

    @property
    def is_junit(self) -> bool:
        return self.root in ("testsuites", "testsuite")

    @property
    def counts(self) -> Counts:
        return Counts.of(self.cases)

    @property
    def ginkgo(self) -> int:
        first = self.cases[:10]
        if any("SuiteSucceeded" in s.properties for s in self.suites) or any(c.written.startswith("[It] ") for c in first):
            return 2
        plain = self.root == "testsuite" and not any(s.timestamp for s in self.suites)
        return 1 if plain and not any(c.status for c in first) else 0

    @property
    def counting(self) -> list[Suite]:
        """Suites whose attributes are about elements of their own. One of suites counts what is below."""
        return [s for s in self.suites if s.elements or len(self.suites) == 1]

    @property
    def hides_failures(self) -> bool:
        """Whether attributes tell of more failures than there are elements for."""
        return any(s.told_bad > s.bad for s in self.counting)

    @property
    def lacks_cases(self) -> bool:
        """The same of tests."""
        return any(s.numbers.get("tests", 0) > s.elements for s in self.counting)

    @property
    def seeds(self) -> list[int]:
        """Of the random order of its suites, as Ginkgo 2 tells them."""
        return [int(s) for s in sorted(self.says("RandomSeed")) if s.isdigit() and len(s) < 20]

    def says(self, name: str) -> set[str]:
        """The values of a property in its suites, in small letters."""
        return {s.properties[name].lower() for s in self.suites if name in s.properties}


def _number(text: str | None) -> float | None:
    try:
        found = float((text or "").replace(",", ""))
    except ValueError:
        return None
    return found if 0 <= found < 1e12 else None


class _Reading:
    """The handler: elements become suites and cases."""

    def __init__(self, path: str, report: Report, names: dict[str, str]) -> None:
        self.path, self.report, self.names = path, report, names
        self.suites: list[Suite] = []
        self.case: Case | None = None
        self.told: dict[str, str] = {}  # of a case: elements of an outcome, with their types
        self.held: Text | None = None
        self.into = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self.report.root:
            self.report.root = tag
        if not self.report.is_junit:
            raise xml.XmlError(f"begins with {tag[:60]}, so it is no JUnit")
        if tag == "testsuite":
            self._suite(attributes)
        elif tag == "testcase":
            self._case(attributes)
        elif tag == "property":
            self._property(attributes)
        elif self.case and tag in ("failure", "error", "skipped"):
            self.told.setdefault(tag, attributes.get("type", ""))
            if not self.case.message or tag != "skipped":
                self.case.message = limits.bounded(attributes.get("message", ""))
            self._hold("text")
        elif self.case and tag in ("system-out", "system-err") and not self.case.output:
            self._hold("output")

    def _suite(self, attributes: dict[str, str]) -> None:
        suite = Suite(attributes.get("name", "")[:limits.TEXT], timestamp=attributes.get("timestamp", "")[:64],
                      seconds=_number(attributes.get("time")))
        suite.numbers = {n: int(v) for n in _NUMBERS if (v := _number(attributes.get(n))) is not None}
        self.suites.append(suite)
        self.report.suites.append(suite)

    def _case(self, attributes: dict[str, str]) -> None:
        if len(self.report.cases) >= limits.CASES:
            raise TooMuch(f"has more than {limits.CASES} cases")
        written = self._name(attributes.get("name", ""))
        name = self._name(bare(written))
        suite = self._name(".".join(s.name for s in self.suites if s.name))
        self.case = Case(name, PASSED, suite, _number(attributes.get("time")) or 0.0,
                         written="" if written == name else written,
                         status=self._name(attributes.get("status", "")[:40].lower()), file=self.path,
                         classname=self._name(attributes.get("classname", "")))
        self.case.setup = bool(_SETUP.match(written))
        self.told = {}

    def _name(self, text: str) -> str:
        """The same text once, over all files of a source."""
        text = text[:limits.TEXT]
        return self.names.setdefault(text, text)

    def _property(self, attributes: dict[str, str]) -> None:
        about = self.case or (self.suites[-1] if self.suites else None)
        if about is not None and len(about.properties) < _PROPERTIES:
            about.properties[attributes.get("name", "")[:limits.SHORT]] = limits.bounded(attributes.get("value", ""))

    def _hold(self, into: str) -> None:
        self.held, self.into = Text(), into

    def text(self, piece: str) -> None:
        if self.held is not None:
            self.held.add(piece)

    def end(self, tag: str) -> None:
        if self.held is not None and tag in ("failure", "error", "skipped", "system-out", "system-err"):
            kept = str(self.held).strip()
            if self.case and kept:
                setattr(self.case, self.into, getattr(self.case, self.into) or kept)
            self.held = None
        elif tag == "testcase" and self.case:
            self._ended(self.case)
            self.case = None
        elif tag == "testsuite" and self.suites:
            self.suites.pop()

    def _ended(self, case: Case) -> None:
        told, status = self.told, case.status
        if "error" in told or "failure" in told:
            case.outcome = _BAD.get(status or told.get("failure", told.get("error", "")),
                                    ERRORED if "error" in told else FAILED)
            odd = status == "passed" or status in _NOT_RUN
        elif "skipped" in told:
            case.outcome, odd = _BAD.get(status, SKIPPED), status in _BAD or status == "passed"
        elif status in _BAD:  # as it says itself, without the element
            case.outcome, odd = _BAD[status], True
        else:
            case.outcome, odd = SKIPPED if status in _NOT_RUN else PASSED, False
        if odd:
            self.report.odd.append(case.name)
        if not case.bad:
            case.output = limits.bounded(case.output, limits.SHORT)
        self.report.cases.append(case)
        if self.suites:
            self.suites[-1].outcomes[case.outcome] += 1


def parse(path: str, stream: Limited, names: dict[str, str] | None = None) -> Report:
    """names: texts that other files have, too, so that each is held once."""
    report = Report(path)
    try:
        report.encoding = xml.parse(stream, _Reading(path, report, {} if names is None else names))
    except (xml.XmlError, TooMuch, EOFError, OSError, zlib.error) as e:
        report.broken = str(e) or type(e).__name__
    report.size = stream.count
    return report
