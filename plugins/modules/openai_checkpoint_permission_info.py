#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_checkpoint_permission_info
short_description: Gather information about the projects that may use a fine-tuned model of OpenAI
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Returns the permissions of a fine-tuned model, or of a checkpoint of one, oldest first, from all pages.
options:
  checkpoint:
    description:
      - The name of the model, which begins with C(ft:). For a checkpoint, it is its C(fine_tuned_model_checkpoint).
    type: str
    aliases: [fine_tuned_model_checkpoint]
  name:
    description:
      - The name of the model in this collection, instead of O(checkpoint). Its newest finished model is used.
      - This needs O(api_key) as well, because an admin key cannot look up models.
    type: str
  project_id:
    description:
      - Return only the permissions of this project.
    type: str
  limit:
    description:
      - The maximum number of permissions to return. V(0) returns all.
    type: int
    default: 0
  admin_api_key:
    description:
      - An admin key of an owner of the organization. The API keys of projects cannot manage permissions.
      - If not set, the environment variable E(OPENAI_ADMIN_KEY) is read where the module runs.
    type: str
extends_documentation_fragment:
  - llmops.finetune.openai
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_openai
  - llmops.finetune.attributes.info_module
seealso:
  - module: llmops.finetune.openai_checkpoint_permission
"""

EXAMPLES = r"""
- name: Look up who may use a model
  llmops.finetune.openai_checkpoint_permission_info:
    checkpoint: ft:gpt-4o-mini-2024-07-18:acme:support-bot:9Qx2LkTb
    admin_api_key: "{{ openai_admin_key }}"
  register: shared

- name: Look up whether one project may use the newest model of a name
  llmops.finetune.openai_checkpoint_permission_info:
    name: support-bot
    project_id: proj_abGMw1llN8IrBb6SvvY5A1iH
"""

RETURN = r"""
checkpoint:
  description: The model. V(null) if O(name) has no finished model.
  returned: success
  type: str
  sample: ft:gpt-4o-mini-2024-07-18:acme:support-bot:9Qx2LkTb
name:
  description: The value of O(name).
  returned: success
  type: str
  sample: support-bot
projects:
  description: The projects that have a permission, sorted.
  returned: success
  type: list
  elements: str
  sample: [proj_abGMw1llN8IrBb6SvvY5A1iH]
permissions:
  description: The permissions, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the permission.
      returned: always
      type: str
      sample: cp_zc4Q7MP6XxulcVzj4MZdwsAB
    project_id:
      description: The project.
      returned: always
      type: str
      sample: proj_abGMw1llN8IrBb6SvvY5A1iH
    created_at:
      description: The time when the permission was created, in seconds since 1970.
      returned: always
      type: int
      sample: 1763690000
    object:
      description: The type of the object.
      returned: always
      type: str
      sample: checkpoint.permission
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import end
from ..module_utils._providers._openai.info import find_permissions
from ..module_utils._providers._openai.permissions import AUTH, MODEL

SPEC = {
    **MODEL,
    "project_id": {"type": "str"},
    "limit": {"type": "int", "default": 0},
}


def main() -> None:
    """Entry point."""
    module = Module(
        argument_spec={**AUTH, **SPEC},
        required_one_of=[("checkpoint", "name")],
        mutually_exclusive=[("checkpoint", "name")],
        supports_check_mode=True,
    )
    end(module, lambda: find_permissions(module))


if __name__ == "__main__":
    main()
