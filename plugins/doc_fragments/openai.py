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
      - If not set, the environment variable E(OPENAI_API_KEY) is read where the module runs. For Azure OpenAI, it is
        E(AZURE_OPENAI_API_KEY).
    type: str
  azure_ad_token:
    description:
      - A Microsoft Entra ID token for Azure OpenAI, instead of O(api_key).
      - If not set, the environment variable E(AZURE_OPENAI_AD_TOKEN) is read where the module runs.
    type: str
  auth_source:
    description:
      - How to sign in to Azure OpenAI with Microsoft Entra ID, instead of with O(api_key) or O(azure_ad_token). The
        library azure-identity gets the tokens and renews them. The values are those of azure.azcollection.
      - V(auto) uses the first that is there, of O(profile), O(client_id) with O(secret) and O(tenant), the environment
        as V(env), the profile C(default) as V(credential_file), and V(cli).
      - V(env) reads the environment variables E(AZURE_CLIENT_ID), E(AZURE_SECRET) and E(AZURE_TENANT), or the profile
        that E(AZURE_PROFILE) names.
      - V(credential_file) reads O(profile) from the file C(~/.azure/credentials).
      - V(cli) uses the account of C(az login).
      - V(msi) uses the managed identity of the machine, or the one that O(client_id) names.
      - If not set, the environment variable E(ANSIBLE_AZURE_AUTH_SOURCE) is read where the module runs. If this is not
        set either, V(auto) is used if O(client_id), O(secret), O(tenant) or O(profile) is set, or V(env) if its
        variables are. Keys and tokens in the environment come before the sign-ins in the environment.
    type: str
    choices: [auto, cli, credential_file, env, msi]
  client_id:
    description:
      - The client ID of a service principal, or of a managed identity with O(auth_source=msi).
      - If O(auth_source) is V(msi) or V(env) and this is not set, the environment variable E(AZURE_CLIENT_ID) is read
        where the module runs.
    type: str
  secret:
    description:
      - The client secret of the service principal.
      - Only O(auth_source=env) reads the environment variable E(AZURE_SECRET) where the module runs.
    type: str
  tenant:
    description:
      - The ID or a domain of the tenant of the service principal. With O(auth_source=cli), the tenant to sign in to.
      - Only O(auth_source=env) reads the environment variable E(AZURE_TENANT) where the module runs.
    type: str
  profile:
    description:
      - The profile in the file C(~/.azure/credentials) with O(client_id), O(secret) and O(tenant). A C(subscription_id)
        is not needed.
    type: str
  cloud_environment:
    description:
      - The cloud of the Azure OpenAI resource. It decides who gives the tokens.
      - If not set, the profile and the environment variable E(AZURE_CLOUD_ENVIRONMENT) are read where the module runs.
        If they do not name one either, it depends on the URL.
    type: str
    choices: [AzureCloud, AzureUSGovernment, AzureChinaCloud]
  organization:
    description:
      - The organization to use, if the key belongs to several.
      - If not set, the environment variable E(OPENAI_ORG_ID) is read where the module runs.
    type: str
  project:
    description:
      - The project to use.
      - If not set, the environment variable E(OPENAI_PROJECT_ID) is read where the module runs.
    type: str
  base_url:
    description:
      - The base URL of the API, for compatible hosts and gateways. It usually ends in C(/v1). The unversioned URL of
        Azure OpenAI ends in C(/openai/v1/).
      - If not set, the environment variable E(OPENAI_BASE_URL) is read where the module runs. If this is not set
        either, OpenAI itself is used.
    type: str
  api_type:
    description:
      - The type of the host.
      - If not set, the environment variable E(OPENAI_API_TYPE) is read where the module runs.
      - If this is not set either, the default depends on the URL. It is V(openai) for OpenAI's own URLs, including the
        regional ones. It is V(azure) if O(azure_endpoint) is set, or if O(base_url) is an Azure OpenAI URL that ends in
        C(/openai/v1/). Otherwise, it is V(compatible).
      - V(openai) applies OpenAI's own rules and limits. V(compatible) assumes nothing about the rules of the host.
        Limits are only warnings, and the module concludes nothing from data that the host does not show.
    type: str
    choices: [openai, azure, compatible]
  azure_endpoint:
    description:
      - The endpoint of the Azure OpenAI resource, such as V(https://example.openai.azure.com). The only path allowed in
        it is C(/openai/v1/), the unversioned URL.
      - If not set, the environment variable E(AZURE_OPENAI_ENDPOINT) is read where the module runs.
    type: str
  api_version:
    description:
      - The API version of Azure OpenAI, such as V(2025-04-01-preview). A URL that ends in C(/openai/v1/) needs none.
      - If not set, the environment variable E(OPENAI_API_VERSION) is read where the module runs.
    type: str
  timeout:
    description:
      - The timeout of one API call, in seconds.
    type: float
    default: 600.0
  max_retries:
    description:
      - How often the SDK retries an API call after a transient error. A call that starts a run is never retried
        blindly, whatever the value.
    type: int
    default: 2
  validate_certs:
    description:
      - Whether to verify the TLS certificate of the host.
    type: bool
    default: true
  ca_path:
    description:
      - The path of a file with trusted CA certificates, instead of those of the system.
      - If not set, the SDK reads the environment variables E(SSL_CERT_FILE) and E(SSL_CERT_DIR).
    type: path
  extra_headers:
    description:
      - Additional headers for each request, such as C(x-portkey-config) of a gateway. Headers that the SDK or this
        collection sends itself are refused.
      - A value is masked if the name of its header shows that it is secret (key, token, secret, auth and similar
        words), or if the value looks like a key.
    type: dict
  extra_query:
    description:
      - Additional query parameters for each request, such as C(custom_llm_provider). They are masked like
        O(extra_headers).
    type: dict
requirements:
  - openai >= 2.0.0 (where the module runs)
  - azure-identity >= 1.15.0 (where the module runs), only to sign in with Microsoft Entra ID by O(auth_source)
  - Python >= 3.10 (where the module runs)
notes:
  - OpenAI is ending its own fine-tuning service. From 2027-01-06, it refuses all new jobs. On 2027-01-14, models
    trained on gpt-4o, gpt-4o-mini, gpt-4.1 and gpt-4.1-mini stop working. Azure OpenAI and compatible hosts continue.
    Listing, cancelling and deleting keep working everywhere.
"""
