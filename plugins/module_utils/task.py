# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a platform job for a module: in the controller's worker by plugins/action/cluster.py, with live lines, or, for
hosts behind a bastion, in the module's own process.

A module is its documentation and `SPEC = Task(...)`, `main()` calls SPEC.main().
"""
from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .jobs.errors import BadOption, PlatformError
from .jobs.job import Job
from .jobs.secrets import secrets_of
from .kube.kubeconfig import shown_path
from .results import redact

# Characters of a secret in a free text at least; shorter ones stand in harmless text.
_LEAST = 4

Entry = Callable[[Mapping[str, Any], Job], dict[str, Any]]


def _is_path(kubeconfig: str) -> bool:
    """Whether a kubeconfig was given as a file, also one that is not there: a path is no secret, and has to be told then."""
    return os.path.exists(os.path.expanduser(kubeconfig)) or shown_path(kubeconfig) != "the given text"


def outcome(entry: Entry, params: Mapping[str, Any], job: Job, secret: list[str]) -> dict[str, Any]:
    """The result of a job as a task result: changed, failed with msg, progress; without what is secret."""
    redact.register(*secret)
    try:
        result = {"changed": False, **entry(params, job)}
    except PlatformError as e:
        result = {"failed": True, "changed": bool(e.details.pop("changed", False)), "msg": str(e), **e.details}
    if job.lines:
        result["progress"] = list(job.lines)
    return redact.redact(result)


@dataclass(frozen=True)
class Task:
    """What a module accepts (as AnsibleModule takes it), and what it does with it."""

    entry: Entry
    argument_spec: dict[str, dict[str, Any]]
    required_if: tuple[tuple[Any, ...], ...] = ()
    required_one_of: tuple[tuple[str, ...], ...] = ()
    mutually_exclusive: tuple[tuple[str, ...], ...] = ()
    required_together: tuple[tuple[str, ...], ...] = ()
    keep: tuple[str, ...] = ()  # results that hold secrets on purpose, under these keys; the task wants no_log
    connects: bool = False  # it works on the host's cluster: options of CLUSTER come from variables cluster_<name>, too
    apart: tuple[str, ...] = ()  # options that are named like some of CLUSTER, and are of something else

    def rules(self) -> dict[str, Any]:
        names = ("required_if", "required_one_of", "mutually_exclusive", "required_together")
        return {n: list(getattr(self, n)) for n in names}

    def _needed(self, params: Mapping[str, Any]) -> None:
        """BadOption for what is needed and empty: Ansible takes it for given, and as a path it is the current folder."""
        needed = [n for n, s in self.argument_spec.items() if s.get("required")]
        needed += [n for rule in self.required_if if params.get(rule[0]) == rule[1] for n in rule[2]]
        for name in needed:
            values = params.get(name)
            for value in values if isinstance(values, list) else [values]:
                if isinstance(value, str) and not value.strip():
                    raise BadOption(f"{name}: is needed, and is empty")

    def run(self, params: Mapping[str, Any], job: Job) -> dict[str, Any]:
        secret = [str(params[n]) for n, s in self.argument_spec.items() if s.get("no_log") and params.get(n)
                  and not (n == "kubeconfig" and _is_path(str(params[n])))]
        secret += secrets_of(params)
        held: dict[str, Any] = {}

        def entry(given: Mapping[str, Any], of: Job) -> dict[str, Any]:
            self._needed(given)
            result = dict(self.entry(given, of))
            held.update({k: result.pop(k) for k in self.keep if k in result})
            return result

        return {**outcome(entry, params, job, secret), **held}

    def main(self) -> None:
        """The body of every platform module."""
        module = AnsibleModule(argument_spec=self.argument_spec, supports_check_mode=True, **self.rules())
        result = self.run(module.params, Job(check_mode=module.check_mode))
        # Ansible puts all options into the result, and would know only those that are secrets as a whole.
        module.no_log_values.update(s for s in secrets_of(module.params) if len(s) >= _LEAST)
        (module.fail_json if result.pop("failed", False) else module.exit_json)(**result)
