# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Written by `make generate` from the specs, the documentation of the modules and tests/tools/models.yml.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  models:
    description:
      - The models to manage, all at the same time. If one fails, the others go on.
      - All are checked first. If the options of one model are invalid, nothing is started.
      - Options of other providers than that of the model are ignored.
    type: list
    elements: dict
    required: true
    suboptions:
      provider:
        description:
          - The provider that trains the model. V(openai) is any host with an OpenAI-style API,
            including Azure OpenAI.
        type: str
        required: true
        choices: [openai, bedrock, oci]
      name:
        description:
          - The name of the model. All runs with this name are its history. The uploaded data
            has the same name.
        type: str
        required: true
      base_model:
        description:
          - The base model, as its provider calls it.
          - With OCI, it is an OCID or a display name. If several versions have this display
            name, the newest is used, or the one that the existing model was trained on.
          - Required if O(models[].state=present).
        type: str
      training_data:
        description:
          - 'The training data: the path of a file on the controller, or examples as a list
            or as JSON lines.'
          - A relative path is looked up in the folders where a role and a playbook keep their
            files.
          - The data can have any format that can be converted to a format of the provider and
            the base model without loss. If a line would lose something, the task fails.
          - Required if O(models[].state=present).
        type: raw
      validation_data:
        description:
          - The validation data, in the same form as O(models[].training_data). OCI takes none,
            because it splits the data itself.
        type: raw
      hyperparameters:
        description:
          - 'The settings of the training. These names have the same meaning for every provider:
            C(epochs), C(batch_size), C(learning_rate), C(learning_rate_multiplier), C(learning_rate_warmup_steps),
            C(lora_rank), C(lora_alpha), C(lora_dropout), C(early_stopping_patience), C(early_stopping_threshold).'
          - A hyperparameter that the provider or the base model does not have is refused. The
            names of the provider itself are accepted too.
        type: dict
      state:
        description:
          - V(present) ensures that the model exists, trained on this data with these settings.
          - V(absent) cancels running jobs and deletes every model of the name.
          - V(cancelled) cancels running jobs. OCI does not support it.
        type: str
        choices: [present, absent, cancelled]
        default: present
      retrain:
        description:
          - The action if a model or run of the name exists that was trained with other settings.
            No provider can change a finished model, so a change always needs a new run, which
            costs again.
          - V(never) fails and lists each setting, old and new.
          - V(on_change) cancels a run that is still going, and starts a new one.
        type: str
        choices: [never, on_change]
        default: never
      retry_failed:
        description:
          - Whether to start one more run if the newest run with the same settings failed or
            was cancelled.
        type: bool
        default: false
      delete_previous:
        description:
          - Whether to delete the replaced models of the name when the new model is ready.
        type: bool
        default: false
      ignore_changes:
        description:
          - Options that are not compared with the existing model, such as V(base_model), V(hyperparameters.epochs)
            or V(bedrock.tags). They still apply to a new run.
          - Their differences are under C(ignored) in the diff, and in RV(results[].ignored_changes).
          - The name and the ids that identify the model cannot be ignored.
        type: list
        elements: str
        default: []
      delete_dataset:
        description:
          - Whether O(models[].state=absent) also deletes all versions of the uploaded data.
        type: bool
        default: false
      max_training_tokens:
        description:
          - Refuses to start a training that may need more tokens than this, also in check mode.
            The estimate is the tokens of the data times the epochs. The upper end of the estimate
            is compared. It is 15 % above the estimate for OpenAI-style hosts, and 35 % for
            the others.
          - If epochs is not set, the default of the provider is used. If this default is unknown,
            the training is refused.
        type: int
      wait_timeout:
        description:
          - The time limit of the task for this model, in seconds, from the start of the task
            and including uploads. When it is over, the task fails with RV(results[].timed_out=true),
            and the training continues.
        type: int
        default: 21600
      openai:
        description:
          - Options of OpenAI-style APIs. If not set, they are read from the environment, as
            by M(llmops.finetune.openai_fine_tuned_model).
        type: dict
        suboptions: &openai
          api_key:
            description:
              - The API key.
            type: str
          azure_ad_token:
            description:
              - A Microsoft Entra ID token for Azure OpenAI, instead of C(api_key).
            type: str
          auth_source:
            description:
              - How to sign in to Azure OpenAI with Microsoft Entra ID, instead of with C(api_key) or
                C(azure_ad_token). The library azure-identity gets the tokens and renews them. The values
                are those of azure.azcollection.
            type: str
            choices: [auto, cli, credential_file, env, msi]
          client_id:
            description:
              - The client ID of a service principal, or of a managed identity with C(auth_source=msi).
            type: str
          secret:
            description:
              - The client secret of the service principal.
            type: str
          tenant:
            description:
              - The ID or a domain of the tenant of the service principal. With C(auth_source=cli), the
                tenant to sign in to.
            type: str
          profile:
            description:
              - The profile in the file C(~/.azure/credentials) with C(client_id), C(secret) and C(tenant).
                A C(subscription_id) is not needed.
            type: str
          cloud_environment:
            description:
              - The cloud of the Azure OpenAI resource. It decides who gives the tokens.
            type: str
            choices: [AzureCloud, AzureUSGovernment, AzureChinaCloud]
          organization:
            description:
              - The organization to use, if the key belongs to several.
            type: str
          project:
            description:
              - The project to use.
            type: str
          base_url:
            description:
              - The base URL of the API, for compatible hosts and gateways. It usually ends in C(/v1).
                The unversioned URL of Azure OpenAI ends in C(/openai/v1/).
            type: str
          api_type:
            description:
              - The type of the host. If not set, the environment variable E(OPENAI_API_TYPE) is read
                where the module runs. If this is not set either, the default depends on the URL. V(openai)
                applies OpenAI's own rules and limits, V(compatible) assumes nothing about the rules of
                the host.
            type: str
            choices: [openai, azure, compatible]
          azure_endpoint:
            description:
              - The endpoint of the Azure OpenAI resource, such as V(https://example.openai.azure.com).
                The only path allowed in it is C(/openai/v1/), the unversioned URL.
            type: str
          api_version:
            description:
              - The API version of Azure OpenAI, such as V(2025-04-01-preview). A URL that ends in C(/openai/v1/)
                needs none.
            type: str
          timeout:
            description:
              - The timeout of one API call, in seconds. The default is V(600).
            type: float
          max_retries:
            description:
              - How often the SDK retries an API call after a transient error. A call that starts a run
                is never retried blindly, whatever the value. The default is V(2).
            type: int
          validate_certs:
            description:
              - Whether to verify the TLS certificate of the host. The default is V(true).
            type: bool
          ca_path:
            description:
              - The path of a file with trusted CA certificates, instead of those of the system.
            type: path
          extra_headers:
            description:
              - Additional headers for each request, such as C(x-portkey-config) of a gateway. Headers
                that the SDK or this collection sends itself are refused.
            type: dict
          extra_query:
            description:
              - Additional query parameters for each request, such as C(custom_llm_provider). They are
                masked like C(extra_headers).
            type: dict
          job_id:
            description:
              - Adopts this job, even if this collection did not start it. The module compares the options
                with the values that the API shows. With C(state=absent), C(state=cancelled) and C(state=paused),
                it acts on this job only.
            type: str
          suffix:
            description:
              - A suffix of up to 64 characters that the host adds to the name of the model. The default
                is C(name).
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
                description:
                  - The settings of the method V(supervised).
                type: dict
                suboptions:
                  hyperparameters:
                    description:
                      - V(n_epochs) (V(1) to V(50)), V(batch_size) (V(1) to V(256)) and V(learning_rate_multiplier)
                        (above V(0)), each a number or V(auto). Other keys are passed on with a warning.
                    type: dict
              dpo:
                description:
                  - The settings of the method V(dpo), direct preference optimization.
                type: dict
                suboptions:
                  hyperparameters:
                    description:
                      - The same as for V(supervised), plus V(beta) (above V(0), at most V(2)).
                    type: dict
              reinforcement:
                description:
                  - The settings of the method V(reinforcement). It requires C(validation_file).
                type: dict
                suboptions:
                  hyperparameters:
                    description:
                      - The same as for V(supervised), plus V(compute_multiplier) (above V(0.00001), at
                        most V(10)), V(eval_interval) and V(eval_samples) (V(1) or more), and V(reasoning_effort)
                        (V(default), V(low), V(medium) or V(high)).
                    type: dict
                  grader:
                    description:
                      - The grader, in the format of the API.
                    type: dict
                  response_format:
                    description:
                      - The JSON schema for the answers, in the format of the API.
                    type: dict
          integrations:
            description:
              - The services to which the host reports the training, at most 5.
            type: list
            elements: dict
            suboptions:
              type:
                description:
                  - The type of the integration.
                type: str
                choices: [wandb]
                default: wandb
              wandb:
                description:
                  - The settings of Weights and Biases. The host stores its API key.
                type: dict
                suboptions:
                  project:
                    description:
                      - The project.
                    type: str
                    required: true
                  name:
                    description:
                      - The display name of the run.
                    type: str
                  entity:
                    description:
                      - The team or user.
                    type: str
                  tags:
                    description:
                      - The tags of the run.
                    type: list
                    elements: str
                  api_key:
                    description:
                      - The API key of Weights and Biases, for hosts that accept it with the job. It is
                        neither shown nor compared.
                    type: str
          metadata:
            description:
              - Up to 12 additional entries for the metadata of the job. Keys have 1 to 64 characters,
                values up to 512.
            type: dict
          training_type:
            description:
              - The C(trainingType) of Azure OpenAI, in the format of its API. On Azure OpenAI, the default
                is V(1), standard training. For other hosts, nothing is sent by default.
            type: str
          missing_model_id:
            description:
              - The model that was deleted on purpose, on a host that does not show whether it still exists.
                The task treats it as missing and starts a new run with the same settings. It starts no
                later run.
            type: str
          extra_body:
            description:
              - Additional keys for the body of the create request that only some hosts accept, such as
                C(from_checkpoint). Keys that other options set are refused.
            type: dict
          expires_after:
            description:
              - The time after which the host deletes the file, in seconds from its creation, V(3600)
                to V(2592000). If not set, the file is kept.
            type: int
      bedrock:
        description:
          - Options of Amazon Bedrock. Credentials that are not set are looked up as by M(llmops.finetune.bedrock_custom_model).
        type: dict
        suboptions: &bedrock
          access_key:
            description:
              - The AWS access key ID.
            type: str
            aliases: [aws_access_key_id, aws_access_key]
          secret_key:
            description:
              - The AWS secret access key.
            type: str
            aliases: [aws_secret_access_key, aws_secret_key]
          session_token:
            description:
              - The session token for temporary credentials.
            type: str
            aliases: [aws_session_token]
          profile:
            description:
              - The profile in the shared configuration and credentials files.
            type: str
            aliases: [aws_profile]
          region:
            description:
              - The AWS region to use.
            type: str
            aliases: [aws_region]
          endpoint_url:
            description:
              - The URL of the service that the module manages, for example a VPC endpoint. This is S3
                for M(llmops.finetune.bedrock_dataset), and Amazon Bedrock for the other modules.
            type: str
            aliases: [aws_endpoint_url]
          validate_certs:
            description:
              - Whether to verify the TLS certificates of AWS. The default is V(true).
            type: bool
          aws_ca_bundle:
            description:
              - The path of a file with trusted CA certificates.
            type: path
          job_arn:
            description:
              - Adopts this job by its ARN or name, even if this collection did not start it. The module
                compares the options with the values that the API shows. With C(state=absent) and C(state=cancelled),
                it acts on this job only.
            type: str
          job_name:
            description:
              - The exact name of the job, 1 to 63 letters, digits, V(+), V(-) and V(.). Bedrock never
                frees the name of a job, so the name of another job is refused.
            type: str
          customization_type:
            description:
              - The training method. If not set, the service uses fine-tuning.
            type: str
            choices: [FINE_TUNING, CONTINUED_PRE_TRAINING, DISTILLATION, REINFORCEMENT_FINE_TUNING]
          customization_config:
            description:
              - The settings of distillation or of reinforcement fine-tuning. Only one of them can be
                set.
            type: dict
            suboptions:
              distillation_config:
                description:
                  - The settings for C(customization_type=DISTILLATION).
                type: dict
                suboptions:
                  teacher_model_config:
                    description:
                      - The teacher model.
                    type: dict
                    required: true
                    suboptions:
                      teacher_model_identifier:
                        description:
                          - The id or ARN of the teacher model, or the ARN of an inference profile.
                        type: str
                        required: true
                      max_response_length_for_inference:
                        description:
                          - The maximum number of tokens in an answer of the teacher.
                        type: int
              rft_config:
                description:
                  - The settings for C(customization_type=REINFORCEMENT_FINE_TUNING).
                type: dict
                suboptions:
                  grader_config:
                    description:
                      - The grader.
                    type: dict
                    suboptions:
                      lambda_grader:
                        description:
                          - A Lambda function that grades the answers.
                        type: dict
                        suboptions:
                          lambda_arn:
                            description:
                              - The ARN of the function.
                            type: str
                            required: true
                  hyper_parameters:
                    description:
                      - V(epoch_count) (1 to 50), V(batch_size) (16 to 512), V(learning_rate) (1e-7 to
                        0.001), V(max_prompt_length), V(training_sample_per_prompt) (2 to 16), V(inference_max_tokens),
                        V(reasoning_effort) (V(low), V(medium) or V(high)), V(eval_interval) (1 to 100).
                    type: dict
          role_arn:
            description:
              - The ARN of the role that Bedrock assumes to read the data and write its output. Required
                to start a job.
            type: str
          custom_model_kms_key_id:
            description:
              - The KMS key that encrypts the model, by its ARN, id or alias. An alias is not compared,
                because it may later point to another key.
            type: str
          vpc_config:
            description:
              - The VPC in which the job runs.
            type: dict
            suboptions:
              subnet_ids:
                description:
                  - The subnets, 1 to 16.
                type: list
                elements: str
                required: true
              security_group_ids:
                description:
                  - The security groups, 1 to 5.
                type: list
                elements: str
                required: true
          tags:
            description:
              - Tags of the job and of the model, at most 46. Keys that start with V(llmops_finetune_)
                are reserved.
            type: dict
            aliases: [resource_tags]
          purge_tags:
            description:
              - Whether to remove tags that are not in C(tags). The ownership tags of this collection
                are never removed. The default is V(true).
            type: bool
          bucket:
            description:
              - The bucket for the uploaded data. It must be in the region of the jobs. Required to start
                a job.
            type: str
          prefix:
            description:
              - The prefix for the keys of uploaded data, such as V(datasets/). It must end with a slash.
            type: str
          kms_key_id:
            description:
              - The KMS key that encrypts the object, by its ARN, id or alias. If not set, the setting
                of the bucket applies.
            type: str
          output_s3_uri:
            description:
              - The folder in which Bedrock writes the output of the training, such as V(s3://bucket/runs/).
                Required to start a job.
            type: str
      oci:
        description:
          - Options of OCI Generative AI. Credentials that are not set are looked up as by M(llmops.finetune.oci_generative_ai_model).
        type: dict
        suboptions: &oci
          config_file_location:
            description:
              - The configuration file of the OCI SDK.
            type: path
          config_profile_name:
            description:
              - The profile in the configuration file.
            type: str
          api_user:
            description:
              - The OCID of the user. It replaces C(user) of the profile.
            type: str
          api_user_fingerprint:
            description:
              - The fingerprint of the user's key. It replaces C(fingerprint) of the profile.
            type: str
          api_user_key_file:
            description:
              - The path of the user's private key, in PEM. It replaces C(key_file) of the profile.
            type: path
          api_user_key_content:
            description:
              - The user's private key as text, in PEM, so that no file is needed. It replaces C(key_file)
                of the profile.
            type: str
          api_user_key_pass_phrase:
            description:
              - The pass phrase of the private key. It replaces C(pass_phrase) of the profile.
            type: str
          tenancy:
            description:
              - The OCID of the tenancy. It replaces C(tenancy) of the profile.
            type: str
          region:
            description:
              - The OCI region to use. It replaces C(region) of the profile.
            type: str
          cert_bundle:
            description:
              - The path of a file with trusted CA certificates.
            type: path
          auth_type:
            description:
              - How requests are signed.
            type: str
            choices: [api_key, instance_principal, resource_principal, security_token, oke_workload_identity]
          service_endpoint:
            description:
              - The URL of OCI Generative AI, for example a private endpoint. If not set, it depends on
                the region.
            type: str
          compartment_id:
            description:
              - The OCID of the compartment.
            type: str
          model_id:
            description:
              - Adopts this model by its OCID, even if this collection did not create it. The module compares
                the options with the values that the API shows. With C(state=absent), it acts on this
                model only.
            type: str
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
              - Free-form tags, at most 8. They replace all existing free-form tags. Keys that start with
                V(llmops_finetune_) are reserved. The ownership tags of this collection are kept and never
                shown.
            type: dict
          defined_tags:
            description:
              - Defined tags, as V({"Operations":{"CostCenter":"42"}}) or V({"Operations.CostCenter":"42"}).
            type: dict
          bucket:
            description:
              - The bucket for the uploaded data, in the region of the training. Required to start a training.
            type: str
          namespace:
            description:
              - The namespace of Object Storage. If not set, the module looks up the namespace of the
                tenancy with one request.
            type: str
          prefix:
            description:
              - The prefix for the names of uploaded objects, such as V(datasets/). It must end with a
                slash.
            type: str
          dedicated_ai_cluster_id:
            description:
              - The OCID or display name of the cluster that trains the model. Required to start a training.
                The cluster may be deleted afterwards.
            type: str
          training_config_type:
            description:
              - The training method. The default is V(TFEW_TRAINING_CONFIG) for models of Cohere, and
                V(LORA_TRAINING_CONFIG) for all others and with settings that only LoRA has. Without any
                hyperparameters, the service chooses.
            type: str
            choices: [TFEW_TRAINING_CONFIG, VANILLA_TRAINING_CONFIG, LORA_TRAINING_CONFIG]
  openai:
    description:
      - Options that the models of OpenAI-style APIs share, as in O(models[].openai). The values
        of a model are merged into these, and take precedence.
      - With C(module_defaults), they can be set once for all tasks of this module.
    type: dict
    suboptions: *openai
  bedrock:
    description:
      - Options that the models of Amazon Bedrock share, as in O(models[].bedrock). See O(openai).
    type: dict
    suboptions: *bedrock
  oci:
    description:
      - Options that the models of OCI share, as in O(models[].oci). See O(openai).
    type: dict
    suboptions: *oci
"""
