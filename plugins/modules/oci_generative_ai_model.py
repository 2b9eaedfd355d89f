#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oci_generative_ai_model
short_description: Train a custom model on OCI Generative AI
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Makes sure that a custom model exists that was trained on this data with these settings. The first run starts the
    training and waits for it; a second run finds the model and changes nothing.
  - The model is found again by its compartment, its name and a tag, so any later run on any machine finds what this
    one started, even if it was killed. There is no state file.
  - A finished model cannot be trained again. What decides what the model is (O(base_model_id),
    O(fine_tune_details.training_dataset), O(fine_tune_details.training_config)) is compared, and a difference is
    refused unless O(retrain=on_change). The cluster only matters while training and makes a warning at most; it may be
    deleted afterwards. All else is changed in place, the name and the compartment only with O(model_id); of a model
    that is being trained once it is ready, so not with O(wait=false). Options that are left out are not compared.
  - Models that are trained anew have the same name as the older ones; the newest that is equal counts.
options:
  compartment_id:
    description:
      - The OCID of the compartment.
      - With O(model_id) the model is moved there, and keeps its OCID. Without, it says where to look, so that a new
        value means a new training.
      - Required unless O(model_id) is given.
    type: str
  display_name:
    description:
      - The name of the model, by which it is found.
      - With O(model_id) the model is renamed. Without, it says what to look for, so that a new value means a new
        training.
      - Required unless O(model_id) is given.
    type: str
  model_id:
    description:
      - Adopts this model by its OCID, whoever made it, and compares it by what the API shows. With O(state=absent) only
        this model is acted on.
      - Nothing is written to a model that is equal to what is asked, not even a tag. So give it in every run.
      - Needed to rename or to move a model, and where another model of the same name was not made by this module.
    type: str
  base_model_id:
    description:
      - The OCID of the base model, see M(llmops.finetune.oci_generative_ai_model_info).
      - Required to start a training.
    type: str
  fine_tune_details:
    description:
      - How to train. Required to start a training.
    type: dict
    suboptions:
      dedicated_ai_cluster_id:
        description:
          - The OCID of the cluster to train on, of type V(FINE_TUNING), see
            M(llmops.finetune.oci_generative_ai_dedicated_ai_cluster). One that is being made is waited for.
          - Required to start a training.
        type: str
      training_dataset:
        description:
          - The training data, see M(llmops.finetune.oci_generative_ai_dataset).
          - Two objects with the same content are the same data. Where the name of the object does not carry the hash of
            the content, Object Storage is asked for its checksum, so that data which was written over is noticed.
        type: dict
        suboptions:
          bucket:
            description: The bucket.
            type: str
            required: true
          dataset_type:
            description: The type of the data; there is one.
            type: str
            choices: [OBJECT_STORAGE]
            default: OBJECT_STORAGE
          namespace:
            description: The namespace of Object Storage. Left out, it is that of the tenancy.
            type: str
          object:
            description: The name of the object.
            type: str
            required: true
      training_config:
        description:
          - The method and its hyperparameters. Left out, the service chooses what suits the base model.
        type: dict
        suboptions:
          training_config_type:
            description:
              - The method. Which one a base model takes is said by the service.
            type: str
            choices: [TFEW_TRAINING_CONFIG, VANILLA_TRAINING_CONFIG, LORA_TRAINING_CONFIG]
            required: true
          total_training_epochs:
            description: For how many epochs to train at most.
            type: int
          training_batch_size:
            description: The batch size.
            type: int
          learning_rate:
            description: The learning rate at the beginning.
            type: float
          early_stopping_patience:
            description:
              - How many evaluations without the improvement of
                O(fine_tune_details.training_config.early_stopping_threshold) end the training. V(0) never ends it.
            type: int
          early_stopping_threshold:
            description: By how much the loss must improve.
            type: float
          log_model_metrics_interval_in_steps:
            description: After how many steps each to log the metrics, beyond the first 20. V(0) logs none.
            type: int
          lora_r:
            description: The rank of the update matrices. Only with V(LORA_TRAINING_CONFIG).
            type: int
          lora_alpha:
            description: The scale of the update matrices. Only with V(LORA_TRAINING_CONFIG).
            type: int
          lora_dropout:
            description: The share of dropout, V(0) to V(1). Only with V(LORA_TRAINING_CONFIG).
            type: float
          num_of_last_layers:
            description: How many of the last layers to train. Only with V(VANILLA_TRAINING_CONFIG).
            type: int
  description:
    description:
      - A description. An empty one removes it.
    type: str
  vendor:
    description:
      - Who makes the model, as free text.
    type: str
  version:
    description:
      - The version of the model, as free text.
    type: str
  freeform_tags:
    description:
      - Free-form tags, at most 8, which replace all that there are. Keys that start with V(llmops_finetune_) are
        reserved; the tags of this collection are kept and never shown.
      - Left out, they are not compared; V({}) removes all.
    type: dict
  defined_tags:
    description:
      - Defined tags, as V({"Operations":{"CostCenter":"42"}}) or V({"Operations.CostCenter":"42"}).
      - Those that are given are compared, and removed if their value is none. Others, such as the defaults of the
        tenancy, are left as they are.
    type: dict
  retrain:
    description:
      - What to do when a model of the name exists that was trained with other settings. No provider can change a
        finished model, so this always means a new training, which is paid anew.
      - V(never) fails and lists each setting, old and new.
      - V(on_change) trains a new model beside the old one. OCI cannot stop a training, so one that is going on with
        other settings is an error all the same.
    type: str
    choices: [never, on_change]
    default: never
  details:
    description:
      - Whether to fetch RV(work_request) of a model that was finished before the task began.
    type: bool
    default: false
  state:
    description:
      - V(present) makes sure that the model exists, is being trained, or (with O(wait)) is trained.
      - V(absent) deletes the models of the name. It is refused while an endpoint uses one. OCI cannot stop a training,
        so one that is going on is waited for, and its model deleted then; that can take longer than O(wait_timeout)
        when left out. With O(wait=false) it is refused.
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
- name: Upload the data
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

