# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The models that can be fine-tuned, and how.

Sources: OpenAI's fine-tuning guides and deprecations page, as of 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass

from finetune_sandbox.openai.errors import COMPATIBLE, GATEWAY, SELFHOSTED

CHAT = "chat"
COMPLETION = "completion"
EMBEDDING = "embedding"


@dataclass(frozen=True)
class BaseModel:
    """A base model. `methods` is empty where it cannot be fine-tuned. `auto_lrm`: what "auto" becomes."""

    id: str
    created: int
    aliases: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    data: str = CHAT
    images: bool = False
    shutdown_date: str | None = None
    auto_lrm: float = 2.0
    owned_by: str = "system"


_BOTH = ("supervised", "dpo")
_SHUTDOWN = "2027-01-14"

BASE_MODELS = (
    BaseModel("gpt-4.1-2025-04-14", 1744315746, ("gpt-4.1",), _BOTH, shutdown_date=_SHUTDOWN),
    BaseModel("gpt-4.1-mini-2025-04-14", 1744317547, ("gpt-4.1-mini",), _BOTH, shutdown_date=_SHUTDOWN),
    BaseModel(
        "gpt-4.1-nano-2025-04-14",
        1744321025,
        ("gpt-4.1-nano",),
        _BOTH,
        shutdown_date="2026-10-23",
        auto_lrm=0.1,
    ),
    BaseModel("gpt-4o-2024-08-06", 1722814719, ("gpt-4o",), _BOTH, images=True, shutdown_date=_SHUTDOWN),
    BaseModel("gpt-4o-mini-2024-07-18", 1721172717, ("gpt-4o-mini",), _BOTH, shutdown_date=_SHUTDOWN, auto_lrm=1.8),
    BaseModel("gpt-3.5-turbo-0125", 1706048358, ("gpt-3.5-turbo",), ("supervised",)),
    BaseModel("babbage-002", 1692634615, (), ("supervised",), COMPLETION),
    BaseModel("davinci-002", 1692634301, (), ("supervised",), COMPLETION),
    BaseModel("o4-mini-2025-04-16", 1744133506, ("o4-mini",), ("reinforcement",)),
    BaseModel("text-embedding-3-small", 1705948997, data=EMBEDDING),
)
COMPATIBLE_MODELS = (
    BaseModel("meta-llama/Llama-3.1-8B-Instruct", 1721692800, (), _BOTH, owned_by="meta-llama"),
    BaseModel("Qwen/Qwen3-32B", 1745798400, (), _BOTH, owned_by="Qwen"),
)
SELFHOSTED_MODELS = (
    BaseModel("Qwen/Qwen3-32B", 1745798400, ("qwen3-32b",), ("supervised",), owned_by="local"),
    BaseModel("/models/Qwen3-32B", 1745798400, (), ("supervised",), owned_by="local"),
    BaseModel("/models/Llama-3.1-8B-Instruct", 1721692800, (), ("supervised",), owned_by="local"),
)
"""A server on own GPUs has what its owner put there, and trains it in one way."""


class Catalogue:
    """Looks base models up by name or alias; `extra` names models that a user added, open to SFT and DPO."""

    def __init__(self, extra: tuple[str, ...] = ()) -> None:
        self.extra = extra

    def models(self, dialect: str) -> list[BaseModel]:
        """What a dialect offers."""
        own = {COMPATIBLE: COMPATIBLE_MODELS, GATEWAY: COMPATIBLE_MODELS, SELFHOSTED: SELFHOSTED_MODELS}
        methods = ("supervised",) if dialect == SELFHOSTED else _BOTH
        return [
            *own.get(dialect, BASE_MODELS),
            *(BaseModel(name, 1735689600, (), methods, images=True) for name in self.extra),
        ]

    def find(self, name: str, dialect: str) -> BaseModel | None:
        """The model of this name; an alias leads to its dated model.

        A compatible host and a gateway know OpenAI's names as well.
        """
        known = self.models(dialect) + (list(BASE_MODELS) if dialect in {COMPATIBLE, GATEWAY} else [])
        return next((model for model in known if name == model.id or name in model.aliases), None)
