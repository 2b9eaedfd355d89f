# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until what was asked is there. If V(false), the task returns as soon as it is started, and a
        later run goes on from there.
    type: bool
    default: true
  wait_timeout:
    description:
      - For how many seconds the task lasts at most, from its start, looks at the provider and uploads included. When
        they are over the task fails with RV(ignore:timed_out=true), and what was started goes on. The next run resumes
        the waiting and starts nothing twice.
      - With less than 30 of them left, or a third of a shorter time, no run is started.
      - V(0) is the same as O(wait=false).
    type: int
    default: 21600
"""

    PROGRESS = r"""
options:
  wait_progress:
    description:
      - Whether to print how far it is while the task waits, at most 40 lines, on standard error.
      - Nothing is printed under C(no_log) or with C(async).
    type: bool
    default: true
  wait_slice:
    description:
      - For how many seconds the module stays on the host before it returns RV(ignore:waiting=true) and its progress,
        and is to be called again. V(0) stays until all is done.
      - The action plugin of this module sets it to V(20), so that no connection stays open for hours, and calls the
        module again by itself. Set it only to change the length of these slices.
    type: float
    default: 0.0
  wait_run_id:
    description:
      - The run that the task has started, or found, and is bound to. If that run fails, the task fails, and it never
        starts another.
      - The action plugin sets it from one slice to the next. There is no need to set it in a playbook.
    type: str
  wait_state:
    description:
      - What an earlier slice of the task has returned as RV(ignore:wait_state), such as what was there before a run
        was asked for.
      - The action plugin sets it from one slice to the next. There is no need to set it in a playbook.
    type: dict
"""
