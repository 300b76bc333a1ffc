# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether TestGrid takes a configuration."""
from __future__ import annotations

from collections.abc import Iterator

from . import fields, kubernetes, names
from .load import Configuration
from .located import Problem


def _something(config: Configuration) -> Iterator[Problem]:
    for key in ("test_groups", "dashboards"):
        if not getattr(config, key):
            yield Problem("", 0, f"the configuration has no {key}")


def problems(config: Configuration, of_kubernetes: bool = False) -> list[Problem]:
    """All that is wrong, in the order of files and lines.

    of_kubernetes: by the rules of kubernetes/test-infra, too.
    """
    rules = [_something, names.names, names.unique, names.references, fields.test_groups, fields.tabs,
             *([kubernetes.rules] if of_kubernetes else [])]
    return sorted({*config.problems, *(p for rule in rules for p in rule(config))})
