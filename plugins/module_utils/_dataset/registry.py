# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dataset formats there are. Private to llmops.finetune; may change at any time.

A new family adds its module here, and nothing anywhere else. (Imports are explicit because Ansible sends a
module only what it can see being imported.)
"""

from __future__ import annotations

from . import bedrock_formats, chat, oci_formats
from .formats import Formats

FORMATS = Formats((*chat.FORMATS, *bedrock_formats.FORMATS, *oci_formats.FORMATS))
