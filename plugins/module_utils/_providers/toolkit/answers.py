# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads and checks the answers of hosts. No answer is trusted: other code sees it only after the check.

Private to llmops.finetune; may change at any time.

A :data:`Kind` declares the members of an answer that are read. Members that decide (ids, states, times, ownership tags,
the list of a listing) must be of their kind, or the whole answer is refused: :class:`Odd`, which a client turns into
NoAnswer. Members that only describe may be anything; they are ignored if they are not usable. A table of rules for each
provider decides the meaning of an error.
"""

from __future__ import annotations

import html
import json
import math
import re
import time
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ..._engine.coerce import timestamp
from ..._engine.compare import number
from ..._engine.errors import ApiError, NoAnswer, RateLimited, TransientError

_T = TypeVar("_T")

Kind = Callable[[Any, str], None]
"""Raises :class:`Odd` for a value that is not of the kind. The second argument is the value's path in the answer."""

BROKEN: tuple[type[Exception], ...] = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RuntimeError,  # includes RecursionError
)
"""The exceptions that a library raises if it does not expect an answer."""

_DEEPEST = 64  # levels of nested objects and lists
_DIGITS = 300  # a whole number with more digits is treated as infinite
_WORD, _NAME = 200, 2048  # characters
_FIRST, _LAST = -62135596800.0, 253402300799.0  # the years 1 to 9999, in unix time
_QUOTED = 300  # characters of a host's text that a message quotes
_TITLE = 80
_DAY = 86400.0
_MOST_PAGES = 100_000
_HTML = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|title|h1|center)\b", re.I | re.S)
_TITLES = tuple(re.compile(rf"<{tag}\b[^>]*>(.*?)</{tag}", re.I | re.S) for tag in ("title", "h1"))
_TAG = re.compile(r"<[^>]*>")
_ELSEWHERE = "neither data nor credentials are sent there"
_PORTS = {"http": 80, "https": 443}


class Odd(ValueError):
    """An answer is not one of the API; the message gives the reason."""


# -- reading ---------------------------------------------------------------------------------------------------


def parse(body: bytes) -> Any:
    """The JSON value in a body. Raises Odd if the body is not JSON, or nested too deep."""
    if not body.strip():
        raise Odd("it is empty")
    if is_page(body):
        raise Odd(f"it is {page_of(body)}")
    try:
        found = json.loads(body.decode(json.detect_encoding(body)), parse_int=_whole)
    except UnicodeDecodeError as error:
        raise Odd("it is not text") from error
    except (ValueError, RecursionError) as error:
        raise Odd("it is not JSON") from error
    limited(found)
    return found


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else math.inf


def limited(value: Any) -> None:
    """Raise Odd for a value with more than ``_DEEPEST`` levels: recursive code could not handle it."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > _DEEPEST:
            raise Odd("its parts are nested too deep")
        level = [
            part
            for item in level
            if isinstance(item, (Mapping, list))
            for part in (item.values() if isinstance(item, Mapping) else item)
            if isinstance(part, (Mapping, list))
        ]


def cleaned(value: Any) -> Any:
    """A copy that other code can use. A number that is not finite or too large becomes None, and a lone surrogate in a
    text is replaced."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {cleaned(key): cleaned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value if number(value) is not None else None
    return value


def checked(value: Any, kind: Kind) -> Any:
    """The cleaned value. Raises Odd if it is not of the kind."""
    limited(value)
    kind(value, "")
    return cleaned(value)


# -- kinds -----------------------------------------------------------------------------------------------------


def anything(value: Any, where: str) -> None:
    """Any value. The code does not read it, or only if it is usable."""


def text(value: Any, where: str) -> None:
    """A text, perhaps an empty one."""
    if not isinstance(value, str):
        raise Odd(f"{where} is {_called(value)}, not a text")


def name(value: Any, where: str) -> None:
    """A text that identifies something: not empty, at most ``_NAME`` characters, without control characters."""
    text(value, where)
    if not value.strip():
        raise Odd(f"{where} is empty")
    if len(value) > _NAME or any(unicodedata.category(char) in ("Cc", "Cs") for char in value):
        raise Odd(f"{where} is not a name")


def label(value: Any, where: str) -> None:
    """A name or an empty text: the id or name of something that may not exist."""
    text(value, where)
    if value:
        name(value, where)


def word(value: Any, where: str) -> None:
    """A name of at most ``_WORD`` characters, such as a state."""
    name(value, where)
    if len(value) > _WORD:
        raise Odd(f"{where} is not a word")


