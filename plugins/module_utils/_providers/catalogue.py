# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of all providers: names, formats, limits. A new provider is one entry here, and one in registry.py.

Neither a driver nor an SDK is imported. (Imports are explicit because Ansible sends a module only what it can see being
imported.) Private to llmops.finetune; may change at any time.
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
    """Whose limits data of a format are checked against, where nobody says it; of no format, the first one's."""
    found = next((facts for facts in CATALOGUE.values() if form in facts.formats), None)
    return found.hosts[0] if found else next(iter(hosts()))


def limits_for(host: str, split: str = "training", asked: Mapping[str, Any] | None = None) -> Limits:
    """The limits of one file. ``asked``: the options that its host wants to know. Raises KeyError for an unknown host,
    and what that of the provider raises."""
    return hosts()[host].limits(host, split, asked or {})
