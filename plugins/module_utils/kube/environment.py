# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of the environment counts beside the options of a connection: K8S_AUTH_*, the names of kubernetes.core."""
from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from . import values
from .errors import BadInput

NAMES = ("kubeconfig", "context", "host", "api_key", "username", "password", "validate_certs", "ca_cert", "client_cert",
         "client_key", "proxy", "no_proxy", "proxy_headers", "impersonate_user", "impersonate_groups")
# The other names that kubernetes.core reads from the environment.
_ALSO = {"validate_certs": "VERIFY_SSL", "ca_cert": "SSL_CA_CERT", "client_cert": "CERT_FILE", "client_key": "KEY_FILE"}
# What says where a cluster is, and who asks there with whose trust.
_WHERE = ("kubeconfig", "context", "host")
_WAYS = (("api_key",), ("username", "password"), ("client_cert", "client_key"))
_WHO = ("api_key", "username", "password", "ca_cert", "client_cert", "client_key")
PROXY_HEADERS = ("basic_auth", "proxy_basic_auth", "user_agent")


def read(environ: Mapping[str, str]) -> dict[str, Any]:
    """By the names of options."""
    out: dict[str, Any] = {}
    for name in NAMES:
        value = environ.get(f"K8S_AUTH_{_ALSO.get(name, name).upper()}") or environ.get(f"K8S_AUTH_{name.upper()}")
        if value:
            out[name] = value
    headers = {name: environ.get(f"K8S_AUTH_PROXY_HEADERS_{name.upper()}") for name in PROXY_HEADERS}
    if any(headers.values()):
        out["proxy_headers"] = headers
    return out


def _same_server(found: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Whether options and environment name one server, and the options nothing else that says where the cluster is."""
    if own.get("kubeconfig") or own.get("context") or not own.get("host") or not found.get("host"):
        return False
    with contextlib.suppress(BadInput):  # it is said of the one that counts
        return values.server(own["host"], "host:") == values.server(found["host"], "host:")
    return False


def beside(found: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What of the environment counts beside the options: who signs in by them does not do so as somebody else, too."""
    drop: set[str] = set()
    if any(own.get(n) for way in _WAYS for n in way):
        drop.update(*(way for way in _WAYS if not any(own.get(n) for n in way)))
    if own.get("proxy"):
        drop.add("proxy_headers")
    return _of_this_cluster({n: v for n, v in found.items() if n not in drop}, own)


def _of_this_cluster(found: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What of the environment is meant for the cluster that the options name.

    A server, a kubeconfig or a context in the environment makes its credentials and its CA those of one cluster; all hosts
    of an inventory would go there, or send its token to theirs. A kubeconfig of an option has credentials of its own.
    """
    if not (own.get("kubeconfig") or own.get("host") or own.get("context")) or _same_server(found, own):
        return found
    drop = set(_WHERE) - ({"kubeconfig"} if own.get("context") and not own.get("host") else set())
    if own.get("kubeconfig") or any(found.get(n) for n in ("host", "kubeconfig", "context")):
        drop |= set(_WHO)
    if any(found.get(n) for n in ("host", "kubeconfig", "context")):
        drop.add("validate_certs")
    if "kubeconfig" not in drop and not own.get("kubeconfig"):  # one of its contexts, so its verification
        drop.discard("validate_certs")
    return {n: v for n, v in found.items() if n not in drop}
