#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oci_generative_ai_model
short_description: Manage custom models of OCI Generative AI
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Ensures that a custom model exists that was trained on the given data with the given settings. The first run starts
    the training and waits for it. A second run finds the model and changes nothing.
  - The module finds the model by its compartment, its name and a tag. So any later run on any machine finds the model,
    even if the first run was killed. There is no state file.
  - A finished model cannot be trained again. If an option that defines the model differs (O(base_model_id),
    O(fine_tune_details.training_dataset), O(fine_tune_details.training_config)), the task fails unless
    O(retrain=on_change).
  - The cluster matters only during training. If it differs, the module gives at most a warning. The cluster may be
    deleted after the training.
  - All other options are changed in place. The name and the compartment are changed only if O(model_id) is set. A model
    in training is changed when it is ready, so not with O(wait=false).
  - Options that are not set are not compared.
  - Retrained models have the same name as the older ones. The newest model that matches the desired state is used.
options:
  compartment_id:
    description:
      - The OCID of the compartment.
      - If O(model_id) is set, the module moves the model to this compartment, and the model keeps its OCID. If not, the
        module looks for the model in this compartment, so a new value starts a new training.
      - Required unless O(model_id) is set.
    type: str
  display_name:
    description:
      - The name by which the module finds the model.
      - If O(model_id) is set, the module renames the model. If not, the module looks for a model with this name, so a
        new value starts a new training.
      - Required unless O(model_id) is set.
    type: str
  model_id:
    description:
      - Adopts this model by its OCID, even if this collection did not create it. The module compares the options with
        the values that the API shows. With O(state=absent), it acts on this model only.
      - If the model is in the desired state, nothing is written to it, not even a tag. So set this option in every run.
      - Required to rename or move a model, and if another model with the same name exists that this module did not
        create.
    type: str
  base_model_id:
    description:
      - The OCID of the base model, see M(llmops.finetune.oci_generative_ai_model_info).
      - Required to start a training.
    type: str
  fine_tune_details:
    description:
      - The settings of the training. Required to start a training.
    type: dict
    suboptions:
      dedicated_ai_cluster_id:
        description:
          - The OCID of the cluster to train on, of type V(FINE_TUNING), see
            M(llmops.finetune.oci_generative_ai_dedicated_ai_cluster). If the cluster is still being created, the module
            waits for it.
          - Required to start a training.
        type: str
      training_dataset:
        description:
          - The training data, see M(llmops.finetune.oci_generative_ai_dataset).
          - Two objects with the same content are the same data. If the name of the object does not contain the hash of
            the content, the module reads the checksum from Object Storage. So it detects overwritten data.
        type: dict
        suboptions:
          bucket:
            description: The bucket.
            type: str
            required: true
          dataset_type:
            description: The type of the data. There is only one.
            type: str
            choices: [OBJECT_STORAGE]
            default: OBJECT_STORAGE
          namespace:
            description: The namespace of Object Storage. If not set, it is the namespace of the tenancy.
            type: str
          object:
            description: The name of the object.
            type: str
            required: true
      training_config:
        description:
          - The method and its hyperparameters. If not set, the service chooses them for the base model.
        type: dict
        suboptions:
          training_config_type:
            description:
              - The training method. The service defines which methods a base model supports.
            type: str
            required: true
            choices: [TFEW_TRAINING_CONFIG, VANILLA_TRAINING_CONFIG, LORA_TRAINING_CONFIG]
          total_training_epochs:
            description: The maximum number of epochs.
            type: int
          training_batch_size:
            description: The batch size.
            type: int
          learning_rate:
            description: The initial learning rate.
            type: float
          early_stopping_patience:
            description:
              - The training ends after this number of evaluations without an improvement of
                O(fine_tune_details.training_config.early_stopping_threshold). V(0) disables early stopping.
            type: int
          early_stopping_threshold:
            description: The minimum improvement of the loss.
            type: float
          log_model_metrics_interval_in_steps:
            description: The number of steps between two logs of the metrics, after the first 20 steps. V(0) disables
              the logs.
            type: int
          lora_r:
            description: The rank of the update matrices. Only for V(LORA_TRAINING_CONFIG).
            type: int
          lora_alpha:
            description: The scale of the update matrices. Only for V(LORA_TRAINING_CONFIG).
            type: int
          lora_dropout:
            description: The dropout rate, V(0) to V(1). Only for V(LORA_TRAINING_CONFIG).
            type: float
          num_of_last_layers:
            description: The number of last layers to train. Only for V(VANILLA_TRAINING_CONFIG).
            type: int
  description:
    description:
      - The description of the model. An empty string removes it.
    type: str
  vendor:
    description:
      - The vendor of the model, as free text.
    type: str
  version:
    description:
      - The version of the model, as free text.
    type: str
  freeform_tags:
    description:
      - Free-form tags, at most 8. They replace all existing free-form tags. Keys that start with V(llmops_finetune_)
        are reserved. The ownership tags of this collection are kept and never shown.
      - If not set, tags are not compared. V({}) removes all tags.
    type: dict
  defined_tags:
    description:
      - Defined tags, as V({"Operations":{"CostCenter":"42"}}) or V({"Operations.CostCenter":"42"}).
      - Only these tags are compared. A tag with the value none is removed. Other tags, such as the defaults of the
        tenancy, are left unchanged.
    type: dict
  retrain:
    description:
      - The action when a model with this name exists that was trained with different settings. No provider can change a
        finished model, so retraining always starts and charges a new training.
      - V(never) fails and lists the old and new value of each setting.
      - V(on_change) trains a new model and keeps the old one. OCI cannot stop a training, so an unfinished training
        with different settings is still an error.
    type: str
    choices: [never, on_change]
    default: never
  details:
    description:
      - Whether to fetch RV(work_request) also for a model that had finished before the task started.
    type: bool
    default: false
  state:
    description:
      - V(present) ensures that the model exists, is in training, or (with O(wait)) is trained.
      - V(absent) deletes all models of this name. The deletion is refused while an endpoint uses one of them.
      - OCI cannot stop a training. With V(absent), the module waits for an unfinished training and then deletes its
        model. This can take longer than the default of O(wait_timeout). With O(wait=false), it is refused.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - llmops.finetune.oci
  - llmops.finetune.training
  - llmops.finetune.oci.timeouts
  - llmops.finetune.waiting.progress
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_oci
  - llmops.finetune.attributes.resource
