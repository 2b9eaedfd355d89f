#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fine_tune
short_description: Manage fine-tuned models of one or more providers from datasets
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Ensures that a fine-tuned model exists for each entry of O(models). The module does in one task, and for many models
    at the same time, the work of a provider's modules for one dataset and one model. All models share one process.
  - For each model, the module first checks and converts the data without the network. Then it compares the desired
    state with the observed state. Only if a run has to be started, it uploads the data, starts the run and waits for
    it. So the data of a finished model is never uploaded again, even if it was deleted after the training.
  - All models are checked and previewed before anything is written for one of them. If a quota of the provider is
    exhausted, a model waits until capacity is free.
  - The role P(llmops.finetune.fine_tune#role) is easier to use. It also writes the report and runs on the controller.
options:
  details:
    description:
      - Whether to fetch RV(results[].metrics) and RV(results[].curve) also for runs that had finished before the task
        started. This needs more API calls.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until all models are ready. If V(false), the task returns as soon as the runs have started, and
        a later run continues from there.
    type: bool
    default: true
  wait_progress:
    description:
      - Whether to print the plan, the progress and the result of each model to standard error, at most 40 lines per
        model.
      - Nothing is printed with C(no_log) or C(async).
    type: bool
    default: true
  wait_slice:
    description:
      - How long the module stays on the host, in seconds, before it returns and must be called again. With V(0), it
        stays until the work is complete.
      - The action plugin of this module sets it to V(20) and calls the module again by itself.
    type: float
    default: 0.0
  wait_state:
    description:
      - The state of all models between two slices. The action plugin passes it from one slice to the next. Do not set
        it in a playbook.
    type: dict
  data_places:
    description:
      - The paths where missing files of O(models[].training_data) and O(models[].validation_data) were searched. The
        action plugin sets it for the error message. Do not set it in a playbook.
    type: dict
extends_documentation_fragment:
  - llmops.finetune.models
  - llmops.finetune.attributes
  - llmops.finetune.attributes.resource
requirements:
  - the requirements of the modules of each provider in use
seealso:
  - module: llmops.finetune.dataset_info
  - module: llmops.finetune.openai_fine_tuned_model
  - module: llmops.finetune.bedrock_custom_model
  - module: llmops.finetune.oci_generative_ai_model
"""

EXAMPLES = r"""
- name: Train one model on one dataset
  llmops.finetune.fine_tune:
    models:
      - provider: openai
        name: support-bot
        base_model: meta-llama/Llama-3.1-8B-Instruct
        training_data: support.jsonl
        hyperparameters:
          epochs: 3

- name: Train models of three providers on the same data, with a limit on training tokens
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

- name: Set common options of several models once
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

- name: Start the runs without waiting for them
  llmops.finetune.fine_tune:
    models: "{{ wanted_models }}"
    wait: false
    wait_progress: false

- name: Delete a model and its data
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
  description: One result per model, in the order of O(models). Also returned if the task fails.
  returned: always
  type: list
  elements: dict
  contains:
    provider:
      description: The provider of the model.
      returned: always
      type: str
      sample: bedrock
    name:
      description: The name of the model.
      returned: always
      type: str
      sample: support-bot
    base_model:
      description: The base model, as set in the task.
      returned: always
      type: str
      sample: amazon.nova-lite-v1:0
    id:
      description:
        - The provider's identifier of the run, or of the model if both are the same. In check mode
          V(check-mode:KIND:NAME), if a
        - run would be started.
      returned: always
      type: str
      sample: ftjob-abc123
    run_id:
      description: The run that was started, found or waited for.
      returned: always
      type: str
      sample: ftjob-abc123
    job_id:
      description: The id or ARN of the job. For OCI, which has no jobs, the OCID of the model.
      returned: always
      type: str
      sample: ftjob-abc123
    provider_label:
      description: The name of the provider, for people.
      returned: always
      type: str
      sample: Amazon Bedrock
    phase:
      description:
        - The meaning of the status, with the same words for every provider. One of V(pending), V(paused), V(pausing),
          V(cancelling), V(ready), V(failed), V(cancelled), V(deleting), V(deleted), V(retired) and V(unknown).
        - V(null) if there is no run.
      returned: always
      type: str
      sample: ready
    status:
      description:
        - The status, as the provider reports it. V(absent) if the model was deleted. V(check-mode) if check mode
          predicts a new
        - run.
      returned: always
      type: str
      sample: succeeded
    model_id:
      description: The identifier to call the model, if the model exists.
      returned: always
      type: str
      sample: ft:meta-llama/Llama-3.1-8B-Instruct:acme:support-bot:9xYz
    model_verified:
      description:
        - Whether the provider has shown the model. V(false) if the provider does not show whether the model still
          exists.
        - V(null) if the module did not check.
      returned: always
      type: bool
      sample: true
    metrics:
      description: The last metrics of the training.
      returned: always
      type: dict
      sample: {"training_loss": 0.412}
    curve:
      description: The losses by step, as C(training) and C(validation). Each is a list of pairs of step and loss. OCI
        shows none.
      returned: always
      type: dict
      sample: {"training": [[1, 2.1], [2, 1.7]]}
    dataset_sha256:
      description: The SHA-256 hash of the training data, as sent to the provider.
      returned: always
      type: str
      sample: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
    dataset:
      description:
        - The data sent to the provider, as C(training) and C(validation). Each has the result of
          M(llmops.finetune.dataset_info)
        - and C(source_format), the format before the conversion.
      returned: always
      type: dict
      sample: {"training": {"format": "bedrock_converse", "source_format": "openai_chat", "examples": 60}}
    settings:
      description: The hyperparameters, with the names of the provider.
      returned: always
      type: dict
      sample: {"epochCount": 2}
    epochs:
      description: The number of training epochs, if it is known before the run.
      returned: always
      type: float
      sample: 2
    estimated_training_tokens:
      description: The number of tokens in the data, multiplied by the epochs.
      returned: always
      type: int
      sample: 38624
    estimated_training_tokens_max:
      description:
        - The upper limit of the uncertain estimate. It is compared with O(models[].max_training_tokens). V(null) if the
          number of
        - epochs is not known.
      returned: always
      type: int
      sample: 52143
    action:
      description:
        - The action that was performed, or that a real run would perform in check mode. One of V(none), V(create),
          V(retrain),
        - V(retry), V(update), V(resume), V(cancel) and V(delete).
      returned: always
      type: str
      sample: create
    changed:
      description: Whether anything was changed for this model.
      returned: always
      type: bool
      sample: true
    elapsed:
      description: How long the task worked on this model or waited for it, in seconds.
      returned: always
      type: float
      sample: 812.4
    started:
      description: The time when the run was created, from the provider's clock.
      returned: always
      type: str
      sample: "2026-11-20T08:14:09Z"
    ended:
      description: The time when the run ended, or of its last change.
      returned: always
      type: str
      sample: "2026-11-20T08:27:41Z"
    failed:
      description: Whether this model failed.
      returned: always
      type: bool
      sample: false
    msg:
      description: The reason for the failure. If another model of the task was refused, it says that nothing was done
        for this model.
      returned: always
      type: str
      sample: ""
    hint:
      description: How to correct the problem.
      returned: always
      type: str
      sample: ""
    timed_out:
      description: Whether this model failed because O(models[].wait_timeout) ended. In this case, the training
        continues.
      returned: always
      type: bool
      sample: false
    ignored_changes:
      description:
        - The ignored differences, by option of O(models[].ignore_changes), with the names of the provider's module.
          Each has the
        - observed value (C(before)) and the desired value (C(after)).
      returned: always
      type: dict
      sample: {"hyperparameters.n_epochs": {"before": 2, "after": 3}}
    warnings:
      description:
        - More information about this model. Each entry is also shown once as a warning of Ansible. Warnings that are
          known before
        - a training are shown immediately, and are then not in the warnings of the task's result.
      returned: always
      type: list
      elements: str
      sample: []
    diff:
      description: The differences that were applied or predicted, as C(before) and C(after).
      returned: always
      type: dict
      sample: {"before": {}, "after": {"model": "meta-llama/Llama-3.1-8B-Instruct"}}
"""

from ..module_utils._engine.basic import Module
from ..module_utils._pipeline.module import argument_spec, run


def main() -> None:
    """Entry point."""
    run(Module(argument_spec=argument_spec(), supports_check_mode=True))


if __name__ == "__main__":
    main()
