# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until the requested state is reached. If V(false), the task returns as soon as the operation has
        started, and a later run continues from there.
    type: bool
    default: true
  wait_timeout:
    description:
      - The maximum duration of the task, in seconds, including reads from the provider and uploads. After this time,
        the task fails with RV(ignore:timed_out=true), and the started operation continues. The next run resumes the
        wait and starts nothing twice.
      - No run is started in the last 30 seconds. If the value is below V(90), no run is started in the last third.
      - V(0) is the same as O(wait=false).
    type: int
    default: 21600
"""

    PROGRESS = r"""
options:
  wait_progress:
    description:
      - Whether to print progress to standard error while the task waits, at most 40 lines.
      - Nothing is printed with C(no_log) or C(async).
    type: bool
    default: true
  wait_slice:
    description:
      - How long the module stays on the host, in seconds, before it returns RV(ignore:waiting=true) with its progress
        and must be called again. With V(0), it stays until the work is complete.
      - The action plugin of this module sets it to V(20) and calls the module again by itself, so that no connection
        stays open for hours. Set this option only to change the length of these slices.
    type: float
    default: 0.0
  wait_run_id:
    description:
      - The run that the task started or found. If this run fails, the task fails and never starts another one.
      - The action plugin passes it from one slice to the next. Do not set it in a playbook.
    type: str
  wait_state:
    description:
      - The value that an earlier slice of the task returned as RV(ignore:wait_state), such as the state observed before
        a run was requested.
      - The action plugin passes it from one slice to the next. Do not set it in a playbook.
    type: dict
"""
