# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions: pure functions that make a plan from the observed runs and the desired state.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .compare import Compare, CompareTags
from .errors import ApiError, DriftError, FineTuneError, RunFailed
from .ignoring import is_ignored
from .types import Action, Capabilities, Change, Field, Options, Phase, Plan, Run

_ALIVE = (Phase.PENDING, Phase.PAUSED, Phase.PAUSING, Phase.READY)


def differences(
    fields: Iterable[Field], desired: Mapping[str, Any], run: Run, ignore: Sequence[str] = ()
) -> list[Change]:
    """All differences between the run and the desired state.

    A value that is missing on one side is not compared, nor is one that ``ignore`` names.
    """
    return [change for field, change in _differing(fields, desired, run) if not is_ignored(change, field, ignore)]


def ignored_differences(
    fields: Iterable[Field], desired: Mapping[str, Any], run: Run, ignore: Sequence[str]
) -> list[Change]:
    """The differences that :func:`differences` leaves out because of ``ignore``."""
    return [change for field, change in _differing(fields, desired, run) if is_ignored(change, field, ignore)]


def _differing(fields: Iterable[Field], desired: Mapping[str, Any], run: Run) -> Iterator[tuple[Field, Change]]:
    for field in fields:
        want = desired.get(field.name)
        have = run.observed.get(field.name)
        if want is None or have is None:
            continue
        if not field.each:
            yield from ((field, change) for change in _changes(field, want, have))
            continue
        for key, value in want.items():
            observed = have.get(key)
            if observed is not None and value is not None:
                yield from ((field, change) for change in _changes(field, value, observed, f".{key}"))


def _changes(field: Field, want: Any, have: Any, at: str = "") -> Iterator[Change]:
    """One change for each part that differs. ``at``: the path of the values within the field's value."""
    if not isinstance(field.same, Compare):
        if not field.same(want, have):
            yield Change(field.name, field.kind, have, want, at, inner=field.inner)
        return
    keyed = isinstance(field.same, CompareTags)
    for path, after, before in field.same.differing(want, have):
        part = f"{at}.{path}" if path and not path.startswith("[") else f"{at}{path}"
        yield Change(field.name, field.kind, before, after, part, path if keyed else "", field.inner)


def needs_replacement(
    fields: Iterable[Field], desired: Mapping[str, Any], run: Run, ignore: Sequence[str] = ()
) -> bool:
    """Whether an immutable field differs."""
    return any(change.kind == "immutable" for change in differences(fields, desired, run, ignore))


def group_duplicates(runs: Sequence[Run]) -> tuple[list[Run], list[Run], dict[str, Run]]:
    """Separate the duplicates: runs that several tasks, or one repeated request, started with the same token.

    Returns the runs that count, the pending duplicates that are not cancelled yet, and the canonical run by each
    duplicate's id. The canonical run is the oldest living one, by (created, id); without one the oldest failed one,
    else the oldest. A duplicate that became a model before it could be cancelled counts as a run.
    """
    by_token: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.age_key):
        if run.token:
            by_token.setdefault(run.token, []).append(run)
    duplicates: list[Run] = []
    canonical: dict[str, Run] = {}
    for same in by_token.values():
        if len(same) == 1:
            continue
        survivor = (
            next((run for run in same if run.phase in _ALIVE), None)
            or next((run for run in same if run.phase is Phase.FAILED), None)
            or same[0]
        )
        for run in same:
            if run is survivor or run.phase in (Phase.READY, Phase.DELETED, Phase.RETIRED, Phase.UNKNOWN):
                continue
            canonical[run.id] = survivor
            if run.phase.pending:
                duplicates.append(run)
    return [run for run in runs if run.id not in canonical], duplicates, canonical


