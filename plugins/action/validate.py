# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs checks in the controller's worker: one thin plugin for the suite, for every single check, and for what is
computed from them (plan, roles, policy, sweep). meta/runtime.yml redirects the modules here.

The strategy loads this file in the parent process before it forks the workers, so that the client library and the checks
are imported once for all clusters.
"""
from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import (
    AWS_POLICY, CLUSTER, RBAC, RUN, SELECT, SWEEP)
from ansible_collections.assay.clusters.plugins.module_utils.common import journal, names, selectors
from ansible_collections.assay.clusters.plugins.module_utils.engine import (
    cloud_rights, known as known_failures, options, plan, registry, rights, run, sweep, terms)
from ansible_collections.assay.clusters.plugins.module_utils.engine.check import Check
from ansible_collections.assay.clusters.plugins.module_utils.kube import library
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError, BadInput
from ansible_collections.assay.clusters.plugins.module_utils.kube.steady import SteadyClient
from ansible_collections.assay.clusters.plugins.module_utils.pipeline import aws_rights
from ansible_collections.assay.clusters.plugins.module_utils.results import gate, redact, store, summary
from ansible_collections.assay.clusters.plugins.plugin_utils import (
    connecting, imports, progress, renamed, spelling, terminal, variables as run_variables)

with imports.shared():
    library.preload()
    registry.load()
    spelling.known()
_SUITE = {**CLUSTER, **RUN, **SELECT}
_SINGLE = {**CLUSTER, **RUN}
# Options of a run that have an inventory variable too: what belongs to the cluster rather than to the task.
_RUN_VARIABLES = {**{n: f"validate_{n}" for n in (
    "images", "image_registry", "transport", "expected_features", "known_failures", "node_selector", "node_sample", "probe_limit",
    "labels", "annotations", "pull_secrets", "pod_security")}, "run_namespace": "validate_namespace"}


def _option_spec(check: type[Check]) -> dict[str, dict[str, Any]]:
    """Raw, as the engine types and bounds them with a sentence of its own."""
    return {o.name: {"type": "raw"} for o in check.options}


def _plain(value: Any) -> Any:
    """Without Ansible's tags: PyYAML takes and gives plain types only."""
    return json.loads(json.dumps(value, default=str))


