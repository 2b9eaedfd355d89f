# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Freeform and defined tags: the options, the comparison, and the tags in requests.

Private to llmops.finetune; may change at any time.

If the option freeform_tags is set, the resource must have exactly these tags and the ownership tags. For defined tags,
only the tags that the user names are compared and changed, because a tenancy's tag defaults and the service itself
(``Oracle-Tags``) add others to every new resource. An update replaces each of the two maps as a whole, so the tags that
stay are sent too.

Limits: OCI documentation, "Tagging Overview", facts of 2026.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ..._engine import ownership
from ..._engine.coerce import mapping
from ..._engine.compare import CompareTags, has_tags, same_tags
from ..._engine.errors import InvalidInput
from ..._engine.types import Field
from ..toolkit.bounds import TagBound, read_tag, read_tags

FREEFORM = "freeform_tags"
DEFINED = "defined_tags"
OWNERSHIP_TAGS = "markers"
_MOST_FREEFORM = 10  # tags of a resource
_MOST_DEFINED = 64  # tags of a resource
_KEY = 100  # characters in the key of a freeform tag
_VALUE = 256  # characters

Defined = dict[str, dict[str, "str | None"]]


# -- options ---------------------------------------------------------------------------------------------------


def read_freeform(values: Mapping[str, Any] | None, own: int) -> dict[str, str] | None:
    """The option ``freeform_tags`` with its values as text, without None values. None if it is not set.

    ``own``: the number of ownership tags of a resource. Raises InvalidInput for tags that OCI does not accept.
    """
    hint = f"Give {_MOST_FREEFORM - own} at most; of {DEFINED} there may be more."
    found = read_tags(FREEFORM, values, TagBound("OCI", _MOST_FREEFORM, own=own, hint=hint))
    for key, value in (found or {}).items():
        if not 1 <= len(key) <= _KEY or not key.isprintable() or "." in key or " " in key:
            raise InvalidInput(
                f"{FREEFORM}: the key '{key}' is not possible.",
                hint=f"A key has 1 to {_KEY} characters, without a space and without a period.",
            )
        _check_length(FREEFORM, key, value)
    return found


def read_defined(values: Mapping[str, Any] | None) -> Defined | None:
    """The option ``defined_tags`` as a map of namespace, key and text. None if it is not set.

    None instead of a text means that the tag must not exist. The user writes ``{"Operations": {"CostCenter": "42"}}``,
    or both names in one word, as in Terraform: ``Operations.CostCenter``. Raises InvalidInput for other forms, and for
    tags that OCI does not accept.
    """
    if values is None:
        return None
    found: Defined = {}
    for name, entry in values.items():
        namespace, dot, key = str(name).partition(".")
        if isinstance(entry, Mapping) and not dot:
            entries = {str(key): value for key, value in entry.items()}
        elif not isinstance(entry, Mapping) and namespace and key:
            entries = {key: entry}
        else:
            raise InvalidInput(
                f"{DEFINED}: '{name}' is not a namespace with its tags.",
                hint="Write it as {Namespace: {Key: value}} or as {Namespace.Key: value}.",
            )
        for key, value in entries.items():
            spelt = None if value is None else read_tag(DEFINED, f"{namespace}.{key}", value)
            _check_length(DEFINED, f"{namespace}.{key}", spelt or "")
            found.setdefault(namespace, {})[key] = spelt
    if sum(value is not None for entries in found.values() for value in entries.values()) > _MOST_DEFINED:
        raise InvalidInput(f"{DEFINED} has more than {_MOST_DEFINED} tags; OCI takes no more of a resource.")
    return found


def _check_length(option: str, key: str, value: str) -> None:
    if len(value) > _VALUE:
        raise InvalidInput(f"{option}: the value of '{key}' has {len(value)} characters; OCI takes {_VALUE}.")


# -- comparing -------------------------------------------------------------------------------------------------


