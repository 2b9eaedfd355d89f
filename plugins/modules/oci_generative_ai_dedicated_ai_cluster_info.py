#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oci_generative_ai_dedicated_ai_cluster_info
short_description: Look at dedicated AI clusters of OCI Generative AI
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Returns the dedicated AI clusters of a compartment, newest first, all pages, filtered by the API itself.
options:
  compartment_id:
    description:
      - The OCID of the compartment.
      - Required unless O(dedicated_ai_cluster_id) is given.
    type: str
  dedicated_ai_cluster_id:
    description:
      - Only this cluster, by its OCID. It is an error if it is not found.
    type: str
  state:
    description:
      - Only clusters in this lifecycle state.
    type: str
    choices: [ACTIVE, CREATING, UPDATING, NEEDS_ATTENTION, DELETING, DELETED, FAILED]
  display_name:
    description:
      - Only clusters of exactly this name.
    type: str
  type:
    description:
      - Only clusters to host on, or only those to train on. The API has no such filter; what it lists is sorted out
        afterwards.
    type: str
    choices: [HOSTING, FINE_TUNING]
  limit:
    description:
      - Return at most this many clusters, the newest. V(0) returns all.
    type: int
    default: 0
  details:
    description:
      - Whether to look each cluster up for all that the API says of it, and its newest work request with the errors and
        the log. Costs up to four calls each.
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
- name: All clusters of a compartment
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster_info:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
  register: clusters

- name: Everything about one cluster
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster_info:
    dedicated_ai_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
    details: true

- name: Find one to train on
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster_info:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: tuning
    type: FINE_TUNING
    state: ACTIVE
    limit: 1
"""

RETURN = r"""
dedicated_ai_clusters:
  description: The clusters, newest first, in the words of the API, in snake_case.
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
      description: What the host says about the state.
      returned: when the API says so
      type: str
    type:
      description: V(HOSTING) or V(FINE_TUNING).
      returned: always
      type: str
      sample: FINE_TUNING
    unit_shape:
      description: The shape of its units.
      returned: always
      type: str
      sample: LARGE_GENERIC
    unit_count:
      description: How many units it has.
      returned: always
      type: int
      sample: 2
    capacity:
      description: How many endpoints there are on it, and how many there can be.
      returned: when it is a hosting cluster
      type: dict
    name:
      description: The name under which this collection keeps it; none for clusters of others.
      returned: always
      type: str
      sample: tuning
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
