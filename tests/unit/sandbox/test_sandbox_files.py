# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and uploads."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openai
import pytest
from openai.types import FileObject, Upload
from pydantic import TypeAdapter

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


def test_a_file_keeps_name_and_content(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    content = bytes(range(256)) * 4000
    file = client.files.create(file=("dätä-1.jsonl", content), purpose="fine-tune")
    TypeAdapter(FileObject).validate_python(file.to_dict(), strict=True)
    assert (file.filename, file.bytes, file.status) == ("dätä-1.jsonl", len(content), "uploaded")
    still_sandbox.advance(10)
    assert client.files.retrieve(file.id).status == "processed"
    assert client.files.content(file.id).content == content
    assert client.files.delete(file.id).deleted
    for call in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError, match="No such File object"):
            call(file.id)


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"purpose": "training"}, "is not one of"),
        ({"file": ("a.txt", b"x")}, "Must be .jsonl"),
        ({"file": ("a.jsonl", b"")}, "empty"),
        ({"expires_after": {"anchor": "created_at", "seconds": 3599}}, "below minimum"),
        ({"expires_after": {"anchor": "created_at", "seconds": 2592001}}, "above maximum"),
        ({"expires_after": {"anchor": "last_active_at", "seconds": 3600}}, "created_at"),
        ({"expires_after": {"anchor": "created_at"}}, "expires_after.seconds"),
        ({"extra_body": {"colour": "red"}}, "Unrecognized request argument"),
    ],
)
def test_bad_files_are_refused(client: openai.OpenAI, members: dict[str, Any], says: str) -> None:
    members = {"file": ("a.jsonl", b"{}\n"), "purpose": "fine-tune", **members}
    with pytest.raises(openai.BadRequestError, match=says):
        client.files.create(**members)
    assert client.files.list().data == []


