# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The screen of ansible-playbook with what our playbooks say, and little of what Ansible says around it."""
from __future__ import annotations

DOCUMENTATION = r"""
name: brief
type: stdout
short_description: Shows lines of clusters, failures in one line, and the summary last
version_added: 1.2.0
description:
  - Leaves out names of plays and tasks, hosts for which a task went well or was skipped, and the recap. What is shown is the
    line of each check or stage, what C(debug) tasks say, each failure once, and the summary of M(assay.clusters.report).
  - A failure is one line with the name of its host; of a command that failed, the end of what it wrote follows.
  - Words of clusters, programs and files are shown without secrets and without what would steer the terminal.
  - With C(-v) it is the callback P(ansible.builtin.default#callback), which shows what there is as it is.
  - AWX has a callback of its own and does not use this one.
extends_documentation_fragment:
  - default_callback
  - result_format_callback
requirements:
  - set as stdout in the configuration, V(stdout_callback = assay.clusters.brief)
author:
  - assay.clusters contributors (@assay-clusters)
"""

from typing import Any

from ansible import constants as C
from ansible.plugins.callback.default import CallbackModule as Default

from ansible_collections.assay.clusters.plugins.module_utils.results import redact
from ansible_collections.assay.clusters.plugins.plugin_utils import terminal

# So many lines of what a failed command wrote are shown.
_LINES = 10
_REPORT = ("assay.clusters.report", "report")


def _of(result: Any) -> dict[str, Any]:
    """What a task returned; ansible-core 2.19 has a public name for it."""
    return result.result if hasattr(result, "result") else result._result


def _task(result: Any) -> Any:
    return result.task if hasattr(result, "task") else result._task


def _written(found: dict[str, Any]) -> list[str]:
    """The end of what a command wrote, of what it says of errors rather than of the rest. A secret is taken out of all of it: of
    half a key nobody could tell what it is."""
    text = str(found.get("stderr") or found.get("module_stderr") or found.get("stdout") or found.get("module_stdout") or "")
    return redact.redact(text).strip().splitlines()[-_LINES:]


def _show(lines: list[str], color: str | None = None, stderr: bool = False) -> None:
    """The one way out: only the first line begins where others of ours do."""
    first, *more = [part for line in lines for part in redact.redact(line).split("\n")]
    terminal.show_lines("\n".join([first, *(f"    {line}" for line in more)]), color, stderr)


class CallbackModule(Default):
    """Lines of ours, failures once, nothing else."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "assay.clusters.brief"

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()
        self._summed_up = False

    @property
    def _loud(self) -> bool:
        return self._display.verbosity > 0

    # ---- what is left out -------------------------------------------------------------------------------------
    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._play = play
        if self._loud:
            super().v2_playbook_on_play_start(play)

    def _task_start(self, task: Any, prefix: str | None = None) -> None:
        if self._loud:
            super()._task_start(task, prefix)

    def v2_playbook_on_include(self, included_file: Any) -> None:
        if self._loud:
            super().v2_playbook_on_include(included_file)

    def v2_runner_on_skipped(self, result: Any) -> None:
        if self._loud:
            super().v2_runner_on_skipped(result)

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        if self._loud:
            super().v2_runner_item_on_skipped(result)

    def v2_runner_retry(self, result: Any) -> None:
        if self._loud:
            super().v2_runner_retry(result)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        if self._loud:
            super().v2_runner_on_start(host, task)

    def v2_runner_on_async_poll(self, result: Any) -> None:
        if self._loud:
            super().v2_runner_on_async_poll(result)

    def v2_runner_on_async_ok(self, result: Any) -> None:
        if self._loud:
            super().v2_runner_on_async_ok(result)

    def v2_runner_on_async_failed(self, result: Any) -> None:
        if self._loud:
            super().v2_runner_on_async_failed(result)

    # ---- what is said -----------------------------------------------------------------------------------------
    def v2_runner_on_ok(self, result: Any) -> None:
        if self._loud:
            super().v2_runner_on_ok(result)
            return
        found = _of(result)
        self._handle_warnings(found)
        if _task(result).action in _REPORT and found.get("sentences"):
            # From here on the summary says why these hosts fail.
            self._told.update(redact.redact(str(said)) for said in found["sentences"].values())
            self._summed_up = True
        if "results" not in found:
            self._say(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        if self._loud:
            super().v2_runner_item_on_ok(result)
        else:
            self._say(result)

    def _say(self, result: Any) -> None:
        """The words of a debug task; what runs once is said for all hosts."""
        found, task = _of(result), _task(result)
        if task.action not in ("debug", "ansible.builtin.debug") or "msg" not in found:
            return
        said = found["msg"] if isinstance(found["msg"], list) else [found["msg"]]
        # What is for all hosts is ours, as a summary is, and its lines are its own.
        for_all = task.run_once or self._host(result) == "localhost"
        for line in map(str, said):
            if for_all:
                terminal.show_lines(line)
            else:
                _show([f"{self._host(result)}: {line}"])

    def _handle_warnings(self, res: Any) -> None:
        if not self._loud:
            said = res.pop("warnings", None) or []
            for warning in said if C.ACTION_WARNINGS else []:
                terminal.warn(str(warning))
        super()._handle_warnings(res)

    def _print_task_banner(self, task: Any) -> None:
        """Before the first difference of a task."""
        if self._loud:
            super()._print_task_banner(task)
        else:
            self._last_task_banner = task._uuid
            terminal.show(f"{task.get_name().strip()}:")

    def _get_diff(self, difflist: Any) -> Any:
        """With --diff, of what a task changed. Its colours come behind this."""
        if self._loud:
            return super()._get_diff(difflist)
        found = redact.redact(difflist if isinstance(difflist, list) else [difflist])
        return super()._get_diff([{k: terminal.cleaned(v) if k.endswith("_header") else v for k, v in one.items()} for one in found])

    # ---- what went wrong --------------------------------------------------------------------------------------
    @staticmethod
    def _host(result: Any) -> str:
        return str((result.host if hasattr(result, "host") else result._host).get_name())

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if self._loud:
            super().v2_runner_on_failed(result, ignore_errors)
        elif not ignore_errors and "results" not in _of(result):
            self._fail(result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        if self._loud:
            super().v2_runner_item_on_failed(result)
        elif not _task(result).ignore_errors:
            self._fail(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        if self._loud:
            super().v2_runner_on_unreachable(result)
        else:
            self._fail(result)

    def _fail(self, result: Any) -> None:
        found, host = _of(result), self._host(result)
        self._handle_warnings(found)
        message = redact.redact(str(found.get("msg") or "failed without a reason")).strip()
        if message in self._told:
            return
        self._told.add(message)
        named = message if message.startswith(f"{host}: ") else f"{host}: {message}"
        if _written(found):
            named = f"{host}: {_task(result).get_name().strip()}: {message}"
        _show([named, *_written(found)], C.COLOR_ERROR, self.get_option("display_failed_stderr"))

    def v2_playbook_on_no_hosts_remaining(self) -> None:
        if self._loud:
            super().v2_playbook_on_no_hosts_remaining()

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if self._loud:
            super().v2_playbook_on_stats(stats)
            return
        bad = [h for h in sorted(stats.processed) if stats.summarize(h)["failures"] or stats.summarize(h)["unreachable"]]
        if bad and not self._summed_up:
            _show([terminal.cleaned(f"failed: {', '.join(bad)}")], C.COLOR_ERROR)
