# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policy for the search for leftovers allows what the search asks."""
from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.assay.clusters.plugins.module_utils.leftovers import (
    aws as leftovers_aws, route53 as leftovers_dns)
from ansible_collections.assay.clusters.plugins.module_utils.pipeline import aws_rights

# What the clients are called in the code, and what policies call their services.
_SERVICES = {"ec2": "ec2", "elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing"}


def test_the_search_for_leftovers_is_allowed_what_it_asks() -> None:
    code = Path(leftovers_aws.__file__).read_text(encoding="utf-8")
    asked = {f"{_SERVICES[api]}:{name}" for api, name in re.findall(r'\b(ec2|elbv2|elb)\.(?:pages|call)\("(\w+)"', code)}
    asked |= {f"elasticloadbalancing:{name}" for name in re.findall(r'\bapi\.call\("(\w+)"', code)}
    records = Path(leftovers_dns.__file__).read_text(encoding="utf-8")
    asked |= {f"route53:{name}" for name in re.findall(r'\bapi\.pages\("(\w+)"', records)}
    guide = (Path(__file__).resolve().parents[3] / "docs/dispose.md").read_text(encoding="utf-8")
    assert asked == set(re.findall(r'"((?:ec2|elasticloadbalancing|route53):\w+)"', guide))
    assert asked == {a for p in aws_rights.JOBS["leftovers"] for a in p.actions} and len(asked) > 10
