# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long the modules wait: options, and what holds without them.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from typing import Any

# In seconds, by state. Those of the provider's own tools: 80 minutes to create, 20 to delete.
TIMEOUTS = {"present": 4800, "absent": 1200}
# Documented by the fragment llmops.finetune.oci.timeouts.
WAIT_SPEC: dict[str, Any] = {"wait": {"type": "bool", "default": True}, "wait_timeout": {"type": "int"}}
