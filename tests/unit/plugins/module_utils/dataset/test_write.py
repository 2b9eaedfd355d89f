# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import random
import stat
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._dataset import convert as convert_module
from ansible_collections.llmops.finetune.plugins.module_utils._dataset import write as write_module
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.source import Source
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.write import File, Split, Written, remove
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError, InvalidInput
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.dataset.data_tools import (
    converge,
    put,
    scan,
    write,
)

Example = dict[str, Any]


def chat(number: int, **more: Any) -> Example:
    user = {"role": "user", "content": f"Q{number}"}
    return {"messages": [user, {"role": "assistant", "content": f"A{number}", **more}]}


def jsonl(examples: Iterable[Example]) -> bytes:
    return b"".join(json.dumps(example).encode() + b"\n" for example in examples)


def given(data: bytes) -> Source:
    return Source.from_content(data.decode())


TOOLS = [{"type": "function", "function": {"name": "find"}}]
CHATS = [chat(number) for number in range(40)]
CHAT_DATA = jsonl(CHATS)
LOSSY = jsonl([chat(1), chat(2), {**chat(3), "tools": TOOLS}])

# Which of the examples 0 to 39 a quarter for validation takes.
PINNED = [0, 3, 4, 12, 24, 29, 33, 34, 38]
PINNED_SEED_7 = [5, 8, 9, 11, 14, 19, 20, 22, 24]
PINNED_TOOLS = [0, 2, 3, 4, 5, 6, 15, 25, 39]


def halves(data: bytes, to_format: str | None = None, **split: Any) -> tuple[bytes, bytes]:
    """What a split writes."""
    training, validation = io.BytesIO(), io.BytesIO()
    written = write(given(data), to_format, training, validation, split=Split(**split))
    for dest, part in ((training, written.training), (validation, written.validation)):
        value = dest.getvalue()
        assert part is not None
        assert (part.examples, part.bytes) == (value.count(b"\n"), len(value))
        assert part.sha256 == hashlib.sha256(value).hexdigest()
    return training.getvalue(), validation.getvalue()


def numbers(data: bytes) -> list[int]:
    """The numbers of the examples, whatever their format."""
    found = []
    for line in data.splitlines():
        text = line.decode()
        found.append(int(text[text.index("Q") + 1 :].split('"')[0]))
    return found


def validated(data: bytes, **split: Any) -> list[int]:
    return numbers(halves(data, **split)[1])


# What goes where.


def test_the_assignment_stays_what_it_is() -> None:
    """Another one would be other data, and so other training runs."""
    training, validation = halves(CHAT_DATA, share=0.25)
    assert numbers(validation) == PINNED
    assert validated(CHAT_DATA, share=0.25, seed=7) == PINNED_SEED_7
    assert numbers(training) == [number for number in range(40) if number not in PINNED]
    tools = [{**chat(number), "tools": TOOLS} for number in range(40)]
    assert validated(jsonl(tools), share=0.25) == PINNED_TOOLS


def test_the_assignment_is_the_one_that_the_guide_describes() -> None:
    said = [f'[["Be brief."],[["user",["Wie läuft es, {n}?","Q{n}"]],["assistant",["A{n}"]]]]' for n in range(40)]
    taken = [n for n in range(40) if hashlib.sha256(f"5\n{said[n]}".encode()).digest()[:8] < b"\x40" + bytes(7)]
    examples = []
    for number in range(40):
        system, turns = json.loads(said[number])
        messages = [{"role": "system", "content": system[0]}]
        for role, texts in turns:
            messages.append({"role": role, "content": [{"type": "text", "text": text} for text in texts]})
        examples.append({"messages": messages})
    assert validated(jsonl(examples), share=0.25, seed=5) == taken
    texts = [f'{{"input":"Tür Q{n}"}}' for n in range(40)]
    taken = [n for n in range(40) if hashlib.sha256(f"0\n{texts[n]}".encode()).digest()[:8] < b"\x80" + bytes(7)]
    assert validated(jsonl(json.loads(text) for text in texts), share=0.5) == taken


@pytest.mark.parametrize(
    "to_format", ["openai_completion", "bedrock_converse", "bedrock_distillation", "bedrock_claude", "oci_completion"]
)
def test_it_is_the_same_in_every_format(to_format: str) -> None:
    assert numbers(halves(CHAT_DATA, to_format, share=0.25)[1]) == PINNED
    dest = io.BytesIO()
    write(given(CHAT_DATA), to_format, dest)
    assert validated(dest.getvalue(), share=0.25) == PINNED


