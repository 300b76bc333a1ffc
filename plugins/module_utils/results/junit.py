# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JUnit XML in the shape that pytest's and Ginkgo's readers and TestGrid expect."""
from __future__ import annotations

import datetime
import xml.etree.ElementTree as ET
from collections import Counter
from typing import Any

from ..common.words import plural
from . import causes, notes, text
from .record import FAILED, INCONCLUSIVE, SKIPPED, WARNED

CLEANUP = "cleanup"
_CLEANUP_CAUSE = "leak.cleanup-stuck"


def _timestamp(iso: str) -> str:
    """JUnit's time stamps have no zone; readers take them as UTC."""
    try:
        moment = datetime.datetime.fromisoformat(iso.replace("Z", "+00:00"))
    except ValueError:
        return ""
    if moment.tzinfo:
        moment = moment.astimezone(datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _properties(parent: ET.Element, values: list[tuple[str, Any]]) -> None:
    values = [(n, v) for n, v in values if v not in ("", None)]
    if values:
        node = ET.SubElement(parent, "properties")
        for name, value in values:
            ET.SubElement(node, "property", name=text.one_line(str(name)), value=text.one_line(str(value)))


def body(record: dict[str, Any]) -> str:
    """Everything that is known about a failure, as text for people who see nothing but the JUnit viewer."""
    confidence = f" ({record['confidence']})" if record["confidence"] else ""
    lines = [record["message"], ""]
    for label, value in (("step", record["step"]), ("cause", record["cause"] and record["cause"] + confidence),
                         ("consequence of", record["consequence_of"]), ("scope", ", ".join(record["scope"])),
                         ("remedy", record["remedy"]), ("next", record["next_command"])):
        if value:
            lines.append(f"{label}: {value}")
    if record["evidence"]:
        lines += ["evidence:", *(f"  {line}" for line in record["evidence"])]
    return text.printable("\n".join(lines).strip())


def _outcome(case: ET.Element, record: dict[str, Any]) -> None:
    message = text.first_line(record["message"])
    if record["known"]:  # as pytest writes what is expected to fail
        node = ET.SubElement(case, "skipped", type="known", message=f"known {record['known']}")
        node.text = body(record)
    elif record["verdict"] in (FAILED, INCONCLUSIVE):
        tag = "failure" if record["verdict"] == FAILED else "error"
        node = ET.SubElement(case, tag, type=record["cause"] or record["verdict"], message=message)
        node.text = body(record)
    elif record["verdict"] == SKIPPED:
        ET.SubElement(case, "skipped", message=message or "skipped")
    elif record["verdict"] == WARNED:
        ET.SubElement(case, "system-out").text = f"warned: {text.printable(record['message'])}"


def _case(suite: ET.Element, record: dict[str, Any]) -> None:
    case = ET.SubElement(suite, "testcase", name=record["check"], classname=f"{record['cluster']}.{record['domain']}",
                         time=f"{record['seconds']:.3f}", status=record["verdict"])
    # TestGrid draws numeric properties of a case as graphs.
    measured = [(f"{m['name']} ({m['unit']})" if m["unit"] else m["name"], m["value"]) for m in record["measurements"]]
    _properties(case, [("cause", record["cause"]), ("consequence_of", record["consequence_of"]),
                       ("confidence", record["confidence"]), ("scope", ", ".join(record["scope"])), *measured])
    _outcome(case, record)


def _cleanup(root: ET.Element, run: dict[str, Any]) -> None:
    """The clean-up as a case of its own, never instead of a check's verdict, and in a suite of its own: no check, and not counted
    as one."""
    left = causes.leftovers(run)
    failed = str(int(bool(left)))
    suite = ET.SubElement(root, "testsuite", name=run["cluster"], package=f"assay.clusters.{CLEANUP}", tests="1", disabled="0",
                          skipped="0", errors="0", failures=failed, time="0.000")
    case = ET.SubElement(suite, "testcase", name=CLEANUP, classname=f"{run['cluster']}.{CLEANUP}", time="0.000",
                         status="failed" if left else "passed")
    if left:
        node = ET.SubElement(case, "failure", type=_CLEANUP_CAUSE,
                             message=f"{plural(len(left), 'object')} of run {run['run_id']} left behind")
        node.text = "\n".join(left)


def _suite(root: ET.Element, run: dict[str, Any], same: list[str]) -> None:
    suite = ET.SubElement(root, "testsuite", name=run["cluster"], package="assay.clusters")
    _properties(suite, [("run_id", run["run_id"]), ("server", run["server"]), ("server_version", run["version"]),
                        ("verdict", run["verdict"]), ("transport", run["transport"]),
                        ("probes_ready_seconds", notes.probes_ready(run)), ("same_cluster_as", ", ".join(same)),
                        ("notes", "; ".join(notes.about(run))),
                        ("causes", ", ".join(g.code for g in causes.group_causes([run])))])
    for record in run["records"]:
        _case(suite, record)
    counts = Counter(SKIPPED if r["known"] else r["verdict"] for r in run["records"])
    suite.attrib.update(tests=str(len(run["records"])), disabled="0", skipped=str(counts[SKIPPED]),
                        errors=str(counts[INCONCLUSIVE]), failures=str(counts[FAILED]), time=f"{run['seconds']:.3f}")
    stamp = _timestamp(run["started"])
    if stamp:
        suite.set("timestamp", stamp)


def junit(runs: list[dict[str, Any]]) -> str:
    """The document for cluster runs as `clean.clean_run` gives them: one testsuite per cluster, and one of its clean-up."""
    root = ET.Element("testsuites", name="assay.clusters")
    same = notes.same_as(runs)
    for run in runs:
        _suite(root, run, same.get(run["cluster"], []))
        _cleanup(root, run)
    for name in ("tests", "disabled", "skipped", "errors", "failures"):
        root.set(name, str(sum(int(s.get(name, "0")) for s in root)))
    root.set("time", f"{max((r['seconds'] for r in runs), default=0.0):.3f}")  # clusters run at the same time
    for node in root.iter():
        node.attrib.update({k: text.printable(v) for k, v in node.attrib.items()})
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
