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
      - Left out, the environment variable E(OCI_CONFIG_FILE) is read where the module runs, and without it
        C(~/.oci/config) is used.
      - It is not needed where O(api_user), O(api_user_fingerprint), O(api_user_key_file) or O(api_user_key_content),
        O(tenancy) and O(region) are all given, and not read by the principals of O(auth_type).
      - The entries of a file or of a profile that the task names beat the environment variables of the single options.
    type: path
  config_profile_name:
    description:
      - The profile in the configuration file.
      - Left out, the environment variable E(OCI_CONFIG_PROFILE) is read where the module runs, and without it
        C(DEFAULT) is used.
    type: str
  api_user:
    description:
      - The OCID of the user. It takes the place of the profile's C(user).
      - Left out, the environment variable E(OCI_USER_ID) is read where the module runs.
    type: str
  api_user_fingerprint:
    description:
      - The fingerprint of the user's key. It takes the place of the profile's C(fingerprint).
      - Left out, the environment variable E(OCI_USER_FINGERPRINT) is read where the module runs.
    type: str
  api_user_key_file:
    description:
      - The path of the user's private key, in PEM. It takes the place of the profile's C(key_file).
      - Left out, the environment variable E(OCI_USER_KEY_FILE) is read where the module runs.
      - Cannot be given together with O(api_user_key_content).
    type: path
  api_user_key_content:
    description:
      - The user's private key itself, in PEM, so that no file is needed. It takes the place of the profile's
        C(key_file).
      - Left out, and O(api_user_key_file) too, the environment variable E(OCI_USER_KEY_CONTENT) is read where the
        module runs; it beats E(OCI_USER_KEY_FILE). Line breaks may be written there as C(\n).
    type: str
  api_user_key_pass_phrase:
    description:
      - The pass phrase of the private key. It takes the place of the profile's C(pass_phrase).
      - Left out, the environment variable E(OCI_USER_KEY_PASS_PHRASE) is read where the module runs.
    type: str
  tenancy:
    description:
      - The OCID of the tenancy. It takes the place of the profile's C(tenancy).
      - Left out, the environment variable E(OCI_TENANCY) is read where the module runs.
    type: str
  region:
    description:
      - The region to work in. It takes the place of the profile's C(region).
      - Left out, the environment variable E(OCI_REGION) is read where the module runs.
    type: str
  cert_bundle:
    description:
      - A file with the certificates of the authorities to trust.
      - Left out, the environment variable E(OCI_ANSIBLE_CERT_BUNDLE) is read where the module runs.
    type: path
  auth_type:
    description:
      - How requests are signed.
      - V(api_key) with the user's key, V(security_token) with the token that C(oci session authenticate) left in the
        profile, V(instance_principal), V(resource_principal) and V(oke_workload_identity) with what the instance, the
        function or the pod is that the module runs in.
      - Left out, the environment variable E(OCI_ANSIBLE_AUTH_TYPE) is read where the module runs. Without it, or where
        the task itself gives a user or a key, it is V(api_key); of a profile that has a C(security_token_file) of its
        own, or no user and key of its own beside an inherited one, it is V(security_token).
    type: str
    choices: [api_key, instance_principal, resource_principal, security_token, oke_workload_identity]
  service_endpoint:
    description:
      - The address of the service that the module is about, such as that of a private endpoint. That is Object Storage
        for M(llmops.finetune.oci_generative_ai_dataset), and OCI Generative AI for the others.
      - Left out, the environment variable E(OCI_SERVICE_ENDPOINT) is read where the module runs; it holds for every
        service that is called. Without it the region says the addresses.
    type: str
requirements:
  - oci >= 2.150.0 (where the module runs)
  - Python >= 3.10 (where the module runs)
"""

    TIMEOUTS = r"""
options:
  wait:
    description:
      - Whether to wait until what was asked is there. If V(false), the task returns as soon as it is started, and a
        later run goes on from there.
    type: bool
    default: true
  wait_timeout:
    description:
      - For how many seconds to wait at most. When they are over the task fails with RV(ignore:timed_out=true), and
        what was started goes on. The next run resumes the waiting and starts nothing twice.
      - Left out, it is 4800 (80 minutes) for O(state=present), and 1200 for O(state=absent).
      - V(0) is the same as O(wait=false).
    type: int
"""
