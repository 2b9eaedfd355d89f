# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all info modules that look up what is at a provider have in common.

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
_PAUSES = (0.5, 1.0, 2.0)  # seconds; what only looks costs nothing to be done again


def looks_again(find: Callable[[AnsibleModule], _T]) -> Callable[[AnsibleModule], _T]:
    """What a module finds; where something came back that is no answer of the API, it looks again, as the engine does.

    The rest an SDK repeats itself.
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
    """Whether what is asked for by its id was only foreseen, earlier in the same check: there is nothing to look up.

    Raises InvalidInput for such an id in a real run, and for a ``limit`` that makes no sense.
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
    """As many as the task's ``limit`` lets through; no page is fetched for more."""
    return islice(found, module.params["limit"] or None)
