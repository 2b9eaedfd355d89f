# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Amazon Bedrock, with the parts of S3, IAM, STS, KMS and EC2 that its custom models need."""