class ActionModule(ActionBase):
    """Thin: arguments in, one call into the engine, one result out."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        self._vars: dict[str, Any] = task_vars or {}
        self.cluster = str(self._vars.get("inventory_hostname", "localhost"))
        name = self._task.resolved_action.rpartition(".")[2] if self._task.resolved_action else ""
        name = self._task.action.rpartition(".")[2] or name
        serve = {"rbac_info": self._rbac, "aws_policy_info": self._aws_policy, "sweep": self._sweep,
                 "validate": self._suite}.get(name, self._single)
        self._own = connecting.environment(self._task.environment, self._templar)
        self._own |= connecting.kubectls(connecting.named(self._task.args, self._vars), self._own, self._vars,
                                         bool(self._task.run_once))
        renamed.tell(self._vars)
        try:
            spelling.refuse(self._vars, spelling.prefixes(name, self._vars))
            folder = self._task.args.get("results_dir")
            if folder and serve in (self._suite, self._single) and not self._task.check_mode:
                # Before anything of this run can go wrong. The playbook says when it began.
                store.forget_cluster_run(str(folder), self.cluster, str(self._vars.get("validate_since") or ""))
            with connecting.acting_in(self._own):
                result.update(serve(name))
        except (BadInput, store.ResultsError) as e:
            result.update(failed=True, msg=redact.redact(str(e)))
        except ApiError as e:
            result.update(failed=True, msg=redact.redact(f"{self.cluster}: {e}"))
        except run.Interrupted:
            result.update(failed=True, msg=f"{self.cluster}: the playbook ended; the clean-up goes on by itself")
        result["changed"] = bool(result.get("changed", False))
        return result

    # ---- arguments --------------------------------------------------------------------------------------------
    def _arguments(self, spec: dict[str, dict[str, Any]]) -> dict[str, Any]:
        self._task.args = renamed.arguments(spec, self._task.args)
        aliases = {a: n for n, s in spec.items() for a in s.get("aliases", [])}
        for name in self._task.args:
            if name not in spec and name not in aliases:
                raise BadInput(f"{name}: {self._task.action} has no such option; {names.nearest(name, spec)}")
        _result, args = self.validate_argument_spec(copy.deepcopy(spec))
        return {n: v for n, v in args.items() if n in spec}

    def _variable(self, name: str) -> Any:
        return _plain(self._templar.template(self._vars[name])) if name in self._vars else None

    def _connection_of(self, args: Mapping[str, Any]) -> Connection:
        given = {}
        for name in CLUSTER:
            value = _plain(args.get(name))
            given[name] = self._variable(f"cluster_{name}") if value is None else value
        if not any(self._task.args.get(n) for n in connecting.WHERE):
            connecting.check_here(self.cluster, connecting.elsewhere(
                self._connection.transport, self._task.delegate_to, self._vars))
        connecting.check(self.cluster, given, self._own, self._vars, bool(self._task.run_once))
        spelling.refuse(self._vars, ["cluster"], host=self.cluster)
        for sentence in connecting.mistaken(self._vars):
            terminal.warn(f"{self.cluster}: {sentence}")
        connection = Connection.resolve(given, os.environ)
        connection.tell_secrets(redact.register)
        redact.register(given.get("password"))
        return connection

    def _settings(self, checks: list[type[Check]], args: dict[str, Any], known: list[type[Check]],
                  own: dict[str, Any]) -> run.Settings:
        """own: options given as arguments of a single check; the suite takes variables only."""
        wanted = {n for c in known for o in c.options for n in (options.variable(c, o), options.older_variable(c, o))}
        domains = tuple(f"{c.domain}_check_" for c in known)
        variables = {n: self._variable(n) if n in wanted else None for n in self._vars
                     if isinstance(n, str) and n.startswith(domains)}
        for sentence in (*options.unknown_variables(known, variables), *options.bare_variables(known, self._vars)):
            terminal.warn(f"{self.cluster}: {sentence}")
        variables.update({n: self._variable(n) for c in checks for n in c.reads if n in self._vars})
        resolved = {c.name: options.resolve(c, own, variables) for c in checks}
        redact.register(*(resolved[c.name][o.name] for c in checks for o in c.options if o.secret))
        args.update(run_variables.judged(
            self._variable, {n: v for n, v in _RUN_VARIABLES.items() if n not in self._task.args}, RUN))
        names.check_images(args["images"], args["image_registry"])
        if args["timeout"] <= 0:
            raise BadInput(f"timeout: must be a number of seconds above 0 as the limit of the run, not {args['timeout']:g}")
        for sentence in plan.too_long(checks, resolved, args["timeout"]):
            terminal.warn(f"{self.cluster}: {sentence}")
        folder = Path(os.path.expanduser(args["journal_dir"])) if args["journal_dir"] else journal.default_folder()
        keep = store.journal_folder(args["results_dir"]) if args["results_dir"] else None
        guest = terms.Terms(args["run_namespace"], dict(args["labels"]), dict(args["annotations"]), tuple(args["pull_secrets"]),
                            args["pod_security"])
        guest.check()
        registry.expect(known, args["expected_features"])
        self._known = known_failures.read(args["known_failures"], [c.name for c in known])
        selectors.parse(args["node_selector"], "node_selector")
        if args["node_sample"] < 0:
            raise BadInput(f"node_sample: must be a number of nodes, or 0 for all of them, not {args['node_sample']}")
        if args["probe_limit"] is not None and args["probe_limit"] <= 0:
            raise BadInput(f"probe_limit: must be a number of seconds above 0, not {args['probe_limit']:g}")
        return run.Settings(
            self.cluster, self._connection_of(args), checks, resolved, dict(args["images"]), args["image_registry"],
            args["timeout"], args["transport"], tuple(args["expected_features"]), args["node_selector"], args["node_sample"], args["probe_limit"], guest,
            args["wait_cleanup"], folder, keep)

    # ---- what can be asked ------------------------------------------------------------------------------------
    def _chosen(self, args: dict[str, Any]) -> tuple[list[type[Check]], list[type[Check]]]:
        known = registry.load(args.get("check_paths") or ())
        return registry.select(known, args["checks"], args["domains"], args["exclude"]), list(known.values())

    def _suite(self, _name: str) -> dict[str, Any]:
        args = self._arguments(_SUITE)
        chosen, known = self._chosen(args)
        return self._go(self._settings(chosen, args, known, {}), args)

    def _single(self, name: str) -> dict[str, Any]:
        check = registry.one(name.removeprefix("check_"))
        args = self._arguments({**_option_spec(check), **_SINGLE})
        own = {o.name: args.pop(o.name) for o in check.options if args.get(o.name) is not None}
        return self._go(self._settings([check], args, list(registry.load().values()), own), args)

    def _rbac(self, _name: str) -> dict[str, Any]:
        args = self._arguments({**SELECT, **RBAC})
        chosen, _known = self._chosen(args)
        if args["scope"] == "namespace":
            terms.Terms(namespace=args["namespace"]).check()
        made = rights.roles(chosen, args["name"], args["scope"], args["namespace"], args["optional"])
        wanted_by = rights.wanted_by(made, chosen, args["scope"], args["optional"])
        if args["subjects"]:
            made += rights.bindings(made, _plain(args["subjects"]))
        return {"manifests": made, "cluster_role": next(m for m in made if m["kind"] == "ClusterRole"),
                "checks": [c.name for c in chosen], "wanted_by": wanted_by,
                "not_included": {p: why for p, why in rights.POWERS.items() if p not in args["optional"]}}

    def _aws_policy(self, _name: str) -> dict[str, Any]:
        args = self._arguments({**SELECT, **AWS_POLICY})
        chosen, _known = self._chosen(args)
        needs = [(c.name, p) for c in chosen for p in c.cloud_permissions if p.cloud == "aws"]
        needs += [(job, p) for job in args["jobs"] for p in aws_rights.JOBS[job]]
        return {**cloud_rights.told(needs, args), "checks": [c.name for c in chosen]}

    def _sweep(self, _name: str) -> dict[str, Any]:
        args = self._arguments({**CLUSTER, **SWEEP})
        folder = Path(os.path.expanduser(args["journal_dir"])) if args["journal_dir"] else journal.default_folder()
        if args["cluster_gone"]:
            found = sweep.forget(folder, self._last_server(args), self.cluster, change=not self._task.check_mode)
            return {"changed": bool(found["swept"]), "failed": False, **found, "infrastructure": []}
        connection = self._connection_of(args)
        try:
            act, client = sweep.find if self._task.check_mode else sweep.sweep, SteadyClient(Client(connection))
            found = {"infrastructure": sweep.infrastructure(client),
                     **act(client, folder, args["everything"], args["namespace"] or "")}
        finally:
            connection.close()
        failed = bool(found["remaining"])
        return {"changed": bool(found["swept"]), "failed": failed, **found,
                **({"msg": f"{self.cluster}: still there: {'; '.join(found['remaining'])}"} if failed else {})}

    def _last_server(self, args: dict[str, Any]) -> str:
        """The address of a cluster that is gone, "" where its kubeconfig went with it."""
        try:
            connection = self._connection_of(args)
        except BadInput:
            return ""
        connection.close()
        return connection.server

    # ---- running ----------------------------------------------------------------------------------------------
    def _go(self, settings: run.Settings, args: dict[str, Any]) -> dict[str, Any]:
        if self._task.check_mode:
            settings.connection.close()
            described = plan.describe(settings.checks, settings.options, settings.images, settings.image_registry,
                                      settings.limit, "namespace" if settings.terms.namespace else "cluster")
            return {"plan": redact.redact(described), "changed": False}
        if args["results_dir"]:
            store.check_writable(args["results_dir"])
        shown = progress.Progress(self.cluster, self._vars, terminal.display.verbosity > 0)
        running = run.Run(settings, lambda record, final: shown.finished(record, final, running.api_errors))
        done = redact.redact(running.go())
        known_failures.mark(done, self._known, known_failures.today())
        shown.ended(done, running.api_errors)
        path = store.write_cluster_run(args["results_dir"], done) if args["results_dir"] else ""
        good, message = gate.gate(done, args["allow_inconclusive"], args["allow_skipped"])
        if good or not args["gate"]:
            return {"run": done, "msg": message, "path": path}
        # A failed task is printed whole: the summary is for people, the records are in the results folder.
        return {"failed": True, "msg": f"{message}\n{summary.summary([done])}", "verdict": done["verdict"],
                "counts": done["counts"]}
