# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection and the sandbox judge data with code of their own, by the same rules.

Datasets of each format are changed in many ways, and given to both. Where the collection finds an error, the sandbox
refuses; where it finds nothing, the sandbox takes the data. Of its warnings, the sandbox refuses those that
docs/sandbox.md lists, and no others. ``LLMOPS_AGREEMENT`` is how many datasets of each kind are tried.
"""

from __future__ import annotations

import copy
import json
import os
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.report import Report
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.source import Source
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.dataset.data_tools import limits_for, scan

Judge = Callable[[Path], "str | None"]
ROUNDS = int(os.environ.get("LLMOPS_AGREEMENT", "180"))
ROOT = Path(__file__).parents[5]

IMAGE = "data:image/png;base64,iVBORw0KGgo="
TOOL = {"type": "function", "function": {"name": "find", "description": "d", "parameters": {"type": "object"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"q": 1}'}}


def strict_codes() -> dict[str, frozenset[str]]:
    """The warnings of which docs/sandbox.md says that the sandbox refuses them, and the kinds of data it says so of."""
    text = (ROOT / "docs" / "sandbox.md").read_text()
    rows = re.findall(r"^\| `([a-z_]+)` \| ([^|]+) \|", text[text.index("## Stricter than the check") :], re.M)
    return {code: frozenset(re.findall(r"`([a-z_0-9/.-]+)`", where)) for code, where in rows}


@dataclass(frozen=True)
class Kind:
    """Data of one format for one host. ``limits``: of the collection; ``judge``: the sandbox's."""

    name: str
    form: str
    limits: tuple[str | None, ...]
    judge: Judge
    rows: tuple[Any, ...]
    count: int

    def look(self, path: Path) -> Report:
        provider, model, kind = (*self.limits, None, None)[:3]
        return scan(Source.from_path(path), format=self.form, limits=limits_for(str(provider), model, kind), workers=1)


def openai(kind: str, dialect: str) -> Judge:
    def judge(path: Path) -> str | None:
        from finetune_sandbox.openai import dataset

        return dataset.check(path, kind, dialect=dialect).message

    return judge


def bedrock(family: str, kind: str, sees: bool = False) -> Judge:
    def judge(path: Path) -> str | None:
        from finetune_sandbox.bedrock import dataset

        content = path.read_bytes()
        data = ("s3://b-1/train.jsonl", len(content), [content])
        return dataset.check(family, kind, data, [], lambda named: None, sees=sees).failure

    return judge


def oci(path: Path) -> str | None:
    from finetune_sandbox.oci import dataset

    return dataset.check([path.read_bytes()], "cohere.command-r-08-2024").failure


