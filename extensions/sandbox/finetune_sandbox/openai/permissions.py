# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoint permissions: which other projects of the organisation may use a fine-tuned model."""

from __future__ import annotations

from typing import Any

from finetune_sandbox.openai import params
from finetune_sandbox.openai.errors import ApiError, bad_value, missing
from finetune_sandbox.openai.state import Account, Permission
from finetune_sandbox.openai.store import Store
from finetune_sandbox.server.web import Call, Response

SCOPES = {
    "openai.permissions.create": "api.fine_tuning.checkpoints.write",
    "openai.permissions.list": "api.fine_tuning.checkpoints.read",
    "openai.permissions.delete": "api.fine_tuning.checkpoints.write",
}
"""The scope that each operation needs. Only admin keys have them."""


class Permissions:
    """/fine_tuning/checkpoints/{name}/permissions

    OpenAI's reference says who may call it and what its objects are. Users tell how it refuses: a key without the scope
    gets a 401, and the project that owns a checkpoint gets no permission. Here all models belong to the account's first
    project. What the API does for a project that has a permission already is not known; this answers with that one.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def _of(self, call: Call, account: Account) -> list[Permission]:
        if account.role != "owner":
            message = "You must be an owner of the organization to manage permissions of fine-tuned model checkpoints."
            raise ApiError(403, message)
        name = call.arguments["checkpoint"]
        if name.startswith("ftckpt"):
            # Users report that for the id of a checkpoint, which the path does not take.
            message = "The server had an error while processing your request. Sorry about that!"
            raise ApiError(500, message, type_="server_error")
        if name not in account.models:
            raise ApiError(404, f"Could not find checkpoint: {name}", code="checkpoint_not_found")
        return account.permissions.setdefault(name, [])

    @staticmethod
    def _view(permission: Permission) -> dict[str, Any]:
        return {
            "object": "checkpoint.permission",
            "id": permission.id,
            "created_at": int(permission.created_at),
            "project_id": permission.project_id,
        }

    def create(self, call: Call, account: Account) -> Response:
        """POST"""
        body = params.read_json(call.request)
        params.known_only(body, frozenset({"project_ids"}))
        projects = body.get("project_ids")
        if projects is None:
            raise missing("project_ids")
        if not isinstance(projects, list) or not projects or not all(isinstance(item, str) for item in projects):
            raise params.wrong_type("project_ids", "a non-empty array of strings", projects)
        with self._store.lock:
            now = self._store.settle(account)
            permissions = self._of(call, account)
            for project in projects:
                if project not in account.projects:
                    raise bad_value("project_ids", f"Project '{project}' does not exist in your organization.")
                if project == account.projects[0]:
                    message = f"Project '{project}' owns the checkpoint; it needs no permission."
                    raise bad_value("project_ids", message)
            granted = []
            for project in dict.fromkeys(projects):
                found = next((item for item in permissions if item.project_id == project), None)
                if found is None:
                    found = Permission("cp_" + self._store.ids.text(24), now, project)
                    permissions.append(found)
                granted.append(self._view(found))
        return Response(
            {
                "object": "list",
                "data": granted,
                "has_more": False,
                "first_id": granted[0]["id"],
                "last_id": granted[-1]["id"],
            }
        )

    def list(self, call: Call, account: Account) -> Response:
        """GET"""
        args = call.request.args
        limit = params.query_integer(call.request, "limit", 10, 1, 100)
        order = args.get("order", "descending")
        if order not in {"ascending", "descending"}:
            raise bad_value("order", f"Invalid value: '{order}'. Supported values are: 'ascending' and 'descending'.")
        with self._store.lock:
            self._store.settle(account)
            listed = [self._view(item) for item in self._of(call, account)]
        if order == "descending":
            listed.reverse()
        if args.get("project_id"):
            listed = [item for item in listed if item["project_id"] == args["project_id"]]
        start = 0
        if args.get("after"):
            ids = [item["id"] for item in listed]
            if args["after"] not in ids:
                raise bad_value("after", f"Invalid 'after': no permission '{args['after']}'.")
            start = ids.index(args["after"]) + 1
        data = listed[start : start + limit]
        more = start + limit < len(listed)
        first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
        return Response({"object": "list", "data": data, "has_more": more, "first_id": first, "last_id": last})

    def delete(self, call: Call, account: Account) -> Response:
        """DELETE /{permission}"""
        wanted = call.arguments["permission"]
        with self._store.lock:
            self._store.settle(account)
            permissions = self._of(call, account)
            found = next((item for item in permissions if item.id == wanted), None)
            if found is None:
                raise ApiError(404, f"Could not find permission: {wanted}", code="permission_not_found")
            permissions.remove(found)
        return Response({"object": "checkpoint.permission", "id": wanted, "deleted": True})
