#!/usr/bin/python
# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dataset_info
short_description: Gather information about datasets for fine-tuning and validate them
version_added: 1.0.0
description:
  - Reads a JSONL dataset as a stream, in constant memory. Returns its format, size, SHA-256 hash and statistics, and
    all problems with line numbers. Errors are problems that a host would refuse. Warnings are doubtful data.
  - Contacts no provider and costs nothing.
  - An invalid dataset does not fail the task. Test RV(valid), for example with P(ansible.builtin.assert#module). A
    source that cannot be read fails the task.
author:
  - llmops.finetune contributors (@llmops)
extends_documentation_fragment:
  - llmops.finetune.attributes
  - llmops.finetune.attributes.info_module
options:
  src:
    description:
      - The path of the dataset on the host where the module runs.
      - Exactly one of O(src) and O(content) is required.
    type: path
  content:
    description:
      - The dataset as JSONL text, or as a list with one dictionary per example.
    type: raw
  format:
    description:
      - The format to check. If not set, the first example that shows a format decides.
      - V(openai_chat) contains chats with optional tools, weights and images.
      - V(openai_preference) contains pairs of answers for direct preference optimization.
      - V(openai_reinforcement) contains prompts with data for a grader.
      - V(openai_completion) contains prompts with completions.
      - V(bedrock_converse) is C(bedrock-conversation-2024), for Amazon Nova and Llama 3.2 or newer.
      - V(bedrock_distillation) is the same format, with or without answers, for distillation.
      - V(bedrock_claude) contains messages for Anthropic Claude.
      - V(bedrock_reinforcement) contains prompts in OpenAI's chat format with a reference answer.
      - V(bedrock_completion) contains prompts with completions, for Titan Text, Cohere Command and Llama 3.1.
      - V(bedrock_pretraining) contains texts for continued pre-training.
      - V(bedrock_image_caption) contains images in S3 with captions.
      - V(oci_completion) contains prompts with completions, for OCI Generative AI.
    type: str
    choices:
      - openai_preference
      - openai_reinforcement
      - openai_chat
      - openai_completion
      - bedrock_converse
      - bedrock_distillation
      - bedrock_claude
      - bedrock_reinforcement
      - bedrock_completion
      - bedrock_pretraining
      - bedrock_image_caption
      - oci_completion
  provider:
    description:
      - The provider whose limits and formats apply.
      - If not set, it is the provider of O(format), or of the format that the examples show. If several providers
        accept the examples, OpenAI's rules apply.
      - V(compatible) is any other host with OpenAI's API. Its limits are not known, so only the format is checked, and
        the usual limits are warnings.
      - V(bedrock) is Amazon Bedrock. Its rules depend on O(base_model_identifier) and O(customization_type).
      - V(oci) is OCI Generative AI. Its rules depend on O(base_model_identifier).
    type: str
    choices: [openai, azure, compatible, bedrock, oci]
  base_model_identifier:
    description:
      - The base model to train. The format, the number of examples, the use of images and other rules depend on it.
      - For O(provider=bedrock), an id (V(amazon.nova-lite-v1:0:300k)) or an ARN. For O(provider=oci), the name
        (V(cohere.command-r-08-2024)).
      - If not set, or if it does not show the model family, only the rules for all models are checked.
      - Only for O(provider=bedrock) and O(provider=oci).
    type: str
  customization_type:
    description:
      - The training method.
      - If not set, the default is fine-tuning if O(base_model_identifier) shows the model family. Otherwise, any method
        is accepted.
      - Only for O(provider=bedrock).
    type: str
    choices: [FINE_TUNING, CONTINUED_PRE_TRAINING, DISTILLATION, REINFORCEMENT_FINE_TUNING]
  split:
    description:
      - The use of the dataset. For V(validation), few examples give at most a warning, and the maximum number is often
        lower.
      - Some models accept no validation data. This is an error, or a warning if the provider ignores the data.
    type: str
    choices: [training, validation]
    default: training
seealso:
  - module: llmops.finetune.dataset
  - module: llmops.finetune.openai_dataset
  - module: llmops.finetune.bedrock_dataset
  - module: llmops.finetune.oci_generative_ai_dataset
"""

EXAMPLES = r"""
- name: Gather information about a dataset
  llmops.finetune.dataset_info:
    src: files/support.jsonl
  register: dataset

- name: Stop if the dataset is not valid
  ansible.builtin.assert:
    that: dataset.valid
    fail_msg: "{{ dataset.errors }}"

- name: Check examples from the playbook as validation data for Azure OpenAI
  llmops.finetune.dataset_info:
    provider: azure
    split: validation
    format: openai_chat
    content:
      - messages:
          - role: user
            content: Where is my order?
          - role: assistant
            content: It left our warehouse this morning.

- name: Check a dataset for OCI Generative AI
  llmops.finetune.dataset_info:
    src: files/tickets.jsonl
    provider: oci
  register: dataset

- name: Check a dataset for a base model on Amazon Bedrock
  llmops.finetune.dataset_info:
    src: files/support-converse.jsonl
    provider: bedrock
    base_model_identifier: amazon.nova-micro-v1:0:128k
  register: dataset
"""

RETURN = r"""
valid:
  description: Whether no error was found. Warnings do not count.
  type: bool
  returned: success
  sample: true
format:
  description: The format that was checked. V(null) if it was neither set nor detected.
  type: str
  returned: success
  sample: openai_chat
detected:
  description: Whether the format was detected from the content.
  type: bool
  returned: success
  sample: true
examples:
  description: The number of lines that hold an example, valid or not.
  type: int
  returned: success
  sample: 60
bytes:
  description: The size in bytes.
  type: int
  returned: success
  sample: 73912
sha256:
  description: The SHA-256 hash of the raw bytes, hexadecimal.
  type: str
  returned: success
  sample: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
statistics:
  description:
    - The lengths of the valid examples. A value is V(null) if there is nothing to measure.
    - The minimum, mean and maximum are exact. The median and the 95th percentile are exact up to 255 and within 1 %
      above.
  type: dict
  returned: success
  contains:
    messages_per_example:
      description: The number of messages per example, including answers. V(null) for formats without messages.
      type: dict
      returned: success
      sample: {"min": 2, "mean": 3.1, "median": 3, "p95": 5, "max": 7}
    characters_per_example:
      description: The number of text characters per example.
      type: dict
      returned: success
      sample: {"min": 171, "mean": 1034.9, "median": 1014, "p95": 1804, "max": 2604}
    tokens_per_example:
      description: The estimated number of tokens per example.
      type: dict
      returned: success
      sample: {"min": 50, "mean": 247.7, "median": 244, "p95": 425, "max": 605}
estimated_tokens:
  description:
    - The number of tokens of all valid examples, including declared tools, estimated without a tokenizer. The estimate
      is within 15 % of OpenAI's o200k_base. Other models have other vocabularies. Images are not counted.
    - One epoch of training costs about this number of tokens.
  type: int
  returned: success
  sample: 14862
media_buckets:
  description: The buckets with the images and videos of the examples, sorted.
  type: list
  elements: str
  returned: success
  sample: [my-training-media]
errors:
  description: The first 20 errors, in the order of the lines.
  type: list
  elements: dict
  returned: success
  contains: &issue
    line:
      description: The number of the line, from 1. V(null) if the problem concerns the whole dataset.
      type: int
      returned: success
      sample: 17
    code:
      description: A stable code for the type of problem. The guide on datasets lists all codes.
      type: str
      returned: success
      sample: unknown_role
    message:
      description: A description of the problem.
      type: str
      returned: success
      sample: Message 2 has the role "bot".
    hint:
      description: How to correct the problem.
      type: str
      returned: success
      sample: Use assistant.
error_count:
  description: The total number of errors.
  type: int
  returned: success
  sample: 0
error_codes:
  description: The number of errors per code.
  type: dict
  returned: success
  sample: {"unknown_role": 3}
warnings_found:
  description: The first 20 warnings, at most 5 per code.
  type: list
  elements: dict
  returned: success
  contains: *issue
warning_count:
  description: The total number of warnings.
  type: int
  returned: success
  sample: 0
warning_codes:
  description: The number of warnings per code.
  type: dict
  returned: success
  sample: {"duplicate_example": 1}
"""

from ..module_utils._dataset.scan import detect_source, scan
from ..module_utils._dataset.source import DatasetError, Source
from ..module_utils._engine.basic import Module
from ..module_utils._providers.catalogue import formats, host_of, hosts, limits_for

# What limits may depend on.
_ASKED = {name: spec for facts in hosts().values() for name, spec in facts.asked.items()}


def main() -> None:
    module = Module(
        argument_spec={
            "src": {"type": "path"},
            "content": {"type": "raw"},
            "format": {"type": "str", "choices": list(formats())},
            "provider": {"type": "str", "choices": list(hosts())},
            **_ASKED,
            "split": {"type": "str", "choices": ["training", "validation"], "default": "training"},
        },
        mutually_exclusive=[("src", "content")],
        required_one_of=[("src", "content")],
        required_by=dict.fromkeys(_ASKED, ("provider",)),
        supports_check_mode=True,
    )
    params = module.params
    provider = params["provider"]
    for name in _ASKED:
        providers = [host for host, facts in hosts().items() if name in facts.asked]
        if params[name] is not None and provider not in providers:
            module.fail_json(
                msg=f"{name} is given with provider {provider}; it is for provider {' and '.join(providers)} only."
            )
    try:
        if params["src"] is not None:
            source = Source.from_path(params["src"])
        else:
            source = Source.from_content(params["content"])
        if provider is None:
            provider = host_of(params["format"] or detect_source(source, formats()))
        limits = limits_for(provider, params["split"], {name: params[name] for name in _ASKED})
        report = scan(source, formats=formats(), format=params["format"], limits=limits)
    except DatasetError as error:
        module.fail_json(msg=str(error))
    result = report.to_dict()
    # Ansible takes a key "warnings" for messages of the module itself.
    result["warnings_found"] = result.pop("warnings")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
