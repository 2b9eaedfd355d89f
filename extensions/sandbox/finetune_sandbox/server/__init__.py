# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider-neutral part: server, clock, faults, request log, control API."""
