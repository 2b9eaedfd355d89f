# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models, checkpoint permissions, model limits, graders."""

from __future__ import annotations

from typing import Any

from finetune_sandbox.openai import graders, params
from finetune_sandbox.openai.catalogue import BaseModel
from finetune_sandbox.openai.errors import AZURE, MINIMAL, OPENAI, ApiError, bad_value, check_deletion, missing
from finetune_sandbox.openai.state import Account, Model, Permission
from finetune_sandbox.openai.store import Store
from finetune_sandbox.server.web import Call, Response


def _no_model(name: str) -> ApiError:
    message = f"The model '{name}' does not exist or you do not have access to it."
    return ApiError(404, message, code="model_not_found", param="model")


class Models:
    """/models and /fine_tuning/model_limits"""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _base(self, model: BaseModel, name: str, dialect: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": name,
            "object": "model",
            "created": model.created,
            "owned_by": model.owned_by,
        }
        if dialect not in MINIMAL or model.id in self._store.settings.shutdown_dates:
            body["shutdown_date"] = self._store.shutdown_date(model)
        if dialect == AZURE:
            body["capabilities"] = {"fine_tune": bool(model.methods), "inference": True}
        return body

    def _tuned(self, model: Model, account: Account, dialect: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": model.id,
            "object": "model",
            "created": int(model.created_at),
            "owned_by": account.name,
        }
        dates = self._store.settings.shutdown_dates
        if dialect not in MINIMAL or model.id in dates or model.base.id in dates:
            body["shutdown_date"] = self._store.shutdown_date(model.base, model.id)
        if dialect == AZURE:
            body["capabilities"] = {"fine_tune": False, "inference": True}
        return body

    def _visible(self, model: Model, dialect: str, now: float) -> bool:
        """Whether the host shows a tuned model at all, and it has not ended."""
        shown = self._store.habits(dialect).tuned_models == "listed"
        return shown and not self._store.retired(model.base, now, model.id)

    def list(self, call: Call, account: Account) -> Response:
        """GET /models"""
        store = self._store
        with store.lock:
            now = store.settle(account)
            listed = [
                self._base(model, name, call.dialect)
                for model in store.catalogue.models(call.dialect)
                for name in (*model.aliases, model.id)
                if not store.retired(model, now)
            ]
            listed += [
                self._tuned(model, account, call.dialect)
                for model in account.models.values()
                if self._visible(model, call.dialect, now) and store.listed(model.created_at, now)
            ]
        return Response({"object": "list", "data": listed})

    def retrieve(self, call: Call, account: Account) -> Response:
        """GET /models/{name}"""
        name = call.arguments["model"]
        with self._store.lock:
            now = self._store.settle(account)
            model = account.models.get(name)
            if model is not None:
                if not self._visible(model, call.dialect, now) or not self._store.readable(model.created_at, now):
                    raise _no_model(name)
                return Response(self._tuned(model, account, call.dialect))
            base = self._store.catalogue.find(name, call.dialect)
            if base is None or self._store.retired(base, now):
                raise _no_model(name)
            return Response(self._base(base, name, call.dialect))

    def delete(self, call: Call, account: Account) -> Response:
        """DELETE /models/{name}"""
        name = call.arguments["model"]
        check_deletion(call.dialect, self._store.habits(call.dialect).deletions)
        with self._store.lock:
            now = self._store.settle(account)
            model = account.models.get(name)
            if model is None or not self._visible(model, call.dialect, now):
                if model is not None or self._store.catalogue.find(name, call.dialect) is None:
                    raise _no_model(name)
                message = f"You are not allowed to delete the model '{name}': it is not one of your fine-tuned models."
                raise ApiError(403, message, param="model")
            if account.role != "owner":
                message = (
                    "You have insufficient permissions for this operation. "
                    "Deleting a fine-tuned model needs the "
                    "role Owner in your organization."
                )
                raise ApiError(403, message)
            del account.models[name]
            return Response({"id": name, "object": "model", "deleted": True})

    def limits(self, call: Call, account: Account) -> Response:
        """GET /fine_tuning/model_limits"""
        settings = self._store.settings
        data = [
            {
                "object": "fine_tuning.model_limit",
                "model": model.id,
                "max_concurrent_jobs": settings.concurrent_jobs,
                "max_jobs_per_day": settings.daily_jobs,
            }
            for model in self._store.catalogue.models(OPENAI)
            if model.methods
        ]
        return Response({"object": "list", "data": data})


class Permissions:
    """/fine_tuning/checkpoints/{name}/permissions"""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _of(self, call: Call, account: Account) -> list[Permission]:
        name = call.arguments["checkpoint"]
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


class Graders:
    """/fine_tuning/alpha/graders"""

    def validate(self, call: Call, account: Account) -> Response:
        """POST validate"""
        body = params.read_json(call.request)
        graders.read(body, ("grader",))
        return Response({"grader": body["grader"]})

    def run(self, call: Call, account: Account) -> Response:
        """POST run"""
        body = params.read_json(call.request)
        graders.read(body, ("grader", "model_sample", "item"))
        sample = params.text(body, "model_sample", required=True) or ""
        return Response(graders.run(body["grader"], sample, body.get("item")))