def flag(value: Any, where: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise Odd(f"{where} is {_called(value)}, not true or false")


def amount(value: Any, where: str) -> None:
    """A number, zero or above."""
    if isinstance(value, (str, bool)) or (number(value) or 0) < 0 or number(value) is None:
        raise Odd(f"{where} is {_called(value)}, not an amount")


def setting(value: Any, where: str) -> None:
    """A number or any text."""
    if not isinstance(value, str) and number(value) is None:
        raise Odd(f"{where} is {_called(value)}, not a setting")


def moment(value: Any, where: str) -> None:
    """A time from year 1 to 9999 in the forms that hosts use: unix time, ISO 8601, or a datetime of the library."""
    if isinstance(value, datetime):
        try:
            value = value.astimezone(timezone.utc)
        except (OverflowError, ValueError) as error:
            raise Odd(f"{where} is not a time") from error
    try:
        found = timestamp(value)
    except (OverflowError, ValueError) as error:
        raise Odd(f"{where} is not a time") from error
    if found is None or not _FIRST <= found <= _LAST:
        raise Odd(f"{where} is {_called(value)}, not a time" if found is None else f"{where} is not a time")


def maybe(kind: Kind) -> Kind:
    """Null, or a value of the kind."""

    def check(value: Any, where: str) -> None:
        if value is not None:
            kind(value, where)

    return check


def each(kind: Kind) -> Kind:
    """A list with values of the kind."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, list):
            raise Odd(f"{where or 'it'} is {_called(value)}, not a list")
        for index, item in enumerate(value):
            kind(item, f"{where}[{index}]")

    return check


def pairs(kind: Kind) -> Kind:
    """An object with any keys, and values of the kind."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, Mapping):
            raise Odd(f"{where or 'it'} is {_called(value)}, not an object")
        for key, item in value.items():
            kind(item, f"{where}.{_cut(str(key), _TITLE)}")

    return check


def record(needs: Mapping[str, Kind], may: Mapping[str, Kind] | None = None) -> Kind:
    """An object. ``needs``: the members that must exist. ``may``: the members that may be missing or null."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, Mapping):
            raise Odd(f"{where or 'it'} is {_called(value)}, not an object")
        before = f"{where}." if where else ""
        for key, kind in needs.items():
            if key not in value:
                raise Odd(f"{before}{key} is missing")
            kind(value[key], f"{before}{key}")
        for key, kind in (may or {}).items():
            if value.get(key) is not None:
                kind(value[key], f"{before}{key}")

    return check


def _called(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return "a number" if isinstance(value, (int, float)) else "a text" if isinstance(value, str) else "something else"


# -- pages -----------------------------------------------------------------------------------------------------


def pages(fetch: Callable[[Any], tuple[Iterator[_T] | list[_T], Any]]) -> Iterator[_T]:
    """Yields the items of all pages.

    ``fetch`` takes the mark of a page (None for the first one). It returns the items and the mark of the next page.
    Raises Odd if a mark comes again, because such a listing never ends and is not complete. The same is assumed after
    ``_MOST_PAGES`` pages.
    """
    seen: set[Any] = set()
    mark = None
    while True:
        items, mark = fetch(mark)
        yield from items
        if not mark:
            return
        if mark in seen or len(seen) >= _MOST_PAGES:
            raise Odd("its pages begin again and again")
        seen.add(mark)


# -- errors ----------------------------------------------------------------------------------------------------


SERVER_ERRORS = frozenset(range(500, 600))
NOT_IMPLEMENTED = 501  # a clear refusal at most hosts; other server errors leave the outcome open


@dataclass(frozen=True)
class ErrorAnswer:
    """An error that a host answered with.

    ``doing``: the call, for the message. ``message``: the host's message. ``marks``: further details that identify the
    error, for the message. ``verb``: the purpose of the call, in the words of the provider's rules. ``retry_after``:
    the value of the header Retry-After.
    """

    doing: str
    status: int
    message: str
    code: str = ""
    marks: Sequence[str] = ()
    verb: str = ""
    retry_after: Any = None


@dataclass(frozen=True)
class ErrorRule:
    """The meaning of an error answer: ``error`` is the engine's exception, ``hint`` its hint.

    The rule holds if each condition that is set holds. ``statuses``, ``codes``, ``verbs``: the answer has one of them.
    ``words``: the message contains one of them. ``pause``: seconds until the next try, for errors of hosts that give
    no time; it replaces the header. ``at_most``: see RateLimited.
    """

    error: type[ApiError] | type[TransientError]
    hint: str = ""
    statuses: Collection[int] = ()
    codes: Collection[str] = ()
    words: Collection[str] = ()
    verbs: Collection[str] = ()
    pause: float | None = None
    at_most: float | None = None

    def holds(self, answer: ErrorAnswer) -> bool:
        """Whether the rule applies to this answer."""
        return (
            (not self.statuses or answer.status in self.statuses)
            and (not self.codes or answer.code in self.codes)
            and (not self.words or any(word in answer.message for word in self.words))
            and (not self.verbs or answer.verb in self.verbs)
        )


_REFUSAL = ErrorRule(ApiError)


def classify_error(answer: ErrorAnswer, rules: Sequence[ErrorRule]) -> ApiError | TransientError:
    """The engine's error for an answer, by the first rule that holds. If no rule holds, it is an ApiError."""
    rule = next((rule for rule in rules if rule.holds(answer)), _REFUSAL)
    brief = f"{answer.doing}: {answer.message or answer.code or 'refused'}"
    text = f"{brief} ({', '.join([f'HTTP {answer.status}', *filter(None, answer.marks)])})"
    retry_after = pause_of(answer.retry_after, time.time())
    status, code = answer.status, answer.code
    if issubclass(rule.error, TransientError):
        return rule.error(text, hint=rule.hint, retry_after=retry_after)
    if issubclass(rule.error, RateLimited):
        return rule.error(
            text,
            hint=rule.hint,
            status=status,
            code=code,
            retry_after=rule.pause if rule.pause is not None else retry_after,
            at_most=rule.at_most,
            brief=brief,
        )
    return rule.error(text, hint=rule.hint, status=status, code=code)


def redirect_error(doing: str, status: int, target: str, hint: str) -> ApiError:
    """The error for a redirect to another host. Clients do not follow it."""
    return ApiError(f"{doing}: {describe_redirect(target, f' (HTTP {status})')}.", hint=hint, status=status)


def describe_redirect(target: str, mark: str = "") -> str:
    """Describes a redirect to another host, for a message."""
    return f"the host answered with a redirect to {host_of(target)}{mark}; {_ELSEWHERE}"


def odd_error(doing: str, error: Exception, *, answer: str = "the answer", api: str, hint: str) -> NoAnswer:
    """The error for an answer that is not one of the API."""
    why = str(error) if isinstance(error, Odd) else type(error).__name__
    return NoAnswer(f"{doing}: {answer} is not one of {api}: {why}.", hint=hint)


# -- texts for messages -----------------------------------------------------------------------------------------


def is_page(text: str | bytes) -> bool:
    """Whether this is an HTML page, for example of a proxy, a login, or a wrong address."""
    start = text[:4096]
    if isinstance(start, bytes):
        start = start.decode("utf-8", "replace")
    return _HTML.match(start.lstrip("\ufeff")) is not None


def quote_host(text: Any, limit: int = _QUOTED) -> str:
    """A host's text for a message of one line: cut, without control characters. For an HTML page only its title.

    Empty if it is not a text.
    """
    if isinstance(text, bytes):
        text = text[: 1 << 16].decode("utf-8", "replace")
    if not isinstance(text, str):
        return ""
    return f"{page_of(text)} was answered" if is_page(text) else _cut(text, limit)


def page_of(text: str | bytes) -> str:
    """Describes an HTML page by its title, for a message."""
    start = text[: 1 << 16]
    if isinstance(start, bytes):
        start = start.decode("utf-8", "replace")
    found = next((match for title in _TITLES if (match := title.search(start))), None)
    title = _cut(html.unescape(_TAG.sub(" ", found.group(1))), _TITLE) if found else ""
    return f"an HTML page ('{title}')" if title else "an HTML page"


def _cut(text: str, limit: int) -> str:
    """The text on one line, without control characters, at most ``limit`` characters."""
    # Three times the limit is read, because most of the characters may be removed.
    line = "".join(
        char if unicodedata.category(char)[0] not in "CZ" else " " if char.isspace() or char < " " else ""
        for char in text[: 3 * limit]
    )
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 3] + "..."


