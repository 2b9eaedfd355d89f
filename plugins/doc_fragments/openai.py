# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_key:
    description:
      - The API key.
      - Left out, the environment variable E(OPENAI_API_KEY) is read where the module runs, for Azure OpenAI
        E(AZURE_OPENAI_API_KEY).
    type: str
  azure_ad_token:
    description:
      - A token of Microsoft Entra ID for Azure OpenAI, instead of O(api_key).
      - Left out, the environment variable E(AZURE_OPENAI_AD_TOKEN) is read where the module runs.
    type: str
  organization:
    description:
      - The organization to work in, where the key belongs to several.
      - Left out, the environment variable E(OPENAI_ORG_ID) is read where the module runs.
    type: str
  project:
    description:
      - The project to work in.
      - Left out, the environment variable E(OPENAI_PROJECT_ID) is read where the module runs.
    type: str
  base_url:
    description:
      - The base URL of the API, for compatible hosts and gateways; it usually ends in C(/v1). That of Azure OpenAI
        without a version ends in C(/openai/v1/).
      - Left out, the environment variable E(OPENAI_BASE_URL) is read where the module runs, and without that
        OpenAI itself is used.
    type: str
  api_type:
    description:
      - Which kind of host it is. Left out, the environment variable E(OPENAI_API_TYPE) is read where the module runs.
        Without that it is V(openai) at OpenAI's own and its regional addresses, V(azure) when O(azure_endpoint) is
        given or O(base_url) is Azure OpenAI's address that ends in C(/openai/v1/), else V(compatible).
      - V(openai) means OpenAI's own rules and limits. V(compatible) means that nothing is known of the host's, so that
        limits are warnings, and nothing is concluded from what the host does not show.
    type: str
    choices: [openai, azure, compatible]
  azure_endpoint:
    description:
      - The endpoint of the Azure OpenAI resource, such as V(https://example.openai.azure.com). The only path that it
        may have is C(/openai/v1/), the address without a version.
      - Left out, the environment variable E(AZURE_OPENAI_ENDPOINT) is read where the module runs.
    type: str
  api_version:
    description:
      - The API version of Azure OpenAI, such as V(2025-04-01-preview). The address that ends in C(/openai/v1/) needs
        none.
      - Left out, the environment variable E(OPENAI_API_VERSION) is read where the module runs.
    type: str
  timeout:
    description:
      - For how many seconds one API call may take.
    type: float
    default: 600.0
  max_retries:
    description:
      - How often the SDK repeats an API call that met passing trouble. A call that starts a run is never repeated
        blindly, whatever this says.
    type: int
    default: 2
  validate_certs:
    description:
      - Whether to verify the certificate of the host.
    type: bool
    default: true
  ca_path:
    description:
      - A file with the certificates of the authorities to trust, instead of the system's.
      - Left out, the SDK reads the environment variables E(SSL_CERT_FILE) and E(SSL_CERT_DIR).
    type: path
  extra_headers:
    description:
      - Further headers of each request, such as C(x-portkey-config) of a gateway. Those that the SDK or this collection
        sends itself are refused.
      - Values of headers whose names say so (key, token, secret, auth and the like), and what looks like a key, are
        masked.
    type: dict
  extra_query:
    description:
      - Further parameters of the query of each request, such as C(custom_llm_provider). Masked as O(extra_headers).
    type: dict
requirements:
  - openai >= 2.0.0 (where the module runs)
  - Python >= 3.10 (where the module runs)
notes:
  - OpenAI is winding down its own fine-tuning. From 2027-01-06 it refuses all new jobs, and on 2027-01-14 what was
    trained on gpt-4o, gpt-4o-mini, gpt-4.1 and gpt-4.1-mini ends. Azure OpenAI and compatible hosts go on. Listing,
    cancelling and deleting keep working everywhere.
"""
