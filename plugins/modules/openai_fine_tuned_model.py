#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_fine_tuned_model
short_description: Manage fine-tuned models of OpenAI-style APIs
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Ensures that a fine-tuned model exists that was trained on the given data with the given settings. The first run
    starts one training job and waits for it. A second run finds the job and changes nothing.
  - Works with OpenAI, Azure OpenAI and compatible hosts.
  - The metadata of the job holds the name, the hash of the data and an idempotency token. So any later run on any
    machine finds the job, even if the first run was killed. There is no state file.
  - A finished model cannot be changed. If an option that defines the model differs (O(model), O(training_file),
    O(validation_file), O(seed), O(method), O(hyperparameters)), the task fails unless O(retrain=on_change).
  - If an option that matters only during training differs (O(suffix), O(integrations), O(metadata), O(training_type),
    O(extra_body)), the module gives at most a warning.
  - Options that are not set are not compared.
options:
  name:
    description:
      - The name of the model in this collection. All runs with one name form its history.
      - It is stored in the metadata of the job, and is the default of O(suffix).
      - 1 to 64 letters, digits, V(_), V(.) and V(-). Required unless O(job_id) is set.
    type: str
  job_id:
    description:
      - Adopts this job, even if this collection did not start it. The module compares the options with the values that
        the API shows. With O(state=absent), O(state=cancelled) and O(state=paused), it acts on this job only.
      - If O(name) is set too, a retrained model is later found under that name.
    type: str
  model:
    description:
      - The base model, or an earlier fine-tuned model to continue from.
      - V(gpt-4o-mini) and V(gpt-4o-mini-2024-07-18) are treated as equal, V(gpt-4o) and V(gpt-4o-mini) are not.
      - Required to start a run.
    type: str
  training_file:
    description:
      - The training data, as the id of an uploaded file (see M(llmops.finetune.openai_dataset)), or as V(sha256:HEX).
      - Two files with the same content are the same data, even if the file used for training was deleted. With
        V(sha256:HEX), the file must exist only if a run has to be started.
      - Required to start a run.
    type: str
  validation_file:
    description:
      - The validation data, in the same form as O(training_file).
    type: str
  suffix:
    description:
      - A suffix of up to 64 characters that the host adds to the name of the model. The default is O(name).
    type: str
  seed:
    description:
      - The random seed of the training, V(0) to V(2147483647).
    type: int
  method:
    description:
      - The training method and its settings. If not set, the host uses supervised training.
    type: dict
    suboptions:
      type:
        description:
          - V(supervised), V(dpo) or V(reinforcement). Other values are passed on with a warning.
        type: str
        required: true
      supervised:
        description: The settings of the method V(supervised).
        type: dict
        suboptions:
          hyperparameters:
            description:
              - V(n_epochs) (V(1) to V(50)), V(batch_size) (V(1) to V(256)) and V(learning_rate_multiplier) (above
                V(0)), each a number or V(auto). Other keys are passed on with a warning.
            type: dict
      dpo:
        description: The settings of the method V(dpo), direct preference optimization.
        type: dict
        suboptions:
          hyperparameters:
            description:
              - The same as for V(supervised), plus V(beta) (above V(0), at most V(2)).
            type: dict
      reinforcement:
        description: The settings of the method V(reinforcement). It requires O(validation_file).
        type: dict
        suboptions:
          hyperparameters:
            description:
              - The same as for V(supervised), plus V(compute_multiplier) (above V(0.00001), at most V(10)),
                V(eval_interval) and V(eval_samples) (V(1) or more), and V(reasoning_effort) (V(default), V(low),
                V(medium) or V(high)).
            type: dict
          grader:
            description:
              - The grader, in the format of the API.
            type: dict
          response_format:
            description:
              - The JSON schema for the answers, in the format of the API.
            type: dict
  hyperparameters:
    description:
      - Short form of O(method.supervised.hyperparameters). Every compatible host accepts it.
      - V(n_epochs), V(batch_size) and V(learning_rate_multiplier), each a number or V(auto). Other keys, such as
        V(lora) of a compatible host, are passed on with a warning.
    type: dict
  integrations:
    description:
      - The services to which the host reports the training, at most 5.
    type: list
    elements: dict
    suboptions:
      type:
        description: The type of the integration.
        type: str
        choices: [wandb]
        default: wandb
      wandb:
        description: The settings of Weights and Biases. The host stores its API key.
        type: dict
        suboptions:
          project:
            description: The project.
            type: str
            required: true
          name:
            description: The display name of the run.
            type: str
          entity:
            description: The team or user.
            type: str
          tags:
            description: The tags of the run.
            type: list
            elements: str
          api_key:
            description: The API key of Weights and Biases, for hosts that accept it with the job. It is neither shown
              nor compared.
            type: str
  metadata:
    description:
      - Up to 12 additional entries for the metadata of the job. Keys have 1 to 64 characters, values up to 512.
      - Keys that start with V(llmops_finetune_) are reserved.
    type: dict
  training_type:
    description:
      - The C(trainingType) of Azure OpenAI, in the format of its API. On Azure OpenAI, the default is V(1), standard
        training. For other hosts, nothing is sent by default.
    type: str
  missing_model_id:
    description:
      - The model (RV(fine_tuned_model)) that was deleted on purpose, on a host that does not show whether it still
        exists. With O(state=present), the module treats it as missing and starts a new run with the same settings.
      - The option applies to this one model only. It can stay in the playbook and starts no later run. It is not needed
        for OpenAI, or for an Azure OpenAI resource that lists its models.
    type: str
  extra_body:
    description:
      - Additional keys for the body of the create request that only some hosts accept, such as C(from_checkpoint). Keys
        that other options set are refused.
      - C(--diff) shows them as part of the request. If the host shows such a key in the job, a difference gives at most
        a warning, never a new run.
    type: dict
  delete_files:
    description:
      - With O(state=absent), whether to delete the uploaded training and validation files too. Files that another
        unfinished job uses are kept.
    type: bool
    default: false
  wait_timeout:
    type: int
    default: 21600
    aliases: [completion_window]
  state:
    description:
      - V(present) ensures that the model exists, is in training, or (with O(wait)) is trained.
      - V(absent) cancels unfinished runs of this name and deletes the models. The host keeps the jobs in its list.
      - V(cancelled) cancels unfinished runs. V(paused) pauses them, and V(present) resumes a paused run.
    type: str
    choices: [present, absent, cancelled, paused]
    default: present
