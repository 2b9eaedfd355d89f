# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the data of a model, converts it to a format of its provider, and checks it. Makes no call.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible.module_utils.common.validation import check_type_path

from .._dataset.convert import targets
from .._dataset.formats import foreign_format
from .._dataset.limits import Limits
from .._dataset.read import read
from .._dataset.scan import detect_source
from .._dataset.source import DatasetError, Source
from .._dataset.write import write
from .._engine.errors import FineTuneError, InvalidInput
from .._providers.catalogue import formats as all_formats
from .types import Data

_FIRST = 1 << 20  # at most so many bytes of the first line are read


def describe(
    data: Any,
    label: str,
    formats: Sequence[str],
    limits: Limits,
    folder: str,
    searched: Sequence[str] | None = None,
) -> tuple[Data, dict[str, Any], list[str]]:
    """Returns the data that will be sent, the options of the dataset's module that send it, and warnings.

    ``data``: a path, JSONL text, or examples. ``label``: the name of the data in messages. ``formats``: the formats
    that the training takes, best first. Converted data is written into ``folder``. ``searched``: the paths where the
    controller looked for a file. Raises InvalidInput if the data cannot be read, if a conversion would lose
    something, or if the data is not valid.
    """
    source = _source(data, label, searched)
    try:
        # If several providers share a format under different names, the limits select this provider's name.
        detected = detect_source(source, all_formats(), replace(limits, formats=tuple(formats)))
    except DatasetError as error:
        raise InvalidInput(f"{label}: {error}") from error
    wanted = _choose_format(detected, formats)
    # An empty or unknown dataset is checked in the wanted format, so that the messages name its errors.
    kept = detected is None or detected == wanted
    options = _options(data, source) if kept else {"src": _converted(source, wanted, label, folder)}
    options["format"] = wanted
    warnings: list[str] = []
    asked = {"src": None, "content": None, "validate": True, "state": "present", **options}
    if detected is None and _is_foreign(source):
        asked["format"], limits = None, replace(limits, formats=tuple(formats))
    try:
        found = read(asked, all_formats(), limits, warnings.append)
    except InvalidInput as error:
        raise InvalidInput(f"{label}: {error.message}", hint=error.hint, facts=error.facts) from error
    if found is None:
        raise AssertionError("unreachable: there are data")
    return Data(found.report.sha256, wanted, detected or wanted, found.report.to_dict()), options, warnings


def _source(data: Any, label: str, searched: Sequence[str] | None) -> Source:
    if is_path(data) and _is_missing(check_type_path(data)):
        raise _missing(data, label, searched)
    try:
        return Source.from_path(check_type_path(data)) if is_path(data) else Source.from_content(data)
    except DatasetError as error:
        raise InvalidInput(f"{label}: {error}") from error


def _is_foreign(source: Source) -> bool:
    """Whether the first example is in a known format that no host takes."""
    try:
        with source.open() as stream:
            example = json.loads(stream.readline(_FIRST).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return False  # the later read reports the error
    return isinstance(example, dict) and bool(foreign_format(example))


def _is_missing(path: str) -> bool:
    try:
        Path(path).stat()
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False  # the later read reports any other error
    return False


def _missing(data: str, label: str, searched: Sequence[str] | None) -> InvalidInput:
    if searched is None:
        return InvalidInput(
            f"{label}: {data} does not exist. It is looked up on the host that runs fine_tune: with the role, and for "
            "localhost, the controller.",
            hint="Correct the path.",
        )
    listed = "".join(f"\n  {path}" for path in searched)
    return InvalidInput(
        f"{label}: {data} does not exist. A relative path is looked up on the controller, where a playbook and a "
        f"role keep their files{':' if searched else '.'}{listed}",
        hint="Put the file into one of these places, or give its absolute path."
        if searched
        else "Correct the path, or give an absolute one.",
    )


def is_path(data: Any) -> bool:
    """Whether the data is a path. A text with a line break, or one that starts like JSON, contains examples."""
    return isinstance(data, str) and "\n" not in data and not data.lstrip().startswith(("{", "["))


def _options(data: Any, source: Source) -> dict[str, Any]:
    return {"src": str(source.path)} if source.path else {"content": data}


def _choose_format(detected: str | None, formats: Sequence[str]) -> str:
    if detected is None or detected in formats:
        return detected or formats[0]
    return next((form for form in formats if form in targets(detected, all_formats())), formats[0])


def _converted(source: Source, wanted: str, label: str, folder: str) -> str:
    """Convert the source and return the path of the new file. It has a folder of its own, so it keeps its name."""
    path = Path(tempfile.mkdtemp(dir=folder), source.path.name if source.path else "content.jsonl")
    try:
        with path.open("wb") as stream:
            write(source, wanted, stream, formats=all_formats())
    except InvalidInput as error:
        raise InvalidInput(f"{label}: {error.message}", hint=error.hint, facts=error.facts) from error
    except OSError as error:
        raise FineTuneError(f"{label}: writing {path} failed: {error.strerror or error}.") from error
    return str(path)
