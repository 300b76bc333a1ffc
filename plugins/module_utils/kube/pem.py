# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates and keys of kubeconfigs and options, as files in PEM form: what cannot be one is one sentence."""
from __future__ import annotations

import base64
import binascii
import os
import tempfile
from typing import Any

from . import tls
from .errors import BadInput
from .kubeconfig import Entry, shown, shown_end, shown_path
from .values import OMITTED


def written(data: bytes, folder: str) -> str:
    """The path of a new file with it."""
    handle, name = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    return name


def _of_data(entry: Entry, field: str, value: Any, folder: str) -> tls.Pem:
    where, text = f"{entry.where}.{field}", str(value)
    packed = "".join(text.split())
    if packed.upper() in OMITTED or text.strip().upper() in OMITTED:
        raise BadInput(f"{where} is {shown(text.strip())}; take the output of kubectl config view --raw")
    if packed.startswith("-----BEGIN"):
        raise BadInput(f"{where} is PEM text; encode it in base64, or name its file as {field.removesuffix('-data')}")
    try:
        data = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput(f"{where} is not whole base64: a part of it is missing or is something else") from None
    if b"-----BEGIN" not in data:
        try:
            if b"-----BEGIN" in base64.b64decode(b"".join(data.split()), validate=True):
                raise BadInput(f"{where} is base64 of base64; encode the PEM text once")
        except (binascii.Error, ValueError) as e:
            if isinstance(e, BadInput):
                raise
        raise BadInput(f"{where} is base64 of something that is no PEM text")
    return tls.Pem(written(data, folder), where, field)


def pem(entry: Entry, field: str, folder: str) -> tls.Pem | None:
    """A file of a kubeconfig, given as data (which go before) or by its name."""
    if value := entry.body.get(f"{field}-data"):
        return _of_data(entry, f"{field}-data", value, folder)
    name = entry.body.get(field)
    if not name:
        return None
    path = os.path.normpath(os.path.join(entry.base, os.path.expanduser(str(name))))
    name = shown_path(path, str(name))
    where = f"{entry.where}.{field} {name}"
    try:
        with open(path, "rb") as file:
            file.read(1)
    except (OSError, ValueError) as e:
        raise BadInput(f"{where} cannot be read: {getattr(e, 'strerror', None) or 'no path'}") from None
    return tls.Pem(path, where, f"{field} {name}")


def given_file(value: Any, name: str) -> tls.Pem:
    """A file that an option names."""
    path = os.path.expanduser(str(value))
    if "\0" in path or not os.path.isfile(path) or not os.access(path, os.R_OK):
        raise BadInput(f"{name}: cannot read {shown_path(path, str(value))}; name a readable PEM file")
    return tls.Pem(path, f"{name}: {shown_end(path)}", f"{name} {shown_end(path)}")
