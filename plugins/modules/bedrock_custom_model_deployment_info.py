#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bedrock_custom_model_deployment_info
short_description: Gather information about on-demand deployments of custom models of Amazon Bedrock
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Returns on-demand deployments of custom models, newest first, from all pages. The API itself applies the filters.
options:
  custom_model_deployment_identifier:
    description:
      - Return only this deployment, by its full ARN or name. The task fails if it is not found.
    type: str
  name_contains:
    description:
      - Return only deployments whose name contains this text.
    type: str
  status_equals:
    description:
      - Return only deployments with this status.
    type: str
    choices: [Creating, Active, Failed]
  model_arn_equals:
    description:
      - Return only deployments that serve the model with this ARN.
    type: str
  created_after:
    description:
      - Return only deployments that were created after this time, such as V(2026-11-20T00:00:00Z).
    type: str
  created_before:
    description:
      - Return only deployments that were created before this time.
    type: str
  limit:
    description:
      - The maximum number of deployments to return, newest first. V(0) returns all.
    type: int
    default: 0
  details:
    description:
      - Whether to fetch the tags and all other data of each deployment. This needs two more API calls each.
    type: bool
    default: false
extends_documentation_fragment:
  - llmops.finetune.aws
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_bedrock
  - llmops.finetune.attributes.info_module
seealso:
  - module: llmops.finetune.bedrock_custom_model_deployment
"""

EXAMPLES = r"""
- name: List all on-demand deployments of custom models
  llmops.finetune.bedrock_custom_model_deployment_info:
  register: all

- name: Get all information about one deployment
  llmops.finetune.bedrock_custom_model_deployment_info:
    custom_model_deployment_identifier: support-bot

- name: List the ten newest deployments of this month that serve one model, with their tags
  llmops.finetune.bedrock_custom_model_deployment_info:
    name_contains: support
    status_equals: Active
    model_arn_equals: arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/jk3m9x2p7q1z
    created_after: "2026-11-01T00:00:00Z"
    created_before: "2026-12-01T00:00:00Z"
    limit: 10
    details: true
"""

RETURN = r"""
deployments:
  description: The deployments, newest first, with the keys of the API in snake_case.
  returned: success
  type: list
  elements: dict
  contains:
    custom_model_deployment_arn:
      description: The ARN. It is the model id for the calls of Bedrock Runtime.
      returned: always
      type: str
    model_deployment_name:
      description: The name.
      returned: always
      type: str
      sample: support-bot
    update_details:
      description: The last change of the model, with C(model_arn) and C(update_status).
      returned: when O(details=true) or O(custom_model_deployment_identifier) is set, and its model was changed
      type: dict
    model_arn:
      description: The ARN of the model that is served.
      returned: always
      type: str
    status:
      description: The status.
      returned: always
      type: str
      sample: Active
    name:
      description: The name in this collection. V(null) for deployments that this collection did not create.
      returned: when O(details=true) or O(custom_model_deployment_identifier) is set
      type: str
      sample: support-bot
    tags:
      description: The tags, without the ownership tags of this collection.
      returned: when O(details=true) or O(custom_model_deployment_identifier) is set
      type: dict
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import end
from ..module_utils._providers._bedrock.client import AUTH_SPEC
from ..module_utils._providers._bedrock.serving_info import find_deployments

SPEC = {
    "custom_model_deployment_identifier": {"type": "str"},
    "name_contains": {"type": "str"},
    "status_equals": {"type": "str", "choices": ["Creating", "Active", "Failed"]},
    "model_arn_equals": {"type": "str"},
    "created_after": {"type": "str"},
    "created_before": {"type": "str"},
    "limit": {"type": "int", "default": 0},
    "details": {"type": "bool", "default": False},
}


def main() -> None:
    """Entry point."""
    module = Module(argument_spec={**AUTH_SPEC, **SPEC}, supports_check_mode=True)
    end(module, lambda: find_deployments(module))


if __name__ == "__main__":
    main()