def test_a_file_over_the_limit_is_refused(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    still_sandbox.openai.settings(max_file_bytes=1_000_000)
    client.files.create(file=("a.jsonl", b"x" * 1_000_000), purpose="fine-tune")
    with pytest.raises(openai.APIStatusError, match="Maximum content size limit") as caught:
        client.files.create(file=("b.jsonl", io.BytesIO(b"x" * 30_000_000)), purpose="fine-tune")
    assert caught.value.status_code == 413
    assert [file.filename for file in client.files.list()] == ["a.jsonl"]


def test_files_are_listed_in_pages(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    ids = []
    for index in range(5):
        ids.append(client.files.create(file=(f"{index}.jsonl", b"{}\n"), purpose="fine-tune").id)
        still_sandbox.advance(1)
    other = client.files.create(file=("x.txt", b"hello"), purpose="user_data").id
    assert [file.id for file in client.files.list(limit=2)] == [other, *reversed(ids)]
    assert [file.id for file in client.files.list(limit=2, order="asc", purpose="fine-tune")] == ids
    page = client.files.list(limit=2)
    assert page.has_more and len(page.data) == 2
    with pytest.raises(openai.BadRequestError):
        client.files.list(limit=10001)
    with pytest.raises(openai.BadRequestError, match="Not allowed to download"):
        client.files.content(other)


def test_expiry_follows_the_clock(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    file = client.files.create(
        file=("a.jsonl", b"{}\n"),
        purpose="fine-tune",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    assert file.expires_at == file.created_at + 3600
    still_sandbox.advance(3590)
    assert client.files.retrieve(file.id)
    still_sandbox.advance(20)
    assert client.files.list().data == []


@pytest.mark.parametrize(("scenario", "status"), [("file_stuck", "uploaded"), ("file_error", "error")])
def test_processing_can_go_wrong(still_sandbox: Sandbox, client: openai.OpenAI, scenario: str, status: str) -> None:
    still_sandbox.openai.scenario(scenario, filename="bad.jsonl")
    files = [client.files.create(file=(n, b"{}\n"), purpose="fine-tune").id for n in ("good.jsonl", "bad.jsonl")]
    still_sandbox.advance(100)
    assert [client.files.retrieve(file).status for file in files] == ["processed", status]


CONTENT = bytes(range(250)) * 4


def begin(client: openai.OpenAI, size: int = len(CONTENT)) -> Upload:
    return client.uploads.create(bytes=size, filename="big.jsonl", mime_type="text/jsonl", purpose="fine-tune")


def test_an_upload_joins_its_parts_in_the_given_order(client: openai.OpenAI) -> None:
    upload = begin(client)
    TypeAdapter(Upload).validate_python(upload.to_dict(), strict=True)
    assert upload.expires_at == upload.created_at + 3600
    second = client.uploads.parts.create(upload.id, data=CONTENT[600:])
    first = client.uploads.parts.create(upload.id, data=CONTENT[:600])
    with pytest.raises(openai.BadRequestError, match="md5"):
        client.uploads.complete(upload.id, part_ids=[second.id, first.id], md5=hashlib.md5(CONTENT).hexdigest())
    done = client.uploads.complete(upload.id, part_ids=[first.id, second.id], md5=hashlib.md5(CONTENT).hexdigest())
    assert done.status == "completed" and done.file and done.file.filename == "big.jsonl"
    assert client.files.content(done.file.id).content == CONTENT
    with pytest.raises(openai.BadRequestError, match="not pending"):
        client.uploads.parts.create(upload.id, data=b"x")


def test_the_sdks_chunked_upload_works(client: openai.OpenAI, tmp_path: Path) -> None:
    path = tmp_path / "whole.jsonl"
    path.write_bytes(CONTENT)
    done = client.uploads.upload_file_chunked(file=path, mime_type="text/jsonl", purpose="fine-tune", part_size=300)
    assert done.file and client.files.content(done.file.id).content == CONTENT


def test_bad_uploads(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    still_sandbox.openai.settings(max_part_bytes=500)
    upload = begin(client)
    with pytest.raises(openai.APIStatusError) as caught:
        client.uploads.parts.create(upload.id, data=b"x" * 501)
    assert caught.value.status_code == 413
    part = client.uploads.parts.create(upload.id, data=b"x" * 500)
    for part_ids, says in [
        ([part.id], "1000 bytes"),
        (["part_none"], "part_none"),
        ([part.id] * 2, "more than once"),
    ]:
        with pytest.raises(openai.BadRequestError, match=says):
            client.uploads.complete(upload.id, part_ids=part_ids)
    assert client.uploads.cancel(upload.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError, match="cancelled"):
        client.uploads.complete(upload.id, part_ids=[part.id])
    with pytest.raises(openai.BadRequestError, match="above maximum"):
        begin(client, 8 * 1024**3 + 1)
    late = begin(client)
    still_sandbox.advance(3600)
    with pytest.raises(openai.BadRequestError, match="expired"):
        client.uploads.parts.create(late.id, data=b"x")


def test_nothing_stays_on_disk() -> None:
    from finetune_sandbox import Sandbox

    with Sandbox(speed=0) as sandbox:
        client = openai.OpenAI(base_url=sandbox.openai_url, api_key=sandbox.api_key, max_retries=0)
        folder = sandbox.openai.store.content
        file = client.files.create(file=("a.jsonl", b"{}\n"), purpose="fine-tune")
        with pytest.raises(openai.BadRequestError):
            client.files.create(file=("a.txt", b"{}\n"), purpose="fine-tune")
        assert [path.name for path in folder.iterdir()] == [file.id]
        client.files.delete(file.id)
        assert not list(folder.iterdir())
        client.files.create(file=("a.jsonl", b"{}\n"), purpose="fine-tune")
    assert not folder.exists()


def test_a_large_file_streams(still_sandbox: Sandbox, client: openai.OpenAI, upload: Callable[..., str]) -> None:
    size = 40_000_000
    digest = hashlib.sha256(b"x" * size).hexdigest()
    file = upload(b"x" * size)
    with client.files.with_streaming_response.content(file) as response:
        got = hashlib.sha256()
        for chunk in response.iter_bytes(1 << 20):
            got.update(chunk)
    assert got.hexdigest() == digest
