# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection writes at providers: the names of data and of runs, tags, metadata.

Another version finds its own by them, so they never change. data/written.json has them; what differs from run to run
is masked: identifiers, tokens.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock import bedrock_host
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci import cluster_host, oci_host
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai import sandbox_tools

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

GOLDEN = json.loads((Path(__file__).parent / "data" / "written.json").read_text(encoding="utf-8"))
_MASKS = (
    (re.compile(r"\b[0-9a-f]{32,64}\b"), lambda found: f"<{len(found[0])} hexadecimal digits>"),
    (re.compile(r"\b(file|ftjob)-[A-Za-z0-9]+"), lambda found: f"<{found[1]}>"),
    (re.compile(r"(?<=support-bot-)[0-9a-f]{8}\b"), lambda found: "<8 hexadecimal digits>"),
    (re.compile(r"\bocid1\.(\w+)\.[\w.-]+"), lambda found: f"<{found[1]}>"),
)


def masked(value: Any) -> Any:
    text = json.dumps(value, sort_keys=True)
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return json.loads(text)


def written_of_job(host: sandbox_tools.Host) -> Any:
    return {key: value for key, value in host.jobs()[0].items() if "suffix" in key or key in ("model", "metadata")}


def openai(sandbox: Sandbox) -> Any:
    host = sandbox_tools.Host(sandbox)
    host.wanted(host.file(), metadata={"team": "care"}, suffix="bot")
    with sandbox.openai.store.lock:
        files = [file.filename for file in sandbox.openai.default_account.files.by_id.values()]
    return {"job": written_of_job(host), "files": files}


def compatible(sandbox: Sandbox) -> Any:
    host = sandbox_tools.Host(sandbox, "selfhosted")
    host.wanted(host.file())
    return {"job": written_of_job(host)}


def bedrock(sandbox: Sandbox) -> Any:
    host = bedrock_host.Host(sandbox)
    made = host.wanted(host.data(), tags={"team": "care"})
    again = host.wanted(host.about("letters"), retrain="on_change", tags={"team": "care"})
    listed = host.client("s3").list_objects_v2(Bucket=host.reach.data_bucket)["Contents"]
    head = [host.client("s3").head_object(Bucket=host.reach.data_bucket, Key=item["Key"]) for item in listed]
    return {
        "models": host.models(),
        "jobs": [job["name"] for job in host.jobs()],
        "tags of the job": host.tags(made["run_id"]),
        "tags of the model": host.tags(made["custom_model_arn"]),
        "tags of the second model": host.tags(again["custom_model_arn"]),
        "objects": [[item["Key"], found["Metadata"]] for item, found in zip(listed, head, strict=True)],
    }


def oci(sandbox: Sandbox) -> Any:
    host = oci_host.Host(sandbox)
    data = host.data()
    host.wanted(data, freeform_tags={"team": "care"})
    model = host.models()[0]
    found = host.api.client("object_storage", tries=1).head_object(data["namespace"], data["bucket"], data["object"])
    return {
        "name": model["displayName"],
        "tags": model["freeformTags"],
        "object": data["object"],
        "metadata": {key: value for key, value in found.headers.items() if key.startswith("opc-meta-")},
    }


def oci_cluster(sandbox: Sandbox) -> Any:
    host = cluster_host.ClusterHost(sandbox)
    made = host.tuning(freeform_tags={"team": "care"})
    found = host.by_hand.get_dedicated_ai_cluster(made["dedicated_ai_cluster_id"]).data
    return {"name": found["displayName"], "tags": found["freeformTags"]}


WRITTEN = {made.__name__: made for made in (openai, compatible, bedrock, oci, oci_cluster)}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_at_providers_never_changes(
    still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    bedrock_host.nothing_of_this_machine(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", still_sandbox.url)
    monkeypatch.setenv("OCI_SERVICE_ENDPOINT", still_sandbox.url)
    found = masked(WRITTEN[name](still_sandbox))
    assert found == GOLDEN[name]
