#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oci_generative_ai_dataset
short_description: Manage datasets for OCI Generative AI in Object Storage
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Ensures that a dataset is in a bucket, once. The data is validated line by line first. A dataset with an error is
    not uploaded.
  - The object is named C(NAME-HASH.jsonl). The hash is the first 12 digits of the SHA-256 hash of the content. The
    module finds the object by this name with one request, so it never uploads an unchanged dataset twice. A changed
    dataset is a new object.
  - Large files are uploaded in parallel parts. Object Storage verifies a checksum of all uploaded data.
  - If an object appears or changes during the task, it is never overwritten.
options:
  src:
    description:
      - The path of the dataset, a JSONL file on the host where the module runs. Cannot be used together with
        O(content).
    type: path
  content:
    description:
      - The dataset as JSONL text, or as a list with one dictionary per example. It requires O(name) or O(object).
    type: raw
  name:
    description:
      - The name of the dataset, 1 to 128 letters, digits, V(_), V(.) and V(-). The default is the name of O(src)
        without its extension.
      - With O(state=absent) and no O(src), O(content) or O(object), the module deletes all versions of the dataset with
        this name.
    type: str
  namespace:
    description:
      - The namespace of Object Storage. If not set, the module looks up the namespace of the tenancy with one request.
    type: str
  bucket:
    description:
      - An existing bucket in the region of the training (the API takes no region for it). Its tier must be C(Standard).
    type: str
    required: true
  prefix:
    description:
      - The prefix for the name of the object, such as V(datasets/). It must end with a slash. Cannot be used together
        with O(object).
    type: str
  object:
    description:
      - The full name of the object, instead of a name with the hash. An object with other content is overwritten.
    type: str
  format:
    description:
      - The format of the data, see M(llmops.finetune.dataset_info). If not set, it is detected.
    type: str
    choices: [oci_completion]
  validate:
    description:
      - Whether an invalid dataset fails the task before anything is uploaded.
      - If V(false), problems are only returned in RV(validation).
    type: bool
    default: true
  base_model_identifier:
    description:
      - The name of the base model to train, such as V(cohere.command-r-08-2024), to check its known limits. If not set,
        only the limits that apply to all models are checked.
    type: str
  state:
    description:
      - V(present) ensures that the object exists.
      - V(absent) deletes the object and aborts its unfinished uploads.
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
- name: Upload a dataset if it does not exist
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

- name: Upload examples from the playbook with their own object name
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
  description:
    - The action that was performed, or that a real run would perform in check mode. V(update) changes the content of
    - O(object).
  returned: success, and on failure if known
  type: str
  sample: create
  choices: [none, create, update, delete]
name:
  description: The name of the dataset.
  returned: success, and on failure if known
  type: str
  sample: tickets
id:
  description:
    - The object as C(oci://BUCKET@NAMESPACE/OBJECT). V(null) if there is no object.
  returned: success, and on failure if known
  type: str
  sample: oci://example-training@examplenamespace/datasets/tickets-9f86d081884c.jsonl
run_id:
  description: The same as RV(id), under the name that all resources share.
  returned: success, and on failure if known
  type: str
namespace:
  description: The namespace of Object Storage.
  returned: success, and on failure if known
  type: str
  sample: examplenamespace
bucket:
  description: The bucket.
  returned: success, and on failure if known
  type: str
  sample: example-training
object:
  description: The name of the object. It is the real name in check mode too.
  returned: success, and on failure if known
  type: str
  sample: datasets/tickets-9f86d081884c.jsonl
sha256:
  description: The SHA-256 hash of the data. Only its first 12 digits, if only the name is known.
  returned: success, and on failure if known
  type: str
bytes:
  description: The size of the data.
  returned: success, and on failure if known
  type: int
  sample: 73912
examples:
  description: The number of examples in the data. V(null) if the data was not given.
  returned: success, and on failure if known
  type: int
  sample: 82
format:
  description: The format of the data. V(null) if the data was not given.
  returned: success, and on failure if known
  type: str
  sample: oci_completion
estimated_tokens:
  description: The estimated number of tokens in the data. V(null) if the data was not given.
  returned: success, and on failure if known
  type: int
  sample: 18512
validation:
  description: The result of M(llmops.finetune.dataset_info) for the data. Empty if the data was not given.
  returned: success, and on failure if known
  type: dict
version_id:
  description: The version of an object that existed before, in a bucket with versioning.
  returned: success, and on failure if known
  type: str
status:
  description: V(uploaded). V(absent) if there is no object. V(check-mode) if check mode predicts an upload.
  returned: success, and on failure if known
  type: str
  sample: uploaded
elapsed:
  description: The duration of the task, in seconds.
  returned: success, and on failure if known
  type: float
  sample: 2.3
"""

from functools import partial

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import run_resource
from ..module_utils._providers._oci.dataset import SPEC, build_driver
from ..module_utils._providers.catalogue import formats


def main() -> None:
    """Entry point."""
    run_resource(Module(**SPEC, supports_check_mode=True), partial(build_driver, formats=formats()))


if __name__ == "__main__":
    main()
