# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  access_key:
    description:
      - The access key ID.
      - Left out, the environment variables E(AWS_ACCESS_KEY_ID) and E(AWS_ACCESS_KEY) are read where the module runs,
        and without those boto3 looks where it always does (shared files, SSO, container and instance roles).
      - Cannot be given together with O(profile).
      - What the task gives beats every credential of the environment, E(AWS_BEARER_TOKEN_BEDROCK) too. Where the task
        gives none, that token signs the calls of Amazon Bedrock, and other credentials those of S3.
    type: str
    aliases: [aws_access_key_id, aws_access_key]
  secret_key:
    description:
      - The secret access key.
      - Left out, the environment variables E(AWS_SECRET_ACCESS_KEY) and E(AWS_SECRET_KEY) are read where the module
        runs.
    type: str
    aliases: [aws_secret_access_key, aws_secret_key]
  session_token:
    description:
      - The session token that belongs to temporary keys.
      - Left out, and O(access_key) too, the environment variable E(AWS_SESSION_TOKEN) is read where the module runs.
    type: str
    aliases: [aws_session_token]
  profile:
    description:
      - The profile of the shared configuration and credentials files.
      - Left out, the environment variables E(AWS_PROFILE) and E(AWS_DEFAULT_PROFILE) are read where the module runs.
      - One that asks for a code of a device (C(mfa_serial)) is refused.
    type: str
    aliases: [aws_profile]
  region:
    description:
      - The region to work in.
      - Left out, the environment variables E(AWS_REGION) and E(AWS_DEFAULT_REGION) are read where the module runs, and
        without those the profile's region is used.
    type: str
    aliases: [aws_region]
  endpoint_url:
    description:
      - The address of the service that the module is about, such as that of a VPC endpoint. That is S3 for
        M(llmops.finetune.bedrock_dataset), and Amazon Bedrock for the others.
      - Left out, the environment variable E(AWS_URL) is read where the module runs. The variables of the SDK, such as
        E(AWS_ENDPOINT_URL) and E(AWS_ENDPOINT_URL_S3), hold for every service that is called.
    type: str
    aliases: [aws_endpoint_url]
  validate_certs:
    description:
      - Whether to verify the certificates of AWS.
    type: bool
    default: true
  aws_ca_bundle:
    description:
      - A file with the certificates of the authorities to trust.
      - Left out, the environment variable E(AWS_CA_BUNDLE) is read where the module runs.
    type: path
requirements:
  - boto3 >= 1.38.23 (where the module runs)
  - Python >= 3.10 (where the module runs)
"""