def message(role: str, content: Any = "text", **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


CHAT = (
    {"messages": [message("user", "Hello?"), message("assistant", "Hi.")]},
    {
        "messages": [
            message("system"),
            message("user", "é日🚀"),
            message("assistant", "a", weight=0),
            message("user"),
            message("assistant", weight=1),
        ]
    },
    {
        "messages": [
            message("user", name="ann"),
            {"role": "assistant", "content": None, "tool_calls": [CALL, {**CALL, "id": "c2"}]},
            message("tool", tool_call_id="c2"),
            message("tool", tool_call_id="c1"),
            message("assistant"),
        ],
        "tools": [TOOL],
        "parallel_tool_calls": False,
    },
    {
        "messages": [
            message("user"),
            {"role": "assistant", "function_call": {"name": "find", "arguments": "{}"}},
            message("function", name="find"),
            message("assistant", [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "no"}]),
        ],
        "functions": [{"name": "find", "parameters": {}}],
    },
    {
        "messages": [
            message(
                "user",
                [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": IMAGE, "detail": "low"}}],
            ),
            {"role": "assistant", "refusal": "no"},
        ]
    },
)
DPO = (
    {
        "input": {"messages": [message("system"), message("user")], "tools": [], "parallel_tool_calls": True},
        "preferred_output": [message("assistant", "good")],
        "non_preferred_output": [message("assistant", "bad")],
    },
    {
        "input": {"messages": [message("user")], "tools": [TOOL]},
        "preferred_output": [{"role": "assistant", "tool_calls": [CALL]}],
        "non_preferred_output": [message("assistant", "bad")],
    },
)
RFT = (
    {"messages": [message("user")], "answer": 42},
    {
        "messages": [message("developer"), message("user"), message("assistant"), message("user")],
        "reference": {"a": [1]},
    },
    {"messages": [message("system"), message("user")], "tools": [TOOL]},
)
PAIRS = ({"prompt": "6 times 7 is", "completion": " 42"}, {"completion": "ü", "prompt": "x\ny"})


def said(role: str, *blocks: Any) -> dict[str, Any]:
    return {"role": role, "content": [{"text": block} if isinstance(block, str) else block for block in blocks]}


def converse(*messages: Any, **more: Any) -> dict[str, Any]:
    talk = list(messages) or [said("user", "a"), said("assistant", "b")]
    return {"schemaVersion": "bedrock-conversation-2024", "messages": talk, **more}


def medium(kind: str, form: str) -> dict[str, Any]:
    return {kind: {"format": form, "source": {"s3Location": {"uri": f"s3://b-1/a.{form}", "bucketOwner": "1"}}}}


TALKS = (
    converse(),
    converse(system=[{"text": "s"}]),
    converse(said("user", "a", "b"), said("assistant", "c"), said("user", "d"), said("assistant", "e")),
)
NOVA = (*TALKS, converse(said("user", "a", medium("image", "png")), said("assistant", "b")))
THINKING = converse(said("user", "a"), said("assistant", {"reasoningContent": {"reasoningText": {"text": "t"}}}, "b"))
PROMPTS = (
    *TALKS,
    converse(said("user", "a")),
    converse(said("user", {"type": "text", "text": "a"}), system=[{"type": "text", "text": "s"}]),
)
CLAUDE = (
    {"system": "s", "messages": [message("user"), message("assistant")]},
    {"messages": [message("user"), message("assistant"), message("user"), message("assistant")]},
)
GRADED = tuple({**row, "reference_answer": "42"} for row in (RFT[0], {"messages": [message("user")]}))


def kinds() -> Iterator[Kind]:
    for dialect in ("openai", "azure", "compatible"):
        yield Kind(f"openai_chat/{dialect}", "openai_chat", (dialect,), openai("supervised", dialect), CHAT, 10)
        yield Kind(f"openai_preference/{dialect}", "openai_preference", (dialect,), openai("dpo", dialect), DPO, 10)
    yield Kind("openai_reinforcement", "openai_reinforcement", ("openai",), openai("reinforcement", "openai"), RFT, 10)
    yield Kind("openai_completion", "openai_completion", ("openai",), openai("completion", "openai"), PAIRS, 10)
    for name, model, family, sees, rows, count in (
        ("nova", "amazon.nova-lite-v1:0", "nova", True, NOVA, 8),
        ("nova-micro", "amazon.nova-micro-v1:0", "nova-micro", False, TALKS, 8),
        ("nova-2", "amazon.nova-2-lite-v1:0", "nova-2", True, (*NOVA, THINKING), 8),
        ("llama", "meta.llama3-3-70b-instruct-v1:0", "llama-3.3", False, TALKS, 100),
        ("llama-vision", "meta.llama3-2-11b-instruct-v1:0", "llama-3.2", True, NOVA, 100),
    ):
        judge = bedrock(family, "FINE_TUNING", sees)
        yield Kind(f"bedrock_converse/{name}", "bedrock_converse", ("bedrock", model), judge, rows, count)
    distil = "DISTILLATION"
    for name, model in (("nova", "amazon.nova-lite-v1:0"), ("llama", "meta.llama3-2-1b-instruct-v1:0")):
        judge = bedrock("nova" if name == "nova" else "llama-3.2", distil)
        rows = PROMPTS if name == "nova" else (*PROMPTS[:2], *PROMPTS[3:])
        yield Kind(f"bedrock_distillation/{name}", "bedrock_distillation", ("bedrock", model, distil), judge, rows, 100)
    haiku, titan = "anthropic.claude-3-haiku-20240307-v1:0", "amazon.titan-image-generator-v2:0"
    yield Kind("bedrock_claude", "bedrock_claude", ("bedrock", haiku), bedrock("claude", "FINE_TUNING"), CLAUDE, 32)
    graded = "REINFORCEMENT_FINE_TUNING"
    yield Kind(
        "bedrock_reinforcement",
        "bedrock_reinforcement",
        ("bedrock", None, graded),
        bedrock("nova-2", graded),
        GRADED,
        100,
    )
    eight = "meta.llama3-1-8b-instruct-v1:0"
    yield Kind(
        "bedrock_completion", "bedrock_completion", ("bedrock", eight), bedrock("llama-3.1", "FINE_TUNING"), PAIRS, 100
    )
    more = "CONTINUED_PRE_TRAINING"
    inputs = ({"input": "The Hub 2 has four ports."}, {"input": "ü\n"})
    yield Kind(
        "bedrock_pretraining", "bedrock_pretraining", ("bedrock", None, more), bedrock("titan-text", more), inputs, 1
    )
    captions = ({"image-ref": "s3://b-1/a.png", "caption": "A cat."},)
    yield Kind(
        "bedrock_image_caption",
        "bedrock_image_caption",
        ("bedrock", titan),
        bedrock("titan-image", "FINE_TUNING"),
        captions,
        5,
    )
    yield Kind("oci_completion", "oci_completion", ("oci", "cohere.command-r-08-2024"), oci, PAIRS, 32)


KINDS = {kind.name: kind for kind in kinds()}

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 1.0, 2, 1e300, 10**40, "", " ", "text", "\u00a0", "\ufeff"),
    *([], {}, [[]], [{}], [None], ["text"], {"a": 1}, {"text": "a"}, {"type": "text", "text": ""}),
    *({"type": "text", "text": "a"}, {"type": "text"}, {"type": "image_url", "image_url": {"url": IMAGE}}),
    *("user", "assistant", "system", "developer", "tool", "function", "robot", "User"),
    *("<|im_start|>", "a<|fim_suffix|>b", "<|nothing|>", "User: a", "my user: b", "[EOS]", "<image>", "\nHuman: a"),
    *("{}", "[]", '{"a": 1}', '"{}"', '"\\"{}\\""', "{", "null", "find", "c1", "c2", "a b", "x" * 65),
    *("data:image/jpg;base64,iVBORw0KGgo=", "data:image/PNG;base64,iVBORw0KGgo=", "data:image/gif;base64,R0lGODlh"),
    *("data:image/png;base64,", "data:image/png;base64,***=", "data:image/png,AAAA", "https://", "https://h/a.png"),
    *("high", "s3://b-1/a.png", "s3://b-1/a b.png", "s3://B/a", "s3://b-1/", "png", "PNG", "webp", "mp4", "bmp", "jpg"),
    *("bedrock-conversation-2024", "bedrock-conversion-2024", [{"text": "a"}, {"text": "b"}], [{"text": " "}]),
    *([TOOL], [TOOL, TOOL], [{**TOOL, "type": "x"}], [CALL], [CALL, CALL], {"name": "find", "arguments": "{}"}),
    *(
        [{"toolUse": {}}],
        [medium("video", "mp4")],
        [medium("document", "pdf")],
        [medium("image", "webp")],
        medium("image", "png"),
    ),
    *(said("user", "a"), said("assistant", "b"), message("user"), message("assistant"), [message("assistant")]),
    *([message("assistant"), message("assistant")], [message("assistant"), message("user")], "é日🚀"),
)
KEYS = (
    *("messages", "tools", "functions", "parallel_tool_calls", "role", "content", "name", "weight", "tool_calls"),
    *("function_call", "tool_call_id", "refusal", "type", "text", "image_url", "url", "detail", "id", "function"),
    *("arguments", "parameters", "description", "input", "preferred_output", "non_preferred_output", "prompt"),
    *("completion", "schemaVersion", "system", "toolConfig", "image", "video", "document", "format", "source"),
    *("reasoningContent", "reference_answer", "image-ref", "caption", "extra", "ref"),
)


