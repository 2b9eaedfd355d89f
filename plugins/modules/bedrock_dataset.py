#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bedrock_dataset
short_description: Upload a validated dataset to S3 for Amazon Bedrock
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Makes sure that a dataset is in a bucket, once. The data is validated line by line first; a dataset with an error is
    not uploaded.
  - The object is named C(NAME-HASH.jsonl), with the first 12 digits of the sha256 of its content, and found again by
    that with one request. So an unchanged dataset is never uploaded twice, and an edited one is a new object.
  - Large files are sent in parts side by side. S3 verifies a checksum of everything that is sent.
options:
  src:
    description:
      - The dataset as a JSONL file on the host where the module runs. Cannot be given together with O(content).
    type: path
  content:
    description:
      - The dataset itself, as JSONL text or as a list with one dictionary for each example. It needs O(name) or O(key).
    type: raw
  name:
    description:
      - The name of the dataset, 1 to 128 letters, digits, V(_), V(.) and V(-). The default is the name of O(src)
        without its extension.
      - With O(state=absent) and no O(src), O(content) or O(key), all versions of the dataset of this name are meant.
    type: str
  bucket:
    description:
      - The bucket. It has to be in the region of the jobs.
    type: str
    required: true
  prefix:
    description:
      - What to put before the name of the object, such as V(datasets/). It ends with a slash. Cannot be given together
        with O(key).
    type: str
  key:
    description:
      - The whole key of the object, instead of one with the hash. If other content is there, it is written over.
      - Where O(base_model_identifier) is an Amazon Nova model, it has letters, digits, underscores, dashes, slashes and
        dots only.
    type: str
  format:
    description:
      - The format of the data. Left out, it is detected. See M(llmops.finetune.dataset_info).
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
      - If V(false), what was found is only returned, in RV(validation).
    type: bool
    default: true
  base_model_identifier:
    description:
      - The base model that is to be trained on the data, to check the limits of its family. Left out, only what holds
        for all is checked.
    type: str
  customization_type:
    description:
      - How it is to be trained, as in M(llmops.finetune.bedrock_custom_model).
    type: str
    choices: [FINE_TUNING, CONTINUED_PRE_TRAINING, DISTILLATION, REINFORCEMENT_FINE_TUNING]
  split:
    description:
      - What the data is for. For V(validation) limits of their own apply.
    type: str
    choices: [training, validation]
    default: training
  kms_key_id:
    description:
      - The KMS key that encrypts the object, by its ARN, id or alias. Left out, the bucket decides.
      - It counts only when the object is uploaded.
    type: str
  tags:
    description:
      - Tags of the object, at most 10. Left out, tags are not compared; V({}) removes all.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether to remove tags that O(tags) lacks.
    type: bool
    default: true
  state:
    description:
      - V(present) makes sure that the object is there.
      - V(absent) deletes it, and aborts unfinished uploads of it.
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
- name: Upload a dataset, unless it is there
  llmops.finetune.bedrock_dataset:
    src: files/support-bot.jsonl
    bucket: example-training
    prefix: datasets/
    base_model_identifier: amazon.nova-lite-v1:0:300k
  register: data

- name: Upload validation data with a key of KMS and tags
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

- name: Write the examples in the playbook, for continued pre-training
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
  description: What was done, or would be done in check mode. V(update) changes tags, or what is under O(key).
  returned: success, and on failure as far as it is known
  type: str
  sample: create
  choices: [none, create, update, delete]
name:
  description: The name of the dataset.
  returned: success, and on failure as far as it is known
  type: str
  sample: support-bot
id:
  description: The URI of the object; none if there is none.
  returned: success, and on failure as far as it is known
  type: str
  sample: s3://example-training/datasets/support-bot-9f86d081884c.jsonl
run_id:
  description: The same under the name that it has for every resource.
  returned: success, and on failure as far as it is known
  type: str
s3_uri:
  description: The URI for the options of M(llmops.finetune.bedrock_custom_model); the real one in check mode too.
  returned: success, and on failure as far as it is known
  type: str
  sample: s3://example-training/datasets/support-bot-9f86d081884c.jsonl
bucket:
  description: The bucket.
  returned: success, and on failure as far as it is known
  type: str
  sample: example-training
key:
  description: The key of the object.
  returned: success, and on failure as far as it is known
  type: str
  sample: datasets/support-bot-9f86d081884c.jsonl
sha256:
  description: The hash of the data; only its first 12 digits where just the key is known.
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
  sample: bedrock_converse
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
tags:
  description: The tags of the object, where O(tags) is given.
  returned: success, and on failure as far as it is known
  type: dict
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
from ..module_utils._providers._bedrock.dataset import prepare
from ..module_utils._providers._bedrock.options import DATASET


def main() -> None:
    """Entry point."""
    run_resource(Module(**DATASET, supports_check_mode=True), prepare)


if __name__ == "__main__":
    main()
