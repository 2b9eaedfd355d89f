# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import gzip
import hashlib
import json
import os
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._dataset import lines as lines_module
from ansible_collections.llmops.finetune.plugins.module_utils._dataset import scan as scan_module
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.report import Report
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.source import DatasetError, Source
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit.naming import (
    parse_remote_name,
    remote_name,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.dataset.data_tools import FORMATS, LIMITS, scan

Example = dict[str, Any]

TOOL = {"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"q": 1}'}}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def message(role: str, content: Any = "text", **more: Any) -> Example:
    return {"role": role, "content": content, **more}


def chat(*messages: Example, **more: Any) -> Example:
    return {"messages": list(messages) or [message("user", "Hello?"), message("assistant", "Hi.")], **more}


def tool_chat() -> Example:
    return chat(
        message("user"),
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        message("tool", tool_call_id="c1"),
        message("assistant", weight=1),
        tools=[TOOL],
        parallel_tool_calls=False,
    )


def image_chat(*urls: str) -> Example:
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return chat(message("user", [{"type": "text", "text": "What is it?"}, *parts]), message("assistant"))


def preference(**more: Any) -> Example:
    return {
        "input": {"messages": [message("user")]},
        "preferred_output": [message("assistant", "good")],
        "non_preferred_output": [message("assistant", "bad")],
        **more,
    }


def reinforcement(*messages: Example, **more: Any) -> Example:
    return {"messages": list(messages) or [message("user")], "answer": 42, **more}


def completion(prompt: Any = "2+2=", answer: Any = "4") -> Example:
    return {"prompt": prompt, "completion": answer}


def numbered(number: int) -> Example:
    return chat(message("user", f"Question {number}?"), message("assistant", f"Answer {number}."))


def jsonl(*examples: Any) -> bytes:
    return b"".join(json.dumps(example, ensure_ascii=False).encode() + b"\n" for example in examples)


GOOD = [jsonl(numbered(number)) for number in range(12)]


def with_line(line: bytes, number: int = 5) -> bytes:
    """Twelve good lines with one more put in as line ``number``."""
    return b"".join([*GOOD[: number - 1], line, *GOOD[number - 1 :]])


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Source]:
    def write(data: bytes) -> Source:
        path = tmp_path / "train.jsonl"
        path.write_bytes(data)
        return Source.from_path(path)

    return write


def codes(report: Report) -> list[tuple[int | None, str]]:
    return [(issue.line, issue.code) for issue in report.errors]


def doubts(report: Report) -> list[tuple[int | None, str]]:
    return [(issue.line, issue.code) for issue in report.warnings]


def check_one(example: Any, name: str = "openai_chat", **options: Any) -> Report:
    """Scan nine plain examples of a format and one that is given, as line 4."""
    fillers: dict[str, Callable[[int], Example]] = {
        "openai_chat": numbered,
        "openai_preference": lambda n: preference(input={"messages": [message("user", f"Question {n}?")]}),
        "openai_reinforcement": lambda n: reinforcement(message("user", f"Question {n}?")),
        "openai_completion": lambda n: completion(f"Question {n}?"),
    }
    examples = [fillers[name](number) for number in range(9)]
    examples.insert(3, example)
    return scan(Source.from_content(jsonl(*examples).decode()), format=name, **options)


# What is good.


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("openai_chat", chat()),
        ("openai_chat", chat(message("system"), message("user", "Grüße, 日本 😀"), message("assistant"))),
        (
            "openai_chat",
            chat(message("user", name="ann"), message("assistant", weight=0), message("assistant")),
        ),
        ("openai_chat", tool_chat()),
        ("openai_chat", chat(message("user"), {"role": "assistant", "tool_calls": [CALL]}, tools=[TOOL])),
        ("openai_chat", chat(message("user"), {"role": "assistant", "content": None, "refusal": "No."})),
        ("openai_chat", image_chat("https://example.com/a.png", PIXEL)),
        ("openai_preference", preference()),
        ("openai_preference", preference(input={"messages": [message("user")], "tools": [TOOL]})),
        ("openai_reinforcement", reinforcement(reference={"deep": [1, {"x": None}]}, note="é")),
        ("openai_reinforcement", reinforcement(message("system"), message("user"), tools=[TOOL])),
        ("openai_completion", completion()),
    ],
)
def test_a_good_example_has_no_issue_and_its_format_is_recognised(name: str, example: Example) -> None:
    report = check_one(example, name)
    assert (codes(report), doubts(report), report.ok) == ([], [], True)
    alone = scan(Source.from_content([example]))
    assert (alone.format, alone.detected) == (name, True)