def known_values() -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for kind in KINDS.values():
        for box, key in places([*kind.rows]):
            if isinstance(key, str):
                found.setdefault(key, []).append(box[key])
    found["role"] += ["developer", "tool", "function", "robot"]
    found["weight"] += [True, False, 2, 0.5, 1.0]
    found["arguments"] += ["", "[]", '"{}"', '"[]"', "{", "null"]
    found["url"] += [value for value in VALUES if isinstance(value, str) and value.startswith(("data:", "http"))]
    found["format"] += ["PNG", "jpg", "webp", "webm", "mp4", "bmp"]
    found["uri"] += ["s3://b-1/a b.png", "s3://B/a", "s3://b-1/", "s3://b-1/é.png", "https://b-1/a.png"]
    found["text"] += ["", " ", "User: a", "my user: b", "<unk>", "<|im_end|>"]
    found["content"] += ["", " ", "\nHuman: a", "<|fim_suffix|>", None, [], [{"type": "text", "text": ""}]]
    return found


def places(value: Any, found: list[Any] | None = None) -> list[tuple[Any, Any]]:
    """Every key and every item in it: (its container, its key or index)."""
    found = [] if found is None else found
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            found.append((value, key))
            places(value[key], found)
    return found


LIKELY = known_values()


def likely(key: Any, rng: random.Random) -> Any:
    """A value for a key: often one that stands there in some data."""
    return copy.deepcopy(rng.choice(LIKELY[key] if key in LIKELY and rng.random() < 0.6 else VALUES))


