# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reads and writes data, with the formats of all providers; where no limits are named, those of OpenAI."""

from __future__ import annotations

from functools import partial
from typing import Any

from ansible_collections.llmops.finetune.plugins.module_utils._dataset import convert as convert_module
from ansible_collections.llmops.finetune.plugins.module_utils._dataset import scan as scan_module
from ansible_collections.llmops.finetune.plugins.module_utils._dataset import write as write_module
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.limits import LIMITS, Limits, limits_for
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.registry import FORMATS
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.report import Report
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.source import Source

__all__ = ("FORMATS", "LIMITS", "convert", "converge", "limits_for", "put", "scan", "write")


def scan(source: Source, *, limits: Limits = LIMITS["openai"], **options: Any) -> Report:
    return scan_module.scan(source, **{"formats": FORMATS, "limits": limits, **options})


convert = partial(convert_module.convert, formats=FORMATS)
write = partial(write_module.write, formats=FORMATS)
put = partial(write_module.put, formats=FORMATS)
converge = partial(write_module.converge, formats=FORMATS)
