# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python extensions/sandbox`: start the sandbox from a clone of the collection."""

from __future__ import annotations

import sys

from finetune_sandbox.cli import main

if __name__ == "__main__":
    sys.exit(main())