def mutate(row: Any, rng: random.Random) -> None:
    """Change something somewhere."""
    spots = places(row)
    box, key = rng.choice(spots)
    what = rng.random()
    if what < 0.4:
        box[key] = likely(key, rng)
    elif what < 0.5:
        del box[key]
    elif what < 0.64 and isinstance(box, dict):
        new = rng.choice(KEYS)
        box[new] = likely(new, rng)
    elif what < 0.7 and isinstance(box, dict):
        box[rng.choice(KEYS)] = box.pop(key)
    elif what < 0.86 and isinstance(box, list):
        if rng.random() < 0.6:
            box.insert(key, copy.deepcopy(rng.choice((box[key], *VALUES))))
        else:
            rng.shuffle(box)
    else:
        other, from_key = rng.choice(spots)
        box[key] = copy.deepcopy(other[from_key])


def spelt(row: Any, rng: random.Random) -> bytes:
    """A line, now and then one that no writer of JSON would write so."""
    line = json.dumps(row, ensure_ascii=rng.random() < 0.3)
    if rng.random() < 0.9:
        return line.encode()
    faults: tuple[Callable[[], str | bytes], ...] = (
        lambda: line.replace("{", '{"extra": 1, "extra": 2, ', 1),
        lambda: re.sub(r'("role": )', r'"role": "user", \1', line, count=1),
        lambda: line.replace('"', '"\\ud83d', 1) if rng.random() < 0.5 else line.replace(': "', ': "\\udc00', 1),
        lambda: line.replace(': "', ': "\\ud83d\\ude80', 1),
        lambda: line[: rng.randrange(len(line))],
        lambda: line + rng.choice(("", " ", "\r", "x", "}", "\ufeff", "\u00a0", "\x0c", "\t")),
        lambda: rng.choice((" ", "\t", "\ufeff", "\r")) + line,
        lambda: line.encode() + b"\xff",
        lambda: line.encode("utf-16"),
        lambda: rng.choice(("[]", "null", "1", '"text"', "NaN", "[" * 3000, "", " ", "\t", "{}")),
        lambda: line.replace(": ", ": NaN, ", 1) if rng.random() < 0.3 else line.replace("{", '{"extra": NaN, ', 1),
        lambda: line.replace("{", '{"extra": ' + "9" * 5000 + ", ", 1),
        lambda: line.replace("{", '{"extra": ' + "[" * 2000 + "]" * 2000 + ", ", 1),
        lambda: line.replace(": ", ":\r ", 1),
        lambda: line.replace("a", "\x01", 1),
    )
    changed = rng.choice(faults)()
    return changed if isinstance(changed, bytes) else changed.encode("utf-8", "surrogatepass")


