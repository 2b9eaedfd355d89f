# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The types that the engine works with: field, run, plan, driver. Plain data, and one protocol.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from .compare import Compare, format_change, same_value
from .errors import FineTuneError

Action = Literal["none", "create", "update", "retrain", "retry", "replace", "cancel", "pause", "resume", "delete"]
FieldKind = Literal["immutable", "creation", "in_place"]


class Phase(enum.Enum):
    """The state of a run, in words that all providers share. Results contain them as ``phase``."""

    PENDING = "pending"  # active: it ends by itself
    PAUSED = "paused"
    PAUSING = "pausing"
    CANCELLING = "cancelling"
    UPDATING = "updating"  # it serves, and changes to its target; that cannot be cancelled
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETING = "deleting"
    DELETED = "deleted"  # it was ready; its model no longer exists
    RETIRED = "retired"  # it was ready; its provider has retired the model
    UNKNOWN = "unknown"  # a status that this version does not know: it ends the wait

    @property
    def pending(self) -> bool:
        """Whether it is active and can still be stopped."""
        return self in (Phase.PENDING, Phase.PAUSED)

    @property
    def transitional(self) -> bool:
        """Whether it ends soon by itself. The engine waits for that before it decides."""
        return self in (Phase.PAUSING, Phase.CANCELLING, Phase.UPDATING, Phase.DELETING)


@dataclass(frozen=True)
class Field:
    """One compared option.

    ``kind``: ``in_place`` (the API can change it), ``immutable`` (a change needs another run), ``creation`` (it only
    matters while the run is created). ``each``: the value is a mapping, and each key that the user set is compared
    separately. ``options``: the option's names in the module, if they are not ``name``; the usual one first.
    ``identity``: the option selects the resource. ``inner``: the field is not an option. ``chosen``: if the option is
    not set, the provider chooses a value at random.
    """

    name: str
    kind: FieldKind
    same: Callable[[Any, Any], bool] = same_value
    each: bool = False
    options: tuple[str, ...] = ()
    identity: bool = False
    inner: bool = False
    chosen: bool = False

    @property
    def path(self) -> str:
        """The option's usual name in the module."""
        return self.options[0] if self.options else self.name

    @property
    def spellings(self) -> tuple[str, ...]:
        """All names of the option."""
        return (self.name, *self.options)

    @property
    def has_parts(self) -> bool:
        """Whether parts of the value are compared separately."""
        return self.each or isinstance(self.same, Compare)


@dataclass(frozen=True)
class Change:
    """One difference between the observed value (``before``) and the desired one (``after``).

    ``part``: the path within the field's value, with a leading dot or bracket; empty for the whole value. ``key``: the
    key that differs in a mapping whose keys the user chose (tags). ``inner``: the field is not an option.
    """

    field: str
    kind: FieldKind
    before: Any
    after: Any
    part: str = ""
    key: str = ""
    inner: bool = False

    @property
    def name(self) -> str:
        """The path of the difference, for messages."""
        return f"{self.field}{self.part}"

    def __str__(self) -> str:
        return f"{self.name}: {format_change(self.before, self.after)}"


@dataclass(frozen=True)
class Run:
    """One resource of a name: a training run with its model, an uploaded dataset, or a resource that serves.

    ``created`` and ``ended``: unix times in seconds. ``observed``: the values that the API shows, by field name; a
    field that it does not show is missing and is not compared. ``token``: the idempotency token of its request.
    ``removable``: the run, or a part of it, can and should be deleted. ``remains``: names of further objects that are
    deleted with it. ``ambiguous``: why it may belong to another name; such a run is neither stopped nor deleted
    because of its name. ``verified``: False for a READY run until the engine has looked at its model. ``seen``: the
    result of that look: None if there was none, False if the provider does not show whether the model still exists.
    ``looked``: the time of the look by the provider's clock, if known. ``notes``: warnings for a result about this
    run. ``uncertain``: its identity is not certain enough to delete it as a previous run. ``unclear``: by field name,
    why a difference proves nothing; a run with only such differences counts neither as equal nor as different.
    ``target``: the values after the update that is in progress, or the intended ones of an update that failed with
    ``update_error``; meanwhile ``observed`` holds the current ones. ``held``: why it can neither be deleted nor
    replaced, for example a commitment. ``raw``: the provider's object as plain data.
    """

    id: str
    created: float
    phase: Phase
    status: str
    observed: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    model: str | None = None
    ended: float | None = None
    token: str | None = None
    removable: bool = False
    remains: tuple[str, ...] = ()
    ambiguous: str = ""
    verified: bool = True
    seen: bool | None = None
    looked: float | None = None
    notes: tuple[str, ...] = ()
    uncertain: bool = False
    unclear: Mapping[str, str] = field(default_factory=dict)
    target: Mapping[str, Any] = field(default_factory=dict)
    update_error: str = ""
    held: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ended_for_good(self) -> bool:
        """Whether its state no longer changes by itself."""
        return self.phase in (Phase.READY, Phase.FAILED, Phase.CANCELLED, Phase.DELETED, Phase.RETIRED)

    @property
    def age_key(self) -> tuple[float, str]:
        """Sort key by age; every task gets the same order."""
        return (self.created, self.id)


