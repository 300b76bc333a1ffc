# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was broken on purpose and what was said of it: kept in tests/faults.json by the gauntlet, for the page docs/faults.md.

    {"faults.test_dns::test_a": {"on": "2026-11-27", "passed": true, "claims": [["dns", "dns.server-down", true, true, "confirmed", 12]]}}

A claim: check, the cause that is right, whether it was named, whether its scope was right, with which confidence, after how many
seconds. Each test has its last run; one that is there no more has none.
"""
from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "tests/faults.json"
PAGE = "docs/faults.md"
_HEAD = """# Faults

How well causes are named: real clusters of this repository's tests are broken on purpose, one fault after the other, and each test
knows which cause is right, which objects it should name (its scope) and how sure one can be. A row is what a check said of one
fault; "wrong" would be another cause in its place. Each fault was mended afterwards, and the check was green again.

The page is generated from the last run of each (`make gauntlet`, all faults there are, then `make keep`); `make test` runs a part.

"""


def read() -> dict[str, Any]:
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else {}


def note(outcomes: Mapping[str, bool], claims: list[dict[str, Any]]) -> None:
    """outcomes: whether each test that ran passed, by JUnit's name; claims: lines that the gauntlet noted."""
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    found = {name: {"on": today, "passed": passed, "claims": []} for name, passed in outcomes.items()}
    for line in claims:
        if "expected" in line and line["test"] in found:
            (cause, scope), (said, where, confidence) = line["expected"], line["claimed"]
            found[line["test"]]["claims"].append([line["check"], cause, said == cause or said, where == scope, confidence, round(line["seconds"])])
    kept = {**read(), **{n.removeprefix("tests."): f for n, f in found.items() if f["claims"]}}
    there = {n: f for n, f in sorted(kept.items()) if _is_there(n)}
    KEPT.write_text("{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(f)}" for n, f in there.items()) + "\n}\n", encoding="utf-8")


def _is_there(name: str) -> bool:
    module, _mark, test = name.partition("::")
    file = ROOT / "tests" / f"{module.replace('.', '/')}.py"
    return file.is_file() and f"def {test.partition('[')[0]}(" in file.read_text(encoding="utf-8")


def _words(name: str) -> str:
    """faults.test_dns::test_a_name_server[two] as people say it; of tests called alone, their parameter says it."""
    test = re.sub(r"^test_(alone\[)?", "", name.partition("::")[2])
    plain, mark, parameter = test.partition("[")
    words = plain.rstrip("]").replace("_", " ")
    return (words[:1].upper() + words[1:] + (f" ({parameter.rstrip(']')})" if mark else "")).replace("|", "/")


def _rows(name: str, fault: Mapping[str, Any]) -> list[str]:
    out = []
    for check, cause, named, where, confidence, seconds in fault["claims"]:
        said = f"`{cause}`" if named is True else f"wrong: `{named or 'nothing'}`, not `{cause}`"
        scope = "" if where else ", another scope"
        failed = "" if fault["passed"] else ", the test failed"
        out.append(f"| {_words(name)} | `{check}` | {said}{scope}{failed} | {confidence} | {seconds} | {fault['on']} |")
    return list(dict.fromkeys(out))


def page() -> str:
    """The whole page as Markdown."""
    kept = read()
    claims = [(f, c) for f in kept.values() for c in f["claims"]]
    wrong = sum(c[2] is not True and c[4] == "confirmed" for _f, c in claims)
    named = len({c[1] for _f, c in claims if c[1]})
    out = [_HEAD + f"**{len(kept)} faults, {len(claims)} causes named by checks, {named} different ones: {sum(c[2] is True for _f, c in claims)} right causes, "
           f"{sum(c[3] for _f, c in claims)} right scopes, {wrong} confirmed and wrong.**"]
    for file in sorted({n.partition("::")[0] for n in kept}):
        of = {n: f for n, f in kept.items() if n.partition("::")[0] == file}
        title = re.sub(r"^.*\.test_", "", file).replace("_", " ")
        out += ["", f"## {title[:1].upper()}{title[1:]}", "", f"`tests/{file.replace('.', '/')}.py`", "",
                "| broken | check | named | confidence | seconds | on |", "| --- | --- | --- | --- | --- | --- |",
                *(row for n, f in of.items() for row in _rows(n, f))]
    return "\n".join(out) + "\n"
