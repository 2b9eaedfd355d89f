# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reads and writes data, with the formats of all providers; where no limits are named, those of OpenAI."""

from __future__ import annotations

from functools import partial
from typing import Any

from ansible_collections.llmops.finetune.plugins.module_utils._dataset import convert as convert_module
from ansible_collections.llmops.finetune.plugins.module_utils._dataset import scan as scan_module
from ansible_collections.llmops.finetune.plugins.module_utils._dataset import write as write_module
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.limits import Limits
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.report import Report
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.source import Source
from ansible_collections.llmops.finetune.plugins.module_utils._providers import catalogue

__all__ = ("FORMATS", "LIMITS", "convert", "converge", "limits_for", "put", "scan", "targets", "write")
FORMATS = catalogue.formats()
LIMITS = {host: catalogue.limits_for(host) for host in catalogue.hosts()}


def limits_for(
    host: str, base_model: str | None = None, customization_type: str | None = None, split: str = "training"
) -> Limits:
    asked = {"base_model_identifier": base_model, "customization_type": customization_type}
    return catalogue.limits_for(host, split, asked)


def scan(source: Source, *, limits: Limits = LIMITS["openai"], **options: Any) -> Report:
    return scan_module.scan(source, **{"formats": FORMATS, "limits": limits, **options})


targets = partial(convert_module.targets, formats=FORMATS)
convert = partial(convert_module.convert, formats=FORMATS)
write = partial(write_module.write, formats=FORMATS)
put = partial(write_module.put, formats=FORMATS)
converge = partial(write_module.converge, formats=FORMATS)
