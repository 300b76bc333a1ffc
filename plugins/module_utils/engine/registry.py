# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks there are: every file in checks/ holds one, and nothing else lists them."""
from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from ..common.names import nearest
from ..kube.errors import BadInput
from .check import Check

_CHECKS = Path(__file__).resolve().parent.parent / "checks"
_PACKAGE = __name__.rsplit(".", 2)[0] + ".checks"


def _check_of(module: ModuleType) -> type[Check]:
    found = [c for c in vars(module).values() if inspect.isclass(c) and issubclass(c, Check)
             and not inspect.isabstract(c) and c.__module__ == module.__name__]
    if len(found) != 1:
        raise BadInput(f"{module.__file__}: a check file holds exactly one check, this one holds {len(found)}")
    return found[0]


def _from_path(path: Path) -> ModuleType:
    name = f"assay_extra_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as e:
            del sys.modules[name]
            raise BadInput(f"check_paths: {path} cannot be loaded: {type(e).__name__}: {e}") from e
    return sys.modules[name]


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("*.py") if not p.name.startswith("_"))


def names() -> list[str]:
    """Those of the collection's own checks, without loading them."""
    return [p.stem for p in _files(_CHECKS)]


def load(check_paths: Iterable[str] = ()) -> dict[str, type[Check]]:
    """All checks by name: the collection's own and those in the folders of check_paths."""
    found = [_check_of(importlib.import_module(f"{_PACKAGE}.{p.stem}")) for p in _files(_CHECKS)]
    for folder in check_paths:
        if not Path(folder).is_dir():
            raise BadInput(f"check_paths: {folder} is not a folder")
        found += [_check_of(_from_path(p)) for p in _files(Path(folder).resolve())]
    return {c.name: c for c in found}


def one(name: str) -> type[Check]:
    """The one check of the collection with this name, without loading the others."""
    return _check_of(importlib.import_module(f"{_PACKAGE}.{name}"))


def expect(known: Iterable[type[Check]], names: Iterable[str]) -> None:
    """Raises BadInput for an expected feature that no check proves."""
    right = {c.name: c for c in known}
    for word in names:
        if word not in right:
            raise BadInput(f"expected_features: there is no check {word!r}; {nearest(word, right)}")


def select(known: dict[str, type[Check]], checks: Iterable[str] = (), domains: Iterable[str] = (),
           exclude: Iterable[str] = ()) -> list[type[Check]]:
    """The chosen checks in a stable order: those named and those of the domains (all, if neither), less the excluded.

    Raises BadInput for a name that does not exist.
    """
    names = {c.domain for c in known.values()}
    for option, words, right in (("checks", checks, known), ("exclude", exclude, known), ("domains", domains, names)):
        for word in words:
            if word not in right:
                raise BadInput(f"{option}: there is no {option.rstrip('s') if option != 'exclude' else 'check'} "
                               f"{word!r}; {nearest(word, right)}")
    everything = not checks and not domains
    chosen = [c for c in known.values() if c.name not in exclude
              and (everything or c.name in checks or c.domain in domains)]
    if not chosen:
        raise BadInput("exclude: leaves no check to run; name fewer checks there")
    return sorted(chosen, key=lambda c: (c.domain, c.name))
