# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Configurations of TestGrid, good ones and such with one thing changed."""
from __future__ import annotations

import copy
from typing import Any

import yaml

from ansible_collections.assay.clusters.plugins.module_utils.testgrid.config import load, validate

# As on the web page of a provider: one test group, one tab.
GROUP = {"name": "kon-c1-e2e-v1.31", "gcs_prefix": "example-conf/kon-c1/e2e-v1.31", "days_of_results": 30,
         "num_columns_recent": 10, "alert_stale_results_hours": 48, "num_failures_to_alert": 2,
         "disable_prowjob_analysis": True,
         "column_header": [{"configuration_value": "Commit"}, {"configuration_value": "platform"}]}
TAB = {"name": "Example Konvoy, v1.31", "description": "Nightly conformance on lab cluster C1",
       "test_group_name": "kon-c1-e2e-v1.31"}


def config(group: dict[str, Any] | None = None, tab: dict[str, Any] | None = None, **top: Any) -> dict[str, Any]:
    """The good one, with fields of its group and its tab changed (None takes one out), and others at the top."""
    out = {"test_groups": [{**GROUP, **(group or {})}], "dashboards": [
        {"name": "conformance-example", "dashboard_tab": [{**TAB, **(tab or {})}]}], **top}
    for entry in (out["test_groups"][0], out["dashboards"][0]["dashboard_tab"][0]):
        for key in [k for k, v in entry.items() if v is None]:
            del entry[key]
    return copy.deepcopy(out)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def text(value: Any) -> str:
    return value if isinstance(value, str) else yaml.dump(value, Dumper=_Dumper, sort_keys=False)


def problems(value: Any = None, kubernetes: bool = False, **files: Any) -> list[str]:
    """What is wrong with a configuration in a.yaml, or in files by their names without .yaml ("/" written as "__")."""
    given = {"a": value, **files} if value is not None else files
    texts = {f"{name.replace('__', '/')}.yaml": text(v) for name, v in given.items()}
    return [str(p) for p in validate.problems(load.merged(texts), kubernetes)]
