#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fine_tune_report
short_description: Write the results of fine-tuning to an HTML page
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Writes the results of M(llmops.finetune.fine_tune) to one HTML page. The page needs no network and no script.
  - It shows the models, their training data and settings, the progress and the loss curves, statistics of the data, and
    how to correct failures.
  - The page does not contain the time of writing, so the same results always give the same page.
options:
  dest:
    description:
      - The file to write. Its folder must exist.
    type: path
    required: true
  results:
    description:
      - The RV(llmops.finetune.fine_tune#module:results) of M(llmops.finetune.fine_tune), from one task or from several.
    type: list
    elements: dict
    required: true
  title:
    description:
      - The heading of the page.
    type: str
    default: Fine-tuning
extends_documentation_fragment:
  - ansible.builtin.files
  - llmops.finetune.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows only the hash of the page.
  idempotent:
    support: full
seealso:
  - module: llmops.finetune.fine_tune
"""

EXAMPLES = r"""
- name: Train the models
  llmops.finetune.fine_tune:
    models: "{{ wanted_models }}"
    details: true
  register: made

- name: Write the report
  llmops.finetune.fine_tune_report:
    title: Support models
    results: "{{ made.results }}"
    dest: build/report.html
    mode: "0644"
"""

RETURN = r"""
dest:
  description: The path of the file.
  returned: success
  type: str
  sample: build/report.html
sha256:
  description: The SHA-256 hash of the page, hexadecimal.
  returned: success
  type: str
  sample: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
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

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import end
from ..module_utils._report.file import put


def main() -> None:
    """Entry point."""
    module = Module(
        argument_spec={
            "dest": {"type": "path", "required": True},
            "results": {"type": "list", "elements": "dict", "required": True},
            "title": {"type": "str", "default": "Fine-tuning"},
        },
        add_file_common_args=True,
        supports_check_mode=True,
    )

    def attributes(path: str, diff: dict[str, dict[str, str]]) -> bool:
        wanted = module.load_file_common_arguments(module.params, path=path)
        return bool(module.set_fs_attributes_if_different(wanted, False, diff=diff))

    end(module, lambda: put(module.params, module.check_mode, module.atomic_move, attributes))


if __name__ == "__main__":
    main()
