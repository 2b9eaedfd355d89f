# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an option can be the OCID that it is to be.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from ..._engine.content import CHECK_MODE
from ..._engine.errors import InvalidInput

COMPARTMENT = ("compartment", "tenancy")
MODEL = ("generativeaimodel",)
CLUSTER = ("generativeaidedicatedaicluster",)
# What an OCID is of, by the word after "ocid1."; of a word that is not here nothing is said.
_NOUNS = {
    "compartment": "a compartment",
    "tenancy": "a tenancy",
    "user": "a user",
    "group": "a group",
    "bucket": "a bucket",
    "generativeaimodel": "a model",
    "generativeaidedicatedaicluster": "a dedicated AI cluster",
    "generativeaiendpoint": "an endpoint",
    "generativeaiworkrequest": "a work request",
}


def check_ocid(option: str, value: str | None, kinds: tuple[str, ...]) -> None:
    """Raise InvalidInput for what is no OCID, and for that of something else."""
    if not value or value.startswith(CHECK_MODE):
        return
    if not value.startswith("ocid1."):
        raise InvalidInput(f"{option} is '{value}'; it is an OCID, which starts with 'ocid1.'.")
    kind = value.split(".")[1].lower()
    if kind in _NOUNS and kind not in kinds:
        raise InvalidInput(
            f"{option} is '{value}', the OCID of {_NOUNS[kind]}.",
            hint=f"Give that of {' or of '.join(_NOUNS[wanted] for wanted in kinds)}.",
        )
