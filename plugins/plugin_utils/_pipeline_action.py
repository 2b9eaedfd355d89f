# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of several models at once: it shows what will happen, then how far each is.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.validation import check_type_path
from ansible.utils.display import Display
from ansible_collections.llmops.finetune.plugins.module_utils._pipeline.data import is_path
from ansible_collections.llmops.finetune.plugins.plugin_utils._waiting_action import SLICE, Teller, WaitingActionBase

display = Display()

_DATA = ("training_data", "validation_data")


class PipelineActionBase(WaitingActionBase):
    """Runs the module of the same name in slices; what it has to know of the earlier ones it says itself."""

    def _in_slices(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        args = dict(self._task.args)
        places: dict[str, list[str]] = {}
        args["models"] = self._found(args.get("models"), places)
        if places:
            args["data_places"] = places
        args.setdefault("wait_slice", SLICE)
        tells = self._tells(args)
        tellers: dict[str, Teller] = {}
        again = False
        while True:
            result = self._call(args, task_vars, again=again)
            if tells and not again:
                for found in result.get("results", ()):
                    display.display(preview(found))
            again = True
            if not result.pop("waiting", False):
                return result
            args["wait_state"] = result.pop("wait_state")
            for key, state in result.pop("progress").items():
                teller = tellers.setdefault(key, Teller(tells))
                provider, _slash, name = key.partition("/")
                if state["progress"]:
                    teller.tell({**state, "name": f"{name} ({provider})"})

    def _found(self, models: Any, places: dict[str, list[str]]) -> Any:
        """The same models, with the files looked for where a playbook and a role keep theirs. ``places`` gets the files
        that are not there, and where they were looked for."""
        if not isinstance(models, list):
            return models
        return [
            {key: self._path(value, places) if key in _DATA else value for key, value in entry.items()}
            if isinstance(entry, Mapping) and entry.get("state", "present") == "present"
            else entry
            for entry in models
        ]

    def _path(self, given: Any, places: dict[str, list[str]]) -> Any:
        if not is_path(given) or not given or Path(check_type_path(given)).is_absolute():
            return given
        try:
            return self._find_needle("files", given)
        except AnsibleError as error:
            # The module says what is wrong. (Of a file that is not there, ansible-core names the places.)
            places[given] = list(dict.fromkeys(str(place) for place in getattr(error, "paths", None) or ()))
            return given


def preview(found: Mapping[str, Any]) -> str:
    """One line of what will happen to a model."""
    name = f"{found['name']} ({found['provider']})"
    if found["failed"]:
        return f"{name}: refused, see below"
    parts = [_WORDS.get(found["action"], found["action"])]
    training = found["dataset"].get("training")
    if found["action"] in ("create", "retrain", "retry") and training:
        parts.append(f"{training['examples']} examples")
        tokens = found["estimated_training_tokens"]
        parts.append("tokens unknown" if tokens is None else f"about {tokens:,} training tokens")
    elif found["status"]:
        parts.append(str(found["status"]))
    return f"{name}: {', '.join(parts)}"


_WORDS = {
    "none": "nothing to change",
    "create": "a model is to be trained",
    "retrain": "a model is to be trained anew",
    "retry": "a failed model is to be trained again",
    "update": "to be changed in place",
    "cancel": "to be cancelled",
    "delete": "to be deleted",
    "resume": "to go on",
}
