# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits that hosts put on datasets. Private to llmops.finetune; may change at any time.

Data beyond a hard limit is invalid. A limit that is not certain, or that only concerns quality, gives a warning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MB = 1_000_000
MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class Limit:
    """One limit: its value, whether it is hard, its source, and the date when the source was read.

    The field of Limits that holds it names the unit.
    """

    value: int
    hard: bool
    source: str
    date: str


@dataclass(frozen=True)
class ReservedWords:
    """Words that no text may contain, whether the rule is hard, its source, and the date when the source was read."""

    words: tuple[str, ...]
    hard: bool
    source: str
    date: str


@dataclass(frozen=True)
class Limits:
    """The limits of a host, in general or for one base model and kind of training. A field that is None is not checked.

    - profile: the name of these limits
    - formats: the accepted formats; for an ambiguous example, the first one that fits is taken. Empty: any format
    - min_examples, max_examples, max_reinforcement_examples: lines of a file
    - max_bytes: bytes of a file, for the way of uploading that takes the largest files
    - files_api_max_bytes: bytes of a file that is sent in one request; a larger file must be sent in parts
    - max_example_tokens: estimated tokens of one example. truncates: a longer example is cut off (True) or refused
    - max_prompt_tokens, max_completion_tokens: tokens of one text, if prompt and completion have their own limits
    - max_image_examples: the number of examples with an image in a file
    - max_images_per_example, max_videos_per_example: 0: the model takes none
    - max_image_bytes: bytes of an image in a data URL, after decoding
    - image_types, video_types, document_types: formats of media in a bucket
    - media_path: a regular expression for the whole address of media in a bucket, and for the address of the data
    - one_bucket: whether all media of a file must be in one bucket
    - one_medium: if set, a file may hold images or videos, not both; the value has no meaning
    - max_user_messages: user messages of one example
    - reserved: words that no text may contain. doubtful: words in lower case that one source reserves in any spelling;
      they give a warning
    - reasoning: whether an assistant's message may hold reasoning
    - schema_version: ``any``: another text, or none, gives a warning. ``optional``: a missing one gives a warning,
      another text is an error. ``required``: both are errors
    - no_validation: if set, validation files are refused (hard) or not used; the value has no meaning
    - accepts_bom: whether a file may start with a UTF-8 byte-order mark
    - is_validation: whether these are the limits of a validation file; for_validation() sets it
    """

    profile: str
    formats: tuple[str, ...] = ()
    min_examples: Limit | None = None
    min_validation_examples: Limit | None = None
    max_examples: Limit | None = None
    max_validation_examples: Limit | None = None
    max_bytes: Limit | None = None
    max_validation_bytes: Limit | None = None
    files_api_max_bytes: Limit | None = None
    max_example_tokens: Limit | None = None
    truncates: bool = True
    max_prompt_tokens: Limit | None = None
    max_completion_tokens: Limit | None = None
    max_image_examples: Limit | None = None
    max_images_per_example: Limit | None = None
    max_videos_per_example: Limit | None = None
    max_image_bytes: Limit | None = None
    image_types: tuple[str, ...] = ("gif", "jpeg", "png", "webp")
    video_types: tuple[str, ...] = ("mkv", "mov", "mp4", "webm")
    document_types: tuple[str, ...] = ("pdf",)
    media_path: str | None = None
    one_bucket: bool = False
    one_medium: Limit | None = None
    max_user_messages: Limit | None = None
    reserved: ReservedWords | None = None
    doubtful: ReservedWords | None = None
    reasoning: bool = True
    schema_version: str = "any"
    max_reinforcement_examples: Limit | None = None
    max_reinforcement_validation_examples: Limit | None = None
    no_validation: Limit | None = None
    accepts_bom: bool = False
    is_validation: bool = False

    def for_validation(self) -> Limits:
        """The same limits for a validation file. Hosts require less of it, and allow less."""
        return replace(
            self,
            min_examples=self.min_validation_examples,
            max_examples=self.max_validation_examples,
            max_bytes=self.max_validation_bytes or self.max_bytes,
            max_reinforcement_examples=self.max_reinforcement_validation_examples,
            is_validation=True,
        )

    def of(self, split: str) -> Limits:
        """The limits of a file for this split: ``training`` or ``validation``."""
        return self.for_validation() if split == "validation" else self
