# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names: of datasets in a provider's storage, and of members in an API.

Private to llmops.finetune; may change at any time.

A remote name carries the first twelve digits of the content's sha256, so that an unchanged dataset is found
again without reading it back, and an edited one is a new file.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

METADATA = "llmops-finetune-sha256"  # what keeps the whole sha256 with an object; stores keep it in lower case
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REMOTE = re.compile(r"(?P<name>.+)-(?P<sha>[0-9a-f]{12})\.jsonl", re.DOTALL)
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HUMP = re.compile(r"_([a-z0-9])")


def remote_name(name: str, sha256: str) -> str:
    """Return ``<name>-<sha256, first 12>.jsonl``.

    ``sha256`` is the full lower-case hexadecimal digest. Raises ValueError for an empty name or another
    digest.
    """
    if not name:
        raise ValueError("The name of a dataset must not be empty.")
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"A sha256 has 64 lower-case hexadecimal digits; got {sha256!r}.")
    return f"{name}-{sha256[:12]}.jsonl"


def parse_remote_name(filename: str) -> tuple[str, str] | None:
    """Return (name, first 12 digits of the sha256) of a name made by remote_name, or None for any other."""
    match = _REMOTE.fullmatch(filename)
    return (match["name"], match["sha"]) if match else None


def sha256_in_name(path: str) -> str | None:
    """The first 12 digits of the sha256 that the name at the end of a path carries, or None."""
    named = parse_remote_name(PurePosixPath(path).name)
    return named[1] if named else None


def snake(member: str) -> str:
    """``batchSize`` -> ``batch_size``."""
    return _BOUNDARY.sub("_", member).lower()


def camel(option: str) -> str:
    """``lora_alpha`` -> ``loraAlpha``."""
    return _HUMP.sub(lambda found: found.group(1).upper(), option)
