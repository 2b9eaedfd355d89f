# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine's own words: a field, a run, a plan, a driver. Plain data and one protocol.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from .compare import Compare, same_value, told
from .errors import FineTuneError

Action = Literal["none", "create", "update", "retrain", "retry", "replace", "cancel", "pause", "resume", "delete"]
FieldKind = Literal["immutable", "creation", "in_place"]


class Phase(enum.Enum):
    """What a run is to the engine, whatever its provider calls it. The words are results' too."""

    PENDING = "pending"  # it will become something without our help
    PAUSED = "paused"
    PAUSING = "pausing"
    CANCELLING = "cancelling"
    UPDATING = "updating"  # it is there, and on its way from what it is to its target; that cannot be cancelled
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETING = "deleting"
    DELETED = "deleted"  # it was ready, and its model no longer exists
    RETIRED = "retired"  # it was ready, and its provider has ended what was made of its base
    UNKNOWN = "unknown"  # a status that this version does not know: reported, never polled for ever

    @property
    def pending(self) -> bool:
        """Work that may still be stopped."""
        return self in (Phase.PENDING, Phase.PAUSED)

    @property
    def transitional(self) -> bool:
        """On its way to an end that must be awaited before anything is decided."""
        return self in (Phase.PAUSING, Phase.CANCELLING, Phase.UPDATING, Phase.DELETING)


@dataclass(frozen=True)
class Field:
    """One declaration per compared option.

    ``kind``: ``in_place`` (the API can change it), ``immutable`` (it decides what it is), ``creation`` (it
    only mattered while the run was made). ``each``: the value is a mapping, of which each key that the user
    gave is compared for itself. ``options``: how its user writes the option, where that is not ``name``, the usual
    way first. ``identity``: it says which resource is meant. ``inner``: it is no option at all.
    ``chosen``: the provider takes one at random where none is given.
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
        """The option, as its user writes it."""
        return self.options[0] if self.options else self.name

    @property
    def spellings(self) -> tuple[str, ...]:
        """All that it is called."""
        return (self.name, *self.options)

    @property
    def has_parts(self) -> bool:
        """Whether parts of the value are compared for themselves."""
        return self.each or isinstance(self.same, Compare)


@dataclass(frozen=True)
class Change:
    """One difference: ``before`` is what exists, ``after`` what was asked. ``part``: of the field's value the path of
    what differs, beginning with a dot or a bracket; empty where that is the whole. ``key``: of a map whose keys are the
    user's (tags) the one that differs. ``inner``: no option says it."""

    field: str
    kind: FieldKind
    before: Any
    after: Any
    part: str = ""
    key: str = ""
    inner: bool = False

    @property
    def name(self) -> str:
        """What differs, for people."""
        return f"{self.field}{self.part}"

    def __str__(self) -> str:
        return f"{self.name}: {told(self.before, self.after)}"


