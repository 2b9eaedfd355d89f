# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credential that signs requests to AWS. If the credential is wrong, the task ends with one clear error.

Private to llmops.finetune; may change at any time.

No message contains a value of an option or a line of a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from configparser import Error as ConfigError
from configparser import RawConfigParser
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._engine.errors import ApiError, InvalidInput, TransientError
from ..._engine.secrets import declare, is_word, mask
from ..toolkit.client import character_error, check_file, check_key, fill_from_environment, load, read_profiles

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

PURPOSE = "to reach AWS"
# The names and aliases are those of amazon.aws.
SPEC: dict[str, Any] = {
    "access_key": {"type": "str", "aliases": ["aws_access_key_id", "aws_access_key"], "no_log": False},
    "secret_key": {"type": "str", "aliases": ["aws_secret_access_key", "aws_secret_key"], "no_log": True},
    "session_token": {"type": "str", "aliases": ["aws_session_token"], "no_log": True},
    "profile": {"type": "str", "aliases": ["aws_profile"]},
    "region": {"type": "str", "aliases": ["aws_region"]},
    "endpoint_url": {"type": "str", "aliases": ["aws_endpoint_url"]},
    "validate_certs": {"type": "bool", "default": True},
    "aws_ca_bundle": {"type": "path"},
}
declare(SPEC)
_KEY_VARIABLES = {
    "access_key": ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"),
    "secret_key": ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"),
    "session_token": ("AWS_SESSION_TOKEN",),
}
_VARIABLES = {
    "profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "endpoint_url": ("AWS_URL",),
    "aws_ca_bundle": ("AWS_CA_BUNDLE",),
}
_KEYS = tuple(_KEY_VARIABLES)
BEARER = "AWS_BEARER_TOKEN_BEDROCK"
_FILES = {
    "AWS_SHARED_CREDENTIALS_FILE": ("The credentials file of AWS", "~/.aws/credentials"),
    "AWS_CONFIG_FILE": ("The configuration file of AWS", "~/.aws/config"),
}
# If pyOpenSSL is installed, botocore imports this module and does not use it. The import takes a fifth of botocore's
# start time.
_UNUSED = ("urllib3.contrib.pyopenssl",)
HINT = "Check access_key, secret_key, session_token and profile, or their environment variables; and the clock."
_ROLE_HINT = (
    "Check role_arn and source_profile of the profile, or AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, the role's "
    "trust policy and the clock."
)
_DOING = "Getting the credentials of the profile or the environment"
_MFA_HINT = (
    "Get temporary keys outside of the playbook, such as with 'aws sts get-session-token' or 'aws configure "
    "export-credentials', and give them as access_key, secret_key and session_token, or as another profile."
)


def read_credential(module: AnsibleModule) -> dict[str, Any]:
    """Read the credential from the task's options. An option that is not set is read from the environment.

    The task's own credential has priority over every credential in the environment. The additional entry ``bearer`` is
    true if the bearer token from the environment (``AWS_BEARER_TOKEN_BEDROCK``) may sign. Raises InvalidInput for a
    wrong option.
    """
    options = {option: module.params[option] or None for option in SPEC}
    options["validate_certs"] = module.params["validate_certs"]
    named = bool(options["profile"] or any(options[option] for option in _KEYS))
    mask(module, (options[option] for option in ("secret_key", "session_token")))
    if options["profile"] and any(options[option] for option in _KEYS):
        raise InvalidInput(
            "profile is given with access_key, secret_key or session_token.", hint="Give one or the other."
        )
    if not options["profile"]:
        # The token in the environment belongs to the keys in the environment.
        fill_from_environment(options, _KEY_VARIABLES, {"session_token"} if options["access_key"] else ())
    fill_from_environment(options, _VARIABLES, {"profile"} if any(options[option] for option in _KEYS) else ())
    mask(module, [options["secret_key"], options["session_token"], os.environ.get(BEARER)])
    _check_options(module, options)
    options["bearer"] = bool(os.environ.get(BEARER)) and not named
    return options


def _check_options(module: AnsibleModule, options: Mapping[str, Any]) -> None:
    if bool(options["access_key"]) != bool(options["secret_key"]):
        missing, other = ("secret_key", "access_key") if options["access_key"] else ("access_key", "secret_key")
        raise InvalidInput(f"{missing} is missing; {other} is given.", hint="Give both, or neither.")
    for option in _KEYS:
        check_key(module, option, options[option])
    profile = options["profile"]
    if profile and not (profile.isprintable() and profile == profile.strip()):
        raise character_error(module, "profile", profile, "profile")
    check_file(module, "aws_ca_bundle", options["aws_ca_bundle"])


# -- the session -----------------------------------------------------------------------------------------------


def session_of(module: AnsibleModule, options: Mapping[str, Any]) -> Any:
    """Make boto3's session and get its credentials. For a role this needs one call.

    Raises InvalidInput, ApiError or TransientError if the credentials cannot be read.
    """
    boto, core = load("boto3.session", PURPOSE, without=_UNUSED), load("botocore.session", PURPOSE)
    with _translate_errors(module, options):
        inner = core.Session(profile=options["profile"])
        if options["aws_ca_bundle"]:
            inner.set_config_variable("ca_bundle", options["aws_ca_bundle"])  # also for STS and SSO
        inner.set_config_variable("retry_mode", "standard")
        _check_profiles(module, inner)
        made = boto.Session(
            aws_access_key_id=options["access_key"],
            aws_secret_access_key=options["secret_key"],
            aws_session_token=options["session_token"],
            region_name=options["region"],
            botocore_session=inner,
        )
        if not made.region_name:
            raise InvalidInput("region is missing.", hint="Give it, or set AWS_REGION where the module runs.")
        credentials = made.get_credentials()
        if credentials:
            # Also mask the keys of a profile or a role: AWS quotes a token when it refuses a signature.
            found = credentials.get_frozen_credentials()
            mask(module, (found.secret_key, found.token))
    return made


