# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The runs in a results folder, for the modules that make something of them."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..results import store
from .errors import PlatformError


def of_this_play(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """As they are stored, of the clusters that were asked for, that began since then: options results_dir, clusters, since.

    PlatformError where the folder cannot be read.
    """
    since = params["since"]
    try:
        stored = store.load_cluster_runs(params["results_dir"], since=since)
        found, _others = store.of_this_play(stored, params["clusters"], since)
    except store.ResultsError as e:
        raise PlatformError(str(e)) from None
    return found
