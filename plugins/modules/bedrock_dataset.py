#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bedrock_dataset
short_description: Manage datasets for Amazon Bedrock in S3
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Ensures that a dataset is in a bucket, once. The data is validated line by line first. A dataset with an error is
    not uploaded.
  - The object is named C(NAME-HASH.jsonl). The hash is the first 12 digits of the SHA-256 hash of the content. The
    module finds the object by this name with one request, so it never uploads an unchanged dataset twice. A changed
    dataset is a new object.
  - Large files are uploaded in parallel parts. S3 verifies a checksum of all uploaded data.
options:
  src:
    description:
      - The path of the dataset, a JSONL file on the host where the module runs. Cannot be used together with
        O(content).
    type: path
  content:
    description:
      - The dataset as JSONL text, or as a list with one dictionary per example. It requires O(name) or O(key).
    type: raw
  name:
    description:
      - The name of the dataset, 1 to 128 letters, digits, V(_), V(.) and V(-). The default is the name of O(src)
        without its extension.
      - With O(state=absent) and no O(src), O(content) or O(key), the module deletes all versions of the dataset with
        this name.
    type: str
  bucket:
    description:
      - The bucket. It must be in the region of the jobs.
    type: str
    required: true
  prefix:
    description:
      - The prefix for the name of the object, such as V(datasets/). It must end with a slash. Cannot be used together
        with O(key).
    type: str
  key:
    description:
      - The full key of the object, instead of a key with the hash. An object with other content is overwritten.
      - If O(base_model_identifier) is an Amazon Nova model, the key can contain only letters, digits, underscores,
        dashes, slashes and dots.
    type: str
  format:
    description:
      - The format of the data, see M(llmops.finetune.dataset_info). If not set, it is detected.
    type: str
    choices:
      - bedrock_converse
      - bedrock_distillation
      - bedrock_claude
      - bedrock_reinforcement
      - bedrock_completion
      - bedrock_pretraining
      - bedrock_image_caption
  validate:
    description:
      - Whether an invalid dataset fails the task before anything is uploaded.
      - If V(false), problems are only returned in RV(validation).
    type: bool
    default: true
  base_model_identifier:
    description:
      - The base model to train, to check the limits of its model family. If not set, only the limits that apply to all
        models are checked.
    type: str
  customization_type:
    description:
      - The training method, as in M(llmops.finetune.bedrock_custom_model).
    type: str
    choices: [FINE_TUNING, CONTINUED_PRE_TRAINING, DISTILLATION, REINFORCEMENT_FINE_TUNING]
  split:
    description:
      - The use of the data. For V(validation), separate limits apply.
    type: str
    choices: [training, validation]
    default: training
  kms_key_id:
    description:
      - The KMS key that encrypts the object, by its ARN, id or alias. If not set, the setting of the bucket applies.
      - It applies only when the object is uploaded.
    type: str
  tags:
    description:
      - Tags of the object, at most 10. If not set, tags are not compared. V({}) removes all tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether to remove tags that are not in O(tags).
    type: bool
    default: true
  state:
    description:
      - V(present) ensures that the object exists.
      - V(absent) deletes the object and aborts its unfinished uploads.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - llmops.finetune.aws
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_bedrock
  - llmops.finetune.attributes.resource
seealso:
  - module: llmops.finetune.dataset_info
  - module: llmops.finetune.bedrock_custom_model
"""

EXAMPLES = r"""
- name: Upload a dataset if it does not exist
  llmops.finetune.bedrock_dataset:
    src: files/support-bot.jsonl
    bucket: example-training
    prefix: datasets/
    base_model_identifier: amazon.nova-lite-v1:0:300k
  register: data

- name: Upload validation data with a KMS key and tags
  llmops.finetune.bedrock_dataset:
    name: support-bot-check
    src: files/check.jsonl
    format: bedrock_converse
    split: validation
    bucket: example-training
    kms_key_id: alias/training
    tags:
      team: support
    purge_tags: false

- name: Upload texts from the playbook for continued pre-training
  llmops.finetune.bedrock_dataset:
    content: "{{ texts }}"
    bucket: example-training
    key: texts/current.jsonl
    name: texts
    customization_type: CONTINUED_PRE_TRAINING
    validate: false

- name: Delete all versions of a dataset
  llmops.finetune.bedrock_dataset:
    name: support-bot
    bucket: example-training
    prefix: datasets/
    state: absent
"""

RETURN = r"""
action:
  description:
    - The action that was performed, or that a real run would perform in check mode. V(update) changes tags, or the
      content of
    - O(key).
  returned: success, and on failure if known
  type: str
  sample: create
  choices: [none, create, update, delete]
name:
  description: The name of the dataset.
  returned: success, and on failure if known
  type: str
  sample: support-bot
id:
  description: The URI of the object. V(null) if there is no object.
  returned: success, and on failure if known
  type: str
  sample: s3://example-training/datasets/support-bot-9f86d081884c.jsonl
run_id:
  description: The same as RV(id), under the name that all resources share.
  returned: success, and on failure if known
  type: str
s3_uri:
  description: The URI for the options of M(llmops.finetune.bedrock_custom_model). It is the real URI in check mode too.
  returned: success, and on failure if known
  type: str
  sample: s3://example-training/datasets/support-bot-9f86d081884c.jsonl
bucket:
  description: The bucket.
  returned: success, and on failure if known
  type: str
  sample: example-training
key:
  description: The key of the object.
  returned: success, and on failure if known
  type: str
  sample: datasets/support-bot-9f86d081884c.jsonl
sha256:
  description: The SHA-256 hash of the data. Only its first 12 digits, if only the key is known.
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
  sample: bedrock_converse
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
tags:
  description: The tags of the object, if O(tags) is set.
  returned: success, and on failure if known
  type: dict
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
from ..module_utils._providers._bedrock.dataset import SPEC, build_driver
from ..module_utils._providers.catalogue import formats


def main() -> None:
    """Entry point."""
    run_resource(Module(**SPEC, supports_check_mode=True), partial(build_driver, formats=formats()))


if __name__ == "__main__":
    main()
