# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that names the providers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from finetune_sandbox.bedrock.provider import BedrockProvider
from finetune_sandbox.oci.provider import OciProvider
from finetune_sandbox.openai.provider import OpenAIProvider
from finetune_sandbox.server.clock import Clock
from finetune_sandbox.server.web import Provider

ProviderFactory = Callable[[Clock, Path, "int | None"], Provider]
"""(clock, a folder of its own, seed of everything random) -> provider"""

PROVIDERS: dict[str, ProviderFactory] = {"bedrock": BedrockProvider, "openai": OpenAIProvider, "oci": OciProvider}
"""In the order in which they are asked whether a request is theirs: a signature decides before a path does."""
