#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_fine_tuned_model_info
short_description: Gather information about fine-tuned models and jobs of OpenAI-style APIs
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Returns fine-tuning jobs and their models, newest first, from all pages.
  - On request, returns the events, checkpoints and step metrics of each job too.
options:
  name:
    description:
      - Return only jobs with this name (see O(llmops.finetune.openai_fine_tuned_model#module:name)).
    type: str
  job_id:
    description:
      - Return only this job. The task fails if the job is not found.
    type: str
  status:
    description:
      - Return only jobs with one of these statuses, as the host reports them.
    type: list
    elements: str
  metadata:
    description:
      - Return only jobs whose metadata contains these entries.
    type: dict
  limit:
    description:
      - The maximum number of jobs to return, newest first. V(0) returns all.
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
      - Whether to fetch the metrics of each step of each job. They come from the result file of the job, or from its
        events if the host keeps no such file.
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
- name: List all jobs with a name
  llmops.finetune.openai_fine_tuned_model_info:
    name: support-bot

- name: Get all information about one job
  llmops.finetune.openai_fine_tuned_model_info:
    job_id: ftjob-AbCdEfGhIjKlMnOpQrStUvWx
    events: true
    checkpoints: true
    steps: true

- name: List the ten newest failed or cancelled jobs of a team
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
      description: The name in this collection. V(null) for jobs that this collection does not manage.
      returned: always
      type: str
      sample: support-bot
    job_id:
      description: The id of the job.
      returned: always
      type: str
      sample: ftjob-AbCdEfGhIjKlMnOpQrStUvWx
    fine_tuned_model:
      description: The model to call, after the training.
      returned: always
      type: str
      sample: ft:gpt-4o-mini-2024-07-18:acme:support-bot:AbCdEfGh
    status:
      description: The status, as the host reports it.
      returned: always
      type: str
      sample: succeeded
    reason:
      description: The reason for the failure. Empty if the job did not fail.
      returned: always
      type: str
    model:
      description: All data that the host returns for the job. Entries of this collection are removed from its metadata.
      returned: always
      type: dict
    training_sha256:
      description: The SHA-256 hash of the training data, if the job records it. It has at least the first 12 digits.
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
        - The metrics of each step, oldest first. Empty cells are omitted.
        - If a result file has more than 10,000 rows, only every second row (or every fourth, and so on) and the last
          row are returned.
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