def decide(
    runs: Sequence[Run],
    fields: Sequence[Field],
    desired: Mapping[str, Any],
    options: Options,
    can: Capabilities,
    kind: str,
) -> Plan:
    """The plan for ``options.state``. ``runs``: all runs of the name, in any order."""
    if options.state != "present":
        unknown = next((run for run in _newest_first(runs) if run.phase is Phase.UNKNOWN), None)
        if unknown and options.run_id in (None, unknown.id):
            return Plan("none", unknown, refusal=_unknown(unknown, options))
        acted = [run for run in _newest_first(runs) if options.run_id in (None, run.id)]
        ambiguous = next((run for run in acted if run.ambiguous and (run.phase.pending or run.removable)), None)
        if ambiguous and not options.run_id:
            return Plan("none", ambiguous, refusal=_refuse_ambiguous(ambiguous, options))
        return _absent(acted, options, can) if options.state == "absent" else _halt(acted, options, can)
    counted, duplicates, _canonical = group_duplicates(runs)
    newest_first = _newest_first(counted)
    changes = {run.id: differences(fields, desired, run, options.ignore_changes) for run in newest_first}
    ahead = {
        run.id: differences(
            fields, desired, replace(run, observed={**run.observed, **run.target}), options.ignore_changes
        )
        for run in newest_first
        if run.target
    }
    plan = _present(Case(newest_first, changes, ahead, options, can, kind))
    if plan.run and options.ignore_changes:
        ignored = ignored_differences(fields, desired, plan.run, options.ignore_changes)
        plan = replace(plan, ignored=tuple(ignored))
    if plan.refusal:
        return plan
    about = plan.run
    warnings = [
        *plan.warnings,
        *([about.ambiguous] if about and about.ambiguous else []),
        *(about.notes if about else ()),
    ]
    warnings += _left(counted, plan, options)
    if about and not options.run_id:  # with an id, the user has chosen one
        found = _find_lookalikes(plan, counted, fields, desired, options.ignore_changes)
        plan = replace(plan, lookalikes=found)
        warnings += [_second(run, about, kind) for run in found if run.verified]
    if can.no_cancel:
        return replace(plan, warnings=tuple(warnings))
    warnings += [f"Run {run.id} is a duplicate of one request; it is cancelled." for run in duplicates]
    return replace(plan, duplicates=tuple(duplicates), warnings=tuple(warnings))


def _find_lookalikes(
    plan: Plan, runs: Iterable[Run], fields: Sequence[Field], desired: Mapping[str, Any], ignore: Sequence[str]
) -> tuple[Run, ...]:
    """Equal runs besides the one that stays.

    Either all have the same token, or none has one, and all observed values are equal.
    """
    kept = plan.run
    if kept is None or not _counts(kept):
        return ()
    set_by_user = [field for field in fields if not field.chosen]
    named = {run.id for run in (kept, *plan.stop, *plan.remove)}
    return tuple(
        run
        for run in runs
        if run.id not in named
        and _counts(run)
        and run.token == kept.token
        and run.observed
        and not needs_replacement(fields, desired, run, ignore)
        and not needs_replacement(set_by_user, kept.observed, run)
    )


def _counts(run: Run) -> bool:
    return run.phase in (Phase.READY, Phase.PENDING, Phase.PAUSED)


def _second(run: Run, kept: Run, kind: str) -> str:
    what = f"{run.status}, '{run.model}'" if run.phase is Phase.READY and run.model else run.status
    return (
        f"Run {run.id} ({what}) has the same settings as {kept.id}: a second {kind}. A request whose answer was lost, "
        "or two tasks at the same moment, may have made it. It is left alone and may cost money: cancel or delete "
        "it if nobody needs it."
    )


def _left(runs: Sequence[Run], plan: Plan, options: Options) -> list[str]:
    """Warn about models that ``delete_previous`` keeps, because they are not identified well enough."""
    kept = {run.id for run in plan.remove}
    left = [
        run
        for run in runs
        if run.phase is Phase.READY
        and run.model
        and (run.uncertain or run.seen is False)
        and (plan.creates or run is not plan.run)
        and run.id not in kept
    ]
    if not options.delete_previous or not left:
        return []
    listed = ", ".join(f"{run.model} (run {run.id})" for run in left)
    return [f"delete_previous: not deleted, as the provider does not show enough of it: {listed}."]


