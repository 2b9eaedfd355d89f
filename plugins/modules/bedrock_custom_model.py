#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bedrock_custom_model
short_description: Train a custom model on Amazon Bedrock
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Makes sure that a custom model exists that was trained on this data with these settings. The first run starts one
    customization job and waits for it; a second run finds it and changes nothing.
  - The job is found again by its name and tags, so any later run on any machine finds what it started, even if the
    first was killed. There is no state file.
  - A finished model cannot be changed. What decides what the model is (O(base_model_identifier),
    O(training_data_config), O(validation_data_config), O(customization_type), O(hyperparameters),
    O(customization_config), O(custom_model_kms_key_id)) is compared, and a difference is refused unless
    O(retrain=on_change). What only mattered while training (O(role_arn), O(vpc_config), O(output_data_config),
    O(job_name)) makes a warning at most. O(tags) are changed in place, on the job and on the model. Options that are
    left out are not compared.
  - Bedrock has no two models of one name. A model that is trained beside an older one is called C(NAME-HASH), with
    eight digits of the hash of what it is trained on; the name given is the family's.
options:
  custom_model_name:
    description:
      - The name of the model, 1 to 63 letters and digits, with single V(-) and V(_) after them. Required unless
        O(job_arn) is given.
      - The name must leave room for nine more characters if a model is ever to be trained beside it.
    type: str
  job_arn:
    description:
      - Adopts this job by its ARN (or its name), whoever started it, and compares it by what the API shows. With
        O(state=absent) and O(state=cancelled) only this job is acted on.
      - Nothing is written to a job that is equal to what is asked.
    type: str
  job_name:
    description:
      - The name of the job, 1 to 63 letters, digits, V(+), V(-) and V(.). It is taken exactly. Bedrock never frees the
        name of a job, so a name that another job has is refused.
      - Left out, each job has a name of its own, C(NAME-HASH-NUMBER), which is the better choice wherever a model may
        be trained again.
    type: str
  base_model_identifier:
    description:
      - The base model, by its id or ARN, or a custom model by its ARN or name.
      - V(amazon.nova-lite-v1:0) and V(amazon.nova-lite-v1:0:300k) are the same, two different suffixes are not.
      - Required to start a job.
    type: str
  customization_type:
    description:
      - How to train. Left out, the service fine-tunes.
    type: str
    choices: [FINE_TUNING, CONTINUED_PRE_TRAINING, DISTILLATION, REINFORCEMENT_FINE_TUNING]
  hyperparameters:
    description:
      - The settings of the training, by the names of the base model, such as V(epochCount), V(batchSize) and
        V(learningRate). Ranges that AWS documents are checked; what is not known is passed on with a warning.
      - C("1e-05") and C(0.00001) are the same.
    type: dict
  customization_config:
    description:
      - The settings of distillation or of reinforcement fine-tuning, one of both.
    type: dict
    suboptions:
      distillation_config:
        description: For O(customization_type=DISTILLATION).
        type: dict
        suboptions:
          teacher_model_config:
            description: The teacher.
            type: dict
            required: true
            suboptions:
              teacher_model_identifier:
                description: The teacher's id or ARN, or that of an inference profile.
                type: str
                required: true
              max_response_length_for_inference:
                description: How many tokens the teacher may answer.
                type: int
      rft_config:
        description: For O(customization_type=REINFORCEMENT_FINE_TUNING).
        type: dict
        suboptions:
          grader_config:
            description: The grader.
            type: dict
            suboptions:
              lambda_grader:
                description: A function that grades.
                type: dict
                suboptions:
                  lambda_arn:
                    description: The ARN of the function.
                    type: str
                    required: true
          hyper_parameters:
            description:
              - V(epoch_count) (1 to 50), V(batch_size) (16 to 512), V(learning_rate) (1e-7 to 0.001),
                V(max_prompt_length), V(training_sample_per_prompt) (2 to 16), V(inference_max_tokens),
                V(reasoning_effort) (V(low), V(medium) or V(high)), V(eval_interval) (1 to 100).
            type: dict
  role_arn:
    description:
      - The ARN of the role that Bedrock assumes for the job. A role that was made a moment ago is waited for, up to two
        minutes.
      - Required to start a job.
    type: str
  custom_model_kms_key_id:
    description:
      - The KMS key that encrypts the model, by its ARN, id or alias. An alias is not compared, because it may point to
        another key any day.
    type: str
  training_data_config:
    description:
      - The training data. Required to start a job.
    type: dict
    suboptions:
      s3_uri:
        description:
          - The URI of the data, see M(llmops.finetune.bedrock_dataset). Cannot be given together with
            O(training_data_config.invocation_logs_config).
          - Two objects with the same content are the same data. Where the key does not carry the hash of the content,
            S3 is asked for its checksum, so that data which was written over is noticed.
        type: str
      invocation_logs_config:
        description: Use the logs of invocations instead.
        type: dict
        suboptions:
          use_prompt_response:
            description: Whether to use the answers in the logs too.
            type: bool
          invocation_log_source:
            description: Where the logs are.
            type: dict
            required: true
            suboptions:
              s3_uri:
                description: The URI of the folder.
                type: str
                required: true
          request_metadata_filters:
            description: Which invocations to use, as the API takes it, with the keys C(equals), C(not_equals),
              C(and_all) and C(or_all).
            type: dict
  validation_data_config:
    description:
      - The validation data.
    type: dict
    suboptions:
      validator:
        description: The data sets, 1 to 10.
        type: list
        elements: dict
        required: true
        aliases: [validators]
        suboptions:
          s3_uri:
            description: The URI of the data.
            type: str
            required: true
  output_data_config:
    description:
      - Where the job writes its metrics. Required to start a job.
    type: dict
    suboptions:
      s3_uri:
        description: The URI of the folder.
        type: str
        required: true
  vpc_config:
    description:
      - The VPC that the job runs in.
    type: dict
    suboptions:
      subnet_ids:
        description: The subnets, 1 to 16.
        type: list
        elements: str
        required: true
      security_group_ids:
        description: The security groups, 1 to 5.
        type: list
        elements: str
        required: true
  tags:
    description:
      - Tags of the job and of the model, at most 46. Keys that start with V(llmops_finetune_) are reserved.
      - Left out, tags are not compared; V({}) removes all.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether to remove tags that O(tags) lacks. The tags of this collection are never removed.
    type: bool
    default: true
  details:
    description:
      - Whether to fetch RV(steps) from the output bucket.
    type: bool
    default: false
  state:
    description:
      - V(present) makes sure that the model exists, is being trained, or (with O(wait)) is trained.
      - V(absent) stops what is running under the name and deletes its models. The host keeps the jobs in its list. It
        is refused while a deployment or a provisioned throughput uses a model.
      - V(cancelled) stops what is running; a stopped job cannot be resumed.
    type: str
    choices: [present, absent, cancelled]
    default: present
