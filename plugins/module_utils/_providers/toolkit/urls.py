# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an option can be the address of a host. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._engine.errors import InvalidInput
from ..._engine.secrets import HOST, mask

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_SHORT = 4  # what is shorter is a word of other texts too


def check_address(module: AnsibleModule, option: str, url: str | None, instead: str) -> None:
    """Raise InvalidInput for what is no plain URL. ``instead``: where a credential belongs.

    What such a URL holds is masked: the refusal names the options as they were given.
    """
    if not url:
        return
    # Of the whole: a password may hold a slash, and the path of an API holds no "@".
    user, at, _host = url.partition("//")[2].rpartition("@")
    query = url.partition("?")[2]
    words = {user, user.partition(":")[2], query, *(part.partition("=")[2] for part in query.split("&"))}
    mask(module, (word for word in words if len(word) >= _SHORT))
    if at:
        raise InvalidInput(f"{option} holds a user or a password.", hint=instead)
    if query:
        raise InvalidInput(f"{option} has a query.", hint=f"Give what is before the '?'. {instead}")
    if not url.startswith(("http://", "https://")):
        if HOST.fullmatch(url):
            raise InvalidInput(f"{option} is '{url}'; it is a URL that starts with https:// or http://.")
        if len(url) >= _SHORT:
            mask(module, [url])  # a key, perhaps
        raise InvalidInput(f"{option} is not a URL, which starts with https:// or http://.")
