# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""References to training data: an id at the provider, or the sha256 of the content, or both.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from .errors import InvalidInput

CHECK_MODE = "check-mode:"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def make_placeholder(kind: str, value: str) -> str:
    """The placeholder of a value that is known after apply: ``check-mode:<kind>:<value>``."""
    return f"{CHECK_MODE}{kind}:{value}"


def refuse_placeholder(option: str, value: object) -> None:
    """Raise InvalidInput if a placeholder of check mode reaches a real run."""
    if isinstance(value, str) and value.startswith(CHECK_MODE):
        raise InvalidInput(
            f"{option} is '{value}', a placeholder of check mode.",
            hint="Outside check mode give the real one, for example from the result registered in this same run.",
        )


@dataclass(frozen=True)
class Content:
    """A reference to training data.

    ``id``: the provider's reference, or empty. ``sha256``: 64 hex digits, the first 12 of them (a remote name has no
    more), or empty if unknown. ``version``: the provider's own checksums, as words ``kind:value``. ``placeholder``:
    check mode predicts that an earlier task sends the data. ``name``: the data's name, if known. ``etag``: the value
    of an object store that changes with each object.
    """

    id: str = ""
    sha256: str = ""
    version: str = ""
    placeholder: bool = False
    name: str = ""
    etag: str = field(default="", compare=False)

    def __str__(self) -> str:
        if self.id and self.sha256:
            return f"{self.id} (sha256:{self.sha256[:12]})"
        if self.id and self.version:
            return f"{self.id} ({self.version})"
        return self.id or f"sha256:{self.sha256}"

    @property
    def mark(self) -> str:
        """The text for an ownership tag: the sha256 and the provider's checksums, as far as known."""
        return f"{self.sha256} {self.version}".strip()

    def marked(self, mark: str | None) -> Content:
        """The same reference, with the checksums of an ownership tag."""
        version = " ".join(word for word in (mark or "").split() if ":" in word)
        return replace(self, sha256=sha256_of_mark(mark) or self.sha256, version=version)

    def knows_less_than(self, other: Content) -> bool:
        """Whether the other reference has a checksum that this one lacks."""
        if other.sha256:
            return not self.sha256
        return bool(other.version and not self.version)


SAME_DATA = (
    "The data for validation are those for training: the validation loss then says nothing about new questions. "
    "Give others, for example a share that the module dataset split off, or leave them out."
)


def same_data(training: Content | None, validation: Content | None) -> bool:
    """Whether both are certainly the same bytes, by their reference or by the known digits of the sha256."""
    if training is None or validation is None:
        return False
    if training.id and training.id == validation.id:
        return True
    known = sorted((training.sha256, validation.sha256), key=len)
    return bool(known[0]) and known[1].startswith(known[0])


def sha256_of_mark(mark: str | None) -> str | None:
    """The sha256 in a :attr:`Content.mark`, or its first digits; None if there is none."""
    return next((word for word in (mark or "").split() if ":" not in word), None)


def parse_content(option: str, value: str, *, check_mode: bool) -> Content:
    """Parse ``sha256:<hex>``, optionally with ``:<name>``, or ``check-mode:file:<hex>``; anything else is an id."""
    if not check_mode:
        refuse_placeholder(option, value)
    for prefix in ("sha256:", make_placeholder("file", "")):
        if value.startswith(prefix):
            digest, _colon, name = value[len(prefix) :].partition(":")
            if not _SHA256.fullmatch(digest.lower()):
                raise InvalidInput(f"{option}: '{value}' does not hold a sha256 of 64 hexadecimal digits.")
            return Content(sha256=digest.lower(), placeholder=check_mode, name=name)
    return Content(id=value)
