# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks models one question, each with its provider's own library.

    python ask.py QUESTION '{"openai": "MODEL", "bedrock": "MODEL OR DEPLOYMENT", "oci": "MODEL OR ENDPOINT"}'

Prints the answers as JSON, by provider. Accounts and addresses are those of the environment.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

_MAX_TOKENS = 300


def ask_openai(model: str, question: str) -> str:
    """Ask by a chat completion."""
    import openai

    answer = openai.OpenAI().chat.completions.create(
        model=model, messages=[{"role": "user", "content": question}], max_tokens=_MAX_TOKENS
    )
    return answer.choices[0].message.content or ""


def ask_bedrock(model: str, question: str) -> str:
    """Ask by Converse. ``model``: a base model, or the ARN of a deployment or of a provisioned throughput."""
    import boto3

    answer = boto3.client("bedrock-runtime").converse(
        modelId=model,
        messages=[{"role": "user", "content": [{"text": question}]}],
        inferenceConfig={"maxTokens": _MAX_TOKENS},
    )
    return str(answer["output"]["message"]["content"][0]["text"])


def ask_oci(model: str, question: str) -> str:
    """Ask by Chat. ``model``: the OCID of an endpoint, or the OCID or name of a base model that serves on demand."""
    import oci
    from oci.generative_ai_inference import GenerativeAiInferenceClient, models

    mode = (
        models.DedicatedServingMode(endpoint_id=model)
        if model.startswith("ocid1.generativeaiendpoint.")
        else models.OnDemandServingMode(model_id=model)
    )
    config = oci.config.from_file(os.environ.get("OCI_CONFIG_FILE", oci.config.DEFAULT_LOCATION))
    client = GenerativeAiInferenceClient(config, service_endpoint=os.environ.get("OCI_SERVICE_ENDPOINT"))
    message = models.UserMessage(content=[models.TextContent(text=question)])
    request = models.GenericChatRequest(messages=[message], max_tokens=_MAX_TOKENS)
    details = models.ChatDetails(
        compartment_id=os.environ["OCI_COMPARTMENT_ID"], serving_mode=mode, chat_request=request
    )
    return str(client.chat(details).data.chat_response.choices[0].message.content[0].text)


ASK: dict[str, Callable[[str, str], str]] = {"openai": ask_openai, "bedrock": ask_bedrock, "oci": ask_oci}


def main() -> None:
    """Ask each model, and print the answers."""
    question, models = sys.argv[1], json.loads(sys.argv[2])
    print(json.dumps({provider: ASK[provider](model, question) for provider, model in models.items()}))


if __name__ == "__main__":
    main()
