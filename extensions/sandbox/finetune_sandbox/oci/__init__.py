# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OCI: Generative AI (custom models, dedicated AI clusters, endpoints, work requests) and Object Storage."""
