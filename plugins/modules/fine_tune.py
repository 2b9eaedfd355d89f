#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fine_tune
short_description: Make fine-tuned models of datasets, one or a hundred, at any provider
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Takes datasets and makes sure that there are models trained on them. It does at once what the modules of a
    provider do for one dataset and one model, in one process, and for many at the same time.
  - For each model, the data is described and converted without the network; then it is asked what would have to be
    done; only where a run is to be started is the data uploaded; then the run is started and waited for. So the
    data of a finished model is never uploaded again, even when it was deleted after the training.
  - All models are checked and previewed before anything is written for one of them. Where a provider's quota is
    full, a model waits for its turn.
  - The role P(llmops.finetune.fine_tune#role) is the easier way to use it; it adds the report and runs on the
    controller.
options:
  details:
    description:
      - Whether to fetch RV(results[].metrics) and RV(results[].curve) also of runs that were finished before the task
        began. They cost further API calls.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until all models are there. If V(false), the task returns as soon as they are started, and a
        later run goes on from there.
    type: bool
    default: true
  wait_progress:
    description:
      - Whether to print what will happen to each model, how far it is, and what came of it, at most 40 lines a model.
        It is printed on standard error.
      - Nothing is printed under C(no_log) or with C(async).
    type: bool
    default: true
  wait_slice:
    description:
      - For how many seconds the module stays on the host before it returns and is to be called again. V(0) stays
        until all is done.
      - The action plugin of this module sets it to V(20), and calls the module again by itself.
    type: float
    default: 0.0
  wait_state:
    description:
      - How far the models are. The action plugin sets it from one slice to the next; there is no need to set it in a
        playbook.
    type: dict
  data_places:
    description:
      - Where files of O(models[].training_data) and O(models[].validation_data) that are not there were looked for. The
        action plugin sets it, so that the error can say so; there is no need to set it in a playbook.
    type: dict
extends_documentation_fragment:
  - llmops.finetune.models
  - llmops.finetune.attributes
  - llmops.finetune.attributes.resource
requirements:
  - what the modules of the providers that are used require
seealso:
  - module: llmops.finetune.dataset_info
  - module: llmops.finetune.openai_fine_tuned_model
  - module: llmops.finetune.bedrock_custom_model
  - module: llmops.finetune.oci_generative_ai_model
"""

EXAMPLES = r"""
- name: Make one model of one dataset
  llmops.finetune.fine_tune:
    models:
      - provider: openai
        name: support-bot
        base_model: meta-llama/Llama-3.1-8B-Instruct
        training_data: support.jsonl
        hyperparameters:
          epochs: 3

- name: Make models of the same data at three providers, and spend no more than this
  llmops.finetune.fine_tune:
    models:
      - provider: openai
        name: support-bot
        base_model: meta-llama/Llama-3.1-8B-Instruct
        training_data: support.jsonl
        validation_data: support-check.jsonl
        max_training_tokens: 2000000
        openai:
          suffix: support
          seed: 7
      - provider: bedrock
        name: support-bot
        base_model: amazon.nova-lite-v1:0
        training_data: support.jsonl
        hyperparameters:
          epochs: 2
          learning_rate: 0.00001
        retrain: on_change
        delete_previous: true
        max_training_tokens: 2000000
        bedrock:
          region: us-east-1
          bucket: my-training-data
          prefix: support/
          role_arn: arn:aws:iam::123456789012:role/FineTune
          output_s3_uri: s3://my-training-output/support/
      - provider: oci
        name: support-bot
        base_model: meta.llama-3.3-70b-instruct
        training_data: support.jsonl
        hyperparameters:
          epochs: 3
          lora_rank: 8
        retry_failed: true
        max_training_tokens: 2000000
        wait_timeout: 7200
        oci:
          compartment_id: ocid1.compartment.oc1..example
          bucket: my-training-data
          dedicated_ai_cluster_id: training
    details: true
  register: made

- name: Say once what the models have in common
  llmops.finetune.fine_tune:
    bedrock:
      region: us-east-1
      bucket: my-training-data
      role_arn: arn:aws:iam::123456789012:role/FineTune
      output_s3_uri: s3://my-training-output/support/
    models:
      - provider: bedrock
        name: support-bot
        base_model: amazon.nova-lite-v1:0
        training_data: support.jsonl
        max_training_tokens: 2000000
      - provider: bedrock
        name: sales-bot
        base_model: amazon.nova-lite-v1:0
        training_data: sales.jsonl
        max_training_tokens: 2000000

- name: Start them, and look later
  llmops.finetune.fine_tune:
    models: "{{ wanted_models }}"
    wait: false
    wait_progress: false

- name: Remove a model and its data
  llmops.finetune.fine_tune:
    models:
      - provider: bedrock
        name: support-bot
        state: absent
        delete_dataset: true
        bedrock:
          bucket: my-training-data
          prefix: support/
"""

RETURN = r"""
results:
  description: One for each model, in their order; of a failed task too.
  returned: always
  type: list
  elements: dict
  contains:
    provider:
      description: Who trains it.
      returned: always
      type: str
      sample: bedrock
    name:
      description: The name of the model.
      returned: always
      type: str
      sample: support-bot
    base_model:
      description: The base model, as it was given.
      returned: always
      type: str
      sample: amazon.nova-lite-v1:0
    id:
      description: What the provider calls the run, or the model where that is the same. In check mode
        V(check-mode:KIND:NAME) for a run that would be started.
      returned: always
      type: str
      sample: ftjob-abc123
    run_id:
      description: The run that was started, found or waited for.
      returned: always
      type: str
      sample: ftjob-abc123
    job_id:
      description: The id or ARN of the job; of OCI, which has none, that of the model.
      returned: always
      type: str
      sample: ftjob-abc123
    status:
      description: The provider's word for how it is; V(absent) where it was removed, V(check-mode) where it would
        be made.
      returned: always
      type: str
      sample: succeeded
    model_id:
      description: The identifier to call the model by, once it is there.
      returned: always
      type: str
      sample: ft:meta-llama/Llama-3.1-8B-Instruct:acme:support-bot:9xYz
    model_verified:
      description: Whether the provider has shown the model. V(false) where it does not show whether it still exists,
        null where nobody looked.
      returned: always
      type: bool
      sample: true
    metrics:
      description: The last numbers of the training.
      returned: always
      type: dict
      sample: {"training_loss": 0.412}
    curve:
      description: The losses by step, C(training) and C(validation), each a list of step and loss. OCI shows none.
      returned: always
      type: dict
      sample: {"training": [[1, 2.1], [2, 1.7]]}
    dataset_sha256:
      description: The hash of the training data as it was sent.
      returned: always
      type: str
      sample: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
    dataset:
      description: C(training) and C(validation) as they were sent, each with what M(llmops.finetune.dataset_info)
        returns, and C(source_format), what it was converted from.
      returned: always
      type: dict
      sample: {"training": {"format": "bedrock_converse", "source_format": "openai_chat", "examples": 60}}
    settings:
      description: The hyperparameters, by the provider's names.
      returned: always
      type: dict
      sample: {"epochCount": 2}
    epochs:
      description: How often the training goes through the data, as far as that is known beforehand.
      returned: always
      type: float
      sample: 2
    estimated_training_tokens:
      description: The tokens of the data times the epochs.
      returned: always
      type: int
      sample: 38624
    estimated_training_tokens_max:
      description: How many they may really be, as the estimate is uncertain. O(models[].max_training_tokens) is
        compared with this. V(null) where the epochs are not known.
      returned: always
      type: int
      sample: 52143
    action:
      description: What was done, or in check mode would be, one of V(none), V(create), V(retrain), V(retry),
        V(update), V(resume), V(cancel) and V(delete).
      returned: always
      type: str
      sample: create
    changed:
      description: Whether anything was changed for this model.
      returned: always
      type: bool
      sample: true
    elapsed:
      description: For how many seconds the task worked on it or waited for it.
      returned: always
      type: float
      sample: 812.4
    started:
      description: When the run was made, by the provider's clock.
      returned: always
      type: str
      sample: "2026-11-20T08:14:09Z"
    ended:
      description: When it ended, or was last changed.
      returned: always
      type: str
      sample: "2026-11-20T08:27:41Z"
    failed:
      description: Whether this model failed.
      returned: always
      type: bool
      sample: false
    msg:
      description: Why it failed; or that nothing was done for it, as another model of the task was refused.
      returned: always
      type: str
      sample: ""
    hint:
      description: What to do about it.
      returned: always
      type: str
      sample: ""
    timed_out:
      description: Whether it failed because O(models[].wait_timeout) was over; then the training goes on.
      returned: always
      type: bool
      sample: false
    ignored_changes:
      description: What differs in the options of O(models[].ignore_changes), under the names that the provider's module
        has for them, each with what is there (C(before)) and what was asked for (C(after)).
      returned: always
      type: dict
      sample: {"hyperparameters.n_epochs": {"before": 2, "after": 3}}
    warnings:
      description: What else there is to know of it. Shown as warnings of Ansible too, each once; those that are known
        before a training are shown at once and are then not among the warnings of the task's result.
      returned: always
      type: list
      elements: str
      sample: []
    diff:
      description: What differs, or would, C(before) and C(after).
      returned: always
      type: dict
      sample: {"before": {}, "after": {"model": "meta-llama/Llama-3.1-8B-Instruct"}}
"""

from ..module_utils._engine.basic import Module
from ..module_utils._pipeline.module import SPEC, run


def main() -> None:
    """Entry point."""
    run(Module(argument_spec=SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
