# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing in to OCI: profiles, keys and session tokens, each failure one clear error; and who signs."""

from __future__ import annotations

import base64
import json
import os
from configparser import ConfigParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

INFO = "oci_generative_ai_model_info"
PHRASE = "pass-phrase-4711"
OTHER = "ocid1.user.oc1..somebodyelse4711"
_PEM = serialization.Encoding.PEM
_PKCS8 = serialization.PrivateFormat.PKCS8
_PLAIN = serialization.NoEncryption()


class Tenancy:
    """A tenancy whose credentials are in files, and the options that the others need."""

    def __init__(self, sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sandbox, self.folder, self.setenv = sandbox, folder, monkeypatch.setenv
        for variable in [name for name in os.environ if name.startswith("OCI_")]:
            monkeypatch.delenv(variable)
        monkeypatch.setenv("HOME", str(folder))
        monkeypatch.setenv("OCI_SERVICE_ENDPOINT", sandbox.url)
        sdk = ConfigParser(interpolation=None)
        sdk.read(sandbox.oci.config_file)
        self.session = dict(sdk["SESSION"])
        self.entries = {name: self.session[name] for name in ("user", "fingerprint", "tenancy", "region", "key_file")}
        self.key = Path(self.entries["key_file"]).read_text(encoding="utf-8")
        self.token = Path(self.session["security_token_file"]).read_text(encoding="utf-8").strip()
        self.options = {
            "api_user": self.entries["user"],
            "api_user_fingerprint": self.entries["fingerprint"],
            "tenancy": self.entries["tenancy"],
            "region": self.entries["region"],
        }

    def config(self, text: str | bytes) -> str:
        """Write the configuration file; its path, which the environment names from now on."""
        path = self.folder / "config"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.setenv("OCI_CONFIG_FILE", str(path))
        return str(path)

    def file(self, name: str, content: str | bytes) -> str:
        """Write a file; its path."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def locked(self, phrase: str = PHRASE) -> bytes:
        """The key, encrypted."""
        return self.made().private_bytes(_PEM, _PKCS8, serialization.BestAvailableEncryption(phrase.encode()))

    def made(self) -> Any:
        """The key."""
        return serialization.load_pem_private_key(self.key.encode(), None)

    def task(self, **options: Any) -> dict[str, Any]:
        """A task that only looks."""
        return {"compartment_id": self.sandbox.oci.compartment_id, **options}

    def told(self, play: Play, *says: str, **options: Any) -> str:
        """A task fails with one clear error without a word of a credential, and so does the model of fine_tune."""
        place = self.sandbox.oci
        own = {"bucket": place.bucket, "dedicated_ai_cluster_id": place.cluster_id, **self.task(**options)}
        pairs = [{"prompt": f"Which colour is {n}?", "completion": f"Blue, {n}."} for n in range(40)]
        model = {"provider": "oci", "name": "bot", "base_model": "meta.llama-3.3-70b-instruct", "training_data": pairs}
        for result in (
            play(INFO, self.task(**options)),
            play("fine_tune", {"models": [{**model, "oci": own}], "wait": False}),
        ):
            assert result["failed"], result
            assert not result.get("changed"), result
            for word in ("Traceback", "configparser", "Error:", "ValueError", "codec"):
                assert word not in result["msg"], result["msg"]
            for word in says:
                assert word in result["msg"], (word, result["msg"])
            text = json.dumps(result)
            for secret in (PHRASE, "MARK-4711", self.token, *self.key.split("\n")[1:-2]):
                assert secret not in text, result["msg"]
        return str(result["msg"])


@pytest.fixture
def tenancy(still_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tenancy:
    return Tenancy(still_sandbox, tmp_path, monkeypatch)


def profile(name: str, entries: dict[str, str]) -> str:
    """A profile of a configuration file."""
    return f"[{name}]\n" + "".join(f"{entry}={value}\n" for entry, value in entries.items())


# -- S3: the key where its path belongs, and the option that takes it ------------------------------------------


@pytest.mark.parametrize("form", ["pem", "line", "body", "json"])
@pytest.mark.parametrize("option", ["api_user_key_file", "config_file_location", "cert_bundle"])
def test_s3_a_key_where_a_path_belongs(play: Play, tenancy: Tenancy, option: str, form: str) -> None:
    forms = {
        "pem": tenancy.key,
        "line": tenancy.key.replace("\n", "\\n"),
        "body": "".join(tenancy.key.split("\n")[1:-2]),
        "json": json.dumps({"key": tenancy.key}),
    }
    tenancy.config(profile("DEFAULT", tenancy.entries))
    said = tenancy.told(play, f"{option} is not the path of a file", **{option: forms[form]})
    assert ("api_user_key_content" in said) is (option == "api_user_key_file")


def test_s3_a_key_is_masked_where_another_option_is_wrong(play: Play, tenancy: Tenancy) -> None:
    result = play(INFO, tenancy.task(api_user_key_file=tenancy.key, state="ASLEEP"))
    assert "state must be one of" in result["msg"]
    for line in tenancy.key.split("\n")[1:-2]:
        assert line not in json.dumps(result)


@pytest.mark.parametrize("way", ["option", "environment", "flat", "locked", "over-file"])
def test_s3_the_keys_content_signs(play: Play, tenancy: Tenancy, way: str) -> None:
    given = dict(tenancy.options)
    if way == "option":
        given["api_user_key_content"] = tenancy.key
    elif way == "locked":
        given.update(api_user_key_content=tenancy.locked().decode(), api_user_key_pass_phrase=PHRASE)
    else:
        if way == "over-file":
            tenancy.setenv("OCI_USER_KEY_FILE", "/nowhere/key.pem")
        tenancy.setenv("OCI_USER_KEY_CONTENT", tenancy.key.replace("\n", "\\n") if way == "flat" else tenancy.key)
    result = play(INFO, tenancy.task(**given))
    assert not result.get("failed"), result
    assert tenancy.key.split("\n")[3] not in json.dumps(result)


def test_s3_the_keys_content_and_its_file_exclude_each_other(play: Play, tenancy: Tenancy) -> None:
    given = {"api_user_key_content": tenancy.key, "api_user_key_file": tenancy.entries["key_file"]}
    tenancy.told(play, "api_user_key_file and api_user_key_content are both given", **tenancy.options, **given)


def test_s3_a_file_of_the_task_beats_the_content_of_the_environment(play: Play, tenancy: Tenancy) -> None:
    tenancy.setenv("OCI_USER_KEY_CONTENT", "no key at all")
    given = {**tenancy.options, "api_user_key_file": tenancy.entries["key_file"]}
    assert not play(INFO, tenancy.task(**given)).get("failed")


# -- S4: broken files and keys ---------------------------------------------------------------------------------

BROKEN = [
    (b"\xef\xbb\xbf[DEFAULT]\nuser=x\n", "byte order mark"),
    (b"[DEFAULT]\nuser=x\nuser=y\n", "has an entry twice in one profile, again in line 3"),
    (b"[DEFAULT]\nuser=x\n[A]\nuser=y\n[A]\nuser=z\n", "has a profile twice, again in line 5"),
    (b"[DEFAULT]\nuser=x\npass_phrase=MARK-4711-\xff\n", "is not UTF-8, in line 3"),
    (b"[DEFAULT]\nuser=x\npass_phrase MARK-4711\n", "has no '=' in line 3"),
    (b"pass_phrase=MARK-4711\n", "has an entry before the first profile, in line 1"),
    ("[DEFAULT]\npass_phrase=MARK-4711\n".encode("utf-16"), "byte order mark"),
    (b"[OTHER]\npass_phrase=MARK-4711\n[", "has no '=' in line 3"),
    (
        b"[DEFAULT]\npass_phrase=MARK-4711\nkey_file=-----BEGIN PRIVATE KEY-----MARK-4711\n",
        "key_file of the profile is",
    ),
]
NAMES = ["bom", "entry", "profile", "utf8", "equals", "header", "utf16", "bracket", "pem"]


@pytest.mark.parametrize(("text", "says"), BROKEN, ids=NAMES)
def test_s4_broken_configuration_files(play: Play, tenancy: Tenancy, text: bytes, says: str) -> None:
    tenancy.config(text)
    tenancy.told(play, "The configuration file of OCI (config_file_location)", says)


@pytest.mark.parametrize("name", ["NOBODY", "MARK-4711-x/y", "a\nMARK-4711"])
def test_s4_a_profile_that_is_not_there(play: Play, tenancy: Tenancy, name: str) -> None:
    tenancy.config(profile("DEFAULT", tenancy.entries))
    said = tenancy.told(play, "has no profile", config_profile_name=name)
    assert ("NOBODY" in said) is (name == "NOBODY")


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("ec", "is not an RSA key"),
        ("locked", "is encrypted, and there is no pass phrase"),
        ("wrong", "cannot be decrypted"),
        ("public", "is a public key"),
        ("text", "is not in PEM"),
        ("empty", "is not in PEM"),
        ("cut", "cannot be read"),
        ("binary", "is not in PEM"),
    ],
)
@pytest.mark.parametrize("way", ["file", "content", "profile"])
def test_s4_keys_that_cannot_sign(play: Play, tenancy: Tenancy, kind: str, says: str, way: str) -> None:
    public = tenancy.made().public_key().public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    keys: dict[str, bytes] = {
        "ec": ec.generate_private_key(ec.SECP256R1()).private_bytes(_PEM, _PKCS8, _PLAIN),
        "locked": tenancy.locked(),
        "wrong": tenancy.locked(),
        "public": public,
        "text": b"MARK-4711",
        "empty": b" ",
        "cut": tenancy.key[:800].encode(),
        "binary": b"\xff\xfe\x00MARK-4711",
    }
    given: dict[str, Any] = {"api_user_key_pass_phrase": "wrong-and-odd"} if kind == "wrong" else {}
    if way == "content":
        if kind in ("binary", "empty"):
            return  # an option is a text, and an empty one is none
        given["api_user_key_content"] = keys[kind].decode().strip()
    elif way == "file":
        given["api_user_key_file"] = tenancy.file("odd.pem", keys[kind])
    else:
        tenancy.config(profile("DEFAULT", {**tenancy.entries, "key_file": tenancy.file("odd.pem", keys[kind])}))
        tenancy.told(play, says, **given)
        return
    tenancy.told(play, says, **tenancy.options, **given)


# -- S5: session tokens, and who signs -------------------------------------------------------------------------


def jwt(seconds: int) -> str:
    """A token that says when it ends."""
    parts = ({"alg": "RS256"}, {"exp": seconds}, {"mark": "MARK-4711"})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


def signed_with_token(tenancy: Tenancy) -> bool:
    """Whether the last request was signed with a session's token."""
    return bool(tenancy.sandbox.requests()[-1]["key"].endswith(tenancy.token[-4:]))


@pytest.mark.parametrize("default", ["none", "other", "own"])
def test_s5_the_profiles_token_signs(play: Play, tenancy: Tenancy, default: str) -> None:
    session = {name: value for name, value in tenancy.session.items() if name != "user"}
    other = profile("DEFAULT", {**tenancy.entries, "user": OTHER})
    text = {
        "none": profile("SESSION", session),
        "other": other + profile("SESSION", session),
        "own": profile("DEFAULT", session),
    }
    tenancy.config(text[default])
    given = {} if default == "own" else {"config_profile_name": "SESSION"}
    result = play(INFO, tenancy.task(**given))
    assert not result.get("failed"), result
    assert signed_with_token(tenancy)


def test_s5_a_profile_with_a_key_of_its_own_does_not_inherit_a_token(play: Play, tenancy: Tenancy) -> None:
    session = {name: value for name, value in tenancy.session.items() if name != "user"}
    tenancy.config(profile("DEFAULT", session) + profile("KEY", tenancy.entries))
    result = play(INFO, tenancy.task(config_profile_name="KEY"))
    assert not result.get("failed"), result
    assert not signed_with_token(tenancy)


def test_s5_a_key_of_the_task_beats_the_profiles_token(play: Play, tenancy: Tenancy) -> None:
    tenancy.config(profile("DEFAULT", {**tenancy.session, "user": OTHER}))
    result = play(INFO, tenancy.task(**tenancy.options, api_user_key_content=tenancy.key))
    assert not result.get("failed"), result
    assert not signed_with_token(tenancy)


@pytest.mark.parametrize("given", [{}, {"auth_type": "security_token"}], ids=["by-profile", "by-option"])
def test_s5_a_token_that_is_refused_has_its_own_hint(play: Play, tenancy: Tenancy, given: dict[str, str]) -> None:
    token = tenancy.file("token", "MARK-4711-of-a-token")
    tenancy.config(profile("DEFAULT", {**tenancy.session, "security_token_file": token}))
    said = tenancy.told(play, "HTTP 401", "oci session authenticate", "oci session refresh", **given)
    assert "api_user_fingerprint" not in said


def test_s5_an_api_key_that_is_refused_keeps_its_hint(play: Play, tenancy: Tenancy) -> None:
    tenancy.config(profile("DEFAULT", {**tenancy.entries, "user": OTHER}))
    assert "oci session" not in tenancy.told(play, "HTTP 401", "api_user_fingerprint")


def test_s5_a_token_that_has_run_out_is_told_before_any_call(play: Play, tenancy: Tenancy) -> None:
    tenancy.config(profile("DEFAULT", {**tenancy.session, "security_token_file": tenancy.file("token", jwt(1000))}))
    tenancy.told(play, "has run out", "oci session authenticate")
    assert tenancy.sandbox.count() == 0


@pytest.mark.parametrize("content", [b"", b"two\nMARK-4711", b"\xff\xfeMARK-4711", b"MARK-4711-\xff"])
def test_s5_broken_token_files(play: Play, tenancy: Tenancy, content: bytes) -> None:
    tenancy.config(profile("DEFAULT", {**tenancy.session, "security_token_file": tenancy.file("token", content)}))
    tenancy.told(play, "security_token_file")


# -- what the task gives beats the environment -----------------------------------------------------------------


@pytest.mark.parametrize(
    "variable", ["OCI_USER_ID", "OCI_USER_FINGERPRINT", "OCI_USER_KEY_FILE", "OCI_ANSIBLE_AUTH_TYPE"]
)
@pytest.mark.parametrize("way", ["profile", "options"])
def test_s2_what_a_task_of_oci_gives_beats_the_environment(
    play: Play, tenancy: Tenancy, variable: str, way: str
) -> None:
    wrong = {
        "OCI_USER_ID": OTHER,
        "OCI_USER_FINGERPRINT": "00:" * 15 + "00",
        "OCI_USER_KEY_FILE": "/nowhere/key.pem",
        "OCI_ANSIBLE_AUTH_TYPE": "instance_principal",
    }
    tenancy.setenv(variable, wrong[variable])
    given: dict[str, Any] = {**tenancy.options, "api_user_key_content": tenancy.key}
    if way == "profile":
        tenancy.config(profile("DEFAULT", {"user": "x"}) + profile("MINE", tenancy.entries))
        given = {"config_profile_name": "MINE"}
    result = play(INFO, tenancy.task(**given))
    assert not result.get("failed"), result
