# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""plugins/modules/check_<name>.py."""
from __future__ import annotations

from . import options
from .texts import Known
from .words import bullets, entry

_HEAD = '''# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by make generate from plugins/module_utils/checks/{name}.py and {name}.yml; changes are made there.
from __future__ import annotations

DOCUMENTATION = r"""
'''
_FRAGMENTS = '''extends_documentation_fragment:
  - assay.clusters.attributes
  - assay.clusters.cluster
  - assay.clusters.cluster_login
  - assay.clusters.run
seealso:
  - module: assay.clusters.validate
author:
  - assay.clusters contributors (@assay-clusters)
"""
'''
_RETURN = '''
RETURN = r"""
run:
  description: The run on this cluster, with the record of the check. M(assay.clusters.validate) tells its keys.
  returned: when the task does not fail, outside check mode
  type: dict
msg:
  description: One sentence with counts and causes; when the check failed, followed by the summary.
  returned: outside check mode
  type: str
  sample: 'c1: 1 check passed'
verdict:
  description: The verdict of the check.
  returned: when the task fails because of the check
  type: str
  sample: failed
plan:
  description: The checks with their options and limits, permissions, images and objects.
  returned: in check mode
  type: dict
"""
'''
_CODE = '''
from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER, RUN
from ansible_collections.assay.clusters.plugins.module_utils.checks.{name} import {cls}
from ansible_collections.assay.clusters.plugins.module_utils.module import declare, option_spec


def main() -> None:
    declare({{**option_spec({cls}), **CLUSTER, **RUN}})


if __name__ == "__main__":
    main()
'''
ENDS = "Everything that it makes carries labels of this run and is removed at the end; nothing of yours is changed."


def makes_something(known: Known) -> bool:
    return bool(known.check.objects or known.check.probes)


def whole(known: Known) -> str:
    """The whole file."""
    check, text = known.check, known.text
    sentences = [*text.description, *([ENDS] if makes_something(known) else [])]
    lines = [f"module: {known.module}", *entry("short_description", text.short_description, 0),
             *entry("version_added", text.version_added, 0), "description:", *bullets(sentences, 2)]
    if check.options:
        lines += ["options:", *(s for o in check.options for s in options.of_module(check, o))]
    examples = f'\nEXAMPLES = r"""\n{text.examples.strip()}\n"""\n'
    return "".join([_HEAD.format(name=check.name), "\n".join(lines), "\n", _FRAGMENTS, examples, _RETURN,
                    _CODE.format(name=check.name, cls=check.__name__)])
