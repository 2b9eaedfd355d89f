# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models, model limits, graders."""

from __future__ import annotations

from typing import Any

from finetune_sandbox.openai import graders, params
from finetune_sandbox.openai.catalogue import BaseModel
from finetune_sandbox.openai.errors import AZURE, MINIMAL, OPENAI, ApiError, check_deletion
from finetune_sandbox.openai.state import Account, Model
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
        view = self._store.habits(dialect).tuned_models == "listed"
        return view and not self._store.retired(model.base, now, model.id)

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
            account.permissions.pop(name, None)
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
