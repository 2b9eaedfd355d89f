#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bedrock_custom_model
short_description: Manage custom models of Amazon Bedrock
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Ensures that a custom model exists that was trained on the given data with the given settings. The first run starts
    one customization job and waits for it. A second run finds the job and changes nothing.
  - The module finds the job by its name and tags. So any later run on any machine finds the job, even if the first run
    was killed. There is no state file.
  - A finished model cannot be changed. If an option that defines the model differs (O(base_model_identifier),
    O(training_data_config), O(validation_data_config), O(customization_type), O(hyperparameters),
    O(customization_config), O(custom_model_kms_key_id)), the task fails unless O(retrain=on_change).
  - If an option that matters only during training differs (O(role_arn), O(vpc_config), O(output_data_config),
    O(job_name)), the module gives at most a warning.
  - O(tags) are changed in place, on the job and on the model.
  - Options that are not set are not compared.
  - Model names are unique in Bedrock. If an older model with the name exists, the new model is named C(NAME-HASH), with
    the first eight digits of a hash of the options that define it. O(custom_model_name) then is the name of the whole
    lineage.
options:
  custom_model_name:
    description:
      - The name of the model, 1 to 63 letters and digits, with single V(-) and V(_) after them. Required unless
        O(job_arn) is set.
      - The name must leave room for nine more characters if a newer model will be trained while the older one exists.
    type: str
  job_arn:
    description:
      - Adopts this job by its ARN or name, even if this collection did not start it. The module compares the options
        with the values that the API shows. With O(state=absent) and O(state=cancelled), it acts on this job only.
      - If the job is in the desired state, nothing is written to it.
    type: str
  job_name:
    description:
      - The exact name of the job, 1 to 63 letters, digits, V(+), V(-) and V(.). Bedrock never frees the name of a job,
        so the name of another job is refused.
      - If not set, each job gets its own name, C(NAME-HASH-NUMBER). This is the better choice if a model may be trained
        again.
    type: str
  base_model_identifier:
    description:
      - The id or ARN of the base model, or the ARN or name of a custom model.
      - V(amazon.nova-lite-v1:0) and V(amazon.nova-lite-v1:0:300k) are treated as equal. Two different suffixes are not.
      - Required to start a job.
    type: str
  customization_type:
    description:
      - The training method. If not set, the service uses fine-tuning.
    type: str
    choices: [FINE_TUNING, CONTINUED_PRE_TRAINING, DISTILLATION, REINFORCEMENT_FINE_TUNING]
  hyperparameters:
    description:
      - The training settings, with the names of the base model, such as V(epochCount), V(batchSize) and
        V(learningRate). The ranges that AWS documents are checked. Unknown settings are passed on with a warning.
      - C("1e-05") and C(0.00001) are treated as equal.
    type: dict
  customization_config:
    description:
      - The settings of distillation or of reinforcement fine-tuning. Only one of them can be set.
    type: dict
    suboptions:
      distillation_config:
        description: The settings for O(customization_type=DISTILLATION).
        type: dict
        suboptions:
          teacher_model_config:
            description: The teacher model.
            type: dict
            required: true
            suboptions:
              teacher_model_identifier:
                description: The id or ARN of the teacher model, or the ARN of an inference profile.
                type: str
                required: true
              max_response_length_for_inference:
                description: The maximum number of tokens in an answer of the teacher.
                type: int
      rft_config:
        description: The settings for O(customization_type=REINFORCEMENT_FINE_TUNING).
        type: dict
        suboptions:
          grader_config:
            description: The grader.
            type: dict
            suboptions:
              lambda_grader:
                description: A Lambda function that grades the answers.
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
      - The ARN of the role that Bedrock assumes for the job. If the role has just been created, the module waits for
        it, up to two minutes.
      - Required to start a job.
    type: str
  custom_model_kms_key_id:
    description:
      - The KMS key that encrypts the model, by its ARN, id or alias. An alias is not compared, because it may later
        point to another key.
    type: str
  training_data_config:
    description:
      - The training data. Required to start a job.
    type: dict
    suboptions:
      s3_uri:
        description:
          - The URI of the data, see M(llmops.finetune.bedrock_dataset). Cannot be used together with
            O(training_data_config.invocation_logs_config).
          - Two objects with the same content are the same data. If the key does not contain the hash of the content,
            the module reads the checksum from S3. So it detects overwritten data.
        type: str
      invocation_logs_config:
        description: Uses the logs of invocations as training data.
        type: dict
        suboptions:
          use_prompt_response:
            description: Whether to use the answers in the logs too.
            type: bool
          invocation_log_source:
            description: The location of the logs.
            type: dict
            required: true
            suboptions:
              s3_uri:
                description: The URI of the folder.
                type: str
                required: true
          request_metadata_filters:
            description:
              - The filter for the invocations, in the format of the API, with the keys C(equals), C(not_equals),
                C(and_all) and
              - C(or_all).
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
      - The location to which the job writes its metrics. Required to start a job.
    type: dict
    suboptions:
      s3_uri:
        description: The URI of the folder.
        type: str
        required: true
  vpc_config:
    description:
      - The VPC in which the job runs.
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
      - If not set, tags are not compared. V({}) removes all tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether to remove tags that are not in O(tags). The ownership tags of this collection are never removed.
    type: bool
    default: true
  details:
    description:
      - Whether to fetch RV(steps) from the output bucket.
    type: bool
    default: false
  state:
    description:
      - V(present) ensures that the model exists, is in training, or (with O(wait)) is trained.
      - V(absent) stops unfinished jobs of this name and deletes the models. Bedrock keeps the jobs in its list. The
        deletion is refused while a deployment or a provisioned throughput uses a model.
      - V(cancelled) stops unfinished jobs. A stopped job cannot be resumed.
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
- name: Upload the training data
  llmops.finetune.bedrock_dataset:
    src: files/support-bot.jsonl
    bucket: example-training
  register: data

