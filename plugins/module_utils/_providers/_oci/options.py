# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options for waiting, and the default time limits.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from typing import Any

# In seconds, by state. OCI's own tools have the same limits: 80 minutes to create, 20 minutes to delete.
TIMEOUTS = {"present": 4800, "absent": 1200}
# The fragment llmops.finetune.oci.timeouts documents these options.
WAIT_SPEC: dict[str, Any] = {"wait": {"type": "bool", "default": True}, "wait_timeout": {"type": "int"}}
