# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""python -m tests.fakes.vcenter FILE: a simulated vCenter as long as FILE is there; in it, as JSON, how it is reached."""
from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from tests.lab.vcsim import vcsim

# Whoever forgot it does not keep it for ever.
LIMIT = 1800.0


def main() -> None:
    file, until = Path(sys.argv[1]), time.monotonic() + LIMIT
    with vcsim(machines=2) as center:
        temporary = file.with_suffix(".new")
        temporary.write_text(json.dumps({**center.options, "names": ["DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1"]}))
        os.replace(temporary, file)
        while file.exists() and time.monotonic() < until:
            time.sleep(0.2)


if __name__ == "__main__":
    main()
