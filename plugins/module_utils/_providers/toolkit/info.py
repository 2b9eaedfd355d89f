# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions that the info modules share, if they look up resources at a provider.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from ..._engine.clock import Clock
from ..._engine.content import CHECK_MODE, refuse_placeholder
from ..._engine.errors import InvalidInput, NoAnswer

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_T = TypeVar("_T")
_PAUSES = (0.5, 1.0, 2.0)  # seconds; a call that only reads can be repeated safely


def looks_again(find: Callable[[AnsibleModule], _T]) -> Callable[[AnsibleModule], _T]:
    """Makes a function look again after a NoAnswer (an answer that is not one of the API), as the engine does.

    The SDK itself repeats calls after other errors.
    """

    @wraps(find)
    def found(module: AnsibleModule) -> _T:
        for pause in _PAUSES:
            try:
                return find(module)
            except NoAnswer:
                Clock().sleep(pause)
        return find(module)

    return found


def is_placeholder(module: AnsibleModule, *id_options: str) -> bool:
    """Whether one of the id options is a placeholder from an earlier task of the check run: it cannot be looked up.

    Raises InvalidInput for a placeholder outside check mode, and for a ``limit`` below 0.
    """
    params = module.params
    if params["limit"] < 0:
        raise InvalidInput(f"limit is {params['limit']}; it is 0 (all) or more.")
    ids = {option: str(params[option] or "") for option in id_options}
    if not module.check_mode:
        for option, value in ids.items():
            refuse_placeholder(option, value)
    return any(value.startswith(CHECK_MODE) for value in ids.values())


def limited(module: AnsibleModule, found: Iterable[_T]) -> Iterator[_T]:
    """The first items, up to the task's ``limit`` (0: all). No page is fetched beyond that."""
    return islice(found, module.params["limit"] or None)
