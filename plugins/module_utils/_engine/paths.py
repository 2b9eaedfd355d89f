# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a file can and should be written to a place. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .errors import InvalidInput


def status_of(option: str, path: Path) -> os.stat_result | None:
    """The status of a path, without following a link; None if nothing is there.

    Raises InvalidInput for an invalid path.
    """
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InvalidInput(
            f"{option}: {path} cannot be looked at: {error.strerror or error}.", hint="Give the path of a file."
        ) from error
    except ValueError as error:  # a NUL in the path
        raise InvalidInput(
            f"{option}: {str(path)!r} is not a usable path ({error}).", hint="Give the path of a file."
        ) from error


def check_destination(option: str, path: Path) -> None:
    """Raise InvalidInput if a file cannot or should not be written there."""
    status = status_of(option, path)
    if status is None:
        if not path.parent.is_dir():
            raise InvalidInput(
                f"{option}: the folder {path.parent} does not exist.",
                hint="Create it first, for example with ansible.builtin.file.",
            )
    elif stat.S_ISDIR(status.st_mode):
        raise InvalidInput(f"{option}: {path} is a directory.", hint="Give the path of a file in it.")
    elif stat.S_ISLNK(status.st_mode):
        raise InvalidInput(
            f"{option}: {path} is a symbolic link to {path.readlink()}; a link is not written through.",
            hint="Give the path of the file itself, or remove the link.",
        )
    elif not stat.S_ISREG(status.st_mode):
        raise InvalidInput(f"{option}: {path} is a pipe, socket or device.", hint="Give the path of a file.")


def not_writable(folder: Path) -> InvalidInput:
    """The error for a folder that cannot be written to."""
    return InvalidInput(
        f"The folder {folder} cannot be written to; nothing was changed.",
        hint="Give the user that runs the module write access, or use become.",
    )
