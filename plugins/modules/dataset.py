#!/usr/bin/python
# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dataset
short_description: Convert and split datasets for fine-tuning
version_added: 1.0.0
description:
  - Ensures that a file holds a JSONL dataset in a given format. With O(split), ensures that two files each hold a part
    of the dataset, one for training and one for validation.
  - Nothing is dropped, joined or invented. A dataset with an invalid line, or with a line that would lose data, is
    refused before anything is changed. The error message lists the line numbers.
  - A file that already holds the dataset is not touched. Otherwise, the new content is written to a temporary file in
    the same directory, which then replaces the file atomically. The data is read as a stream, in constant memory.
  - The limits of hosts, such as a minimum number of examples, are not checked. Use M(llmops.finetune.dataset_info) to
    check the written files. The modules that upload datasets check the limits too.
  - Contacts no provider and costs nothing.
author:
  - llmops.finetune contributors (@llmops)
extends_documentation_fragment:
  - ansible.builtin.files
  - llmops.finetune.attributes
attributes:
  check_mode:
    support: full
    details:
      - The data is read and converted, and the result is the same as in a real run.
  diff_mode:
    support: full
    details:
      - Shows the format, the number of examples and the hash of each file, not its content.
  idempotent:
    support: full
options:
  src:
    description:
      - The path of the dataset, a JSONL file on the host where the module runs.
      - For O(state=present), exactly one of O(src) and O(content) is required.
    type: path
  content:
    description:
      - The dataset as JSONL text, or as a list with one dictionary per example.
    type: raw
  source_format:
    description:
      - The format of O(src) or O(content). If not set, the first example that shows a format decides. See
        M(llmops.finetune.dataset_info) for a description of the formats.
    type: str
    choices:
      - openai_preference
      - openai_reinforcement
      - openai_chat
      - openai_completion
      - bedrock_converse
      - bedrock_distillation
      - bedrock_claude
      - bedrock_reinforcement
      - bedrock_completion
      - bedrock_pretraining
      - bedrock_image_caption
      - oci_completion
  format:
    description:
      - The format to write. If not set, it is the format of the source.
      - V(openai_chat), V(openai_completion), V(bedrock_converse), V(bedrock_distillation), V(bedrock_claude),
        V(bedrock_completion) and V(oci_completion) can be converted into each other. V(openai_reinforcement) and
        V(bedrock_reinforcement) can also be converted into each other. The other formats cannot be converted.
      - If the format does not change, the data is copied byte by byte, unless O(split) is set. A byte-order mark is
        removed.
    type: str
    choices:
      - openai_preference
      - openai_reinforcement
      - openai_chat
      - openai_completion
      - bedrock_converse
      - bedrock_distillation
      - bedrock_claude
      - bedrock_reinforcement
      - bedrock_completion
      - bedrock_pretraining
      - bedrock_image_caption
      - oci_completion
  dest:
    description:
      - The file to write. With O(split), the file for training.
      - Its directory must exist. The module does not write through a symbolic link.
    type: path
    required: true
  validation_dest:
    description:
      - The file for the examples that O(split) selects for validation.
      - With O(state=present), required if O(split) is set, and not allowed otherwise. With O(state=absent), the second
        file to remove.
    type: path
  split:
    description:
      - The fraction of the examples for O(validation_dest), more than V(0) and less than V(1). The other examples go to
        O(dest). Both files keep the order.
      - Each example is assigned on its own, by a hash of O(seed) and of its content. So it stays in the same file when
        other examples are added, removed or moved. A larger fraction only moves examples to validation. Duplicates go
        to the same file. The split is the same in all formats into which the dataset can be converted.
      - The fraction is therefore reached only on average. Of 100 examples, V(0.1) selects 10, plus or minus 6.
        RV(examples) and RV(validation_examples) return the actual numbers. If one file would get no example, the task
        fails.
      - Lines are written without surrounding spaces, and end with a line feed.
    type: float
  seed:
    description:
      - The seed of the split. Another number splits the examples in another way.
    type: int
    default: 0
  state:
    description:
      - V(present) ensures that the files hold the dataset.
      - V(absent) removes O(dest) and O(validation_dest). If one of them is a symbolic link, only the link is removed.
        The source is never removed.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: llmops.finetune.dataset_info
  - module: llmops.finetune.openai_dataset
  - module: llmops.finetune.bedrock_dataset
  - module: llmops.finetune.oci_generative_ai_dataset
"""

EXAMPLES = r"""
- name: Convert chat data to the format of Amazon Nova
  llmops.finetune.dataset:
    src: files/support.jsonl
    format: bedrock_converse
    dest: build/support-converse.jsonl

- name: Select a tenth of the examples for validation
  llmops.finetune.dataset:
    src: files/support.jsonl
    dest: build/train.jsonl
    validation_dest: build/validate.jsonl
    split: 0.1

- name: Split with another seed, convert, and restrict access to the files
  llmops.finetune.dataset:
    src: files/support.jsonl
    source_format: openai_chat
    format: bedrock_claude
    dest: build/claude-train.jsonl
    validation_dest: build/claude-validate.jsonl
    split: 0.1
    seed: 7
    mode: "0600"
  register: written

