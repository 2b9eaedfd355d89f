# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  access_key:
    description:
      - The AWS access key ID.
      - If not set, the environment variables E(AWS_ACCESS_KEY_ID) and E(AWS_ACCESS_KEY) are read where the module runs.
        If these are not set either, boto3 uses its default sources (shared files, SSO, container and instance roles).
      - Cannot be used together with O(profile).
      - Credentials in the task take precedence over all credentials in the environment, including
        E(AWS_BEARER_TOKEN_BEDROCK). If the task has no credentials, this token signs the calls to Amazon Bedrock, and
        other credentials sign the calls to S3.
    type: str
    aliases: [aws_access_key_id, aws_access_key]
  secret_key:
    description:
      - The AWS secret access key.
      - If not set, the environment variables E(AWS_SECRET_ACCESS_KEY) and E(AWS_SECRET_KEY) are read where the module
        runs.
    type: str
    aliases: [aws_secret_access_key, aws_secret_key]
  session_token:
    description:
      - The session token for temporary credentials.
      - If neither this option nor O(access_key) is set, the environment variable E(AWS_SESSION_TOKEN) is read where the
        module runs.
    type: str
    aliases: [aws_session_token]
  profile:
    description:
      - The profile in the shared configuration and credentials files.
      - If not set, the environment variables E(AWS_PROFILE) and E(AWS_DEFAULT_PROFILE) are read where the module runs.
      - A profile that requires an MFA code (C(mfa_serial)) is refused.
    type: str
    aliases: [aws_profile]
  region:
    description:
      - The AWS region to use.
      - If not set, the environment variables E(AWS_REGION) and E(AWS_DEFAULT_REGION) are read where the module runs. If
        these are not set either, the region of the profile is used.
    type: str
    aliases: [aws_region]
  endpoint_url:
    description:
      - The URL of the service that the module manages, for example a VPC endpoint. This is S3 for
        M(llmops.finetune.bedrock_dataset), and Amazon Bedrock for the other modules.
      - If not set, the environment variable E(AWS_URL) is read where the module runs. The variables of the SDK, such as
        E(AWS_ENDPOINT_URL) and E(AWS_ENDPOINT_URL_S3), apply to every service that the module calls.
    type: str
    aliases: [aws_endpoint_url]
  validate_certs:
    description:
      - Whether to verify the TLS certificates of AWS.
    type: bool
    default: true
  aws_ca_bundle:
    description:
      - The path of a file with trusted CA certificates.
      - If not set, the environment variable E(AWS_CA_BUNDLE) is read where the module runs.
    type: path
requirements:
  - boto3 >= 1.38.23 (where the module runs)
  - Python >= 3.10 (where the module runs)
"""

    TIMEOUTS = r"""
options:
  wait:
    description:
      - Whether to wait until the requested state is reached. If V(false), the task returns as soon as the operation has
        started, and a later run continues from there.
      - If the task would have to wait before it can change something, it changes nothing with V(false), and warns.
    type: bool
    default: true
  wait_timeout:
    description:
      - The maximum time to wait, in seconds. After this time, the task fails with RV(ignore:timed_out=true), and the
        started operation continues. The next run resumes the wait and starts nothing twice.
      - If not set, the default is 3600 for O(state=present), and 1200 for O(state=absent).
      - V(0) is the same as O(wait=false).
    type: int
"""