class _CompareDefined(CompareTags):
    """Compares the tags that the user names. Upper and lower case are equal in namespaces and keys."""

    def __init__(self) -> None:
        super().__init__(exact=False)

    def differing(self, desired: Any, observed: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
        """The tags that differ. A tag that must not exist has None as its desired value."""
        for namespace, entries in desired.items():
            for key, value in entries.items():
                there = _find(_find(observed, namespace), key)
                if there != value:
                    yield f"{namespace}.{key}", value, there


has_defined = _CompareDefined()


def _find(entries: Any, key: str) -> Any:
    return next((value for name, value in mapping(entries).items() if name.lower() == key.lower()), None)


FIELDS = (
    Field(FREEFORM, "in_place", same_tags),
    Field(DEFINED, "in_place", has_defined),
    Field(OWNERSHIP_TAGS, "in_place", has_tags, inner=True),
)


def read_ownership_tags(resource: Mapping[str, Any]) -> dict[str, str]:
    """The ownership tags of a resource."""
    tags = mapping(resource.get(FREEFORM))
    return {key: str(value) for key, value in tags.items() if key.startswith(ownership.PREFIX)}


def read_observed(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The observed values of :data:`FIELDS`.

    Ownership tags are compared only if the resource has some. So the collection does not update a resource of somebody
    else only to add them.
    """
    own = read_ownership_tags(resource)
    return {
        FREEFORM: ownership.select_user_tags(resource.get(FREEFORM)),
        DEFINED: dict(mapping(resource.get(DEFINED))),
        **({OWNERSHIP_TAGS: {ownership.NAME: own.get(ownership.NAME)}} if own else {}),
    }


def hide_ownership_tags(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource for the result: without ownership tags, also in its ``previous_state``."""
    found = dict(resource)
    if found.get(FREEFORM) is not None:
        found[FREEFORM] = ownership.select_user_tags(found[FREEFORM])
    if isinstance(found.get("previous_state"), Mapping):
        found["previous_state"] = hide_ownership_tags(found["previous_state"])
    return found


# -- warning ---------------------------------------------------------------------------------------------------


def unseen(desired: Mapping[str, Any], resources: Iterable[Mapping[str, Any]]) -> list[str]:
    """A warning about desired defined tags whose namespace or key no resource in ``resources`` has.

    OCI refuses a resource with tags that it does not know. The tags themselves are not looked up, because that needs
    permissions of Identity and Access Management.
    """
    carried = [mapping(resource.get(DEFINED)) for resource in resources]
    missing = []
    for namespace, entries in mapping(desired.get(DEFINED)).items():
        there = [entry for entry in (_find(tags, namespace) for tags in carried) if entry is not None]
        keys = [key for key, value in entries.items() if value is not None]
        if there:
            missing += [f"{namespace}.{key}" for key in keys if all(_find(entry, key) is None for entry in there)]
        elif keys:
            missing.append(namespace)
    if not missing:
        return []
    return [
        f"{DEFINED}: nothing that was looked at carries {', '.join(missing)}, and whether the tenancy has it is not "
        "looked up. If not, OCI refuses the request, and nothing is made: look at Governance, Tag Namespaces."
    ]


# -- sending ---------------------------------------------------------------------------------------------------


def freeform(
    desired: Mapping[str, Any], own: Mapping[str, str], resource: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """All freeform tags to send: the desired ones, the ownership tags of ``resource``, and ``own``.

    If freeform tags are not desired, the user's tags of ``resource`` are kept.
    """
    there = resource or {}
    kept: Mapping[str, str] = desired.get(FREEFORM, ownership.select_user_tags(there.get(FREEFORM)))
    return {**kept, **read_ownership_tags(there), **own}


def defined(desired: Mapping[str, Any], resource: Mapping[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """All defined tags to send: those of ``resource``, changed to the desired ones."""
    found = {name: dict(entries) for name, entries in mapping((resource or {}).get(DEFINED)).items()}
    for name, entries in desired.get(DEFINED, {}).items():
        namespace = next((there for there in found if there.lower() == name.lower()), name)
        tags = found.setdefault(namespace, {})
        for key, value in entries.items():
            there = next((there for there in tags if there.lower() == key.lower()), key)
            if value is None:
                tags.pop(there, None)
            else:
                tags[there] = value
    return {name: tags for name, tags in found.items() if tags}


def changed(
    desired: Mapping[str, Any], names: Collection[str], options: Iterable[str], resource: Mapping[str, Any]
) -> dict[str, Any]:
    """The body of an update: the ``options`` in ``names``, and a whole map of tags if one of its tags differs."""
    body = {option: desired[option] for option in options if option in names}
    if FREEFORM in names or OWNERSHIP_TAGS in names:
        own = desired.get(OWNERSHIP_TAGS, {}) if read_ownership_tags(resource) else {}
        body[FREEFORM] = freeform(desired if FREEFORM in names else {}, own, resource)
    if DEFINED in names:
        body[DEFINED] = defined(desired, resource)
    return body