extends_documentation_fragment:
  - llmops.finetune.openai
  - llmops.finetune.training
  - llmops.finetune.waiting
  - llmops.finetune.waiting.progress
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_openai
  - llmops.finetune.attributes.resource
seealso:
  - module: llmops.finetune.openai_dataset
  - module: llmops.finetune.openai_fine_tuned_model_info
"""

EXAMPLES = r"""
- name: Upload the training data
  llmops.finetune.openai_dataset:
    name: support-bot
    src: files/support-bot.jsonl
  register: data

- name: Train a model once
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot
    model: meta-llama/Llama-3.1-8B-Instruct
    training_file: "{{ data.file_id }}"
    hyperparameters:
      n_epochs: 3
  register: bot

- name: Show the model to call
  ansible.builtin.debug:
    msg: "The model to call is {{ bot.fine_tuned_model }}"

- name: Retrain if the data or a setting has changed, then delete the old model
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot
    model: meta-llama/Llama-3.1-8B-Instruct
    training_file: "{{ data.file_id }}"
    validation_file: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    seed: 42
    suffix: support
    metadata:
      team: support
    integrations:
      - type: wandb
        wandb:
          project: support-bot
          name: nightly
          entity: support
          tags: [ansible]
    retrain: on_change
    delete_previous: true
    details: true
    wait_timeout: 14400

- name: Train with direct preference optimization
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot-dpo
    model: meta-llama/Llama-3.1-8B-Instruct
    training_file: "{{ preferences.file_id }}"
    method:
      type: dpo
      dpo:
        hyperparameters:
          beta: 0.1

- name: Train with reinforcement and a grader
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot-rft
    model: openai/gpt-oss-20b
    training_file: "{{ questions.file_id }}"
    validation_file: "{{ more_questions.file_id }}"
    method:
      type: reinforcement
      reinforcement:
        grader:
          type: string_check
          name: exact
          operation: eq
          input: "{{ '{{' }} sample.output_text {{ '}}' }}"
          reference: "{{ '{{' }} item.answer {{ '}}' }}"
        hyperparameters:
          reasoning_effort: low
        response_format:
          type: json_schema
          json_schema:
            name: answer
            schema:
              type: object

- name: Start a run without waiting for it
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot
    model: meta-llama/Llama-3.1-8B-Instruct
    training_file: "{{ data.file_id }}"
    method:
      type: supervised
      supervised:
        hyperparameters:
          n_epochs: auto
    wait: false

- name: Start one more run after a failure was fixed, without progress lines
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot
    model: meta-llama/Llama-3.1-8B-Instruct
    training_file: "{{ data.file_id }}"
    retry_failed: true
    wait_progress: false
    wait_slice: 60

- name: Train a model on Azure OpenAI
  llmops.finetune.openai_fine_tuned_model:
    azure_endpoint: https://example.openai.azure.com
    api_version: 2025-04-01-preview
    api_key: "{{ azure_key }}"
    training_type: "1"
    name: support-bot
    model: gpt-4o-mini-2024-07-18
    training_file: "{{ data.file_id }}"

- name: Adopt a job that was started manually
  llmops.finetune.openai_fine_tuned_model:
    job_id: ftjob-AbCdEfGhIjKlMnOpQrStUvWx
    name: support-bot
    model: meta-llama/Llama-3.1-8B-Instruct

- name: Pause the run
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot
    state: paused

- name: Cancel the run
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot
    state: cancelled

- name: Delete all models of this name, and the uploaded data
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot
    state: absent
    delete_files: true

