# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lint step that looks for the guides' messages in the code."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.llmops.finetune.tests.tools.quoted import Texts, clauses, quotes

CODE = """
def fail(noun, run, phase, bound):
    word = {"FAILED": "failed", "PAUSED": "was paused"}
    raise Error(f"The {noun} {run} belongs to the name '{bound}', " f"not '{noun}'.", hint="Give its own name.")
    raise Error("{0} is {1}; it is {2} from %s." % bound)
    raise Error(f"Run {run} {word[phase]}.")
"""


def _said(quote: str, folder: Path) -> bool:
    file = folder / "code.py"
    file.write_text(CODE, encoding="utf-8")
    known = Texts([file])
    return all(known.say(clause) for clause in clauses(quote))


@pytest.mark.parametrize(
    "quote",
    [
        "The job ... belongs to the name '...', not '...'. Give its own name.",
        "The job ... belongs to the name ... (HTTP 404, NotFound)",
        "n_epochs is -1; it is a whole number from 0.",
        "Run ... was paused.",
        "Run ... failed.",
    ],
)
def test_what_the_code_says_is_found(tmp_path: Path, quote: str) -> None:
    assert _said(quote, tmp_path)


@pytest.mark.parametrize(
    "quote",
    [
        "The job ... is one of the name '...'.",
        "The job ... belongs to the name '...'. Choose another title.",
        "Run ... was stopped.",
    ],
)
def test_what_the_code_does_not_say_is_not_found(tmp_path: Path, quote: str) -> None:
    assert not _said(quote, tmp_path)


def test_quotes_are_the_first_column_of_tables_of_messages() -> None:
    guide = (
        "| message | cause |\n|---|---|\n| `one ...` or `two` | `three` |\n\n| option | |\n|---|---|\n| `four` | |\n"
    )
    assert list(quotes(guide)) == [(3, "one ..."), (3, "two")]
