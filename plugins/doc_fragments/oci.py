# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  config_file_location:
    description:
      - The configuration file of the OCI SDK.
      - If not set, the environment variable E(OCI_CONFIG_FILE) is read where the module runs. If this is not set
        either, C(~/.oci/config) is used.
      - The file is not needed if O(api_user), O(api_user_fingerprint), O(tenancy), O(region) and one of
        O(api_user_key_file) and O(api_user_key_content) are set. The principals of O(auth_type) do not read it.
      - If the task names a file or a profile, its entries take precedence over the environment variables of the other
        options.
    type: path
  config_profile_name:
    description:
      - The profile in the configuration file.
      - If not set, the environment variable E(OCI_CONFIG_PROFILE) is read where the module runs. If this is not set
        either, C(DEFAULT) is used.
    type: str
  api_user:
    description:
      - The OCID of the user. It replaces C(user) of the profile.
      - If not set, the environment variable E(OCI_USER_ID) is read where the module runs.
    type: str
  api_user_fingerprint:
    description:
      - The fingerprint of the user's key. It replaces C(fingerprint) of the profile.
      - If not set, the environment variable E(OCI_USER_FINGERPRINT) is read where the module runs.
    type: str
  api_user_key_file:
    description:
      - The path of the user's private key, in PEM. It replaces C(key_file) of the profile.
      - If not set, the environment variable E(OCI_USER_KEY_FILE) is read where the module runs.
      - Cannot be used together with O(api_user_key_content).
    type: path
  api_user_key_content:
    description:
      - The user's private key as text, in PEM, so that no file is needed. It replaces C(key_file) of the profile.
      - If neither this option nor O(api_user_key_file) is set, the environment variable E(OCI_USER_KEY_CONTENT) is read
        where the module runs. It takes precedence over E(OCI_USER_KEY_FILE). In this variable, line breaks may be
        written as C(\n).
    type: str
  api_user_key_pass_phrase:
    description:
      - The pass phrase of the private key. It replaces C(pass_phrase) of the profile.
      - If not set, the environment variable E(OCI_USER_KEY_PASS_PHRASE) is read where the module runs.
    type: str
  tenancy:
    description:
      - The OCID of the tenancy. It replaces C(tenancy) of the profile.
      - If not set, the environment variable E(OCI_TENANCY) is read where the module runs.
    type: str
  region:
    description:
      - The OCI region to use. It replaces C(region) of the profile.
      - If not set, the environment variable E(OCI_REGION) is read where the module runs.
    type: str
  cert_bundle:
    description:
      - The path of a file with trusted CA certificates.
      - If not set, the environment variable E(OCI_ANSIBLE_CERT_BUNDLE) is read where the module runs.
    type: path
  auth_type:
    description:
      - How requests are signed.
      - V(api_key) uses the user's key. V(security_token) uses the token that C(oci session authenticate) saved in the
        profile. V(instance_principal), V(resource_principal) and V(oke_workload_identity) use the identity of the
        instance, function or pod that the module runs in.
      - If not set, the environment variable E(OCI_ANSIBLE_AUTH_TYPE) is read where the module runs. If this is not set
        either, or if the task itself sets a user or a key, the default is V(api_key).
      - The default is V(security_token) if the profile has its own C(security_token_file), or if it inherits one and
        has no user and no key of its own.
    type: str
    choices: [api_key, instance_principal, resource_principal, security_token, oke_workload_identity]
  service_endpoint:
    description:
      - The URL of the service that the module manages, for example a private endpoint. This is Object Storage for
        M(llmops.finetune.oci_generative_ai_dataset), and OCI Generative AI for the other modules.
      - If not set, the environment variable E(OCI_SERVICE_ENDPOINT) is read where the module runs. It applies to every
        service that the module calls. If this is not set either, the URLs depend on the region.
    type: str
requirements:
  - oci >= 2.150.0 (where the module runs)
  - Python >= 3.10 (where the module runs)
"""

    TIMEOUTS = r"""
options:
  wait:
    description:
      - Whether to wait until the requested state is reached. If V(false), the task returns as soon as the operation has
        started, and a later run continues from there.
    type: bool
    default: true
  wait_timeout:
    description:
      - The maximum time to wait, in seconds. After this time, the task fails with RV(ignore:timed_out=true), and the
        started operation continues. The next run resumes the wait and starts nothing twice.
      - If not set, the default is 4800 (80 minutes) for O(state=present), and 1200 for O(state=absent).
      - V(0) is the same as O(wait=false).
    type: int
"""
