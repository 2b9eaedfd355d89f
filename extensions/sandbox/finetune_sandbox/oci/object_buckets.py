# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets of Object Storage."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from finetune_sandbox.oci import schema
from finetune_sandbox.oci.errors import OciError, invalid, missing, not_found
from finetune_sandbox.oci.object_call import ObjectCall
from finetune_sandbox.oci.object_parts import (
    ObjectBase,
    check_match,
    check_read_conditions,
    decode_token,
    next_page,
)
from finetune_sandbox.oci.object_store import Bucket, ObjectStore
from finetune_sandbox.oci.schema import OBJECT_STORAGE
from finetune_sandbox.oci.signatures import body
from finetune_sandbox.oci.tags import check_tags
from finetune_sandbox.server.web import Response

_BUCKET_NAME = re.compile(r"[A-Za-z0-9_.-]{1,256}")
_LISTED = 1000


class Buckets(ObjectBase):
    """Operations on buckets."""

    def __init__(self, store: ObjectStore, namespace: str, compartments: frozenset[str], user: str) -> None:
        super().__init__(store, namespace)
        self._compartments, self._user = compartments, user

    def operations(self) -> dict[str, Callable[[ObjectCall], Response]]:
        """The operations by name."""
        return {
            "GetNamespace": self._get_namespace,
            "ListBuckets": self._list_buckets,
            "CreateBucket": self._create_bucket,
            "GetBucket": self._get_bucket,
            "HeadBucket": self._head_bucket,
            "UpdateBucket": self._update_bucket,
            "DeleteBucket": self._delete_bucket,
        }

    def _get_namespace(self, call: ObjectCall) -> Response:
        compartment = call.query.get("compartmentId")
        if compartment is not None and compartment not in self._compartments:
            raise not_found(compartment)
        return Response(self.namespace)

    def _known_compartment(self, compartment: str) -> str:
        if compartment not in self._compartments:
            raise not_found(compartment)
        return compartment

    def _list_buckets(self, call: ObjectCall) -> Response:
        if "compartmentId" not in call.query:
            raise missing("compartmentId")
        compartment = self._known_compartment(call.query["compartmentId"])
        limit, start = call.number("limit", 1, _LISTED, 100), decode_token(call.query.get("page"))
        names = sorted(b.name for b in self.store.buckets.values() if b.compartment == compartment and b.name >= start)
        tags = call.query.get("fields") == "tags"
        items = []
        for name in names[:limit]:
            view = self._describe_bucket(self.store.buckets[name])
            kept = {*schema.shape(OBJECT_STORAGE, "BucketSummary").members}
            kept -= set() if tags else {"freeformTags", "definedTags"}
            members = {key: value for key, value in view.items() if key in kept}
            items.append(schema.show(OBJECT_STORAGE, "BucketSummary", members))
        return Response(items, headers=next_page(names[limit : limit + 1]))

    def _describe_bucket(self, bucket: Bucket) -> dict[str, Any]:
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

    def _bucket_response(self, bucket: Bucket, call: ObjectCall) -> Response:
        view = self._describe_bucket(bucket)
        fields = call.query.get("fields", "").split(",") if call.request.method == "GET" else []
        current = [version for key in bucket.keys if (version := bucket.current(key)) is not None]
        if "approximateCount" in fields:
            view["approximateCount"] = len(current)
        if "approximateSize" in fields:
            view["approximateSize"] = sum(version.size for version in current)
        return Response(schema.show(OBJECT_STORAGE, "Bucket", view), headers={"etag": bucket.etag})

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

    def _create_bucket(self, call: ObjectCall) -> Response:
        details = schema.read(OBJECT_STORAGE, "CreateBucketDetails", body(call.request))
        name = details.pop("name")
        if not _BUCKET_NAME.fullmatch(name):
            message = f"'{name}' must be 1 to 256 letters, digits, '_', '-' and '.'"
            raise OciError(400, "InvalidBucketName", message)
        compartment = self._known_compartment(details.pop("compartmentId"))
        check_tags(details)
        if name in self.store.buckets:
            message = (
                f"Either the bucket '{name}' in namespace '{self.namespace}' already exists or you are not authorized"
            )
            raise OciError(409, "BucketAlreadyExists", f"{message} to create it")
        bucket = self.make_bucket(name, compartment)
        bucket.versioning = details.pop("versioning", "Disabled")
        bucket.details = details
        response = self._bucket_response(bucket, call)
        response.headers["location"] = f"/n/{self.namespace}/b/{name}"
        return response

    def _get_bucket(self, call: ObjectCall) -> Response:
        bucket = self._bucket(call)
        check_read_conditions(call, bucket.etag)
        return self._bucket_response(bucket, call)

    def _head_bucket(self, call: ObjectCall) -> Response:
        bucket = self._bucket(call)
        check_read_conditions(call, bucket.etag)
        return Response(b"", headers={"etag": bucket.etag})

    def _update_bucket(self, call: ObjectCall) -> Response:
        bucket = self._bucket(call)
        check_match(call.header("if-match"), bucket.etag)
        details = schema.read(OBJECT_STORAGE, "UpdateBucketDetails", body(call.request))
        if (
            details.pop("name", bucket.name) != bucket.name
            or details.pop("namespace", self.namespace) != self.namespace
        ):
            raise invalid("The sandbox does not rename buckets.")
        check_tags(details)
        bucket.compartment = self._known_compartment(details.pop("compartmentId", bucket.compartment))
        bucket.versioning = details.pop("versioning", bucket.versioning)
        bucket.details.update(details)
        bucket.etag = self.store.ids.uuid()
        return self._bucket_response(bucket, call)

    def _delete_bucket(self, call: ObjectCall) -> Response:
        bucket = self._bucket(call)
        check_match(call.header("if-match"), bucket.etag)
        if bucket.versions:
            message = f"Bucket named '{bucket.name}' is not empty. Delete all object versions first."
            raise OciError(409, "BucketNotEmpty", message)
        if bucket.uploads:
            message = f"Bucket named '{bucket.name}' has multipart uploads that are not committed. Abort them first."
            raise OciError(409, "BucketNotEmpty", message)
        del self.store.buckets[bucket.name]
        return Response(b"", 204)
