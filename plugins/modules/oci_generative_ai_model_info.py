#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oci_generative_ai_model_info
short_description: Look at models of OCI Generative AI
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Returns the custom models of a compartment and the base models of the region, newest first, all pages, filtered by
    the API itself.
  - So a base model can be found by its name and what it can, instead of by an OCID that differs from region to region.
options:
  compartment_id:
    description:
      - The OCID of the compartment. Base models are listed in each.
      - Required unless O(model_id) is given.
    type: str
  model_id:
    description:
      - Only this model, by its OCID. It is an error if it is not found.
    type: str
  capability:
    description:
      - Only models that have one of these capabilities, such as V(FINE_TUNE), V(CHAT) or V(TEXT_EMBEDDINGS).
    type: list
    elements: str
  vendor:
    description:
      - Only models of this vendor, such as V(cohere) or V(meta).
    type: str
  state:
    description:
      - Only models in this lifecycle state.
    type: str
    choices: [ACTIVE, CREATING, DELETING, DELETED, FAILED]
  display_name:
    description:
      - Only models of exactly this name. Several versions of a base model can have the same.
    type: str
  type:
    description:
      - Only base models, or only custom ones. The API has no such filter; what it lists is sorted out afterwards.
    type: str
    choices: [BASE, CUSTOM]
  limit:
    description:
      - Return at most this many models, the newest. V(0) returns all.
    type: int
    default: 0
  details:
    description:
      - Whether to look each model up for all that the API says of it, and its newest work request with the errors and
        the log. Costs up to four calls each.
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
- name: Find a base model to train, the newest of the name
  llmops.finetune.oci_generative_ai_model_info:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    capability: [FINE_TUNE]
    display_name: meta.llama-3.3-70b-instruct
    type: BASE
    limit: 1
  register: base

- name: Everything about one model
  llmops.finetune.oci_generative_ai_model_info:
    model_id: ocid1.generativeaimodel.oc1.us-chicago-1.exampleuniqueid
    details: true

- name: Which trainings failed, and why
  llmops.finetune.oci_generative_ai_model_info:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    state: FAILED
    details: true

- name: All that Cohere makes
  llmops.finetune.oci_generative_ai_model_info:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    vendor: cohere
"""

RETURN = r"""
models:
  description: The models, newest first, in the words of the API, in snake_case.
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
      description: What the host says about the state.
      returned: when the API says so
      type: str
    type:
      description: V(BASE) or V(CUSTOM).
      returned: always
      type: str
      sample: BASE
    vendor:
      description: Who makes it.
      returned: when the API says so
      type: str
      sample: meta
    version:
      description: Its version.
      returned: when the API says so
      type: str
    capabilities:
      description: What it can be used for.
      returned: always
      type: list
      elements: str
      sample: [CHAT, FINE_TUNE]
    base_model_id:
      description: The OCID of the model that it was trained from.
      returned: when it is a custom model
      type: str
    fine_tune_details:
      description: How it was trained.
      returned: when it is a custom model
      type: dict
    model_metrics:
      description: The metrics of the training.
      returned: when the API says so
      type: dict
    metrics:
      description: The same under the names that every provider's result has; empty where there are none.
      returned: always
      type: dict
      sample:
        training_loss: 0.41
        accuracy: 0.87
    name:
      description: The name under which this collection keeps it; none for models of others.
      returned: always
      type: str
      sample: support-bot
    training_sha256:
      description: The sha256 of the training data, as far as a tag records it.
      returned: always
      type: str
    freeform_tags:
      description: Its free-form tags, without those of this collection.
      returned: when the API says so
      type: dict
    defined_tags:
      description: Its defined tags.
      returned: when the API says so
      type: dict
    time_created:
      description: When it was created.
      returned: always
      type: str
      sample: "2026-11-20T09:12:33.000Z"
    work_request:
      description: Its newest work request, with C(errors) and C(logs); empty where the host has none, or no longer.
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