def _refuse_ambiguous(run: Run, options: Options) -> ApiError:
    return ApiError(
        f"Run {run.id} ({run.status}) may be one of '{options.name}'. {run.ambiguous}",
        hint="Give its id if it is meant.",
    )


def _unknown(run: Run, options: Options) -> ApiError:
    return ApiError(
        f"Run {run.id} of '{options.name}' has the status '{run.status}', which this version does not know.",
        hint="It may be working, and cost money, so nothing else is started. Look at it, and update this collection.",
    )


def _newest_first(runs: Sequence[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: run.age_key, reverse=True)


@dataclass(frozen=True)
class Case:
    """The input of a row of the table: the desired state, and all runs that count, newest first.

    ``changes``: by a run's id its differences. ``ahead``: the same after its update, which is in progress or failed.
    """

    runs: Sequence[Run]
    changes: Mapping[str, Sequence[Change]]
    ahead: Mapping[str, Sequence[Change]]
    options: Options
    can: Capabilities
    kind: str

    def immutable(self, run: Run) -> tuple[Change, ...]:
        """The differences that need another run."""
        return tuple(change for change in self.changes[run.id] if change.kind == "immutable")

    def of(self, *phases: Phase) -> list[Run]:
        """The runs in these phases."""
        return [run for run in self.runs if run.phase in phases]

    @property
    def ready(self) -> list[Run]:
        """The finished runs."""
        return self.of(Phase.READY)

    @property
    def pending(self) -> list[Run]:
        """The active runs."""
        return [run for run in self.runs if run.phase.pending]

    @property
    def replaces(self) -> bool:
        """Whether a run that differs is replaced by a new one."""
        return self.options.retrain == "on_change"

    @property
    def previous(self) -> tuple[Run, ...]:
        """The finished runs that are deleted after a new one is ready."""
        return self.find_previous(self.ready)

    def find_previous(self, runs: Sequence[Run]) -> tuple[Run, ...]:
        """The ones of ``runs`` that may be deleted as previous runs."""
        if not (self.options.delete_previous or (self.can.long_lived and self.replaces)):
            return ()
        return tuple(run for run in runs if run.removable and not (run.ambiguous or run.uncertain or run.held))

    def find_others(self, run: Run) -> tuple[Run, ...]:
        """The ones to delete when this one stays: older models, or all other resources that serve."""
        if self.can.long_lived:
            kept = run.phase is Phase.READY or self.options.wait
            others = self.of(Phase.READY, Phase.FAILED) if kept else ()
            return self.find_previous([other for other in others if other.id != run.id])
        older = [other for other in self.ready if other.age_key < run.age_key]
        return self.find_previous(older) if run.phase is Phase.READY else ()

    def is_different(self, run: Run) -> bool:
        """Whether a difference needs an action."""
        return any(change.kind != "creation" for change in self.changes[run.id])

    def leads_to_desired(self, run: Run) -> bool:
        """Whether its update leads, or was meant to lead, to the desired state."""
        return bool(run.target) and not any(change.kind != "creation" for change in self.ahead[run.id])

    @property
    def adopted(self) -> Run | None:
        """The active run with the task's ``run_id``, if it is equal. It comes before finished runs."""
        named = (run for run in self.pending if run.id == self.options.run_id)
        return next((run for run in named if not self.immutable(run)), None)

    def find_equal(self, runs: Sequence[Run]) -> Run | None:
        """The equal run with the task's ``run_id``, else the newest equal one.

        Of resources that serve, one without any difference comes first.
        """
        equals = [run for run in runs if not self.immutable(run)]
        if self.can.long_lived:
            equals.sort(key=self.is_different)
        return next((run for run in equals if run.id == self.options.run_id), None) or next(iter(equals), None)

    @property
    def lost(self) -> tuple[str, ...]:
        """The warnings about the newest runs whose models no longer exist. Resources that serve need none."""
        gone = self.of(Phase.DELETED)[:3] if not self.can.long_lived else ()
        return tuple(f"The {self.kind} of run {run.id} no longer exists ({run.model or run.status})." for run in gone)


def nothing(case: Case) -> Plan | None:
    """nothing"""
    return None if case.runs else Plan("create")


def updating(case: Case) -> Plan | None:
    """an update or a deletion is in progress, and the task does not wait"""
    run = next(iter(case.of(Phase.UPDATING)), None)
    if run is None and case.can.long_lived and len(case.runs) == len(case.of(Phase.DELETING)):
        run = case.runs[0]
    if run is None or case.leads_to_desired(run):
        return Plan("none", run) if run else None
    other = _listed(case.ahead.get(run.id, case.changes[run.id]))
    doing = "deleted" if run.phase is Phase.DELETING else f"updated to something else ({other})"
    warning = f"The {case.kind} {run.id} is being {doing}, so nothing was sent. Run the task again when that has ended."
    return Plan("none", run, warnings=(warning,))


def update_failed(case: Case) -> Plan | None:
    """the last update to the desired state failed, and it still differs"""
    run = case.find_equal(case.ready)
    if run is None or not run.update_error or case.options.retry_failed or not case.leads_to_desired(run):
        return None
    changes = tuple(change for change in case.changes[run.id] if change.kind == "in_place")
    if not changes:
        return None
    refusal = RunFailed(
        f"The last update of the {case.kind} {run.id} of '{case.options.name}' failed: {run.update_error.rstrip('.')}. "
        f"It is still as before: {_listed(changes)}.",
        hint="Nothing was changed; 'retry_failed: true' sends the update once more.",
    )
    return Plan("none", run, changes, refusal=refusal)


def ready_equal(case: Case) -> Plan | None:
    """a finished model that is equal, if several the newest"""
    equal = None if case.adopted else case.find_equal(case.ready)
    if equal is None:
        return None
    # Other active runs belong to somebody else and are left alone, unless retrain is on.
    others = [run for run in case.pending if case.immutable(run) and not run.ambiguous]
    if case.replaces and not case.can.no_cancel:
        return _keep(case, equal, stop=others)
    return _keep(
        case,
        equal,
        warnings=[
            f"Run {run.id} is still {run.status} with other settings ({_listed(case.immutable(run))})."
            for run in others
        ],
    )


def pending_equal(case: Case) -> Plan | None:
    """an active run, equal"""
    equal = case.find_equal(case.pending)
    if equal is None:
        return None
    plan = _keep(case, equal)
    if plan.action == "update" and case.can.late_update and not case.options.wait:
        later = f"Run {equal.id} is {equal.status}, and is changed only once it is ready ({_listed(plan.changes)})."
        return replace(plan, action="none", changes=(), warnings=(*plan.warnings, f"{later} Run the task again then."))
    return replace(plan, action="resume") if equal.phase is Phase.PAUSED else plan


def unknown_status(case: Case) -> Plan | None:
    """a run whose status this version does not know"""
    unknown = next(iter(case.of(Phase.UNKNOWN)), None)
    return Plan("none", unknown, refusal=_unknown(unknown, case.options)) if unknown else None


def not_comparable(case: Case) -> Plan | None:
    """a finished model or an active run; the host does not show whether it is equal"""
    for run in (*case.ready, *case.pending):
        differs = case.immutable(run)
        if all(change.field in run.unclear for change in differs):
            why = " ".join(run.unclear[change.field] for change in differs)
            return Plan("none", run, differs, refusal=DriftError(f"'{case.options.name}': {why}"))
    return None


def retired_equal(case: Case) -> Plan | None:
    """a retired model, equal"""
    ended = case.find_equal(case.of(Phase.RETIRED))
    return Plan("none", ended, refusal=_ended(ended, case.options, case.kind)) if ended else None


def several_different(case: Case) -> Plan | None:
    """several resources that serve, all different, unless exactly one of them can be changed in place"""
    if not case.can.long_lived or len(case.ready) < 2 or case.options.run_id:
        return None
    if not all(map(case.is_different, case.ready)) or sum(not case.immutable(run) for run in case.ready) == 1:
        return None
    named = ", ".join(run.id for run in case.ready)
    refusal = ApiError(
        f"Several runs have the name '{case.options.name}': {named}. None of them has the desired settings.",
        hint="Give the id of the one that is meant, or delete the others.",
    )
    return Plan("none", case.ready[0], refusal=refusal)


def pending_different(case: Case) -> Plan | None:
    """an active run, different"""
    if not case.pending:
        return None
    run = next((run for run in case.pending if run.ambiguous), case.pending[0])
    differs = case.immutable(run)
    refusal = _why_not_stopped(case, run, differs)
    if refusal:
        return Plan("none", run, differs, refusal=refusal)
    if case.can.long_lived:
        why = f"The {case.kind} {run.id} is {run.status} with other settings ({_listed(differs)}), so nothing was sent."
        return Plan("none", run, warnings=(f"{why} Run the task again when that has ended.",))
    return _make_anew(case, run, differs, stop=tuple(case.pending))


def _why_not_stopped(case: Case, run: Run, differs: Sequence[Change]) -> FineTuneError | None:
    """Why an active run with other settings is not replaced; None if it is."""
    name, can = case.options.name, case.can
    if run.ambiguous:
        return _refuse_ambiguous(run, case.options)
    if can.no_rerun:
        return _unlike(run, differs, case)
    if can.long_lived:
        return _refuse_to_replace(case, run, differs) if not case.replaces else None
    if not case.replaces:
        return DriftError(
            f"'{name}' is being trained by run {run.id} ({run.status}) with other settings: {_listed(differs)}.",
            hint=can.no_cancel
            or "Wait for it and ask for the same settings, or set 'retrain: on_change' to cancel it and train again.",
        )
    return DriftError(f"Run {run.id} of '{name}' cannot be cancelled.", hint=can.no_cancel) if can.no_cancel else None


def failed_equal(case: Case) -> Plan | None:
    """the newest run failed or was cancelled, and was equal"""
    newest = next(iter(case.of(Phase.READY, Phase.FAILED, Phase.CANCELLED)), None)
    if newest is None or newest.phase is Phase.READY:
        return None
    if case.immutable(newest) and not (case.can.long_lived and newest.phase is Phase.FAILED):
        return None  # a failed resource that was to serve is in the way, whatever its settings
    if newest.held:
        return Plan("none", newest, refusal=_refuse_held(newest, case))
    if case.options.retry_failed:
        return _make_anew(case, newest, action="retry")
    word = "was cancelled" if newest.phase is Phase.CANCELLED else "failed"
    reason = f": {newest.reason.rstrip('.')}" if newest.reason else ""
    refusal = RunFailed(
        f"Run {newest.id} of '{case.options.name}' {word}{reason}.",
        hint="Nothing was started again; 'retry_failed: true' starts one more run.",
    )
    return Plan("none", newest, refusal=refusal, warnings=case.lost)


def ready_different(case: Case) -> Plan | None:
    """a finished model, different"""
    if not case.ready:
        return None
    run = case.ready[0]
    differs = case.immutable(run)
    if case.can.no_rerun:
        return Plan("none", run, differs, refusal=_unlike(run, differs, case))
    if run.held:
        return Plan("none", run, differs, refusal=_refuse_held(run, case, differs))
    if case.replaces:
        return _make_anew(case, run, differs)
    return Plan("none", run, differs, refusal=_refuse_to_replace(case, run, differs))


def _refuse_to_replace(case: Case, run: Run, differs: Sequence[Change]) -> DriftError:
    name = case.options.name
    if not case.can.long_lived:
        return DriftError(
            f"'{name}' exists (run {run.id}) and was trained differently: {_listed(differs)}.",
            hint=(
                "A finished model cannot be changed. Set 'retrain: on_change' to train a new one, or ask for what "
                "exists."
            ),
        )
    how = "deletes it, then makes a new one" if case.can.unique_names else "makes a new one, then deletes it"
    return DriftError(
        f"The {case.kind} '{name}' ({run.id}) differs in what cannot be changed: {_listed(differs)}.",
        hint=f"Ask for what exists, or set 'replace: on_change', which {how}.",
    )


def _make_anew(
    case: Case, run: Run, differs: Sequence[Change] = (), *, action: Action | None = None, stop: tuple[Run, ...] = ()
) -> Plan:
    """Make a new run. If no two can exist at once, the old one is deleted first, and so is a failed resource."""
    can = case.can
    action = action or ("replace" if can.long_lived else "retrain")
    plan = Plan(action, run, tuple(differs), warnings=case.lost, stop=stop)
    if not can.unique_names:
        plan = replace(plan, remove=case.previous)
    first = tuple(case.of(Phase.FAILED)) if can.long_lived and action == "retry" else ()
    if can.unique_names:
        first = tuple(case.of(Phase.READY, Phase.FAILED))
    if not first:
        return plan
    kept = next((one for one in first if one.held or one.uncertain or one.ambiguous), None)
    if kept:
        return Plan("none", kept, tuple(differs), refusal=_refuse_held(kept, case, differs))
    named = ", ".join(one.id for one in first)
    if not case.options.wait:
        warning = f"{named} has to be deleted before a new {case.kind} is made, so nothing was done: use 'wait: true'."
        return Plan("none", run, warnings=(warning,))
    why = f", as {can.why_unique}" if can.unique_names else ""
    warning = f"{named} is deleted before the new {case.kind} is made{why}."
    return replace(plan, warnings=(*plan.warnings, warning), remove_first=first)


def _refuse_held(run: Run, case: Case, differs: Sequence[Change] = ()) -> ApiError:
    """The refusal for a run that can neither be changed to the desired state nor be replaced."""
    state = f"differs: {_listed(differs)}" if differs else f"is {run.status}{f' ({run.reason})' if run.reason else ''}"
    why = run.held or run.ambiguous or "It is not sure that it has never served."
    hint = "" if run.held else "'state: absent' deletes it; then run the task again."
    return ApiError(
        f"The {case.kind} {run.id} of '{case.options.name}' {state}. It is not replaced: {why}",
        hint=f"Nothing was changed. {hint}".strip(),
    )


def retired_different(case: Case) -> Plan | None:
    """a retired model, different"""
    run = next(iter(case.of(Phase.RETIRED)), None)
    if run is None:
        return None
    differs = case.immutable(run)
    if case.can.no_rerun or not case.replaces:
        return Plan("none", run, differs, refusal=_ended(run, case.options, case.kind, differs))
    return Plan("retrain", run, differs, warnings=case.lost)


def only_failed(case: Case) -> Plan | None:
    """only failed or cancelled runs, different"""
    return Plan("create", warnings=case.lost)


ROWS: tuple[Callable[[Case], Plan | None], ...] = (
    nothing,
    updating,
    several_different,
    update_failed,
    ready_equal,
    pending_equal,
    unknown_status,
    not_comparable,
    retired_equal,
    pending_different,
    failed_equal,
    ready_different,
    retired_different,
    only_failed,
)
"""The table in docs/concepts.md, "What state: present does", in the same order.

The first row that fits gives the plan. A row's docstring is the table's first column. A row checks its whole condition.
"""


def _present(case: Case) -> Plan:
    return next(plan for plan in (row(case) for row in ROWS) if plan)


def _ended(run: Run, options: Options, kind: str, listed: Sequence[Change] = ()) -> DriftError:
    differs = f", and was trained differently: {_listed(listed)}" if listed else ""
    reason = f": {run.reason.rstrip('.')}" if run.reason else ""
    return DriftError(
        f"The {kind} {run.model} of '{options.name}' (run {run.id}) is retired{reason}{differs}.",
        hint=(
            "It does not come back, and nothing was started. To train its successor under this name, ask for another "
            "base model with 'retrain: on_change'; 'state: absent' needs nothing more."
        ),
    )


def _unlike(run: Run, listed: Sequence[Change], case: Case) -> DriftError:
    return DriftError(
        f"The {case.kind} '{case.options.name}' ({run.id}, {run.status}) exists with other settings: "
        f"{_listed(listed)}.",
        hint=case.can.no_rerun,
    )


def _keep(case: Case, run: Run, *, warnings: Sequence[str] = (), stop: Sequence[Run] = ()) -> Plan:
    """Keep the run: update it in place, and warn about differences that only mattered while it was created."""
    changes = case.changes[run.id]
    in_place = tuple(change for change in changes if change.kind == "in_place")
    stale = [change for change in changes if change.kind == "creation"]
    if stale:
        warnings = [
            *warnings,
            f"Run {run.id} was made with other settings that no longer matter "
            f"({_listed(stale)}); nothing is done about them.",
        ]
    if run.update_error and not in_place:
        warnings = [*warnings, f"The last update of {run.id} failed ({run.update_error}). It has the desired settings."]
    remove = case.find_others(run)
    left = [other.id for other in case.ready if other.id != run.id and other not in remove]
    if case.can.long_lived and left and not case.options.run_id:
        which = f"{', '.join(left)} is there under the name '{case.options.name}' besides {run.id}, and is left alone."
        warnings = [*warnings, f"{which} 'replace: on_change' deletes it."]
    action: Action = "update" if in_place else "cancel" if stop else "delete" if remove else "none"
    return Plan(action, run, in_place, tuple(warnings), stop=tuple(stop), remove=remove)


def _absent(runs: Sequence[Run], options: Options, can: Capabilities) -> Plan:
    """Stop pending runs that cannot be deleted yet, or wait for them if the provider cannot cancel; delete the rest."""
    held = next((run for run in runs if run.held), None)
    if held:
        refusal = ApiError(f"{held.id} of '{options.name}' cannot be deleted: {held.held}", hint="Nothing was changed.")
        return Plan("none", held, refusal=refusal)
    updating = next((run for run in runs if run.phase is Phase.UPDATING), None)
    if updating:
        why = f"{updating.id} of '{options.name}' is {updating.status}, and is deleted only once that has ended."
        return Plan("none", updating, warnings=(f"{why} Run the task again then.",))
    stop = tuple(run for run in runs if run.phase.pending and not run.removable)
    if stop and can.no_cancel and not options.wait:
        why = f"Run {stop[0].id} of '{options.name}' is {stop[0].status}; it cannot be deleted yet."
        if can.long_lived:
            return Plan("none", stop[0], warnings=(f"{why} Run the task again when that has ended.",))
        return Plan("none", stop[0], refusal=ApiError(why, hint=can.no_cancel))
    remove = tuple(run for run in runs if run.removable or run.phase is Phase.DELETING)
    transitional = any(run.phase.transitional for run in runs)
    unseen = [run for run in runs if run.seen is False and run.model]
    about = next(iter((*remove, *stop)), None)
    return Plan(
        "delete" if stop or remove or transitional else "none",
        about,
        warnings=tuple(f"Not deleted: {note}" for run in unseen for note in run.notes),
        stop=() if can.no_cancel else stop,
        remove=(*remove, *stop) if can.no_cancel else remove,
    )


def _halt(runs: Sequence[Run], options: Options, can: Capabilities) -> Plan:
    """The plan for ``cancelled`` and ``paused``, which act on pending runs only."""
    cancel = options.state == "cancelled"
    acted = tuple(run for run in runs if run.phase.pending and (cancel or run.phase is Phase.PENDING))
    if not acted:
        return Plan("none", runs[0] if runs else None)
    cannot = can.no_cancel if cancel else can.no_pause
    if cannot:
        return Plan(
            "none",
            acted[0],
            refusal=DriftError(f"Run {acted[0].id} of '{options.name}' cannot be {options.state}.", hint=cannot),
        )
    return Plan("cancel" if cancel else "pause", acted[0], stop=acted)


def _listed(changes: Sequence[Change]) -> str:
    return "; ".join(str(change) for change in select_reported(changes))


def select_reported(changes: Sequence[Change]) -> list[Change]:
    """The changes for messages: options, or, if there are none, the inner fields."""
    return [change for change in changes if not change.inner] or list(changes)
