# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The providers that the pipeline knows. A new one is one entry here, and one in catalogue.py.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping

from ._bedrock import provider as bedrock
from ._oci import provider as oci
from ._openai import provider as openai
from .base import Provider

PROVIDERS: Mapping[str, Provider] = {
    provider.name: provider for provider in (openai.PROVIDER, bedrock.PROVIDER, oci.PROVIDER)
}
