#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_dataset
short_description: Upload a validated dataset to an OpenAI-style API
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Makes sure that a dataset is uploaded, once. The data is validated line by line first; a dataset with an error is
    not uploaded.
  - The uploaded file is named C(NAME-HASH.jsonl), with the first 12 digits of the sha256 of its content, and found
    again by that. So an unchanged dataset is never uploaded twice, and an edited one is a new file.
  - Files up to 512 MB are sent by the Files API, larger ones in parts by the Uploads API. Both are streamed.
options:
  src:
    description:
      - The dataset as a JSONL file on the host where the module runs.
    type: path
  content:
    description:
      - The dataset itself, as JSONL text or as a list with one dictionary for each example. It needs O(name).
    type: raw
  name:
    description:
      - The name of the dataset, 1 to 128 letters, digits, V(_), V(.) and V(-). The default is the name of O(src)
        without its extension.
      - With O(state=absent) and neither O(src) nor O(content), all versions of the dataset of this name are meant.
    type: str
  file_id:
    description:
      - A file that is there already, by its id, instead of the data.
    type: str
  purpose:
    description:
      - What the host is told that the file is for.
    type: str
    default: fine-tune
  format:
    description:
      - The format of the data. Left out, it is detected. See M(llmops.finetune.dataset_info).
    type: str
    choices: [openai_chat, openai_preference, openai_reinforcement, openai_completion]
  validate:
    description:
      - Whether an invalid dataset fails the task before anything is uploaded.
      - If V(false), what was found is only returned, in RV(validation).
    type: bool
    default: true
  provider:
    description:
      - Whose limits the data is checked against. The default is V(azure) for Azure OpenAI, else V(openai).
      - V(compatible) turns the limits into warnings, for hosts that have others.
    type: str
    choices: [openai, azure, compatible]
  split:
    description:
      - What the data is for. For V(validation) few examples are only a warning, and limits of their own apply.
    type: str
    choices: [training, validation]
    default: training
  expires_after:
    description:
      - After how many seconds from its creation the host is to delete the file, V(3600) to V(2592000). Left out, it
        stays.
      - It counts only when the file is uploaded.
    type: int
  state:
    description:
      - V(present) makes sure that the file is there and, with O(wait), processed.
      - V(absent) deletes it.
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
- name: Upload a dataset, unless it is there
  llmops.finetune.openai_dataset:
    src: files/support-bot.jsonl
  register: data

- name: Upload validation data under a name of its own, for a week
  llmops.finetune.openai_dataset:
    name: support-bot-check
    src: files/check.jsonl
    format: openai_chat
    split: validation
    expires_after: 604800

- name: Write the examples in the playbook
  llmops.finetune.openai_dataset:
    name: greetings
    content: "{{ greetings }}"
    provider: compatible
    validate: false
    purpose: fine-tune
    wait: false

- name: Wait until a file that somebody else uploaded is processed
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
  description: What was done, or would be done in check mode. V(retry) uploads again what the host could not process.
  returned: success, and on failure as far as it is known
  type: str
  sample: create
  choices: [none, create, retry, delete]
name:
  description: The name of the dataset.
  returned: success, and on failure as far as it is known
  type: str
  sample: support-bot
id:
  description: The id of the file; V(check-mode:file:SHA256) where only a real run can know it.
  returned: success, and on failure as far as it is known
  type: str
  sample: file-AbCdEfGhIjKlMnOpQrStUv
file_id:
  description: The same as RV(id), for the options of M(llmops.finetune.openai_fine_tuned_model).
  returned: success, and on failure as far as it is known
  type: str
  sample: file-AbCdEfGhIjKlMnOpQrStUv
run_id:
  description: The same under the name that it has for every resource.
  returned: success, and on failure as far as it is known
  type: str
  sample: file-AbCdEfGhIjKlMnOpQrStUv
filename:
  description: The name of the file at the host.
  returned: success, and on failure as far as it is known
  type: str
  sample: support-bot-9f86d081884c.jsonl
sha256:
  description: The hash of the data; only its first 12 digits where just the name of the file is known.
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
  sample: openai_chat
validation:
  description: What M(llmops.finetune.dataset_info) returns for the data; empty where the data was not given.
  returned: success, and on failure as far as it is known
  type: dict
status:
  description:
    - The status in the words of the host; V(absent) if there is no file, V(check-mode) if check mode foresees one.
  returned: success, and on failure as far as it is known
  type: str
  sample: processed
created_at:
  description: When the file was uploaded, in seconds since 1970.
  returned: success, and on failure as far as it is known
  type: int
  sample: 1763690000
expires_at:
  description: When the host will delete it, in seconds since 1970.
  returned: success, and on failure as far as it is known
  type: int
  sample: 1764294800
file:
  description: All that the host says of the file.
  returned: success, and on failure as far as it is known
  type: dict
elapsed:
  description: For how many seconds the task worked and waited.
  returned: success, and on failure as far as it is known
  type: float
  sample: 2.3
timed_out:
  description: That O(wait_timeout) ended before the host had processed the file.
  returned: when the task failed for that reason
  type: bool
  sample: true
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import run_resource
from ..module_utils._providers._openai.dataset import prepare
from ..module_utils._providers._openai.options import DATASET


def main() -> None:
    """Entry point."""
    run_resource(Module(**DATASET, supports_check_mode=True), prepare)


if __name__ == "__main__":
    main()