def test_the_report_describes_the_file(file: Callable[[bytes], Source]) -> None:
    data = b"".join(GOOD)
    report = scan(file(data))
    assert report.bytes == len(data)
    assert report.sha256 == hashlib.sha256(data).hexdigest()
    assert report.examples == 12
    plain = report.to_dict()
    assert plain["valid"] is True
    assert plain["statistics"]["messages_per_example"] == {
        "min": 2,
        "mean": 2.0,
        "median": 2,
        "p95": 2,
        "max": 2,
    }
    # "Question 3?" and "Answer 3." are 20 characters; from 10 on, 22.
    assert plain["statistics"]["characters_per_example"] == {
        "min": 20, "mean": round((10 * 20 + 2 * 22) / 12, 1), "median": 20, "p95": 22, "max": 22,
    }  # fmt: skip
    # Word, space, number and mark: four tokens a text, three more a message and three an example.
    assert plain["estimated_tokens"] == 12 * (2 * 4 + 2 * 3 + 3)
    json.dumps(plain)


def test_percentiles_of_long_examples_are_within_one_percent() -> None:
    sizes = [random.Random(3).randrange(1, 200_000) for _unused in range(500)]
    examples = [completion("x", "y" * (size - 1)) for size in sizes]
    found = scan(Source.from_content(examples)).statistics["characters_per_example"]
    assert found is not None
    exact = sorted(max(size, 1) for size in sizes)
    assert (found.min, found.max) == (exact[0], exact[-1])
    assert found.median == pytest.approx(exact[249], rel=0.01)
    assert found.p95 == pytest.approx(exact[474], rel=0.01)


# Lines that are wrong, whatever the format.


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        (b'{"messages": "caf\xe9"}\n', "not_utf8", "byte 0xE9 at byte 18 of its text"),
        (b"\xed\xa0\x80\n", "not_utf8", "byte 0xED at byte 1 of"),
        (b"{'messages': []}\n", "not_json", "character 2"),
        (b'{"messages": [}\n', "not_json", "character 15"),
        (b'{"messages": "a\n', "not_json", "character"),
        (b'{"a": 1} {"a": 2}\n', "not_json", "more after the end"),
        (b'{"a": ' + b"[" * 200_000 + b"\n", "not_json", "nested too deeply"),
        (GOOD[0].replace(b"{", b'{"more": ' + b"[" * 200 + b"]" * 200 + b", ", 1), "not_json", "more than 200"),
        (GOOD[0].replace(b"{", b'{"more": ' + b"[" * 2000 + b"]" * 2000 + b", ", 1), "not_json", "more than 200"),
        (b'{"a": ' + b"9" * 5000 + b"}\n", "not_json", "cannot be read"),
        (b"[1, 2]\n", "not_an_object", "not a JSON object"),
        (b'"text"\n', "not_an_object", "not a JSON object"),
        # Arrays that have the shape of pairs.
        (b'[["messages", [[["role", "user"], ["content", "x"]]]]]\n', "not_an_object", "not a JSON object"),
        (b"\n", "blank_line", "blank"),
        (b" \t\n", "blank_line", "blank"),
        (b'{"messages": NaN}\n', "not_finite", "NaN"),
        (b'{"messages": -Infinity}\n', "not_finite", "-Infinity"),
        (b'{"messages": [], "messages": []}\n', "duplicate_key", "messages"),
        (GOOD[0].replace(b'"role": "user"', b'"role": "system", "role" : "user"'), "duplicate_key", "role"),
        (GOOD[0].replace(b"Hello", b"x").replace(b"Question", b"\\ud83d"), "lone_surrogate", "surrogate"),
    ],
)
def test_a_bad_line_is_reported_by_its_number(
    file: Callable[[bytes], Source], line: bytes, code: str, says: str
) -> None:
    report = scan(file(with_line(line)))
    assert codes(report) == [(5, code)]
    assert says in report.errors[0].message
    assert report.errors[0].hint
    assert not report.ok


