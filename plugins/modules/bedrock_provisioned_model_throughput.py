#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bedrock_provisioned_model_throughput
short_description: Manage provisioned throughput of Amazon Bedrock
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Ensures that a provisioned throughput exists that serves the given model with the given number of model units. The
    first run creates the throughput and waits until it is in service. A second run finds it and changes nothing.
  - AWS charges a throughput by the hour from its creation until it is deleted. The preview says so, and
    O(state=absent) ends it.
  - The module finds the throughput by its name, which is unique in an account and region. There is no state file.
  - The model and the name are changed in place, and the ARN stays. The previous model answers until the new one does.
    Then the module verifies that the new model is served.
  - O(model_units) and O(commitment_duration) cannot be changed. If one of them differs, the task fails. The module
    never creates a new throughput instead. The model of a throughput that was created for a base model cannot be
    changed either.
  - O(tags) are changed in place. Options that are not set are not compared.
options:
  provisioned_model_name:
    description:
      - The name of the throughput, 1 to 63 letters and digits, with single V(-) and V(_) after them.
      - If O(provisioned_model_arn) is set, the module renames the throughput. If not, the module looks for a throughput
        with this name, so a new value creates a new throughput.
      - Required unless O(provisioned_model_arn) is set.
    type: str
  provisioned_model_arn:
    description:
      - Adopts this throughput by its ARN, even if this collection did not create it. With O(state=absent), the module
        deletes this throughput only.
      - If the throughput is in the desired state, nothing is written to it.
      - Required to rename a throughput.
    type: str
  model_arn:
    description:
      - The model to serve. This is a custom model, by its ARN or its name, or a base model, by its ARN or id.
      - A name means the newest custom model of its lineage that is ready, see
        M(llmops.finetune.bedrock_custom_model).
      - Another custom model must have the same base model.
      - Required to create a throughput.
    type: str
    aliases: [model]
  model_units:
    description:
      - The number of model units, 1 or more.
      - Required to create a throughput.
    type: int
  commitment_duration:
    description:
      - The commitment of a new throughput. AWS charges the throughput by the hour until the end of the commitment, and
        it cannot be deleted before.
      - If not set, a throughput without commitment is created, which can be deleted at any time.
    type: str
    choices: [OneMonth, SixMonths]
  accept_commitment:
    description:
      - Accepts the commitment of O(commitment_duration). A throughput with a commitment is created only if this option
        has the same value.
    type: str
    choices: [OneMonth, SixMonths]
  tags:
    description:
      - Tags of the throughput, at most 49. Keys that start with V(llmops_finetune_) are reserved.
      - If not set, tags are not compared. V({}) removes all tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether to remove tags that are not in O(tags). The ownership tags of this collection are never removed.
    type: bool
    default: true
  retry_failed:
    description:
      - Whether to try again after a failure. A throughput that has never served is deleted and created once more under
        its name, unless it has a commitment. An update that failed is sent once more, and the throughput is kept.
      - If V(false), the task fails with the reason of Bedrock.
    type: bool
    default: false
  ignore_changes:
    description:
      - The options to ignore when the desired state is compared with the observed state. This is useful if another tool
        manages them. These options still apply to a newly created throughput.
      - To ignore one tag, name its key, as in V(tags.team).
      - Ignored differences are shown under C(ignored) in the diff, and in RV(ignored_changes).
      - The name and the ARN cannot be ignored.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) ensures that the throughput exists and (with O(wait)) serves the model.
      - V(absent) deletes the throughput and (with O(wait)) waits until it is gone. If it is being created or changed,
        the module waits and then deletes it. The deletion is refused before the end of its commitment. The model is
        kept.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - llmops.finetune.aws
  - llmops.finetune.aws.timeouts
  - llmops.finetune.waiting.progress
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_bedrock
  - llmops.finetune.attributes.resource
seealso:
  - module: llmops.finetune.bedrock_custom_model
  - module: llmops.finetune.bedrock_custom_model_deployment
  - module: llmops.finetune.bedrock_provisioned_model_throughput_info
"""

EXAMPLES = r"""
- name: Serve the newest model of a lineage with one model unit, charged by the hour until it is deleted
  llmops.finetune.bedrock_provisioned_model_throughput:
    provisioned_model_name: support-bot
    model_arn: support-bot
    model_units: 1
  register: throughput

- name: Commit to two model units for one month (they cannot be deleted before)
  llmops.finetune.bedrock_provisioned_model_throughput:
    provisioned_model_name: support-bot-peak
    model_arn: arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/jk3m9x2p7q1z
    model_units: 2
    commitment_duration: OneMonth
    accept_commitment: OneMonth
    tags:
      team: support
    purge_tags: false
    retry_failed: true
    wait_timeout: 1800

- name: Switch to another model without waiting, and without progress lines
  llmops.finetune.bedrock_provisioned_model_throughput:
    provisioned_model_name: support-bot
    model_arn: "{{ bot.custom_model_arn }}"
    wait: false
    wait_progress: false
    wait_slice: 60

