#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bedrock_foundation_model_info
short_description: Gather information about foundation models of Amazon Bedrock and their customization
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Returns the foundation models of the region, how each of them can be customized, and the dates of its life cycle.
options:
  model_id:
    description:
      - Return only this model, by its id or ARN. The task fails if the model is not found.
    type: str
  customizable:
    description:
      - V(true) returns only models that can be customized. V(false) returns only the other models.
    type: bool
  by_provider:
    description:
      - Return only models of this provider, such as V(Amazon).
    type: str
  by_customization_type:
    description:
      - Return only models that can be customized with this method.
    type: str
    choices: [FINE_TUNING, CONTINUED_PRE_TRAINING, DISTILLATION]
  by_output_modality:
    description:
      - Return only models with this type of output.
    type: str
    choices: [TEXT, IMAGE, EMBEDDING]
  by_inference_type:
    description:
      - Return only models that support this type of inference.
    type: str
    choices: [ON_DEMAND, PROVISIONED]
extends_documentation_fragment:
  - llmops.finetune.aws
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_bedrock
  - llmops.finetune.attributes.info_module
seealso:
  - module: llmops.finetune.bedrock_custom_model
"""

EXAMPLES = r"""
- name: List the models that can be customized in this region
  llmops.finetune.bedrock_foundation_model_info:
    customizable: true
  register: bases

- name: Get information about one model
  llmops.finetune.bedrock_foundation_model_info:
    model_id: amazon.nova-lite-v1:0:300k

- name: List text models of Amazon that support distillation and provisioned throughput
  llmops.finetune.bedrock_foundation_model_info:
    by_provider: Amazon
    by_customization_type: DISTILLATION
    by_output_modality: TEXT
    by_inference_type: PROVISIONED
"""

RETURN = r"""
models:
  description: The models, with the keys of the API in snake_case.
  returned: success
  type: list
  elements: dict
  contains:
    model_id:
      description: The id.
      returned: always
      type: str
      sample: amazon.nova-lite-v1:0:300k
    model_arn:
      description: The ARN.
      returned: always
      type: str
      sample: arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k
    customizations_supported:
      description:
        - The supported customization methods. The API has no value for reinforcement fine-tuning here.
      returned: when the API returns it
      type: list
      elements: str
      sample: [FINE_TUNING]
    model_lifecycle:
      description: The status of the model in its life cycle, and the dates of its stages.
      returned: when the API returns it
      type: dict
      sample:
        status: ACTIVE
    end_of_life_time:
      description: The end of the model's life. V(null) if the API does not show it.
      returned: always
      type: str
    hyperparameters:
      description: The hyperparameters that AWS documents for the model, with their ranges. Empty if none are known.
      returned: always
      type: dict
      sample:
        epochCount:
          minimum: 1
          maximum: 5
    dataset_formats:
      description: The formats of M(llmops.finetune.dataset_info) that fine-tuning accepts. Empty if none are known.
      returned: always
      type: list
      elements: str
      sample: [bedrock_converse]
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import end
from ..module_utils._providers._bedrock.client import AUTH_SPEC
from ..module_utils._providers._bedrock.foundation_model_info import find

SPEC = {
    "model_id": {"type": "str"},
    "customizable": {"type": "bool"},
    "by_provider": {"type": "str"},
    "by_customization_type": {"type": "str", "choices": ["FINE_TUNING", "CONTINUED_PRE_TRAINING", "DISTILLATION"]},
    "by_output_modality": {"type": "str", "choices": ["TEXT", "IMAGE", "EMBEDDING"]},
    "by_inference_type": {"type": "str", "choices": ["ON_DEMAND", "PROVISIONED"]},
}


def main() -> None:
    """Entry point."""
    module = Module(
        argument_spec={**AUTH_SPEC, **SPEC},
        mutually_exclusive=[
            ("model_id", "by_provider"),
            ("model_id", "by_customization_type"),
            ("model_id", "by_output_modality"),
            ("model_id", "by_inference_type"),
        ],
        supports_check_mode=True,
    )
    end(module, lambda: find(module))


if __name__ == "__main__":
    main()
