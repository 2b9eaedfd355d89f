# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits that hosts put on datasets. Private to llmops.finetune; may change at any time.

A hard limit makes a dataset invalid. One that is doubtful, or that only costs quality, gives a warning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MB = 1_000_000
MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class Limit:
    """One limit: its value (unit in the name of the field that holds it), whether it is hard, and who says
    so."""

    value: int
    hard: bool
    source: str
    date: str


@dataclass(frozen=True)
class ReservedWords:
    """Words that no text may contain, whether that is hard, and who says so."""

    words: tuple[str, ...]
    hard: bool
    source: str
    date: str


@dataclass(frozen=True)
class Limits:
    """What a host accepts, in general or for one base model and way of training. A field that is None is not
    checked.

    - profile: names the table's entry
    - formats: the formats that are accepted, in the order in which an ambiguous example is taken; empty: any
    - min_examples, max_examples, max_reinforcement_examples: lines of a file
    - max_bytes: a file, by whatever way of uploading takes the largest
    - files_api_max_bytes: a file that is sent in one request; a larger one must be sent in parts
    - max_example_tokens: estimated tokens of one example; truncates: whether what is beyond is cut off, or refused
    - max_prompt_tokens, max_completion_tokens: of one text, where the two are not only counted together
    - max_image_examples: examples of a file that hold an image
    - max_images_per_example, max_videos_per_example: 0 where the model takes none
    - max_image_bytes: an image given as a data URL, decoded
    - image_types, video_types, document_types: formats of media in a bucket
    - media_path: what the characters of such a medium's address, and of the address of the data themselves, are limited
      to, as a regular expression. one_bucket: whether all media of a file have to be in one bucket
    - one_medium: whether a file may hold images or videos, not both (the value means nothing)
    - max_user_messages: of one example
    - reserved: words that no text may contain; doubtful: words, in lower case, that one source reserves in any spelling
    - reasoning: whether an assistant's message may hold reasoning
    - schema_version: ``any`` text, or none, is doubtful only; ``optional`` may be left out, which is doubtful;
      ``required``
    - no_validation: where set, validation files are refused (hard) or not used; the value means nothing
    - accepts_bom: whether a file may start with a UTF-8 byte-order mark
    - is_validation: whether these are the limits of a validation file, made by for_validation()
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
        """The same limits for a validation file, where hosts ask for less and allow less."""
        return replace(
            self,
            min_examples=self.min_validation_examples,
            max_examples=self.max_validation_examples,
            max_bytes=self.max_validation_bytes or self.max_bytes,
            max_reinforcement_examples=self.max_reinforcement_validation_examples,
            is_validation=True,
        )

    def of(self, split: str) -> Limits:
        """The limits of a file of this split, ``training`` or ``validation``."""
        return self.for_validation() if split == "validation" else self
