# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3's REST API, path-style: the operations that uploads, downloads and clean-ups use. All others: NotImplemented."""

from __future__ import annotations

from collections.abc import Callable

from finetune_sandbox.bedrock.errors import AwsError
from finetune_sandbox.bedrock.s3_buckets import Buckets
from finetune_sandbox.bedrock.s3_call import S3Call
from finetune_sandbox.bedrock.s3_listings import Listings
from finetune_sandbox.bedrock.s3_objects import Objects
from finetune_sandbox.bedrock.s3_store import S3Store
from finetune_sandbox.bedrock.s3_uploads import Uploads
from finetune_sandbox.server.web import Response


class S3Api:
    """The operations by name, in `handlers`; the arguments are those of S3Base."""

    def __init__(
        self, store: S3Store, account: str, kms_key: Callable[[str, str], str], foreign: Callable[[], list[str]]
    ) -> None:
        self.store, self._account = store, account
        self.handlers: dict[str, Callable[[S3Call], Response]] = {}
        for group in (Buckets, Objects, Listings, Uploads):
            self.handlers.update(group(store, account, kms_key, foreign).handlers())

    def handle(self, name: str, call: S3Call) -> Response:
        """Run an operation."""
        handler = self.handlers.get(name)
        if handler is None:
            message = "A header or query you provided implies functionality that the sandbox does not have."
            raise AwsError(501, "NotImplemented", message)
        owner = call.header("x-amz-expected-bucket-owner")
        if owner and owner != self._account:
            raise AwsError(403, "AccessDenied", "Access Denied")
        return handler(call)
