# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trains models from datasets in slices, and shows a preview and the progress of each model."""

from __future__ import annotations

from ..plugin_utils._pipeline_action import PipelineActionBase


class ActionModule(PipelineActionBase):
    """The action plugin of the module ``fine_tune``."""