seealso:
  - module: llmops.finetune.oci_generative_ai_dataset
  - module: llmops.finetune.oci_generative_ai_model_info
  - module: llmops.finetune.oci_generative_ai_dedicated_ai_cluster
"""

EXAMPLES = r"""
- name: Upload the training data
  llmops.finetune.oci_generative_ai_dataset:
    src: files/support-bot.jsonl
    bucket: example-training
  register: data

- name: Find the base model
  llmops.finetune.oci_generative_ai_model_info:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    capability: [FINE_TUNE]
    display_name: meta.llama-3.3-70b-instruct
  register: base

- name: Train a model once
  llmops.finetune.oci_generative_ai_model:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: support-bot
    base_model_id: "{{ base.models[0].id }}"
    fine_tune_details:
      dedicated_ai_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
      training_dataset:
        namespace: "{{ data.namespace }}"
        bucket: "{{ data.bucket }}"
        object: "{{ data.object }}"
  register: bot

- name: Retrain if the data or a setting has changed, then delete the old model
  llmops.finetune.oci_generative_ai_model:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: support-bot
    base_model_id: "{{ base.models[0].id }}"
    description: Answers questions about invoices
    vendor: Example
    version: "2026.11"
    freeform_tags:
      team: support
    defined_tags:
      Operations:
        CostCenter: "42"
    fine_tune_details:
      dedicated_ai_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
      training_dataset:
        dataset_type: OBJECT_STORAGE
        bucket: "{{ data.bucket }}"
        object: "{{ data.object }}"
      training_config:
        training_config_type: LORA_TRAINING_CONFIG
        total_training_epochs: 3
        training_batch_size: 8
        learning_rate: 2e-4
        early_stopping_patience: 15
        early_stopping_threshold: 0.0001
        log_model_metrics_interval_in_steps: 10
        lora_r: 8
        lora_alpha: 8
        lora_dropout: 0.1
    retrain: on_change
    delete_previous: true
    details: true
    wait_timeout: 7200