def test_an_example_keeps_its_side_whatever_else_is_there() -> None:
    more = [*CHATS, *(chat(number) for number in range(100, 150))]
    random.Random(1).shuffle(more)
    kept = [number for number in validated(jsonl(more), share=0.25) if number < 100]
    assert sorted(kept) == PINNED
    assert validated(jsonl(CHATS[20:]), share=0.25) == [number for number in PINNED if number >= 20]


def test_a_larger_share_only_moves_examples_to_validation() -> None:
    before: set[int] = set()
    for share in (0.1, 0.25, 0.5, 0.9):
        taken = set(validated(CHAT_DATA, share=share))
        assert before < taken
        before = taken


def test_the_share_is_met_on_average() -> None:
    data = jsonl(chat(number) for number in range(2000))
    for share in (0.1, 0.5, 0.9):
        # Five standard deviations of a fair choice.
        assert abs(len(validated(data, share=share)) - 2000 * share) < 5 * (2000 * share * (1 - share)) ** 0.5


def test_repetitions_are_on_one_side_in_any_notation() -> None:
    same = [
        json.dumps(chat(number, weight=1) if kind == 1 else chat(number), indent=None, separators=separators).encode()
        for number in range(20)
        for kind, separators in enumerate(((", ", ": "), (", ", ": "), (",", ":")))
    ]
    parts = [
        json.dumps({"messages": [*chat(n)["messages"][:1], {**chat(n)["messages"][1], "content": content}]}).encode()
        for n in range(20)
        for content in ([{"type": "text", "text": f"A{n}"}],)
    ]
    training, validation = halves(b"\n".join([*same, *parts]) + b"\n", share=0.5)
    counts = {number: numbers(training).count(number) for number in range(20)}
    assert set(counts.values()) == {0, 4}
    assert len(numbers(validation)) + sum(counts.values()) == 80


# What is written.


def test_without_a_split_the_bytes_are_kept_or_converted() -> None:
    data = b"\xef\xbb\xbf" + CHAT_DATA.replace(b"\n", b" \r\n") + b"\r\n"
    dest = io.BytesIO()
    written = write(given(data), None, dest)
    data = data.removeprefix(b"\xef\xbb\xbf")
    assert dest.getvalue() == data
    assert (written.format, written.training.examples, written.validation) == ("openai_chat", 40, None)
    dest = io.BytesIO()
    written = write(given(CHAT_DATA), "oci_completion", dest)
    assert dest.getvalue() == jsonl({"prompt": f"Q{n}", "completion": f"A{n}"} for n in range(40))
    assert written == write(given(CHAT_DATA), "oci_completion")


def test_a_split_writes_each_line_with_a_line_feed_and_nothing_around_it() -> None:
    data = b"\xef\xbb\xbf" + CHAT_DATA.replace(b"\n", b" \r\n") + b"\r\n"
    assert halves(data, share=0.25) == halves(CHAT_DATA, share=0.25)
    assert halves(CHAT_DATA[:-1], share=0.25) == halves(CHAT_DATA, share=0.25)
    # Lines longer than what is read at once.
    long = [chat(number, name="n" * 1_500_000) for number in range(4)]
    training, validation = halves(jsonl(long), share=0.5, seed=3)
    assert sorted(training.splitlines() + validation.splitlines()) == sorted(jsonl(long).splitlines())


def test_formats_that_hold_no_conversation_are_split_too() -> None:
    data = jsonl({"input": f"Text {number}"} for number in range(40))
    training, validation = halves(data, share=0.25)
    assert training and validation
    assert sorted(training.splitlines() + validation.splitlines()) == sorted(data.splitlines())


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 10.0, float("nan"), float("inf")])
def test_a_share_is_between_0_and_1(share: float) -> None:
    with pytest.raises(InvalidInput, match="a share between 0 and 1"):
        Split(share)


@pytest.mark.parametrize(("share", "side"), [(0.0001, "validation"), (0.9999, "training")])
def test_no_side_is_left_empty(share: float, side: str) -> None:
    with pytest.raises(InvalidInput, match=f"of 40 examples none would be left for {side}; nothing was written"):
        write(given(CHAT_DATA), split=Split(share))


