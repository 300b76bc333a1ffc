# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the callback shows neither steers the terminal nor tells secrets, whoever said it; and nothing shows by another way."""
from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.assay.clusters.plugins.callback import brief
from ansible_collections.assay.clusters.plugins.module_utils.results import text
from ansible_collections.assay.clusters.plugins.plugin_utils import terminal
from ansible_collections.assay.clusters.tests.unit.results.test_text import HOSTILE, steers

PLUGINS = Path(terminal.__file__).parents[1]
DOOR = {"plugin_utils/terminal.py"}
# What a display of Ansible shows by.
_SHOWS = {"display", "warning", "deprecated", "error", "banner", "banner_cowsay", "verbose", "debug", "system_warning", "prompt",
          "do_var_prompt", "prompt_until", "_warning", "_deprecated", "_error", *("v" * n for n in range(1, 7))}
SECRET = "password=hunter2secret9"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    out: list[str] = []
    monkeypatch.setattr(terminal.display, "display", lambda line, *_args, **_more: out.append(line))
    monkeypatch.setattr(terminal.display, "_warning", lambda summary, **_more: out.append(str(summary)), raising=False)
    monkeypatch.setattr(terminal.display, "warning", lambda line, **_more: out.append(line))
    monkeypatch.setattr(terminal.display, "verbosity", 0)
    return out


@pytest.fixture
def callback(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = brief.CallbackModule()
    monkeypatch.setattr(made, "get_option", lambda _name: False)
    return made


def _result(found: dict[str, Any], host: str = "c1", name: str = "Ask", action: str = "debug", once: bool = False) -> Any:
    host_, task = SimpleNamespace(get_name=lambda: host), SimpleNamespace(
        action=action, run_once=once, ignore_errors=False, get_name=lambda: name, loop=None, _uuid=name)
    return SimpleNamespace(result=found, task=task, host=host_, _result=found, _task=task, _host=host_)


def _all(callback: Any, words: str) -> None:
    """Everything that is shown without -v, with these words in every place."""
    callback.v2_runner_on_ok(_result({"msg": words}, host=words))
    callback.v2_runner_item_on_ok(_result({"msg": [words, 5]}, once=True))
    callback.v2_runner_on_ok(_result({"changed": True, "warnings": [words]}, action="command"))
    for number, end in enumerate((callback.v2_runner_on_failed, callback.v2_runner_item_on_failed,
                                  callback.v2_runner_on_unreachable)):
        end(_result({"msg": f"{number} {words}"}, host=words))
        end(_result({"msg": f"{number} {words}", "stderr": f"{number} {words}\n{words}", "warnings": [f"{number} {words}"]},
                    name=words, action="command"))
        end(_result({"msg": "rc", "module_stdout": words}, action="command"))
    callback.v2_on_file_diff(_result({"changed": True, "diff": {"before": "", "after": f"{words}\n", "after_header": words}}))
    callback.v2_runner_on_async_failed(_result({"ansible_job_id": words}, host=words))
    callback.v2_runner_on_async_poll(_result({"ansible_job_id": words, "started": 1, "finished": 0}, host=words))
    callback.v2_runner_on_async_ok(_result({"ansible_job_id": words}, host=words))
    bad = SimpleNamespace(processed={words: 1}, summarize=lambda _host: {"failures": 1, "unreachable": 0})
    callback.v2_playbook_on_stats(bad)


@pytest.mark.parametrize("words", HOSTILE)
def test_words_of_others_do_not_steer_the_terminal(callback: Any, shown: list[str], words: str) -> None:
    _all(callback, words)
    assert len(shown) >= 12 and not any(map(steers, shown)), shown


def test_secrets_are_shown_nowhere(callback: Any, shown: list[str]) -> None:
    _all(callback, SECRET)
    assert "hunter2" not in "\n".join(shown) and len(shown) >= 12


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\x0b"])
def test_no_word_of_others_begins_a_line_that_looks_like_ours(callback: Any, shown: list[str], end: str) -> None:
    """c2 did not pass: a program, a file or an object of c1 says so."""
    forged = f"busy{end}c2: dns passed"
    _all(callback, forged)
    lines = [line for part in shown for line in part.split("\n")]
    ours = [line for line in lines if line.startswith("c2: ")]
    assert ours == ["c2: dns passed"], "the debug task that runs once says lines of its own, and nobody else does"


def test_lines_of_ours_stay(callback: Any, shown: list[str]) -> None:
    summary = "2 clusters\n  c1  passed\n\n  c2  failed"
    callback.v2_runner_on_ok(_result({"msg": [summary, "new: c2"]}, once=True))
    callback.v2_runner_on_ok(_result({"msg": "one\ntwo"}))
    callback.v2_runner_on_failed(_result({"msg": "non-zero", "stderr": "a\n  b"}, name="hook", action="command"))
    callback.v2_runner_on_failed(_result({"msg": "c1: said by whom it is of"}))
    assert shown == [summary, "new: c2", "c1: one\n    two", "c1: hook: non-zero\n    a\n      b", "c1: said by whom it is of"]


def _receiver(node: ast.expr) -> str:
    return ast.unparse(node).rsplit(".", 1)[-1].removesuffix("()").lstrip("_").lower()


def _ways(source: str) -> list[int]:
    """Lines that show by a display of Ansible, or by none."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in _SHOWS and _receiver(node.func.value).endswith("display"):
                found.append(node.lineno)
            elif isinstance(node.func, ast.Name) and node.func.id == "print":
                found.append(node.lineno)
    return found


def test_there_is_one_door_to_the_terminal() -> None:
    assert _ways("self._display.warning(x)\nDisplay().vvv(x)\nterminal.display.display(x)\nprint(x)") == [1, 2, 3, 4]
    found = {str(path.relative_to(PLUGINS)): lines for path in sorted(PLUGINS.rglob("*.py"))
             if (lines := _ways(path.read_text(encoding="utf-8")))}
    assert set(found) == DOOR, found


def test_the_door_cleans_each_of_its_ways(monkeypatch: pytest.MonkeyPatch, shown: list[str]) -> None:
    words = f"{HOSTILE[0]} {SECRET}"
    terminal.show(words)
    terminal.show(words, by=terminal.display.warning)
    terminal.show_lines(words)
    terminal.warn(words)
    monkeypatch.setattr(terminal.display, "deprecated", lambda line, **_more: shown.append(line))
    terminal.outdated(words, words)
    assert len(shown) == 5 and not any(map(steers, shown)) and "hunter2" not in "".join(shown)
    assert text.live_line(shown[0]) == shown[0]


def test_half_a_key_is_none_that_is_shown(callback: Any, shown: list[str]) -> None:
    key = "\n".join(["-----BEGIN PRIVATE KEY-----", *("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" for _line in range(30)), "-----END PRIVATE KEY-----"])
    callback.v2_runner_on_failed(_result({"msg": "rc", "stderr": f"before\n{key}\nafter"}, action="command"))
    callback.v2_runner_item_on_ok(_result({"msg": key}, once=True))
    assert "MIIE" not in "".join(shown) and "after" in shown[0]
