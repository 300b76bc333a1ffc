# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policy for the search for leftovers allows what the search asks."""
from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.assay.clusters.plugins.module_utils import leftovers
from ansible_collections.assay.clusters.plugins.module_utils.pipeline import aws_rights

# What the clients are called in the code, and what policies call their services.
_SERVICES = {"ec2": "ec2", "elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing", "autoscaling": "autoscaling", "eks": "eks",
             "formation": "cloudformation", "logs": "logs", "iam": "iam", "kms": "kms"}
_CLIENTS = "|".join(sorted(_SERVICES, key=len, reverse=True))


def _asked(file: str) -> set[str]:
    code = (Path(next(iter(leftovers.__path__))) / file).read_text(encoding="utf-8")
    asked = {*re.findall(rf'\b({_CLIENTS})\.(?:pages|call)\("(\w+)"', code), *re.findall(rf'_(?:plain|there)\(({_CLIENTS}), "(\w+)"', code)}
    of = {"route53.py": "route53", "tagged.py": "tag", "aws_machines.py": "elasticloadbalancing"}.get(file)
    return {f"{_SERVICES[api]}:{name}" for api, name in asked} | {
        f"{of}:{name}" for name in re.findall(r'\bapi\.(?:pages|call)\("(\w+)"', code)}


def test_the_search_for_leftovers_is_allowed_what_it_asks() -> None:
    asked = {a for f in ("aws_machines.py", "aws_networks.py", "aws_named.py", "route53.py", "tagged.py") for a in _asked(f)}
    asked.add("elasticloadbalancing:DescribeTags")  # by clouds.aws_tags, which serves both generations
    guide = (Path(__file__).resolve().parents[3] / "docs/dispose.md").read_text(encoding="utf-8")
    policy = guide[guide.index('{"Version"'):guide.index("In a cluster: `list`")]
    assert asked == set(re.findall(r'"(\w+:\w+)"', policy))
    assert asked == {a for p in aws_rights.JOBS["leftovers"] for a in p.actions} and len(asked) > 30
