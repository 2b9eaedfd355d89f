# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The identity of a resource: checks of OCIDs and names, and the errors about them.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..._engine.content import CHECK_MODE
from ..._engine.errors import ApiError, InvalidInput, NotFound

COMPARTMENT = ("compartment", "tenancy")
MODEL = ("generativeaimodel",)
CLUSTER = ("generativeaidedicatedaicluster",)
CAPACITY = ("capacityreservation",)
ENDPOINT = ("generativeaiendpoint",)
PRIVATE_ENDPOINT = ("generativeaiprivateendpoint",)
_LENGTHS = {"display_name": 255, "description": 400}  # characters; source: the API's reference
# The kind of resource by the word after "ocid1." in an OCID. An OCID with another word is not refused.
_NOUNS = {
    "compartment": "a compartment",
    "tenancy": "a tenancy",
    "user": "a user",
    "group": "a group",
    "bucket": "a bucket",
    "generativeaimodel": "a model",
    "generativeaidedicatedaicluster": "a dedicated AI cluster",
    "capacityreservation": "a capacity reservation",
    "generativeaiendpoint": "an endpoint",
    "generativeaiprivateendpoint": "a private endpoint",
    "generativeaiworkrequest": "a work request",
}


def check_ocid(option: str, value: str | None, kinds: tuple[str, ...]) -> None:
    """Raise InvalidInput for a value that is not an OCID, or is the OCID of a resource of another kind."""
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


def check_lengths(params: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a name or a description that is too long."""
    for option, most in _LENGTHS.items():
        if params[option] and len(params[option]) > most:
            raise InvalidInput(f"{option} has {len(params[option])} characters; OCI takes {most}.")


def refuse_unproven(error: NotFound, compartment_id: str | None, is_listed: Callable[[], bool]) -> None:
    """Raise the error, unless a listing of the compartment shows that the resource is deleted."""
    if not compartment_id:
        hint = "With compartment_id it is looked for there, and taken for deleted if it is not listed."
        raise error.amended(hint=f"{error.hint} {hint}") from error
    if is_listed():
        raise error


def deleted_error(noun: str, identifier: str, id_option: str, make: str) -> ApiError:
    """The error for an OCID of a deleted resource. ``make``: the verb for a new resource of this kind."""
    hint = f"Leave {id_option} out to {make} one anew, or give that of another."
    return ApiError(f"The {noun} {identifier} is deleted.", hint=hint)


def clash_error(nouns: str, identifier: str, name: Any, others: Sequence[str]) -> InvalidInput:
    """The error for a resource that would get a name that other resources in the compartment already have."""
    return InvalidInput(
        f"{identifier} cannot be renamed or moved: '{name}' is the name of {', '.join(others)} there.",
        hint=f"Take another display_name; of two {nouns} with one name neither would be found by it.",
    )
