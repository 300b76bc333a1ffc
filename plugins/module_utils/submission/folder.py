# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A submission that was made elsewhere, brought to its place: whole, or not at all."""
from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ..jobs.errors import BadOption
from . import product
from .layout import Place
from .model import FILES, PRODUCT, README

_MODE, _FOLDER = 0o644, 0o755
_SHOWN = (PRODUCT, README)  # the others are too long for a diff


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def target(dest: str, release: str, name: str) -> Place:
    """Where it is to be. BadOption where something stands there that is no submission."""
    place = Place(Path(os.path.abspath(os.path.expanduser(dest))) / release / name, release, name)
    for path in (place.folder, place.folder.parent, place.folder.parent.parent):
        if os.path.lexists(path) and not path.is_dir():
            raise BadOption(f"dest: {path} is no folder")
    if place.folder.is_symlink():
        raise BadOption(f"dest: {place.folder} is a link, and must be the folder itself")
    if place.folder.is_dir() and (others := sorted(set(os.listdir(place.folder)) - {*FILES})):
        raise BadOption(f"dest: {place.folder} holds {', '.join(others[:3])}, which is of no submission, so it is left alone")
    return place


def of_another(place: Place, values: dict[str, Any]) -> None:
    """BadOption where the folder is that of another product."""
    there = product.load(place.folder / PRODUCT, PRODUCT)[0] if (place.folder / PRODUCT).is_file() else {}
    for key in ("vendor", "name"):
        if there.get(key) and there[key] != str(values.get(key) or "").strip():
            raise BadOption(f"product_dir: {place.folder} is of {there[key]!r}, not of {values.get(key)!r}: take another name")


def changed(made: Path, place: Place) -> list[str]:
    """The names of files that are to be written."""
    there = place.folder
    return [n for n in FILES if not (there / n).is_file() or not filecmp.cmp(made / n, there / n, shallow=False)]


def diff(made: Path, place: Place) -> list[dict[str, str]]:
    return [{"before": _text(place.folder / n), "after": _text(made / n), "before_header": place.of(n),
             "after_header": place.of(n)} for n in changed(made, place) if n in _SHOWN]


def _copied(source: Path, folder: Path) -> str:
    handle, path = tempfile.mkstemp(dir=folder, prefix=f".{source.name}.")
    os.close(handle)
    try:
        shutil.copyfile(source, path)
        os.chmod(path, _MODE)
    except BaseException:
        os.unlink(path)
        raise
    return path


def _fresh(made: Path, place: Place) -> None:
    """A new folder comes to its name when all is in it."""
    place.folder.parent.mkdir(parents=True, exist_ok=True)
    new = tempfile.mkdtemp(dir=place.folder.parent, prefix=f".{place.product}.")
    try:
        for name in FILES:
            os.rename(_copied(made / name, Path(new)), os.path.join(new, name))
        os.chmod(new, _FOLDER)
        os.rename(new, place.folder)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def write(made: Path, place: Place) -> None:
    try:
        if not place.folder.exists():
            _fresh(made, place)
            return
        for name in changed(made, place):
            os.replace(_copied(made / name, place.folder), place.folder / name)
    except OSError as e:
        raise BadOption(f"dest: {place.folder} cannot be written: {e.strerror or e}") from None