@pytest.mark.parametrize(
    ("opening", "closing"),
    [(b"[", b"]"), (b'{"a": ', b"}"), (b'[{"a": [[], ', b"]}]")],
    ids=["lists", "objects", "both"],
)
@pytest.mark.parametrize("key", [b"more", b"tools", b"functions"])
def test_what_is_nested_as_deep_as_may_be_is_read(
    file: Callable[[bytes], Source], opening: bytes, closing: bytes, key: bytes
) -> None:
    times = 199 // (opening.count(b"{") + opening.replace(b"[]", b"").count(b"["))
    deep = opening * times + (b'"x"' if opening.startswith(b"{") else b"[]"[: 2 * (opening != b"[")]) + closing * times
    report = scan(file(with_line(GOOD[0].replace(b"{", b'{"%s": %s, ' % (key, deep), 1))))
    assert "not_json" not in report.error_codes


def test_an_object_over_several_lines_is_not_one_example(file: Callable[[bytes], Source]) -> None:
    spread = GOOD[0].replace(b', "content"', b',\n"content"', 1)
    report = scan(file(with_line(spread)))
    assert [line for line, _code in codes(report)] == [5, 6]


def test_a_message_that_is_an_array_of_pairs_is_refused() -> None:
    odd = {"messages": [[["role", "user"], ["content", "x"]], message("assistant")]}
    assert codes(check_one(odd)) == [(4, "bad_message")]


def test_a_paired_surrogate_escape_is_fine(file: Callable[[bytes], Source]) -> None:
    assert scan(file(with_line(GOOD[0].replace(b"Question", b"\\ud83d\\ude00")))).ok


def test_errors_beyond_the_first_twenty_are_counted(file: Callable[[bytes], Source]) -> None:
    report = scan(file(b"".join(GOOD) + b"{\n" * 30))
    assert [issue.line for issue in report.errors] == list(range(13, 33))
    assert (report.error_count, report.error_codes) == (30, {"not_json": 30})


def test_a_common_warning_does_not_hide_another(file: Callable[[bytes], Source]) -> None:
    doubtful = [chat(message("developer", f"{n}"), message("user"), message("assistant")) for n in range(40)]
    report = scan(file(jsonl(*doubtful, chat(message("user", ""), message("assistant")))))
    assert report.warning_codes == {"developer_role": 40, "empty_content": 1}
    assert [issue.code for issue in report.warnings] == ["developer_role"] * 5 + ["empty_content"]


# Files that are wrong as a whole.


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "empty", None),
        (b"\n \n", "empty", None),
        (b"\xef\xbb\xbf" + b"".join(GOOD), "bom", 1),
        (b"\xef\xbb\xbf", "empty", None),
        ("\ufeff".encode("utf-16-le") + b"".join(GOOD).decode().encode("utf-16-le"), "utf16", None),
        (b"".join(GOOD).decode().encode("utf-16-le"), "utf16", None),
        (gzip.compress(b"".join(GOOD)), "compressed", None),
        (json.dumps([chat()] * 12).encode(), "json_array", None),
        (json.dumps([chat()] * 12, indent=1).encode(), "json_array", None),
        (json.dumps(chat(), indent=1).encode(), "multiline_json", None),
        (b"".join(GOOD[:3]), "too_few_examples", None),
        (jsonl(*[{"question": n} for n in range(12)]), "unknown_format", None),
    ],
)
def test_a_bad_file_has_one_clear_error(
    file: Callable[[bytes], Source], data: bytes, code: str, line: int | None
) -> None:
    report = scan(file(data))
    assert codes(report) == [(line, code)]
    assert report.sha256 == hashlib.sha256(data).hexdigest()
    assert set(report.statistics) == {"messages_per_example", "characters_per_example", "tokens_per_example"}


def test_a_byte_order_mark_is_fine_where_the_host_says_so(file: Callable[[bytes], Source]) -> None:
    assert scan(file(b"\xef\xbb\xbf" + b"".join(GOOD)), limits=LIMITS["azure"]).ok


def test_windows_line_ends_are_one_warning(file: Callable[[bytes], Source]) -> None:
    report = scan(file(b"".join(GOOD).replace(b"\n", b"\r\n")))
    assert (codes(report), doubts(report)) == ([], [(1, "crlf")])


def test_blank_lines_at_the_end_are_a_warning(file: Callable[[bytes], Source]) -> None:
    report = scan(file(b"".join(GOOD) + b"\n\n"))
    assert (codes(report), doubts(report)) == ([], [(13, "trailing_blank_line")])