extends_documentation_fragment:
  - llmops.finetune.aws
  - llmops.finetune.training
  - llmops.finetune.waiting
  - llmops.finetune.waiting.progress
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_bedrock
  - llmops.finetune.attributes.resource
seealso:
  - module: llmops.finetune.bedrock_dataset
  - module: llmops.finetune.bedrock_custom_model_info
  - module: llmops.finetune.bedrock_foundation_model_info
"""

EXAMPLES = r"""
- name: Upload the data
  llmops.finetune.bedrock_dataset:
    src: files/support-bot.jsonl
    bucket: example-training
  register: data

- name: Train a model on it, once
  llmops.finetune.bedrock_custom_model:
    custom_model_name: support-bot
    base_model_identifier: amazon.nova-lite-v1:0:300k
    role_arn: arn:aws:iam::123456789012:role/FineTune
    training_data_config:
      s3_uri: "{{ data.s3_uri }}"
    output_data_config:
      s3_uri: s3://example-output/support-bot/
    hyperparameters:
      epochCount: 2
      learningRate: 1e-5
  register: bot

- name: Train anew when the data or a setting has changed, and delete the old model when the new one is ready
  llmops.finetune.bedrock_custom_model:
    custom_model_name: support-bot
    base_model_identifier: amazon.nova-lite-v1:0:300k
    customization_type: FINE_TUNING
    custom_model_kms_key_id: arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef
    role_arn: arn:aws:iam::123456789012:role/FineTune
    training_data_config:
      s3_uri: "{{ data.s3_uri }}"
    validation_data_config:
      validator:
        - s3_uri: "{{ check.s3_uri }}"
    output_data_config:
      s3_uri: s3://example-output/support-bot/
    vpc_config:
      subnet_ids: [subnet-0123456789abcdef0, subnet-0fedcba9876543210]
      security_group_ids: [sg-0123456789abcdef0]
    tags:
      team: support
    purge_tags: false
    retrain: on_change
    delete_previous: true
    details: true
    wait_timeout: 14400

