# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenAI's fine-tuning API in the dialects of several hosts."""
