# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How requests to OCI are signed: the choice of the credential, the profile, the key and the token.

Private to llmops.finetune; may change at any time.

A message never contains a line of a file or a value that could be a secret: a user may put the key itself into another
option by mistake.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import time
from collections.abc import Callable, Mapping
from configparser import ConfigParser
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._engine.compare import number
from ..._engine.errors import InvalidInput
from ..._engine.secrets import declare, is_path, is_word, mask, no_file
from ..toolkit.client import TRIM, check_file, check_path, decode, fill_from_environment, is_file, load, read_profiles

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

PURPOSE = "to reach Oracle Cloud Infrastructure"
_AUTH_TYPES = ["api_key", "instance_principal", "resource_principal", "security_token", "oke_workload_identity"]
# The fragment llmops.finetune.oci documents these options. The names and the environment variables are those of the
# collection oracle.oci. It has no option for the content of the key; that option is named after the one for the file.
SPEC: dict[str, Any] = {
    "config_file_location": {"type": "path"},
    "config_profile_name": {"type": "str"},
    "api_user": {"type": "str"},
    "api_user_fingerprint": {"type": "str"},
    "api_user_key_file": {"type": "path"},
    "api_user_key_content": {"type": "str", "no_log": True},
    "api_user_key_pass_phrase": {"type": "str", "no_log": True},
    "tenancy": {"type": "str"},
    "region": {"type": "str"},
    "cert_bundle": {"type": "path"},
    "auth_type": {"type": "str", "choices": _AUTH_TYPES},
}
declare(SPEC)
_ENVIRONMENT = {
    "config_file_location": "OCI_CONFIG_FILE",
    "config_profile_name": "OCI_CONFIG_PROFILE",
    "api_user": "OCI_USER_ID",
    "api_user_fingerprint": "OCI_USER_FINGERPRINT",
    "api_user_key_file": "OCI_USER_KEY_FILE",
    "api_user_key_content": "OCI_USER_KEY_CONTENT",
    "api_user_key_pass_phrase": "OCI_USER_KEY_PASS_PHRASE",
    "tenancy": "OCI_TENANCY",
    "region": "OCI_REGION",
    "cert_bundle": "OCI_ANSIBLE_CERT_BUNDLE",
    "auth_type": "OCI_ANSIBLE_AUTH_TYPE",
}
# Option to entry of the configuration file. The last entry never comes from the file: the SDK refuses it there.
_ENTRIES = {
    "api_user": "user",
    "api_user_fingerprint": "fingerprint",
    "api_user_key_file": "key_file",
    "api_user_key_pass_phrase": "pass_phrase",
    "tenancy": "tenancy",
    "region": "region",
    "api_user_key_content": "key_content",
}
_KEYS = ("api_user_key_file", "api_user_key_content")
_IDENTITY = ("api_user", "api_user_fingerprint", *_KEYS)
_PROFILE = ("config_file_location", "config_profile_name")
_FROM_PROFILE = ("api_key", "security_token")  # the other kinds need no file and no key
_TOKEN = "security_token_file"
_DEFAULT_FILE = "~/.oci/config"
_DEFAULT_PROFILE = "DEFAULT"
_WHERE = (
    "Check config_file_location, config_profile_name, api_user, api_user_fingerprint, api_user_key_file, "
    "api_user_key_pass_phrase, tenancy and region, or their environment variables, where the module runs."
)
_NEW_TOKEN = "Make a new one with 'oci session authenticate', or keep it alive with 'oci session refresh'."
HINTS = {
    "api_key": "Check api_user, api_user_fingerprint, api_user_key_file and tenancy, or the profile; and the clock.",
    "security_token": f"The session token has run out or is not known. {_NEW_TOKEN} Check region and the clock, too.",
    "": "The identity of this host was not accepted. Check its dynamic group, its policies and the clock.",
}


