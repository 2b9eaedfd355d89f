#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oci_generative_ai_endpoint_info
short_description: Gather information about endpoints of OCI Generative AI
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Returns the endpoints of a compartment, newest first, from all pages.
options:
  compartment_id:
    description:
      - The OCID of the compartment.
      - Required unless O(endpoint_id) is set.
    type: str
  endpoint_id:
    description:
      - Return only this endpoint, by its OCID. The task fails if the endpoint is not found.
    type: str
  state:
    description:
      - Return only endpoints in this lifecycle state. The API applies this filter.
    type: str
    choices: [ACTIVE, CREATING, UPDATING, DELETING, DELETED, FAILED]
  display_name:
    description:
      - Return only endpoints with exactly this name. The API applies this filter.
    type: str
  generative_ai_private_endpoint_id:
    description:
      - Return only endpoints with this private endpoint. The API applies this filter.
    type: str
  model_id:
    description:
      - Return only endpoints that serve this model. The API has no such filter, so the module filters the result.
    type: str
  dedicated_ai_cluster_id:
    description:
      - Return only endpoints on this cluster. The API has no such filter, so the module filters the result.
    type: str
  limit:
    description:
      - The maximum number of endpoints to return, newest first. V(0) returns all.
    type: int
    default: 0
  details:
    description:
      - Whether to fetch all data of each endpoint, and its newest work request with the errors and the log. This needs
        up to four more API calls each.
    type: bool
    default: false
extends_documentation_fragment:
  - llmops.finetune.oci
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_oci
  - llmops.finetune.attributes.info_module
seealso:
  - module: llmops.finetune.oci_generative_ai_endpoint
"""

EXAMPLES = r"""
- name: List all endpoints of a compartment
  llmops.finetune.oci_generative_ai_endpoint_info:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
  register: endpoints

- name: Get all information about one endpoint
  llmops.finetune.oci_generative_ai_endpoint_info:
    endpoint_id: ocid1.generativeaiendpoint.oc1.us-chicago-1.exampleuniqueid
    details: true

- name: Find the newest active endpoint of a model on a cluster
  llmops.finetune.oci_generative_ai_endpoint_info:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: support-bot
    generative_ai_private_endpoint_id: ocid1.generativeaiprivateendpoint.oc1.us-chicago-1.exampleuniqueid
    model_id: ocid1.generativeaimodel.oc1.us-chicago-1.exampleuniqueid
    dedicated_ai_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
    state: ACTIVE
    limit: 1
"""

RETURN = r"""
endpoints:
  description: The endpoints, newest first, with the keys of the API in snake_case.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The OCID.
      returned: always
      type: str
      sample: ocid1.generativeaiendpoint.oc1.us-chicago-1.exampleuniqueid
    display_name:
      description: The name.
      returned: always
      type: str
      sample: support-bot
    lifecycle_state:
      description: The state.
      returned: always
      type: str
      sample: ACTIVE
    lifecycle_details:
      description: Details about the state, as OCI reports them.
      returned: when the API returns it
      type: str
    description:
      description: The description.
      returned: when the API returns it
      type: str
    compartment_id:
      description: The OCID of the compartment.
      returned: always
      type: str
    model_id:
      description: The OCID of the model that is served.
      returned: always
      type: str
    dedicated_ai_cluster_id:
      description: The OCID of the hosting cluster.
      returned: always
      type: str
    generative_ai_private_endpoint_id:
      description: The OCID of the private endpoint.
      returned: when the API returns it
      type: str
    content_moderation_config:
      description: The check of prompts and answers for harmful content.
      returned: when the API returns it
      type: dict
    prompt_injection_config:
      description: The check of prompts for injected instructions.
      returned: when the API returns it
      type: dict
    pii_detection_config:
      description: The check for data about persons.
      returned: when the API returns it
      type: dict
    name:
      description: The name in this collection. V(null) for endpoints that this collection does not manage.
      returned: always
      type: str
      sample: support-bot
    freeform_tags:
      description: The free-form tags, without the ownership tags of this collection.
      returned: when the API returns it
      type: dict
    defined_tags:
      description: The defined tags.
      returned: when the API returns it
      type: dict
    time_created:
      description: The time when the endpoint was created.
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
from ..module_utils._providers._oci.info import find_endpoints

FILTERS = ("state", "display_name", "generative_ai_private_endpoint_id", "model_id", "dedicated_ai_cluster_id")
SPEC = {
    "compartment_id": {"type": "str"},
    "endpoint_id": {"type": "str"},
    "state": {"type": "str", "choices": ["ACTIVE", "CREATING", "UPDATING", "DELETING", "DELETED", "FAILED"]},
    "display_name": {"type": "str"},
    "generative_ai_private_endpoint_id": {"type": "str"},
    "model_id": {"type": "str"},
    "dedicated_ai_cluster_id": {"type": "str"},
    "limit": {"type": "int", "default": 0},
    "details": {"type": "bool", "default": False},
}


def main() -> None:
    """Entry point."""
    module = Module(
        argument_spec={**AUTH_SPEC, **SPEC},
        required_one_of=[("compartment_id", "endpoint_id")],
        mutually_exclusive=[("endpoint_id", option) for option in FILTERS],
        supports_check_mode=True,
    )
    end(module, lambda: find_endpoints(module))


if __name__ == "__main__":
    main()
