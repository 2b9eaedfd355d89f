#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_dataset
short_description: Manage datasets of OpenAI-style APIs
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Ensures that a dataset is uploaded, once. The data is validated line by line first. A dataset with an error is not
    uploaded.
  - The uploaded file is named C(NAME-HASH.jsonl). The hash is the first 12 digits of the SHA-256 hash of the content.
    The module finds the file by this name, so it never uploads an unchanged dataset twice. A changed dataset is a new
    file.
  - Files up to 512 MB are sent through the Files API, larger files in parts through the Uploads API. Both are streamed.
options:
  src:
    description:
      - The path of the dataset, a JSONL file on the host where the module runs.
    type: path
  content:
    description:
      - The dataset as JSONL text, or as a list with one dictionary per example. It requires O(name).
    type: raw
  name:
    description:
      - The name of the dataset, 1 to 128 letters, digits, V(_), V(.) and V(-). The default is the name of O(src)
        without its extension.
      - With O(state=absent) and neither O(src) nor O(content), the module deletes all versions of the dataset with this
        name.
    type: str
  file_id:
    description:
      - The id of an existing file, instead of the data.
    type: str
  purpose:
    description:
      - The purpose of the file, as sent to the host.
    type: str
    default: fine-tune
  format:
    description:
      - The format of the data, see M(llmops.finetune.dataset_info). If not set, it is detected.
    type: str
    choices: [openai_preference, openai_reinforcement, openai_chat, openai_completion]
  validate:
    description:
      - Whether an invalid dataset fails the task before anything is uploaded.
      - If V(false), problems are only returned in RV(validation).
    type: bool
    default: true
  provider:
    description:
      - The provider whose limits apply to the data. The default is V(azure) for Azure OpenAI, and V(openai) otherwise.
      - V(compatible) turns the limits into warnings, for hosts with other limits.
    type: str
    choices: [openai, azure, compatible]
  split:
    description:
      - The use of the data. For V(validation), few examples give only a warning, and separate limits apply.
    type: str
    choices: [training, validation]
    default: training
  expires_after:
    description:
      - The time after which the host deletes the file, in seconds from its creation, V(3600) to V(2592000). If not set,
        the file is kept.
      - It applies only when the file is uploaded.
    type: int
  state:
    description:
      - V(present) ensures that the file exists and (with O(wait)) is processed.
      - V(absent) deletes the file.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - llmops.finetune.openai
  - llmops.finetune.waiting
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_openai
  - llmops.finetune.attributes.resource
seealso:
  - module: llmops.finetune.dataset_info
  - module: llmops.finetune.openai_fine_tuned_model
"""

EXAMPLES = r"""
- name: Upload a dataset if it does not exist
  llmops.finetune.openai_dataset:
    src: files/support-bot.jsonl
  register: data

- name: Upload validation data with its own name for one week
  llmops.finetune.openai_dataset:
    name: support-bot-check
    src: files/check.jsonl
    format: openai_chat
    split: validation
    expires_after: 604800

- name: Upload examples from the playbook
  llmops.finetune.openai_dataset:
    name: greetings
    content: "{{ greetings }}"
    provider: compatible
    validate: false
    purpose: fine-tune
    wait: false

- name: Wait until an existing file is processed
  llmops.finetune.openai_dataset:
    file_id: file-AbCdEfGhIjKlMnOpQrStUv
    wait_timeout: 600

- name: Delete all versions of a dataset
  llmops.finetune.openai_dataset:
    name: support-bot
    state: absent
"""

RETURN = r"""
action:
  description:
    - The action that was performed, or that a real run would perform in check mode. V(retry) uploads a file again that
      the
    - host could not process.
  returned: success, and on failure if known
  type: str
  sample: create
  choices: [none, create, retry, delete]
name:
  description: The name of the dataset.
  returned: success, and on failure if known
  type: str
  sample: support-bot
id:
  description: The id of the file. In check mode V(check-mode:file:SHA256), if it is only known after apply.
  returned: success, and on failure if known
  type: str
  sample: file-AbCdEfGhIjKlMnOpQrStUv
file_id:
  description: The same as RV(id), for the options of M(llmops.finetune.openai_fine_tuned_model).
  returned: success, and on failure if known
  type: str
  sample: file-AbCdEfGhIjKlMnOpQrStUv
run_id:
  description: The same as RV(id), under the name that all resources share.
  returned: success, and on failure if known
  type: str
  sample: file-AbCdEfGhIjKlMnOpQrStUv
filename:
  description: The name of the file on the host.
  returned: success, and on failure if known
  type: str
  sample: support-bot-9f86d081884c.jsonl
sha256:
  description: The SHA-256 hash of the data. Only its first 12 digits, if only the name of the file is known.
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
  sample: openai_chat
validation:
  description: The result of M(llmops.finetune.dataset_info) for the data. Empty if the data was not given.
  returned: success, and on failure if known
  type: dict
status:
  description:
    - The status, as the host reports it. V(absent) if there is no file. V(check-mode) if check mode predicts an upload.
  returned: success, and on failure if known
  type: str
  sample: processed
created_at:
  description: The time when the file was uploaded, in seconds since 1970.
  returned: success, and on failure if known
  type: int
  sample: 1763690000
expires_at:
  description: The time when the host will delete the file, in seconds since 1970.
  returned: success, and on failure if known
  type: int
  sample: 1764294800
file:
  description: All data that the host returns for the file.
  returned: success, and on failure if known
  type: dict
elapsed:
  description: The duration of the task, in seconds.
  returned: success, and on failure if known
  type: float
  sample: 2.3
timed_out:
  description: Whether O(wait_timeout) ended before the host had processed the file.
  returned: when the task failed for this reason
  type: bool
  sample: true
"""

from functools import partial

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import run_resource
from ..module_utils._providers._openai.dataset import SPEC, build_driver
from ..module_utils._providers.catalogue import formats


def main() -> None:
    """Entry point."""
    run_resource(Module(**SPEC, supports_check_mode=True), partial(build_driver, formats=formats()))


if __name__ == "__main__":
    main()
