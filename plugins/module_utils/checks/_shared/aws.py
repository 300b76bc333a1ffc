# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options by which checks are connected with AWS, named as in amazon.aws."""
from __future__ import annotations

from ...engine.declared import Option

CONNECTION = (
    Option("region", "The region of AWS. Without it E(AWS_REGION), then the profile."),
    Option("access_key", "The id of an access key of AWS. Without it E(AWS_ACCESS_KEY_ID), or whatever boto3 finds.",
           secret=None),
    Option("secret_key", "The secret of the access key.", secret=True),
    Option("session_token", "The token of a temporary access key.", secret=True),
    Option("profile", "A profile of the AWS configuration, in place of an access key."),
    Option("endpoint_url", "The address of the APIs of AWS, where they are not AWS's own."),
)
