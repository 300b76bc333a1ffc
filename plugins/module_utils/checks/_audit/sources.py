# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The source of audit events that the options name."""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...kube.errors import ApiError
from ...kube.patient import PatientClient
from .._machines.map import control_plane
from .._shared.nodes import name_of
from .files import USUAL, Files, NoSource, Source, below_log
from .pods import Pods
from .replicas import Replicas, patient
from .stores import CloudWatch, Query

if TYPE_CHECKING:
    from ...engine.context import Context

_NODES = "/api/v1/nodes"


def open_source(ctx: Context, mark: str, replicas: Replicas, path: str, seconds: float, environ: Mapping[str, str]) -> Source:
    """path: of the file, "" where it is not known. seconds: how long it is looked at. Raises NoSource."""
    kind = ctx.options.get("audit_source")
    if kind == "query":
        return Query(ctx.options, mark)
    if kind == "cloudwatch":
        return CloudWatch(ctx.options, mark, environ)
    if kind == "pods":
        if path and (not path.startswith("/") or "/.." in path):
            raise NoSource(f"audit_path: must be the whole path of a file, not {path!r}", "option")
        return Pods(ctx, _leaders(ctx), path, mark, seconds + 60.0)
    if path and not below_log(path):
        raise NoSource(f"{path} is not below /var/log, so that no server hands it out; audit_source pods or a store would do",
                       "option")
    paths = [below_log(path)] if path else list(USUAL)
    if kind == "kubelet":
        places = {n: (patient(ctx, ctx.client.raw), f"{_NODES}/{n}/proxy/logs") for n in _leaders(ctx)}
        if not places:
            raise NoSource("no node is registered as one of the control plane, so that no kubelet shows its files", "absent")
        return Files(f"{path or 'the audit log file'} by the kubelets of the control plane", places, paths, mark)
    return Files(f"{path or 'the audit log file'} by /logs of the API servers", _by_servers(ctx, replicas), paths, mark)


def _by_servers(ctx: Context, replicas: Replicas) -> dict[str, tuple[PatientClient, str]]:
    if replicas.direct:
        return {where: (client, "/logs") for where, client in replicas.direct.items()}
    if replicas.count > 1:
        why = replicas.why or "none is reached from here"
        raise NoSource(f"/logs of each API server needs its own address ({why})", "absent")
    return {"the API server": (patient(ctx, ctx.client.raw), "/logs")}


def _leaders(ctx: Context) -> list[str]:
    """Names of the nodes of the control plane."""
    try:
        found = ctx.client.quiet.list(_NODES, metadata_only=True).items
    except ApiError as e:
        raise NoSource(f"nodes of the control plane: {e.message}", "forbidden" if e.status == 403 else "down") from e
    return sorted(name_of(n) for n in found if control_plane(n))
