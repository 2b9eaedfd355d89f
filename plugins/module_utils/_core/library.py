# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loading a provider's SDK.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import gc
import sys
import traceback
from importlib import import_module
from types import ModuleType

from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import MissingLibrary


def load(library: str, purpose: str) -> ModuleType:
    """Import ``library``; raises MissingLibrary, saying what it is needed for, where it is not installed.

    An SDK makes some hundred thousand objects that live as long as the process. The garbage collector would walk
    them again and again while they are made, and once more at the end: a tenth of a second or two of each task.
    """
    found = sys.modules.get(library)
    if found is not None:
        return found
    collecting = gc.isenabled()
    gc.disable()
    try:
        return import_module(library)
    except ImportError as error:
        raise MissingLibrary(library, purpose, traceback.format_exc()) from error
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
