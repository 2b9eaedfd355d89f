# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a text is a secret."""

from __future__ import annotations

from ansible_collections.llmops.finetune.plugins.module_utils._engine.secrets import pieces


def test_s3_a_password_of_a_letter_does_not_mask_every_such_letter() -> None:
    assert set(pieces("socks5://somebody:x@proxy:1080")) == {"somebody:x"}
    assert set(pieces("socks5://somebody:xyzw@proxy:1080")) == {"somebody:xyzw", "xyzw"}
