# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding secrets, and registering them with Ansible, which masks them.

Private to llmops.finetune; may change at any time.

A secret that is masked is the second line of defence. The first: no message quotes what an option or a file of
credentials holds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

_Register = Callable[[Iterable[str]], None]


def _found() -> _Register | None:
    """Since ansible-core 2.22 the controller masks registered values; before, the module does."""
    try:
        from ansible.module_utils.secrets import register_secrets
    except ImportError:
        return None
    register: _Register = register_secrets
    return register


_register = _found()
_LINE = 12  # characters; shorter lines of a longer text are not secret
_SHORTEST = 4  # characters of a value whose option or variable is called a secret
_RANDOM = 20  # characters from which a text of letters and digits is more likely a key than a word
_MIXED = re.compile(r"(?=.*[A-Za-z])(?=.*[0-9])")
_DOUBTFUL = 6  # characters; a shorter value that only may be a secret is not masked
_LONGEST = 1 << 14  # characters; data are longer, keys are not
_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?")
_USER = re.compile(r"[a-z][a-z0-9+.-]*://([^\s/?#@]+)@", re.IGNORECASE)
# Parameters that sign a URL, so that it works without a key: Azure's SAS, presigned requests of S3, other tokens.
_SIGNED = re.compile(
    r"[?&;](?:sig|sign|code|[^=&#\s]*(?:signature|token|secret|passw|credential|key)[^=&#\s]*)=([^&#\s\"']+)",
    re.IGNORECASE,
)
_PREAUTHENTICATED = re.compile(r"/p/([^/\s]{16,})/n/")  # a URL that works without a sign-in
_WORD = re.compile(r"[A-Za-z_ -]{0,40}|[\d.+-]{0,24}")
_PLAIN_PATH = re.compile(r"~?(?:/\.?[a-z][a-z_.-]{0,40})+")
_NAME = re.compile(r"secret|token|pass|key|credential|auth|api", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z0-9_.:@+=,/-]+")
HOST = re.compile(r"(?:localhost|[a-z-]+(?:\.[a-z-]+)+)(?::\d{1,5})?")
_PROXY = re.compile(r"(?:[a-z0-9]+://)?[a-z0-9.-]+(?::\d{1,5})?/?")
_credentials: set[str] = set()
_VARIABLE = re.compile(
    r"(?:.*_)?(?:TOKEN|SECRET|PASSWORD|PASSPHRASE|PASS_PHRASE|(?:SECRET|API|SECRET_ACCESS|PRIVATE)_KEY|KEY_CONTENT"
    r"|BEARER_TOKEN_[A-Z]+)"
)


class Masking(Protocol):
    """The keeper of the registered values: an AnsibleModule, or one of the tasks that share one."""

    no_log_values: set[str]