- name: Distil a model from a larger one, from the logs of its invocations; start only, and look later
  llmops.finetune.bedrock_custom_model:
    custom_model_name: support-bot-small
    job_name: support-bot-small-2026-11
    base_model_identifier: amazon.nova-micro-v1:0:128k
    customization_type: DISTILLATION
    customization_config:
      distillation_config:
        teacher_model_config:
          teacher_model_identifier: amazon.nova-pro-v1:0
          max_response_length_for_inference: 1000
    role_arn: arn:aws:iam::123456789012:role/FineTune
    training_data_config:
      invocation_logs_config:
        use_prompt_response: true
        invocation_log_source:
          s3_uri: s3://example-logs/invocations/
        request_metadata_filters:
          equals:
            project: support
    output_data_config:
      s3_uri: s3://example-output/support-bot-small/
    wait: false

- name: Reinforcement fine-tuning with a grader
  llmops.finetune.bedrock_custom_model:
    custom_model_name: support-bot-rft
    base_model_identifier: amazon.nova-2-lite-v1:0:256k
    customization_type: REINFORCEMENT_FINE_TUNING
    customization_config:
      rft_config:
        grader_config:
          lambda_grader:
            lambda_arn: arn:aws:lambda:us-east-1:123456789012:function:grade
        hyper_parameters:
          epoch_count: 2
          batch_size: 64
    role_arn: arn:aws:iam::123456789012:role/FineTune
    training_data_config:
      s3_uri: s3://example-training/questions.jsonl
    output_data_config:
      s3_uri: s3://example-output/support-bot-rft/

- name: Start one more job after a failure was mended, without progress lines
  llmops.finetune.bedrock_custom_model:
    custom_model_name: support-bot
    base_model_identifier: amazon.nova-lite-v1:0:300k
    role_arn: arn:aws:iam::123456789012:role/FineTune
    training_data_config:
      s3_uri: "{{ data.s3_uri }}"
    output_data_config:
      s3_uri: s3://example-output/support-bot/
    retry_failed: true
    wait_progress: false
    wait_slice: 60

- name: Adopt a job that somebody, or Terraform, started
  llmops.finetune.bedrock_custom_model:
    job_arn: arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova-lite-v1:0:300k/1y5n57gh5y2e
    base_model_identifier: amazon.nova-lite-v1:0

- name: Stop it
  llmops.finetune.bedrock_custom_model:
    custom_model_name: support-bot
    state: cancelled

- name: Remove every model of the name
  llmops.finetune.bedrock_custom_model:
    custom_model_name: support-bot
    state: absent

- name: Keep the model, whatever the number of epochs is by now; the tags are somebody else's
  llmops.finetune.bedrock_custom_model:
    custom_model_name: support-bot
    base_model_identifier: amazon.nova-lite-v1:0:300k
    role_arn: arn:aws:iam::123456789012:role/FineTune
    training_data_config:
      s3_uri: "{{ data.s3_uri }}"
    output_data_config:
      s3_uri: s3://example-output/support-bot/
    hyperparameters:
      epochCount: 3
    ignore_changes: [hyperparameters.epochCount, tags]
"""

RETURN = r"""
action:
  description: What was done, or would be done in check mode.
  returned: success, and on failure as far as it is known
  type: str
  sample: create
  choices: [none, create, update, retrain, retry, cancel, delete]
ignored_changes:
  description: What differs in the options of O(ignore_changes), each with what is there (C(before)) and what was asked
    for (C(after)).
  returned: with O(ignore_changes)
  type: dict
  sample: {"hyperparameters.epochCount": {"before": "2", "after": "3"}}