@dataclass(frozen=True)
class Credential:
    """The credential that a task describes.

    ``options``: the values from the task or the environment, by option name. ``named``: the options that the task
    itself sets; they have priority over the environment.
    """

    options: dict[str, Any]
    named: frozenset[str] = field(default_factory=frozenset)

    def key(self) -> tuple[Any, ...]:
        """A value that is equal for equal credentials only."""
        return (*self.options.items(), self.named)


@dataclass(frozen=True)
class SignIn:
    """The arguments of the SDK's clients. ``kind``: the auth_type that signs the requests."""

    config: dict[str, Any]
    signer: Any
    kind: str

    @property
    def hint(self) -> str:
        """The advice for the user if OCI refuses the credential."""
        return HINTS.get(self.kind, HINTS[""])


def read_credential(module: AnsibleModule) -> Credential:
    """Read the credential from the task's options. The environment gives the values of options that are not set.

    Raises InvalidInput for values that cannot be right.
    """
    options = {option: module.params.get(option) or None for option in SPEC}
    named = frozenset(option for option, value in options.items() if value)
    if options["api_user_key_file"] and options["api_user_key_content"]:
        raise InvalidInput("api_user_key_file and api_user_key_content are both given.", hint="Give one of them.")
    fill_from_environment(options, _ENVIRONMENT)
    if options["api_user_key_file"] and options["api_user_key_content"]:
        # At least one of the two comes from the environment. Keep the one that the task sets, else the content.
        options["api_user_key_content" if "api_user_key_file" in named else "api_user_key_file"] = None
    mask(module, (options[option] for option in ("api_user_key_content", "api_user_key_pass_phrase")))
    kind = options["auth_type"]
    if kind is not None and kind not in _AUTH_TYPES:
        raise InvalidInput(
            "auth_type, which is read from OCI_ANSIBLE_AUTH_TYPE, has an unknown value; it is one of "
            f"{', '.join(_AUTH_TYPES)}."
        )
    if "auth_type" not in named and (
        named & {*_IDENTITY} or (named & {*_PROFILE} and kind is not None and kind not in _FROM_PROFILE)
    ):
        options["auth_type"] = "api_key" if named & {*_IDENTITY} else None
    check_path(module, "config_file_location", options["config_file_location"])
    key_file = options["api_user_key_file"]
    check_path(module, "api_user_key_file", key_file, "Give the key itself as api_user_key_content.")
    for option in ("api_user", "api_user_fingerprint", "tenancy", "region"):
        _check_no_blank(module, option, options[option])
    check_file(module, "cert_bundle", options["cert_bundle"])
    return Credential(options, named)


def _check_no_blank(module: AnsibleModule, option: str, value: Any) -> None:
    text = str(value or "")
    if len(text.split()) > 1 or text != text.strip():
        mask(module, [text])
        raise InvalidInput(f"{option} has a space or a line break in it.", hint=TRIM)


def sign_in(module: AnsibleModule, credential: Credential) -> SignIn:
    """Make the signer. No call is made, except for the token of a principal.

    Raises InvalidInput if the credential is incomplete or cannot be read.
    """
    options = credential.options
    kind = options["auth_type"]
    if kind is not None and kind not in _FROM_PROFILE:
        return SignIn({"region": options["region"]} if options["region"] else {}, _make_principal(module, kind), kind)
    profile = _find_profile(module, credential)
    kind = kind or _choose_kind(profile, credential)
    config = _merge_config(profile, credential)
    for option in ("api_user", "api_user_fingerprint", "tenancy", "region"):
        _check_no_blank(module, option, config.get(_ENTRIES[option]))
    if not config.get("region"):
        raise InvalidInput("region is missing.", hint="Give it, or set OCI_REGION where the module runs.")
    if kind == "security_token":
        token = _read_token(module, config)
        signer = load("oci.auth.signers", PURPOSE).SecurityTokenSigner(token, _read_private_key(module, config))
        return SignIn(_strip_config(config), signer, kind)
    _check_complete(config)
    return SignIn(_strip_config(config), _make_signer(config, _read_private_key(module, config)), kind)