- name: Train a model on it, once
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

- name: Train anew when the data or a setting has changed, and delete the old model when the new one is ready
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

- name: Train the last layers of a model, and look later
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

- name: Start one more training after a failure was mended, without progress lines
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

- name: Move and rename a model; it keeps its OCID
  llmops.finetune.oci_generative_ai_model:
    model_id: ocid1.generativeaimodel.oc1.us-chicago-1.exampleuniqueid
    compartment_id: ocid1.compartment.oc1..anotheruniqueid
    display_name: help-bot

- name: Remove every model of the name
  llmops.finetune.oci_generative_ai_model:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: support-bot
    state: absent

- name: Describe it only when it is made; others may describe it anew
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
  description: What was done, or would be done in check mode.
  returned: success, and on failure as far as it is known
  type: str
  sample: create
  choices: [none, create, update, retrain, retry, delete]
ignored_changes:
  description: What differs in the options of O(ignore_changes), each with what is there (C(before)) and what was asked
    for (C(after)).
  returned: with O(ignore_changes)
  type: dict
  sample: {"description": {"before": "by hand", "after": "Answers tickets"}}
name:
  description: The name of the model, under the name that it has for every provider.
  returned: success, and on failure as far as it is known
  type: str
  sample: support-bot
id:
  description: The OCID of the model; V(check-mode:model:NAME) where only a real run can know it.
  returned: success, and on failure as far as it is known
  type: str
  sample: ocid1.generativeaimodel.oc1.us-chicago-1.exampleuniqueid
run_id:
  description: The same under the name that it has for every provider.
  returned: success, and on failure as far as it is known
  type: str
status:
  description:
    - The same as RV(state); V(absent) if there is nothing, V(check-mode) if check mode foresees a new training.
  returned: success, and on failure as far as it is known
  type: str
  sample: ACTIVE
state:
  description: The lifecycle state of the model in the words of the host.
  returned: success, and on failure as far as it is known
  type: str
  sample: ACTIVE
