#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bedrock_custom_model_info
short_description: Look at custom models and customization jobs of Amazon Bedrock
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Returns custom models and customization jobs, newest first, all pages, filtered by the API itself.
options:
  gather:
    description:
      - What to list.
    type: list
    elements: str
    choices: [models, jobs]
    default: [models, jobs]
  model_identifier:
    description:
      - Only this model, by its ARN or name, in full. It is an error if it is not found.
    type: str
  job_identifier:
    description:
      - Only this job, by its ARN or name, in full. It is an error if it is not found.
    type: str
  name_contains:
    description:
      - Only models, and only jobs, whose own name contains this.
    type: str
  status_equals:
    description:
      - Only jobs with this status.
    type: str
    choices: [InProgress, Completed, Failed, Stopping, Stopped]
  model_status:
    description:
      - Only models with this status.
    type: str
    choices: [Active, Creating, Failed]
  base_model_arn_equals:
    description:
      - Only models that were trained from the base model with this ARN.
    type: str
  foundation_model_arn_equals:
    description:
      - Only models that go back to the foundation model with this ARN.
    type: str
  is_owned:
    description:
      - Only models of this account, or only models that others share with it.
    type: bool
  creation_time_after:
    description:
      - Only what was created after this time, such as V(2026-11-20T00:00:00Z).
    type: str
  creation_time_before:
    description:
      - Only what was created before this time.
    type: str
  limit:
    description:
      - Return at most this many models and this many jobs, the newest. V(0) returns all.
    type: int
    default: 0
  details:
    description:
      - Whether to look each model and job up, for all that the API says of it and its tags. Costs two calls each.
    type: bool
    default: false
  steps:
    description:
      - Whether to read the metrics of each step of each job from its output bucket; implies O(details) for jobs.
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
- name: All models and jobs
  llmops.finetune.bedrock_custom_model_info:
  register: all

- name: Everything about one model
  llmops.finetune.bedrock_custom_model_info:
    model_identifier: support-bot

- name: One job with the losses of each step
  llmops.finetune.bedrock_custom_model_info:
    job_identifier: support-bot-5f70bf18-1
    steps: true

- name: The ten newest failed jobs of this month, and why they failed
  llmops.finetune.bedrock_custom_model_info:
    gather: [jobs]
    name_contains: support
    status_equals: Failed
    creation_time_after: "2026-11-01T00:00:00Z"
    creation_time_before: "2026-12-01T00:00:00Z"
    limit: 10
    details: true

- name: Usable models of this account that come from one base model
  llmops.finetune.bedrock_custom_model_info:
    gather: [models]
    model_status: Active
    is_owned: true
    base_model_arn_equals: arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k
    foundation_model_arn_equals: arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k
"""

RETURN = r"""
models:
  description: The models, newest first, in the words of the API, in snake_case.
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
      description: The job that made it.
      returned: when O(details=true) or O(model_identifier) is given, and a job of this account made it
      type: str
    name:
      description: The name under which this collection keeps it; none for models of others.
      returned: when O(details=true) or O(model_identifier) is given
      type: str
      sample: support-bot
    tags:
      description: Its tags, without those of this collection.
      returned: when O(details=true) or O(model_identifier) is given
      type: dict
    training_sha256:
      description: The sha256 of the training data, as far as a tag records it.
      returned: when O(details=true) or O(model_identifier) is given
      type: str
jobs:
  description: The jobs, newest first, in the words of the API, in snake_case.
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
      description: Why it failed.
      returned: when O(details=true) or O(job_identifier) is given, and it failed
      type: str
    name:
      description: The name under which this collection keeps it; none for jobs of others.
      returned: when O(details=true) or O(job_identifier) is given
      type: str
      sample: support-bot
    tags:
      description: Its tags, without those of this collection.
      returned: when O(details=true) or O(job_identifier) is given
      type: dict
    training_sha256:
      description: The sha256 of the training data, as far as a tag records it.
      returned: when O(details=true) or O(job_identifier) is given
      type: str
    steps:
      description: The metrics of each step, as C(training) and C(validation); empty lists where there are none.
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