def _check_profiles(module: AnsibleModule, inner: Any) -> None:
    """Mask the secrets in AWS's files.

    Raises InvalidInput if the profile needs an MFA code, because a task cannot ask for one.
    """
    profiles = inner.full_config.get("profiles") or {}
    for profile in profiles.values():
        mask(
            module,
            (value for name, value in profile.items() if "secret" in name or "token" in name and "file" not in name),
        )
    name = inner.get_config_variable("profile") or "default"
    seen: set[str] = set()
    while name and name not in seen:
        seen.add(name)
        profile = profiles.get(name) or {}
        if profile.get("role_arn") and profile.get("mfa_serial"):
            raise InvalidInput(
                "The profile needs a code of a device for each sign-in (mfa_serial), and a task cannot ask for one.",
                hint=_MFA_HINT,
            )
        name = profile.get("source_profile") if profile.get("role_arn") else None


@contextmanager
def _translate_errors(module: AnsibleModule, options: Mapping[str, Any]) -> Iterator[None]:
    """Translate the exceptions that botocore raises while it looks for credentials.

    botocore's own messages are not used: they quote files and the commands that the files start.
    """
    exceptions = load("botocore.exceptions", PURPOSE)
    try:
        yield
    except exceptions.ProfileNotFound:
        name = options["profile"]
        called = f"profile ({name})" if name and is_word(name) else "profile of the task or of AWS_PROFILE"
        mask(module, [name] if name and not is_word(name) else [])
        raise InvalidInput(
            f"The {called} could not be found.",
            hint="Check profile and AWS_PROFILE, and the files of AWS where the module runs.",
        ) from None
    except exceptions.ClientError as error:
        raise _read_sts_error(error) from None
    except exceptions.HTTPClientError as error:
        raise TransientError(
            f"{_DOING}: no answer ({type(error).__name__}).", hint="Check region and the network."
        ) from None
    except (exceptions.BotoCoreError, ConfigError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _read_local_error(error) from None


def _read_sts_error(error: Any) -> ApiError | TransientError:
    answer = error.response
    problem, about = dict(answer.get("Error") or {}), dict(answer.get("ResponseMetadata") or {})
    code, message = str(problem.get("Code") or ""), str(problem.get("Message") or "")
    status = int(about.get("HTTPStatusCode") or 0)
    message = message.partition("The Canonical String")[0].strip()
    text = f"{_DOING}: {error.operation_name} was refused: {message or code} (HTTP {status}, {code})"
    if status >= 500 or status == 429:
        return TransientError(text, hint="Run the task again later.")
    return ApiError(text, hint=_ROLE_HINT, status=status, code=code)


def _read_local_error(error: Exception) -> InvalidInput | TransientError:
    name = type(error).__name__
    file = _find_broken_file()
    if file is not None:
        return file
    words: dict[str, tuple[str, str]] = {
        "PartialCredentialsError": (
            f"The credential of the profile or the environment is not complete: {_find_entry(error)} is missing.",
            "Complete it, or give access_key and secret_key.",
        ),
        "InfiniteLoopConfigError": (
            "The profiles refer to each other in a circle (source_profile).",
            "One of them needs keys of its own.",
        ),
        "InvalidConfigError": (
            "The profile is not complete or not valid: what it refers to is missing or has no credentials.",
            "Check role_arn, source_profile, credential_source and web_identity_token_file.",
        ),
        "CredentialRetrievalError": (
            "The program or the service that the profile names gave no credentials.",
            "Run its credential_process where the module runs, and see what it says.",
        ),
        **dict.fromkeys(
            ("UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError"),
            ("The SSO session of the profile has run out, or there is none.", "Run 'aws sso login' for the profile."),
        ),
        "FileNotFoundError": (
            "A file or a program that the profile or the environment names is not there.",
            "Check AWS_WEB_IDENTITY_TOKEN_FILE, web_identity_token_file and credential_process where the module runs.",
        ),
        "PermissionError": (
            "A file that the profile or the environment names cannot be read.",
            "Check who may read it.",
        ),
    }
    if name in ("JSONDecodeError", "UnicodeDecodeError"):
        message, hint = words["CredentialRetrievalError"]
        return InvalidInput(f"{message} What it printed is not valid JSON.", hint=hint)
    message, hint = words.get(name, (f"The credentials of AWS could not be found out ({name}).", HINT))
    return InvalidInput(message, hint=hint)


def _find_entry(error: Exception) -> str:
    """The name of the entry that an incomplete credential lacks.

    botocore gives this name; it is not text from the file.
    """
    return str((getattr(error, "kwargs", None) or {}).get("cred_var") or "an entry")


def _find_broken_file() -> InvalidInput | None:
    """The error for the first file of AWS that cannot be parsed; None if there is none.

    The error gives the number of the line, not its text.
    """
    for variable, (what, usual) in _FILES.items():
        path = Path(os.environ.get(variable) or usual)
        try:
            raw = path.expanduser().read_bytes()
        except (OSError, RuntimeError):
            continue
        try:
            read_profiles(raw, what, RawConfigParser())
        except InvalidInput as error:
            return error
    return None