- name: Train the last layers of a model without waiting for the training
  llmops.finetune.oci_generative_ai_model:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: support-bot-light
    base_model_id: ocid1.generativeaimodel.oc1.us-chicago-1.exampleuniqueid
    fine_tune_details:
      dedicated_ai_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
      training_dataset:
        bucket: example-training
        object: support-bot.jsonl
      training_config:
        training_config_type: VANILLA_TRAINING_CONFIG
        num_of_last_layers: 8
    wait: false

- name: Start one more training after a failure was fixed, without progress lines
  llmops.finetune.oci_generative_ai_model:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: support-bot
    base_model_id: "{{ base.models[0].id }}"
    fine_tune_details:
      dedicated_ai_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
      training_dataset:
        bucket: "{{ data.bucket }}"
        object: "{{ data.object }}"
    retry_failed: true
    wait_progress: false
    wait_slice: 60

- name: Move and rename a model (it keeps its OCID)
  llmops.finetune.oci_generative_ai_model:
    model_id: ocid1.generativeaimodel.oc1.us-chicago-1.exampleuniqueid
    compartment_id: ocid1.compartment.oc1..anotheruniqueid
    display_name: help-bot

- name: Delete all models of this name
  llmops.finetune.oci_generative_ai_model:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: support-bot
    state: absent

- name: Set the description at creation only, and ignore later changes
  llmops.finetune.oci_generative_ai_model:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: support-bot
    description: Answers tickets
    base_model_id: "{{ base.models[0].id }}"
    fine_tune_details:
      dedicated_ai_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
      training_dataset:
        bucket: "{{ data.bucket }}"
        object: "{{ data.object }}"
    ignore_changes: [description]
"""

RETURN = r"""
action:
  description: The action that was performed, or that a real run would perform in check mode.
  returned: success, and on failure if known
  type: str
  sample: create
  choices: [none, create, update, retrain, retry, delete]
ignored_changes:
  description:
    - The ignored differences, by option of O(ignore_changes). Each has the observed value (C(before)) and the desired
      value
    - (C(after)).
  returned: when O(ignore_changes) is set
  type: dict
  sample: {"description": {"before": "by hand", "after": "Answers tickets"}}
name:
  description: The same as RV(display_name), under the name that all providers share.
  returned: success, and on failure if known
  type: str
  sample: support-bot
id:
  description: The OCID of the model. In check mode V(check-mode:model:NAME), if it is only known after apply.
  returned: success, and on failure if known
  type: str
  sample: ocid1.generativeaimodel.oc1.us-chicago-1.exampleuniqueid
run_id:
  description: The same as RV(id), under the name that all providers share.
  returned: success, and on failure if known
  type: str
status:
  description:
    - The same as RV(state). V(absent) if there is no model. V(check-mode) if check mode predicts a new training.
  returned: success, and on failure if known
  type: str
  sample: ACTIVE
state:
  description: The lifecycle state of the model, as OCI reports it.
  returned: success, and on failure if known
  type: str
  sample: ACTIVE
model_verified:
  description:
    - Whether OCI has shown the model. V(null) if the module did not check, for example because the run has just ended
      or has
    - no model.
  returned: success, and on failure if known
  type: bool
  sample: true
