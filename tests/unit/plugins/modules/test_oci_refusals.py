# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OCI modules as wholes: what is wrong in a task is told in one clear error, before any request."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play, refused

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

DATASET = "oci_generative_ai_dataset"
MODEL = "oci_generative_ai_model"
MODEL_INFO = "oci_generative_ai_model_info"
CLUSTER = "oci_generative_ai_dedicated_ai_cluster"
CLUSTER_INFO = "oci_generative_ai_dedicated_ai_cluster_info"
ENDPOINT = "oci_generative_ai_endpoint"
ENDPOINT_INFO = "oci_generative_ai_endpoint_info"
HERE = {"compartment_id": "ocid1.compartment.oc1..here"}
RESERVED = {"freeform_tags": {"llmops_finetune_name": "x"}}
DETAILS = {
    "dedicated_ai_cluster_id": "ocid1.generativeaidedicatedaicluster.oc1..mine",
    "training_dataset": {"bucket": "b", "object": "a.jsonl"},
}
WANTED = {"display_name": "a", **HERE, "base_model_id": "ocid1.generativeaimodel.oc1..base"}


def pairs(count: int = 40, answer: str = "completion") -> list[dict[str, str]]:
    """Valid examples, if the answer is called so."""
    return [{"prompt": f"Which colour is number {n}?", answer: f"Number {n} is blue."} for n in range(count)]


def lines(examples: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(example) + "\n" for example in examples)


CHAT = [{"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]}] * 40
CONVERSE = [
    {
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [
            {"role": "user", "content": [{"text": "Why?"}]},
            {"role": "assistant", "content": [{"text": "So."}]},
        ],
    }
] * 40


@pytest.fixture(autouse=True)
def _only_the_sandbox(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.startswith("OCI_")]:
        monkeypatch.delenv(variable)
    for variable, value in still_sandbox.oci_env.items():
        monkeypatch.setenv(variable, value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "one of the following is required: src, content, name, object"),
        ({"name": "a"}, "There is no data"),
        ({"src": "/nowhere/missing.jsonl"}, "missing.jsonl does not exist"),
        ({"src": "x", "content": "y"}, "mutually exclusive"),
        ({"content": pairs(), "name": "a", "object": "b", "prefix": "c/"}, "mutually exclusive"),
        ({"content": pairs(), "name": "no spaces"}, "name is 'no spaces'"),
        ({"content": pairs(), "name": "a", "bucket": "oci://bucket"}, "bucket is 'oci://bucket'.*the name alone"),
        ({"content": pairs(), "name": "a", "namespace": "a/b"}, "namespace is 'a/b'"),
        ({"content": pairs(), "name": "a", "namespace": ""}, "namespace is ''"),
        ({"content": pairs(), "name": "a", "prefix": "x" * 1024 + "/"}, "which is not a valid object name"),
        ({"content": pairs(), "name": "a", "prefix": "folder"}, "prefix is 'folder'; it ends with a slash"),
        ({"content": pairs(), "name": "a", "prefix": "/folder/"}, "prefix begins with a slash"),
        ({"content": pairs(), "object": "a/../b.jsonl"}, r"a/\.\./b\.jsonl"),
        ({"content": pairs(), "object": "/train.jsonl"}, "begins with a slash"),
        ({"content": pairs(), "name": "a", "object": "a\nb.jsonl"}, "which is not a valid object name"),
        ({"content": pairs(), "name": "a", "object": "check-mode:object:x"}, "a placeholder of check mode"),
        ({"content": pairs(), "name": "a", "state": "there"}, "state must be one of"),
        ({"content": pairs(), "name": "a", "format": "csv"}, "format must be one of"),
        ({"content": pairs(), "name": "a", "bucket": None}, "missing required arguments: bucket"),
        ({"content": pairs(), "name": "a", "auth_type": "other"}, "auth_type must be one of"),
        (
            {"content": pairs(), "name": "a", "config_file_location": "/nowhere/config"},
            "config_file_location: there is no file",
        ),
        ({"content": pairs(), "name": "a", "config_profile_name": "SOMEBODY"}, "no profile called 'SOMEBODY'"),
        ({"content": pairs(), "name": "a", "service_endpoint": "localhost"}, "service_endpoint is 'localhost'"),
    ],
)
def test_a_dataset(play: Play, still_sandbox: Sandbox, options: dict[str, Any], says: str) -> None:
    refused(play, DATASET, {"bucket": "bucket", **options}, says)
    assert still_sandbox.count() == 0


