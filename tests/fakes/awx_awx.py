# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake of the collection awx.awx: its modules take the options that those of 24.6.1 take, by their types and choices,
and write down what they got. No AWX is asked.

awx_awx.json holds the options, out of the documentation of that release.
"""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_KEPT = Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
OPTIONS: dict[str, dict[str, Any]] = json.loads(_KEPT)["modules"]
_MODULE = """
import json
from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule(argument_spec=json.loads({spec!r}))
with open({told!r}, "a", encoding="utf-8") as file:
    given = {{n: v for n, v in module.params.items() if v is not None}}
    file.write(json.dumps([{name!r}, given]) + "\\n")
module.exit_json(changed=True)
"""


def make(folder: Path, collection: str = "awx.awx") -> Path:
    """The collection below this folder; returns the file with a line of JSON, [module, options], for each call.

    collection: ansible.controller has modules of the same names, with the same options as far as they are used here.
    """
    told = folder / "told.jsonl"
    modules = folder / "ansible_collections" / Path(*collection.split(".")) / "plugins/modules"
    modules.mkdir(parents=True)
    for name, options in OPTIONS.items():
        text = _MODULE.format(spec=json.dumps(options), told=str(told), name=name)
        (modules / f"{name}.py").write_text(text, encoding="utf-8")
    return told
