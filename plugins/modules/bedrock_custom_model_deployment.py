#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bedrock_custom_model_deployment
short_description: Manage on-demand deployments of custom models of Amazon Bedrock
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Ensures that a deployment exists that serves the given custom model. The first run creates the deployment and waits
    until it serves. A second run finds the deployment and changes nothing.
  - The module finds the deployment by its name, which is unique in an account and region. There is no state file.
  - If the model differs, the module changes the deployment in place and waits. The ARN stays, and the previous model
    answers until the new one does. Then the module verifies that the new model is served.
  - O(description) matters only when the deployment is created. If it differs, the module gives a warning.
  - O(tags) are changed in place. Options that are not set are not compared.
  - AWS charges a deployment by the tokens of its requests, not by the hour.
options:
  model_deployment_name:
    description:
      - The name of the deployment, 1 to 63 letters and digits, with single V(-) and V(_) after them. It cannot be
        changed.
      - Required unless O(custom_model_deployment_arn) is set.
    type: str
  custom_model_deployment_arn:
    description:
      - Adopts this deployment by its ARN, even if this collection did not create it. With O(state=absent), the module
        deletes this deployment only.
      - If the deployment is in the desired state, nothing is written to it.
    type: str
  model_arn:
    description:
      - The custom model to serve, by its ARN or its name.
      - A name means the newest model of its lineage that is ready, see M(llmops.finetune.bedrock_custom_model).
      - Required to create a deployment.
    type: str
    aliases: [model]
  description:
    description:
      - The description of the deployment, 1 to 2048 characters.
    type: str
  tags:
    description:
      - Tags of the deployment, at most 49. Keys that start with V(llmops_finetune_) are reserved.
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
      - Whether to try again after a failure. A deployment that has never served is deleted and created once more under
        its name. An update that failed is sent once more, and the deployment is kept.
      - If V(false), the task fails with the reason of Bedrock.
    type: bool
    default: false
  ignore_changes:
    description:
      - The options to ignore when the desired state is compared with the observed state. This is useful if another tool
        manages them. These options still apply to a newly created deployment.
      - To ignore one tag, name its key, as in V(tags.team).
      - Ignored differences are shown under C(ignored) in the diff, and in RV(ignored_changes).
      - The name and the ARN cannot be ignored.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) ensures that the deployment exists and (with O(wait)) serves the model.
      - V(absent) deletes the deployment and (with O(wait)) waits until it is gone. If it is being created or changed,
        the module waits and then deletes it. The model is kept.
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
  - module: llmops.finetune.bedrock_custom_model_deployment_info
  - module: llmops.finetune.bedrock_provisioned_model_throughput
"""

EXAMPLES = r"""
- name: Serve the newest model of a lineage
  llmops.finetune.bedrock_custom_model_deployment:
    model_deployment_name: support-bot
    model_arn: support-bot
  register: deployment

- name: Serve one model by its ARN, with all options
  llmops.finetune.bedrock_custom_model_deployment:
    model_deployment_name: support-bot
    model_arn: arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/jk3m9x2p7q1z
    description: Answers questions about invoices
    tags:
      team: support
    purge_tags: false
    retry_failed: true
    wait_timeout: 1800

- name: Switch without waiting, and without progress lines (the previous model answers until the new one does)
  llmops.finetune.bedrock_custom_model_deployment:
    model_deployment_name: support-bot
    model_arn: "{{ bot.custom_model_arn }}"
    wait: false
    wait_progress: false
    wait_slice: 60

- name: Adopt a deployment that another tool created, and leave its model to that tool
  llmops.finetune.bedrock_custom_model_deployment:
    custom_model_deployment_arn: arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/0a1b2c3d4e5f
    model_arn: support-bot
    ignore_changes: [model_arn]

- name: Delete the deployment (the model is kept)
  llmops.finetune.bedrock_custom_model_deployment:
    model_deployment_name: support-bot
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
  description: The same as RV(model_deployment_name), under the name that all resources share.
  returned: success, and on failure if known
  type: str
  sample: support-bot
id:
  description:
    - The ARN of the deployment. It is the model id for the calls of Bedrock Runtime. In check mode
      V(check-mode:deployment:NAME), if it is only known after apply.
  returned: success, and on failure if known
  type: str
  sample: arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/0a1b2c3d4e5f
custom_model_deployment_arn:
  description: The same as RV(id).
  returned: success, and on failure if known
  type: str
  sample: arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/0a1b2c3d4e5f
run_id:
  description: The same as RV(id), under the name that all resources share.
  returned: success, and on failure if known
  type: str
status:
  description:
    - The status of the deployment, as Bedrock reports it. V(Updating) while its model is changed. V(absent) if there is
      none. V(check-mode) if check mode predicts a new one.
  returned: success, and on failure if known
  type: str
  sample: Active
model_deployment_name:
  description: The name of the deployment.
  returned: success, and on failure if known
  type: str
  sample: support-bot
model_arn:
  description: The ARN of the model that is served.
  returned: success, and on failure if known
  type: str
  sample: arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/jk3m9x2p7q1z
description:
  description: The description.
  returned: success, and on failure if known
  type: str
update_details:
  description: The last change of the model, with C(model_arn) and C(update_status).
  returned: success, and on failure if known
  type: dict
failure_message:
  description: The reason for a failure.
  returned: success, and on failure if known
  type: str
created_at:
  description: The time when the deployment was created.
  returned: success, and on failure if known
  type: str
  sample: "2026-11-20T09:12:33Z"
last_updated_at:
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
deployment:
  description: All data that Bedrock returns for the deployment.
  returned: success, and on failure if known
  type: dict
elapsed:
  description: The duration of the task, in seconds.
  returned: success, and on failure if known
  type: float
  sample: 92.4
timed_out:
  description: Whether O(wait_timeout) ended before the operation on the deployment did.
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
  description: The progress of the operation on the deployment.
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
from ..module_utils._providers._bedrock.custom_model_deployment import SPEC, build_driver


def main() -> None:
    """Entry point."""
    run_resource(Module(**SPEC, supports_check_mode=True), build_driver)


if __name__ == "__main__":
    main()
