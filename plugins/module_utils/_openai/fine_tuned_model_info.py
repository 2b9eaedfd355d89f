# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What openai_fine_tuned_model_info looks up.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._core import markers
from ansible_collections.llmops.finetune.plugins.module_utils._core.compare import number
from ansible_collections.llmops.finetune.plugins.module_utils._core.content import CHECK_MODE, refuse_predicted
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import InvalidInput, Refused
from ansible_collections.llmops.finetune.plugins.module_utils._core.plain import mapping
from ansible_collections.llmops.finetune.plugins.module_utils._openai import jobs
from ansible_collections.llmops.finetune.plugins.module_utils._openai.client import Api, make_api
from ansible_collections.llmops.finetune.plugins.module_utils._openai.fine_tuned_model import (
    present_job,
    to_plain,
)

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def find(module: AnsibleModule) -> dict[str, Any]:
    """The module's result."""
    params = module.params
    if params["limit"] < 0:
        raise InvalidInput(f"limit is {params['limit']}; it is 0 (all) or more.")
    if not module.check_mode:
        refuse_predicted("job_id", params["job_id"])
    elif str(params["job_id"] or "").startswith(CHECK_MODE):
        return {"changed": False, "models": []}
    api = make_api(module)
    found = []
    for job in _matching(api, params):
        found.append(_entry(api, job, params))
        if len(found) == params["limit"]:
            break
    return {"changed": False, "models": found}


def _matching(api: Api, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Filtered again on our side, for hosts that ignore the filter."""
    if params["job_id"]:
        with api.translated(f"Looking up the job {params['job_id']}"):
            yield to_plain(api.sdk.fine_tuning.jobs.retrieve(params["job_id"]))
        return
    wanted = {str(key): str(value) for key, value in (params["metadata"] or {}).items()}
    if params["name"]:
        wanted[markers.NAME] = params["name"]
    for job in jobs.list_jobs(api, wanted):
        entries = mapping(job.get("metadata"))
        # A host that keeps no metadata may at least show the suffix, whose default is the name.
        suffixed = not entries and set(wanted) == {markers.NAME} and jobs.same_suffix(params["name"], job)
        if (suffixed or all(entries.get(key) == value for key, value in wanted.items())) and (
            not params["status"] or job.get("status") in params["status"]
        ):
            yield job


def _entry(api: Api, job: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    run = jobs.to_run(job)
    entries = mapping(job.get("metadata"))
    entry: dict[str, Any] = {
        "name": entries.get(markers.NAME),
        "job_id": run.id,
        "fine_tuned_model": run.model,
        "status": run.status,
        "reason": run.reason,
        "training_sha256": entries.get(markers.TRAINING),
        "model": present_job(job),
    }
    if params["events"]:
        entry["events"] = jobs.list_events(api, run.id)
    if params["checkpoints"]:
        entry["checkpoints"] = jobs.list_checkpoints(api, run.id)
    if params["steps"]:
        entry["steps"] = _steps(api, job)
    return entry


def _steps(api: Api, job: Mapping[str, Any]) -> list[dict[str, Any]]:
    for file_id in job.get("result_files") or ():
        if not isinstance(file_id, str):
            continue
        try:
            with api.translated(f"Reading the result file {file_id}"):
                content = api.sdk.files.content(file_id).read()
        except Refused as error:
            if error.status not in (403, 404):
                raise
            continue
        steps = parse_result_file(content)
        if steps:
            return steps
    events = jobs.list_events(api, str(job["id"]))
    steps = [
        {key: value for key, value in event["data"].items() if number(value) is not None}
        for event in reversed(events)
        if event.get("type") == "metrics" and isinstance(event.get("data"), dict)
    ]
    return [step for step in steps if "step" in step]


def parse_result_file(content: bytes) -> list[dict[str, Any]]:
    """The rows of a result file: CSV with a heading that starts with ``step``, plain or (OpenAI's own) in base64.

    Empty cells are left out; what is not such a file gives no rows.
    """
    text = content.decode("utf-8", "replace")
    if not text.startswith("step"):
        try:
            text = base64.b64decode(content, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return []
        if not text.startswith("step"):
            return []
    rows = []
    for row in csv.DictReader(io.StringIO(text)):
        cells = {key: number(value) for key, value in row.items() if key and value not in (None, "")}
        rows.append({key: value for key, value in cells.items() if value is not None})
    return rows
