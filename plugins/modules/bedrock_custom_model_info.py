#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bedrock_custom_model_info
short_description: Gather information about custom models and customization jobs of Amazon Bedrock
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Returns custom models and customization jobs, newest first, from all pages. The API itself applies the filters.
options:
  gather:
    description:
      - The kinds of objects to list.
    type: list
    elements: str
    choices: [models, jobs]
    default: [models, jobs]
  model_identifier:
    description:
      - Return only this model, by its full ARN or name. The task fails if the model is not found.
    type: str
  job_identifier:
    description:
      - Return only this job, by its full ARN or name. The task fails if the job is not found.
    type: str
  name_contains:
    description:
      - Return only models and jobs whose own name contains this text.
    type: str
  status_equals:
    description:
      - Return only jobs with this status.
    type: str
    choices: [InProgress, Completed, Failed, Stopping, Stopped]
  model_status:
    description:
      - Return only models with this status.
    type: str
    choices: [Active, Creating, Failed]
  base_model_arn_equals:
    description:
      - Return only models that were trained from the base model with this ARN.
    type: str
  foundation_model_arn_equals:
    description:
      - Return only models that derive from the foundation model with this ARN.
    type: str
  is_owned:
    description:
      - V(true) returns only models of this account. V(false) returns only models that others share with it.
    type: bool
  creation_time_after:
    description:
      - Return only models and jobs that were created after this time, such as V(2026-11-20T00:00:00Z).
    type: str
  creation_time_before:
    description:
      - Return only models and jobs that were created before this time.
    type: str
  limit:
    description:
      - The maximum number of models and the maximum number of jobs to return, newest first. V(0) returns all.
    type: int
    default: 0
  details:
    description:
      - Whether to fetch the tags and all other data of each model and job. This needs two more API calls each.
    type: bool
    default: false
  steps:
    description:
      - Whether to read the metrics of each step of each job from its output bucket. Implies O(details) for jobs.
    type: bool
    default: false
extends_documentation_fragment:
  - llmops.finetune.aws
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_bedrock
  - llmops.finetune.attributes.info_module
seealso:
  - module: llmops.finetune.bedrock_custom_model
"""

EXAMPLES = r"""
- name: List all models and jobs
  llmops.finetune.bedrock_custom_model_info:
  register: all

- name: Get all information about one model
  llmops.finetune.bedrock_custom_model_info:
    model_identifier: support-bot

- name: Get one job with the losses of each step
  llmops.finetune.bedrock_custom_model_info:
    job_identifier: support-bot-5f70bf18-1
    steps: true

- name: List the ten newest failed jobs of this month with the reasons
  llmops.finetune.bedrock_custom_model_info:
    gather: [jobs]
    name_contains: support
    status_equals: Failed
    creation_time_after: "2026-11-01T00:00:00Z"
    creation_time_before: "2026-12-01T00:00:00Z"
    limit: 10
    details: true

- name: List the active models of this account that derive from one base model
  llmops.finetune.bedrock_custom_model_info:
    gather: [models]
    model_status: Active
    is_owned: true
    base_model_arn_equals: arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k
    foundation_model_arn_equals: arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k
"""

RETURN = r"""
models:
  description: The models, newest first, with the keys of the API in snake_case.
  returned: success
  type: list
  elements: dict
  contains:
    model_arn:
      description: The ARN.
      returned: always
      type: str
    model_name:
      description: The name.
      returned: always
      type: str
      sample: support-bot
    model_status:
      description: The status.
      returned: always
      type: str
      sample: Active
    job_arn:
      description: The ARN of the job that created the model.
      returned: when O(details=true) or O(model_identifier) is set, and a job of this account created it
      type: str
    name:
      description: The name in this collection. V(null) for models that this collection does not manage.
      returned: when O(details=true) or O(model_identifier) is set
      type: str
      sample: support-bot
    tags:
      description: The tags, without the ownership tags of this collection.
      returned: when O(details=true) or O(model_identifier) is set
      type: dict
    training_sha256:
      description: The SHA-256 hash of the training data, if a tag records it.
      returned: when O(details=true) or O(model_identifier) is set
      type: str
jobs:
  description: The jobs, newest first, with the keys of the API in snake_case.
  returned: success
  type: list
  elements: dict
  contains:
    job_arn:
      description: The ARN.
      returned: always
      type: str
    job_name:
      description: The name.
      returned: always
      type: str
      sample: support-bot-5f70bf18-1
    status:
      description: The status.
      returned: always
      type: str
      sample: Completed
    failure_message:
      description: The reason for the failure.
      returned: when O(details=true) or O(job_identifier) is set, and it failed
      type: str
    name:
      description: The name in this collection. V(null) for jobs that this collection does not manage.
      returned: when O(details=true) or O(job_identifier) is set
      type: str
      sample: support-bot
    tags:
      description: The tags, without the ownership tags of this collection.
      returned: when O(details=true) or O(job_identifier) is set
      type: dict
    training_sha256:
      description: The SHA-256 hash of the training data, if a tag records it.
      returned: when O(details=true) or O(job_identifier) is set
      type: str
    steps:
      description: The metrics of each step, as C(training) and C(validation). The lists are empty if there are no
        metrics.
      returned: when O(steps=true)
      type: dict
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import end
from ..module_utils._providers._bedrock.client import AUTH_SPEC
from ..module_utils._providers._bedrock.custom_model_info import find

SPEC = {
    "gather": {"type": "list", "elements": "str", "choices": ["models", "jobs"], "default": ["models", "jobs"]},
    "model_identifier": {"type": "str"},
    "job_identifier": {"type": "str"},
    "name_contains": {"type": "str"},
    "status_equals": {"type": "str", "choices": ["InProgress", "Completed", "Failed", "Stopping", "Stopped"]},
    "model_status": {"type": "str", "choices": ["Active", "Creating", "Failed"]},
    "base_model_arn_equals": {"type": "str"},
    "foundation_model_arn_equals": {"type": "str"},
    "is_owned": {"type": "bool"},
    "creation_time_after": {"type": "str"},
    "creation_time_before": {"type": "str"},
    "limit": {"type": "int", "default": 0},
    "details": {"type": "bool", "default": False},
    "steps": {"type": "bool", "default": False},
}


def main() -> None:
    """Entry point."""
    module = Module(argument_spec={**AUTH_SPEC, **SPEC}, supports_check_mode=True)
    end(module, lambda: find(module))


if __name__ == "__main__":
    main()
