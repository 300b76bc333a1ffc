# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a kubelet says when it does not take a pod that was placed on its node, and which cause that is."""
from __future__ import annotations

import re

# Reasons of pods that failed before they began, as the kubelet writes them, with their messages.
_REFUSALS = (
    ("sched.insufficient", r"\bOutOf[a-z][\w./-]*|didn't have enough resource|didn't have free ports|\bNodePorts\b"),
    ("sched.constraint", r"^(?:NodeAffinity|NodeName|TaintToleration)\b"
                         r"|Predicate (?:NodeAffinity|NodeName|TaintToleration) failed"),
)
# Words of CNI plugins (host-local, AWS's, Calico's) whose pool is empty; the plugin itself is well.
NO_ADDRESS = re.compile(r"no IP addresses available|failed to assign an IP address|range is full|no free IP")


def refusal_of(text: str) -> tuple[str, str]:
    """(code, confidence) of "REASON: message" of a pod that its kubelet refused; two empty strings for other words."""
    return next(((code, "confirmed") for code, pattern in _REFUSALS if re.search(pattern, text)), ("", ""))
