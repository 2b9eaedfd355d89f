#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_fine_tuned_model
short_description: Fine-tune a model through an OpenAI-style API
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Makes sure that a fine-tuned model exists that was trained on this data with these settings. The first run starts
    one training job and waits for it; a second run finds it and changes nothing.
  - Works with OpenAI, Azure OpenAI and compatible hosts.
  - The name, the hash of the data and a token of the intent are kept in the metadata of the job, so any later run on
    any machine finds what it started, even if the first was killed. There is no state file.
  - A finished model cannot be changed. What decides what the model is (O(model), O(training_file), O(validation_file),
    O(seed), O(method), O(hyperparameters)) is compared, and a difference is refused unless O(retrain=on_change). What
    only mattered while training (O(suffix), O(integrations), O(metadata), O(training_type),
    O(extra_body)) makes a warning at most.
    Options that are left out are not compared.
options:
  name:
    description:
      - The name under which the model is kept. All runs of one name are its history.
      - It is written to the metadata of the job, and is the default of O(suffix).
      - 1 to 64 letters, digits, V(_), V(.) and V(-); required unless O(job_id) is given.
    type: str
  job_id:
    description:
      - Adopts this job, whoever started it, and compares it by what the API shows. With O(state=absent),
        O(state=cancelled) and O(state=paused) only this job is acted on.
      - With O(name) too, a retrained model is found again under that name.
    type: str
  model:
    description:
      - The base model, or an earlier fine-tuned model to go on from.
      - V(gpt-4o-mini) and V(gpt-4o-mini-2024-07-18) are the same, V(gpt-4o) and V(gpt-4o-mini) are not.
      - Required to start a run.
    type: str
  training_file:
    description:
      - The training data, as the id of an uploaded file (see M(llmops.finetune.openai_dataset)), or as V(sha256:HEX).
      - Two files with the same content are the same data, even if the one that was trained on is deleted. With
        V(sha256:HEX) the file need not exist as long as no run has to be started.
      - Required to start a run.
    type: str
  validation_file:
    description:
      - The validation data, in the same way.
    type: str
  suffix:
    description:
      - Up to 64 characters that the host adds to the name of the model. The default is O(name).
    type: str
  seed:
    description:
      - The seed of the training, V(0) to V(2147483647).
    type: int
  method:
    description:
      - The training method and its settings. Left out, the host trains supervised.
    type: dict
    suboptions:
      type:
        description:
          - V(supervised), V(dpo) or V(reinforcement). Others are passed on with a warning.
        type: str
        required: true
      supervised:
        description: Settings of the method V(supervised).
        type: dict
        suboptions:
          hyperparameters:
            description:
              - V(n_epochs) (V(1) to V(50)), V(batch_size) (V(1) to V(256)) and V(learning_rate_multiplier) (above
                V(0)), each a number or V(auto). Others are passed on with a warning.
            type: dict
      dpo:
        description: Settings of the method V(dpo), direct preference optimization.
        type: dict
        suboptions:
          hyperparameters:
            description:
              - As for V(supervised), and V(beta) (above V(0), at most V(2)).
            type: dict
      reinforcement:
        description: Settings of the method V(reinforcement). It needs O(validation_file).
        type: dict
        suboptions:
          hyperparameters:
            description:
              - As for V(supervised), and V(compute_multiplier) (above V(0.00001), at most V(10)), V(eval_interval) and
                V(eval_samples) (from V(1)), V(reasoning_effort) (V(default), V(low), V(medium) or V(high)).
            type: dict
          grader:
            description:
              - The grader, as the API takes it.
            type: dict
          response_format:
            description:
              - The JSON schema that answers must follow, as the API takes it.
            type: dict
  hyperparameters:
    description:
      - Short form for the settings of supervised training, instead of O(method.supervised.hyperparameters). Every
        compatible host understands it.
      - V(n_epochs), V(batch_size) and V(learning_rate_multiplier), each a number or V(auto). Others, such as V(lora)
        of a compatible host, are passed on with a warning.
    type: dict
  integrations:
    description:
      - Where the host reports the training to, at most 5.
    type: list
    elements: dict
    suboptions:
      type:
        description: The kind of integration.
        type: str
        choices: [wandb]
        default: wandb
      wandb:
        description: Settings of Weights and Biases. The host holds its API key.
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
            description: Tags of the run.
            type: list
            elements: str
          api_key:
            description: The API key of Weights and Biases, at hosts that take it with the job. It is neither shown nor
              compared.
            type: str
  metadata:
    description:
      - Up to 12 further entries for the metadata of the job, with keys of 1 to 64 characters and values of up to 512.
      - Keys that start with V(llmops_finetune_) are reserved.
    type: dict
  training_type:
    description:
      - The C(trainingType) of Azure OpenAI, as that takes it. The default there is V(1), its standard training;
        elsewhere nothing is sent.
    type: str
  missing_model_id:
    description:
      - A model (RV(fine_tuned_model)) that was deleted on purpose, at a host that does not show whether it still
        exists. What it was trained for then counts as missing, and is trained anew with O(state=present).
      - It holds for this one model, so that it can stay in the playbook and no later run is started for it. At OpenAI,
        and where an Azure OpenAI resource lists its models, it is not needed.
    type: str
  extra_body:
    description:
      - Further keys of the body of the create request, which only some hosts take, such as C(from_checkpoint). The keys
        that other options stand for are refused.
      - It is part of the request that C(--diff) shows. Where the host shows such a key with the job, a difference makes
        a warning at most, never a new run.
    type: dict
  delete_files:
    description:
      - With O(state=absent), whether to delete the uploaded training and validation files too. Files that another
        unfinished job uses are kept.
    type: bool
    default: false
  wait_timeout:
    aliases: [completion_window]
  state:
    description:
      - V(present) makes sure that the model exists, is being trained, or (with O(wait)) is trained.
      - V(absent) cancels what is running under the name and deletes its models. The host keeps the jobs in its list.
      - V(cancelled) cancels what is running, V(paused) pauses it; a paused run is resumed by V(present).
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
- name: Upload the data
  llmops.finetune.openai_dataset:
    name: support-bot
    src: files/support-bot.jsonl
  register: data

