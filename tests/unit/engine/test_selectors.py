# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Label selectors: read as the API server reads them, and refused in one sentence."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import selectors
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput

NODE = {"pool": "web", "kubernetes.io/os": "linux", "empty": ""}


@pytest.mark.parametrize(("text", "fits"), [
    ("", True), ("  ", True), ("pool=web", True), ("pool==web", True), ("pool = web", True), ("pool=db", False),
    ("pool!=db", True), ("pool!=web", False), ("nothing!=db", True), ("nothing=db", False), ("empty=", True), ("nothing=", False),
    ("pool in (db, web)", True), ("pool in (db)", False), ("pool notin (db,web)", False), ("pool notin (db)", True),
    ("nothing notin (db)", True), ("pool", True), ("nothing", False), ("!nothing", True), ("!pool", False), ("! pool", False),
    ("pool in (web,db),kubernetes.io/os=linux,!nothing", True), ("pool=web,kubernetes.io/os=windows", False)])
def test_a_selector_fits_as_the_api_server_says(text: str, fits: bool) -> None:
    assert selectors.matches(selectors.parse(text, "x"), NODE) is fits


@pytest.mark.parametrize("text", ["pool=", "pool in (a,b)", "pool notin (a)", "pool", "!pool", "a!=b"])
def test_a_node_affinity_says_the_same(text: str) -> None:
    (requirement,) = selectors.parse(text, "x")
    said = requirement.expression()
    assert (said["key"], said["operator"], tuple(said.get("values", ()))) == (requirement.key, requirement.operator, requirement.values)
    assert ("values" in said) == (requirement.operator in ("In", "NotIn"))


@pytest.mark.parametrize("text", ["pool>3", "pool in web", "pool in ()", "a=b c", "=b", "pool=web,", "a in (b,c", "ä=b", "a/b/c=d", "{a: b}"])
def test_what_is_no_selector_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(BadInput, match=r"^validate_node_selector: .* is no condition of a label selector; right are a=b, "):
        selectors.parse(text, "validate_node_selector")
