# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Has Python keep the compiled form of this collection's module_utils, as it does for everything but collections.

Ansible's loader compiles every file of a collection anew in every process (ansible/utils/collection_loader,
get_code), which costs more than the rest of their import. Plugins import this module before module_utils. Python's own
rules hold: the compiled form is used while size and time of the source are the same, and where it cannot be written,
nothing changes.
"""
from __future__ import annotations

import os
import sys
from collections.abc import Sequence
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