- name: Check the written data against the limits of the model
  llmops.finetune.dataset_info:
    src: "{{ written.dest }}"
    provider: bedrock
    base_model_identifier: anthropic.claude-3-haiku-20240307-v1:0:200k
  register: checked
  failed_when: not checked.valid

- name: Write examples from the playbook to a file
  llmops.finetune.dataset:
    content:
      - prompt: Where is my order?
        completion: It left our warehouse this morning.
    format: oci_completion
    dest: build/greetings.jsonl

- name: Delete both files
  llmops.finetune.dataset:
    dest: build/train.jsonl
    validation_dest: build/validate.jsonl
    state: absent
"""

RETURN = r"""
dest:
  description: The path of the file.
  returned: success
  type: str
  sample: build/train.jsonl
examples:
  description: The number of examples in O(dest).
  returned: success and O(state=present)
  type: int
  sample: 74
bytes:
  description: The size of O(dest), in bytes.
  returned: success and O(state=present)
  type: int
  sample: 66421
sha256:
  description: The SHA-256 hash of the content of O(dest), hexadecimal.
  returned: success and O(state=present)
  type: str
  sample: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
format:
  description: The format of the written data.
  returned: success and O(state=present)
  type: str
  sample: bedrock_converse
validation_dest:
  description: The path of the validation file.
  returned: success and O(validation_dest) is set
  type: str
  sample: build/validate.jsonl
validation_examples:
  description: The number of examples in O(validation_dest).
  returned: success and O(split) is set
  type: int
  sample: 8
validation_bytes:
  description: The size of O(validation_dest), in bytes.
  returned: success and O(split) is set
  type: int
  sample: 7491
validation_sha256:
  description: The SHA-256 hash of the content of O(validation_dest), hexadecimal.
  returned: success and O(split) is set
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
validation:
  description:
    - The result of M(llmops.finetune.dataset_info) for the source, without the limits of a host. Its C(warnings_found)
      is called C(warnings) here.
    - If the source is refused, C(errors) contains the lines and the reasons.
  returned: O(state=present), unless the source cannot be read
  type: dict
  contains:
    valid:
      description: Whether no error was found.
      type: bool
      returned: always
      sample: true
    format:
      description: The format of the source. V(null) if it was neither set nor detected.
      type: str
      returned: always
      sample: openai_chat
    examples:
      description: The number of lines in the source that hold an example.
      type: int
      returned: always
      sample: 82
    sha256:
      description: The SHA-256 hash of the source.
      type: str
      returned: always
      sample: c5bbd675ad9c5ef7e3b1a2c1a1d9a2b8f6ddc6c0f5a3b7f8ad5b8e2f2f6f1c3e
    errors:
      description: The first 20 errors, each with C(line), C(code), C(message) and C(hint).
      type: list
      elements: dict
      returned: always
      sample: []
uid:
  description: The user id of the owner of O(dest).
  returned: when O(dest) exists
  type: int
  sample: 1000
gid:
  description: The group id of O(dest).
  returned: when O(dest) exists
  type: int
  sample: 1000
owner:
  description: The owner of O(dest).
  returned: when O(dest) exists
  type: str
  sample: ann
group:
  description: The group of O(dest).
  returned: when O(dest) exists
  type: str
  sample: ann
mode:
  description: The permissions of O(dest).
  returned: when O(dest) exists
  type: str
  sample: "0644"
size:
  description: The current size of O(dest), in bytes. In check mode, the size before the write.
  returned: when O(dest) exists
  type: int
  sample: 66421
state:
  description: The type of O(dest).
  returned: when O(dest) exists
  type: str
  sample: file
secontext:
  description: The SELinux context of O(dest).
  returned: when O(dest) exists, on a host with SELinux
  type: str
  sample: unconfined_u:object_r:user_home_t:s0
"""

from functools import partial
from typing import Any

from ..module_utils._dataset.write import converge
from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import end
from ..module_utils._providers.catalogue import formats

SPEC = {
    "src": {"type": "path"},
    "content": {"type": "raw"},
    "source_format": {"type": "str", "choices": list(formats())},
    "format": {"type": "str", "choices": list(formats())},
    "dest": {"type": "path", "required": True},
    "validation_dest": {"type": "path"},
    "split": {"type": "float"},
    "seed": {"type": "int", "default": 0},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    """Entry point."""
    module = Module(
        argument_spec=SPEC,
        mutually_exclusive=[("src", "content")],
        required_if=[("state", "present", ("src", "content"), True)],
        add_file_common_args=True,
        supports_check_mode=True,
    )
    unsafe = module.params["unsafe_writes"]

    def attributes(path: str, diff: dict[str, Any]) -> bool:
        wanted = module.load_file_common_arguments(module.params, path=path)
        return bool(module.set_fs_attributes_if_different(wanted, False, diff))

    end(
        module,
        lambda: converge(
            module.params,
            formats=formats(),
            check_mode=module.check_mode,
            move=partial(module.atomic_move, unsafe_writes=unsafe),
            attributes=attributes,
            warn=module.warn,
            spare=module.tmpdir if unsafe else None,
        ),
    )


if __name__ == "__main__":
    main()
