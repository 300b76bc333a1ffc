# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which images: listed, in a file, in manifests, in what Helm prints, or what chosen checks need."""
from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

try:
    import yaml
except ImportError:  # on a controller ansible-core brings it
    yaml = None

from ..engine import plan, registry
from ..jobs.errors import BadOption
from ..jobs.job import Job
from ..kube.errors import BadInput
from ..kube.shallow import shallow
from .references import Reference, parse, rewrite

_PROC = Path("/proc")
_Loader = getattr(yaml, "CSafeLoader", None) or getattr(yaml, "SafeLoader", None)
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_SUFFIXES = (".yaml", ".yml", ".json")
# `helm install --dry-run` and `helm status` print these lines around the manifests.
_NOTES = re.compile(r"^NOTES:\s*$", re.MULTILINE)
ALL = "all"


def _pod_images(node: Any) -> Iterator[str]:
    """Images of all pod specs anywhere in a document: whatever holds lists of containers."""
    if isinstance(node, Mapping):
        for key in _CONTAINERS:
            found = node.get(key)
            for container in found if isinstance(found, list) else []:
                if isinstance(container, Mapping) and isinstance(container.get("image"), str):
                    yield container["image"]
        if any(isinstance(node.get(k), list) for k in _CONTAINERS):
            volumes = node.get("volumes")
            for volume in volumes if isinstance(volumes, list) else []:
                image = volume.get("image") if isinstance(volume, Mapping) else None
                if isinstance(image, Mapping) and isinstance(image.get("reference"), str):
                    yield image["reference"]
        for value in node.values():
            yield from _pod_images(value)
    elif isinstance(node, list):
        for value in node:
            yield from _pod_images(value)


def of_text(text: str, where: str) -> list[str]:
    """Images of YAML or JSON documents, in their order."""
    notes = _NOTES.search(text)
    try:
        documents = list(yaml.load_all(shallow(text[:notes.start()] if notes else text), Loader=_Loader))
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise BadOption(f"{where}: this is not valid YAML{line}; a chart's templates are rendered with helm template "
                        "first") from None
    return [image for document in documents for image in _pod_images(document)]


def _read(path: Path, option: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise BadOption(f"{option}: cannot read {path}: {getattr(e, 'strerror', None) or 'it is not text'}") from None


def standard_input(job: Job) -> str:
    """What ansible-playbook itself is given; its workers have none of their own."""
    if not job.playbook:
        raise BadOption("manifests: standard input is read on the controller only, with a local connection")
    try:
        with open(_PROC / f"{job.playbook}/fd/0", encoding="utf-8") as f:
            if f.isatty():
                raise BadOption("manifests: '-' is standard input, and nothing is piped into it")
            return f.read()
    except (OSError, UnicodeDecodeError) as e:
        if not _PROC.is_dir():  # as on macOS
            raise BadOption("manifests: '-', standard input, is read on Linux only; name a file") from None
        raise BadOption(f"manifests: standard input cannot be read: {getattr(e, 'strerror', None) or 'it is not text'}") \
            from None


def _of_manifests(entries: list[str], job: Job) -> Iterator[tuple[str, str]]:
    """(image, where) of files, of folders with all in them, of "-", and of text."""
    for entry in entries:
        if entry.strip() == "-":
            yield from ((i, "standard input") for i in of_text(standard_input(job), "manifests: standard input"))
        elif "\n" in entry.strip():
            yield from ((i, "manifests") for i in of_text(entry, "manifests"))
        else:
            top = Path(os.path.expanduser(entry))
            files = [top]
            if top.is_dir():
                files = sorted(p for p in top.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
                if not files:
                    raise BadOption(f"manifests: {top} holds no file that ends in {', '.join(_SUFFIXES)}")
            for file in files:
                yield from ((i, str(file)) for i in of_text(_read(file, "manifests"), f"manifests: {file}"))


def _of_files(paths: list[str]) -> Iterator[tuple[str, str]]:
    """(image, where) of files with one image per line; # begins a comment."""
    for path in paths:
        file = Path(os.path.expanduser(path))
        for number, line in enumerate(_read(file, "image_files").splitlines(), 1):
            image = line.partition("#")[0].strip()
            if image:
                yield image, f"image_files: {file}, line {number}"


def _of_checks(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    checks, domains = list(params["checks"]), list(params["domains"])
    if not checks and not domains:
        return
    try:
        chosen = registry.select(registry.load(params["check_paths"]), [] if checks == [ALL] else checks, domains,
                                 params["exclude"])
        described = plan.describe(chosen, {}, params["check_images"], params["image_registry"], 0.0)
    except BadInput as e:
        raise BadOption(str(e)) from None
    yield from ((image, "checks") for image in described["images"].values())


def images(params: Mapping[str, Any], job: Job) -> list[Reference]:
    """All that are wanted, rewritten, each once, in the order in which they were named. BadOption where there is none."""
    told = [*((i, "images") for i in params["images"]), *_of_files(params["image_files"]),
            *_of_manifests(params["manifests"], job), *_of_checks(params)]
    found = [rewrite(parse(image, where), params["rewrite"]) for image, where in told]
    if not found:
        given = [n for n in ("images", "image_files", "manifests", "checks", "domains") if params[n]]
        raise BadOption(f"{', '.join(given)}: no image is named there" if given else
                        "images: no image is named; give images, image_files, manifests, checks or domains")
    return list(dict.fromkeys(found))
