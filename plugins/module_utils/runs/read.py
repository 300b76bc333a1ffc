# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The door of this room: from a folder, a tarball or files to runs."""
from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from .model import Run


class SourceError(ValueError):
    """A source cannot be read at all; one sentence that names it."""


def read(source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], year: int = 0, version: str = "") -> Iterator[Run]:
    """The runs of a source, one after the other, so that of many only one is held. SourceError where it cannot be read.

    source: a folder, a tarball, or one file or several of one run. A folder may hold many: builds of a job of Prow
    (Run.kind PROW, Run.build tells started, finished, pod), plugins of Sonobuoy, submissions, clusters of `validate`.
    year: of the run's start, where its stamps have none and nothing else tells; 0 for the file's own date.
    version: "v1.31" or "v1.31.4", what the cluster is said to be; another one is a finding.

    Nothing is written, nothing is unpacked, no link is followed.
    """
    raise NotImplementedError
    yield Run()
