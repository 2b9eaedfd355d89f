#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oci_generative_ai_model_info
short_description: Gather information about models of OCI Generative AI
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Returns the custom models of a compartment and the base models of the region, newest first, from all pages. The API
    itself applies the filters.
  - So you can find a base model by its name and capabilities. Its OCID differs from region to region.
options:
  compartment_id:
    description:
      - The OCID of the compartment. Base models are listed in every compartment.
      - Required unless O(model_id) is set.
    type: str
  model_id:
    description:
      - Return only this model, by its OCID. The task fails if the model is not found.
    type: str
  capability:
    description:
      - Return only models that have one of these capabilities, such as V(FINE_TUNE), V(CHAT) or V(TEXT_EMBEDDINGS).
    type: list
    elements: str
  vendor:
    description:
      - Return only models of this vendor, such as V(cohere) or V(meta).
    type: str
  state:
    description:
      - Return only models in this lifecycle state.
    type: str
    choices: [ACTIVE, CREATING, DELETING, DELETED, FAILED]
  display_name:
    description:
      - Return only models with exactly this name. Several versions of a base model can have the same name.
    type: str
  type:
    description:
      - Return only base models, or only custom models. The API has no such filter, so the module filters the result.
    type: str
    choices: [BASE, CUSTOM]
  limit:
    description:
      - The maximum number of models to return, newest first. V(0) returns all.
    type: int
    default: 0
  details:
    description:
      - Whether to fetch all data of each model, and its newest work request with the errors and the log. This needs up
        to four more API calls each.
    type: bool
    default: false
extends_documentation_fragment:
  - llmops.finetune.oci
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_oci
  - llmops.finetune.attributes.info_module
seealso:
  - module: llmops.finetune.oci_generative_ai_model
  - module: llmops.finetune.oci_generative_ai_dedicated_ai_cluster_info
"""

EXAMPLES = r"""
- name: Find the newest version of a base model to train
  llmops.finetune.oci_generative_ai_model_info:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    capability: [FINE_TUNE]
    display_name: meta.llama-3.3-70b-instruct
    type: BASE
    limit: 1
  register: base

- name: Get all information about one model
  llmops.finetune.oci_generative_ai_model_info:
    model_id: ocid1.generativeaimodel.oc1.us-chicago-1.exampleuniqueid
    details: true

- name: List failed trainings with the reasons
  llmops.finetune.oci_generative_ai_model_info:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    state: FAILED
    details: true

- name: List all models of Cohere
  llmops.finetune.oci_generative_ai_model_info:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    vendor: cohere
"""

RETURN = r"""
models:
  description: The models, newest first, with the keys of the API in snake_case.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The OCID.
      returned: always
      type: str
      sample: ocid1.generativeaimodel.oc1.us-chicago-1.exampleuniqueid
    display_name:
      description: The name.
      returned: always
      type: str
      sample: meta.llama-3.3-70b-instruct
    lifecycle_state:
      description: The state.
      returned: always
      type: str
      sample: ACTIVE
    lifecycle_details:
      description: Details about the state, as OCI reports them.
      returned: when the API returns it
      type: str
    type:
      description: V(BASE) or V(CUSTOM).
      returned: always
      type: str
      sample: BASE
    vendor:
      description: The vendor.
      returned: when the API returns it
      type: str
      sample: meta
    version:
      description: The version.
      returned: when the API returns it
      type: str
    capabilities:
      description: The capabilities of the model.
      returned: always
      type: list
      elements: str
      sample: [CHAT, FINE_TUNE]
    base_model_id:
      description: The OCID of the base model.
      returned: when it is a custom model
      type: str
    fine_tune_details:
      description: The settings of the training.
      returned: when it is a custom model
      type: dict
    model_metrics:
      description: The metrics of the training.
      returned: when the API returns it
      type: dict
    metrics:
      description: The same metrics, under the names that all providers share. Empty if there are none.
      returned: always
      type: dict
      sample:
        training_loss: 0.41
        accuracy: 0.87
    name:
      description: The name in this collection. V(null) for models that this collection does not manage.
      returned: always
      type: str
      sample: support-bot
    training_sha256:
      description: The SHA-256 hash of the training data, if a tag records it.
      returned: always
      type: str
    freeform_tags:
      description: The free-form tags, without the ownership tags of this collection.
      returned: when the API returns it
      type: dict
    defined_tags:
      description: The defined tags.
      returned: when the API returns it
      type: dict
    time_created:
      description: The time when the model was created.
      returned: always
      type: str
      sample: "2026-11-20T09:12:33.000Z"
    work_request:
      description: The newest work request, with C(errors) and C(logs). Empty if OCI has none, or has deleted it.
      returned: when O(details=true)
      type: dict
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import end
from ..module_utils._providers._oci.client import AUTH_SPEC
from ..module_utils._providers._oci.info import find_models

SPEC = {
    "compartment_id": {"type": "str"},
    "model_id": {"type": "str"},
    "capability": {"type": "list", "elements": "str"},
    "vendor": {"type": "str"},
    "state": {"type": "str", "choices": ["ACTIVE", "CREATING", "DELETING", "DELETED", "FAILED"]},
    "display_name": {"type": "str"},
    "type": {"type": "str", "choices": ["BASE", "CUSTOM"]},
    "limit": {"type": "int", "default": 0},
    "details": {"type": "bool", "default": False},
}


def main() -> None:
    """Entry point."""
    module = Module(
        argument_spec={**AUTH_SPEC, **SPEC},
        required_one_of=[("compartment_id", "model_id")],
        mutually_exclusive=[
            ("model_id", "capability"),
            ("model_id", "vendor"),
            ("model_id", "state"),
            ("model_id", "display_name"),
            ("model_id", "type"),
        ],
        supports_check_mode=True,
    )
    end(module, lambda: find_models(module))


if __name__ == "__main__":
    main()