- name: Train a model on it, once
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot
    model: meta-llama/Llama-3.1-8B-Instruct
    training_file: "{{ data.file_id }}"
    hyperparameters:
      n_epochs: 3
  register: bot

- name: Use it
  ansible.builtin.debug:
    msg: "The model to call is {{ bot.fine_tuned_model }}"

- name: Train anew when the data or a setting has changed, and delete the old model when the new one is ready
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

- name: Direct preference optimization
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot-dpo
    model: meta-llama/Llama-3.1-8B-Instruct
    training_file: "{{ preferences.file_id }}"
    method:
      type: dpo
      dpo:
        hyperparameters:
          beta: 0.1

- name: Reinforcement fine-tuning with a grader
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

- name: Start only, and look later
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

- name: Start one more run after a failure was mended, without progress lines
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot
    model: meta-llama/Llama-3.1-8B-Instruct
    training_file: "{{ data.file_id }}"
    retry_failed: true
    wait_progress: false
    wait_slice: 60

- name: On Azure OpenAI
  llmops.finetune.openai_fine_tuned_model:
    azure_endpoint: https://example.openai.azure.com
    api_version: 2025-04-01-preview
    api_key: "{{ azure_key }}"
    training_type: "1"
    name: support-bot
    model: gpt-4o-mini-2024-07-18
    training_file: "{{ data.file_id }}"

- name: Adopt a job that somebody started by hand
  llmops.finetune.openai_fine_tuned_model:
    job_id: ftjob-AbCdEfGhIjKlMnOpQrStUvWx
    name: support-bot
    model: meta-llama/Llama-3.1-8B-Instruct

- name: Pause it
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot
    state: paused

- name: Stop it
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot
    state: cancelled

- name: Remove every model of the name, and the uploaded data
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot
    state: absent
    delete_files: true

- name: At a host that shows another name for the base model than it was sent
  llmops.finetune.openai_fine_tuned_model:
    name: support-bot
    model: /models/llama
    training_file: "{{ data.file_id }}"
    ignore_changes: [model]

- name: Through a gateway, with what only the host behind it takes
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
  description: What was done, or would be done in check mode.
  returned: success, and on failure as far as it is known
  type: str
  sample: create
  choices: [none, create, retrain, retry, cancel, pause, resume, delete]
ignored_changes:
  description: What differs in the options of O(ignore_changes), each with what is there (C(before)) and what was asked
    for (C(after)).
  returned: with O(ignore_changes)
  type: dict
  sample: {"model": {"before": "ref:9f2c", "after": "/models/llama"}}