- name: Rename a throughput (it keeps its ARN), and leave its tags to another tool
  llmops.finetune.bedrock_provisioned_model_throughput:
    provisioned_model_arn: arn:aws:bedrock:us-east-1:123456789012:provisioned-model/0a1b2c3d4e5f
    provisioned_model_name: chat
    tags: {}
    ignore_changes: [tags]

- name: Delete the throughput, so that it is no longer charged (the model is kept)
  llmops.finetune.bedrock_provisioned_model_throughput:
    provisioned_model_name: support-bot
    state: absent
"""

RETURN = r"""
action:
  description: The action that was performed, or that a real run would perform in check mode.
  returned: success, and on failure if known
  type: str
  sample: update
  choices: [none, create, update, retry, delete]
ignored_changes:
  description:
    - The ignored differences, by option of O(ignore_changes). Each has the observed value (C(before)) and the desired
      value (C(after)).
  returned: when O(ignore_changes) is set
  type: dict
  sample: {"tags.team": {"before": "sales", "after": "support"}}
name:
  description: The same as RV(provisioned_model_name), under the name that all resources share.
  returned: success, and on failure if known
  type: str
  sample: support-bot
id:
  description:
    - The ARN of the throughput. It is the model id for the calls of Bedrock Runtime. In check mode
      V(check-mode:throughput:NAME), if it is only known after apply.
  returned: success, and on failure if known
  type: str
  sample: arn:aws:bedrock:us-east-1:123456789012:provisioned-model/0a1b2c3d4e5f
provisioned_model_arn:
  description: The same as RV(id).
  returned: success, and on failure if known
  type: str
  sample: arn:aws:bedrock:us-east-1:123456789012:provisioned-model/0a1b2c3d4e5f
run_id:
  description: The same as RV(id), under the name that all resources share.
  returned: success, and on failure if known
  type: str
status:
  description:
    - The status of the throughput, as Bedrock reports it. V(absent) if there is none. V(check-mode) if check mode
      predicts a new one.
  returned: success, and on failure if known
  type: str
  sample: InService
hourly:
  description:
    - The model units that AWS charges by the hour while the throughput exists, in check mode those of the predicted
      throughput. V(null) if there is none.
  returned: success, and on failure if known
  type: str
  sample: 1 model unit
provisioned_model_name:
  description: The name of the throughput.
  returned: success, and on failure if known
  type: str
  sample: support-bot
model_arn:
  description: The ARN of the model that is served.
  returned: success, and on failure if known
  type: str
  sample: arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/jk3m9x2p7q1z
desired_model_arn:
  description: The ARN of the model that was requested last. It differs from RV(model_arn) while the model is changed.
  returned: success, and on failure if known
  type: str
foundation_model_arn:
  description: The ARN of the base model.
  returned: success, and on failure if known
  type: str
model_units:
  description: The number of model units.
  returned: success, and on failure if known
  type: int
  sample: 1
desired_model_units:
  description: The number of model units that was requested.
  returned: success, and on failure if known
  type: int
  sample: 1
commitment_duration:
  description: The commitment. V(null) if there is none.
  returned: success, and on failure if known
  type: str
  sample: OneMonth
commitment_expiration_time:
  description: The end of the commitment.
  returned: success, and on failure if known
  type: str
  sample: "2026-12-20T09:12:33Z"
failure_message:
  description: The reason for a failure.
  returned: success, and on failure if known
  type: str
creation_time:
  description: The time when the throughput was created.
  returned: success, and on failure if known
  type: str
  sample: "2026-11-20T09:12:33Z"
last_modified_time:
  description: The time of the last change.
  returned: success, and on failure if known
  type: str
  sample: "2026-11-20T09:14:02Z"
tags:
  description:
    - The tags, without the ownership tags of this collection. V(null) if they were not read, because O(tags) is not
      set.
  returned: success, and on failure if known
  type: dict
  sample:
    team: support
provisioned_model:
  description: All data that Bedrock returns for the throughput.
  returned: success, and on failure if known
  type: dict
elapsed:
  description: The duration of the task, in seconds.
  returned: success, and on failure if known
  type: float
  sample: 92.4
timed_out:
  description: Whether O(wait_timeout) ended before the operation on the throughput did.
  returned: when the task failed for this reason
  type: bool
  sample: true
waiting:
  description: Whether O(wait_slice) has ended and the module must be called again.
  returned: when O(wait_slice) is set and the operation is not complete
  type: bool
  sample: true
wait_state:
  description: The value to pass as O(wait_state) to the next call of the module.
  returned: when O(wait_slice) is set and the operation is not complete
  type: dict
  sample: {"wait_timeout": 3600}
progress:
  description: The progress of the operation on the throughput.
  returned: with RV(waiting)
  type: dict
  contains:
    stage:
      description: The current stage.
      returned: always
      type: str
      sample: being created
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import run_resource
from ..module_utils._providers._bedrock.provisioned_model_throughput import SPEC, build_driver


def main() -> None:
    """Entry point."""
    run_resource(Module(**SPEC, supports_check_mode=True), build_driver)


if __name__ == "__main__":
    main()
