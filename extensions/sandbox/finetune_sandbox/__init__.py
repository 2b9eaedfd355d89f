# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Offline providers for fine-tuning on loopback. The training is simulated; see docs/sandbox.md."""

from __future__ import annotations

from finetune_sandbox.sandbox import Sandbox
from finetune_sandbox.server.checks import ControlError

__all__ = ["ControlError", "Sandbox"]