name:
  description: The name.
  returned: success, and on failure as far as it is known
  type: str
  sample: support-bot
id:
  description: The id of the job; V(check-mode:job:NAME) where only a real run can know it.
  returned: success, and on failure as far as it is known
  type: str
  sample: ftjob-AbCdEfGhIjKlMnOpQrStUvWx
job_id:
  description: The same as RV(id).
  returned: success, and on failure as far as it is known
  type: str
  sample: ftjob-AbCdEfGhIjKlMnOpQrStUvWx
run_id:
  description: The same under the name that it has for every provider.
  returned: success, and on failure as far as it is known
  type: str
  sample: ftjob-AbCdEfGhIjKlMnOpQrStUvWx
fine_tuned_model:
  description: The model to call, once it is trained; V(check-mode:model:NAME) where only a real run can know it.
  returned: success, and on failure as far as it is known
  type: str
  sample: ft:gpt-4o-mini-2024-07-18:acme:support-bot:AbCdEfGh
model_verified:
  description: Whether the host has shown the model. V(false) where it does not show whether it still exists, which is a
    warning and never a new run; null where nobody looked, as for a run that has just ended or has no model.
  returned: success, and on failure as far as it is known
  type: bool
  sample: true
status:
  description:
    - The status in the words of the host; V(absent) if there is none, V(check-mode) if check mode foresees a new
      run.
  returned: success, and on failure as far as it is known
  type: str
  sample: succeeded
created_at:
  description: When the job was created, in seconds since 1970.
  returned: success, and on failure as far as it is known
  type: int
  sample: 1763690000
finished_at:
  description: When the job ended, in seconds since 1970.
  returned: success, and on failure as far as it is known
  type: int
  sample: 1763693600
trained_tokens:
  description: How many tokens were trained, and charged.
  returned: success, and on failure as far as it is known
  type: int
  sample: 41250
metrics:
  description:
    - The last numbers of the training, such as C(train_loss), C(train_mean_token_accuracy), C(valid_loss),
      C(valid_mean_token_accuracy), C(full_valid_loss), in the names of the host.
    - Empty for a run that was over before the task began, unless O(details=true).
  returned: success, and on failure as far as it is known
  type: dict
  sample:
    step: 200
    train_loss: 0.412
    train_mean_token_accuracy: 0.91
checkpoints:
  description:
    - The checkpoints that the host kept, as it lists them.
    - Empty for a run that was over before the task began, unless O(details=true).
  returned: success, and on failure as far as it is known
  type: list
  elements: dict
model:
  description: All that the host says of the job; the entries of this collection are left out of its metadata.
  returned: success, and on failure as far as it is known
  type: dict
elapsed:
  description: For how many seconds the task worked and waited.
  returned: success, and on failure as far as it is known
  type: float
  sample: 731.4
timed_out:
  description: That O(wait_timeout) ended before the training did.
  returned: when the task failed for that reason
  type: bool
  sample: true
waiting:
  description: That O(wait_slice) is over and the module is to be called again.
  returned: when O(wait_slice) is set and there is more to wait for
  type: bool
  sample: true
wait_state:
  description: What the next call of the module needs to know of this one, as O(wait_state).
  returned: when O(wait_slice) is set and there is more to wait for
  type: dict
  sample: {"wait_timeout": 21600}
progress:
  description: How far the run is; what is not known is left out.
  returned: with RV(waiting)
  type: dict
  contains:
    stage:
      description: What is going on.
      returned: always
      type: str
      sample: training
    percent:
      description: How much is done, 0 to 100.
      returned: when known
      type: float
      sample: 62
    step:
      description: The last step that was reported.
      returned: when known
      type: int
      sample: 124
    total_steps:
      description: How many steps there are.
      returned: when known
      type: int
      sample: 200
    loss:
      description: The training loss of that step.
      returned: when known
      type: float
      sample: 0.412
    message:
      description: What else there is to say.
      returned: when known
      type: str
      sample: mean reward 0.42
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import run_resource
from ..module_utils._providers._openai.fine_tuned_model import prepare
from ..module_utils._providers._openai.options import MODEL


def main() -> None:
    """Entry point."""
    run_resource(Module(**MODEL, supports_check_mode=True), prepare)


if __name__ == "__main__":
    main()
