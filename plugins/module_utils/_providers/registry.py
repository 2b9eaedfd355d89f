# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The providers that the pipeline knows. A new one is one line in each of these tables.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._bedrock import provider as bedrock
from ._oci import provider as oci
from ._openai import provider as openai
from .base import Recipe

RECIPES: Mapping[str, type[Recipe]] = {"openai": openai.Recipe, "bedrock": bedrock.Recipe, "oci": oci.Recipe}
SPECS: Mapping[str, dict[str, Any]] = {"openai": openai.SPEC, "bedrock": bedrock.SPEC, "oci": oci.SPEC}
