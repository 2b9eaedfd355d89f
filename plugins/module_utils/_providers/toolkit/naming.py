# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes and reads the names of datasets in a provider's storage, and of members in an API.

Private to llmops.finetune; may change at any time.

A remote name contains the first twelve digits of the content's sha256. So an unchanged dataset is found again without
a download, and an edited dataset becomes a new file.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

METADATA = "llmops-finetune-sha256"  # the metadata key of an object's whole sha256; stores keep keys in lower case
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REMOTE = re.compile(r"(?P<name>.+)-(?P<sha>[0-9a-f]{12})\.jsonl", re.DOTALL)
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HUMP = re.compile(r"_([a-z0-9])")


def remote_name(name: str, sha256: str) -> str:
    """Return ``<name>-<sha256, first 12>.jsonl``.

    ``sha256`` is the full digest in lower-case hexadecimal digits. Raises ValueError for an empty name or any other
    digest.
    """
    if not name:
        raise ValueError("The name of a dataset must not be empty.")
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"A sha256 has 64 lower-case hexadecimal digits; got {sha256!r}.")
    return f"{name}-{sha256[:12]}.jsonl"


def parse_remote_name(filename: str) -> tuple[str, str] | None:
    """Return (name, first 12 digits of the sha256) of a name made by remote_name, or None for any other name."""
    match = _REMOTE.fullmatch(filename)
    return (match["name"], match["sha"]) if match else None


def sha256_in_name(path: str) -> str | None:
    """The first 12 digits of the sha256 in the last part of a path; None if it is not made by remote_name."""
    named = parse_remote_name(PurePosixPath(path).name)
    return named[1] if named else None


def snake(member: str) -> str:
    """``batchSize`` -> ``batch_size``."""
    return _BOUNDARY.sub("_", member).lower()


def camel(option: str) -> str:
    """``lora_alpha`` -> ``loraAlpha``."""
    return _HUMP.sub(lambda found: found.group(1).upper(), option)
