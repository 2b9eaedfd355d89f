# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the drivers of this provider need of OCI Object Storage.

Private to llmops.finetune; may change at any time.

An object is spelt ``oci://bucket@namespace/object``, as the other tools of OCI do; without ``@namespace`` that of the
tenancy is meant.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..._engine.content import Content, refuse_placeholder
from ..._engine.errors import ApiError, InvalidInput, NotFound
from ..toolkit.answers import date_of
from ..toolkit.naming import METADATA, sha256_in_name
from .client import OBJECT_STORAGE, Api

DATASET_TYPE = "OBJECT_STORAGE"
_URI = re.compile(r"oci://(?P<bucket>[^/@]*)(?:@(?P<namespace>[^/@]*))?/(?P<object>.+)", re.DOTALL)
_NAMESPACE = re.compile(r"[^/@\s]+")
_BUCKET = re.compile(r"[A-Za-z0-9_.-]{1,256}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ARCHIVED = ("Archived", "Restoring")
_MAX_NAME = 1024  # bytes


def uri(namespace: str, bucket: str, name: str) -> str:
    """How an object is spelt in messages and results."""
    return f"oci://{bucket}@{namespace}/{name}" if namespace else f"oci://{bucket}/{name}"


def split_uri(spelt: str) -> tuple[str, str, str]:
    """(namespace, bucket, object) of what :func:`uri` made; the namespace may be empty. Raises ValueError else."""
    match = _URI.fullmatch(spelt)
    if not match:
        raise ValueError(f"'{spelt}' is not the URI of an object.")
    return match["namespace"] or "", match["bucket"], match["object"]


def check_location(option: str, location: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a ``namespace``, ``bucket`` or ``object`` that cannot be. ``option``: what holds them,
    ending with a dot, or empty."""
    namespace, bucket, name = (location.get(key) for key in ("namespace", "bucket", "object"))
    for key in ("namespace", "bucket", "object"):
        refuse_placeholder(f"{option}{key}", location.get(key))
    if namespace is not None and not _NAMESPACE.fullmatch(namespace):
        raise InvalidInput(
            f"{option}namespace is '{namespace}', which is not a valid namespace.",
            hint="It is a name without slashes and spaces; left out, that of the tenancy is used.",
        )
    if bucket is not None and not _BUCKET.fullmatch(bucket):
        raise InvalidInput(
            f"{option}bucket is '{bucket}', which is not a valid bucket name.",
            hint="It has letters, digits, '_', '.' and '-'; give the name alone.",
        )
    if name is None:
        return
    if not 1 <= len(name.encode(errors="replace")) <= _MAX_NAME or any(char in name for char in "\0\r\n"):
        raise InvalidInput(
            f"{option}object is '{name[:80]}', which is not a valid object name.",
            hint=f"It has 1 to {_MAX_NAME} bytes, without line breaks.",
        )
    # On the way such a part would be taken for a step within the path, and another object be meant.
    if {".", ".."} & set(name.split("/")):
        raise InvalidInput(f"{option}object is '{name}'.", hint="'.' and '..' cannot stand between its slashes.")


def parse_data(option: str, location: Mapping[str, Any], *, check_mode: bool = False) -> Content:
    """The data that ``bucket``, ``object`` and perhaps ``namespace`` stand for: its content is known where the object's
    name carries the hash.

    ``option`` is the name of the option that holds them. In check mode such an object may be one that an earlier task
    only foresees. Raises InvalidInput.
    """
    check_location(f"{option}.", location)
    name = str(location["object"])
    if name.endswith("/"):
        raise InvalidInput(f"{option}.object is '{name}', a folder.", hint="Give the name of one file.")
    digest = sha256_in_name(name) or ""
    return Content(
        id=uri(str(location.get("namespace") or ""), str(location["bucket"]), name),
        sha256=digest,
        placeholder=check_mode and bool(digest),
    )


def read_data(dataset: Mapping[str, Any], mark: str | None) -> Content:
    """The same of a dataset as the API shows it, in snake_case; whatever it shows is taken. ``mark``: the ownership
    tag, which keeps what was in it."""
    name = str(dataset.get("object_name") or "")
    spelt = uri(str(dataset.get("namespace_name") or ""), str(dataset.get("bucket_name") or ""), name)
    return Content(id=spelt, sha256=sha256_in_name(name) or "").marked(mark)


def in_namespace_of(wanted: Content, observed: Content) -> Content:
    """The desired data in the namespace of the shown one, where none was given: a tenancy has one."""
    namespace, bucket, name = split_uri(wanted.id)
    there = _URI.fullmatch(observed.id)
    if namespace or not there or not there["namespace"]:
        return wanted
    return replace(wanted, id=uri(there["namespace"], bucket, name))


def dataset_of(content: Content) -> dict[str, Any]:
    """A dataset as the API takes it, in snake_case; of data that :func:`resolve` has seen, so that the namespace is
    there."""
    namespace, bucket, name = split_uri(content.id)
    return {
        "dataset_type": DATASET_TYPE,
        "namespace_name": namespace,
        "bucket_name": bucket,
        "object_name": name,
    }


def head(api: Api, namespace: str, bucket: str, name: str) -> Mapping[str, str] | None:
    """The headers of an object, their names in lower case. None: no such object, or these credentials do not see it
    (or its bucket); an answer to HEAD has no words that would say which."""
    try:
        response = api.call(
            f"Looking up {uri(namespace, bucket, name)}",
            "head_object",
            namespace,
            bucket,
            name,
            service=OBJECT_STORAGE,
            headers=("etag", "content-length"),
        )
    except NotFound:
        return None
    return {key.lower(): value for key, value in response.headers.items()}


def sha256_of(headers: Mapping[str, str]) -> str:
    """The sha256 that oci_generative_ai_dataset keeps with an object, or the service's own of the whole; or empty."""
    digest = headers.get(f"opc-meta-{METADATA}", "")
    return digest if _SHA256.fullmatch(digest) else _hexadecimal(headers.get("opc-content-sha256"))


def version_of(headers: Mapping[str, str]) -> str:
    """Words for the bytes of an object, or empty where the service shows none.

    The etag is none of them: it is new with every upload of the same bytes. A checksum of the parts' checksums holds
    for one way of cutting, of which their number is all that is shown.
    """
    words = {
        "md5": _hexadecimal(headers.get("content-md5")),
        "crc32c": _hexadecimal(headers.get("opc-content-crc32c")),
        "sha384": _hexadecimal(headers.get("opc-content-sha384")),
    }
    for kind in ("md5", "sha256", "sha384"):
        digest, _dash, parts = headers.get(f"opc-multipart-{kind}", "").partition("-")
        if parts:
            words[f"{kind}-of-{parts}"] = _hexadecimal(digest)
    return " ".join(f"{kind}:{digest}" for kind, digest in words.items() if digest)


def resolve_former(api: Api, content: Content, when: float) -> Content:
    """The same data, that a model was trained on at a time, with what the service says of the object's content, if
    nobody has written to it since; else, and where it is not to be seen, as it is."""
    found = _URI.fullmatch(content.id)
    if not found or not found["namespace"]:
        return content
    try:
        headers = head(api, found["namespace"], found["bucket"], found["object"]) or {}
    except ApiError:
        return content
    written = date_of(headers.get("last-modified"))
    if written is None or written > when:
        return content
    return replace(content, sha256=sha256_of(headers), version=version_of(headers))


def _hexadecimal(encoded: str | None) -> str:
    try:
        return base64.b64decode(encoded or "", validate=True).hex()
    except (binascii.Error, ValueError):
        return ""


def resolve(api: Api, option: str, content: Content, *, must_exist: bool) -> Content:
    """The same data in its namespace, with what the service says of its content. With ``must_exist`` an object that
    is not seen, or that nobody can read, raises ApiError, unless check mode foresees it."""
    namespace, bucket, name = split_uri(content.id)
    namespace = namespace or api.namespace
    content = replace(content, id=uri(namespace, bucket, name))
    headers = head(api, namespace, bucket, name)
    if must_exist and headers is not None and not sha256_of(headers):
        # What is trained, and once only, rests on it: what one look does not show another may.
        headers = {**(head(api, namespace, bucket, name) or {}), **headers}
    if headers is None:
        if must_exist and not content.placeholder:
            raise ApiError(
                f"{option}: {content.id} is not there, or this user's policies do not show it.",
                hint="Upload the data with oci_generative_ai_dataset, and give the namespace, bucket and object that "
                "it returns.",
            )
        return content
    if must_exist and headers.get("archival-state") in _ARCHIVED:
        raise ApiError(
            f"{option}: {content.id} is archived, so that it cannot be read.",
            hint="Restore it, or upload the data again to a bucket of the standard tier.",
        )
    return replace(content, sha256=sha256_of(headers) or content.sha256, version=version_of(headers))