lifecycle_details:
  description: Details about the state, as OCI reports them. For a failed model, the reason for the failure.
  returned: success, and on failure if known
  type: str
display_name:
  description: The name of the model.
  returned: success, and on failure if known
  type: str
  sample: support-bot
compartment_id:
  description: The OCID of the compartment.
  returned: success, and on failure if known
  type: str
base_model_id:
  description: The OCID of the base model.
  returned: success, and on failure if known
  type: str
fine_tune_details:
  description:
    - The settings of the training, with the names of the options, including the defaults of OCI.
  returned: success, and on failure if known
  type: dict
description:
  description: The description.
  returned: success, and on failure if known
  type: str
vendor:
  description: The vendor.
  returned: success, and on failure if known
  type: str
version:
  description: The version.
  returned: success, and on failure if known
  type: str
capabilities:
  description: The capabilities of the model.
  returned: success, and on failure if known
  type: list
  elements: str
  sample: [CHAT]
type:
  description: V(CUSTOM), or V(BASE) for a base model of OCI.
  returned: success, and on failure if known
  type: str
  sample: CUSTOM
is_long_term_supported:
  description: Whether OCI supports a base model for a long term. V(null) for other models.
  returned: success, and on failure if known
  type: bool
model_metrics:
  description: The metrics of the training, after its end.
  returned: success, and on failure if known
  type: dict
  sample:
    model_metrics_type: CHAT_MODEL_METRICS
    final_accuracy: 0.87
    final_loss: 0.41
metrics:
  description: RV(model_metrics), under the names that all providers share.
  returned: success, and on failure if known
  type: dict
  sample:
    training_loss: 0.41
    accuracy: 0.87
freeform_tags:
  description: The free-form tags, without the ownership tags of this collection.
  returned: success, and on failure if known
  type: dict
  sample:
    team: support
defined_tags:
  description: The defined tags, including those that the tenancy adds.
  returned: success, and on failure if known
  type: dict
system_tags:
  description: The system tags of OCI.
  returned: success, and on failure if known
  type: dict
time_created:
  description: The time when the model was created.
  returned: success, and on failure if known
  type: str
  sample: "2026-11-20T09:12:33.000Z"
time_updated:
  description: The time of the last change.
  returned: success, and on failure if known
  type: str
time_deprecated:
  description: The time when OCI deprecates the model and its base model.
  returned: success, and on failure if known
  type: str
time_on_demand_retired:
  description: The time from which the model cannot be called on demand.
  returned: success, and on failure if known
  type: str
time_dedicated_retired:
  description: The time from which the model cannot be hosted on a cluster.
  returned: success, and on failure if known
  type: str
previous_state:
  description: The model before the last change, if OCI shows it.
  returned: success, and on failure if known
  type: dict
work_request:
  description:
    - The work request of the training, with its C(errors) and C(logs).
    - It is fetched with O(details=true), and for a training that the task waited for. Otherwise, it is empty.
    - It is also empty if the training failed. In this case, the error message contains the errors. OCI deletes work
      requests after some days.
  returned: success, and on failure if known
  type: dict
model:
  description: All data that OCI returns for the model.
  returned: success, and on failure if known
  type: dict
elapsed:
  description: The duration of the task, in seconds.
  returned: success, and on failure if known
  type: float
  sample: 2712.4
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
  description: The progress of the training.
  returned: with RV(waiting)
  type: dict
  contains:
    stage:
      description: The current stage.
      returned: always
      type: str
      sample: training
    percent:
      description: The completed part, in percent.
      returned: when known
      type: float
      sample: 62.0
    message:
      description: The last line of the log.
      returned: when known
      type: str
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import run_resource
from ..module_utils._providers._oci.custom_model import SPEC, build_driver


def main() -> None:
    """Entry point."""
    run_resource(Module(**SPEC, supports_check_mode=True), build_driver)


if __name__ == "__main__":
    main()
