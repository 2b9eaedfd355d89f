# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Object Storage's REST API: what uploads, downloads and clean-ups use. All others: NotFound."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from werkzeug import Request

from finetune_sandbox.frame import checksums
from finetune_sandbox.frame.contents import Stored, kept
from finetune_sandbox.frame.web import Answer, Content, byte_range, http_date, raw_target
from finetune_sandbox.oci import schema
from finetune_sandbox.oci.errors import OciError, invalid, missing, not_found
from finetune_sandbox.oci.object_store import Bucket, ObjectStore, Part, Upload, Version, no_object
from finetune_sandbox.oci.schema import OBJECT_STORAGE
from finetune_sandbox.oci.signatures import body
from finetune_sandbox.oci.state import Settings
from finetune_sandbox.oci.tags import check_tags

MAX_BYTES = 50 * 1024**3
MAX_PARTS = 10_000
_CHUNK = 1 << 20
_BUCKET_NAME = re.compile(r"[A-Za-z0-9_.-]{1,256}")
_KEPT_HEADERS = ("Content-Type", "Content-Language", "Content-Encoding", "Content-Disposition", "Cache-Control")
_TIERS = ("Standard", "InfrequentAccess", "Archive")
_FIELDS = ("name", "size", "etag", "md5", "timeCreated", "timeModified", "storageTier", "archivalState")
_LISTED = 1000

_ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/n", "GetNamespace"),
    ("GET", r"/n/(?P<ns>[^/]+)/b", "ListBuckets"),
    ("POST", r"/n/(?P<ns>[^/]+)/b", "CreateBucket"),
    ("GET", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)", "GetBucket"),
    ("HEAD", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)", "HeadBucket"),
    ("POST", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)", "UpdateBucket"),
    ("DELETE", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)", "DeleteBucket"),
    ("GET", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/o", "ListObjects"),
    ("GET", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/objectversions", "ListObjectVersions"),
    ("PUT", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/o/(?P<o>.+)", "PutObject"),
    ("GET", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/o/(?P<o>.+)", "GetObject"),
    ("HEAD", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/o/(?P<o>.+)", "HeadObject"),
    ("DELETE", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/o/(?P<o>.+)", "DeleteObject"),
    ("POST", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/u", "CreateMultipartUpload"),
    ("GET", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/u", "ListMultipartUploads"),
    ("PUT", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/u/(?P<o>.+)", "UploadPart"),
    ("POST", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/u/(?P<o>.+)", "CommitMultipartUpload"),
    ("DELETE", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/u/(?P<o>.+)", "AbortMultipartUpload"),
    ("GET", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/u/(?P<o>.+)", "ListMultipartUploadParts"),
)
_COMPILED = [(method, re.compile(rule + r"/?"), name) for method, rule, name in _ROUTES]
OPERATIONS = tuple(name for _unused, _also, name in _ROUTES)
STREAMED = frozenset({"PutObject", "UploadPart"})
"""Operations whose body is content, neither signed nor held in memory."""


def find(request: Request) -> tuple[str, dict[str, str]] | None:
    """(operation, the parts of the path), or None."""
    path = raw_target(request)[0]
    for method, rule, name in _COMPILED:
        match = rule.fullmatch(path) if method == request.method else None
        if match is not None:
            return name, {key: unquote(value) for key, value in match.groupdict().items()}
    return None


@dataclass
class ObjectCall:
    """A request: namespace and so on from the path, the query decoded."""

    request: Request
    path: dict[str, str]
    query: dict[str, str]

    @property
    def key(self) -> str:
        """The name of the object."""
        return self.path["o"]

    def header(self, name: str) -> str | None:
        """A header, or None."""
        return self.request.headers.get(name)

    def number(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number of the query."""
        text = self.query.get(name)
        if text is None:
            if default is None:
                raise missing(name)
            return default
        if not text.isdecimal() or not low <= int(text) <= high:
            raise invalid(f"{name} must be a whole number from {low} to {high}, got '{text}'.")
        return int(text)


class ObjectApi:
    """The operations."""

    def __init__(self, store: ObjectStore, namespace: str, compartments: frozenset[str], user: str) -> None:
        self.store, self.namespace, self._compartments, self._user = store, namespace, compartments, user
        self.settings = Settings()
        self._operations: dict[str, Callable[[ObjectCall], Answer]] = {
            "GetNamespace": self._get_namespace,
            "ListBuckets": self._list_buckets,
            "CreateBucket": self._create_bucket,
            "GetBucket": self._get_bucket,
            "HeadBucket": self._head_bucket,
            "UpdateBucket": self._update_bucket,
            "DeleteBucket": self._delete_bucket,
            "ListObjects": self._list_objects,
            "ListObjectVersions": self._list_versions,
            "PutObject": self._put_object,
            "GetObject": self._get_object,
            "HeadObject": self._head_object,
            "DeleteObject": self._delete_object,
            "CreateMultipartUpload": self._create_upload,
            "ListMultipartUploads": self._list_uploads,
            "UploadPart": self._upload_part,
            "CommitMultipartUpload": self._commit_upload,
            "AbortMultipartUpload": self._abort_upload,
            "ListMultipartUploadParts": self._list_parts,
        }

    def handle(self, operation: str, request: Request, path: dict[str, str]) -> Answer:
        """Answer a request; raises OciError."""
        query = dict(parse_qsl(raw_target(request)[1], keep_blank_values=True))
        call = ObjectCall(request, path, query)
        if "ns" in path and path["ns"] != self.namespace:
            message = (
                f"You do not have authorization to perform this request, or the namespace '{path['ns']}' was not found"
            )
            raise OciError(404, "NamespaceNotFound", message)
        if operation in STREAMED:
            return self._operations[operation](call)
        with self.store.lock:
            return self._operations[operation](call)

    def _bucket(self, call: ObjectCall) -> Bucket:
        return self.store.bucket(call.path["b"])

    # Buckets

    def _get_namespace(self, call: ObjectCall) -> Answer:
        compartment = call.query.get("compartmentId")
        if compartment is not None and compartment not in self._compartments:
            raise not_found(compartment)
        return Answer(self.namespace)

    def _known_compartment(self, compartment: str) -> str:
        if compartment not in self._compartments:
            raise not_found(compartment)
        return compartment

    def _list_buckets(self, call: ObjectCall) -> Answer:
        if "compartmentId" not in call.query:
            raise missing("compartmentId")
        compartment = self._known_compartment(call.query["compartmentId"])
        limit, start = call.number("limit", 1, _LISTED, 100), _untoken(call.query.get("page"))
        names = sorted(b.name for b in self.store.buckets.values() if b.compartment == compartment and b.name >= start)
        tags = call.query.get("fields") == "tags"
        items = []
        for name in names[:limit]:
            shown = self._shown_bucket(self.store.buckets[name])
            kept = {*schema.shape(OBJECT_STORAGE, "BucketSummary").members}
            kept -= set() if tags else {"freeformTags", "definedTags"}
            members = {key: value for key, value in shown.items() if key in kept}
            items.append(schema.show(OBJECT_STORAGE, "BucketSummary", members))
        return Answer(items, headers=_next(names[limit : limit + 1]))

    def _shown_bucket(self, bucket: Bucket) -> dict[str, Any]:
        return {
            "metadata": {},
            "publicAccessType": "NoPublicAccess",
            "storageTier": "Standard",
            "objectEventsEnabled": False,
            "freeformTags": {},
            "definedTags": {},
            "autoTiering": "Disabled",
            **bucket.details,
            "namespace": self.namespace,
            "name": bucket.name,
            "id": bucket.id,
            "compartmentId": bucket.compartment,
            "createdBy": self._user,
            "timeCreated": bucket.created,
            "etag": bucket.etag,
            "versioning": bucket.versioning,
            "replicationEnabled": False,
            "isReadOnly": False,
        }

    def _bucket_answer(self, bucket: Bucket, call: ObjectCall) -> Answer:
        shown = self._shown_bucket(bucket)
        fields = call.query.get("fields", "").split(",") if call.request.method == "GET" else []
        current = [version for key in bucket.keys if (version := bucket.current(key)) is not None]
        if "approximateCount" in fields:
            shown["approximateCount"] = len(current)
        if "approximateSize" in fields:
            shown["approximateSize"] = sum(version.size for version in current)
        return Answer(schema.show(OBJECT_STORAGE, "Bucket", shown), headers={"etag": bucket.etag})

    def make_bucket(self, name: str, compartment: str) -> Bucket:
        """A plain bucket."""
        ids = self.store.ids
        bucket = Bucket(
            name,
            f"ocid1.bucket.oc1.us-chicago-1.{ids.text(60).lower()}",
            compartment,
            self.store.clock.now(),
            self.store.ids.uuid(),
        )
        self.store.buckets[name] = bucket
        return bucket

    def _create_bucket(self, call: ObjectCall) -> Answer:
        wish = schema.read(OBJECT_STORAGE, "CreateBucketDetails", body(call.request))
        name = wish.pop("name")
        if not _BUCKET_NAME.fullmatch(name):
            message = f"'{name}' must be 1 to 256 letters, digits, '_', '-' and '.'"
            raise OciError(400, "InvalidBucketName", message)
        compartment = self._known_compartment(wish.pop("compartmentId"))
        check_tags(wish)
        if name in self.store.buckets:
            message = (
                f"Either the bucket '{name}' in namespace '{self.namespace}' already exists or you are not authorized"
            )
            raise OciError(409, "BucketAlreadyExists", f"{message} to create it")
        bucket = self.make_bucket(name, compartment)
        bucket.versioning = wish.pop("versioning", "Disabled")
        bucket.details = wish
        answer = self._bucket_answer(bucket, call)
        answer.headers["location"] = f"/n/{self.namespace}/b/{name}"
        return answer

    def _get_bucket(self, call: ObjectCall) -> Answer:
        bucket = self._bucket(call)
        _check_read_conditions(call, bucket.etag)
        return self._bucket_answer(bucket, call)

    def _head_bucket(self, call: ObjectCall) -> Answer:
        bucket = self._bucket(call)
        _check_read_conditions(call, bucket.etag)
        return Answer(b"", headers={"etag": bucket.etag})

    def _update_bucket(self, call: ObjectCall) -> Answer:
        bucket = self._bucket(call)
        _check_match(call.header("if-match"), bucket.etag)
        wish = schema.read(OBJECT_STORAGE, "UpdateBucketDetails", body(call.request))
        if wish.pop("name", bucket.name) != bucket.name or wish.pop("namespace", self.namespace) != self.namespace:
            raise invalid("The sandbox does not rename buckets.")
        check_tags(wish)
        bucket.compartment = self._known_compartment(wish.pop("compartmentId", bucket.compartment))
        bucket.versioning = wish.pop("versioning", bucket.versioning)
        bucket.details.update(wish)
        bucket.etag = self.store.ids.uuid()
        return self._bucket_answer(bucket, call)

    def _delete_bucket(self, call: ObjectCall) -> Answer:
        bucket = self._bucket(call)
        _check_match(call.header("if-match"), bucket.etag)
        if bucket.versions:
            message = f"Bucket named '{bucket.name}' is not empty. Delete all object versions first."
            raise OciError(409, "BucketNotEmpty", message)
        if bucket.uploads:
            message = f"Bucket named '{bucket.name}' has multipart uploads that are not committed. Abort them first."
            raise OciError(409, "BucketNotEmpty", message)
        del self.store.buckets[bucket.name]
        return Answer(b"", 204)

    # Objects

    def _receive(self, call: ObjectCall, algorithm: str | None) -> Stored:
        """Stream the body to disk and check what the headers say of it."""
        length = call.header("Content-Length")
        if length is None and "chunked" not in (call.header("Transfer-Encoding") or ""):
            raise OciError(411, "ContentLengthRequired", "The Content-Length header is required.")
        if length is not None and int(length) > MAX_BYTES:
            raise OciError(413, "EntityTooLarge", f"The body is larger than {MAX_BYTES} bytes.")
        wanted = {name for name in checksums.OCI_ALGORITHMS if call.header(_sum_header(name)) is not None}
        if len(wanted) > 1 or (algorithm is not None and wanted - {algorithm}):
            raise invalid("Give one checksum, of the algorithm in opc-checksum-algorithm.")
        if algorithm is not None:
            wanted.add(algorithm)
        claimed = call.header("x-content-sha256")
        stored = self.store.contents.write(_chunks(call.request), wanted | ({"SHA256"} if claimed else set()))
        with kept(stored):
            md5 = call.header("Content-MD5")
            if md5 is not None and _digest("Content-MD5", md5) != stored.md5:
                message = f"The computed MD5 of the request body ({checksums.encoded(stored.md5)}) does not match the"
                raise OciError(400, "UnmatchedContentMD5", f"{message} Content-MD5 header ({md5})")
            if claimed is not None and _digest("x-content-sha256", claimed) != stored.checksums["SHA256"]:
                raise OciError(401, "NotAuthenticated", "x-content-sha256 does not match the body.")
            for name in wanted:
                given = call.header(_sum_header(name))
                if given is not None and _digest(_sum_header(name), given) != stored.checksums[name]:
                    actual = checksums.encoded(stored.checksums[name])
                    message = f"The computed {name} of the request body ({actual}) does not match the header ({given})"
                    raise OciError(400, f"UnmatchedContent{name}", message)
        stored.checksums = {name: stored.checksums[name] for name in wanted}
        return stored

    def _put_object(self, call: ObjectCall) -> Answer:
        with self.store.lock:
            self._check_write(call)
        algorithm = _algorithm(call)
        tier = call.header("storage-tier") or "Standard"
        _check_tier(tier)
        version = Version(call.key, "", 0.0, 0.0, tier=tier)
        version.headers = {name: value for name in _KEPT_HEADERS if (value := call.header(name)) is not None}
        version.headers.setdefault("Content-Type", "application/octet-stream")
        version.metadata = _metadata(call.request)
        _check_key(call.key)
        stored = self._receive(call, algorithm)
        with self.store.lock, kept(stored):
            bucket = self._check_write(call)
            version.size, version.segments = stored.segment.size, [stored.segment]
            version.checksums = {"content-md5": checksums.encoded(stored.md5), **_sum_headers(stored.checksums)}
            self.store.put(bucket, version)
        headers = {
            "etag": version.etag,
            "opc-content-md5": version.checksums["content-md5"],
            "last-modified": http_date(version.modified),
            "version-id": version.id,
            **_sum_headers(stored.checksums),
        }
        return Answer(b"", headers=headers)

    def _check_write(self, call: ObjectCall) -> Bucket:
        """The bucket, if the conditions of the request hold."""
        bucket = self._bucket(call)
        _check_conditions(bucket, call.key, call.header("if-match"), call.header("if-none-match"))
        return bucket

    def _existing(self, call: ObjectCall) -> Version:
        bucket = self._bucket(call)
        found = bucket.find(call.key, call.query.get("versionId"))
        if found is None or found.marker:
            raise no_object(bucket, call.key)
        _check_read_conditions(call, found.etag)
        return found

    def _object_headers(self, version: Version) -> dict[str, str]:
        shown = {
            "etag": version.etag,
            "last-modified": http_date(version.modified),
            "version-id": version.id,
            "storage-tier": version.tier,
            "accept-ranges": "bytes",
            **version.headers,
            **version.checksums,
            **{f"opc-meta-{name}": value for name, value in version.metadata.items()},
        }
        if version.tier == "Archive":
            shown["archival-state"] = "Archived"
        return shown

    def _get_object(self, call: ObjectCall) -> Answer:
        version = self._existing(call)
        if version.tier == "Archive":
            raise OciError(409, "NotRestored", f"The object '{version.key}' is archived. Restore it first.")
        wanted = _range(call, version)
        start, stop = wanted or (0, version.size)
        headers = self._object_headers(version)
        status = 200
        if wanted is not None:
            status = 206
            headers["content-range"] = f"bytes {start}-{stop - 1}/{version.size}"
        if (start, stop) != (0, version.size):
            headers.pop("content-md5", None)
        return Answer(Content(stop - start, lambda: version.read(start, stop)), status, headers)

    def _head_object(self, call: ObjectCall) -> Answer:
        version = self._existing(call)
        return Answer(Content(version.size, version.read), headers=self._object_headers(version))

    def _delete_object(self, call: ObjectCall) -> Answer:
        bucket = self._bucket(call)
        version_id = call.query.get("versionId")
        found = bucket.find(call.key, version_id)
        if found is None or (found.marker and version_id is None):
            raise no_object(bucket, call.key)
        _check_match(call.header("if-match"), found.etag)
        gone = self.store.delete(bucket, call.key, version_id)
        headers = {"last-modified": http_date(gone.modified), "version-id": gone.id}
        if gone.marker:
            headers["is-delete-marker"] = "true"
        return Answer(b"", 204, headers)

    # Lists

    def _listed(self, call: ObjectCall) -> tuple[list[str], list[str], str | None]:
        """(names, prefixes, the name to go on with)."""
        bucket = self._bucket(call)
        delimiter = call.query.get("delimiter")
        if delimiter not in {None, "/"}:
            raise invalid(f"The delimiter must be '/', got '{delimiter}'.")
        prefix, start = call.query.get("prefix", ""), call.query.get("start", "")
        after, end = call.query.get("startAfter"), call.query.get("end")
        if after is not None and "start" in call.query:
            raise invalid("Give either start or startAfter.")
        limit = call.number("limit", 1, _LISTED, _LISTED)
        names: list[str] = []
        prefixes: list[str] = []
        for name in bucket.keys_from(prefix, start if after is None else after):
            if name == after or (end is not None and name >= end):
                continue
            if call.path.get("versions") != "yes" and bucket.current(name) is None:
                continue
            rest = name[len(prefix) :]
            common = prefix + rest.partition("/")[0] + "/" if delimiter and "/" in rest else None
            if common is not None and common in prefixes:
                continue
            if len(names) + len(prefixes) == limit:
                return names, prefixes, name
            if common is None:
                names.append(name)
            else:
                prefixes.append(common)
        return names, prefixes, None

    def _list_objects(self, call: ObjectCall) -> Answer:
        fields = [field for field in call.query.get("fields", "name").split(",") if field]
        for field in fields:
            if field not in _FIELDS:
                raise invalid(f"'{field}' is not one of the fields {', '.join(_FIELDS)}.")
        bucket = self._bucket(call)
        names, prefixes, following = self._listed(call)
        versions = [version for name in names if (version := bucket.current(name)) is not None]
        items = [{key: value for key, value in _summary(v).items() if key in {"name", *fields}} for v in versions]
        members = {"objects": items, "prefixes": prefixes or None, "nextStartWith": following}
        return Answer(schema.show(OBJECT_STORAGE, "ListObjects", members))

    def _list_versions(self, call: ObjectCall) -> Answer:
        bucket = self._bucket(call)
        if "page" in call.query:
            call.query["start"] = _untoken(call.query["page"])
        call.path["versions"] = "yes"
        names, prefixes, following = self._listed(call)
        items = [
            {**_summary(version), "versionId": version.id, "isDeleteMarker": version.marker}
            for name in names
            for version in reversed(bucket.versions[name])
        ]
        shown = schema.show(OBJECT_STORAGE, "ObjectVersionCollection", {"items": items, "prefixes": prefixes or None})
        return Answer(shown, headers={} if following is None else {"opc-next-page": _token(following)})

    # Multipart uploads

    def _create_upload(self, call: ObjectCall) -> Answer:
        bucket = self._bucket(call)
        wish = schema.read(OBJECT_STORAGE, "CreateMultipartUploadDetails", body(call.request))
        key = wish["object"]
        _check_key(key)
        if_match, if_none_match = call.header("if-match"), call.header("if-none-match")
        _check_conditions(bucket, key, if_match, if_none_match)
        template = Version(key, "", 0.0, 0.0, tier=wish.get("storageTier", "Standard"))
        given = {
            "Content-Type": wish.get("contentType", "application/octet-stream"),
            "Content-Language": wish.get("contentLanguage"),
            "Content-Encoding": wish.get("contentEncoding"),
            "Content-Disposition": wish.get("contentDisposition"),
            "Cache-Control": wish.get("cacheControl"),
        }
        template.headers = {name: value for name, value in given.items() if value is not None}
        template.metadata = {
            name.lower().removeprefix("opc-meta-"): value for name, value in wish.get("metadata", {}).items()
        }
        _check_metadata(template.metadata)
        ids = self.store.ids
        upload = Upload(
            self.store.ids.uuid(), self.store.clock.now(), template, _algorithm(call), if_match, if_none_match
        )
        upload.id = f"{ids.hexadecimal(8)}-{upload.id}"
        bucket.uploads[upload.id] = upload
        answer = Answer(schema.show(OBJECT_STORAGE, "MultipartUpload", self._shown_upload(bucket, upload)))
        answer.headers["location"] = f"/n/{self.namespace}/b/{bucket.name}/u/{upload.id}"
        return answer

    def _shown_upload(self, bucket: Bucket, upload: Upload) -> dict[str, Any]:
        return {
            "namespace": self.namespace,
            "bucket": bucket.name,
            "object": upload.template.key,
            "uploadId": upload.id,
            "timeCreated": upload.started,
            "storageTier": upload.template.tier,
        }

    def _upload(self, call: ObjectCall) -> tuple[Bucket, Upload]:
        bucket = self._bucket(call)
        if "uploadId" not in call.query:
            raise missing("uploadId")
        upload = bucket.uploads.get(call.query["uploadId"])
        if upload is None or upload.template.key != call.key:
            raise OciError(404, "NoSuchUpload", "The upload was not found. It may have been aborted or committed.")
        return bucket, upload

    def _upload_part(self, call: ObjectCall) -> Answer:
        number = call.number("uploadPartNum", 1, MAX_PARTS)
        with self.store.lock:
            upload = self._upload(call)[1]
            _check_part_conditions(call, upload.parts.get(number))
        stored = self._receive(call, upload.algorithm)
        with self.store.lock, kept(stored):
            upload = self._upload(call)[1]
            _check_part_conditions(call, upload.parts.get(number))
            part = upload.put(Part(number, self.store.ids.uuid(), stored))
        headers = {
            "etag": part.etag,
            "opc-content-md5": checksums.encoded(stored.md5),
            **_sum_headers(stored.checksums),
        }
        return Answer(b"", headers=headers)

    def _commit_upload(self, call: ObjectCall) -> Answer:
        bucket, upload = self._upload(call)
        wish = schema.read(OBJECT_STORAGE, "CommitMultipartUploadDetails", body(call.request))
        if_match = call.header("if-match") or upload.if_match
        _check_conditions(bucket, call.key, if_match, call.header("if-none-match") or upload.if_none_match)
        numbers = [part["partNum"] for part in wish["partsToCommit"]]
        excluded = set(wish.get("partsToExclude", []))
        if not numbers:
            raise invalid("partsToCommit must name at least one part.")
        if len(set(numbers)) != len(numbers) or excluded & set(numbers):
            raise invalid("A part must be named once, in partsToCommit or in partsToExclude.")
        parts = []
        for named in sorted(wish["partsToCommit"], key=lambda each: int(each["partNum"])):
            part = upload.parts.get(named["partNum"])
            if part is None or part.etag != named["etag"]:
                message = f"The part {named['partNum']} was not uploaded, or its etag is not '{named['etag']}'."
                raise OciError(400, "InvalidUploadPart", message)
            parts.append(part)
        left = set(upload.parts) - set(numbers) - excluded
        if left:
            message = f"The uploaded parts {sorted(left)} are neither in partsToCommit nor in partsToExclude."
            raise OciError(400, "InvalidUploadPart", message)
        smallest = self.settings.min_part_bytes
        for part in parts[:-1]:
            if part.stored.segment.size < smallest:
                message = (
                    f"The part {part.number} has {part.stored.segment.size} bytes; all but the last need {smallest}."
                )
                raise OciError(400, "InvalidUploadPart", message)
        version = upload.template
        version.segments = [part.stored.segment for part in parts]
        version.size = sum(segment.size for segment in version.segments)
        version.checksums = _multipart_sums(parts, upload.algorithm)
        self.store.put(bucket, version)
        upload.drop(*excluded)
        del bucket.uploads[upload.id]
        headers = {
            "etag": version.etag,
            "last-modified": http_date(version.modified),
            "version-id": version.id,
            **version.checksums,
        }
        return Answer(b"", headers=headers)

    def _abort_upload(self, call: ObjectCall) -> Answer:
        bucket, upload = self._upload(call)
        upload.drop(*upload.parts)
        del bucket.uploads[upload.id]
        return Answer(b"", 204)

    def _list_uploads(self, call: ObjectCall) -> Answer:
        bucket = self._bucket(call)
        start, limit = _untoken(call.query.get("page")), call.number("limit", 1, _LISTED, _LISTED)
        uploads = sorted(bucket.uploads.values(), key=lambda upload: (upload.template.key, upload.id))
        uploads = [upload for upload in uploads if f"{upload.template.key}\0{upload.id}" >= start]
        items = [
            schema.show(OBJECT_STORAGE, "MultipartUpload", self._shown_upload(bucket, upload))
            for upload in uploads[:limit]
        ]
        marks = [f"{upload.template.key}\0{upload.id}" for upload in uploads[limit : limit + 1]]
        return Answer(items, headers=_next(marks))

    def _list_parts(self, call: ObjectCall) -> Answer:
        upload = self._upload(call)[1]
        start, limit = _untoken(call.query.get("page")) or "0", call.number("limit", 1, _LISTED, _LISTED)
        parts = [part for number, part in sorted(upload.parts.items()) if number >= int(start)]
        items = [
            {
                "etag": part.etag,
                "md5": checksums.encoded(part.stored.md5),
                "size": part.stored.segment.size,
                "partNumber": part.number,
            }
            for part in parts[:limit]
        ]
        shown = [schema.show(OBJECT_STORAGE, "MultipartUploadPartSummary", item) for item in items]
        return Answer(shown, headers=_next([str(part.number) for part in parts[limit : limit + 1]]))


def _chunks(request: Request) -> Iterator[bytes]:
    stream = request.environ["wsgi.input"]
    while chunk := stream.read(_CHUNK):
        yield chunk


def _sum_header(algorithm: str) -> str:
    return f"opc-content-{algorithm.lower()}"


def _sum_headers(sums: dict[str, bytes]) -> dict[str, str]:
    return {_sum_header(name): checksums.encoded(digest) for name, digest in sums.items()}


def _multipart_sums(parts: list[Part], algorithm: str | None) -> dict[str, str]:
    """The checksums of a multipart object: hashes are over the binary hashes of its parts."""
    md5 = checksums.composite("MD5", [part.stored.md5 for part in parts])
    shown = {"opc-multipart-md5": f"{checksums.encoded(md5)}-{len(parts)}"}
    if algorithm == "CRC32C":
        pieces = [(part.stored.checksums[algorithm], part.stored.segment.size) for part in parts]
        shown["opc-content-crc32c"] = checksums.encoded(checksums.combined(algorithm, pieces))
    elif algorithm is not None:
        total = checksums.composite(algorithm, [part.stored.checksums[algorithm] for part in parts])
        shown[f"opc-multipart-{algorithm.lower()}"] = f"{checksums.encoded(total)}-{len(parts)}"
    return shown


def _digest(name: str, text: str) -> bytes:
    digest = checksums.decoded(text)
    if digest is None:
        raise OciError(400, "InvalidDigest", f"The {name} header ({text}) is not valid base64.")
    return digest


def _algorithm(call: ObjectCall) -> str | None:
    given = call.header("opc-checksum-algorithm")
    if given is not None and given not in checksums.OCI_ALGORITHMS:
        raise invalid(f"opc-checksum-algorithm must be one of {', '.join(checksums.OCI_ALGORITHMS)}; got '{given}'.")
    return given


def _check_tier(tier: str) -> None:
    if tier not in _TIERS:
        raise invalid(f"storage-tier must be one of {', '.join(_TIERS)}; got '{tier}'.")


def _check_key(key: str) -> None:
    if not 1 <= len(key.encode()) <= 1024 or any(letter in key for letter in "\0\r\n"):
        raise OciError(400, "InvalidObjectName", "An object name has 1 to 1024 bytes, without NULL, CR and LF.")


def _metadata(request: Request) -> dict[str, str]:
    found = {
        name.lower().removeprefix("opc-meta-"): value
        for name, value in request.headers.items()
        if name.lower().startswith("opc-meta-")
    }
    _check_metadata(found)
    return found


def _check_metadata(found: dict[str, str]) -> None:
    if sum(len(name) + len(value) for name, value in found.items()) > 4000:
        raise OciError(400, "InvalidMetadata", "The user-defined metadata are larger than 4000 bytes.")


def _check_conditions(bucket: Bucket, key: str, if_match: str | None, if_none_match: str | None) -> None:
    current = bucket.current(key)
    if if_none_match is not None:
        if if_none_match != "*":
            raise invalid("if-none-match must be '*' here.")
        if current is not None:
            message = f"The object '{key}' already exists in the bucket '{bucket.name}'"
            raise OciError(412, "IfNoneMatchFailed", message)
    if if_match is not None:
        if current is None:
            raise no_object(bucket, key)
        _check_match(if_match, current.etag)


def _check_part_conditions(call: ObjectCall, old: Part | None) -> None:
    if call.header("if-none-match") is not None and old is not None:
        raise OciError(412, "IfNoneMatchFailed", f"The part {old.number} was uploaded before")
    if call.header("if-match") is not None:
        _check_match(call.header("if-match"), "" if old is None else old.etag)


def _check_match(given: str | None, etag: str) -> None:
    if given is not None and given not in {"*", etag}:
        raise OciError(412, "IfMatchFailed", f"The if-match header '{given}' does not match the etag '{etag}'")


def _check_read_conditions(call: ObjectCall, etag: str) -> None:
    _check_match(call.header("if-match"), etag)
    if call.header("if-none-match") in {"*", etag}:
        raise OciError(304, "NotModified", "", {"etag": etag})


def _range(call: ObjectCall, version: Version) -> tuple[int, int] | None:
    text = call.header("range") or ""
    wanted = byte_range(text, version.size)
    if wanted is None:
        return None
    if wanted[0] >= wanted[1]:
        headers = {"content-range": f"bytes */{version.size}"}
        raise OciError(416, "RangeNotSatisfiable", f"The range {text} is not within {version.size} bytes.", headers)
    return wanted


def _summary(version: Version) -> dict[str, Any]:
    shown = {
        "name": version.key,
        "size": version.size,
        "etag": version.etag,
        "md5": version.checksums.get("content-md5") or version.checksums.get("opc-multipart-md5"),
        "timeCreated": version.created,
        "timeModified": version.modified,
        "storageTier": version.tier,
    }
    if version.tier == "Archive":
        shown["archivalState"] = "Archived"
    return shown


def _next(following: list[str]) -> dict[str, str]:
    """The header that leads on to the next page, when something follows."""
    return {"opc-next-page": _token(following[0])} if following else {}


def _token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def _untoken(token: str | None) -> str:
    if token is None:
        return ""
    try:
        return base64.urlsafe_b64decode(token.encode("ascii")).decode()
    except (ValueError, binascii.Error) as error:
        raise invalid(f"The page token '{token}' is not valid.") from error
