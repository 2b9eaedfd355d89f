# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..plugin_utils._waiting_action import WaitingActionBase


class ActionModule(WaitingActionBase):
    """Waits for a training run, and shows its progress."""

    timeout_options = ("wait_timeout", "completion_window")
    model_keys = ("fine_tuned_model",)