@pytest.mark.parametrize(
    ("content", "format_", "says"),
    [
        (lines(pairs()) + "this is no JSON\n", None, "line 41"),
        (lines(pairs(answer="answer")), "oci_completion", "line 1.*completion"),
        (CHAT, "oci_completion", "line 1: The example has no prompt"),
        (pairs(31), None, "31 examples.*32"),
        (CONVERSE, None, "wrong_format.*oci_completion"),
        ("", None, "There is no example in it"),
    ],
    ids=["no-json", "answer", "chat", "short", "converse", "empty"],
)
def test_data(play: Play, still_sandbox: Sandbox, content: Any, format_: str | None, says: str) -> None:
    refused(play, DATASET, {"name": "bad", "bucket": "b", "content": content, "format": format_}, says)
    assert still_sandbox.count() == 0


def test_a_user_that_is_not_known(play: Play, still_sandbox: Sandbox) -> None:
    options = {"name": "a", "content": pairs(), "bucket": still_sandbox.oci.bucket}
    refused(play, DATASET, {**options, "api_user": "ocid1.user.oc1..somebodyelse"}, "HTTP 401")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"display_name": "a"}, "one of the following is required: model_id, compartment_id"),
        (HERE, "one of the following is required: model_id, display_name"),
        ({"display_name": "a", **HERE, "state": "there"}, "state must be one of"),
        ({"display_name": "a", **HERE, "retrain": "always"}, "retrain must be one of"),
        ({"display_name": "a", **HERE, "wait_timeout": "soon"}, "wait_timeout.* convert to int"),
    ],
)
def test_a_model(play: Play, still_sandbox: Sandbox, options: dict[str, Any], says: str) -> None:
    refused(play, MODEL, options, says)
    assert still_sandbox.count() == 0


@pytest.mark.parametrize(
    ("details", "says"),
    [
        ({"training_config": {"training_config_type": "LORA"}}, "training_config_type must be one of"),
        ({"training_config": {"lora_r": 8}}, "missing required arguments: training_config_type"),
        (
            {"training_config": {"training_config_type": "LORA_TRAINING_CONFIG", "lora_rank": 8}},
            r"Unsupported parameters.*fine_tune_details\.training_config\.lora_rank",
        ),
        ({"training_dataset": {"object": "a.jsonl"}}, "missing required arguments: bucket"),
        ({"training_dataset": {"bucket": "b", "object": "a.jsonl", "dataset_type": "FILE"}}, "dataset_type must be"),
    ],
    ids=["type", "no-type", "unknown", "no-bucket", "dataset-type"],
)
def test_how_a_model_is_trained(play: Play, still_sandbox: Sandbox, details: dict[str, Any], says: str) -> None:
    refused(play, MODEL, {**WANTED, "fine_tune_details": {**DETAILS, **details}}, says)
    assert still_sandbox.count() == 0


@pytest.mark.parametrize(
    ("module", "options", "says"),
    [
        (CLUSTER, {**HERE, "display_name": "a", "type": "BOTH"}, "type must be one of"),
        (CLUSTER, HERE, "one of the following is required: dedicated_ai_cluster_id, display_name"),
        (CLUSTER, {"display_name": "a"}, "one of the following is required: dedicated_ai_cluster_id, compartment_id"),
        (CLUSTER_INFO, {"dedicated_ai_cluster_id": "x", "type": "HOSTING"}, "mutually exclusive"),
        (CLUSTER_INFO, {"dedicated_ai_cluster_id": "x", "state": "ACTIVE"}, "mutually exclusive"),
        (CLUSTER_INFO, {"dedicated_ai_cluster_id": "x", "display_name": "a"}, "mutually exclusive"),
        (CLUSTER_INFO, {}, "one of the following is required: compartment_id, dedicated_ai_cluster_id"),
        (CLUSTER_INFO, {**HERE, "state": "ASLEEP"}, "state must be one of"),
        (CLUSTER, {**HERE, "display_name": "a", "accept_commitment": 745}, "accept_commitment must be one of: 744"),
        (CLUSTER, {**HERE, "display_name": "a", "capacity_reservation_id": "x"}, "capacity_reservation_id is 'x'"),
        (ENDPOINT_INFO, {"endpoint_id": "x", "model_id": "y"}, "mutually exclusive"),
        (ENDPOINT_INFO, {}, "one of the following is required: compartment_id, endpoint_id"),
        (ENDPOINT_INFO, {**HERE, "model_id": "x"}, "model_id is 'x'; it is an OCID"),
        (MODEL_INFO, {**HERE, "capability": ["COOK"]}, "capability.*FINE_TUNE"),
        (MODEL_INFO, {"model_id": "x", "capability": ["CHAT"]}, "mutually exclusive"),
        (MODEL_INFO, {"model_id": "x", "vendor": "a"}, "mutually exclusive"),
        (MODEL_INFO, {"model_id": "x", "state": "ACTIVE"}, "mutually exclusive"),
        (MODEL_INFO, {"model_id": "x", "display_name": "a"}, "mutually exclusive"),
        (MODEL_INFO, {"model_id": "x", "type": "BASE"}, "mutually exclusive"),
        (MODEL_INFO, {}, "one of the following is required: compartment_id, model_id"),
        (MODEL_INFO, {**HERE, "type": "OWN"}, "type must be one of"),
    ],
)
def test_the_others(play: Play, still_sandbox: Sandbox, module: str, options: dict[str, Any], says: str) -> None:
    refused(play, module, options, says)
    assert still_sandbox.count() == 0