- name: Train a model once
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

- name: Retrain if the data or a setting has changed, then delete the old model
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

- name: Distill a smaller model from the invocation logs of a larger one, without waiting for the job
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

- name: Train with reinforcement and a grader
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

- name: Start one more job after a failure was fixed, without progress lines
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

- name: Adopt a job that was started manually or by Terraform
  llmops.finetune.bedrock_custom_model:
    job_arn: arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova-lite-v1:0:300k/1y5n57gh5y2e
    base_model_identifier: amazon.nova-lite-v1:0

- name: Stop the job
  llmops.finetune.bedrock_custom_model:
    custom_model_name: support-bot
    state: cancelled

- name: Delete all models of this name
  llmops.finetune.bedrock_custom_model:
    custom_model_name: support-bot
    state: absent

- name: Ignore changes of the number of epochs and of tags that another tool manages
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
  description: The action that was performed, or that a real run would perform in check mode.
  returned: success, and on failure if known
  type: str
  sample: create
  choices: [none, create, update, retrain, retry, cancel, delete]
ignored_changes:
  description:
    - The ignored differences, by option of O(ignore_changes). Each has the observed value (C(before)) and the desired
      value
    - (C(after)).
  returned: when O(ignore_changes) is set
  type: dict
  sample: {"hyperparameters.epochCount": {"before": "2", "after": "3"}}
name:
  description: The name of the lineage, as set in the task.
  returned: success, and on failure if known
  type: str
  sample: support-bot
id:
  description: The ARN of the job. In check mode V(check-mode:job:NAME), if it is only known after apply.
  returned: success, and on failure if known
  type: str
run_id:
  description: The same as RV(id), under the name that all providers share.
  returned: success, and on failure if known
  type: str
job_arn:
  description: The same as RV(id). V(null) for a model that was not created by a job of this account.
  returned: success, and on failure if known
  type: str
  sample: arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova-lite-v1:0:300k/1y5n57gh5y2e
job_name:
  description: The name of the job.
  returned: success, and on failure if known
  type: str
  sample: support-bot-5f70bf18-1
job_status:
  description: The status of the job, as Bedrock reports it.
  returned: success, and on failure if known
  type: str
  sample: Completed
status:
  description:
    - The same as RV(job_status). V(absent) if there is neither a job nor a model. V(check-mode) if check mode predicts
      a new job.
  returned: success, and on failure if known
  type: str
  sample: Completed
custom_model_arn:
  description: The ARN of the model, after the training. In check mode V(check-mode:model:NAME), if it is only known
    after apply.
  returned: success, and on failure if known
  type: str
  sample: arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/jk3m9x2p7q1z
model_verified:
  description:
    - Whether Bedrock has shown the model. V(null) if the module did not check, for example because the run has just
      ended or
    - has no model.
  returned: success, and on failure if known
  type: bool
  sample: true
custom_model_name:
  description: The name of the model itself. It ends in a hash if the model was trained while an older one existed.
  returned: success, and on failure if known
  type: str
  sample: support-bot
base_model_identifier:
  description: The ARN of the base model.
  returned: success, and on failure if known
  type: str
  sample: arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k
customization_type:
  description: The training method.
  returned: success, and on failure if known
  type: str
  sample: FINE_TUNING
hyperparameters:
  description: The training settings, including the defaults of Bedrock as soon as it shows them.
  returned: success, and on failure if known
  type: dict
  sample:
    epochCount: "2"
failure_message:
  description: The reason for the failure of the job.
  returned: success, and on failure if known
  type: str
status_details:
  description: The status of each stage of the job.
  returned: success, and on failure if known
  type: dict
creation_time:
  description: The time when the job was created.
  returned: success, and on failure if known
  type: str
  sample: "2026-11-20T09:12:33Z"
end_time:
  description: The time when the job ended.
  returned: success, and on failure if known
  type: str
  sample: "2026-11-20T11:02:10Z"
tags:
  description: The tags of the job, without the ownership tags of this collection. V(null) if they were not read.
  returned: success, and on failure if known
  type: dict
  sample:
    team: support
training_metrics:
  description: The training loss, after the end of the training.
  returned: success, and on failure if known
  type: list
  elements: dict
  sample:
    - training_loss: 0.412
validation_metrics:
  description: The loss of each data set of O(validation_data_config), after the end of the training.
  returned: success, and on failure if known
  type: list
  elements: dict
  sample:
    - validation_loss: 0.455
metrics:
  description: RV(training_metrics) and RV(validation_metrics) as one dictionary, with the mean of several validation
    losses.
  returned: success, and on failure if known
  type: dict
  sample:
    training_loss: 0.412
    validation_loss: 0.455
steps:
  description:
    - The metrics of each step that the job wrote to its output bucket, as C(training) and C(validation).
    - Empty unless O(details=true).
  returned: success, and on failure if known
  type: dict
model:
  description: All data that Bedrock returns for the job.
  returned: success, and on failure if known
  type: dict
elapsed:
  description: The duration of the task, in seconds.
  returned: success, and on failure if known
  type: float
  sample: 6612.4
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
  description: The progress of the job.
  returned: with RV(waiting)
  type: dict
  contains:
    stage:
      description: The current stage.
      returned: always
      type: str
      sample: training
    message:
      description: More information about the progress.
      returned: when known
      type: str
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import run_resource
from ..module_utils._providers._bedrock.custom_model import SPEC, build_driver


def main() -> None:
    """Entry point."""
    run_resource(Module(**SPEC, supports_check_mode=True), build_driver)


if __name__ == "__main__":
    main()
