# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls AWS as somebody else would, beside the modules under test, and prints the answers as JSON.

The argument is a JSON list of calls, each a list: service, method of boto3, its arguments, and, if it is to be another
than the environment names, the region. A text in the arguments such as ``$0.Vpc.VpcId`` is taken from the answer to the
call of that number; policy documents may be given as dictionaries. The answer to a call that AWS refuses is its code as
``{"error": ...}``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3
from botocore.exceptions import ClientError


def filled(value: Any, answers: list[Any]) -> Any:
    """The arguments, with what they take from earlier answers."""
    if isinstance(value, dict):
        return {
            key: json.dumps(item) if key.endswith("Document") and isinstance(item, dict) else filled(item, answers)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [filled(item, answers) for item in value]
    if isinstance(value, str) and value.startswith("$"):
        number, *path = value[1:].split(".")
        found = answers[int(number)]
        for part in path:
            found = found[int(part)] if isinstance(found, list) else found[part]
        return found
    return value


def plain(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what is about the request only, and with streams read."""
    shown = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    if hasattr(shown.get("Body"), "read"):
        shown["Body"] = shown["Body"].read().decode()
    return shown


def main() -> None:
    answers: list[Any] = []
    for service, method, arguments, *region in json.loads(sys.argv[1]):
        client = boto3.client(service, **({"region_name": region[0]} if region else {}))
        try:
            answers.append(plain(getattr(client, method)(**filled(arguments, answers))))
        except ClientError as error:
            answers.append({"error": error.response["Error"]["Code"]})
    print(json.dumps(answers, default=str))


if __name__ == "__main__":
    main()