def pause_of(header: Any, now: float) -> float | None:
    """The seconds of a Retry-After: a number, or an HTTP date (RFC 9110). None if it is neither, or above one day."""
    found = number(header)
    if found is None:
        date = date_of(header)
        found = None if date is None else max(0.0, date - now)
    return float(found) if found is not None and 0 <= found <= _DAY else None


def date_of(header: Any) -> float | None:
    """The unix time of an HTTP date (RFC 9110), such as the header Date. None if it is not a date."""
    try:
        return parsedate_to_datetime(str(header)).timestamp()
    except (TypeError, ValueError, LookupError, OverflowError):
        return None


def is_elsewhere(asked: str, target: str) -> bool:
    """Whether a redirect leads to another host, port or scheme. From http (80) to https (443) on one host it does not.

    True for an address that cannot be read.
    """
    try:
        here, there = urlsplit(asked), urlsplit(target)
        if not there.netloc and not there.scheme:
            return False
        mine = (here.scheme, here.hostname, here.port or _PORTS.get(here.scheme))
        other = (there.scheme or here.scheme, there.hostname, there.port or _PORTS.get(there.scheme or here.scheme))
    except ValueError:
        return True
    return other != mine and not (mine == ("http", other[1], 80) and other[::2] == ("https", 443))


def host_of(target: str) -> str:
    """The host of an address, for a message; "another host" if it is not readable."""
    try:
        return quote_host(urlsplit(target).netloc.rpartition("@")[2], _TITLE) or "another host"
    except ValueError:
        return "another host"
