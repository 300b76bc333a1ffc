# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of a run in inventory variables are as good, and as wrong, as those of a task."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import RUN
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.plugins.plugin_utils.variables import judged

NAMES = {n: f"validate_{n}" for n in ("transport", "images", "image_registry", "node_sample", "pull_secrets")}


@pytest.mark.parametrize(("variables", "found"), [
    ({}, {}), ({"validate_transport": "exec", "validate_limit": 5}, {"transport": "exec"}),
    ({"validate_transport": "", "validate_images": None}, {}),
    ({"validate_images": '{"agnhost": "x"}'}, {"images": {"agnhost": "x"}}),
    ({"validate_node_sample": "7", "validate_pull_secrets": "a,b"}, {"node_sample": 7, "pull_secrets": ["a", "b"]})])
def test_values_come_in_the_options_type_and_what_is_not_set_stays_the_default(variables, found):
    assert judged(variables.get, NAMES, RUN) == found


@pytest.mark.parametrize(("variables", "sentence"), [
    ({"validate_transport": "foo"}, "value of validate_transport must be one of: auto, proxy, port_forward, exec, got: foo"),
    ({"validate_images": ["x"]}, "validate_images"), ({"validate_node_sample": "few"}, "validate_node_sample"),
    ({"validate_image_registry": {"a": "b"}}, "validate_image_registry: must be one value, not a dict"),
    ({"validate_transport": ["exec"]}, "validate_transport: must be one value, not a list")])
def test_a_wrong_value_is_told_under_the_variables_name(variables, sentence):
    with pytest.raises(BadInput) as e:
        judged(variables.get, NAMES, RUN)
    assert sentence in str(e.value)
