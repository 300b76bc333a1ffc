# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""moto's own server, which judges rights of services besides EC2, too: a fake on top of moto of what it lacks for that.

It takes every signature of a GET for a wrong one, as it signs what is asked for once more as a body; it knows no resource of Route
53, so that a policy that names hosted zones would allow nothing; it calls the service of tags by another name than policies do; and
boto3 does not understand the form of its refusals: it answers all as IAM does, in XML, also where a service speaks JSON.
"""
from __future__ import annotations

import json
import re
import sys
from typing import Any

from moto.core.exceptions import AccessDeniedError
from moto.iam import access_control
from moto.route53.responses import Route53
from moto.server import main

_ZONE = re.compile(r"/hostedzone/([^/?]+)")
_signed, _denied = access_control.IAMRequestBase._create_aws_request, access_control.IAMRequest._raise_access_denied
_judged = access_control.IAMRequestBase.check_action_permitted
# Services that speak JSON, as signatures call them: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
_JSON = {"tagging", "logs", "kms", "eks"}


def _without_a_body(request: Any) -> Any:
    if request._method == "GET":
        request._data = {}
    return _signed(request)


def _hosted_zone(response: Any) -> str:
    """As IAM knows it: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html"""
    found = _ZONE.search(response.raw_path)
    return f"arn:aws:route53:::hostedzone/{found[1]}" if found else "*"


def _permitted(request: Any, resource: str) -> None:
    """Policies call the service of tags "tag", signatures "tagging"."""
    request._action = request._action.replace("tagging:", "tag:", 1)
    _judged(request, resource)


def _refused(request: Any) -> None:
    try:
        _denied(request)
    except AccessDeniedError as e:
        if request._service == "route53":
            e.description = str(e.description).replace("<Errors>", "").replace("</Errors>", "")
        if request._service in _JSON:
            raise _in_json(e) from None
        raise


def _in_json(refusal: AccessDeniedError) -> AccessDeniedError:
    """The same as such services say it: status 400, the code AccessDeniedException in a field of its own."""
    refusal.code = 400
    refusal.description = json.dumps({"__type": "AccessDeniedException", "message": refusal.message})
    return refusal


access_control.IAMRequestBase._create_aws_request = _without_a_body
access_control.IAMRequestBase.check_action_permitted = _permitted
access_control.IAMRequest._raise_access_denied = _refused
Route53._determine_resource = _hosted_zone

if __name__ == "__main__":
    main(sys.argv[1:])
