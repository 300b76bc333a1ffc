# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Results of few clusters, and the module on them."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from ansible_collections.assay.clusters.plugins.module_utils.arguments.metrics import METRICS
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.metrics.job import entry
from ansible_collections.assay.clusters.plugins.module_utils.results import store
from ansible_collections.assay.clusters.plugins.module_utils.results.clean import clean_run

STARTED = "2026-11-20T12:00:00+00:00"


def record(check: str, verdict: str = "passed", **more: Any) -> dict[str, Any]:
    return {"domain": "dns", "check": check, "verdict": verdict, "seconds": 1.5, **more}


def run(cluster: str = "c1", *records: dict[str, Any], **more: Any) -> dict[str, Any]:
    return clean_run({"cluster": cluster, "run_id": f"run-{cluster}", "started": STARTED, "seconds": 12.25, "version": "v1.36.1",
                      "records": list(records) or [record("dns")], **more})


def stored(folder: Path, *runs: dict[str, Any]) -> Path:
    for one in runs:
        store.write_cluster_run(folder, one)
    return folder


def metrics(results: Path, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    given = {n: s.get("default") for n, s in METRICS.items()}
    return entry({**given, "results_dir": str(results), **options}, Job(check_mode=check_mode))


def parsed(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Samples by their names and sorted labels, as Prometheus' own parser reads them. Raises ValueError."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            series = found.setdefault(sample.name, {})
            labels = tuple(sorted(sample.labels.items()))
            if labels in series:
                raise ValueError(f"{sample.name}{labels} is there twice")
            series[labels] = sample.value
    return found


def of(found: dict[str, dict[tuple[tuple[str, str], ...], float]], name: str, **labels: str) -> float:
    """The one sample with these labels, beside others."""
    [value] = [v for series, v in found[name].items() if set(labels.items()) <= set(series)]
    return value
