# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource bedrock_dataset: a validated object in S3. The hash in its key identifies its content.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..._dataset.formats import Formats
from ..._dataset.limits import MIB
from ..._dataset.read import DATA_SPEC, LocalData, read
from ..._engine.coerce import mapping, timestamp
from ..._engine.compare import has_tags, same_tags
from ..._engine.deadline import within
from ..._engine.errors import ApiError, Conflict, InvalidInput, NotFound
from ..._engine.module import options_of
from ..._engine.types import Change, Driver, Field, Options, Phase, Run
from ..toolkit.bounds import TagBound, read_tags
from ..toolkit.client import load
from ..toolkit.naming import METADATA
from ..toolkit.stored_dataset import CONTENT_TYPE, UNFINISHED_AGE, StoredDataset, dataset_name, object_name
from . import jobs, objects
from .base_models import CUSTOMIZATION_TYPES
from .client import AUTH_SPEC, Api, make_api
from .formats import FORMATS
from .limits import limits_for

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_OPTIONS = {
    **DATA_SPEC,
    "bucket": {"type": "str", "required": True},
    "prefix": {"type": "str"},
    "key": {"type": "str", "no_log": False},
    "format": {"type": "str", "choices": list(FORMATS)},
    "base_model_identifier": {"type": "str"},
    "customization_type": {"type": "str", "choices": list(CUSTOMIZATION_TYPES)},
    "split": {"type": "str", "choices": ["training", "validation"], "default": "training"},
    "kms_key_id": {"type": "str"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
}
SPEC: dict[str, Any] = {
    "argument_spec": {**AUTH_SPEC, **_OPTIONS},
    "mutually_exclusive": [("src", "content"), ("key", "prefix")],
    "required_one_of": [("src", "content", "name", "key")],
}

_BUCKET = re.compile(r"[a-z0-9][-.a-z0-9]{1,61}[a-z0-9]")
# The keys that Bedrock accepts in the URI of training data.
_KEY = re.compile(r"[-!_*'().a-z0-9A-Z]+(?:/[-!_*'().a-z0-9A-Z]+)*")
_TAG = re.compile(r"[\w\s.:/=+\-@]*")
_TAGS = TagBound("S3", 10, "an object", key=128, value=256)  # S3 user guide
_PART = 32 * MIB
_PARALLEL = 8
_CONDITIONAL = ("PutObject", "CompleteMultipartUpload")


def build_driver(module: AnsibleModule, formats: Formats = FORMATS) -> tuple[Driver, Options]:
    """Check every option and read the data, then make the driver. Makes no call.

    ``formats``: all formats with a name. An error can then name a format that this provider does not accept.
    """
    params = module.params
    name = dataset_name(params, "key")
    options = options_of(module, name=name, run_id=None, id_option="bucket")
    _check(params)
    api = make_api(module, "s3")
    limits = limits_for(params["base_model_identifier"], params["customization_type"], params["split"])
    local = read(params, formats, limits, module.warn)
    key = object_name(params, "key", name, local)
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidInput(
            f"The object's key would be '{key}', which Bedrock does not take.",
            hint="It has letters, digits and -!_*'(). between single slashes.",
        )
    if key is not None and limits.media_path and not re.fullmatch(limits.media_path, key, re.ASCII):
        raise InvalidInput(
            f"The object's key would be '{key}', which this base model does not take.",
            hint="Amazon Nova takes letters, digits, underscores, dashes, slashes and dots in the name of a file.",
        )
    elsewhere = set(local.report.media_buckets) - {params["bucket"]} if local and limits.one_bucket else set()
    if elsewhere:
        raise InvalidInput(
            f"The images and videos of the data are in {', '.join(sorted(elsewhere))}, not in {params['bucket']}.",
            hint="This base model reads them only from the bucket of the data itself: copy them, or give that bucket.",
        )
    return Dataset(api, name, params, local, key), options


def _check(params: Mapping[str, Any]) -> None:
    if not _BUCKET.fullmatch(params["bucket"]):
        raise InvalidInput(
            f"bucket is '{params['bucket']}', which is not a valid bucket name.", hint="Give it without s3://."
        )
    for spelt in chain.from_iterable((read_tags("tags", params["tags"], _TAGS) or {}).items()):
        if not _TAG.fullmatch(spelt):
            raise InvalidInput(
                f"tags: '{spelt}' has a character that S3 does not take.",
                hint="It takes letters, digits, spaces and _.:/=+-@.",
            )


class Dataset(StoredDataset):
    """The objects of one dataset in one bucket. See :class:`_engine.types.Driver` for each verb."""

    option = "key"

    def __init__(
        self, api: Api, name: str, params: Mapping[str, Any], local: LocalData | None, key: str | None
    ) -> None:
        desired: dict[str, Any] = {}
        if params["kms_key_id"]:
            desired["kms_key_id"] = params["kms_key_id"]
        if params["tags"] is not None:
            desired["tags"] = read_tags("tags", params["tags"], _TAGS)
        super().__init__(params, name, local, key, desired)
        self.api = api
        self.purge_tags = bool(params["purge_tags"])
        self._unseen = False  # whether these credentials may not look at the object
        self._met = False  # whether S3 answered that an object exists that the credentials may not look at

    @property
    def fields(self) -> Sequence[Field]:
        """The compared options.

        With the user's own ``key`` the content can differ; otherwise the key contains its hash.
        """
        return (
            Field("content", "in_place"),
            Field("tags", "in_place", same_tags if self.purge_tags else has_tags),
            Field("kms_key_id", "creation", jobs.same_key),
        )

    def request(self) -> dict[str, Any]:
        """The object's URI and the desired values."""
        return {"s3_uri": self.uri(self.stored), **self.resolved}

    def uri(self, stored: str) -> str:
        """The S3 URI of a key."""
        return f"s3://{self.bucket}/{stored}"

    # -- looking --

    def observe(self, run_id: str | None) -> list[Run]:
        """The object with the key, by one HEAD. Without data and key, every version of the dataset, by its name."""
        if not self.stored:
            return [self._run(key, {}) for key in self._keys_of_name()]
        self._unseen = False
        try:
            found = objects.head(self.api, self.bucket, self.stored)
        except ApiError as error:
            if error.status != 403:
                raise
            self._unseen = True
            there = self._met or self._is_listed(self.stored)
            return [self._run(self.stored, {})] if there else []
        return [self._run(self.stored, found)] if found is not None else []

    def _run(self, key: str, found: Mapping[str, Any]) -> Run:
        fields: dict[str, Any] = {}
        digest = objects.sha256_of(found)
        if found.get("SSEKMSKeyId"):
            fields["kms_key_id"] = found["SSEKMSKeyId"]
        if "tags" in self.resolved:
            fields["tags"] = self._tags(key)
        raw = {
            "etag": str(found.get("ETag") or "").strip('"') or None,
            "version_id": found.get("VersionId"),
            "kms_key_id": found.get("SSEKMSKeyId"),
            "tags": fields.get("tags"),
        }
        created = timestamp(found.get("LastModified"))
        return self.run_of(key, digest, found.get("ContentLength"), raw, created=created, observed=fields)

    def _tags(self, key: str) -> dict[str, str]:
        found = self._call(f"Reading the tags of {self.uri(key)}", "get_object_tagging", Key=key)
        return {tag["Key"]: tag["Value"] for tag in found["TagSet"]}

    def _call(self, doing: str, operation: str, **members: Any) -> dict[str, Any]:
        return self.api.call(doing, operation, service="s3", Bucket=self.bucket, **members)

    def _list(self, prefix: str) -> Iterator[str]:
        marks = ("NextContinuationToken", "ContinuationToken")
        for item in self.api.pages(
            f"Listing {self.uri(prefix)}",
            "list_objects_v2",
            "Contents",
            marks,
            service="s3",
            Bucket=self.bucket,
            Prefix=prefix,
        ):
            yield item["Key"]

    def _is_listed(self, key: str) -> bool:
        """Whether the listing shows a key that these credentials may not read. False if they may not list either."""
        try:
            return any(found == key for found in self._list(key))
        except ApiError:
            return False

    def _keys_of_name(self) -> list[str]:
        found = self._list(f"{self.prefix}{self.name}-")
        return [key for key in found if self.is_version(key)]

    def refresh(self, run: Run) -> Run:
        """Read the object again with one HEAD."""
        found = objects.head(self.api, self.bucket, run.raw["key"])
        return replace(run, phase=Phase.DELETED) if found is None else self._run(run.raw["key"], found)

    # -- changing --

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Check that the bucket exists. Warn if it is in another region than the task."""
        region = objects.bucket_region(self.api, self.bucket)
        if region and region != self.api.region:
            self.warnings.append(
                f"The bucket {self.bucket} is in {region}, not in {self.api.region}: jobs of {self.api.region} cannot "
                "read it."
            )
        return ()

    def create(self, token: str) -> Run:
        """Upload the object.

        If these credentials may not look at it, the upload has the condition that no object exists.
        """
        self.abort_unfinished(self.stored, older_than=UNFINISHED_AGE)
        tags = self.resolved.get("tags")
        self._upload(tags, only_if_new=self._unseen)
        return self._finish_upload(tags)

    def _finish_upload(self, tags: Mapping[str, str] | None) -> Run:
        local, key = self.require_data(), self.stored
        if local.changed:
            self._call(f"Deleting {self.uri(key)}", "delete_object", Key=key)
            raise local.changed_error()
        return self.build_sent_run(kms_key_id=self.resolved.get("kms_key_id"), tags=tags)

    def _upload(self, tags: Mapping[str, str] | None, *, only_if_new: bool) -> None:
        """Upload the data with s3transfer.

        Large files are sent in parallel parts. S3 verifies the checksum of each part. s3transfer aborts an upload that
        it cannot finish. An object of one part is sent with the sha256 of the validated data.
        """
        local, key = self.require_data(), self.stored
        extra: dict[str, Any] = {"Metadata": {METADATA: local.report.sha256}, "ContentType": CONTENT_TYPE}
        if local.report.bytes < _PART:
            extra["ChecksumSHA256"] = base64.b64encode(bytes.fromhex(local.report.sha256)).decode()
        if "kms_key_id" in self.resolved:
            extra.update(ServerSideEncryption="aws:kms", SSEKMSKeyId=self.resolved["kms_key_id"])
        if tags:
            extra["Tagging"] = urlencode(tags)
        transfer = load("boto3.s3.transfer", "to reach AWS")
        config = transfer.TransferConfig(
            multipart_threshold=_PART, multipart_chunksize=_PART, max_concurrency=_PARALLEL
        )
        try:
            doing = f"Uploading {self.uri(key)}"
            with self.api.translated(doing), self._conditionally(only_if_new), local.open() as stream:
                # s3transfer reads a file part by part, but it would hold a stream in memory.
                source = str(local.source.path) if local.source.path else stream

                def send() -> None:
                    with transfer.create_transfer_manager(self.api.s3, config) as manager:
                        manager.upload(source, self.bucket, key, extra).result()

                within(doing, send)
        except ApiError as error:
            if only_if_new and error.status in (409, 412):
                self._met = True
                raise Conflict(error.message, status=error.status, code=error.code) from error
            raise

    @contextmanager
    def _conditionally(self, condition: bool) -> Iterator[None]:
        """Add ``If-None-Match: *`` to the calls that create the object. s3transfer has no argument for it."""
        events = self.api.s3.meta.events
        names = [f"provide-client-params.s3.{operation}" for operation in _CONDITIONAL] if condition else []
        for name in names:
            events.register(name, _add_condition)
        try:
            yield
        finally:
            for name in names:
                events.unregister(name, _add_condition)

    def unfinished(self, stored: str) -> Iterator[tuple[str, str, Any]]:
        """The unfinished uploads, by one listing: (key, upload id, start)."""
        doing = f"Listing the unfinished uploads of {self.uri(stored)}"
        for upload in self._call(doing, "list_multipart_uploads", Prefix=stored).get("Uploads") or ():
            yield upload["Key"], upload["UploadId"], upload.get("Initiated")

    def abort(self, stored: str, upload: str) -> None:
        """Abort an upload with one call. An upload that no longer exists has ended."""
        doing = f"Aborting an unfinished upload of {self.uri(stored)}"
        with suppress(NotFound):
            self._call(doing, "abort_multipart_upload", Key=stored, UploadId=upload)

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        """Upload other content under the same key, or set the tags."""
        tags = self.resolved.get("tags")
        if tags is not None and not self.purge_tags:
            tags = {**run.observed.get("tags", {}), **tags}
        if "content" in {change.field for change in changes}:
            # The upload replaces the object and its tags.
            tags = self._tags(run.raw["key"]) if tags is None else tags
            self._upload(tags, only_if_new=False)
            return self._finish_upload(tags)
        self._call(
            f"Changing the tags of {run.id}",
            "put_object_tagging",
            Key=run.raw["key"],
            Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in (tags or {}).items()]},
        )
        return replace(run, observed={**run.observed, "tags": tags}, raw={**run.raw, "tags": tags})

    def delete(self, run: Run) -> Run:
        """Delete the object. One that another task has deleted meanwhile counts as deleted.

        A warning names versions that stay in the bucket.
        """
        key = run.raw["key"]
        self.abort_unfinished(key, older_than=0)
        try:
            done = self._call(f"Deleting {run.id}", "delete_object", Key=key)
        except NotFound:
            done = {}
        return self.deleted(run, versions_stay=bool(mapping(done).get("DeleteMarker")))

    # -- reporting --

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The result keys of the object and of the data."""
        described = super().describe(run, details=details)
        key = described["key"]
        return {**described, "s3_uri": self.uri(key) if key else None, "tags": run.raw.get("tags") if run else None}

    def describe_placeholder(self) -> dict[str, Any]:
        """The placeholder has the key and the tags, which are known before the upload."""
        return {**super().describe_placeholder(), "tags": self.resolved.get("tags")}


def _add_condition(params: dict[str, Any], **_event: Any) -> None:
    params["IfNoneMatch"] = "*"
