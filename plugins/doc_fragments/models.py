# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  models:
    description:
      - The models to make, all at the same time. What fails for one does not stop the others.
        What is given for another provider than that of the model does not matter.
      - 'All are checked first: with bad input for one of them, nothing is started.'
    type: list
    elements: dict
    required: true
    suboptions:
      provider:
        description:
          - Who trains the model. V(openai) is any host with an API like OpenAI's, Azure OpenAI
            too.
        type: str
        choices: [openai, bedrock, oci]
        required: true
      name:
        description:
          - The name under which the model is kept. All runs of one name are its history. Its
            data is called the same.
        type: str
        required: true
      base_model:
        description:
          - The base model, as its provider calls it. With OCI, an OCID or a display name; of
            several versions of one name the newest is taken, or the one that the model is made
            of already.
          - Needed with O(models[].state=present).
        type: str
      training_data:
        description:
          - 'The data to train on: the path of a file on the controller, or examples as a list
            or as JSON lines.'
          - A relative path is looked for where a role and a playbook keep their files.
          - It may have any format that can be converted without loss to what the provider and
            the base model take. A line that would lose something makes the task fail.
          - Needed with O(models[].state=present).
        type: raw
      validation_data:
        description:
          - The data to validate with, given like O(models[].training_data). OCI takes none,
            as it splits the data itself.
        type: raw
      hyperparameters:
        description:
          - 'Settings of the training. These names mean the same for every provider: C(epochs),
            C(batch_size), C(learning_rate), C(learning_rate_multiplier), C(learning_rate_warmup_steps),
            C(lora_rank), C(lora_alpha), C(lora_dropout), C(early_stopping_patience), C(early_stopping_threshold).'
          - One that the provider or the base model does not have is refused. The provider's
            own names pass too.
        type: dict
      state:
        description:
          - V(present) makes sure that the model exists, trained on this data with these settings.
          - V(absent) stops what runs and deletes every model of the name.
          - V(cancelled) stops what runs. OCI cannot.
        type: str
        choices: [present, absent, cancelled]
        default: present
      retrain:
        description:
          - What to do when a model or run of the name exists that was made with other training
            settings. No provider can change a finished model, so this always means a new run,
            which is paid anew.
          - V(never) fails and lists each setting, old and new.
          - V(on_change) cancels a run that is still going, and starts a new one.
        type: str
        choices: [never, on_change]
        default: never
      retry_failed:
        description:
          - Whether to start one more run when the newest one with the same settings failed
            or was cancelled.
        type: bool
        default: false
      delete_previous:
        description:
          - Whether to delete the models of the name that a newer one has replaced, once that
            is ready.
        type: bool
        default: false
      ignore_changes:
        description:
          - Options that are left out when what exists is compared with what is asked for, such as V(base_model),
            V(hyperparameters.epochs) or V(bedrock.tags). They still hold for what is created.
          - What differs in them is shown under C(ignored) in the diff, and as RV(results[].ignored_changes).
          - The name and the ids that say which model is meant cannot be left out.
        type: list
        elements: str
        default: []
      delete_dataset:
        description:
          - Whether O(models[].state=absent) deletes the uploaded data too, all versions of
            it.
        type: bool
        default: false
      max_training_tokens:
        description:
          - Refuses to start a training that may go through more tokens than this, in check mode
            too. The estimate is the tokens of the data times the epochs. As it is uncertain, its
            upper side is compared, 15 % above it for OpenAI-style hosts and 35 % for the others.
          - Where no epochs are given, those that the provider makes of none are taken; where
            nobody knows them, the training is refused.
        type: int
      wait_timeout:
        description:
          - For how many seconds the task works on this model or waits for it at most, from its start, uploads included.
            When they are over it fails with RV(results[].timed_out=true), and what was started goes on.
        type: int
        default: 21600
      openai:
        description:
          - What only OpenAI-style APIs have. What is left out is read from the environment,
            as by M(llmops.finetune.openai_fine_tuned_model).
        type: dict
        suboptions: &openai
          api_key:
            description: The API key.
            type: str
          azure_ad_token:
            description: A token of Microsoft Entra ID for Azure OpenAI, instead of C(api_key).
            type: str
          organization:
            description: The organization to work in, where the key belongs to several.
            type: str
          project:
            description: The project to work in.
            type: str
          base_url:
            description: The base URL of the API, for compatible hosts and gateways; it usually
              ends in C(/v1). Azure OpenAI's address without a version ends in C(/openai/v1/).
            type: str
          api_type:
            description: Which kind of host it is. Left out, the environment variable E(OPENAI_API_TYPE)
              is read where the module runs. Without that it is V(openai) at OpenAI's own addresses,
              V(azure) when C(azure_endpoint) is given or C(base_url) is Azure OpenAI's address
              that ends in C(/openai/v1/), else V(compatible). V(openai) means OpenAI's own rules
              and limits, V(compatible) that nothing is known of the host's.
            type: str
            choices: [openai, azure, compatible]
          azure_endpoint:
            description: The endpoint of the Azure OpenAI resource, such as V(https://example.openai.azure.com).
              The only path that it may have is C(/openai/v1/), which needs no C(api_version).
            type: str
          api_version:
            description: The API version of Azure OpenAI, such as V(2025-04-01-preview).
            type: str
          timeout:
            description: For how many seconds one API call may take. The default is V(600).
            type: float
          max_retries:
            description: How often the SDK repeats an API call that met passing trouble. A call
              that starts a run is never repeated blindly, whatever this says. The default is V(2).
            type: int
          validate_certs:
            description: Whether to verify the certificate of the host. The default is V(true).
            type: bool
          ca_path:
            description: A file with the certificates of the authorities to trust, instead of
              the system's.
            type: path
          extra_headers:
            description: Further headers of each request, for gateways. Values of headers whose
              names say so, and what looks like a key, are masked.
            type: dict
          extra_query:
            description: Further parameters of the query of each request, masked as C(extra_headers).
            type: dict
          job_id:
            description: Adopts this job, whoever started it, and compares it by what the API
              shows. With C(state=absent), C(state=cancelled) and C(state=paused) only this
              job is acted on.
            type: str
          suffix:
            description: Up to 64 characters that the host adds to the name of the model. The
              default is C(name).
            type: str
          seed:
            description: The seed of the training, V(0) to V(2147483647).
            type: int
          method:
            description: The training method and its settings. Left out, the host trains supervised.
            type: dict
            suboptions:
              type:
                description: V(supervised), V(dpo) or V(reinforcement). Others are passed on
                  with a warning.
                type: str
                required: true
              supervised:
                description: Settings of the method V(supervised).
                type: dict
                suboptions:
                  hyperparameters:
                    description: V(n_epochs) (V(1) to V(50)), V(batch_size) (V(1) to V(256))
                      and V(learning_rate_multiplier) (above V(0)), each a number or V(auto).
                      Others are passed on with a warning.
                    type: dict
              dpo:
                description: Settings of the method V(dpo), direct preference optimization.
                type: dict
                suboptions:
                  hyperparameters:
                    description: As for V(supervised), and V(beta) (above V(0), at most V(2)).
                    type: dict
              reinforcement:
                description: Settings of the method V(reinforcement). It needs C(validation_file).
                type: dict
                suboptions:
                  hyperparameters:
                    description: As for V(supervised), and V(compute_multiplier) (above V(0.00001),
                      at most V(10)), V(eval_interval) and V(eval_samples) (from V(1)), V(reasoning_effort)
                      (V(default), V(low), V(medium) or V(high)).
                    type: dict
                  grader:
                    description: The grader, as the API takes it.
                    type: dict
                  response_format:
                    description: The JSON schema that answers must follow, as the API takes
                      it.
                    type: dict
          integrations:
            description: Where the host reports the training to, at most 5.
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
                    description: The API key of Weights and Biases, at hosts that take it with
                      the job. It is neither shown nor compared.
                    type: str
          metadata:
            description: Up to 12 further entries for the metadata of the job, with keys of
              1 to 64 characters and values of up to 512.
            type: dict
          training_type:
            description: The C(trainingType) of Azure OpenAI, as that takes it. The default
              there is V(1), its standard training; elsewhere nothing is sent.
            type: str
          missing_model_id:
            description: A model that was deleted on purpose, at a host that does not show whether
              it still exists. What it was trained for then counts as missing, and is trained anew;
              no later run is started for it.
            type: str
          extra_body:
            description: Further keys of the body of the create request, which only some hosts
              take. A difference in what the host shows of them makes a warning at most.
            type: dict
          expires_after:
            description: After how many seconds from its creation the host is to delete the
              file, V(3600) to V(2592000). Left out, it stays.
            type: int
      bedrock:
        description:
          - What only Bedrock has. Credentials that are left out are found as M(llmops.finetune.bedrock_custom_model)
            does.
        type: dict
        suboptions: &bedrock
          access_key:
            description: The access key ID.
            type: str
            aliases: [aws_access_key_id, aws_access_key]
          secret_key:
            description: The secret access key.
            type: str
            aliases: [aws_secret_access_key, aws_secret_key]
          session_token:
            description: The session token that belongs to temporary keys.
            type: str
            aliases: [aws_session_token]
          profile:
            description: The profile of the shared configuration and credentials files.
            type: str
            aliases: [aws_profile]
          region:
            description: The region to work in.
            type: str
            aliases: [aws_region]
          endpoint_url:
            description: The address of the service that the module is about, such as that of
              a VPC endpoint. That is S3 for M(llmops.finetune.bedrock_dataset), and Amazon
              Bedrock for the others.
            type: str
            aliases: [aws_endpoint_url]
          validate_certs:
            description: Whether to verify the certificates of AWS. The default is V(true).
            type: bool
          aws_ca_bundle:
            description: A file with the certificates of the authorities to trust.
            type: path
          job_arn:
            description: ARN or name of a job that was not made by this collection, to adopt
              it.
            type: str
          job_name:
            description: The name of the job, 1 to 63 letters, digits, V(+), V(-) and V(.).
              It is taken exactly. Bedrock never frees the name of a job, so a name that another
              job has is refused.
            type: str
          customization_type:
            description: How to train. Left out, the service fine-tunes.
            type: str
            choices: [FINE_TUNING, CONTINUED_PRE_TRAINING, DISTILLATION, REINFORCEMENT_FINE_TUNING]
          customization_config:
            description: The settings of distillation or of reinforcement fine-tuning, one of
              both.
            type: dict
            suboptions:
              distillation_config:
                description: For C(customization_type=DISTILLATION).
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
                description: For C(customization_type=REINFORCEMENT_FINE_TUNING).
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
                    description: V(epoch_count) (1 to 50), V(batch_size) (16 to 512), V(learning_rate)
                      (1e-7 to 0.001), V(max_prompt_length), V(training_sample_per_prompt) (2
                      to 16), V(inference_max_tokens), V(reasoning_effort) (V(low), V(medium)
                      or V(high)), V(eval_interval) (1 to 100).
                    type: dict
          role_arn:
            description: ARN of the role that Bedrock assumes to read the data and write its
              output. Needed to start a job.
            type: str
          custom_model_kms_key_id:
            description: The KMS key that encrypts the model, by its ARN, id or alias. An alias
              is not compared, because it may point to another key any day.
            type: str
          vpc_config:
            description: The VPC that the job runs in.
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
            description: Tags of the job and of its model.
            type: dict
            aliases: [resource_tags]
          purge_tags:
            description: Whether to remove tags that C(tags) lacks. The tags of this collection
              are never removed. The default is V(true).
            type: bool
          bucket:
            description: The bucket that the data is uploaded to. Needed to start a job.
            type: str
          prefix:
            description: What the keys of uploaded data begin with; it ends with a slash.
            type: str
          kms_key_id:
            description: The key that the uploaded data is encrypted with in the bucket.
            type: str
          output_s3_uri:
            description: Where Bedrock writes what the training leaves behind, for example V(s3://bucket/runs/).
              Needed to start a job.
            type: str
      oci:
        description:
          - What only OCI has. Credentials that are left out are found as by M(llmops.finetune.oci_generative_ai_model).
        type: dict
        suboptions: &oci
          config_file_location:
            description: The configuration file of the OCI SDK.
            type: path
          config_profile_name:
            description: The profile in the configuration file.
            type: str
          api_user:
            description: The OCID of the user. It takes the place of the profile's C(user).
            type: str
          api_user_fingerprint:
            description: The fingerprint of the user's key. It takes the place of the profile's
              C(fingerprint).
            type: str
          api_user_key_file:
            description: The file of the user's private key, in PEM. It takes the place of the
              profile's C(key_file).
            type: path
          api_user_key_content:
            description: The user's private key itself, in PEM, instead of C(api_user_key_file).
            type: str
          api_user_key_pass_phrase:
            description: The pass phrase of the private key. It takes the place of the profile's
              C(pass_phrase).
            type: str
          tenancy:
            description: The OCID of the tenancy. It takes the place of the profile's C(tenancy).
            type: str
          region:
            description: The region to work in. It takes the place of the profile's C(region).
            type: str
          cert_bundle:
            description: A file with the certificates of the authorities to trust.
            type: path
          auth_type:
            description: How requests are signed.
            type: str
            choices: [api_key, instance_principal, resource_principal, security_token, oke_workload_identity]
          service_endpoint:
            description: Address of Generative AI, if not the region's own.
            type: str
          compartment_id:
            description: The OCID of the compartment.
            type: str
          model_id:
            description: OCID of a model that was not made by this collection, to adopt it.
            type: str
          description:
            description: A description. An empty one removes it.
            type: str
          vendor:
            description: Who makes the model, as free text.
            type: str
          version:
            description: The version of the model, as free text.
            type: str
          freeform_tags:
            description: Free-form tags, at most 8, which replace all that there are. Keys that
              start with V(llmops_finetune_) are reserved; the tags of this collection are kept
              and never shown.
            type: dict
          defined_tags:
            description: Defined tags, as V({"Operations":{"CostCenter":"42"}}) or V({"Operations.CostCenter":"42"}).
            type: dict
          bucket:
            description: The bucket that the data is uploaded to. Needed to start a training.
            type: str
          namespace:
            description: The namespace of Object Storage. Left out, it is that of the tenancy,
              which takes one request to look up.
            type: str
          prefix:
            description: What the names of uploaded objects begin with; it ends with a slash.
            type: str
          dedicated_ai_cluster_id:
            description: OCID or display name of the cluster to train on. Needed to start a
              training; the cluster may be deleted afterwards.
            type: str
          training_config_type:
            description: How to train. The default is V(TFEW_TRAINING_CONFIG) for models of
              Cohere, and V(LORA_TRAINING_CONFIG) for all others and with settings that only
              LoRA has. Without any hyperparameters, the service chooses.
            type: str
            choices: [TFEW_TRAINING_CONFIG, VANILLA_TRAINING_CONFIG, LORA_TRAINING_CONFIG]
  openai:
    description:
      - What the models of OpenAI-style APIs have in common, as O(models[].openai). What an entry says itself is added
        to it and counts more.
      - So C(module_defaults) can say it once for all tasks of this module.
    type: dict
    suboptions: *openai
  bedrock:
    description: What the models of Bedrock have in common, as O(models[].bedrock); see O(openai).
    type: dict
    suboptions: *bedrock
  oci:
    description: What the models of OCI have in common, as O(models[].oci); see O(openai).
    type: dict
    suboptions: *oci
"""
