#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oci_generative_ai_dataset
short_description: Upload a validated dataset to Object Storage for OCI Generative AI
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Makes sure that a dataset is in a bucket, once. The data is validated line by line first; a dataset with an error is
    not uploaded.
  - The object is named C(NAME-HASH.jsonl), with the first 12 digits of the sha256 of its content, and found again by
    that with one request. So an unchanged dataset is never uploaded twice, and an edited one is a new object.
  - Large files are sent in parts side by side. Object Storage verifies a checksum of everything that is sent.
  - An object that appeared or changed meanwhile is never written over.
options:
  src:
    description:
      - The dataset as a JSONL file on the host where the module runs. Cannot be given together with O(content).
    type: path
  content:
    description:
      - The dataset itself, as JSONL text or as a list with one dictionary for each example. It needs O(name) or
        O(object).
    type: raw
  name:
    description:
      - The name of the dataset, 1 to 128 letters, digits, V(_), V(.) and V(-). The default is the name of O(src)
        without its extension.
      - With O(state=absent) and no O(src), O(content) or O(object), all versions of the dataset of this name are meant.
    type: str
  namespace:
    description:
      - The namespace of Object Storage. Left out, it is that of the tenancy, which takes one request to look up.
    type: str
  bucket:
    description:
      - The bucket, which is there. The API names no region with it, so it is one of the region of the training. Its
        tier is C(Standard).
    type: str
    required: true
  prefix:
    description:
      - What to put before the name of the object, such as V(datasets/). It ends with a slash. Cannot be given together
        with O(object).
    type: str
  object:
    description:
      - The whole name of the object, instead of one with the hash. If other content is there, it is written over.
    type: str
  format:
    description:
      - The format of the data. Left out, it is detected. See M(llmops.finetune.dataset_info).
    type: str
    choices: [oci_completion]
  validate:
    description:
      - Whether an invalid dataset fails the task before anything is uploaded.
      - If V(false), what was found is only returned, in RV(validation).
    type: bool
    default: true
  base_model_identifier:
    description:
      - The name of the base model that is to be trained on the data, such as V(cohere.command-r-08-2024), to check the
        limits that are known of it. Left out, only what holds for all is checked.
    type: str
  state:
    description:
      - V(present) makes sure that the object is there.
      - V(absent) deletes it, and aborts unfinished uploads of it.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - llmops.finetune.oci
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_oci
  - llmops.finetune.attributes.resource
seealso:
  - module: llmops.finetune.dataset_info
  - module: llmops.finetune.oci_generative_ai_model
"""

EXAMPLES = r"""
- name: Upload a dataset, unless it is there
  llmops.finetune.oci_generative_ai_dataset:
    src: files/tickets.jsonl
    bucket: example-training
    prefix: datasets/
  register: data

- name: Train a model on it
  llmops.finetune.oci_generative_ai_model:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: tickets
    base_model_id: ocid1.generativeaimodel.oc1.us-chicago-1.exampleuniqueid
    fine_tune_details:
      dedicated_ai_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
      training_dataset:
        namespace: "{{ data.namespace }}"
        bucket: "{{ data.bucket }}"
        object: "{{ data.object }}"

- name: Write the examples in the playbook, under a name of its own
  llmops.finetune.oci_generative_ai_dataset:
    content: "{{ pairs }}"
    namespace: examplenamespace
    bucket: example-training
    object: tickets/current.jsonl
    base_model_identifier: cohere.command-r-08-2024

- name: Delete all versions of a dataset
  llmops.finetune.oci_generative_ai_dataset:
    name: tickets
    bucket: example-training
    prefix: datasets/
    state: absent
"""

RETURN = r"""
action:
  description: What was done, or would be done in check mode. V(update) changes what is under O(object).
  returned: success, and on failure as far as it is known
  type: str
  sample: create
  choices: [none, create, update, delete]
name:
  description: The name of the dataset.
  returned: success, and on failure as far as it is known
  type: str
  sample: tickets
id:
  description:
    - The object as C(oci://BUCKET@NAMESPACE/OBJECT); none if there is none.
  returned: success, and on failure as far as it is known
  type: str
  sample: oci://example-training@examplenamespace/datasets/tickets-9f86d081884c.jsonl
run_id:
  description: The same under the name that it has for every resource.
  returned: success, and on failure as far as it is known
  type: str
namespace:
  description: The namespace of Object Storage.
  returned: success, and on failure as far as it is known
  type: str
  sample: examplenamespace
bucket:
  description: The bucket.
  returned: success, and on failure as far as it is known
  type: str
  sample: example-training
object:
  description: The name of the object; the real one in check mode too.
  returned: success, and on failure as far as it is known
  type: str
  sample: datasets/tickets-9f86d081884c.jsonl
sha256:
  description: The hash of the data; only its first 12 digits where just the name is known.
  returned: success, and on failure as far as it is known
  type: str
bytes:
  description: The size of the data.
  returned: success, and on failure as far as it is known
  type: int
  sample: 73912
examples:
  description: How many examples the data has; none where the data was not given.
  returned: success, and on failure as far as it is known
  type: int
  sample: 82
format:
  description: The format of the data; none where the data was not given.
  returned: success, and on failure as far as it is known
  type: str
  sample: oci_completion
estimated_tokens:
  description: An estimate of its tokens; none where the data was not given.
  returned: success, and on failure as far as it is known
  type: int
  sample: 18512
validation:
  description: What M(llmops.finetune.dataset_info) returns for the data; empty where the data was not given.
  returned: success, and on failure as far as it is known
  type: dict
version_id:
  description: The version of an object that was there before, in a bucket that keeps versions.
  returned: success, and on failure as far as it is known
  type: str
status:
  description: V(uploaded), V(absent) if there is no object, V(check-mode) if check mode foresees one.
  returned: success, and on failure as far as it is known
  type: str
  sample: uploaded
elapsed:
  description: For how many seconds the task worked.
  returned: success, and on failure as far as it is known
  type: float
  sample: 2.3
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import run_resource
from ..module_utils._providers._oci.dataset import prepare
from ..module_utils._providers._oci.options import DATASET


def main() -> None:
    """Entry point."""
    run_resource(Module(**DATASET, supports_check_mode=True), prepare)


if __name__ == "__main__":
    main()
