# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""python -m tests.fakes.historian OPTIONS: a controller of its own that adds to a history, with options of the module in JSON."""
from __future__ import annotations

import json
import sys

from ansible_collections.assay.clusters.plugins.module_utils.history.job import entry
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job


def main() -> None:
    print(json.dumps(entry(json.loads(sys.argv[1]), Job())["added"]))


if __name__ == "__main__":
    main()
