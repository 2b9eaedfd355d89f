# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits of Amazon Bedrock for datasets. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from dataclasses import replace

from ..._dataset.limits import GIB, MIB, Limit, Limits, ReservedWords
from .base_models import CUSTOMIZATION_TYPES, is_family, path_pattern

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


_NOVA_WORDS = ReservedWords(
    (
        *("System:", "SYSTEM:", "User:", "USER:", "Bot:", "BOT:", "Assistant:", "ASSISTANT:", "Thought:"),
        *("[EOS]", "<image>", "<video>"),
    ),
    True,
    f"{_NOVA}; the spellings: {_NOVA_CHECK}",
    _BEDROCK_READ,
)
_NOVA_DOUBTS = ReservedWords(
    ("system:", "user:", "bot:", "assistant:", "thought:", "[eos]", "<image>", "<video>", "<unk>"),
    False,
    f"{_NOVA_CHECK}, of 2026: in any spelling, and one word more",
    "2026-11-30",
)

# The limits for an unknown base model. Media: as the most generous model accepts them. Words that only one family
# reserves give a warning.
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

# Families of base models: a name for people, a pattern for the beginning of their ids, the limits for fine-tuning.
# The order matters: the first pattern that fits counts.
_FINE_TUNING: tuple[tuple[str, str, Limits], ...] = (
    (
        "Nova Micro",
        r"amazon\.nova-micro",
        replace(
            _NOVA_LITE,
            profile="bedrock/nova-micro",
            max_images_per_example=_bedrock(0, f"{_NOVA}: text only"),
            max_videos_per_example=_bedrock(0, f"{_NOVA}: text only"),
        ),
    ),
    (
        "Nova 2 Lite",
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
    ("Nova Lite, Pro", r"amazon\.nova-(?:lite|pro)", _NOVA_LITE),
    (
        "Nova Canvas",
        r"amazon\.nova-canvas",
        # The guide names the format for it, but no numbers. Titan's numbers give a warning only.
        replace(
            _IMAGE,
            profile="bedrock/nova-canvas",
            min_examples=_bedrock(5, _PREPARE, hard=False),
            max_examples=_bedrock(10_000, _PREPARE, hard=False),
        ),
    ),
    ("Titan Image", r"amazon\.titan-image", _IMAGE),
    (
        "Titan Multimodal Embeddings",
        r"amazon\.titan-embed-image",
        replace(
            _IMAGE,
            profile="bedrock/titan-embed-image",
            min_examples=_bedrock(1_000, _PREPARE),
            max_examples=_bedrock(500_000, _PREPARE),
        ),
    ),
    ("Titan Text", r"amazon\.titan-text", _TITAN),
    (
        "Claude 3 Haiku",
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
            reserved=ReservedWords(("\nHuman:", "\nAssistant:"), True, _CLAUDE, _BEDROCK_READ),
        ),
    ),
    (
        "Cohere Command",
        r"cohere\.command",
        Limits(
            profile="bedrock/cohere",
            formats=("bedrock_completion",),
            max_examples=_bedrock(10_000, _PREPARE),
            max_validation_examples=_bedrock(1_000, _PREPARE),
        ),
    ),
    (
        "Llama 3.1",
        r"meta\.llama3-1",
        replace(_LLAMA, profile="bedrock/llama3-1", formats=("bedrock_completion",)),
    ),
    (
        "Llama 3.2 90B",
        r"meta\.llama3-2-90b",
        replace(_LLAMA_VISION, max_example_tokens=_bedrock(10_000, _PREPARE, hard=False)),
    ),
    ("Llama 3.2 11B", r"meta\.llama3-2-11b", _LLAMA_VISION),
    ("Llama 3.2 1B, 3B, Llama 3.3", r"meta\.llama", _LLAMA),
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
# The limits that depend only on the customization type, for any base model.
_BY_TYPE = {
    "DISTILLATION": _DISTILLATION,
    "REINFORCEMENT_FINE_TUNING": _REINFORCEMENT,
    "CONTINUED_PRE_TRAINING": _PRETRAINING,
}
LIMITS = {**{family: limits for family, _pattern, limits in _FINE_TUNING}, **_BY_TYPE}


def limits_for(base_model: str | None = None, customization_type: str | None = None, split: str = "training") -> Limits:
    """Bedrock's limits for one file, for one base model and one customization type.

    ``base_model`` is an id (with or without a context suffix), the ARN of a foundation model, or the ARN of a custom
    model, which contains its base. If it does not show a known family (a custom model's name, an imported model, an
    unknown family), only the limits of all models apply. ``customization_type`` has the API's values. None means
    FINE_TUNING for a known family, and any type otherwise. Raises ValueError for an unknown type.
    """
    return _limits_for(base_model, customization_type).of(split)


def _limits_for(base_model: str | None, customization_type: str | None) -> Limits:
    if customization_type not in (None, *CUSTOMIZATION_TYPES):
        raise ValueError(
            f"Unknown customization type {customization_type!r}; known are {', '.join(CUSTOMIZATION_TYPES)}."
        )
    if customization_type == "DISTILLATION" and base_model and is_family(base_model, r"(?:anthropic|meta)\."):
        return replace(_DISTILLATION, max_user_messages=_bedrock(1, f"{_DISTILL}: single-turn only"))
    if customization_type in _BY_TYPE:
        return _BY_TYPE[customization_type]
    for _family, pattern, limits in _FINE_TUNING:
        if base_model and is_family(base_model, pattern):
            return replace(limits, media_path=path_pattern(base_model, customization_type))
    return _BEDROCK
