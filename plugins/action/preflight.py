# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run and the platforms of a cluster would lack, told within seconds: by the settings that the run itself would have."""
from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.assay.clusters.plugins.action import validate
from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import CLUSTER, RUN, SELECT
from ansible_collections.assay.clusters.plugins.module_utils.arguments.machines import (
    VM_SNAPSHOT, VM_SNAPSHOT_INFO, VM_SNAPSHOT_PRUNE, VM_SNAPSHOT_REVERT)
from ansible_collections.assay.clusters.plugins.module_utils.arguments.platforms import CLUSTER_PLATFORM
from ansible_collections.assay.clusters.plugins.module_utils.arguments.preflight import PREFLIGHT
from ansible_collections.assay.clusters.plugins.module_utils.engine import plan, registry
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.jobs.plain import plain
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.plugins.module_utils.preflight import entry
from ansible_collections.assay.clusters.plugins.module_utils.results import redact, text
from ansible_collections.assay.clusters.plugins.plugin_utils import connecting, imports, terminal

with imports.shared():
    registry.load()
# What cluster_machines may hold: options of any module of snapshots, which take them from there.
_MACHINES = {n: {**s, "required": n == "platform"} for n, s in {
    **VM_SNAPSHOT, **VM_SNAPSHOT_PRUNE, **VM_SNAPSHOT_INFO, **VM_SNAPSHOT_REVERT}.items()}
# Letters of a note that are shown; the result has all of them.
_SHOWN = 300
_SPEC = {**CLUSTER, **SELECT, **PREFLIGHT}


def judged(spec: Mapping[str, Any], given: Mapping[str, Any], what: str) -> tuple[dict[str, Any], str]:
    """(the settings with their defaults, what is wrong with them)."""
    result = ArgumentSpecValidator(dict(spec)).validate(plain(given))
    redact.register(*(str(v) for n, v in result.validated_parameters.items() if spec.get(n, {}).get("no_log") and v))
    said = [m.replace(". Supported parameters include:", " is no option; there are:") for m in result.error_messages]
    return result.validated_parameters, "; ".join(f"{what}: {one}" for one in said)


class ActionModule(validate.ActionModule):
    """As the suite of checks reads the host, and then other questions."""

    def _located(self) -> bool:
        """Whether anything says where the cluster is: one that is to be made has no address yet."""
        named = any(self._task.args.get(n) or self._vars.get(f"cluster_{n}") for n in connecting.WHERE)
        return named or any(os.environ.get(f"K8S_AUTH_{n.upper()}") for n in connecting.WHERE)

    def _single(self, name: str) -> dict[str, Any]:
        args = self._arguments(_SPEC)
        if args["timeout"] <= 0:
            raise BadInput(f"timeout: must be a number of seconds above 0, not {args['timeout']:g}")
        made, wrong = (judged(CLUSTER_PLATFORM, {"platform": args["platform"], args["platform"]: args["platform_settings"]},
                              f"platform {args['platform']}") if args["platform"] else ({}, ""))
        machines, unfit = judged(_MACHINES, args["machines"], "machines") if args["machines"] else ({}, "")
        platform = ("", {}) if wrong or not made else (args["platform"], made[args["platform"]] or {})
        wish = {"host": self.cluster, "connection": None, "checks": (), "terms": None, "images": {},
                "optional": args["optional"], "seconds": args["timeout"], "ask": args["ask"],
                "machines": {} if unfit else machines, "platform": platform}
        if args["ask"] and (self._located() or not args["platform"]):
            wish.update(self._of_the_run(args))
        try:
            found = entry.Look(entry.Wish(**wish), Job(environ=dict(os.environ), check_mode=True))()
        finally:
            if wish["connection"]:
                wish["connection"].close()
        found["missing"] = [*filter(None, (wrong, unfit)), *found["missing"]]
        told = self._told(redact.redact(found))
        if found["missing"] and args["gate"]:
            return {"failed": True, "msg": told["msg"]}  # a failed task is printed whole, and the lines have been shown
        return told

    def _of_the_run(self, args: dict[str, Any]) -> dict[str, Any]:
        chosen, known = self._chosen(args)
        settings = self._settings(chosen, {**{n: s.get("default") for n, s in RUN.items()}, **args}, known, {})
        planned = plan.describe(settings.checks, settings.options, settings.images, settings.image_registry, settings.limit)
        return {"connection": settings.connection, "checks": settings.checks, "terms": settings.terms,
                "images": planned["images"]}

    def _told(self, found: dict[str, Any]) -> dict[str, Any]:
        for line in found["missing"]:
            terminal.show(f"{self.cluster}  missing  {line}", color="red")
        for line in found["notes"]:
            terminal.show(f"{self.cluster}  note     {text.shorten(line, _SHOWN)}", color="yellow")
        asked = f"Kubernetes {found['version']}, {found['permissions_asked']} permissions, {found['seconds']:.1f} s; "
        count = len(found["missing"])
        more = f", and {count - 1} more" if count > 1 else ""
        outcome = f"missing: {found['missing'][0]}{more}" if count else "nothing is missing"
        outcome += "" if found["complete"] else ", but not all could be asked"
        message = f"{self.cluster}: {asked if found['version'] else ''}{outcome}"
        return {**found, "msg": message}