@dataclass(frozen=True)
class Run:
    """One thing that exists under a name: a training run with its model, or an uploaded dataset.

    ``created`` and ``ended`` are unix times in seconds. ``observed`` holds, by field name, what the API shows; a
    field that it does not show is missing there and is not compared. ``token`` is that of its request.
    ``removable``: something of it can and should be deleted. ``remains``: further names of what is deleted with it.
    ``ambiguous``: why it may not be a run of this name at all; it is told where it matters, and such a run is neither
    stopped nor deleted for the name. ``verified``: False while a READY run's model has not been looked at; ``seen``:
    what that showed, None where nobody looked, False where the provider does not show whether it still exists.
    ``looked``: when that was, by the provider's clock, where it is known. ``notes``: what is told where the result is
    about this run. ``uncertain``: it is not sure enough what it is to be deleted for the sake of another. ``unclear``:
    by the name of a field why a difference in it proves nothing; where that is all that differs, it is neither what was
    asked nor something else. ``target``: what an update that goes on leads to, or what the last one, which failed with
    ``update_error``, should have led to; ``observed`` is what it is. ``held``: why it can neither be deleted nor
    replaced (a commitment). ``raw`` is the provider's object as plain data.
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
        """Nothing more will happen to it by itself."""
        return self.phase in (Phase.READY, Phase.FAILED, Phase.CANCELLED, Phase.DELETED, Phase.RETIRED)

    @property
    def age_key(self) -> tuple[float, str]:
        """The order that every task agrees on."""
        return (self.created, self.id)


@dataclass(frozen=True)
class Progress:
    """How far a run is. Everything but ``stage`` may be unknown. ``percent`` 0-100, ``seconds_left`` an estimate."""

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

    def plain(self) -> dict[str, Any]:
        """The same as plain data, without what is unknown."""
        return {key: value for key, value in vars(self).items() if value not in (None, "")}


@dataclass(frozen=True)
class Hint:
    """What to do about a failed run. ``mend``: its cause. ``retry``: what there is to know of ``retry_failed``, where
    that is always said; else it is said only when the option would start another run."""

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
    """What a provider can do; a plan that needs what it cannot fails before any change.

    Each of ``no_cancel``, ``no_pause`` is empty, or says what to do instead. So does ``no_rerun``: that what is there
    with other settings is never replaced by a new one, whatever the task says. ``late_update``: what is pending is
    changed in place only once it is ready. ``one_run_a_token``: two creates with one token make one run.
    ``long_lived``: it is no run that ends, but serves: an update goes on after its answer, and what came of it is read
    when it has ended; another one in its place replaces it. ``unique_names``: no two can have one name, so what is
    replaced is deleted before the new one is made.
    """

    no_cancel: str = ""
    no_pause: str = ""
    no_rerun: str = ""
    late_update: bool = False
    one_run_a_token: bool = False
    long_lived: bool = False
    unique_names: bool = False


@dataclass(frozen=True)
class Options:
    """The task's engine options, under their module option names; of ``ignore_changes`` see :mod:`.ignoring`.

    ``bounded``: wait_timeout is an option of the module and bounds all that the task does; else only its waiting for a
    run.
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
    """Pure data: what the task will do. It drives check mode, diff and the real run alike.

    ``run``: the run that the result is about. ``stop``: pending runs to cancel first. ``duplicates``: runs of one
    request to cancel. ``remove_first``: to delete before a new one is made. ``remove``: to delete at the end.
    ``lookalikes``: equal runs beside ``run`` that are left alone. ``refusal``: why nothing will be done at all.
    ``ignored``: how ``run`` differs in what is not to be compared.
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
        """Whether a new run will be started (and paid)."""
        return self.action in ("create", "retrain", "retry", "replace")

    @property
    def changed(self) -> bool:
        """Whether carrying it out changes anything."""
        return self.action != "none" or bool(self.stop or self.duplicates or self.remove)


class ModuleContext(Protocol):
    """What a driver is built from: a module's task, or that of one of many models in one process, which share
    ``clients`` (see :func:`_providers.toolkit.client.shared`). An AnsibleModule has none."""

    params: dict[str, Any]
    check_mode: bool
    no_log_values: set[str]
    clients: dict[Any, Any]

    def warn(self, warning: str) -> None:
        """Give a warning to the user."""


class Driver(Protocol):
    """One resource's API verbs. A driver decides nothing, never sleeps, and knows nothing of check mode."""

    @property
    def kind(self) -> str:
        """What is made, for messages: "model"."""

    @property
    def fields(self) -> Sequence[Field]:
        """Every compared option."""

    @property
    def capabilities(self) -> Capabilities:
        """What the provider cannot do."""

    @property
    def resolved(self) -> Mapping[str, Any]:
        """What was asked, by field name; what the user left out is missing."""

    @property
    def noun(self) -> str:
        """What one instance is, to begin a message with: "Run"."""

    @property
    def warnings(self) -> list[str]:
        """What the user must be told besides; the engine adds its own."""

    def request(self) -> Mapping[str, Any]:
        """The whole create request as plain data, without markers, as --diff shows it."""

    def idempotency_key(self) -> Mapping[str, Any]:
        """What makes two requests mean the same run; seeds the token. Without what can be changed afterwards, where the
        provider itself makes one run of two requests with one token."""

    def observe(self, run_id: str | None) -> list[Run]:
        """Every run of the name by a successful listing, in any order; with ``run_id`` also that one.

        Raises NotFound when ``run_id`` is not found.
        """

    def verify(self, runs: Sequence[Run]) -> list[Run]:
        """The same runs, all of them ``verified``: READY ones whose model is proven to be gone turned DELETED, whose
        provider has ended it RETIRED; the others ``seen`` or not."""

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        """A create is planned beside ``runs``: look up what the request needs. Raises what would make it fail.

        Returns runs of the name that only a thorough look finds; with any, it is decided anew.
        """

    def dependents(self, runs: Sequence[Run]) -> Sequence[str]:
        """What at the provider uses these models, so that they cannot be deleted: a phrase each."""

    def create(self, token: str) -> Run:
        """Send the create request once. TransientError: the outcome is unknown. Conflict: look again, decide anew."""

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        """Change in-place fields."""

    def cancel(self, run: Run) -> Run:
        """Ask for a pending run to be stopped; the answer may still be CANCELLING."""

    def pause(self, run: Run) -> Run:
        """Ask for a pending run to be paused."""

    def resume(self, run: Run) -> Run:
        """Ask for a paused run to go on."""

    def delete(self, run: Run) -> Run:
        """Delete what is removable of a run; the answer may still be DELETING."""

    def refresh(self, run: Run) -> Run:
        """The run as it is now."""

    def progress(self, run: Run) -> Progress:
        """How far a pending run is."""

    def hint(self, run: Run) -> Hint:
        """What to do about a failed run, from its reason; empty when nothing is known."""

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The resource's own result keys; with ``details`` also what costs further calls."""

    def describe_placeholder(self) -> dict[str, Any]:
        """The same keys for the placeholder of a run that check mode predicts."""
