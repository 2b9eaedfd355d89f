#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oci_generative_ai_dedicated_ai_cluster_info
short_description: Gather information about dedicated AI clusters of OCI Generative AI
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Returns the dedicated AI clusters of a compartment, newest first, from all pages. The API itself applies the
    filters.
options:
  compartment_id:
    description:
      - The OCID of the compartment.
      - Required unless O(dedicated_ai_cluster_id) is set.
    type: str
  dedicated_ai_cluster_id:
    description:
      - Return only this cluster, by its OCID. The task fails if the cluster is not found.
    type: str
  state:
    description:
      - Return only clusters in this lifecycle state.
    type: str
    choices: [ACTIVE, CREATING, UPDATING, NEEDS_ATTENTION, DELETING, DELETED, FAILED]
  display_name:
    description:
      - Return only clusters with exactly this name.
    type: str
  type:
    description:
      - Return only clusters for hosting, or only clusters for training. The API has no such filter, so the module
        filters the result.
    type: str
    choices: [HOSTING, FINE_TUNING]
  limit:
    description:
      - The maximum number of clusters to return, newest first. V(0) returns all.
    type: int
    default: 0
  details:
    description:
      - Whether to fetch all data of each cluster, and its newest work request with the errors and the log. This needs
        up to four more API calls each.
    type: bool
    default: false
extends_documentation_fragment:
  - llmops.finetune.oci
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_oci
  - llmops.finetune.attributes.info_module
seealso:
  - module: llmops.finetune.oci_generative_ai_dedicated_ai_cluster
"""

EXAMPLES = r"""
- name: List all clusters of a compartment
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster_info:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
  register: clusters

- name: Get all information about one cluster
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster_info:
    dedicated_ai_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
    details: true

- name: Find a cluster for training
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster_info:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: tuning
    type: FINE_TUNING
    state: ACTIVE
    limit: 1
"""

RETURN = r"""
dedicated_ai_clusters:
  description: The clusters, newest first, with the keys of the API in snake_case.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The OCID.
      returned: always
      type: str
      sample: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
    display_name:
      description: The name.
      returned: always
      type: str
      sample: tuning
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
      description: V(HOSTING) or V(FINE_TUNING).
      returned: always
      type: str
      sample: FINE_TUNING
    unit_shape:
      description: The shape of the units.
      returned: always
      type: str
      sample: LARGE_GENERIC
    unit_count:
      description: The number of units.
      returned: always
      type: int
      sample: 2
    capacity:
      description: The number of endpoints on the cluster, and the maximum number.
      returned: when it is a hosting cluster
      type: dict
    name:
      description: The name in this collection. V(null) for clusters that this collection does not manage.
      returned: always
      type: str
      sample: tuning
    freeform_tags:
      description: The free-form tags, without the ownership tags of this collection.
      returned: when the API returns it
      type: dict
    defined_tags:
      description: The defined tags.
      returned: when the API returns it
      type: dict
    time_created:
      description: The time when the cluster was created.
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
from ..module_utils._providers._oci.info import find_clusters

SPEC = {
    "compartment_id": {"type": "str"},
    "dedicated_ai_cluster_id": {"type": "str"},
    "state": {
        "type": "str",
        "choices": ["ACTIVE", "CREATING", "UPDATING", "NEEDS_ATTENTION", "DELETING", "DELETED", "FAILED"],
    },
    "display_name": {"type": "str"},
    "type": {"type": "str", "choices": ["HOSTING", "FINE_TUNING"]},
    "limit": {"type": "int", "default": 0},
    "details": {"type": "bool", "default": False},
}


def main() -> None:
    """Entry point."""
    module = Module(
        argument_spec={**AUTH_SPEC, **SPEC},
        required_one_of=[("compartment_id", "dedicated_ai_cluster_id")],
        mutually_exclusive=[
            ("dedicated_ai_cluster_id", "state"),
            ("dedicated_ai_cluster_id", "display_name"),
            ("dedicated_ai_cluster_id", "type"),
        ],
        supports_check_mode=True,
    )
    end(module, lambda: find_clusters(module))


if __name__ == "__main__":
    main()
