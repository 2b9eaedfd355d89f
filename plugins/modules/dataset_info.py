#!/usr/bin/python
# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dataset_info
short_description: Validate and describe a dataset for fine-tuning
version_added: 1.0.0
description:
  - Reads a JSONL dataset as a stream, in constant memory, and reports its format, size, sha256, statistics,
    and everything that a host would refuse or that looks doubtful, with line numbers.
  - Contacts no provider and costs nothing.
  - An invalid dataset does not fail the task. Test RV(valid), for example with
    P(ansible.builtin.assert#module). A source that cannot be read fails it.
author:
  - llmops.finetune contributors (@llmops)
extends_documentation_fragment:
  - llmops.finetune.attributes
  - llmops.finetune.attributes.info_module
options:
  src:
    description:
      - Path of the dataset on the host where the module runs.
      - Exactly one of O(src) and O(content) is required.
    type: path
  content:
    description:
      - The dataset itself, as JSONL text or as a list with one dictionary an example.
    type: raw
  format:
    description:
      - The format to check against. Without it, the first example that shows a format decides.
      - V(openai_chat) is chat with optional tools, weights and images.
      - V(openai_preference) is pairs of answers for direct preference optimisation.
      - V(openai_reinforcement) is prompts with data for a grader.
      - V(openai_completion) is a prompt and its completion.
      - V(bedrock_converse) is C(bedrock-conversation-2024), for Amazon Nova and Llama 3.2 or newer.
      - V(bedrock_distillation) is the same with or without answers, for distillation.
      - V(bedrock_claude) is messages for Anthropic Claude.
      - V(bedrock_reinforcement) is prompts in OpenAI's chat format with a reference answer.
      - V(bedrock_completion) is a prompt and its completion, for Titan Text, Cohere Command and Llama 3.1.
      - V(bedrock_pretraining) is texts for continued pre-training.
      - V(bedrock_image_caption) is images in S3 with their captions.
      - V(oci_completion) is a prompt and its completion, for OCI Generative AI.
    type: str
    choices:
      - openai_chat
      - openai_preference
      - openai_reinforcement
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
      - Whose limits apply, and which formats are accepted.
      - Without it, the provider of O(format), or of the format that the examples show. Examples that more than one
        provider takes count as OpenAI's.
      - V(compatible) is any other host of OpenAI's API, whose limits are not known here; it checks the format only
        and turns the usual limits into warnings.
      - V(bedrock) is Amazon Bedrock. Its rules depend on O(base_model_identifier) and O(customization_type).
      - V(oci) is OCI Generative AI. Its rules depend on O(base_model_identifier).
    type: str
    choices:
      - openai
      - azure
      - compatible
      - bedrock
      - oci
  base_model_identifier:
    description:
      - The base model that is to be trained. It decides the format, the number of examples, whether images are allowed,
        and more.
      - For O(provider=bedrock) it is an id (V(amazon.nova-lite-v1:0:300k)) or an ARN, for O(provider=oci) the name
        (V(cohere.command-r-08-2024)).
      - Without it, or where it does not show the family, only what all models need is checked.
      - For O(provider=bedrock) and O(provider=oci) only.
    type: str
  customization_type:
    description:
      - How the model is to be trained.
      - Without it, fine-tuning where O(base_model_identifier) shows the family, and otherwise any.
      - For O(provider=bedrock) only.
    type: str
    choices:
      - FINE_TUNING
      - CONTINUED_PRE_TRAINING
      - DISTILLATION
      - REINFORCEMENT_FINE_TUNING
  split:
    description:
      - What the dataset is for. For validation, few examples are at most a warning, and often fewer are allowed.
      - Some models take no validation set, which is then an error, or a warning where it is ignored.
    type: str
    choices:
      - training
      - validation
    default: training
seealso:
  - module: llmops.finetune.dataset
  - module: llmops.finetune.openai_dataset
  - module: llmops.finetune.bedrock_dataset
  - module: llmops.finetune.oci_generative_ai_dataset
"""

EXAMPLES = r"""
- name: Look at a dataset
  llmops.finetune.dataset_info:
    src: files/support.jsonl
  register: dataset

- name: Stop where it is not valid
  ansible.builtin.assert:
    that: dataset.valid
    fail_msg: "{{ dataset.errors }}"

- name: Check examples that are written in the playbook, as a validation set for Azure OpenAI
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

- name: Check a dataset for the base model that is to be trained on Amazon Bedrock
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
  description: The format checked against; V(none) where none was given and none recognised.
  type: str
  returned: success
  sample: openai_chat
detected:
  description: Whether the format was found from the content.
  type: bool
  returned: success
  sample: true
examples:
  description: How many lines hold an example, valid or not.
  type: int
  returned: success
  sample: 60
bytes:
  description: Size in bytes.
  type: int
  returned: success
  sample: 73912
sha256:
  description: Hash of the raw bytes, hexadecimal.
  type: str
  returned: success
  sample: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
statistics:
  description:
    - Lengths of the valid examples. Each is V(none) where there is nothing to measure.
    - The minimum, mean and maximum are exact. The median and the 95th percentile are exact up to 255 and
      within 1 % above.
  type: dict
  returned: success
  contains:
    messages_per_example:
      description: Messages of an example, answers included; V(none) for formats without messages.
      type: dict
      returned: success
      sample: {"min": 2, "mean": 3.1, "median": 3, "p95": 5, "max": 7}
    characters_per_example:
      description: Characters of text.
      type: dict
      returned: success
      sample: {"min": 171, "mean": 1034.9, "median": 1014, "p95": 1804, "max": 2604}
    tokens_per_example:
      description: Estimated tokens.
      type: dict
      returned: success
      sample: {"min": 50, "mean": 247.7, "median": 244, "p95": 425, "max": 605}
estimated_tokens:
  description:
    - Tokens of all valid examples, declared tools included, estimated without a tokenizer. Within 15 % of what OpenAI's
      o200k_base counts. Other models have other vocabularies. Images are not counted.
    - One epoch of training costs about as many.
  type: int
  returned: success
  sample: 14862
media_buckets:
  description: The buckets that hold the images and videos of the examples, sorted.
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
      description: Number of the line, from 1; V(none) where it concerns the dataset as a whole.
      type: int
      returned: success
      sample: 17
    code:
      description: A stable name of the kind of problem; the guide on datasets lists them.
      type: str
      returned: success
      sample: unknown_role
    message:
      description: What is wrong.
      type: str
      returned: success
      sample: Message 2 has the role "bot".
    hint:
      description: What would be right.
      type: str
      returned: success
      sample: Use assistant.
error_count:
  description: How many errors there are in all.
  type: int
  returned: success
  sample: 0
error_codes:
  description: How many errors there are of each code.
  type: dict
  returned: success
  sample: {"unknown_role": 3}
warnings_found:
  description: The first 20 doubtful things, at most 5 of each code.
  type: list
  elements: dict
  returned: success
  contains: *issue
warning_count:
  description: How many doubtful things there are in all.
  type: int
  returned: success
  sample: 0
warning_codes:
  description: How many doubtful things there are of each code.
  type: dict
  returned: success
  sample: {"duplicate_example": 1}
"""

from ..module_utils._dataset.limits import limits_for
from ..module_utils._dataset.registry import FORMATS
from ..module_utils._dataset.scan import detect_source, scan
from ..module_utils._dataset.source import DatasetError, Source
from ..module_utils._engine.basic import Module


def main() -> None:
    module = Module(
        argument_spec={
            "src": {"type": "path"},
            "content": {"type": "raw"},
            "format": {
                "type": "str",
                "choices": [
                    "openai_chat",
                    "openai_preference",
                    "openai_reinforcement",
                    "openai_completion",
                    "bedrock_converse",
                    "bedrock_distillation",
                    "bedrock_claude",
                    "bedrock_reinforcement",
                    "bedrock_completion",
                    "bedrock_pretraining",
                    "bedrock_image_caption",
                    "oci_completion",
                ],
            },
            "provider": {"type": "str", "choices": ["openai", "azure", "compatible", "bedrock", "oci"]},
            "base_model_identifier": {"type": "str"},
            "customization_type": {
                "type": "str",
                "choices": [
                    "FINE_TUNING",
                    "CONTINUED_PRE_TRAINING",
                    "DISTILLATION",
                    "REINFORCEMENT_FINE_TUNING",
                ],
            },
            "split": {"type": "str", "choices": ["training", "validation"], "default": "training"},
        },
        mutually_exclusive=[("src", "content")],
        required_one_of=[("src", "content")],
        required_by={"base_model_identifier": ("provider",), "customization_type": ("provider",)},
        supports_check_mode=True,
    )
    params = module.params
    provider = params["provider"]
    for name, providers in (("base_model_identifier", ("bedrock", "oci")), ("customization_type", ("bedrock",))):
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
            shown = params["format"] or detect_source(source)
            provider = FORMATS[shown].provider if shown else "openai"
        limits = limits_for(provider, params["base_model_identifier"], params["customization_type"], params["split"])
        report = scan(source, format=params["format"], limits=limits)
    except DatasetError as error:
        module.fail_json(msg=str(error))
    result = report.to_dict()
    # Ansible takes a key "warnings" for messages of the module itself.
    result["warnings_found"] = result.pop("warnings")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
