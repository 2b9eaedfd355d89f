#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_fine_tuned_model_info
short_description: Look at fine-tuned models and jobs of an OpenAI-style API
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Returns fine-tuning jobs and the models that they made, newest first, all pages; with their events, checkpoints and
    step-by-step metrics on request.
options:
  name:
    description:
      - Only the jobs of this name (see O(llmops.finetune.openai_fine_tuned_model#module:name)).
    type: str
  job_id:
    description:
      - Only this job. It is an error if it is not found.
    type: str
  status:
    description:
      - Only jobs with one of these statuses, in the words of the host.
    type: list
    elements: str
  metadata:
    description:
      - Only jobs whose metadata has these entries.
    type: dict
  limit:
    description:
      - Return at most this many jobs, the newest. V(0) returns all.
    type: int
    default: 0
  events:
    description:
      - Whether to fetch the events of each job.
    type: bool
    default: false
  checkpoints:
    description:
      - Whether to fetch the checkpoints of each job.
    type: bool
    default: false
  steps:
    description:
      - Whether to fetch the metrics of each step of each job, from its result file or, where the host keeps none, from
        its events.
    type: bool
    default: false
extends_documentation_fragment:
  - llmops.finetune.openai
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_openai
  - llmops.finetune.attributes.info_module
seealso:
  - module: llmops.finetune.openai_fine_tuned_model
"""

EXAMPLES = r"""
- name: What was ever trained under a name
  llmops.finetune.openai_fine_tuned_model_info:
    name: support-bot

- name: Everything about one job
  llmops.finetune.openai_fine_tuned_model_info:
    job_id: ftjob-AbCdEfGhIjKlMnOpQrStUvWx
    events: true
    checkpoints: true
    steps: true

- name: The ten newest jobs of a team that failed
  llmops.finetune.openai_fine_tuned_model_info:
    metadata:
      team: support
    status: [failed, cancelled]
    limit: 10
"""

RETURN = r"""
models:
  description: The jobs, newest first.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name under which this collection keeps it; none for jobs of others.
      returned: always
      type: str
      sample: support-bot
    job_id:
      description: The id of the job.
      returned: always
      type: str
      sample: ftjob-AbCdEfGhIjKlMnOpQrStUvWx
    fine_tuned_model:
      description: The model to call, once it is trained.
      returned: always
      type: str
      sample: ft:gpt-4o-mini-2024-07-18:acme:support-bot:AbCdEfGh
    status:
      description: The status in the words of the host.
      returned: always
      type: str
      sample: succeeded
    reason:
      description: Why it failed; empty if it did not.
      returned: always
      type: str
    model:
      description: All that the host says of the job; the entries of this collection are left out of its metadata.
      returned: always
      type: dict
    training_sha256:
      description: The sha256 of the training data, as far as the job records it; at least the first 12 digits.
      returned: always
      type: str
      sample: 9f86d081884c
    events:
      description: The events, newest first.
      returned: when O(events=true)
      type: list
      elements: dict
    checkpoints:
      description: The checkpoints.
      returned: when O(checkpoints=true)
      type: list
      elements: dict
    steps:
      description:
        - The metrics of each step, oldest first; cells that are empty are left out.
        - Of a result file with more than 10,000 rows, every second, fourth, and so on, and the last.
      returned: when O(steps=true)
      type: list
      elements: dict
      sample:
        - step: 1
          train_loss: 1.93
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import end
from ..module_utils._providers._openai.client import AUTH_SPEC
from ..module_utils._providers._openai.info import find

SPEC = {
    "name": {"type": "str"},
    "job_id": {"type": "str"},
    "status": {"type": "list", "elements": "str"},
    "metadata": {"type": "dict"},
    "limit": {"type": "int", "default": 0},
    "events": {"type": "bool", "default": False},
    "checkpoints": {"type": "bool", "default": False},
    "steps": {"type": "bool", "default": False},
}


def main() -> None:
    """Entry point."""
    module = Module(
        argument_spec={**AUTH_SPEC, **SPEC},
        mutually_exclusive=[("job_id", "name"), ("job_id", "metadata"), ("job_id", "status")],
        supports_check_mode=True,
    )
    end(module, lambda: find(module))


if __name__ == "__main__":
    main()