@dataclass(frozen=True)
class Progress:
    """The progress of a run. Only ``stage`` is always known. ``percent``: 0 to 100. ``seconds_left``: an estimate."""

    stage: str
    percent: float | None = None
    step: int | None = None
    total_steps: int | None = None
    loss: float | None = None
    seconds_left: float | None = None
    message: str = ""

    def line(self, name: str) -> str:
        """One line for a terminal: ``support-bot: training 62 %, step 124/200, loss 0.412, about 3 min left``."""
        parts = [self.stage if self.percent is None else f"{self.stage} {self.percent:.0f} %"]
        if self.step is not None:
            parts.append(f"step {self.step}/{self.total_steps}" if self.total_steps else f"step {self.step}")
        if self.loss is not None:
            parts.append(f"loss {self.loss:.3g}")
        if self.message:
            parts.append(self.message.rstrip("."))
        if self.seconds_left is not None:
            parts.append(f"about {duration(self.seconds_left)} left")
        return f"{name}: {', '.join(parts)}"

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data, without what is unknown."""
        return {key: value for key, value in vars(self).items() if value not in (None, "")}


@dataclass(frozen=True)
class Hint:
    """Advice after a failed run.

    ``mend``: how to remove the cause. ``retry``: a note about ``retry_failed`` that is always printed; if it is empty,
    the engine mentions the option only if it would start another run.
    """

    mend: str = ""
    retry: str = ""

    def __str__(self) -> str:
        return f"{self.mend} {self.retry}".strip()


def duration(seconds: float) -> str:
    """``40 s``, ``3 min``, ``2 h 10 min``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


@dataclass(frozen=True)
class Capabilities:
    """The abilities of a provider. A plan that needs a missing one is refused before any change.

    ``no_cancel``, ``no_pause``: empty, or the advice that replaces the missing ability. ``no_rerun``: the same for a
    resource that is never replaced because of other settings. ``late_update``: a pending resource can be changed only
    after it is ready. ``one_run_a_token``: the provider makes one run from two creates with the same token.
    ``long_lived``: the resource serves and does not end. Its update continues after the answer; a read after the
    update shows the result; a second one can replace it. ``unique_names``: no two can exist at once, so the old
    resource is deleted before its replacement is created; ``why_unique`` gives the reason.
    """

    no_cancel: str = ""
    no_pause: str = ""
    no_rerun: str = ""
    late_update: bool = False
    one_run_a_token: bool = False
    long_lived: bool = False
    unique_names: bool = False
    why_unique: str = "no two can have one name"


