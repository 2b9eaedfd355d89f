# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..module_utils._providers._bedrock.serving import TIMEOUTS
from ..plugin_utils._waiting_action import WaitingActionBase


class ActionModule(WaitingActionBase):
    """Waits for a provisioned throughput, and shows whether it is being created or changed."""

    timeouts = TIMEOUTS
    model_keys = ("id",)
