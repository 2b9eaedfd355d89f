# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes files into the current folder, as JSON on standard input says.

``files`` are their contents by name; ``locked`` are pass phrases by name, each for a file with the private key of the
file ``key``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization


def main() -> None:
    given = json.load(sys.stdin)
    os.umask(0o077)
    for name, content in given["files"].items():
        Path(name).write_text(content, encoding="utf-8")
    key = serialization.load_pem_private_key(Path(given["key"]).read_bytes(), password=None)
    for name, phrase in given["locked"].items():
        locked = serialization.BestAvailableEncryption(phrase.encode())
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
        Path(name).write_bytes(key.private_bytes(*form, locked))


if __name__ == "__main__":
    main()
