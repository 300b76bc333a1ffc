# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names and paths of vSphere: each folder can be named, and none means another."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clouds.vsphere import names


@pytest.mark.parametrize("place", [("dc", "vm", "prod", "eu"), ("dc", "vm", "prod/eu"), ("dc", "vm", "prod%2feu"), ("dc", "vm", "100%"),
                                   ("dc", "vm", "a\\b"), ("dc", "vm", "50%25")])
def test_the_path_of_a_folder_names_it_and_no_other(place: tuple[str, ...]) -> None:
    assert names.parts(names.path(place)) == place
    assert names.below(names.path(place), (*place, "more")) == place
    assert names.plain(names.stored(place[-1])) == place[-1]


@pytest.mark.parametrize(("wanted", "names_above", "found"), [
    ("/dc/vm/prod", ("dc", "vm", "prod", "eu"), ("dc", "vm", "prod")), ("prod", ("dc", "vm", "prod"), ("dc", "vm", "prod")),
    ("/prod", ("dc", "vm", "prod"), ()), ("vm/pro", ("dc", "vm", "prod"), ()), ("prod/eu", ("dc", "vm", "prod/eu"), ()),
    ("prod%2Feu", ("dc", "vm", "prod/eu"), ("dc", "vm", "prod/eu")), ("a/b/c", ("a",), ())])
def test_a_path_or_its_end(wanted: str, names_above: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert names.below(wanted, names_above) == found