name:
  description: The name of the family, as it was given.
  returned: success, and on failure as far as it is known
  type: str
  sample: support-bot
id:
  description: The ARN of the job; V(check-mode:job:NAME) where only a real run can know it.
  returned: success, and on failure as far as it is known
  type: str
run_id:
  description: The same under the name that it has for every provider.
  returned: success, and on failure as far as it is known
  type: str
job_arn:
  description: The same; none for a model that no job of this account made.
  returned: success, and on failure as far as it is known
  type: str
  sample: arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova-lite-v1:0:300k/1y5n57gh5y2e
job_name:
  description: The name of the job.
  returned: success, and on failure as far as it is known
  type: str
  sample: support-bot-5f70bf18-1
job_status:
  description: The status of the job in the words of the host.
  returned: success, and on failure as far as it is known
  type: str
  sample: Completed
status:
  description:
    - The same; V(absent) if there is nothing, V(check-mode) if check mode foresees a new job.
  returned: success, and on failure as far as it is known
  type: str
  sample: Completed
custom_model_arn:
  description: The ARN of the model, once it is trained; V(check-mode:model:NAME) where only a real run can know it.
  returned: success, and on failure as far as it is known
  type: str
  sample: arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/jk3m9x2p7q1z
model_verified:
  description: Whether the host has shown the model; null where nobody looked, as for a run that has just ended or has
    no model.
  returned: success, and on failure as far as it is known
  type: bool
  sample: true
custom_model_name:
  description: The name of the model itself; of one that was trained beside an older one it ends in a hash.
  returned: success, and on failure as far as it is known
  type: str
  sample: support-bot
base_model_identifier:
  description: The ARN of the base model.
  returned: success, and on failure as far as it is known
  type: str
  sample: arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k
customization_type:
  description: How it was trained.
  returned: success, and on failure as far as it is known
  type: str
  sample: FINE_TUNING
hyperparameters:
  description: The settings of the training, with the defaults of the host once it shows them.
  returned: success, and on failure as far as it is known
  type: dict
  sample:
    epochCount: "2"
failure_message:
  description: Why the job failed.
  returned: success, and on failure as far as it is known
  type: str
status_details:
  description: How far each stage of the job is.
  returned: success, and on failure as far as it is known
  type: dict
creation_time:
  description: When the job was created.
  returned: success, and on failure as far as it is known
  type: str
  sample: "2026-11-20T09:12:33Z"
end_time:
  description: When the job ended.
  returned: success, and on failure as far as it is known
  type: str
  sample: "2026-11-20T11:02:10Z"
tags:
  description: The tags of the job, without those of this collection; none where they were not read.
  returned: success, and on failure as far as it is known
  type: dict
  sample:
    team: support
training_metrics:
  description: The loss of the training, once it is over.
  returned: success, and on failure as far as it is known
  type: list
  elements: dict
  sample:
    - training_loss: 0.412
validation_metrics:
  description: The loss of each data set of O(validation_data_config), once the training is over.
  returned: success, and on failure as far as it is known
  type: list
  elements: dict
  sample:
    - validation_loss: 0.455
metrics:
  description: The same as one dictionary; the mean of several validation losses.
  returned: success, and on failure as far as it is known
  type: dict
  sample:
    training_loss: 0.412
    validation_loss: 0.455
steps:
  description:
    - The metrics of each step that the job wrote into its output bucket, as C(training) and C(validation).
    - Empty unless O(details=true).
  returned: success, and on failure as far as it is known
  type: dict
model:
  description: All that the host says of the job.
  returned: success, and on failure as far as it is known
  type: dict
elapsed:
  description: For how many seconds the task worked and waited.
  returned: success, and on failure as far as it is known
  type: float
  sample: 6612.4
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
  description: How far the job is.
  returned: with RV(waiting)
  type: dict
  contains:
    stage:
      description: What is going on.
      returned: always
      type: str
      sample: training
    message:
      description: What else there is to say.
      returned: when known
      type: str
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import run_resource
from ..module_utils._providers._bedrock.custom_model import prepare
from ..module_utils._providers._bedrock.options import MODEL


def main() -> None:
    """Entry point."""
    run_resource(Module(**MODEL, supports_check_mode=True), prepare)


if __name__ == "__main__":
    main()
