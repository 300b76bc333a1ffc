# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics in Prometheus' text format, by its own library, in a file for node_exporter."""
from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from ..common.files import write_shown
from ..jobs.errors import BadOption, PlatformError
from .families import FAMILIES, samples

PLACE = "{cluster}"


def library(part: str = "") -> Any:
    """prometheus_client, or a part of it. PlatformError where it is missing."""
    try:
        return import_module(f"prometheus_client{part}")
    except ImportError as e:
        raise PlatformError(f"the Python package prometheus_client is missing or broken for {sys.executable}: {e}") from None


class _Collector:
    """The library asks for what is there."""

    def __init__(self, runs: Sequence[Mapping[str, Any]]) -> None:
        self._runs = runs

    def collect(self) -> Iterator[Any]:
        kind = library(".core").GaugeMetricFamily
        for family in FAMILIES:
            made = kind(family.name, family.about, labels=family.labels)
            for labels, value in samples(family, self._runs):
                made.add_metric(labels, value)
            yield made


def registry(runs: Sequence[Mapping[str, Any]]) -> Any:
    """All metrics of these runs, as `clean_run` gives them."""
    found = library().CollectorRegistry()
    found.register(_Collector(runs))
    return found


def text(runs: Sequence[Mapping[str, Any]]) -> str:
    return library().generate_latest(registry(runs)).decode("utf-8")


def checked(dest: str) -> str:
    """The path of a file. BadOption for what node_exporter would not read."""
    path = os.path.abspath(os.path.expanduser(dest))
    if not path.endswith(".prom"):
        raise BadOption(f"dest: must end in .prom, as node_exporter reads no other files, not {dest!r}")
    folder = os.path.dirname(path)
    if PLACE in folder:
        raise BadOption(f"dest: {PLACE} may be in the name of the file only, not in that of its folder, as in {dest!r}")
    if not os.path.isdir(folder):
        raise BadOption(f"dest: there is no folder {folder}")
    if os.path.isdir(path):
        raise BadOption(f"dest: {path} is a folder, not a file")
    return path


def differs(path: str, content: str) -> bool:
    try:
        return Path(path).read_text(encoding="utf-8") != content
    except (OSError, UnicodeDecodeError):
        return True


def write(path: str, content: str, mode: int) -> None:
    """Whole or not at all. node_exporter looks at any time, and reads no file whose name ends otherwise."""
    try:
        write_shown(Path(path), content, mode)
    except OSError as e:
        raise BadOption(f"dest: {path} cannot be written: {e.strerror or e}") from None
