# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of all providers: names, formats, limits. A new provider is one entry here, and one in registry.py.

This file imports no driver and no SDK. Its imports are explicit, because Ansible sends a module only the files that
import statements name. Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._dataset.formats import Formats
from .._dataset.limits import Limits
from ._bedrock import facts as bedrock
from ._oci import facts as oci
from ._openai import facts as openai
from .base import Facts

CATALOGUE: Mapping[str, Facts] = {facts.name: facts for facts in (openai.FACTS, bedrock.FACTS, oci.FACTS)}


def formats() -> Formats:
    """The formats of all providers."""
    return Formats(form for facts in CATALOGUE.values() for form in facts.formats.values())


def hosts() -> Mapping[str, Facts]:
    """The kinds of host that differ in their limits, each with the facts of its provider."""
    return {host: facts for facts in CATALOGUE.values() for host in facts.hosts}


def host_of(form: str | None) -> str:
    """The host whose limits are used for data of a format if the user names no host.

    It is the usual host of the first provider with this format. For an unknown format it is the first host of all.
    """
    found = next((facts for facts in CATALOGUE.values() if form in facts.formats), None)
    return found.hosts[0] if found else next(iter(hosts()))


def limits_for(host: str, split: str = "training", asked: Mapping[str, Any] | None = None) -> Limits:
    """The limits of one file. ``asked``: the values of the options that its host needs.

    Raises KeyError for an unknown host, and the errors of the provider's ``limits``.
    """
    return hosts()[host].limits(host, split, asked or {})
