# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Imports that cost less: compiled once, and shared by the workers.

Importing this module, before module_utils, has Python keep their compiled form, as it does for everything but
collections. Ansible's loader compiles every file of a collection anew in every process (ansible/utils/collection_loader,
get_code), which costs more than the rest of their import. Python's own rules hold: the compiled form is used while size and
time of the source are the same, and where it cannot be written, nothing changes.
"""
from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from typing import Any

_OURS = __name__.partition(".plugin_utils.")[0] + ".module_utils."


class Finder:
    """Finds the files below module_utils for Python's own loader; for folders it leaves the way to Ansible's."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        file = os.path.join(path[0], f"{name.rpartition('.')[2]}.py") if path and name.startswith(_OURS) else ""
        return spec_from_file_location(name, file) if os.path.isfile(file) else None


sys.meta_path.insert(0, Finder)


@contextlib.contextmanager
def shared() -> Iterator[None]:
    """What is imported inside stays in memory once for all workers that Ansible forks, and no garbage collection looks
    at it again, which would copy its pages in each of them (docs.python.org, gc.freeze)."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
