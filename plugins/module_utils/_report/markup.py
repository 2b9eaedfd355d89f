# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes HTML and SVG. No text from outside can become markup. Private to llmops.finetune; may change at any time.

`tag` escapes every text that is not `Html`. So a mistake escapes too much, never too little.
"""

from __future__ import annotations

import html
from collections.abc import Iterable

from .._engine.coerce import escape_controls

_VOID = frozenset({"meta", "wbr"})


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def escape(text: str) -> Html:
    """The text as markup, also for an attribute in double quotes. `Html` stays as it is."""
    return text if isinstance(text, Html) else Html(html.escape(escape_controls(text)))


def joined(parts: Iterable[str], between: str = "") -> Html:
    """The parts one after another, each escaped."""
    return Html(escape(between).join(map(escape, parts)))


def tag(element: str, /, *children: str, **attributes: str | int | None) -> Html:
    """One element. An attribute that is None is left out; ``class_`` is ``class``, ``data_label`` is ``data-label``."""
    text = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if element in _VOID:
        return Html(f"<{element}{text}>")
    return Html(f"<{element}{text}>{joined(children)}</{element}>")