@dataclass(frozen=True)
class Options:
    """The task's options for the engine, under the names of the module options. :mod:`.ignoring` explains
    ``ignore_changes``.

    ``bounded``: whether ``wait_timeout`` is an option of the module and limits the whole task, not only the wait.
    """

    name: str
    state: str = "present"
    run_id: str | None = None
    retrain: str = "never"
    retry_failed: bool = False
    delete_previous: bool = False
    wait: bool = True
    wait_timeout: float = 0.0
    bounded: bool = True
    wait_slice: float = 0.0
    wait_run_id: str | None = None
    wait_state: Mapping[str, Any] | None = None
    check_mode: bool = False
    ignore_changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The actions of a task, as plain data. Check mode, the diff and the real run use the same plan.

    ``run``: the run that the result describes. ``stop``: pending runs that are cancelled first. ``duplicates``: runs
    of one request that are cancelled. ``remove_first``: deleted before the new run is created. ``remove``: deleted at
    the end. ``lookalikes``: equal runs besides ``run``, which stay. ``refusal``: the error, if nothing is done.
    ``ignored``: differences of ``run`` that ``ignore_changes`` excludes.
    """

    action: Action
    run: Run | None = None
    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()
    stop: tuple[Run, ...] = ()
    duplicates: tuple[Run, ...] = ()
    remove_first: tuple[Run, ...] = ()
    remove: tuple[Run, ...] = ()
    lookalikes: tuple[Run, ...] = ()
    refusal: FineTuneError | None = None
    ignored: tuple[Change, ...] = ()

    @property
    def creates(self) -> bool:
        """Whether it starts (and pays for) a new run."""
        return self.action in ("create", "retrain", "retry", "replace")

    @property
    def changed(self) -> bool:
        """Whether it changes anything."""
        return self.action != "none" or bool(self.stop or self.duplicates or self.remove)


class ModuleContext(Protocol):
    """The input of ``build_driver``: the task of a module, or one of many models in one process.

    The models of one process share ``clients`` (see :func:`_providers.toolkit.client.shared`). AnsibleModule has no
    such attribute.
    """

    params: dict[str, Any]
    check_mode: bool
    no_log_values: set[str]
    clients: dict[Any, Any]

    def warn(self, warning: str) -> None:
        """Give a warning to the user."""


class Driver(Protocol):
    """The API calls of one resource. A driver makes no decision, never sleeps, and does not know of check mode."""

    @property
    def kind(self) -> str:
        """The resource in messages: "model"."""

    @property
    def fields(self) -> Sequence[Field]:
        """The compared options."""

    @property
    def capabilities(self) -> Capabilities:
        """The provider's abilities."""

    @property
    def resolved(self) -> Mapping[str, Any]:
        """The desired values by field name; options that are not set are missing."""

    @property
    def noun(self) -> str:
        """One instance at the beginning of a message: "Run"."""

    @property
    def warnings(self) -> list[str]:
        """Warnings for the user; the engine adds its own."""

    def request(self) -> Mapping[str, Any]:
        """The whole create request as plain data without ownership tags, as --diff shows it."""

    def idempotency_key(self) -> Mapping[str, Any]:
        """The part of the request that identifies it; the token is its hash.

        If the provider makes one run from two requests with one token, it must not hold values that can be changed
        later.
        """

    def observe(self, run_id: str | None) -> list[Run]:
        """All runs of the name from a complete listing, in any order, and the one with ``run_id``.

        Raises NotFound if ``run_id`` is not found.
        """

    def verify(self, runs: Sequence[Run]) -> list[Run]:
        """Look at the models of READY runs. Returns the same runs, all ``verified``.

        A run becomes DELETED if it is proven that its model is gone, RETIRED if the provider retired it. The others
        get ``seen``.
        """

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Look up everything that a create needs. Raises the errors that would make the create fail.

        Returns runs of the name that only a closer look finds. If there are any, the engine decides again.
        """

    def dependents(self, runs: Sequence[Run]) -> Sequence[str]:
        """The provider's resources that use these models and prevent their deletion: one phrase for each."""

    def create(self, token: str) -> Run:
        """Send the create request once. TransientError: the outcome is unknown. Conflict: observe and decide again."""

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        """Change in-place fields."""

    def cancel(self, run: Run) -> Run:
        """Cancel a pending run; the answer may still be CANCELLING."""

    def pause(self, run: Run) -> Run:
        """Pause a pending run."""

    def resume(self, run: Run) -> Run:
        """Resume a paused run."""

    def delete(self, run: Run) -> Run:
        """Delete the removable parts of a run; the answer may still be DELETING."""

    def refresh(self, run: Run) -> Run:
        """Read the run again."""

    def progress(self, run: Run) -> Progress:
        """The progress of a pending run."""

    def hint(self, run: Run) -> Hint:
        """Advice for a failed run, from its reason; empty if there is none."""

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The resource's own result keys; with ``details`` also those that need further calls."""

    def describe_placeholder(self) -> dict[str, Any]:
        """The same keys for the placeholder of a run that check mode predicts."""
