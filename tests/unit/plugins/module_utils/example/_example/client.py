# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example host: a folder with one file, which every process can reach. A job goes on with each look at it."""

from __future__ import annotations

import fcntl
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    NotFound,
    RateLimited,
    TransientError,
)

_T = TypeVar("_T")
Store = dict[str, Any]
AUTH_SPEC: Mapping[str, Any] = {"store": {"type": "path", "required": True}}
READS = ("get", "list", "list_files")


class Api:
    """One store. It holds jobs and files, the fate of the next job and the looks that a job takes; and for the tests,
    faults and the log of requests."""

    def __init__(self, store: str) -> None:
        self.path = Path(store) / "store.json"

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """The whole store, for one process at a time; what is changed is kept as a whole."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            empty: Store = {"jobs": {}, "files": {}, "faults": [], "log": [], "looks": 2}
            store: Store = json.loads(self.path.read_text()) if self.path.exists() else empty
            yield store
            new = self.path.with_suffix(".new")
            new.write_text(json.dumps(store))
            new.replace(self.path)

    def call(self, verb: str, work: Callable[[Store], _T]) -> _T:
        """One request. Raises the engine's errors."""
        answer: Any = None
        refusal: ApiError | None = None
        with self.opened() as store:
            fault = next((fault for fault in store["faults"] if _is_due(fault, verb)), {})
            store["log"].append({"verb": verb, "fault": fault.get("id")})
            if fault.get("reset", fault.get("when", "before" if "status" in fault else "after")) == "after":
                try:
                    answer = work(store)
                except ApiError as error:
                    refusal = error
        if "delay" in fault:
            time.sleep(fault["delay"])
        if "reset" in fault or fault.get("status", 200) != 200:
            raise _error(verb, fault)
        if refusal:
            raise refusal
        found: _T = fault.get("body", answer)
        return found

    def list_jobs(self, name: str) -> list[dict[str, Any]]:
        """All of a name."""
        return list(self.call("list", lambda store: [job for job in store["jobs"].values() if job["name"] == name]))

    def get_job(self, identifier: str) -> dict[str, Any]:
        """One job, which goes on by that."""
        return self.call("get", lambda store: _go_on(_found(store, identifier)))

    def create_job(self, **members: Any) -> dict[str, Any]:
        """Start one; the same token makes no second."""

        def work(store: Store) -> dict[str, Any]:
            if members["recipe_file"] not in store["files"]:
                raise ApiError(f"There is no file {members['recipe_file']}.", status=400)
            same = [job for job in store["jobs"].values() if job["token"] == members["token"]]
            if same:
                found: dict[str, Any] = same[0]
                return found
            job = {**members, "id": f"job-{len(store['jobs']) + 1:04}", "made": time.time(), "looks": store["looks"]}
            job |= {"condition": "kneading", "fate": store.pop("fate", None), "done": None}
            store["jobs"][job["id"]] = job
            return job

        return self.call("create", work)

    def change_job(self, identifier: str, verb: str, **members: Any) -> dict[str, Any]:
        """Change one."""

        def work(store: Store) -> dict[str, Any]:
            job = _found(store, identifier)
            job.update(members)
            return job

        return self.call(verb, work)

    def list_files(self) -> list[str]:
        """Their names."""
        return self.call("list_files", lambda store: list(store["files"]))

    def put_file(self, name: str, text: str) -> None:
        """Keep one."""
        self.call("put_file", lambda store: store["files"].update({name: text}))

    def delete_file(self, name: str) -> None:
        """Remove one, if it is there."""
        self.call("delete_file", lambda store: store["files"].pop(name, None))


def _found(store: Store, identifier: str) -> dict[str, Any]:
    if identifier not in store["jobs"]:
        raise NotFound(f"There is no job {identifier}.", status=404)
    found: dict[str, Any] = store["jobs"][identifier]
    return found


def _go_on(job: dict[str, Any]) -> dict[str, Any]:
    if job["condition"] == "kneading":
        job["looks"] -= 1
        if job["looks"] <= 0:
            job.update(condition="burnt" if job["fate"] else "baked", done=time.time())
    return job


def _is_due(fault: dict[str, Any], verb: str) -> bool:
    """Whether this is a request that the fault is for; it is counted."""
    if not fnmatchcase(f"example.{verb}", fault["requests"]):
        return False
    fault["seen"] += 1
    chosen = random.Random(f"{fault.get('seed')} {fault['seen']}").random() < fault.get("probability", 1)
    if fault["seen"] <= fault.get("after", 0) or fault["fired"] >= fault.get("times", 1 << 30) or not chosen:
        return False
    fault["fired"] += 1
    return True


def _error(verb: str, fault: Mapping[str, Any]) -> Exception:
    status = fault.get("status")
    said = f"{verb}: HTTP {status}" if status else f"{verb}: no answer"
    if status == 429:
        pause = (fault.get("headers") or {}).get("Retry-After")
        return RateLimited(said, status=status, retry_after=float(pause) if pause else None)
    if status is None or status >= 500:
        return TransientError(said)
    return ApiError(said, status=status)
