# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Submissions, and what they are made from: good ones, of which a test breaks one thing."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.arguments.submission import SUBMISSION
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.submission import job, product
from ansible_collections.assay.clusters.tests.unit.runs.builders import GOOD, OTHER, PASS, folder, ginkgo2, new_log

VALUES = {"vendor": "Example Inc.", "name": "Example Kubernetes", "version": "4.2", "type": "distribution",
          "description": "Kubernetes for examples.", "website_url": "https://example.com/kubernetes",
          "documentation_url": "https://example.com/docs", "contact_email_address": "conformance@example.com"}
TOLD = "e2e test version: v1.31.4\nkube-apiserver version: v1.31.4\n"
LOG = TOLD + new_log()
LIST = f"""- testname: DNS
  codename: '{PASS}'
  description: ' Pods MUST resolve
    names.'
  release: v1.9, v1.21
  file: test/e2e/network/dns.go
- testname: Job
  codename: '{OTHER.replace("run to completion", "run to" + chr(10) + "    completion")}'
  release: v1.31
"""
LATEST = "v1.32.1"


def content(**files: str | bytes) -> dict[str, str | bytes]:
    """The four files, some of them otherwise. Names are readme, product, log, junit."""
    good = {"readme": "# How\n", "product": product.render(VALUES), "log": LOG, "junit": ginkgo2(GOOD)}
    names = {"readme": "README.md", "product": "PRODUCT.yaml", "log": "e2e.log", "junit": "junit_01.xml"}
    return {names[n]: c for n, c in {**good, **files}.items()}


def submission(root: Path, files: dict[str, Any] | None = None, shown: str = "v1.31/example") -> Path:
    return folder(root / shown, content() if files is None else files)


def listed(root: Path, text: str = LIST) -> str:
    folder(root, {"conformance.yaml": text})
    return str(root / "conformance.yaml")


def call(check_mode: bool = False, **options: Any) -> dict[str, Any]:
    """What the module returns; where it fails, with `refused`: its sentence."""
    params = {n: s.get("default") for n, s in SUBMISSION.items()} | options
    params["src"] = [str(p) for p in params["src"]]
    try:
        return job.entry(params, Job(check_mode=check_mode))
    except PlatformError as e:
        return {**e.details, "refused": str(e)}


def review(root: Path, files: dict[str, Any] | None = None, shown: str = "v1.31/example", **options: Any) -> dict[str, Any]:
    """A submission with such files, validated with all that can be given."""
    given = {"conformance_yaml": listed(root), "latest_version": LATEST, **options}
    return call(src=[submission(root, files, shown)], state="validated", **given)


def make(root: Path, files: dict[str, Any] | None = None, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    """A submission made from e2e.log and JUnit, or from other files."""
    left = {"e2e.log": LOG, "junit_01.xml": ginkgo2(GOOD)}
    given = {"src": [folder(root / "left", left if files is None else files)], "dest": str(root / "dest"), "product": VALUES,
             "product_dir": "example", "conformance_yaml": listed(root), "latest_version": LATEST,
             "steps": ["Take three machines.", "$ install --nodes 3"], **options}
    return call(check_mode, **given)


def said(found: dict[str, Any], *severities: str) -> list[str]:
    """Codes of findings, of errors if nothing else is asked for."""
    return [f["code"] for f in found["findings"] if f["severity"] in (severities or ("error",))]


def finding(found: dict[str, Any], code: str) -> dict[str, Any]:
    (one,) = [f for f in found["findings"] if f["code"] == code]
    return one


def there(root: Path) -> list[str]:
    """All files below dest."""
    return sorted(str(p.relative_to(root / "dest")) for p in (root / "dest").rglob("*"))
