# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Words of a report, for who reads one without having read the documentation. The glossary there has all."""
from __future__ import annotations

GLOSSARY = (
    ("cause", "the reason for a failure, with its code, evidence, a remedy and a next command"),
    ("check", "one feature, tested as users of the cluster see it"),
    ("consequence", "a check that failed only because of the cause of another one"),
    ("gate", "what decides whether a run is good enough: failed and inconclusive stop it, warned and skipped do not"),
    ("leftovers", "what should be gone and is still there"),
    ("probe", "a small pod of ours on a node, which asks the questions of the checks from there"),
    ("verdict", "passed, warned, failed, skipped (does not apply) or inconclusive (could not be tested)"),
)
