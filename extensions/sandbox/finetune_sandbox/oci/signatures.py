# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may call: a key pair, a configuration file for it, and the check of request signatures.

Source: OCI documentation, "Request Signatures". RSA with SHA-256 over the headers that the Authorization header names.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug import Request

from finetune_sandbox.oci.errors import OciError
from finetune_sandbox.server.web import raw_target

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

SKEW = 300.0
_MAX_BODY = 4 << 20
_CHUNK = 1 << 18
_BODY_HEADERS = ("content-length", "content-type", "x-content-sha256")
_key_lock = threading.Lock()


@cache
def _made_key() -> RSAPrivateKey:
    # Imported here: sandboxes whose OCI part nobody asks for need not wait for it.
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(65537, 2048)


def private_key() -> RSAPrivateKey:
    """The key of this process, made when it is first needed."""
    with _key_lock:
        return _made_key()


@cache
def private_pem() -> bytes:
    """The key as a file has it."""
    from cryptography.hazmat.primitives import serialization

    pem = private_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem + b"OCI_API_KEY\n"  # without this label oci-cli warns


@cache
def fingerprint() -> str:
    """MD5 of the public key, as OCI shows it."""
    from cryptography.hazmat.primitives import serialization

    public = private_key().public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashlib.md5(der, usedforsecurity=False).hexdigest()
    return ":".join(digest[index : index + 2] for index in range(0, 32, 2))


@dataclass(frozen=True)
class Identity:
    """Whose requests are accepted."""

    tenancy: str
    user: str
    region: str

    @property
    def key_id(self) -> str:
        """As an API key signs."""
        return f"{self.tenancy}/{self.user}/{fingerprint()}"

    @property
    def session_token(self) -> str:
        """A security token; it never runs out."""
        claims = {"sub": self.user, "tenant": self.tenancy, "iat": 0, "exp": 4102444800}
        parts = [{"alg": "RS256", "typ": "JWT"}, claims]
        texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
        return ".".join((*texts, texts[0]))

    def write(self, folder: Path) -> Path:
        """Write a configuration file, its key and a security token; returns the path of the file."""
        key, token, config = folder / "key.pem", folder / "token", folder / "config"
        common = f"fingerprint={fingerprint()}\ntenancy={self.tenancy}\nregion={self.region}\nkey_file={key}\n"
        profiles = (
            f"[DEFAULT]\nuser={self.user}\n{common}",
            f"[SESSION]\nuser={self.user}\n{common}security_token_file={token}\n",
        )
        contents = ((key, private_pem()), (token, self.session_token.encode()), (config, "\n".join(profiles).encode()))
        for path, content in contents:
            path.touch(mode=0o600)
            path.write_bytes(content)
        return config


def is_signed(request: Request) -> bool:
    """Whether the request has a signature in OCI's scheme."""
    return bool(request.headers.get("Authorization", "").lower().startswith("signature "))


def claimed_key(request: Request) -> str:
    """The fingerprint, or the end of the token, that a request claims to have signed with; unverified."""
    return _fields(request).get("keyId", "")


def _fields(request: Request) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="([^"]*)"', request.headers.get("Authorization", "")))


def _refused(reason: str) -> OciError:
    message = "The required information to complete authentication was not provided or was incorrect."
    return OciError(401, "NotAuthenticated", f"{message} ({reason})")


def verify(request: Request, identity: Identity, streamed: bool) -> None:
    """Check a request; OciError 401. streamed: an upload, whose body is neither signed nor read here."""
    if not is_signed(request):
        raise _refused("there is no Authorization header with a signature")
    fields = _fields(request)
    for name in ("keyId", "headers", "signature", "algorithm"):
        if not fields.get(name):
            raise _refused(f"the Authorization header lacks {name}")
    if fields["algorithm"] != "rsa-sha256" or fields.get("version", "1") != "1":
        raise _refused("the algorithm must be rsa-sha256 and the version 1")
    if fields["keyId"] not in {identity.key_id, f"ST${identity.session_token}"}:
        raise _refused("the key is not known")
    names = fields["headers"].split(" ")
    wanted = ["(request-target)", "host"]
    if request.method in {"POST", "PUT", "PATCH"} and not streamed:
        wanted += _BODY_HEADERS
    for name in wanted:
        if name not in names:
            raise _refused(f"the header {name} must be signed")
    date = "x-date" if "x-date" in names else "date"
    if date not in names:
        raise _refused("the header date must be signed")
    _check_date(request.headers.get(date, ""))
    text = "\n".join(_lines(request, names))
    _check_signature(fields["signature"], text)
    claimed = request.headers.get("x-content-sha256")
    if not streamed and claimed is not None:
        actual = base64.b64encode(hashlib.sha256(body(request)).digest()).decode()
        if claimed != actual:
            raise _refused("x-content-sha256 does not match the body")


def _lines(request: Request, names: list[str]) -> Iterator[str]:
    for name in names:
        if name == "(request-target)":
            path, query = raw_target(request)
            yield f"{name}: {request.method.lower()} {path}{'?' + query if query else ''}"
            continue
        value = request.headers.get(name)
        if value is None:
            raise _refused(f"the signed header {name} is missing")
        yield f"{name}: {value}"


def _check_date(text: str) -> None:
    try:
        signed_at = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError) as error:
        raise _refused(f"the date {text!r} is not valid") from error
    if abs(time.time() - signed_at) > SKEW:
        raise _refused(f"the date {text!r} is not within the allowed clock skew of {SKEW:g} seconds")


def _check_signature(sent: str, text: str) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    try:
        signature = base64.b64decode(sent, validate=True)
        private_key().public_key().verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (binascii.Error, InvalidSignature) as error:
        raise _refused("the signature does not match") from error


def body(request: Request) -> bytes:
    """The whole body of a request whose body is small. Read once, kept."""
    kept = request.environ.get("finetune_sandbox.body")
    if isinstance(kept, bytes):
        return kept
    parts = []
    size = 0
    while part := request.environ["wsgi.input"].read(_CHUNK):
        size += len(part)
        if size > _MAX_BODY:
            raise OciError(413, "RequestEntityTooLarge", "The request body is too large.")
        parts.append(part)
    content = b"".join(parts)
    request.environ["finetune_sandbox.body"] = content
    return content
