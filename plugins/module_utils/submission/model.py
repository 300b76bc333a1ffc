# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A submission to the CNCF's conformance program: the files it has, and what is found wrong with it.

The rules are those of the program's own bot (kubernetes-sigs/verify-conformance: kodata/features/verify-conformance.feature,
internal/suite/suite.go) and of its instructions (cncf/k8s-conformance: instructions.md), as far as files tell them.
"""
from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from ..runs.model import ERROR, NOTE, WARNING

README, PRODUCT, LOG, JUNIT = "README.md", "PRODUCT.yaml", "e2e.log", "junit_01.xml"
FILES = (README, PRODUCT, LOG, JUNIT)
MARK = "[Conformance]"  # in the name of each conformance test
_RELEASE = re.compile(r"v1\.[0-9]{2}")
_WEIGHT = (ERROR, WARNING, NOTE)


@dataclass(frozen=True)
class Finding:
    """code is for programs, message one sentence for people. severity: ERROR where the submission is refused, WARNING where
    a reviewer will ask, NOTE for what is not known.

    file: as the submission has it (v1.35/example/e2e.log), or the path of conformance.yaml; "" where it is of none. line: from
    1, 0 where there is none. test: the name of the test that it is about.
    """

    code: str
    severity: str
    message: str
    file: str = ""
    line: int = 0
    test: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.file and self.line else self.file
        return f"{where}: {self.message}" if where else self.message

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def weighed(findings: list[Finding]) -> list[Finding]:
    """What weighs most first, else in their order; each once."""
    return sorted(dict.fromkeys(findings), key=lambda f: _WEIGHT.index(f.severity))


def errors(findings: list[Finding]) -> list[Finding]:
    return [f for f in findings if f.severity == ERROR]


def is_release(name: str) -> bool:
    """Whether a folder is that of a minor release, as the bot wants it: v1 and two digits."""
    return bool(_RELEASE.fullmatch(name))


def number(release: str) -> tuple[int, int]:
    """(1, 35) of "v1.35" or "v1.35.2"; (0, 0) for what is no version."""
    found = re.match(r"v?(\d{1,3})\.(\d{1,4})(?!\d)", release.strip())
    return (int(found[1]), int(found[2])) if found else (0, 0)
