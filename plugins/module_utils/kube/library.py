# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kubernetes package, imported once and only its light parts: the typed models cost more than a whole run."""
from __future__ import annotations

import functools
import sys
from types import SimpleNamespace

from .errors import MissingLibrary


def missing(package: str, error: ImportError) -> MissingLibrary:
    return MissingLibrary(f"the Python package {package} is needed by {sys.executable} and cannot be imported ({error}); "
                          f"install it there, for example with pip install {package}")


@functools.cache
def load() -> SimpleNamespace:
    """Configuration, RESTClientObject, the kubeconfig loader, urllib3; MissingLibrary where they are not."""
    try:
        import urllib3
        from kubernetes.client.configuration import Configuration
        from kubernetes.client.rest import RESTClientObject
        from kubernetes.config import ConfigException, kube_config
        from urllib3._collections import HTTPHeaderDict  # in the package itself only since 2.0
    except ImportError as e:
        raise missing("kubernetes", e) from None
    return SimpleNamespace(urllib3=urllib3, Configuration=Configuration, RESTClientObject=RESTClientObject,
                           kube_config=kube_config, ConfigException=ConfigException, HTTPHeaderDict=HTTPHeaderDict)


def preload() -> None:
    """Import now, so that forked workers share it; a missing package is said later, by whom it concerns."""
    try:
        load()
    except MissingLibrary:
        return
