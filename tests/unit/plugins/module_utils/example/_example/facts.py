# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of the example provider without its SDK, of which it has none."""

from __future__ import annotations

from ansible_collections.llmops.finetune.plugins.module_utils._providers.base import Facts

from .formats import FORMATS
from .limits import limits_for

FACTS = Facts(
    name="example",
    label="The Example Workshop",
    formats=FORMATS,
    limits=lambda _host, split, _asked: limits_for(split),
    hosts=("example",),
    account=("store",),
)
