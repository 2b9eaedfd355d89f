# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of the playbook fine_tune."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var

from ..plugin_utils._job import read_job, take_data


def _without_templates(function: Callable[..., dict[str, Any]]) -> Callable[..., Any]:
    """Return a filter whose result Ansible never takes for a template, even if a variable looks like one."""
    return lambda *arguments, **options: wrap_var(function(*arguments, **options))


class FilterModule:
    """The class that Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by their names."""
        return {"fine_tune_job": _without_templates(read_job), "fine_tune_job_data": _without_templates(take_data)}
