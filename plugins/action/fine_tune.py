# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes models of datasets in slices, and shows what will happen and how far each is."""

from __future__ import annotations

from ..plugin_utils._pipeline_action import PipelineActionBase


class ActionModule(PipelineActionBase):
    """For the module of the same name."""
