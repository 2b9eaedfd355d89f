# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource oci_generative_ai_dataset: a validated object in Object Storage. The hash in its name identifies it.

Private to llmops.finetune; may change at any time.

The SDK's own upload manager sends no checksums, so it is not used. Here each object and each part is sent with a
checksum, and the service verifies it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..._dataset.formats import Formats
from ..._dataset.limits import MIB
from ..._dataset.read import DATA_SPEC, LocalData, read
from ..._engine.coerce import timestamp
from ..._engine.errors import ApiError, Conflict, NotFound, TransientError
from ..._engine.module import options_of
from ..._engine.types import Change, Driver, Field, Options, Phase, Run
from ..toolkit.answers import pages
from ..toolkit.naming import METADATA
from ..toolkit.sent_dataset import ended
from ..toolkit.stored_dataset import CONTENT_TYPE, UNFINISHED_AGE, StoredDataset, dataset_name, object_name
from . import objects
from .client import AUTH_SPEC, OBJECT_STORAGE, Api, make_api
from .formats import FORMATS
from .limits import limits_for
from .reading import OBJECTS, UPLOAD, UPLOADS

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_OPTIONS = {
    **DATA_SPEC,
    "namespace": {"type": "str"},
    "bucket": {"type": "str", "required": True},
    "prefix": {"type": "str"},
    "object": {"type": "str"},
    "format": {"type": "str", "choices": list(FORMATS)},
    "base_model_identifier": {"type": "str"},
}
SPEC: dict[str, Any] = {
    "argument_spec": {**AUTH_SPEC, **_OPTIONS},
    "mutually_exclusive": [("src", "content"), ("object", "prefix")],
    "required_one_of": [("src", "content", "name", "object")],
}

_PART = 16 * MIB  # at least 10 MiB, except the last part; Object Storage documentation, multipart uploads
_MAX_PARTS = 10_000
_PARALLEL = 4  # parts that are sent at once, and are in memory
_PART_TRIES = 5
_PIECE = 128 * 1024
_CHECKSUM = "SHA256"
_CONCURRENT = "ConcurrentObjectUpdate"
_LISTED = "name,size,etag,timeModified"


def build_driver(module: AnsibleModule, formats: Formats = FORMATS) -> tuple[Driver, Options]:
    """Check every option and read the data, then make the driver. No call is made.

    ``formats``: all known formats, so that messages can name a format that this provider does not accept.
    """
    params = module.params
    name = dataset_name(params, "object")
    options = options_of(module, name=name, run_id=None, id_option="bucket")
    objects.check_location("", params)
    api = make_api(module, OBJECT_STORAGE)
    local = read(params, formats, limits_for(params["base_model_identifier"]), module.warn)
    stored = object_name(params, "object", name, local)
    objects.check_location("", {"object": stored})
    return Dataset(api, name, params, local, stored), options


