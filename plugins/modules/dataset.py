#!/usr/bin/python
# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dataset
short_description: Write a dataset for fine-tuning in another format, or split it
version_added: 1.0.0
description:
  - Makes sure that a file holds a JSONL dataset in a given format, or two files that each hold a part of it, one to
    train on and one to validate with.
  - Nothing is dropped, joined or invented. A dataset with an invalid line, or with one that would lose something, is
    refused with the numbers of the lines, before anything is changed.
  - A file that holds the dataset already is not touched. Otherwise the new content is written beside it and put in
    place at once. The data are read as a stream, in constant memory.
  - The limits of hosts, such as a least number of examples, are not checked. Give what was written to
    M(llmops.finetune.dataset_info) for that; the modules that upload datasets check them, too.
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
      - The data are read and converted, and the result is as that of a real run.
  diff_mode:
    support: full
    details:
      - Shows the format, the number of examples and the hash of each file, not its content.
  idempotent:
    support: full
options:
  src:
    description:
      - The dataset as a JSONL file on the host where the module runs.
      - For O(state=present), exactly one of O(src) and O(content) is required.
    type: path
  content:
    description:
      - The dataset itself, as JSONL text or as a list with one dictionary for each example.
    type: raw
  source_format:
    description:
      - The format of O(src) or O(content). Left out, the first example that shows a format decides. See
        M(llmops.finetune.dataset_info) for what each is.
    type: str
    choices: &formats
      - openai_chat
      - openai_preference
      - openai_reinforcement
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
      - The format to write. Left out, it is that of the source.
      - Among each other can be converted V(openai_chat), V(openai_completion), V(bedrock_converse),
        V(bedrock_distillation), V(bedrock_claude), V(bedrock_completion) and V(oci_completion); and
        V(openai_reinforcement) and V(bedrock_reinforcement). The others can only stay what they are.
      - A format that stays is copied byte by byte, unless O(split) is given. A byte-order mark is left out.
    type: str
    choices: *formats
  dest:
    description:
      - The file to write. With O(split), the one to train on.
      - Its folder must exist. A symbolic link is not written through.
    type: path
    required: true
  validation_dest:
    description:
      - The file to write the examples to that O(split) takes for validation.
      - Required with O(split), and only then; for O(state=absent), the other file to remove.
    type: path
  split:
    description:
      - Which share of the examples goes to O(validation_dest), more than V(0) and less than V(1). The others go to
        O(dest). Both keep the order.
      - Each example is assigned by itself, by a hash of O(seed) and of what it says. So it keeps its side when other
        examples are added, removed or moved; a larger share only moves examples to validation; repetitions are on one
        side; and a dataset is split alike in all formats that it can be converted to.
      - Therefore the share is met on average only. Of 100 examples, V(0.1) takes 10, give or take 6. RV(examples) and
        RV(validation_examples) say how many there are. If one side would get none, the task fails.
      - Lines are written without spaces around them, and end with a line feed.
    type: float
  seed:
    description:
      - Another number splits the examples in another way.
    type: int
    default: 0
  state:
    description:
      - V(present) makes sure that the files hold the dataset.
      - V(absent) removes O(dest) and O(validation_dest). Of a symbolic link, the link is removed. The source is never.
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
- name: Write chat data as Amazon Nova wants it
  llmops.finetune.dataset:
    src: files/support.jsonl
    format: bedrock_converse
    dest: build/support-converse.jsonl

- name: Keep a tenth of the examples for validation
  llmops.finetune.dataset:
    src: files/support.jsonl
    dest: build/train.jsonl
    validation_dest: build/validate.jsonl
    split: 0.1

- name: Split and convert at once, in another way, for nobody else to read
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

- name: Check what was written against the limits of the model
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

- name: Remove both files
  llmops.finetune.dataset:
    dest: build/train.jsonl
    validation_dest: build/validate.jsonl
    state: absent
"""

RETURN = r"""
dest:
  description: The file.
  returned: success
  type: str
  sample: build/train.jsonl
examples:
  description: How many examples are in it.
  returned: success and O(state=present)
  type: int
  sample: 74
bytes:
  description: Its size.
  returned: success and O(state=present)
  type: int
  sample: 66421
sha256:
  description: The hash of its content, hexadecimal.
  returned: success and O(state=present)
  type: str
  sample: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
format:
  description: The format that was written.
  returned: success and O(state=present)
  type: str
  sample: bedrock_converse
validation_dest:
  description: The other file.
  returned: success and O(validation_dest) is given
  type: str
  sample: build/validate.jsonl
validation_examples:
  description: How many examples are in that.
  returned: success and O(split) is given
  type: int
  sample: 8
validation_bytes:
  description: The size of that.
  returned: success and O(split) is given
  type: int
  sample: 7491
validation_sha256:
  description: The hash of that.
  returned: success and O(split) is given
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
validation:
  description:
    - What M(llmops.finetune.dataset_info) returns for the source, without the limits of any host; its
      C(warnings_found) is called C(warnings) here.
    - Where the source is refused, C(errors) in it holds the lines and why.
  returned: O(state=present), unless the source cannot be read
  type: dict
  contains:
    valid:
      description: Whether no error was found.
      type: bool
      returned: always
      sample: true
    format:
      description: The format of the source; V(none) where none was given and none recognised.
      type: str
      returned: always
      sample: openai_chat
    examples:
      description: How many lines of the source hold an example.
      type: int
      returned: always
      sample: 82
    sha256:
      description: The hash of the source.
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
  description: The owner of O(dest), as a number.
  returned: when O(dest) is there
  type: int
  sample: 1000
gid:
  description: The group of O(dest), as a number.
  returned: when O(dest) is there
  type: int
  sample: 1000
owner:
  description: The owner of O(dest).
  returned: when O(dest) is there
  type: str
  sample: ann
group:
  description: The group of O(dest).
  returned: when O(dest) is there
  type: str
  sample: ann
mode:
  description: The permissions of O(dest).
  returned: when O(dest) is there
  type: str
  sample: "0644"
size:
  description: The size that O(dest) has now; in check mode, before it is written.
  returned: when O(dest) is there
  type: int
  sample: 66421
state:
  description: What O(dest) is.
  returned: when O(dest) is there
  type: str
  sample: file
secontext:
  description: The SELinux context of O(dest).
  returned: when O(dest) is there, on a host with SELinux
  type: str
  sample: unconfined_u:object_r:user_home_t:s0
"""

from functools import partial
from typing import Any

from ..module_utils._dataset.registry import FORMATS
from ..module_utils._dataset.write import converge
from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import end

SPEC = {
    "src": {"type": "path"},
    "content": {"type": "raw"},
    "source_format": {"type": "str", "choices": list(FORMATS)},
    "format": {"type": "str", "choices": list(FORMATS)},
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
            check_mode=module.check_mode,
            move=partial(module.atomic_move, unsafe_writes=unsafe),
            attributes=attributes,
            warn=module.warn,
            spare=module.tmpdir if unsafe else None,
        ),
    )


if __name__ == "__main__":
    main()
