# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What came of a run: counts and verdict by those who judge any run, failed tests with what was found beside them, flakes."""
from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..common.files import write_whole
from ..common.words import plural
from ..jobs.errors import PlatformError
from ..kube.json_text import json_of
from ..results import redact
from ..runs.model import FAILED, INCONCLUSIVE, PASSED, Run
from .progress import plain_name
from .rounds import Round, Rounds

FILE = "conformance.json"
_TEXT = 4000


def _failures(run: Run | None, rounds: Rounds) -> list[dict[str, Any]]:
    """Each test that failed, and each node of the suite, with its words and what the checks found."""
    out = []
    for case in [c for c in run.cases if c.bad] if run else []:
        name = plain_name(case.name)
        text = f"{case.message}\n{case.text}".strip()
        out.append({"name": name, "message": (case.message or case.text).strip()[:500], "text": text[:_TEXT],
                    "seconds": case.seconds, "setup": case.setup,
                    "flaked": any(name in r.passed() for r in rounds.rounds[1:]), **rounds.beside_of(name, text)})
    return out


def _rerun(done: Round) -> dict[str, Any]:
    return {"folder": str(done.folder), "verdict": done.run.verdict if done.run else INCONCLUSIVE,
            "passed": sorted(done.passed()), "failed": sorted(done.failed()), "why": done.end.why}


def of(rounds: Rounds, known: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """The whole result. known: what is known of the run besides."""
    first = rounds.rounds[0]
    run = first.run
    verdict = run.verdict if run and first.end.whole else FAILED if run and run.counts.failed else INCONCLUSIVE
    failures = _failures(run, rounds)
    flakes = [f["name"] for f in failures if f["flaked"]]
    counts = run.counts.to_dict() if run else {}
    findings = [f.to_dict() for f in run.findings] if run else []
    made = {**known, "verdict": verdict, "counts": counts, "findings": findings, "failures": failures, "flakes": flakes,
            "reruns": [_rerun(r) for r in rounds.rounds[1:]], "ended": first.end.why, "dry_run": bool(params["dry_run"]),
            "files": sorted(p.name for p in first.folder.iterdir() if p.is_file() and p.name != FILE)}
    forgiven = params["allow_flakes"] and failures and len(flakes) == len(failures)
    good = verdict == PASSED or bool(forgiven) or (params["dry_run"] and first.end.whole)
    return {**made, "good": bool(good), "msg": _sentence(made)}


def _sentence(made: Mapping[str, Any]) -> str:
    counts = made["counts"]
    told = [f"{counts[n]} {n}" for n in ("passed", "failed", "errored", "skipped") if counts.get(n) or n == "passed" and counts]
    head = "dry run" if made["dry_run"] else made["verdict"]
    out = [f"{head}: {', '.join(told)}" if told else head]
    if made["ended"]:
        out.append(made["ended"])
    for failure in made["failures"][:3]:
        out.append(f"{failure['name']}: {failure['diagnosis']}")
    if len(made["failures"]) > 3:
        out.append(f"and {len(made['failures']) - 3} more failed")
    if made["flakes"]:
        out.append(f"{plural(len(made['flakes']), 'test')} passed when run again, and the run stays as it is")
    errors = [f["message"] for f in made["findings"] if f["severity"] == "error"]
    if errors and not made["dry_run"]:
        out.append(errors[0])
    if made["leaked"]:
        out.append(f"{plural(len(made['leaked']), 'namespace')} that tests left behind removed")
    if made["leftovers"]:
        out.append(f"not removed: {'; '.join(made['leftovers'])}")
    return "; ".join(out)


def kept(folder: Path, made: dict[str, Any]) -> dict[str, Any]:
    """Beside the results, so that the same run is told again and not run again."""
    made = redact.redact(made)
    write_whole(folder / FILE, json.dumps(made, indent=2) + "\n", 0o666)
    return made


def finished(folder: Path) -> dict[str, Any] | None:
    """The result of a run that has ended, None where it has not or is not known."""
    try:
        found = json_of((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "verdict" in found and "good" in found else None


def told(made: Mapping[str, Any]) -> dict[str, Any]:
    """As the module returns it; PlatformError where it did not go well."""
    out = {n: v for n, v in made.items() if n not in ("good", "dry_run")}
    if made["good"]:
        return out
    message = out.pop("msg")
    raise PlatformError(message, **out)