model_verified:
  description: Whether the host has shown the model; null where nobody looked, as for a run that has just ended or has
    no model.
  returned: success, and on failure as far as it is known
  type: bool
  sample: true
lifecycle_details:
  description: What the host says about the state; of a failed model, why it failed.
  returned: success, and on failure as far as it is known
  type: str
display_name:
  description: The name of the model.
  returned: success, and on failure as far as it is known
  type: str
  sample: support-bot
compartment_id:
  description: The OCID of the compartment.
  returned: success, and on failure as far as it is known
  type: str
base_model_id:
  description: The OCID of the base model.
  returned: success, and on failure as far as it is known
  type: str
fine_tune_details:
  description:
    - How it was trained, under the names of the options, with the defaults of the host.
  returned: success, and on failure as far as it is known
  type: dict
description:
  description: The description.
  returned: success, and on failure as far as it is known
  type: str
vendor:
  description: The vendor.
  returned: success, and on failure as far as it is known
  type: str
version:
  description: The version.
  returned: success, and on failure as far as it is known
  type: str
capabilities:
  description: What the model can be used for.
  returned: success, and on failure as far as it is known
  type: list
  elements: str
  sample: [CHAT]
type:
  description: V(CUSTOM), or V(BASE) for a model of the host.
  returned: success, and on failure as far as it is known
  type: str
  sample: CUSTOM
is_long_term_supported:
  description: Whether a base model is supported for long; none for others.
  returned: success, and on failure as far as it is known
  type: bool
model_metrics:
  description: The metrics of the training, once it is over.
  returned: success, and on failure as far as it is known
  type: dict
  sample:
    model_metrics_type: CHAT_MODEL_METRICS
    final_accuracy: 0.87
    final_loss: 0.41
metrics:
  description: The same under the names that every provider's result has.
  returned: success, and on failure as far as it is known
  type: dict
  sample:
    training_loss: 0.41
    accuracy: 0.87
freeform_tags:
  description: The free-form tags, without those of this collection.
  returned: success, and on failure as far as it is known
  type: dict
  sample:
    team: support
defined_tags:
  description: The defined tags, those that the tenancy adds included.
  returned: success, and on failure as far as it is known
  type: dict
system_tags:
  description: The tags of the host.
  returned: success, and on failure as far as it is known
  type: dict
time_created:
  description: When the model was created.
  returned: success, and on failure as far as it is known
  type: str
  sample: "2026-11-20T09:12:33.000Z"
time_updated:
  description: When it was changed last.
  returned: success, and on failure as far as it is known
  type: str
time_deprecated:
  description: When the model and its base model will be deprecated.
  returned: success, and on failure as far as it is known
  type: str
time_on_demand_retired:
  description: When it can no longer be called on demand.
  returned: success, and on failure as far as it is known
  type: str
time_dedicated_retired:
  description: When it can no longer be hosted on a cluster.
  returned: success, and on failure as far as it is known
  type: str
previous_state:
  description: The model as it was before the last change, where the host shows it.
  returned: success, and on failure as far as it is known
  type: dict
work_request:
  description:
    - The work request of the training, with its C(errors) and its C(logs).
    - Fetched with O(details=true), and of a training that the task has waited for; else empty. Where the training
      failed it is empty too, and the message has the errors. The host forgets work requests after some days.
  returned: success, and on failure as far as it is known
  type: dict
model:
  description: All that the host says of the model.
  returned: success, and on failure as far as it is known
  type: dict
elapsed:
  description: For how many seconds the task worked and waited.
  returned: success, and on failure as far as it is known
  type: float
  sample: 2712.4
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
  description: How far the training is.
  returned: with RV(waiting)
  type: dict
  contains:
    stage:
      description: What is going on.
      returned: always
      type: str
      sample: training
    percent:
      description: How much of it is done.
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
from ..module_utils._providers._oci.custom_model import prepare
from ..module_utils._providers._oci.options import MODEL


def main() -> None:
    """Entry point."""
    run_resource(Module(**MODEL, supports_check_mode=True), prepare)


if __name__ == "__main__":
    main()
