# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads and checks the variables of the playbook fine_tune, and makes models for the role from them.

A value may be a text from a survey of AWX. No message quotes a value that may be a secret.
Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..module_utils._pipeline.module import model_options
from ..module_utils._providers.base import Provider
from ..module_utils._providers.registry import PROVIDERS

PREFIX = "tune_"
SPLITS = ("training_data", "validation_data")
# The variables of the job, not of each model.
_ONCE: dict[str, dict[str, Any]] = {
    "tune_models": {"type": "list", "elements": "dict"},
    "tune_wait": {"type": "bool"},
    "tune_report_dest": {"type": "str"},
    "tune_report_title": {"type": "str"},
}
_NO_ACCESS = (401, 403, 404)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_URL = re.compile(r"https?://", re.IGNORECASE)
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_NOT_A_PATH = re.compile(r"[/~{\[]")  # the start of an absolute path, or of the data itself


def list_variables() -> dict[str, dict[str, Any]]:
    """Return the specs of the variables: the options of a model, the hashes of its data, and those of the job."""
    options = {
        name: {key: spec[key] for key in ("type", "choices") if key in spec}
        for name, spec in model_options().items()
        if name != "ignore_changes"
    }
    options.update({f"{split}_sha256": {"type": "str"} for split in SPLITS})
    return {**{f"{PREFIX}{name}": spec for name, spec in options.items()}, **_ONCE}


def list_credential_options(provider: Provider) -> set[str]:
    """Return the options that belong in a credential, not in a variable. Aliases are included."""
    options = provider.facts.credentials
    return {name for option in options for name in (option, *provider.options[option].get("aliases", ()))}


def read_job(values: Mapping[str, Any], data_url: str = "") -> dict[str, Any]:
    """Return ``problems``, ``given``, ``models`` and ``downloads``. If a value has a wrong type, only ``problems``.

    ``values``: all variables that are set and begin with the prefix. ``data_url``: the credential for data is only used
    for URLs that begin with it.
    """
    spec = list_variables()
    problems = [
        f"{name} is not known; the variables are {', '.join(spec)}." for name in sorted(values) if name not in spec
    ]
    answers: dict[str, Any] = {}
    for name, value in values.items():
        # An empty answer of a survey counts as not set.
        if name not in spec or value is None or value == "":
            continue
        try:
            answers[name] = _read_text(value) if spec[name]["type"] in ("dict", "list") else value
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
            problems.append(f"{name} is neither YAML nor JSON{where}.")
    validated = ArgumentSpecValidator({name: dict(spec[name]) for name in answers}).validate(answers)
    problems += validated.error_messages
    if validated.error_messages:
        return {"problems": problems}
    given = validated.validated_parameters
    models = _join_models(given)
    for number, model in enumerate(models, 1):
        where = f"tune_models[{number}]: " if "tune_models" in given else ""
        problems += [f"{where}{problem}" for problem in _check_model(model, bool(where))]
    return {"problems": problems, "given": given, "models": models, "downloads": _list_downloads(models, data_url)}


def _read_text(value: Any) -> Any:
    return yaml.safe_load(str(value)) if isinstance(value, str) else value


def _join_models(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each model, merged with the variables for all models. Without tune_models, there is one model."""
    own = {name[len(PREFIX) :]: value for name, value in given.items() if name not in _ONCE}
    return [_merge({"state": "present", **own}, entry) for entry in given.get("tune_models", [{}])]


def _merge(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in more.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _check_model(model: Mapping[str, Any], is_entry: bool) -> Iterator[str]:
    needed = ("provider", "name", *(("base_model", "training_data") if model["state"] == "present" else ()))
    for key in needed:
        if model.get(key) in (None, "", []):
            yield f"{key} (or {PREFIX}{key} for all) is missing." if is_entry else f"{PREFIX}{key} is missing."
    for name, provider in PROVIDERS.items():
        refused = list_credential_options(provider)
        for option in model.get(name) or ():
            if option in refused:
                yield f"{name}.{option} belongs in a credential of {name}, not in a variable."
    for split in SPLITS:
        yield from _check_data(split, model.get(split), str(model.get(f"{split}_sha256") or ""))


def _check_data(split: str, data: Any, sha256: str) -> Iterator[str]:
    text = data if isinstance(data, str) else ""
    is_url = bool(_URL.match(text))
    if _SCHEME.match(text) and not is_url:
        yield f"{split} is fetched from https:// and http:// only."
    if is_url and "@" in urlsplit(text).netloc:
        yield f"{split} has a user or a password in its URL; put them in a credential."
    if is_url and re.search(r"\s", text):
        yield f"{split} is not a URL, because it has a space."
    if sha256 and not is_url:
        yield f"{split}_sha256 is for data that is fetched from a URL."
    if sha256 and not _SHA256.fullmatch(sha256):
        yield f"{split}_sha256 is not 64 hexadecimal digits."


def _list_downloads(models: Sequence[Mapping[str, Any]], data_url: str) -> list[dict[str, Any]]:
    """Return the downloads. Each pair of URL and hash occurs once."""
    begin = f"{data_url.rstrip('/')}/" if data_url else ""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for model in models:
        for split in SPLITS:
            url = model.get(split)
            if model["state"] != "present" or not isinstance(url, str) or not _URL.match(url):
                continue
            sha256 = str(model.get(f"{split}_sha256") or "").lower()
            file = re.sub(r"[^\w.-]", "_", urlsplit(url).path.rpartition("/")[2])
            found.setdefault(
                (url, sha256),
                {
                    "url": url,
                    "checksum": f"sha256:{sha256}" if sha256 else "",
                    "file": f"{len(found) + 1}-{file}",
                    # The credential for data is sent to no other host.
                    "with_credential": bool(begin) and url.startswith(begin),
                },
            )
    return list(found.values())


def take_data(job: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return ``problems`` of the downloads, and the ``models`` for the role with the paths of their data.

    A relative path is looked up in the current folder of the job. If there is no such file, the role looks for it.
    """
    problems = []
    files = {}
    for download, result in zip(job["downloads"], results, strict=False):
        if result.get("status_code") == 200:
            files[download["url"]] = result["dest"]
        else:
            problems.append(_describe_failure(download, result))
    models = []
    for model in job["models"]:
        made = {
            key: value for key, value in model.items() if key.removesuffix("_sha256") not in SPLITS or key in SPLITS
        }
        for split in SPLITS:
            data = model.get(split)
            if model["state"] == "present" and isinstance(data, str) and "\n" not in data:
                made[split] = files.get(data) or _find_file(data)
        models.append(made)
    return {"problems": problems, "models": models}


def _find_file(data: str) -> str:
    path = Path(data)
    return str(path.resolve()) if not _NOT_A_PATH.match(data) and path.exists() else data


def _describe_failure(download: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    """Return why data was not fetched. The text has no query and no fragment of the URL, because they may be secret."""
    url = download["url"]
    why = "its sha256 is not the one that is given"
    if "checksum_src" not in result:
        why = str(result.get("msg", "")).replace(url, "the URL")
    status = result.get("status_code")
    text = f"{re.sub('[?#].*$', '', url)} was not fetched: {why}{'' if status is None else f' (HTTP {status})'}."
    if status in _NO_ACCESS and not download["with_credential"]:
        text += " No credential for data with this beginning of the URL was given."
    return text