- name: Ignore the base model on a host that shows it under another name
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot
    model: /models/llama
    training_file: "{{ data.file_id }}"
    ignore_changes: [model]

- name: Use a gateway and send options that only its host accepts
  llmops.finetune.openai_fine_tuned_model:
    base_url: https://gateway.example.com/v1
    extra_headers:
      x-portkey-virtual-key: "{{ portkey_key }}"
    extra_query:
      custom_llm_provider: openai
    name: support-bot
    model: openai/gpt-oss-20b
    training_file: "{{ data.file_id }}"
    extra_body:
      from_checkpoint: ftckpt_AbCdEfGh
      tags: [support]
"""

RETURN = r"""
action:
  description: The action that was performed, or that a real run would perform in check mode.
  returned: success, and on failure if known
  type: str
  sample: create
  choices: [none, create, retrain, retry, cancel, pause, resume, delete]
ignored_changes:
  description:
    - The ignored differences, by option of O(ignore_changes). Each has the observed value (C(before)) and the desired
      value
    - (C(after)).
  returned: when O(ignore_changes) is set
  type: dict
  sample: {"model": {"before": "ref:9f2c", "after": "/models/llama"}}
name:
  description: The name of the model in this collection.
  returned: success, and on failure if known
  type: str
  sample: support-bot
id:
  description: The id of the job. In check mode V(check-mode:job:NAME), if it is only known after apply.
  returned: success, and on failure if known
  type: str
  sample: ftjob-AbCdEfGhIjKlMnOpQrStUvWx
job_id:
  description: The same as RV(id).
  returned: success, and on failure if known
  type: str
  sample: ftjob-AbCdEfGhIjKlMnOpQrStUvWx
run_id:
  description: The same as RV(id), under the name that all providers share.
  returned: success, and on failure if known
  type: str
  sample: ftjob-AbCdEfGhIjKlMnOpQrStUvWx
fine_tuned_model:
  description: The model to call, after the training. In check mode V(check-mode:model:NAME), if it is only known after
    apply.
  returned: success, and on failure if known
  type: str
  sample: ft:gpt-4o-mini-2024-07-18:acme:support-bot:AbCdEfGh
model_verified:
  description:
    - Whether the host has shown the model. V(false) if the host does not show whether the model still exists; this is a
    - warning and never starts a new run. V(null) if the module did not check, for example because the run has just
      ended or
    - has no model.
  returned: success, and on failure if known
  type: bool
  sample: true
status:
  description:
    - The status, as the host reports it. V(absent) if there is no job. V(check-mode) if check mode predicts a new run.
  returned: success, and on failure if known
  type: str
  sample: succeeded
created_at:
  description: The time when the job was created, in seconds since 1970.
  returned: success, and on failure if known
  type: int
  sample: 1763690000
finished_at:
  description: The time when the job ended, in seconds since 1970.
  returned: success, and on failure if known
  type: int
  sample: 1763693600
trained_tokens:
  description: The number of tokens that were trained and charged.
  returned: success, and on failure if known
  type: int
  sample: 41250
metrics:
  description:
    - The last metrics of the training, such as C(train_loss), C(train_mean_token_accuracy), C(valid_loss),
      C(valid_mean_token_accuracy), C(full_valid_loss), with the names of the host.
    - Empty if the run had ended before the task started, unless O(details=true).
  returned: success, and on failure if known
  type: dict
  sample:
    step: 200
    train_loss: 0.412
    train_mean_token_accuracy: 0.91
checkpoints:
  description:
    - The checkpoints that the host kept, as the host lists them.
    - Empty if the run had ended before the task started, unless O(details=true).
  returned: success, and on failure if known
  type: list
  elements: dict
model:
  description: All data that the host returns for the job. Entries of this collection are removed from its metadata.
  returned: success, and on failure if known
  type: dict
elapsed:
  description: The duration of the task, in seconds.
  returned: success, and on failure if known
  type: float
  sample: 731.4
timed_out:
  description: Whether O(wait_timeout) ended before the training did.
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
  sample: {"wait_timeout": 21600}
progress:
  description: The progress of the run. Unknown values are omitted.
  returned: with RV(waiting)
  type: dict
  contains:
    stage:
      description: The current stage.
      returned: always
      type: str
      sample: training
    percent:
      description: The completed part, in percent (0 to 100).
      returned: when known
      type: float
      sample: 62
    step:
      description: The last reported step.
      returned: when known
      type: int
      sample: 124
    total_steps:
      description: The total number of steps.
      returned: when known
      type: int
      sample: 200
    loss:
      description: The training loss of the last step.
      returned: when known
      type: float
      sample: 0.412
    message:
      description: More information about the progress.
      returned: when known
      type: str
      sample: mean reward 0.42
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import run_resource
from ..module_utils._providers._openai.desired import SPEC
from ..module_utils._providers._openai.fine_tuned_model import build_driver


def main() -> None:
    """Entry point."""
    run_resource(Module(**SPEC, supports_check_mode=True), build_driver)


if __name__ == "__main__":
    main()