def datasets(kind: Kind, seed: str, rounds: int) -> Iterator[bytes]:
    rng = random.Random(f"{kind.name} {seed}")
    for _unused in range(rounds):
        rows = [copy.deepcopy(kind.rows[number % len(kind.rows)]) for number in range(kind.count + 3)]
        lines = [json.dumps(row).encode() for row in rows]
        for _again in range(rng.choice((1,) * 9 + (2,))):
            at = rng.randrange(min(len(lines), 12))
            for _more in range(rng.choice((1,) * 9 + (2,))):
                if places(rows[at]):
                    mutate(rows[at], rng)
            lines[at] = spelt(rows[at], rng)
        if rng.random() < 0.03:
            lines = lines[: kind.count - rng.choice((0, 1))]
        if rng.random() < 0.03:
            lines.insert(rng.randrange(len(lines)), rng.choice((b"", b" ", b"\r")))
        end = b"\r\n" if rng.random() < 0.06 else b"\n"
        data = end.join(lines) + rng.choice((end,) * 40 + (b"", end * 2, end + b" ", b"\r"))
        yield b"\xef\xbb\xbf" * (rng.random() < 0.02) + data


def dispute(kind: Kind, path: Path, strict: dict[str, frozenset[str]]) -> str | None:
    """In which way the two disagree; None where they do not."""
    report, refusal = kind.look(path), kind.judge(path)
    listed = {code for code in report.warning_codes if code in strict and _fits(kind, strict[code])}
    if not report.ok and refusal is None:
        return f"the sandbox takes what the check refuses: {report.errors[0]}"
    if report.ok and not listed and refusal is not None:
        return f"the sandbox refuses what the check takes ({dict(report.warning_codes)}): {refusal}"
    if report.ok and listed and refusal is None:
        return f"the sandbox takes what it is said to refuse: {sorted(listed)}"
    return None


def _fits(kind: Kind, where: frozenset[str]) -> bool:
    return not where or any(kind.name == one or kind.name.startswith(f"{one}/") or kind.form == one for one in where)


@pytest.mark.parametrize("name", list(KINDS))
def test_d9_the_collection_and_the_sandbox_agree(name: str, tmp_path: Path) -> None:
    kind, strict, path = KINDS[name], strict_codes(), tmp_path / "train.jsonl"
    found: dict[str, bytes] = {}
    for data in datasets(kind, "1", ROUNDS):
        path.write_bytes(data)
        told = dispute(kind, path, strict)
        if told:
            found.setdefault(re.sub(r"[0-9]+", "N", told)[:120], data)
            if len(found) > 5:
                break
    shown = "\n".join(f"{told}\n    {_shown(kind, data)}" for told, data in found.items())
    assert not found, shown


def _shown(kind: Kind, data: bytes) -> str:
    plain = {json.dumps(row).encode() for row in kind.rows}
    odd = [line for line in data.split(b"\n") if line not in plain]
    return b" || ".join(line[:700] for line in odd[:3]).decode("utf-8", "replace")


@pytest.mark.parametrize("name", list(KINDS))
def test_d9_what_is_not_changed_is_taken_by_both(name: str, tmp_path: Path) -> None:
    kind, path = KINDS[name], tmp_path / "train.jsonl"
    rows = [{**kind.rows[number % len(kind.rows)]} for number in range(kind.count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = kind.look(path)
    assert (report.ok, report.errors) == (True, [])
    assert set(report.warning_codes) <= {"duplicate_example", "deprecated_functions"}
    assert kind.judge(path) is None
