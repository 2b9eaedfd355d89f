# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls OCI as somebody else would, beside the modules under test, and prints the answers as JSON.

The argument is a JSON list of calls, each a list: service (object_storage, generative_ai), method of the SDK's client,
its arguments. Bodies have the names of the API. Each answer has ``data`` and ``headers`` (names in lower case); that to
a call that OCI refuses is its code, or its status where it has none, as ``{"error": ...}``.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import oci

CLIENTS = {
    "object_storage": oci.object_storage.ObjectStorageClient,
    "generative_ai": oci.generative_ai.GenerativeAiClient,
}


def main() -> None:
    config = oci.config.from_file(os.environ["OCI_CONFIG_FILE"])
    answers: list[dict[str, Any]] = []
    for service, method, arguments in json.loads(sys.argv[1]):
        client = CLIENTS[service](
            config, service_endpoint=os.environ["OCI_SERVICE_ENDPOINT"], skip_deserialization=True
        )
        try:
            answer = getattr(client, method)(**arguments)
        except oci.exceptions.ServiceError as error:
            answers.append({"error": error.code or error.status})
            continue
        data = answer.data.content.decode() if hasattr(answer.data, "content") else answer.data
        answers.append({"data": data, "headers": {name.lower(): value for name, value in answer.headers.items()}})
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
