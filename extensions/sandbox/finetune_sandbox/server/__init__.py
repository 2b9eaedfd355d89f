# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the sandbox that all providers share: server, clock, faults, request log, control API."""
