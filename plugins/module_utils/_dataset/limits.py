# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits that hosts put on datasets, in one table. Private to llmops.finetune; may change at any time.

A hard limit makes a dataset invalid. One that is doubtful, or that only costs quality, gives a warning.
"""

from __future__ import annotations

import re
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
class Words:
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
    reserved: Words | None = None
    doubtful: Words | None = None
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


_READ = "2026-07-15"
_SFT = "OpenAI guide, supervised fine-tuning"
_VISION = "OpenAI guide, vision fine-tuning"
_RFT = "OpenAI guide, reinforcement fine-tuning"
_AZURE = "Azure OpenAI guide, fine-tuning"

_OPENAI = Limits(
    profile="openai",
    formats=("openai_preference", "openai_reinforcement", "openai_chat", "openai_completion"),
    min_examples=Limit(10, True, _SFT, _READ),
    min_validation_examples=Limit(10, False, _SFT, _READ),
    max_bytes=Limit(8 * GIB, True, "OpenAI API reference, Uploads", _READ),
    files_api_max_bytes=Limit(512 * MB, True, "OpenAI API reference, Files", _READ),
    max_example_tokens=Limit(65_536, False, f"{_SFT}: longer examples are truncated at the end", _READ),
    max_image_examples=Limit(50_000, True, _VISION, _READ),
    max_images_per_example=Limit(10, True, _VISION, _READ),
    max_image_bytes=Limit(10 * MB, True, _VISION, _READ),
    max_reinforcement_examples=Limit(50_000, True, _RFT, _READ),
    max_reinforcement_validation_examples=Limit(1_000, True, _RFT, _READ),
)

# Another host's limits are not known here: only what every host is likely to need, as warnings.
_COMPATIBLE = Limits(
    profile="compatible",
    formats=_OPENAI.formats,
    min_examples=Limit(10, False, _SFT, _READ),
    min_validation_examples=Limit(10, False, _SFT, _READ),
    max_example_tokens=Limit(65_536, False, _SFT, _READ),
)

_BEDROCK_READ = "2026-11-20"
_PREPARE = "Amazon Bedrock User Guide, Prepare data for fine-tuning your models"
_NOVA = "Amazon Nova User Guide, Fine-tuning Amazon Nova models, Preparing data"
_NOVA_CHECK = "AWS samples for Amazon Nova, dataset validation for Bedrock"
_LLAMA_CHECK = "AWS samples, dataset validation for Meta Llama"
_CLAUDE_CHECK = "AWS samples, data validation for Claude 3 Haiku"
_CLAUDE = "Amazon Bedrock User Guide, Prepare data for fine-tuning text-to-text models (Claude 3 Haiku)"
_DISTILL = "Amazon Bedrock User Guide, Prepare your training datasets for distillation"
_RFT_AWS = "Amazon Bedrock User Guide, Prepare data for reinforcement fine-tuning"
_PRETRAIN = "Amazon Bedrock User Guide, Prepare data for continued pre-training"


def _bedrock(value: int, source: str, hard: bool = True) -> Limit:
    return Limit(value, hard, source, _BEDROCK_READ)


_NOVA_WORDS = Words(
    (
        *("System:", "SYSTEM:", "User:", "USER:", "Bot:", "BOT:", "Assistant:", "ASSISTANT:", "Thought:"),
        *("[EOS]", "<image>", "<video>"),
    ),
    True,
    f"{_NOVA}; the spellings: {_NOVA_CHECK}",
    _BEDROCK_READ,
)
_NOVA_DOUBTS = Words(
    ("system:", "user:", "bot:", "assistant:", "thought:", "[eos]", "<image>", "<video>", "<unk>"),
    False,
    f"{_NOVA_CHECK}, of 2026: in any spelling, and one word more",
    "2026-11-30",
)

# What holds where the base model is not known: media as the most generous model takes them, and words that one
# family reserves as a doubt.
_BEDROCK = Limits(
    profile="bedrock",
    formats=(
        "bedrock_converse",
        "bedrock_distillation",
        "bedrock_claude",
        "bedrock_reinforcement",
        "bedrock_completion",
        "bedrock_pretraining",
        "bedrock_image_caption",
    ),
    max_bytes=_bedrock(10 * GIB, _PREPARE),
    max_images_per_example=_bedrock(10, _NOVA, hard=False),
    max_videos_per_example=_bedrock(1, _NOVA, hard=False),
    one_medium=_bedrock(0, f"{_NOVA}, constraint 4", hard=False),
    reserved=replace(_NOVA_WORDS, hard=False),
)
_NOVA_LITE = Limits(
    profile="bedrock/nova",
    formats=("bedrock_converse",),
    min_examples=_bedrock(8, _NOVA),
    max_examples=_bedrock(20_000, _NOVA),
    max_validation_examples=_bedrock(20_000, _NOVA),
    max_images_per_example=_bedrock(10, _NOVA),
    max_videos_per_example=_bedrock(1, _NOVA),
    media_path=r"[\w./-]+",
    one_bucket=True,
    one_medium=_bedrock(0, f"{_NOVA}, constraint 4"),
    reserved=_NOVA_WORDS,
    doubtful=_NOVA_DOUBTS,
    reasoning=False,
)
_LLAMA = Limits(
    profile="bedrock/llama",
    formats=("bedrock_converse",),
    min_examples=_bedrock(100, _PREPARE),
    # The sum of both files; the quota can be raised.
    max_examples=_bedrock(10_000, f"{_PREPARE}, default quota", hard=False),
    max_validation_examples=_bedrock(1_000, f"{_LLAMA_CHECK}; the guide names no number of its own", hard=False),
    max_example_tokens=_bedrock(16_000, _PREPARE, hard=False),
    truncates=False,
    max_images_per_example=_bedrock(0, _PREPARE),
    max_videos_per_example=_bedrock(0, _PREPARE),
    reasoning=False,
    schema_version="optional",
)
_LLAMA_VISION = replace(_LLAMA, profile="bedrock/llama-vision", max_images_per_example=None)
_TITAN = Limits(
    profile="bedrock/titan-text",
    formats=("bedrock_completion",),
    max_bytes=_bedrock(GIB, _PREPARE),
    max_validation_bytes=_bedrock(100 * MIB, _PREPARE),
    max_example_tokens=_bedrock(4_096, _PREPARE, hard=False),
    truncates=False,
)
_IMAGE = Limits(
    profile="bedrock/titan-image",
    formats=("bedrock_image_caption",),
    min_examples=_bedrock(5, _PREPARE),
    max_examples=_bedrock(10_000, _PREPARE),
    no_validation=_bedrock(0, f"{_PREPARE}: images take no validation file"),
)

# Families of base models: what their ids begin with, after the provider's name; and their limits for fine-tuning.
# The order counts: the first that fits.
_FINE_TUNING: tuple[tuple[str, Limits], ...] = (
    (
        r"amazon\.nova-micro",
        replace(
            _NOVA_LITE,
            profile="bedrock/nova-micro",
            max_images_per_example=_bedrock(0, f"{_NOVA}: text only"),
            max_videos_per_example=_bedrock(0, f"{_NOVA}: text only"),
        ),
    ),
    (
        r"amazon\.nova-2-",
        replace(
            _NOVA_LITE,
            profile="bedrock/nova-2",
            image_types=("gif", "jpeg", "png"),
            video_types=("mkv", "mov", "mp4"),
            reasoning=True,
            no_validation=_bedrock(0, f"{_NOVA}: Nova 2 does not use a validation file", hard=False),
        ),
    ),
    (r"amazon\.nova-(?:lite|pro)", _NOVA_LITE),
    (
        r"amazon\.nova-canvas",
        # The guide names the format for it, but no numbers; Titan's are taken as a doubt.
        replace(
            _IMAGE,
            profile="bedrock/nova-canvas",
            min_examples=_bedrock(5, _PREPARE, hard=False),
            max_examples=_bedrock(10_000, _PREPARE, hard=False),
        ),
    ),
    (r"amazon\.titan-image", _IMAGE),
    (
        r"amazon\.titan-embed-image",
        replace(
            _IMAGE,
            profile="bedrock/titan-embed-image",
            min_examples=_bedrock(1_000, _PREPARE),
            max_examples=_bedrock(500_000, _PREPARE),
        ),
    ),
    (r"amazon\.titan-text", _TITAN),
    (
        r"anthropic\.claude",
        Limits(
            profile="bedrock/claude",
            formats=("bedrock_claude",),
            min_examples=_bedrock(32, _CLAUDE),
            min_validation_examples=_bedrock(32, f"{_CLAUDE_CHECK}; the guide names it for training", hard=False),
            max_examples=_bedrock(10_000, _CLAUDE),
            max_validation_examples=_bedrock(1_000, _CLAUDE),
            max_bytes=_bedrock(10 * GIB, _CLAUDE),
            max_validation_bytes=_bedrock(GIB, _CLAUDE),
            max_example_tokens=_bedrock(32_000, _CLAUDE, hard=False),
            truncates=False,
            reserved=Words(("\nHuman:", "\nAssistant:"), True, _CLAUDE, _BEDROCK_READ),
        ),
    ),
    (
        r"cohere\.command",
        Limits(
            profile="bedrock/cohere",
            formats=("bedrock_completion",),
            max_examples=_bedrock(10_000, _PREPARE),
            max_validation_examples=_bedrock(1_000, _PREPARE),
        ),
    ),
    (
        r"meta\.llama3-1",
        replace(_LLAMA, profile="bedrock/llama3-1", formats=("bedrock_completion",)),
    ),
    (
        r"meta\.llama3-2-90b",
        replace(_LLAMA_VISION, max_example_tokens=_bedrock(10_000, _PREPARE, hard=False)),
    ),
    (r"meta\.llama3-2-11b", _LLAMA_VISION),
    (r"meta\.llama", _LLAMA),
)

_DISTILLATION = Limits(
    profile="bedrock/distillation",
    formats=("bedrock_distillation",),
    min_examples=_bedrock(100, _DISTILL),
    max_examples=_bedrock(15_000, _DISTILL),
    max_bytes=_bedrock(GIB, _DISTILL),
    max_images_per_example=_bedrock(0, f"{_DISTILL}: text to text only"),
    max_videos_per_example=_bedrock(0, f"{_DISTILL}: text to text only"),
    reasoning=False,
    schema_version="required",
)
_PRETRAINING = Limits(
    profile="bedrock/pretraining",
    formats=("bedrock_pretraining",),
    max_bytes=_bedrock(10 * GIB, _PRETRAIN),
    max_validation_bytes=_bedrock(100 * MIB, _PRETRAIN),
)
_REINFORCEMENT = Limits(
    profile="bedrock/reinforcement",
    formats=("bedrock_reinforcement",),
    min_examples=_bedrock(100, _RFT_AWS),
    # Only translations of the guide name this number.
    max_examples=_bedrock(20_000, _RFT_AWS, hard=False),
)
CUSTOMIZATION_TYPES = (
    "FINE_TUNING",
    "CONTINUED_PRE_TRAINING",
    "DISTILLATION",
    "REINFORCEMENT_FINE_TUNING",
)


def for_bedrock(base_model: str | None = None, customization_type: str | None = None) -> Limits:
    """Return Bedrock's limits for training one base model in one way.

    ``base_model`` is an id (with or without a context suffix), the ARN of a foundation model, or the ARN of a custom
    model, which names its base. Of one that says nothing (a custom model's name, an imported model, an unknown
    family), only what every model needs is checked. ``customization_type`` is the API's; None means FINE_TUNING for
    a known family, and otherwise any. Raises ValueError for a type that trains nothing.
    """
    if customization_type not in (None, *CUSTOMIZATION_TYPES):
        raise ValueError(
            f"Unknown customization type {customization_type!r}; known are {', '.join(CUSTOMIZATION_TYPES)}."
        )
    if customization_type == "DISTILLATION":
        if base_model and _is(base_model, r"(?:anthropic|meta)\."):
            return replace(_DISTILLATION, max_user_messages=_bedrock(1, f"{_DISTILL}: single-turn only"))
        return _DISTILLATION
    if customization_type == "CONTINUED_PRE_TRAINING":
        return _PRETRAINING
    if customization_type == "REINFORCEMENT_FINE_TUNING":
        return _REINFORCEMENT
    for pattern, limits in _FINE_TUNING:
        if base_model and _is(base_model, pattern):
            return limits
    return _BEDROCK


def _is(base_model: str, pattern: str) -> bool:
    """Whether a model's id, or the base in an ARN, begins with a pattern (a region's prefix left aside)."""
    return re.search(rf"(?:^|/)(?:[a-z]{{2,6}}(?:-[a-z]+)?\.)?{pattern}", base_model) is not None


_OCI_DATA = "OCI Generative AI documentation, Training data requirements"


def _oci(value: int, source: str = _OCI_DATA, hard: bool = True) -> Limit:
    return Limit(value, hard, source, "2026-11-20")


_OCI = Limits(
    profile="oci",
    formats=("oci_completion",),
    min_examples=_oci(32),
    truncates=False,
    no_validation=_oci(0, f"{_OCI_DATA}: the service splits the one file itself"),
)
# By the names of base models; the first that fits.
_OCI_MODELS: tuple[tuple[str, Limits], ...] = (
    (
        r"cohere\.command-r-08-2024",
        # 16,000 of the prompt and 4,000 of the answer.
        replace(
            _OCI,
            profile="oci/command-r",
            max_example_tokens=_oci(20_000, hard=False),
            max_prompt_tokens=_oci(16_000, hard=False),
            max_completion_tokens=_oci(4_000, hard=False),
        ),
    ),
)


def for_oci(base_model: str | None = None) -> Limits:
    """Return OCI Generative AI's limits for training one base model.

    ``base_model`` is its name, as ``cohere.command-r-08-2024``. Of another (also of an OCID, which says nothing), only
    what every model needs is checked.
    """
    for pattern, limits in _OCI_MODELS:
        if base_model and re.match(pattern, base_model):
            return limits
    return _OCI


# Limits by provider (openai has two more, as hosts of its API differ), where no model is named.
LIMITS: dict[str, Limits] = {
    "openai": _OPENAI,
    "azure": replace(
        _OPENAI,
        profile="azure",
        max_bytes=Limit(512 * MB, True, _AZURE, _READ),
        max_images_per_example=Limit(64, True, f"{_AZURE} (vision)", _READ),
        max_reinforcement_validation_examples=Limit(
            1_000, False, f"{_RFT}; Microsoft names no such limit, and ships larger files", "2026-11-30"
        ),
        accepts_bom=True,
    ),
    "compatible": _COMPATIBLE,
    "bedrock": _BEDROCK,
    "oci": _OCI,
}


def limits_for(
    provider: str,
    base_model: str | None = None,
    customization_type: str | None = None,
    split: str = "training",
) -> Limits:
    """Return the limits of one file: the one way in which callers say what a dataset is for.

    ``provider`` is a key of LIMITS; ``base_model`` matters to Bedrock and OCI, ``customization_type`` to Bedrock only;
    ``split`` is ``training`` or ``validation``. Raises KeyError for an unknown provider, and ValueError as
    for_bedrock() does.
    """
    if provider == "bedrock":
        limits = for_bedrock(base_model, customization_type)
    else:
        limits = for_oci(base_model) if provider == "oci" else LIMITS[provider]
    return limits.for_validation() if split == "validation" else limits
