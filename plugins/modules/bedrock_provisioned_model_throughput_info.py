#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bedrock_provisioned_model_throughput_info
short_description: Gather information about provisioned throughput of Amazon Bedrock
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Returns provisioned throughput, newest first, from all pages. The API itself applies the filters.
options:
  provisioned_model_identifier:
    description:
      - Return only this throughput, by its full ARN or name. The task fails if it is not found.
    type: str
  name_contains:
    description:
      - Return only throughputs whose name contains this text.
    type: str
  status_equals:
    description:
      - Return only throughputs with this status.
    type: str
    choices: [Creating, InService, Updating, Failed]
  model_arn_equals:
    description:
      - Return only throughputs that serve the model with this ARN.
    type: str
  creation_time_after:
    description:
      - Return only throughputs that were created after this time, such as V(2026-11-20T00:00:00Z).
    type: str
  creation_time_before:
    description:
      - Return only throughputs that were created before this time.
    type: str
  limit:
    description:
      - The maximum number of throughputs to return, newest first. V(0) returns all.
    type: int
    default: 0
  details:
    description:
      - Whether to fetch the tags and all other data of each throughput. This needs two more API calls each.
    type: bool
    default: false
extends_documentation_fragment:
  - llmops.finetune.aws
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_bedrock
  - llmops.finetune.attributes.info_module
seealso:
  - module: llmops.finetune.bedrock_provisioned_model_throughput
"""

EXAMPLES = r"""
- name: List all provisioned throughput
  llmops.finetune.bedrock_provisioned_model_throughput_info:
  register: all

- name: Get all information about one throughput
  llmops.finetune.bedrock_provisioned_model_throughput_info:
    provisioned_model_identifier: support-bot

- name: List the ten newest throughputs of this month that serve one model, with their tags
  llmops.finetune.bedrock_provisioned_model_throughput_info:
    name_contains: support
    status_equals: InService
    model_arn_equals: arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/jk3m9x2p7q1z
    creation_time_after: "2026-11-01T00:00:00Z"
    creation_time_before: "2026-12-01T00:00:00Z"
    limit: 10
    details: true
"""

RETURN = r"""
provisioned_models:
  description: The throughputs, newest first, with the keys of the API in snake_case.
  returned: success
  type: list
  elements: dict
  contains:
    provisioned_model_arn:
      description: The ARN. It is the model id for the calls of Bedrock Runtime.
      returned: always
      type: str
    provisioned_model_name:
      description: The name.
      returned: always
      type: str
      sample: support-bot
    model_units:
      description: The number of model units.
      returned: always
      type: int
      sample: 1
    hourly:
      description: The model units that AWS charges by the hour while the throughput exists.
      returned: always
      type: str
      sample: 1 model unit
    commitment_duration:
      description: The commitment.
      returned: if it has one
      type: str
      sample: OneMonth
    commitment_expiration_time:
      description: The end of the commitment.
      returned: if it has one
      type: str
      sample: "2026-12-20T09:12:33Z"
    model_arn:
      description: The ARN of the model that is served.
      returned: always
      type: str
    status:
      description: The status.
      returned: always
      type: str
      sample: InService
    name:
      description: The name in this collection. V(null) for throughputs that this collection did not create.
      returned: when O(details=true) or O(provisioned_model_identifier) is set
      type: str
      sample: support-bot
    tags:
      description: The tags, without the ownership tags of this collection.
      returned: when O(details=true) or O(provisioned_model_identifier) is set
      type: dict
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import end
from ..module_utils._providers._bedrock.client import AUTH_SPEC
from ..module_utils._providers._bedrock.serving_info import find_throughputs

SPEC = {
    "provisioned_model_identifier": {"type": "str"},
    "name_contains": {"type": "str"},
    "status_equals": {"type": "str", "choices": ["Creating", "InService", "Updating", "Failed"]},
    "model_arn_equals": {"type": "str"},
    "creation_time_after": {"type": "str"},
    "creation_time_before": {"type": "str"},
    "limit": {"type": "int", "default": 0},
    "details": {"type": "bool", "default": False},
}


def main() -> None:
    """Entry point."""
    module = Module(argument_spec={**AUTH_SPEC, **SPEC}, supports_check_mode=True)
    end(module, lambda: find_throughputs(module))


if __name__ == "__main__":
    main()
