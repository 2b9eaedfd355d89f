#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_checkpoint_permission
short_description: Manage the projects that may use a fine-tuned model of OpenAI
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Ensures that exactly the given projects of the organization may use a fine-tuned model, or a checkpoint of one. The
    project in which a model was trained always may, and needs no permission.
  - A task sends one request for all new projects, and one for each project that loses its permission. If a later one
    fails, the result has RV(ignore:changed=true) and the projects as they are then.
  - Only OpenAI has these permissions. At other hosts the task fails before any call.
options:
  checkpoint:
    description:
      - The name of the model, which begins with C(ft:). For a checkpoint, it is its C(fine_tuned_model_checkpoint),
        such as C(ft:gpt-4o-mini-2024-07-18:acme:support-bot:9Qx2LkTb:ckpt-step-88).
    type: str
    aliases: [fine_tuned_model_checkpoint]
  name:
    description:
      - The name of the model in this collection, instead of O(checkpoint). Its newest finished model is used.
      - A newer model of the name does not inherit the permissions of an older one. The older ones keep theirs.
      - This needs O(api_key) as well, because an admin key cannot look up models.
    type: str
  projects:
    description:
      - The ids of the projects that may use the model.
      - Required if O(state=present). With O(state=absent), only these projects lose their permission.
    type: list
    elements: str
    aliases: [project_ids]
  purge_projects:
    description:
      - Whether projects that are not in O(projects) lose their permission.
    type: bool
    default: true
  state:
    description:
      - V(present) ensures that O(projects) may use the model.
      - V(absent) takes back the permissions of O(projects), or all of them if O(projects) is not set. If the model no
        longer exists, there is nothing to do. The task looks that up with O(api_key).
    type: str
    choices: [present, absent]
    default: present
  wait_timeout:
    description:
      - The maximum duration of the task, in seconds. Within this time, it repeats requests that the host did not answer
        or postponed.
    type: int
    default: 600
  admin_api_key:
    description:
      - An admin key of an owner of the organization. The API keys of projects cannot manage permissions.
      - If not set, the environment variable E(OPENAI_ADMIN_KEY) is read where the module runs.
    type: str
extends_documentation_fragment:
  - llmops.finetune.openai
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_openai
  - llmops.finetune.attributes.resource
seealso:
  - module: llmops.finetune.openai_checkpoint_permission_info
  - module: llmops.finetune.openai_fine_tuned_model
"""

EXAMPLES = r"""
- name: Share a model with two projects, and with no others
  llmops.finetune.openai_checkpoint_permission:
    checkpoint: ft:gpt-4o-mini-2024-07-18:acme:support-bot:9Qx2LkTb
    projects:
      - proj_abGMw1llN8IrBb6SvvY5A1iH
      - proj_7hQkzRr2Tn0EwVxYcLp4uJdM
    admin_api_key: "{{ openai_admin_key }}"

- name: Share the newest model of a name with one more project
  llmops.finetune.openai_checkpoint_permission:
    name: support-bot
    projects: [proj_abGMw1llN8IrBb6SvvY5A1iH]
    purge_projects: false

- name: Take it back from one project
  llmops.finetune.openai_checkpoint_permission:
    name: support-bot
    projects: [proj_abGMw1llN8IrBb6SvvY5A1iH]
    state: absent

- name: Share it with nobody
  llmops.finetune.openai_checkpoint_permission:
    checkpoint: ft:gpt-4o-mini-2024-07-18:acme:support-bot:9Qx2LkTb
    state: absent
"""

RETURN = r"""
action:
  description:
    - The action of the task, or the action that check mode predicts. V(create) if the model had no permission before.
  returned: success, and on failure if known
  type: str
  sample: update
status:
  description: V(shared), or V(absent) if the permissions are gone. V(check-mode) if check mode predicts the first ones.
  returned: success, and on failure if known
  type: str
  sample: shared
checkpoint:
  description: The model. V(null) if O(name) has no finished model.
  returned: success, and on failure if known
  type: str
  sample: ft:gpt-4o-mini-2024-07-18:acme:support-bot:9Qx2LkTb
name:
  description: The value of O(name).
  returned: success, and on failure if known
  type: str
  sample: support-bot
projects:
  description: The projects that have a permission, sorted.
  returned: success, and on failure if known
  type: list
  elements: str
  sample: [proj_abGMw1llN8IrBb6SvvY5A1iH]
permissions:
  description: The permissions, oldest first.
  returned: success, and on failure if known
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
elapsed:
  description: The duration of the task, in seconds.
  returned: success, and on failure if known
  type: float
  sample: 0.8
timed_out:
  description: Whether O(wait_timeout) ended before the host had answered.
  returned: when the task failed for this reason
  type: bool
  sample: true
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import run_resource
from ..module_utils._providers._openai.checkpoint_permission import SPEC, build_driver


def main() -> None:
    """Entry point."""
    run_resource(Module(**SPEC, supports_check_mode=True), build_driver)


if __name__ == "__main__":
    main()