def test_the_last_line_needs_no_line_feed(file: Callable[[bytes], Source]) -> None:
    report = scan(file(b"".join(GOOD)[:-1]))
    assert (report.ok, report.examples, doubts(report)) == (True, 12, [])


def test_a_repeated_example_is_a_warning(file: Callable[[bytes], Source]) -> None:
    report = scan(file(with_line(GOOD[1], 9)))
    assert doubts(report) == [(9, "duplicate_example")]
    assert "line 2" in report.warnings[0].message


def test_a_huge_line_is_refused_in_constant_memory(file: Callable[[bytes], Source]) -> None:
    source = file(with_line(b'{"messages": "' + b"x" * 100_000_000 + b'"}\n'))
    tracemalloc.start()
    try:
        report = scan(source, workers=1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert codes(report) == [(5, "line_too_long")]
    assert report.examples == 13
    assert peak < 32_000_000


def test_a_long_line_with_images_is_read(file: Callable[[bytes], Source], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "MAX_LINE", 300_000)
    line = jsonl(image_chat("data:image/png;base64," + "A" * 400_000))
    assert scan(file(with_line(line))).ok
    report = scan(file(with_line(jsonl(chat(message("user", "A" * 400_000), message("assistant"))))))
    assert codes(report) == [(5, "line_too_long")]


# Chat.


def call(**more: Any) -> Example:
    return {**copy.deepcopy(CALL), **more}


def calling(*calls: Any) -> Example:
    return chat(message("user"), {"role": "assistant", "content": None, "tool_calls": list(calls)}, tools=[TOOL])


@pytest.mark.parametrize(
    ("example", "code"),
    [
        ({"prompt": "a", "completion": "b"}, "missing_key"),
        ({"messages": "text"}, "bad_messages"),
        ({"messages": []}, "bad_messages"),
        (chat("text"), "bad_message"),  # type: ignore[arg-type]  # the wrong type is the point
        (chat({"content": "x"}, message("assistant")), "missing_role"),
        (chat(message("human"), message("assistant")), "unknown_role"),
        (chat(message(["user"]), message("assistant")), "unknown_role"),  # type: ignore[arg-type]  # as above
        (chat(message("user"), message("user")), "missing_assistant"),
        (chat({"role": "user"}, message("assistant")), "missing_content"),
        (chat(message("user", None), message("assistant")), "missing_content"),
        (chat(message("user"), message("assistant", None)), "missing_content"),
        (chat(message("user", 5), message("assistant")), "bad_content"),
        (chat(message("user", []), message("assistant")), "bad_content"),
        (chat(message("user", ["text"]), message("assistant")), "bad_content"),
        (chat(message("user", [{"type": "audio"}]), message("assistant")), "bad_content"),
        (chat(message("user", [{"type": "text"}]), message("assistant")), "bad_content"),
        (chat(message("user", weight=1), message("assistant")), "bad_weight"),
        (chat(message("user"), message("assistant", weight=0.5)), "bad_weight"),
        (chat(message("user"), message("assistant", weight=True)), "bad_weight"),
        (chat(message("user", name=""), message("assistant")), "bad_name"),
        (chat(message("function"), message("assistant")), "bad_name"),
        (chat(message("user", tool_calls=[CALL]), message("assistant")), "bad_tool_call"),
        (calling(), "bad_tool_call"),
        (calling("find"), "bad_tool_call"),
        (calling(call(id="")), "bad_tool_call"),
        (calling(call(type="code")), "bad_tool_call"),
        (calling(call(function={"arguments": "{}"})), "bad_tool_call"),
        (calling(CALL, CALL), "bad_tool_call"),
        (calling(call(function={"name": "find", "arguments": {"q": 1}})), "bad_arguments"),
        (calling(call(function={"name": "find", "arguments": "q=1"})), "bad_arguments"),
        (calling(call(function={"name": "find", "arguments": "[]"})), "bad_arguments"),
        (chat(message("user"), message("tool", tool_call_id="c9"), message("assistant")), "bad_tool_call_id"),
        (chat(message("user"), message("tool"), message("assistant")), "bad_tool_call_id"),
        (chat(tools={}), "bad_tools"),
        (chat(tools=[{"type": "web"}]), "bad_tools"),
        (chat(tools=[{"type": "function", "function": {"name": "a b"}}]), "bad_tools"),
        (chat(tools=[{"type": "function", "function": {"name": "a", "parameters": "x"}}]), "bad_tools"),
        (chat(tools=[TOOL, TOOL]), "bad_tools"),
        (chat(functions=[{"name": f"f{n}"} for n in range(129)]), "bad_tools"),
        (chat(parallel_tool_calls="yes"), "bad_value"),
        (chat(message("user"), message("assistant", refusal=1)), "bad_value"),
        (chat(message("user"), message("assistant", image_chat(PIXEL)["messages"][0]["content"])), "image_not_allowed"),
        (image_chat("file:///x.png"), "bad_image"),
        (image_chat(""), "bad_image"),
        (image_chat("data:image/gif;base64,R0lGODlh"), "bad_image"),
        (image_chat("data:image/png;base64,***="), "bad_image"),
        (image_chat(*[PIXEL] * 11), "too_many_images"),
        (image_chat("data:image/png;base64," + "A" * 14_000_000), "image_too_large"),
    ],
)  # fmt: skip
def test_a_wrong_chat_example_is_refused(example: Any, code: str) -> None:
    report = check_one(example)
    assert set(codes(report)) == {(4, code)}
    assert all(issue.message and issue.hint for issue in report.errors)


@pytest.mark.parametrize(
    ("example", "code"),
    [
        (chat(message("developer"), message("user"), message("assistant")), "developer_role"),
        (chat(message("user", mood="x"), message("assistant")), "unknown_key"),
        (chat(source="wiki"), "unknown_key"),
        (chat(message("user"), message("assistant"), message("user")), "last_not_assistant"),
        (chat(message("system"), message("assistant")), "missing_user"),
        (chat(message("user"), message("assistant", weight=0)), "nothing_trained"),
        (chat(message("user"), message("assistant", "")), "empty_content"),
        (chat(message("user"), {"role": "assistant", "tool_calls": [CALL]}), "undeclared_tool"),
        (chat(functions=[{"name": "find"}]), "deprecated_functions"),
        (
            chat(
                message("user"),
                {"role": "assistant", "tool_calls": [CALL]},
                message("assistant"),
                tools=[TOOL],
            ),
            "unanswered_tool_call",
        ),
        (chat(message("user", "word " * 100_000), message("assistant")), "may_be_truncated"),
    ],
)
def test_a_doubtful_chat_example_is_a_warning(example: Example, code: str) -> None:
    report = check_one(example)
    assert (codes(report), doubts(report)) == ([], [(4, code)])


def test_the_hint_names_the_role_that_was_meant() -> None:
    assert "user" in check_one(chat(message("human"), message("assistant"))).errors[0].hint


def test_azure_takes_more_images() -> None:
    assert check_one(image_chat(*[PIXEL] * 64), limits=LIMITS["azure"]).ok
    assert not check_one(image_chat(*[PIXEL] * 65), limits=LIMITS["azure"]).ok


# The other formats.


@pytest.mark.parametrize(
    ("name", "example", "code"),
    [
        ("openai_preference", chat(), "missing_key"),
        ("openai_preference", preference(input="x"), "bad_messages"),
        ("openai_preference", preference(preferred_output=[]), "bad_messages"),
        ("openai_preference", preference(preferred_output=[message("user")]), "bad_output"),
        ("openai_preference", preference(non_preferred_output=[message("assistant")] * 2), "bad_output"),
        ("openai_preference", preference(input={"messages": image_chat(PIXEL)["messages"][:1]}), "image_not_allowed"),
        ("openai_reinforcement", {"answer": 1}, "missing_key"),
        ("openai_reinforcement", reinforcement(message("user"), message("assistant")), "last_not_user"),
        ("openai_completion", {"prompt": "a"}, "missing_key"),
        ("openai_completion", completion(answer=4), "bad_value"),
        ("openai_completion", completion(prompt=None), "bad_value"),
    ],
)  # fmt: skip
def test_a_wrong_example_of_another_format_is_refused(name: str, example: Example, code: str) -> None:
    assert set(codes(check_one(example, name))) == {(4, code)}


@pytest.mark.parametrize(
    ("name", "example", "code"),
    [
        ("openai_preference", preference(preferred_output=[message("assistant", "bad")]), "same_outputs"),
        ("openai_preference", preference(input={"messages": [message("assistant")]}), "last_not_user"),
        ("openai_preference", preference(score=1), "unknown_key"),
        ("openai_completion", completion(answer=""), "empty_content"),
        ("openai_completion", {**completion(), "id": 1}, "unknown_key"),
    ],
)
def test_a_doubtful_example_of_another_format_is_a_warning(name: str, example: Example, code: str) -> None:
    report = check_one(example, name)
    assert (codes(report), doubts(report)) == ([], [(4, code)])


def test_a_validation_file_may_hold_fewer_examples() -> None:
    few = Source.from_content([numbered(number) for number in range(3)])
    limits = LIMITS["openai"].for_validation()
    assert doubts(scan(few, limits=limits)) == [(None, "too_few_examples")]
    many = Source.from_content([reinforcement(message("user", f"{number}")) for number in range(1001)])
    assert scan(many).ok
    assert codes(scan(many, limits=limits)) == [(None, "too_many_examples")]


def test_an_unknown_host_only_gets_warnings_about_sizes() -> None:
    assert scan(Source.from_content([chat()]), limits=LIMITS["compatible"]).ok


def test_a_format_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="openai_chat"):
        scan(Source.from_content([chat()]), format="chat")