ENDPOINT_ID = "ocid1.generativeaiendpoint.oc1..mine"
HOSTING = "ocid1.generativeaidedicatedaicluster.oc1..mine"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"display_name": "a" * 256}, "display_name has 256 characters; OCI takes 255"),
        ({"display_name": " "}, "display_name is empty"),
        ({"description": "a" * 401}, "description has 401 characters"),
        ({"endpoint_id": HOSTING}, "endpoint_id is '.*', the OCID of a dedicated AI cluster"),
        ({"endpoint_id": "mine"}, "endpoint_id is 'mine'; it is an OCID"),
        ({"dedicated_ai_cluster_id": ENDPOINT_ID}, "dedicated_ai_cluster_id is '.*', the OCID of an endpoint"),
        ({"replacement_cluster_id": ENDPOINT_ID}, "replacement_cluster_id is '.*', the OCID of an endpoint"),
        (
            {"dedicated_ai_cluster_id": HOSTING, "replacement_cluster_id": HOSTING},
            "replacement_cluster_id is the same as dedicated_ai_cluster_id",
        ),
        ({"dedicated_ai_cluster_id": "check-mode:cluster:a"}, "dedicated_ai_cluster_id.*check mode"),
        ({"model_id": ENDPOINT_ID}, "model_id is '.*', the OCID of an endpoint"),
        ({"model": ""}, "model_id is empty"),
        ({"model_id": "check-mode:model:a"}, "model_id.*check mode"),
        ({"generative_ai_private_endpoint_id": ENDPOINT_ID}, "the OCID of an endpoint.*that of a private endpoint"),
        ({"generative_ai_private_endpoint_id": ""}, "generative_ai_private_endpoint_id is empty"),
        ({"content_moderation_config": {"mode": "BLOCK"}}, "missing required arguments: is_enabled"),
        ({"content_moderation_config": {"is_enabled": True, "mode": "OFF"}}, "mode must be one of: INFORM, BLOCK"),
        ({"pii_detection_config": {"is_enabled": True, "model_id": HOSTING}}, "pii_detection_config.model_id is"),
        ({"replace": "always"}, "replace must be one of"),
        ({"state": "cancelled"}, "state must be one of"),
        ({"freeform_tags": {str(number): "x" for number in range(9)}}, "freeform_tags has 9 entries"),
        ({"ignore_changes": ["modell"]}, "ignore_changes"),
        (RESERVED, "'llmops_finetune_name' is reserved"),
        ({"compartment_id": None}, "one of the following is required: endpoint_id, compartment_id"),
    ],
)
def test_an_endpoint(play: Play, still_sandbox: Sandbox, options: dict[str, Any], says: str) -> None:
    refused(play, ENDPOINT, {"display_name": "a", **HERE, **options}, says)
    assert still_sandbox.count() == 0


@pytest.mark.parametrize(
    ("module", "option"),
    [
        (MODEL_INFO, "model_id"),
        (ENDPOINT_INFO, "endpoint_id"),
        (ENDPOINT_INFO, "compartment_id"),
        (MODEL_INFO, "compartment_id"),
        (CLUSTER_INFO, "dedicated_ai_cluster_id"),
        (CLUSTER_INFO, "compartment_id"),
    ],
)
def test_what_is_not_there(play: Play, module: str, option: str) -> None:
    refused(play, module, {option: "ocid1.something.oc1..nobody"}, "nobody.*HTTP 404, NotAuthorizedOrNotFound")
