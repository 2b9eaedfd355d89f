# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects in OCI Object Storage: URIs, references to training data, and checksums.

Private to llmops.finetune; may change at any time.

The URI of an object is ``oci://bucket@namespace/object``, as in OCI's other tools. Without ``@namespace``, the
namespace is that of the tenancy.
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
    """The URI of an object, for messages and results. ``namespace`` may be empty."""
    return f"oci://{bucket}@{namespace}/{name}" if namespace else f"oci://{bucket}/{name}"


def split_uri(spelt: str) -> tuple[str, str, str]:
    """(namespace, bucket, object) of a URI from :func:`uri`. The namespace may be empty.

    Raises ValueError for any other text.
    """
    match = _URI.fullmatch(spelt)
    if not match:
        raise ValueError(f"'{spelt}' is not the URI of an object.")
    return match["namespace"] or "", match["bucket"], match["object"]


def check_location(option: str, location: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a ``namespace``, ``bucket`` or ``object`` that is not possible.

    ``option``: the name of the option that holds them, with a dot at its end, or empty.
    """
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
    # HTTP clients and servers resolve such a part as a step in the path, so the URL would name another object.
    if {".", ".."} & set(name.split("/")):
        raise InvalidInput(f"{option}object is '{name}'.", hint="'.' and '..' cannot stand between its slashes.")


def parse_data(option: str, location: Mapping[str, Any], *, check_mode: bool = False) -> Content:
    """The reference to the data in ``bucket``, ``object`` and perhaps ``namespace``.

    Its sha256 is known if the object's name contains the hash. In check mode, such an object may be a placeholder: an
    earlier task only predicts it. ``option`` is the name of the option that holds them. Raises InvalidInput for values
    that are not possible.
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
    """The reference to the data of a dataset from an answer, in snake_case. The values are not checked.

    ``mark``: the ownership tag with the checksums of the data, or None.
    """
    name = str(dataset.get("object_name") or "")
    spelt = uri(str(dataset.get("namespace_name") or ""), str(dataset.get("bucket_name") or ""), name)
    return Content(id=spelt, sha256=sha256_in_name(name) or "").marked(mark)


def in_namespace_of(wanted: Content, observed: Content) -> Content:
    """The desired data. If their namespace is not set, that of the observed data is used: a tenancy has only one."""
    namespace, bucket, name = split_uri(wanted.id)
    there = _URI.fullmatch(observed.id)
    if namespace or not there or not there["namespace"]:
        return wanted
    return replace(wanted, id=uri(there["namespace"], bucket, name))


def dataset_of(content: Content) -> dict[str, Any]:
    """A dataset for a request, in snake_case. :func:`resolve` must have set the namespace of ``content`` before."""
    namespace, bucket, name = split_uri(content.id)
    return {
        "dataset_type": DATASET_TYPE,
        "namespace_name": namespace,
        "bucket_name": bucket,
        "object_name": name,
    }


def head(api: Api, namespace: str, bucket: str, name: str) -> Mapping[str, str] | None:
    """The headers of an object, with names in lower case.

    None if the object does not exist, or if OCI does not show it or its bucket to this user. An answer to HEAD has no
    body, so it does not say which.
    """
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
    """The sha256 of an object: from the metadata that oci_generative_ai_dataset writes, else from the service.

    Empty if neither shows it.
    """
    digest = headers.get(f"opc-meta-{METADATA}", "")
    return digest if _SHA256.fullmatch(digest) else _hexadecimal(headers.get("opc-content-sha256"))


def version_of(headers: Mapping[str, str]) -> str:
    """The service's checksums of an object as words ``kind:value``. Empty if the service shows none.

    The etag is not used, because it changes with every upload of the same bytes. A checksum of the parts' checksums
    depends on how the object was cut into parts. OCI shows only the number of parts, so the word contains this number.
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
    """The data that a model was trained on, with the checksums that the object shows now.

    ``when``: the unix time of the training. If somebody wrote to the object later, or if OCI does not show it, the
    data are returned unchanged.
    """
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
    """The same data with their namespace and the checksums that the service shows.

    ``must_exist``: raise ApiError if OCI does not show the object, or if it is archived. A placeholder need not exist.
    """
    namespace, bucket, name = split_uri(content.id)
    namespace = namespace or api.namespace
    content = replace(content, id=uri(namespace, bucket, name))
    headers = head(api, namespace, bucket, name)
    if must_exist and headers is not None and not sha256_of(headers):
        # A second look, because it may show a checksum that the first one lacks. The idempotency token depends on it.
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