def declare(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The authentication options of a provider. An invalid value of one of them is treated as a secret."""
    _credentials.update(spec)
    return dict(spec)


def mask(module: Masking, values: Iterable[Any]) -> None:
    """Register texts, and each of their lines, so that no output of the task shows them."""
    texts: set[str] = set()
    for value in values:
        text = "" if value is None else str(value)
        lines = text.replace("\\n", "\n").splitlines()
        texts.update((text, text.strip(), repr(text)[1:-1]))
        if len(lines) > 1:
            texts.update(line.strip() for line in lines if len(line.strip()) >= _LINE)
    texts -= {""}
    module.no_log_values.update(texts)
    if _register is not None and texts:
        _register(texts)


def pieces(text: str) -> Iterator[str]:
    """The secrets that any text can contain: signed URLs, passwords in URLs, keys."""
    if "-----BEGIN" in text and "PUBLIC KEY" not in text and "CERTIFICATE" not in text:
        yield text
    yield from _JWT.findall(text)
    for user in _USER.findall(text):
        yield user
        password = user.partition(":")[2]
        if len(password) >= _SHORTEST:  # masking a shorter one would hide parts of words
            yield password
    if "://" in text:
        yield from (value for value in _SIGNED.findall(text) if len(value) >= _SHORTEST)
        yield from _PREAUTHENTICATED.findall(text)


def of_environment() -> Iterator[str]:
    """The values of variables that hold credentials, and the passwords of proxies."""
    for name, value in os.environ.items():
        if name.lower() == "no_proxy":
            continue
        if name.lower().endswith("_proxy"):
            yield from (piece for piece in pieces(value if "://" in value else f"http://{value}") if piece)
            if not _PROXY.fullmatch(value) and len(value) >= _DOUBTFUL:
                yield value
        elif _VARIABLE.fullmatch(name) and len(value) >= _DOUBTFUL and not _WORD.fullmatch(value):
            yield value


def of_options(spec: Mapping[str, Any], values: Any) -> Iterator[str]:
    """The secrets among the options of a task, valid or not, as far as they can be recognised."""
    if not isinstance(values, Mapping):
        yield from (text for text in leaves(values) if len(text) >= _DOUBTFUL)
        return
    names = {name: name for name in spec}
    names.update({alias: name for name, option in spec.items() for alias in option.get("aliases", ())})
    for name, value in values.items():
        own = names.get(str(name))
        if own is not None:
            yield from _of_option(spec[own], value)
            if own.startswith("extra_"):
                yield from of_entries(value)
            elif own in _credentials and not spec[own].get("no_log"):
                yield from _odd(own, spec[own], value)
        elif not str(name).startswith("_ansible") and _NAME.search(str(name)):
            yield from (text for text in leaves(value) if len(text) >= _DOUBTFUL)
        else:
            yield from (piece for text in leaves(value) for piece in pieces(text))


def of_entries(part: Any, named: bool = False) -> Iterator[str]:
    """The secrets in a mapping with the user's own keys (headers, a body), by the key's name or the value's form.

    A plain word is not taken for a secret, because masking it would hide it everywhere.
    """
    if isinstance(part, Mapping):
        for name, value in part.items():
            yield from of_entries(value, named or bool(_NAME.search(str(name))) or "cookie" in str(name).lower())
    elif isinstance(part, (list, tuple)):
        for value in part:
            yield from of_entries(value, named)
    elif isinstance(part, str):
        scheme, _blank, rest = part.partition(" ")
        if named and len(part) >= _SHORTEST:
            yield part
            if rest and scheme.lower() in ("bearer", "basic"):
                yield rest
        elif len(part) >= _RANDOM and _MIXED.search(part) and " " not in part:
            yield part


def _of_option(option: Mapping[str, Any], value: Any) -> Iterator[str]:
    kind, choices = option.get("type", "str"), option.get("choices")
    if option.get("no_log"):
        yield from leaves(value)
    elif "options" in option:
        several = value if isinstance(value, list) else [value]
        for each in several:
            if each is not None:
                yield from of_options(option["options"], each)
    elif kind == "path":
        if isinstance(value, str) and not is_path(value) and len(value) >= _DOUBTFUL:
            yield value
        for text in leaves(value):
            yield from pieces(text)  # a message may contain the path as it was expanded
    elif kind != "raw":
        # Ansible quotes a text that is not a number, or not one of the choices.
        wrong = kind in ("bool", "int", "float") or (choices and value not in choices)
        for text in leaves(value):
            if wrong and not _WORD.fullmatch(text) and len(text) >= _DOUBTFUL:
                yield text
            yield from pieces(text)
    elif isinstance(value, str) and len(value) <= _LONGEST and not any(map(str.isspace, value)):
        yield from pieces(value)  # only a URL in it, not the data themselves


def _odd(name: str, option: Mapping[str, Any], value: Any) -> Iterator[str]:
    """The value of an authentication option, if it cannot be a valid one."""
    kind, choices = option.get("type", "str"), option.get("choices")
    for text in leaves(value):
        if kind == "path":
            odd = not is_path(text) or (not text.startswith(("/", "~", "./", "../")) and not Path(text).exists())
        elif kind in ("bool", "int", "float") or choices:
            odd = not _WORD.fullmatch(text) and not (choices and text in choices)
        elif "url" in name or "endpoint" in name:
            odd = not HOST.fullmatch(text) and (not text.startswith(("http://", "https://")) or "?" in text)
        else:
            odd = not _PLAIN.fullmatch(text) and not is_word(text.replace(" ", ""))
        if odd and len(text) >= _DOUBTFUL:
            yield text


def leaves(value: Any) -> Iterator[str]:
    """The texts in plain data."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from leaves(each)
    elif isinstance(value, str) and value and len(value) <= _LONGEST:
        yield value


def is_path(text: str) -> bool:
    """Whether a text can be the path of a file; a key, a token or JSON cannot."""
    if len(text) > 1024 or "-----BEGIN" in text or not text.isprintable() or text.lstrip().startswith(("{", "[")):
        return False
    if any(len(part) > 255 for part in text.split("/")) or _JWT.search(text) or _USER.search(text):
        return False
    if text.startswith("MI") and len(text) > 100:
        return False  # a key without its first line begins like this
    # A file's name has a folder, an end, or is a word.
    return text.startswith("~") or "/" in text or "." in text or bool(_WORD.fullmatch(text))


def no_file(path: str) -> str:
    """The message about a missing file; it has the path only if the text is certainly one."""
    name = f"'{path}'" if _PLAIN_PATH.fullmatch(path) else "of that name"
    return f"there is no file {name} where the module runs."


def is_word(name: str) -> bool:
    """Whether a text is certainly a name: short, or only letters."""
    return bool(re.fullmatch(r"[A-Za-z_-]{1,20}|[\w-]{1,8}", name))
