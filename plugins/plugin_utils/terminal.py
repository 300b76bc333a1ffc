# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one way to the operator's terminal: what is shown holds no secrets, and does not steer what shows it."""
from __future__ import annotations

from collections.abc import Callable

from ansible.utils.display import Display

from ansible_collections.assay.clusters.plugins.module_utils.results import redact, text

display = Display()


def cleaned(line: str) -> str:
    """What may be shown of it, as one line."""
    return text.live_line(redact.redact(line))


def show(line: str, color: str | None = None, by: Callable[..., None] | None = None) -> None:
    """One line, whatever is in it. by: another method of a display."""
    (by or display.display)(cleaned(line), **({"color": color} if color else {}))


def show_lines(lines: str, color: str | None = None, stderr: bool = False) -> None:
    """Text whose line ends are its own. As a whole it is looked at first: some secrets are longer than a line."""
    display.display("\n".join(map(cleaned, redact.redact(lines).split("\n"))), color=color, **({"stderr": True} if stderr else {}))


def outdated(old: str, new: str) -> None:
    """A name of before that still works, said once as Ansible says such things. The version is that of the argument specs; the
    tools that read this want it here as it is."""
    display.deprecated(cleaned(f"{old}: is called {new} now"), version="3.0.0", collection_name="assay.clusters")


def warn(sentence: str) -> None:
    """A warning of Ansible: said once, whoever says it."""
    display.warning(cleaned(sentence))