class Dataset(StoredDataset):
    """One dataset's objects in one bucket. See :class:`_engine.types.Driver` for each verb."""

    option = "object"
    # The content can differ only if the user names the object. Otherwise the name contains the hash of the content.
    fields: Sequence[Field] = (Field("content", "in_place"),)

    def __init__(
        self, api: Api, name: str, params: Mapping[str, Any], local: LocalData | None, stored: str | None
    ) -> None:
        super().__init__(params, name, local, stored, {})
        self.api = api
        self._namespace = params["namespace"]

    @property
    def namespace(self) -> str:
        """The namespace of the option, or the namespace of the tenancy."""
        return str(self._namespace or self.api.namespace)

    def request(self) -> dict[str, Any]:
        """The object's URI and the desired values."""
        return {"object": self.uri(self.stored), **self.resolved}

    def uri(self, stored: str) -> str:
        """The URI of an object, in the spelling of OCI's other tools."""
        return objects.uri(self.namespace, self.bucket, stored)

    # -- looking --

    def observe(self, run_id: str | None) -> list[Run]:
        """The object of that name, by one HEAD. Without data and without a name, every version of the dataset.

        If HEAD does not find the object, it counts as missing only if a listing does not show it either.
        """
        if not self.stored:
            prefix = f"{self.prefix}{self.name}-"
            return [self._run(item["name"], item) for item in self._list(prefix) if self.is_version(item["name"])]
        return self._look(self.stored)

    def _look(self, name: str) -> list[Run]:
        found = objects.head(self.api, self.namespace, self.bucket, name)
        if found is None:
            # The listing is sorted, so of all names with this prefix, this name is the first.
            return [self._run(name, item) for item in self._list(name, limit=1) if item["name"] == name]
        length = found.get("content-length", "")
        item = {
            "size": int(length) if length.isdecimal() else None,
            "etag": found.get("etag"),
            "sha256": objects.sha256_of(found),
            "versionId": found.get("version-id"),
        }
        return [self._run(name, item)]

    def _list(self, prefix: str, limit: int | None = None) -> Iterator[Mapping[str, Any]]:
        """The objects whose names begin with ``prefix``. ``limit``: the maximum number; then one page is read."""
        more = {"limit": limit} if limit else {}

        def fetch(start: Any) -> tuple[list[Mapping[str, Any]], Any]:
            try:
                listed = self._call(
                    f"Listing {self.uri(prefix)}",
                    "list_objects",
                    reads=OBJECTS,
                    prefix=prefix,
                    fields=_LISTED,
                    **more,
                    **({"start": start} if start else {}),
                ).data
            except NotFound as error:
                raise ApiError(
                    f"There is no bucket {self.bucket} in the namespace {self.namespace}, or this user's policies do "
                    f"not show it. {error.message}",
                    hint="Check bucket, namespace and region, and that the policies allow to inspect and create "
                    "objects there.",
                    status=error.status,
                    code=error.code,
                ) from error
            return listed["objects"], None if limit else listed.get("nextStartWith")

        with self.api.translated(f"Listing {self.uri(prefix)}"):
            yield from pages(fetch)

    def _call(self, doing: str, operation: str, *arguments: Any, **members: Any) -> Any:
        return self.api.call(
            doing, operation, self.namespace, self.bucket, *arguments, service=OBJECT_STORAGE, **members
        )

    def _run(self, name: str, found: Mapping[str, Any]) -> Run:
        digest = str(found.get("sha256") or "")
        raw = {"etag": found.get("etag"), "version_id": found.get("versionId")}
        return self.run_of(name, digest, found.get("size"), raw, created=timestamp(found.get("timeModified")))

    def refresh(self, run: Run) -> Run:
        """Read the object with one HEAD, and with a listing if HEAD does not find it."""
        found = self._look(run.raw["object"])
        return found[0] if found else replace(run, phase=Phase.DELETED)

    # -- changing --

    def create(self, token: str) -> Run:
        """Send the object. OCI refuses it if an object of this name exists."""
        self.abort_unfinished(self.stored, older_than=UNFINISHED_AGE)
        return self._send({"if_none_match": "*"})

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        """Send other content under the same name. OCI refuses it if somebody changed the object since it was read."""
        etag = run.raw.get("etag")
        try:
            return self._send({"if_match": etag} if etag else {})
        except TransientError:
            # If the object has arrived, its etag is new, and OCI would refuse a second request.
            if self._has_arrived():
                return self.build_sent_run()
            raise

    def _send(self, condition: Mapping[str, Any]) -> Run:
        local = self.require_data()
        try:
            if local.report.bytes <= _PART:
                self._put(local, condition)
            else:
                self._put_parts(local, condition)
        except ApiError as error:
            # The file changed during the upload, so the service did not receive the validated data.
            if local.changed:
                raise local.changed_error() from error
            if error.status == 412 or error.code == _CONCURRENT:
                raise Conflict(error.message, hint=error.hint, status=error.status, code=error.code) from error
            raise
        return self.build_sent_run()

    def _has_arrived(self) -> bool:
        """Whether the object now has our data."""
        found = objects.head(self.api, self.namespace, self.bucket, self.stored)
        return found is not None and objects.sha256_of(found) == self.require_data().report.sha256

    def _put(self, local: LocalData, condition: Mapping[str, Any]) -> None:
        """Send the data in one request, with the sha256 of the validated data."""
        with local.open() as stream:
            data = stream.read(_PART + 1)
        if len(data) != local.report.bytes:
            raise local.changed_error()
        self._call(
            f"Uploading {self.uri(self.stored)}",
            "put_object",
            self.stored,
            _Body(data) if data else data,
            headers=("etag",),
            tries=1,
            content_length=len(data),
            content_type=CONTENT_TYPE,
            opc_meta={METADATA: local.report.sha256},
            opc_checksum_algorithm=_CHECKSUM,
            opc_content_sha256=_encoded(bytes.fromhex(local.report.sha256)),
            **condition,
        )

    def _put_parts(self, local: LocalData, condition: Mapping[str, Any]) -> None:
        """Send the data in parts, several at once. If the upload fails, it is aborted: its parts would cost money."""
        uri = self.uri(self.stored)
        started = self._call(
            f"Starting the upload of {uri}",
            "create_multipart_upload",
            {
                "object": self.stored,
                "contentType": CONTENT_TYPE,
                "metadata": {f"opc-meta-{METADATA}": local.report.sha256},
            },
            reads=UPLOAD,
            tries=1,
            opc_checksum_algorithm=_CHECKSUM,
            **condition,
        )
        upload = str(started.data["uploadId"])
        left = f"The unfinished upload {upload} could not be aborted"
        with ended(lambda: self.abort(self.stored, upload), left, "delete it"):
            parts = self._upload_parts(local, upload)
            if local.changed:
                raise local.changed_error()
            try:
                self._call(
                    f"Completing the upload of {uri}",
                    "commit_multipart_upload",
                    self.stored,
                    upload,
                    {"partsToCommit": parts},
                    headers=("etag",),
                    **condition,
                )
            except (ApiError, TransientError):
                # The answer to the first request may be lost, and this may be the answer to a second one. Or another
                # task has sent the same data.
                if not self._has_arrived():
                    raise
                self.abort(self.stored, upload)

    def _upload_parts(self, local: LocalData, upload: str) -> list[dict[str, Any]]:
        """Send all parts. Returns the number and the etag of each part, for the commit."""
        uri = self.uri(self.stored)
        self.api.client(OBJECT_STORAGE, tries=_PART_TRIES)  # made once, before the threads start
        size = max(_PART, -(-local.report.bytes // (_MAX_PARTS * MIB)) * MIB)

        def send(number: int) -> dict[str, Any]:
            with local.open() as stream:
                stream.seek((number - 1) * size)
                data = stream.read(size)
            if len(data) != min(size, local.report.bytes - (number - 1) * size):
                raise local.changed_error()
            response = self._call(
                f"Uploading part {number} of {uri}",
                "upload_part",
                self.stored,
                upload,
                number,
                _Body(data),
                headers=("etag",),
                tries=_PART_TRIES,
                content_length=len(data),
                opc_checksum_algorithm=_CHECKSUM,
                opc_content_sha256=_encoded(hashlib.sha256(data).digest()),
            )
            return {"partNum": number, "etag": response.headers["etag"]}

        with ThreadPoolExecutor(_PARALLEL) as pool:
            sending = [
                pool.submit(copy_context().run, send, number) for number in range(1, -(-local.report.bytes // size) + 1)
            ]
            try:
                wait(sending, return_when=FIRST_EXCEPTION)
            finally:
                pool.shutdown(cancel_futures=True)
            failed = next((error for part in sending if not part.cancelled() and (error := part.exception())), None)
            if failed:
                raise failed
            return [part.result() for part in sending]

    def unfinished(self, stored: str) -> Iterator[tuple[str, str, Any]]:
        """All unfinished uploads of the bucket, because the service has no filter."""
        doing = f"Listing the unfinished uploads of {self.uri(stored)}"

        def fetch(mark: Any) -> tuple[list[Any], Any]:
            found = self._call(doing, "list_multipart_uploads", reads=UPLOADS, **({"page": mark} if mark else {}))
            return found.data, found.headers.get("opc-next-page")

        with self.api.translated(doing):
            for upload in pages(fetch):
                yield upload.get("object"), upload["uploadId"], upload.get("timeCreated")

    def abort(self, stored: str, upload: str) -> None:
        """Abort an upload with one call. An upload that OCI does not find has already ended."""
        with contextlib.suppress(NotFound):
            self._call(f"Aborting the upload {upload}", "abort_multipart_upload", stored, upload)

    def delete(self, run: Run) -> Run:
        """DELETE. It is no error if another task deleted the object meanwhile. Warns if the bucket keeps versions.

        Raises ApiError if OCI does not find the object but shows it: the policies do not allow to delete it.
        """
        name = run.raw["object"]
        self.abort_unfinished(name, older_than=0)
        headers: Mapping[str, str] = {}
        try:
            headers = self._call(f"Deleting {run.id}", "delete_object", name).headers
        except NotFound as error:
            if self._look(name):
                raise ApiError(
                    error.message,
                    hint="It is there: the policies of this user do not allow to delete it.",
                    status=error.status,
                    code=error.code,
                ) from error
        return self.deleted(run, versions_stay=headers.get("is-delete-marker") == "true")

    # -- results --

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The result keys of the base class, and the namespace."""
        return {**super().describe(run, details=details), "namespace": self.namespace}


class _Body(io.BytesIO):
    """Data to send. ``read`` returns at least 128 KiB at once.

    The SDK's connection time-out also holds for each piece. A piece of this size is small enough for a slow line, and
    larger than the 16 KiB that the SDK's HTTP client asks for.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size if size is None or size < 0 else max(size, _PIECE))


def _encoded(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