def test_what_cannot_be_written_is_refused_with_its_lines() -> None:
    with pytest.raises(InvalidInput) as caught:
        write(given(LOSSY), "bedrock_converse")
    assert caught.value.message.startswith(
        "content (openai_chat) cannot be written as bedrock_converse without loss, errors: 1; nothing was written.\n"
        "  line 3: The example declares tools"
    )
    assert caught.value.facts["validation"]["error_codes"] == {"lossy_tools": 1}
    with pytest.raises(InvalidInput) as caught:
        write(given(CHAT_DATA + b"{\n" * 25), "bedrock_converse")
    assert "content is not a valid dataset (openai_chat), errors: 25; nothing was written." in caught.value.message
    assert "  line 41: The line is not JSON" in caught.value.message
    assert caught.value.message.endswith("\n  and 5 more.")
    for data in (b"", jsonl([{"question": "a"}])):
        with pytest.raises(InvalidInput, match="is not a valid dataset .unknown format."):
            write(given(data))
    with pytest.raises(InvalidInput, match="bedrock_pretraining cannot be written as openai_chat"):
        write(given(jsonl([{"input": "a"}])), "openai_chat")


def test_a_large_file_is_split_in_constant_memory(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    with path.open("wb") as stream:
        for number in range(1200):
            stream.write(jsonl([chat(number, name="x" * 10_000)]))
    with (tmp_path / "a").open("wb") as training, (tmp_path / "b").open("wb") as validation:
        tracemalloc.start()
        try:
            written = write(Source.from_path(path), None, training, validation, split=Split(0.1))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert written.validation is not None
    assert written.training.examples + written.validation.examples == 1200
    assert peak < 9_000_000 < path.stat().st_size


# Files.


@pytest.fixture
def src(tmp_path: Path) -> Path:
    path = tmp_path / "source.jsonl"
    path.write_bytes(CHAT_DATA)
    return path


def placed(
    src: Path, dest: Path | str, validation: Path | str | None = None, to_format: str | None = None, **options: Any
) -> list[File]:
    options = {"check_mode": False, "move": os.replace, **options}
    split = Split(0.25) if validation else None
    return put(
        Source.from_path(src),
        to_format,
        str(dest),
        validation and str(validation),
        split=split,
        **options,
    )[1]


def folder(path: Path) -> dict[str, bytes]:
    """Everything in a folder, hidden files included."""
    return {each.name: each.read_bytes() for each in path.iterdir() if each.is_file()}


def test_files_are_written_once(src: Path, tmp_path: Path) -> None:
    train, check = tmp_path / "train.jsonl", tmp_path / "check.jsonl"
    before = folder(tmp_path)
    foreseen = placed(src, train, check, to_format="bedrock_converse", check_mode=True)
    assert folder(tmp_path) == before
    assert placed(src, train, check, to_format="bedrock_converse") == foreseen
    assert all(file.changed and file.before == {"state": "absent"} for file in foreseen)
    assert (train.read_bytes(), check.read_bytes()) == halves(CHAT_DATA, "bedrock_converse", share=0.25)
    assert set(folder(tmp_path)) == {"source.jsonl", "train.jsonl", "check.jsonl"}

    inodes = [path.stat().st_ino for path in (train, check)]
    assert not any(file.changed for file in placed(src, train, check, to_format="bedrock_converse"))
    assert inodes == [path.stat().st_ino for path in (train, check)]

    check.write_bytes(b"other")
    files = placed(src, train, check, to_format="bedrock_converse")
    assert [file.changed for file in files] == [False, True]
    assert files[1].before["sha256"] == hashlib.sha256(b"other").hexdigest()
    assert files[1].after["examples"] == len(PINNED)
    assert train.stat().st_ino == inodes[0]
    assert check.read_bytes() == halves(CHAT_DATA, "bedrock_converse", share=0.25)[1]


def test_what_was_there_is_told(src: Path, tmp_path: Path) -> None:
    train = tmp_path / "train.jsonl"
    placed(src, train)
    (file,) = placed(src, train, to_format="oci_completion")
    assert (file.before["format"], file.before["examples"]) == ("openai_chat", 40)
    assert (file.after["format"], file.after["examples"]) == ("oci_completion", 40)
    assert file.after["sha256"] == hashlib.sha256(train.read_bytes()).hexdigest() != file.before["sha256"]


@pytest.mark.parametrize(
    ("dest", "says"),
    [
        ("folder", "is a directory"),
        ("new/", "a folder"),
        ("none/train.jsonl", "the folder .*none does not exist"),
        ("source.jsonl/train.jsonl", "the folder .* does not exist"),
        ("link.jsonl", "a symbolic link to .*source.jsonl|same file"),
        ("dangling.jsonl", "a symbolic link to nowhere"),
        ("pipe", "a pipe, socket or device"),
        ("source.jsonl", "dest and src are the same file"),
        ("folder/../source.jsonl", "dest and src are the same file"),
        ("hard.jsonl", "dest and src are the same file"),
        ("x" * 300, "cannot be looked at: File name too long"),
        ("nul\0", "not a usable path"),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_place_where_no_file_can_be_is_refused(
    src: Path, tmp_path: Path, dest: str, says: str, check_mode: bool
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.jsonl").symlink_to(src)
    (tmp_path / "dangling.jsonl").symlink_to("nowhere")
    (tmp_path / "hard.jsonl").hardlink_to(src)
    os.mkfifo(tmp_path / "pipe")
    before = folder(tmp_path)
    with pytest.raises(InvalidInput, match=says):
        placed(src, f"{tmp_path}/{dest}", check_mode=check_mode)
    says = says.replace("dest and src", "validation_dest and src")
    with pytest.raises(InvalidInput, match=says):
        placed(src, tmp_path / "train.jsonl", f"{tmp_path}/{dest}", check_mode=check_mode)
    assert folder(tmp_path) == before


def test_two_files_are_two(src: Path, tmp_path: Path) -> None:
    (tmp_path / "same").symlink_to(tmp_path)
    with pytest.raises(InvalidInput, match="dest and validation_dest are the same file"):
        placed(src, tmp_path / "train.jsonl", tmp_path / "same" / "train.jsonl")
    with pytest.raises(InvalidInput, match="split and validation_dest belong together"):
        put(Source.from_path(src), None, f"{tmp_path}/a", None, split=Split(0.1), check_mode=True, move=os.replace)
    with pytest.raises(InvalidInput, match="split and validation_dest belong together"):
        put(Source.from_path(src), None, f"{tmp_path}/a", f"{tmp_path}/b", check_mode=True, move=os.replace)
    assert set(folder(tmp_path)) == {"source.jsonl"}


def test_a_refused_dataset_leaves_the_file_as_it_was(src: Path, tmp_path: Path) -> None:
    train = tmp_path / "train.jsonl"
    placed(src, train)
    src.write_bytes(LOSSY)
    before = folder(tmp_path)
    for dest in (train, tmp_path / "new.jsonl"):
        for check_mode in (True, False):
            with pytest.raises(InvalidInput, match="source.jsonl .openai_chat. cannot be written as oci_completion"):
                placed(src, dest, to_format="oci_completion", check_mode=check_mode)
    with pytest.raises(InvalidInput, match="would be left for training"):
        write_nothing = {"split": Split(0.99999), "check_mode": False, "move": os.replace}
        put(Source.from_path(src), None, str(train), f"{tmp_path}/check.jsonl", **write_nothing)
    assert folder(tmp_path) == before


def test_a_folder_that_cannot_be_written_to(src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train = tmp_path / "out" / "train.jsonl"
    spare = tmp_path / "spare"
    train.parent.mkdir()
    spare.mkdir()
    monkeypatch.setattr(write_module.os, "access", lambda *_arguments: False)
    for check_mode in (True, False):
        with pytest.raises(InvalidInput, match="out cannot be written to; nothing was changed"):
            placed(src, train, check_mode=check_mode)
    moved = []

    def move(name: str, dest: str) -> None:
        moved.append(Path(name).parent)
        Path(name).replace(dest)

    placed(src, train, move=move, spare=str(spare))
    assert moved == [spare]
    # A file that needs no change needs no permission either.
    assert not placed(src, train)[0].changed
    with pytest.raises(InvalidInput, match="cannot be written to"):
        remove(str(train), None, None, check_mode=True)
    assert train.read_bytes() == CHAT_DATA


def test_a_failed_move_is_told_and_leaves_nothing_behind(src: Path, tmp_path: Path) -> None:
    train, check = tmp_path / "train.jsonl", tmp_path / "check.jsonl"
    before = folder(tmp_path)

    def refuse(_name: str, dest: str) -> None:
        raise PermissionError(1, "Operation not permitted", dest)

    with pytest.raises(
        FineTuneError, match="train.jsonl.* failed: Operation not permitted; nothing was changed"
    ) as none:
        placed(src, train, check, move=refuse)
    assert none.value.facts == {"changed": False}
    assert folder(tmp_path) == before

    def refuse_second(name: str, dest: str) -> None:
        if dest == str(check):
            refuse(name, dest)
        Path(name).replace(dest)

    with pytest.raises(FineTuneError, match="only one of the files was replaced") as first:
        placed(src, train, check, move=refuse_second)
    assert first.value.facts == {"changed": True}
    assert set(folder(tmp_path)) == {"source.jsonl", "train.jsonl"}
    # The next run completes it.
    assert [file.changed for file in placed(src, train, check)] == [False, True]


@pytest.mark.parametrize("there", [True, False])
def test_a_full_disk_leaves_everything_as_it_was(
    src: Path, tmp_path: Path, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = tmp_path / "train.jsonl"
    if there:
        train.write_bytes(b"old")
    before = folder(tmp_path)

    class Full(io.BytesIO):
        """Takes a little, and finds out at the end that there is no space."""

        def close(self) -> None:
            super().close()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def full(number: int, _mode: str) -> Full:
        os.close(number)
        return Full()

    monkeypatch.setattr(write_module.os, "fdopen", full)
    with pytest.raises(FineTuneError, match="train.jsonl failed: No space left on device; nothing was changed"):
        placed(src, train)
    assert folder(tmp_path) == before


def test_a_source_that_changes_between_looking_and_writing_is_refused(
    src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = tmp_path / "train.jsonl"
    train.write_bytes(b"old")

    def write_and_append(*arguments: Any, **options: Any) -> Written:
        written = write(*arguments, **options)
        with src.open("ab") as stream:
            stream.write(jsonl([chat(99)]))
        return written

    monkeypatch.setattr(write_module, "write", write_and_append)
    with pytest.raises(InvalidInput, match="source.jsonl changed while it was read; nothing was written"):
        placed(src, train)
    assert train.read_bytes() == b"old"
    assert set(folder(tmp_path)) == {"source.jsonl", "train.jsonl"}


@pytest.mark.parametrize("to_format", [None, "oci_completion"])
@pytest.mark.parametrize("rubbish", [b"{\n", b"[]\n", b'{"messages": 1}\n', b"\xff\n"])
def test_a_source_that_becomes_invalid_while_it_is_read_is_refused(
    src: Path, to_format: str | None, rubbish: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scan_and_spoil(*arguments: Any, **options: Any) -> Any:
        report = scan(*arguments, **options)
        src.write_bytes(CHAT_DATA + rubbish + CHAT_DATA)
        return report

    monkeypatch.setattr(convert_module, "scan", scan_and_spoil)
    with pytest.raises(InvalidInput, match="changed while it was read"):
        write(Source.from_path(src), to_format, split=Split(0.25))


# Removing.


def test_files_are_removed_once(src: Path, tmp_path: Path) -> None:
    train, check = tmp_path / "train.jsonl", tmp_path / "check.jsonl"
    placed(src, train, check)
    for check_mode, changed in ((True, True), (False, True), (True, False), (False, False)):
        files = remove(str(train), str(check), str(src), check_mode=check_mode)
        assert [file.changed for file in files] == [changed, changed]
        assert train.exists() is check.exists() is (check_mode and changed)
    assert not remove(f"{tmp_path}/none/train.jsonl", None, None, check_mode=False)[0].changed
    assert not remove(f"{src}/train.jsonl", None, None, check_mode=False)[0].changed
    assert src.exists()


def test_what_is_no_file_or_the_source_is_not_removed(src: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    train = tmp_path / "train.jsonl"
    placed(src, train)
    with pytest.raises(InvalidInput, match="validation_dest: .*folder is not a file"):
        remove(str(train), f"{tmp_path}/folder", None, check_mode=False)
    with pytest.raises(InvalidInput, match="never written over or removed"):
        remove(str(src), None, str(src), check_mode=False)
    assert src.exists() and train.exists()
    link = tmp_path / "link.jsonl"
    link.symlink_to(train)
    assert remove(str(link), None, str(src), check_mode=False)[0].changed
    assert train.exists() and not link.is_symlink()


# The module's options.


def run(*, check_mode: bool = False, attributes: Any = lambda _path, _diff: False, **options: Any) -> dict[str, Any]:
    names = ("src", "content", "source_format", "format", "dest", "validation_dest", "split")
    params = {**dict.fromkeys(names), "seed": 0, "state": "present", **options}
    warnings: list[str] = []
    result = converge(params, check_mode=check_mode, move=os.replace, attributes=attributes, warn=warnings.append)
    json.dumps(result)
    return {**result, "warned": warnings}


def test_the_result(src: Path, tmp_path: Path) -> None:
    train, check = str(tmp_path / "train.jsonl"), str(tmp_path / "check.jsonl")
    options = {"src": str(src), "format": "oci_completion", "dest": train, "validation_dest": check, "split": 0.25}
    foreseen = run(check_mode=True, **options)
    result = run(**options)
    assert result == foreseen
    training, validation = halves(CHAT_DATA, "oci_completion", share=0.25)
    assert (result["changed"], result["dest"], result["validation_dest"]) == (True, train, check)
    assert (result["format"], result["validation"]["format"]) == ("oci_completion", "openai_chat")
    assert result["sha256"] == hashlib.sha256(training).hexdigest()
    assert result["validation_sha256"] == hashlib.sha256(validation).hexdigest()
    assert (result["examples"], result["validation_examples"]) == (40 - len(PINNED), len(PINNED))
    assert (result["bytes"], result["validation_bytes"]) == (len(training), len(validation))
    assert [diff["after_header"] for diff in result["diff"]] == [train, check]
    assert CHAT_DATA.decode()[:20] not in json.dumps(result["diff"])

    again = run(**options)
    assert (again["changed"], again["diff"]) == (False, [])
    assert {**again, "changed": True, "diff": result["diff"]} == result

    gone = run(state="absent", **options)
    assert gone["changed"] and not Path(train).exists() and not Path(check).exists()
    assert not run(state="absent", dest=train)["changed"]


def test_inline_examples_and_the_format_of_the_source(tmp_path: Path) -> None:
    dest = tmp_path / "train.jsonl"
    result = run(content=CHATS, dest=str(dest), source_format="bedrock_claude")
    assert (result["format"], result["validation"]["detected"]) == ("bedrock_claude", False)
    assert dest.read_bytes() == CHAT_DATA
    assert "validation_dest" not in result and "validation_sha256" not in result
    assert run(content=[*CHATS, CHATS[0]], dest=str(dest))["warned"] == [
        "content: line 41: The example repeats line 1. (duplicate_example) "
        "Remove it, unless it is meant to count twice."
    ]


def test_attributes_alone_are_a_change_too(src: Path, tmp_path: Path) -> None:
    dest = tmp_path / "train.jsonl"

    def attributes(path: str, diff: dict[str, Any]) -> bool:
        mode = stat.S_IMODE(Path(path).stat().st_mode)
        if mode == 0o640:
            return False
        diff["before"]["mode"], diff["after"]["mode"] = f"{mode:04o}", "0640"
        Path(path).chmod(0o640)
        return True

    created = run(src=str(src), dest=str(dest), attributes=attributes)
    assert created["diff"][0]["before"] == {"state": "absent"}
    assert created["diff"][0]["after"]["mode"] == "0640"
    assert not run(src=str(src), dest=str(dest), attributes=attributes)["changed"]
    dest.chmod(0o600)
    again = run(src=str(src), dest=str(dest), attributes=attributes)
    assert again["changed"]
    assert again["diff"][0]["before"]["mode"] == "0600"
    assert not run(state="absent", dest=str(dest), attributes=attributes, check_mode=True)["diff"][0]["after"].get(
        "mode"
    )


@pytest.mark.parametrize("option", ["src", "dest", "validation_dest"])
def test_an_empty_path_is_refused(src: Path, tmp_path: Path, option: str) -> None:
    options = {"src": str(src), "dest": f"{tmp_path}/a", "validation_dest": f"{tmp_path}/b", "split": 0.25, option: ""}
    with pytest.raises(InvalidInput, match=f"^{option} is empty"):
        run(**options)


def test_a_source_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="none.jsonl does not exist"):
        run(src=f"{tmp_path}/none.jsonl", dest=f"{tmp_path}/a")
    with pytest.raises(InvalidInput, match="Item 1 of the content"):
        run(content=["text"], dest=f"{tmp_path}/a")