# One result, however it is computed.


def mixed_file() -> bytes:
    """About 1 MB of every kind of line, good and bad."""
    rng = random.Random(7)
    bad = [
        b"\n", b"\n\n\n", b"{\n", b"\xff\n", b'{"messages": []}\n', GOOD[0], b"x" * 40_000 + b"\n", b"[]\n",
        GOOD[0].replace(b"\n", b"\r\n"), GOOD[0].replace(b'"role": "user"', b'"role": "a", "role": "user"'),
        jsonl(chat(message("developer"), message("user"), message("assistant"))), jsonl(tool_chat()),
        jsonl(image_chat(PIXEL)), jsonl(chat(message("user", "é日😀" * 30), message("assistant"))),
    ]  # fmt: skip
    parts = [jsonl(numbered(number)) for number in range(100)]
    for _unused in range(4000):
        parts.append(rng.choice(bad) if rng.random() < 0.1 else jsonl(numbered(rng.randrange(3900))))
    return b"".join(parts) + b"\n\n\n"


@pytest.mark.parametrize("workers", [2, 3, 4, 7])
def test_the_report_does_not_depend_on_the_number_of_processes(
    file: Callable[[bytes], Source], monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(scan_module, "MIN_FORK_BYTES", 1)
    monkeypatch.setattr(lines_module, "MAX_LINE", 30_000)
    monkeypatch.setattr(lines_module, "BLOCK", 1_000)
    source = file(mixed_file())
    alone = scan(source, workers=1).to_dict()
    forks: list[int] = []
    fork = os.fork

    def count() -> int:
        forks.append(1)
        return fork()

    monkeypatch.setattr(os, "fork", count)
    assert scan(source, workers=workers).to_dict() == alone
    assert len(forks) == workers
    assert alone["error_count"] > 100
    assert alone["warning_codes"]["duplicate_example"] > 100


def test_blank_lines_at_the_borders_of_ranges_are_counted_right(
    file: Callable[[bytes], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_module, "MIN_FORK_BYTES", 1)
    for data in (
        b"".join(GOOD) + b"\n" * 5000,
        b"\n" * 5000 + b"".join(GOOD),
        GOOD[0] + b"\n" * 999 + GOOD[1],
    ):
        source = file(data)
        reports = [scan(source, workers=workers, format="openai_chat").to_dict() for workers in (1, 2, 5)]
        assert reports[0] == reports[1] == reports[2]


@pytest.mark.parametrize("name", list(FORMATS))
def test_the_fast_path_agrees_with_the_precise_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = [
        *[numbered(number) for number in range(5)], tool_chat(), preference(), reinforcement(), completion(),
        chat(message("user", "é😀"), message("assistant", "\U0001f600")),
        reinforcement(note="é"), reinforcement(a=None, b=True, c=1.5), completion("é", "日"), completion("", "x"),
        preference(input={"messages": [message("system"), message("user", "é")]}), chat(message("user", "")),
        preference(preferred_output=[message("assistant", "bad")]), {"messages": [], "x": 1}, {"input": 1},
        chat(message("system"), message("assistant")), chat(message("user"), message("assistant"), message("user")),
    ]  # fmt: skip
    text = jsonl(*examples).decode()
    fast = scan(Source.from_content(text), format=name).to_dict()
    monkeypatch.setattr(type(FORMATS[name]), "bind", lambda _self, _limits: lambda _example: None)
    assert scan(Source.from_content(text), format=name).to_dict() == fast


def test_a_process_that_dies_is_an_error(file: Callable[[bytes], Source], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "MIN_FORK_BYTES", 1)
    monkeypatch.setattr(scan_module._Lines, "tally_all", lambda *_arguments: os.kill(os.getpid(), 9))
    with pytest.raises(DatasetError, match="ended by signal 9"):
        scan(file(b"".join(GOOD)), workers=2)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_where_no_process_can_be_started_one_does_it_all(
    file: Callable[[bytes], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(scan_module, "MIN_FORK_BYTES", 1)
    monkeypatch.setattr(os, "fork", refuse)
    data = b"".join(GOOD)
    report = scan(file(data), workers=2)
    assert (report.ok, report.examples, report.sha256) == (True, 12, hashlib.sha256(data).hexdigest())


def test_a_file_that_changes_meanwhile_is_an_error(
    file: Callable[[bytes], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = file(b"".join(GOOD))
    assert source.path is not None
    path = source.path

    def append(*arguments: Any) -> None:
        with path.open("ab") as stream:
            stream.write(GOOD[0])

    monkeypatch.setattr(scan_module, "_finish", append)
    with pytest.raises(DatasetError, match="changed while it was read"):
        scan(source)


# Sources and names.


def test_sources_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        Source.from_path(tmp_path / "none.jsonl")
    with pytest.raises(DatasetError, match="is a directory"):
        Source.from_path(tmp_path)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(DatasetError, match="pipe, socket or device"):
        Source.from_path(tmp_path / "fifo")
    (tmp_path / "file").write_text("x")
    with pytest.raises(DatasetError, match="part of the path is a file"):
        Source.from_path(tmp_path / "file" / "train.jsonl")
    with pytest.raises(DatasetError, match="not a usable path"):
        Source.from_path("a\0b")


def test_a_file_without_permission_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(GOOD[0])

    # The superuser may read everything, so the refusal is simulated.
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DatasetError, match="permission denied"):
        Source.from_path(path)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (5, "type int"),
        (["text"], "Item 1"),
        ([chat(), None], "Item 2"),
        ([{"a": float("nan")}], "Item 1"),
        ([{"a": {1}}], "Item 1"),
        ("\ud800", "surrogate"),
        ([{"a": "\ud800"}], "surrogate"),
    ],
)
def test_content_that_cannot_be_jsonl_says_why(value: Any, says: str) -> None:
    with pytest.raises(DatasetError, match=says):
        Source.from_content(value)


def test_a_list_and_its_text_are_the_same_content() -> None:
    examples = [chat(message("user", "Grüße"), message("assistant"))]
    source = Source.from_content(examples)
    with source.open() as stream:
        data = stream.read()
    assert data == jsonl(*examples)
    assert (source.bytes, source.label, source.path) == (len(data), "content", None)
    assert scan(source).sha256 == scan(Source.from_content(data.decode())).sha256
    assert scan(Source.from_content(examples[0])).sha256 == scan(source).sha256


def test_remote_names_carry_the_hash() -> None:
    sha256 = hashlib.sha256(b"x").hexdigest()
    name = remote_name("support-bot", sha256)
    assert name == f"support-bot-{sha256[:12]}.jsonl"
    assert parse_remote_name(name) == ("support-bot", sha256[:12])
    assert parse_remote_name("support-bot.jsonl") is None
    assert parse_remote_name(f"support-bot-{sha256[:12]}.jsonl.bak") is None
    with pytest.raises(ValueError, match="must not be empty"):
        remote_name("", sha256)
    with pytest.raises(ValueError, match="64"):
        remote_name("x", sha256[:12])


def test_o3_what_stands_in_data_is_quoted_without_its_control_characters() -> None:
    evil = "\x9b31m\u202e\x1b]0;t\x07"
    call = {"id": "c1", "type": "function", "function": {"name": f"find{evil}", "arguments": "{}"}}
    rows = [
        {"messages": [{"role": "user", "content": "q"}, {"role": f"robot{evil}", "content": evil}], evil: 1},
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [call]}]},
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [call]}], "tools": []},
    ]
    report = scan(Source.from_content(rows), limits=LIMITS["openai"])
    assert report.errors
    assert any(issue.code == "undeclared_tool" for issue in report.warnings)
    assert all(str(issue).isprintable() for issue in (*report.errors, *report.warnings))
