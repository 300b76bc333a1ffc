# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a file is by its path, and which files are of one run."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .model import PROW, SONOBUOY, TESTS, VALIDATE

XML, LOG, JSON, YAML = "xml", "log", "json", "yaml"
# Documents by their names.
STARTED, FINISHED, PODINFO, PROWJOB = "started.json", "finished.json", "podinfo.json", "prowjob.json"
RECORDS, SERVER = "records.json", "serverversion.json"
CONFORMANCE = "conformance.json"  # of the module conformance, beside the results of its run
OUR_JUNIT = "junit.xml"
RESULTS = "sonobuoy_results.yaml"
ERRORS = ("error.json", "errors.json")
BUILD_LOG = "build-log.txt"

_OF_PROW = {STARTED, FINISHED, PODINFO, PROWJOB}
_LOG = re.compile(r"(?:^|[-_.])(?:e2e|build-log|ginkgo|conformance)[^/]*\.(?:log|txt)(?:\.gz)?$|^log$")
_CLUSTER = re.compile(r"(?:^|.*/)clusters/[^/.][^/]*\.json$")
_PLUGIN = re.compile(r"(?P<place>(?P<root>(?:.*/)?)plugins/(?P<name>[^/]+))/(?:results|errors|sonobuoy_results\.yaml$)")
# Of Sonobuoy, beside the results: logs and objects of the cluster.
_NOT_OURS = re.compile(r"(?:^|/)(?:podlogs|resources|hosts|__MACOSX)/")
_ERROR = re.compile(r"/errors/(?:(?P<node>.+)/)?errors?\.json$")
_BY_NODE = re.compile(r"/results/(?P<node>[^/]+)/")


def kind(path: str) -> str:
    """XML, LOG, JSON or YAML for a file that may tell of a run; "" for any other."""
    name = path.rpartition("/")[2]
    if name.startswith("._") or _NOT_OURS.search(path):
        return ""
    if name.endswith((".xml", ".xml.gz")):
        return XML
    if _LOG.search(name):
        return LOG
    if name == RESULTS:
        return YAML
    if name in _OF_PROW or name in (RECORDS, SERVER, CONFORMANCE) or _CLUSTER.match(path):
        return JSON
    return JSON if name in ERRORS and _PLUGIN.match(path) else ""


def wanted(path: str) -> bool:
    return bool(kind(path))


def parent(path: str) -> str:
    return path.rpartition("/")[0]


def node(path: str) -> str:
    """Of a plugin's result or error: the node, "" for one of the whole cluster."""
    found = _ERROR.search(path) or _BY_NODE.search(path)
    name = (found["node"] if found else "") or ""
    return "" if name == "global" or "/" in name or not _PLUGIN.match(path) else name


@dataclass
class Unit:
    """The files of one run. of: TESTS, SONOBUOY, PROW, VALIDATE; place: their folder; name: of a plugin."""

    of: str
    place: str
    name: str = ""
    paths: list[str] = field(default_factory=list)


def _nearest(path: str, places: set[str]) -> str | None:
    """The nearest folder around a path that is one of these."""
    at = parent(path)
    while at not in places:
        if not at:
            return None
        at = parent(at)
    return at


class _Groups:
    def __init__(self, paths: list[str]) -> None:
        names = {p: p.rpartition("/")[2] for p in paths}
        self.prow = {parent(p) for p in paths if names[p] in _OF_PROW}
        self.records = {parent(p) for p in paths if names[p] == RECORDS}
        self.logs = {parent(p) for p in paths if kind(p) == LOG}

    def unit(self, path: str) -> Unit:
        if plugin := _PLUGIN.match(path):
            return Unit(SONOBUOY, plugin["place"], plugin["name"])
        place = _nearest(path, self.prow)
        if place is not None:
            return Unit(PROW, place)
        place = self._ours(path)
        if place is not None:
            return Unit(VALIDATE, place)
        place = _nearest(path, self.logs)
        return Unit(TESTS, parent(path) if place is None else place)

    def _ours(self, path: str) -> str | None:
        """The results folder that a file is of, by its name. What else is in there is not of our checks."""
        name = path.rpartition("/")[2]
        if _CLUSTER.match(path):
            return parent(parent(path))
        return parent(path) if name == RECORDS or (name == OUR_JUNIT and parent(path) in self.records) else None


def units(paths: Iterable[str]) -> list[Unit]:
    """Files by the runs that they are of, in the order of their folders.

    A build folder has all below it, as has a folder with a log; JUnit files that stand alone are of one run for each folder.
    The server's version of a Sonobuoy tarball is of each of its plugins, what the module conformance told of the run beside it.
    """
    paths = list(paths)
    beside = {name: [p for p in paths if p.rpartition("/")[2] == name] for name in (SERVER, CONFORMANCE)}
    groups, found = _Groups(paths), {}
    for path in (p for p in paths if p.rpartition("/")[2] not in beside):
        unit = groups.unit(path)
        found.setdefault((unit.of, unit.place), unit).paths.append(path)
    for unit in found.values():
        if unit.of == SONOBUOY:
            root = _PLUGIN.match(unit.paths[0])["root"]
            unit.paths += [p for p in beside[SERVER] if p.startswith(root)][:1]
        elif unit.of == TESTS:
            unit.paths += [p for p in beside[CONFORMANCE] if parent(p) == unit.place]
    return sorted(found.values(), key=lambda u: _natural(u.place))


def _natural(place: str) -> list[tuple[int, str]]:
    """Numbers by their value, as builds are counted."""
    return [(len(part), part) if part.isdigit() else (0, part) for part in re.split(r"(\d+)", place)]
