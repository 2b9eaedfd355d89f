# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes a private key anew with a pass phrase: lock_key.py FROM TO; the pass phrase is in PASS_PHRASE."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization


def main() -> None:
    key = serialization.load_pem_private_key(Path(sys.argv[1]).read_bytes(), password=None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(os.environ["PASS_PHRASE"].encode()),
    )
    Path(sys.argv[2]).write_bytes(locked)


if __name__ == "__main__":
    main()