def _make_signer(config: Mapping[str, Any], key: Any) -> Any:
    """The SDK's signer with a key that is already loaded.

    The SDK's own constructor would read the key from text again, and would report problems in its own words.
    """
    kind = load("oci.signer", PURPOSE).Signer
    signer = kind.__new__(kind)
    signer.api_key = "/".join(config[entry] for entry in ("tenancy", "user", "fingerprint"))
    signer.private_key = key
    signed = ["date", "(request-target)", "host"]
    signer.create_signers(signer.api_key, key, signed, ["content-length", "content-type", "x-content-sha256"])
    return signer


def _strip_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration without secrets and without other entries of the profile.

    The signer already has the secrets. The SDK would react to some of the other entries.
    """
    kept = {entry: config[entry] for entry in ("user", "fingerprint", "tenancy", "region") if config.get(entry)}
    return {"log_requests": False, "additional_user_agent": "", "pass_phrase": None, "key_file": "signer", **kept}


def _check_complete(config: Mapping[str, Any]) -> None:
    missing = [option for option, entry in _ENTRIES.items() if option not in _KEYS and not config.get(entry)]
    missing = [option for option in missing if option != "api_user_key_pass_phrase"]
    if not config.get("key_file") and not config.get("key_content"):
        missing.append("api_user_key_file")
    problems = [f"{option} is missing" for option in missing]
    patterns = load("oci.config", PURPOSE).PATTERNS
    for option in ("api_user", "api_user_fingerprint", "tenancy"):
        entry = _ENTRIES[option]
        if config.get(entry) and not patterns[entry].match(config[entry]):
            problems.append(f"{option} is malformed")
    if problems:
        hint = _WHERE
        if config.get(_TOKEN):
            hint = "The profile has a security_token_file: with auth_type security_token, requests are signed with it."
        raise InvalidInput(f"The credential is not complete: {', '.join(sorted(problems))}.", hint=hint)


# -- the profile -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Profile:
    """A profile of the configuration file. ``own``: its own entries. ``inherited``: the entries of [DEFAULT]."""

    own: dict[str, str] = field(default_factory=dict)
    inherited: dict[str, str] = field(default_factory=dict)

    @property
    def entries(self) -> dict[str, str]:
        """All entries, as the SDK reads them: its own ones replace the inherited ones."""
        return {**self.inherited, **self.own}


def _find_profile(module: AnsibleModule, credential: Credential) -> _Profile:
    options = credential.options
    whole = all(options[option] for option in ("api_user", "api_user_fingerprint", "tenancy"))
    needed = options["auth_type"] == "security_token" or not (whole and any(options[key] for key in _KEYS))
    if not needed and not credential.named & {*_PROFILE} and credential.named & {*_IDENTITY} and options["region"]:
        return _Profile()  # the task sets everything, so the file is not read; it may even be wrong
    location = options["config_file_location"] or _DEFAULT_FILE
    if is_file(location):
        return _read_profile(module, Path(location).expanduser(), options["config_profile_name"] or _DEFAULT_PROFILE)
    if options["config_file_location"]:
        raise InvalidInput(f"config_file_location: {no_file(location)}", hint=_WHERE)
    if needed:
        raise InvalidInput(
            f"There is no credential: no file '{_DEFAULT_FILE}', and api_user, api_user_fingerprint, "
            "api_user_key_file and tenancy are not all given.",
            hint="Give config_file_location, or all of them.",
        )
    return _Profile()


def _read_profile(module: AnsibleModule, path: Path, name: str) -> _Profile:
    """Read one profile of a configuration file.

    Raises InvalidInput. If the file is wrong, the message has only the number of the line.
    """
    what = "The configuration file of OCI (config_file_location)"
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{what} cannot be read: {error.strerror}.") from None
    parser = ConfigParser(interpolation=None)
    # The sections as they are written, without inherited entries.
    written = ConfigParser(interpolation=None, default_section="\0", strict=False)
    read_profiles(raw, what, parser, written)
    for section in (parser.defaults(), *(parser[each] for each in parser.sections())):
        mask(module, (section[entry] for entry in ("pass_phrase", "key_content") if section.get(entry)))
    if name not in parser:
        called = f"called '{name}'" if is_word(name) else "of the name that config_profile_name gives"
        mask(module, [] if is_word(name) else [name])
        raise InvalidInput(f"{what} has no profile {called}.", hint=_WHERE)
    own = dict(written[name]) if name in written else {}
    inherited = {} if name == _DEFAULT_PROFILE else dict(parser.defaults())
    for entry in ("key_file", _TOKEN):
        value = {**inherited, **own}.get(entry)
        if value and not is_path(value):
            mask(module, [value])
            raise InvalidInput(f"{what}: {entry} of the profile is not the path of a file.")
    return _Profile(own, inherited)


def _choose_kind(profile: _Profile, credential: Credential) -> str:
    """The auth_type if the user sets none.

    It is security_token if the profile has the token of a session, and api_key otherwise. It is also api_key if the
    task sets a user, a fingerprint or a key, or if the token is inherited and the profile has one of them itself.
    """
    if credential.named & {*_IDENTITY}:
        return "api_key"
    if profile.own.get(_TOKEN):
        return "security_token"
    own_key = any(profile.own.get(entry) for entry in ("user", "fingerprint", "key_file"))
    return "security_token" if profile.entries.get(_TOKEN) and not own_key else "api_key"


def _merge_config(profile: _Profile, credential: Credential) -> dict[str, Any]:
    """The profile's entries, replaced by the values of the options.

    If the task names the profile, an entry of the profile has priority over the environment.
    """
    config: dict[str, Any] = dict(profile.entries)
    config.pop("key_content", None)  # the SDK does not accept it in a file
    first = bool(credential.named & {*_PROFILE})
    has_key = bool(config.get("key_file"))
    for option, entry in _ENTRIES.items():
        value = credential.options[option]
        from_file = config.get(entry) or (entry == "key_content" and has_key)
        if value and (option in credential.named or not (first and from_file)):
            config[entry] = value
            if option in _KEYS:
                config.pop("key_content" if entry == "key_file" else "key_file", None)
    return config


# -- the key and the token -------------------------------------------------------------------------------------


def _read_private_key(module: AnsibleModule, config: Mapping[str, Any]) -> Any:
    """Load the RSA key that signs the requests. Raises InvalidInput if there is none or it cannot be used."""
    what, raw = _read_key_text(config)
    phrase = config.get("pass_phrase")
    mask(module, [phrase])
    serialization = load("cryptography.hazmat.primitives.serialization", PURPOSE)
    rsa = load("cryptography.hazmat.primitives.asymmetric.rsa", PURPOSE)
    unsupported: type[Exception] = load("cryptography.exceptions", PURPOSE).UnsupportedAlgorithm
    try:
        try:
            key = serialization.load_pem_private_key(raw, phrase.encode() if phrase else None)
        except TypeError:
            if not phrase:
                raise InvalidInput(
                    f"The client cannot be made: {what} is encrypted, and there is no pass phrase.",
                    hint="Give api_user_key_pass_phrase.",
                ) from None
            key = serialization.load_pem_private_key(raw, None)  # not encrypted; the phrase may come from [DEFAULT]
    except (ValueError, unsupported):
        raise InvalidInput(f"The client cannot be made: {what} {_describe_key_problem(raw)}") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise InvalidInput(
            f"The client cannot be made: {what} is not an RSA key, and OCI signs with RSA only.",
            hint="Make one with 'oci setup keys', and upload its public key for the user.",
        )
    return key


def _read_key_text(config: Mapping[str, Any]) -> tuple[str, bytes]:
    content = config.get("key_content")
    if content:
        # In an environment variable, each line break is often written as two characters (backslash and n).
        text = content if "\n" in content.strip() else content.replace("\\n", "\n")
        return "the private key in api_user_key_content", str(text).strip().encode()
    file = config.get("key_file")
    if not file:
        raise InvalidInput(
            "There is no private key: neither api_user_key_file nor the profile's key_file.", hint=_WHERE
        )
    if not is_file(file):
        raise InvalidInput(
            f"api_user_key_file, or the profile's key_file: {no_file(file)}",
            hint="Give the path of the key, or the key itself as api_user_key_content.",
        )
    try:
        return "the private key in api_user_key_file", Path(file).expanduser().read_bytes().strip()
    except OSError as error:
        raise InvalidInput(f"api_user_key_file cannot be read: {error.strerror}.") from None


def _describe_key_problem(raw: bytes) -> str:
    if b"-----BEGIN" not in raw:
        return "is not in PEM: it has no line '-----BEGIN PRIVATE KEY-----'."
    if b"PUBLIC KEY" in raw or b"CERTIFICATE" in raw:
        return "is a public key or a certificate. Give the private key."
    if b"\n" not in raw:
        return "has lost its line breaks. In YAML, begin it with '|'."
    if b"OPENSSH" in raw:
        return "is one of OpenSSH. Make a PEM of it with 'ssh-keygen -p -m PEM'."
    if b"ENCRYPTED" in raw:
        return "cannot be decrypted. Check api_user_key_pass_phrase."
    return "cannot be read: it is damaged, or of an unknown kind."


def _read_token(module: AnsibleModule, config: Mapping[str, Any]) -> str:
    """Read the session token of a profile that ``oci session authenticate`` wrote.

    Raises InvalidInput if it cannot be read, is malformed, or has expired.
    """
    file = config.get(_TOKEN)
    if not file:
        raise InvalidInput(
            "The profile has no security_token_file.", hint="Make one with 'oci session authenticate', and name it."
        )
    if not is_file(file):
        raise InvalidInput(f"security_token_file: {no_file(file)}", hint=_NEW_TOKEN)
    try:
        raw = Path(file).expanduser().read_bytes()
    except OSError as error:
        raise InvalidInput(f"security_token_file cannot be read: {error.strerror}.") from None
    mask(module, [raw.decode("utf-8", "replace"), *raw.decode("utf-8", "replace").split()])
    token = decode(raw, "security_token_file").strip()
    if len(token.split()) != 1 or not token.isascii() or not token.isprintable():
        raise InvalidInput(
            "security_token_file: the token is empty, or has spaces or line breaks in it.",
            hint=f"It is one line. {_NEW_TOKEN}",
        )
    if _has_ended(token):
        raise InvalidInput("The session token of the profile has run out.", hint=_NEW_TOKEN)
    return token


def _has_ended(token: str) -> bool:
    """Whether the token's ``exp`` claim is in the past. False if it cannot be read: then the service decides."""
    parts = token.split(".")
    if len(parts) != 3:
        return False
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return False
    end = number(claims.get("exp")) if isinstance(claims, dict) else None
    return end is not None and end < time.time()


def _make_principal(module: AnsibleModule, kind: str) -> Any:
    """Make the signer for the identity of the machine, function or cluster. It reads the metadata of the host.

    Raises InvalidInput if the host has no such identity.
    """
    signers = load("oci.auth.signers", PURPOSE)
    make: Mapping[str, Callable[[], Any]] = {
        "instance_principal": signers.InstancePrincipalsSecurityTokenSigner,
        "resource_principal": signers.get_resource_principals_signer,
        "oke_workload_identity": signers.get_oke_workload_identity_resource_principal_signer,
    }
    exceptions = load("oci.exceptions", PURPOSE)
    transport = load("oci._vendor.requests.exceptions", PURPOSE)
    mask(module, (value for name, value in os.environ.items() if name.startswith("OCI_RESOURCE_PRINCIPAL_")))
    try:
        return make[kind]()
    # The metadata service, the environment and the token files cause exceptions of different classes.
    except (
        exceptions.ClientError,
        exceptions.ServiceError,
        transport.RequestException,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise InvalidInput(
            f"auth_type is '{kind}', and this host has no such identity ({type(error).__name__}).",
            hint="It works only where OCI provides it; elsewhere use api_key.",
        ) from None
