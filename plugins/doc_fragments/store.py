# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of a bucket of S3 or of Google: arguments.STORE, documented."""
from __future__ import annotations


class ModuleDocFragment:
    """Read by ansible-doc."""

    DOCUMENTATION = r"""
options:
  region:
    description:
      - The region of AWS. Without it E(AWS_REGION), E(AWS_DEFAULT_REGION), then the profile.
      - A store that is not AWS's, in O(endpoint_url), needs none.
    type: str
  access_key:
    description:
      - The id of an access key, for C(s3://). Without it E(AWS_ACCESS_KEY_ID), or whatever boto3 finds.
    type: str
  secret_key:
    description:
      - The secret of the access key. Without it E(AWS_SECRET_ACCESS_KEY).
    type: str
  session_token:
    description:
      - The token of a temporary access key. Without it E(AWS_SESSION_TOKEN).
    type: str
  profile:
    description:
      - A profile of the AWS configuration, in place of an access key. Without it E(AWS_PROFILE).
    type: str
  endpoint_url:
    description:
      - The address of the store, where it is not AWS's or Google's own.
      - Without it E(AWS_ENDPOINT_URL_S3), E(AWS_ENDPOINT_URL) for C(s3://), and E(STORAGE_EMULATOR_HOST) for C(gs://).
    type: str
  validate_certs:
    description:
      - Whether certificates of the store are verified.
    type: bool
    default: true
  service_account_file:
    description:
      - The key of a service account of Google, for C(gs://). Without it E(GCP_SERVICE_ACCOUNT_FILE),
        E(GOOGLE_APPLICATION_CREDENTIALS), or whatever the library finds.
    type: path
"""
