# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""README.md of a submission: how somebody else gets the same results."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..runs.model import SONOBUOY, Run
from .layout import Place
from .model import JUNIT, LOG

# As each tool is run for a certification.
_SONOBUOY = ("$ sonobuoy run --mode=certified-conformance --wait",
             "$ sonobuoy retrieve . --filename results.tar.gz && tar -xzf results.tar.gz",
             f"{LOG} and {JUNIT} are in plugins/e2e/results/global.")
_HYDROPHONE = ("$ hydrophone --conformance --output-dir results", f"{LOG} and {JUNIT} are in results.")
_OURS = ("$ ansible-galaxy collection install assay.clusters", "$ ansible-playbook assay.clusters.conformance -i inventory.yml",
         f"{LOG} and {JUNIT} are in the folder that it names.")


def _step(number: int, text: str) -> str:
    """A step that begins with $ is a command."""
    text = text.strip()
    if not text.startswith("$ "):
        return f"{number}. " + "\n   ".join(text.splitlines())
    body = "\n   ".join(text.removeprefix("$ ").splitlines())
    return f"{number}. Run\n\n   ```console\n   {body}\n   ```\n"


def _steps(steps: Sequence[str]) -> str:
    return "\n".join(_step(n, s) for n, s in enumerate((s for s in steps if s.strip()), 1)).rstrip()


def _results(run: Run, place: Place) -> str:
    counts = run.counts
    when = f", begun {run.started.at:%Y-%m-%d %H:%M} UTC" if run.started else ""
    server = f" with an API server of {run.server_version}" if run.server_version else ""
    return (f"{LOG} and {JUNIT} are of one run on Kubernetes {place.release}{server}{when}: {counts.passed} tests passed, "
            f"{counts.bad} failed.")


def _how(run: Run) -> tuple[str, ...]:
    return _OURS if run.ours else _SONOBUOY if run.kind == SONOBUOY else _HYDROPHONE


def render(place: Place, values: Mapping[str, Any], run: Run, steps: Sequence[str], test_steps: Sequence[str]) -> str:
    """steps: how the cluster is made; test_steps: how the tests are run, by default as the tool is run that left the results.
    """
    how = test_steps or _how(run)
    title = " ".join(f"{values.get('name') or ''} {values.get('version') or ''}".split())
    return (f"# {title} on Kubernetes {place.release}\n\n## The cluster\n\n{_steps(steps)}\n\n"
            f"## The tests\n\n{_steps(how)}\n\n## The results\n\n{_results(run, place)}\n")
