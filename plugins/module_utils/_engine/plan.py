# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions: pure functions from what exists and what was asked to a plan.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .compare import Compare, CompareTags
from .errors import Differs, Refused, RunFailed
from .ignoring import is_ignored
from .types import Action, Capabilities, Change, Field, Options, Phase, Plan, Run

_ALIVE = (Phase.PENDING, Phase.PAUSED, Phase.PAUSING, Phase.READY)


def differences(fields: Iterable[Field], wish: Mapping[str, Any], run: Run, ignore: Sequence[str] = ()) -> list[Change]:
    """Everything in which the run differs from the wish. What the wish or the API leaves out is not compared, nor what
    ``ignore`` names."""
    return [change for field, change in _differing(fields, wish, run) if not is_ignored(change, field, ignore)]


def ignored_differences(
    fields: Iterable[Field], wish: Mapping[str, Any], run: Run, ignore: Sequence[str]
) -> list[Change]:
    """What :func:`differences` leaves out for the sake of ``ignore``."""
    return [change for field, change in _differing(fields, wish, run) if is_ignored(change, field, ignore)]


def _differing(fields: Iterable[Field], wish: Mapping[str, Any], run: Run) -> Iterator[tuple[Field, Change]]:
    for field in fields:
        want = wish.get(field.name)
        have = run.shown.get(field.name)
        if want is None or have is None:
            continue
        if not field.each:
            yield from ((field, change) for change in _changes(field, want, have))
            continue
        for key, value in want.items():
            shown = have.get(key)
            if shown is not None and value is not None:
                yield from ((field, change) for change in _changes(field, value, shown, f".{key}"))


def _changes(field: Field, want: Any, have: Any, at: str = "") -> Iterator[Change]:
    """One for each part that differs. ``at``: where the values are within the field's."""
    if not isinstance(field.same, Compare):
        if not field.same(want, have):
            yield Change(field.name, field.kind, have, want, at, inner=field.inner)
        return
    keyed = isinstance(field.same, CompareTags)
    for path, after, before in field.same.differing(want, have):
        part = f"{at}.{path}" if path and not path.startswith("[") else f"{at}{path}"
        yield Change(field.name, field.kind, before, after, part, path if keyed else "", field.inner)


def trains_anew(fields: Iterable[Field], wish: Mapping[str, Any], run: Run, ignore: Sequence[str] = ()) -> bool:
    """Whether the wish asks for another model than the run makes."""
    return any(change.kind == "training" for change in differences(fields, wish, run, ignore))


def group_twins(runs: Sequence[Run]) -> tuple[list[Run], list[Run], dict[str, Run]]:
    """Sort out runs that several tasks, or one re-sent request, started for one intent (the same token).

    Returns the runs that count, the pending duplicates still to be cancelled, and for each duplicate's id the
    run that stands for it. Of twins, ordered by (created, id), the oldest that is alive survives; if none is,
    the oldest that failed, else the oldest. A duplicate that became a model before it could be cancelled counts.
    """
    by_token: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.age_key):
        if run.token:
            by_token.setdefault(run.token, []).append(run)
    excess: list[Run] = []
    stands_for: dict[str, Run] = {}
    for twins in by_token.values():
        if len(twins) == 1:
            continue
        survivor = (
            next((run for run in twins if run.phase in _ALIVE), None)
            or next((run for run in twins if run.phase is Phase.FAILED), None)
            or twins[0]
        )
        for run in twins:
            if run is survivor or run.phase in (Phase.READY, Phase.GONE, Phase.RETIRED, Phase.UNKNOWN):
                continue
            stands_for[run.id] = survivor
            if run.phase.pending:
                excess.append(run)
    return [run for run in runs if run.id not in stands_for], excess, stands_for


def decide(
    runs: Sequence[Run],
    fields: Sequence[Field],
    wish: Mapping[str, Any],
    options: Options,
    can: Capabilities,
    kind: str,
) -> Plan:
    """The plan for ``options.state``. ``runs`` are all runs of the name, in any order; pure, and total."""
    if options.state != "present":
        unknown = next((run for run in _newest_first(runs) if run.phase is Phase.UNKNOWN), None)
        if unknown and options.run_id in (None, unknown.id):
            return Plan("none", unknown, refusal=_unknown(unknown, options))
        acted = [run for run in _newest_first(runs) if options.run_id in (None, run.id)]
        doubtful = next((run for run in acted if run.doubt and (run.phase.pending or run.removable)), None)
        if doubtful and not options.run_id:
            return Plan("none", doubtful, refusal=_doubtful(doubtful, options))
        return _absent(acted, options, can) if options.state == "absent" else _halt(acted, options, can)
    counted, twins, _stands_for = group_twins(runs)
    plan = _present(_newest_first(counted), fields, wish, options, can, kind)
    if plan.run and options.ignore_changes:
        ignored = ignored_differences(fields, wish, plan.run, options.ignore_changes)
        plan = replace(plan, ignored=tuple(ignored))
    if plan.refusal:
        return plan
    about = plan.run
    warnings = [*plan.warnings, *([about.doubt] if about and about.doubt else []), *(about.notes if about else ())]
    warnings += _left(counted, plan, options)
    if about and not options.run_id:  # with an id somebody has decided between them
        excess = {run.id for run in twins} if not can.no_cancel else set()
        beside = [run for run in counted if run.id not in excess]
        found = _duplicates(plan, beside, fields, wish, options.ignore_changes)
        plan = replace(plan, duplicates=found)
        warnings += [_second(run, about, kind) for run in found if run.verified]
    if can.no_cancel:
        return replace(plan, warnings=tuple(warnings))
    warnings += [f"Run {run.id} is a duplicate of one intent; it is cancelled." for run in twins]
    return replace(plan, twins=tuple(twins), warnings=tuple(warnings))


def _duplicates(
    plan: Plan, runs: Iterable[Run], fields: Sequence[Field], wish: Mapping[str, Any], ignore: Sequence[str]
) -> tuple[Run, ...]:
    """Equal runs beside the one that is kept: nobody asks for two of the same.

    Both bear the same token, or neither bears one, and what is shown of both is the same.
    """
    kept = plan.run
    if kept is None or plan.creates or not _counts(kept):
        return ()
    given = [field for field in fields if not field.chosen]
    named = {run.id for run in (kept, *plan.stop, *plan.remove)}
    return tuple(
        run
        for run in runs
        if run.id not in named
        and _counts(run)
        and run.token == kept.token
        and run.shown
        and not trains_anew(fields, wish, run, ignore)
        and not trains_anew(given, kept.shown, run)
    )


def _counts(run: Run) -> bool:
    return run.phase in (Phase.READY, Phase.PENDING, Phase.PAUSED)


def _second(run: Run, kept: Run, kind: str) -> str:
    what = f"{run.status}, '{run.model}'" if run.phase is Phase.READY and run.model else run.status
    return (
        f"Run {run.id} ({what}) asks for the same as {kept.id}: a second {kind}. A request whose answer was lost, "
        "or two tasks at the same moment, may have made it. It is left alone and may cost money: cancel or delete "
        "it if nobody needs it."
    )


def _left(runs: Sequence[Run], plan: Plan, options: Options) -> list[str]:
    """What ``delete_previous`` leaves, as it is not sure enough what it is."""
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


def _doubtful(run: Run, options: Options) -> Refused:
    return Refused(
        f"Run {run.id} ({run.status}) may be one of '{options.name}'. {run.doubt}",
        hint="Give its id if it is meant.",
    )


def _unknown(run: Run, options: Options) -> Refused:
    return Refused(
        f"Run {run.id} of '{options.name}' has the status '{run.status}', which this version does not know.",
        hint="It may be working, and cost money, so nothing is done beside it. Look at it, and update this collection.",
    )


def _newest_first(runs: Sequence[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: run.age_key, reverse=True)


def _present(
    runs: Sequence[Run],
    fields: Sequence[Field],
    wish: Mapping[str, Any],
    options: Options,
    can: Capabilities,
    kind: str,
) -> Plan:
    """The truth table of the design, row by row."""
    changes = {run.id: differences(fields, wish, run, options.ignore_changes) for run in runs}

    def training(run: Run) -> list[Change]:
        return [change for change in changes[run.id] if change.kind == "training"]

    ready = [run for run in runs if run.phase is Phase.READY]
    pending = [run for run in runs if run.phase.pending]
    on_change = options.retrain == "on_change"

    def chosen(candidates: Sequence[Run]) -> Run | None:
        """The newest equal one, or the adopted one where that is equal."""
        equals = [run for run in candidates if not training(run)]
        return next((run for run in equals if run.id == options.run_id), None) or next(iter(equals), None)

    adopted = next((run for run in pending if run.id == options.run_id and not training(run)), None)
    equal = None if adopted else chosen(ready)
    if equal:
        # A pending run beside it differs, or is a second go at the same: somebody else's money, left alone.
        others = [run for run in pending if training(run) and not run.doubt]
        warnings = []
        stop: list[Run] = []
        if others and on_change and not can.no_cancel:
            stop = others
        else:
            warnings = [
                f"Run {run.id} is still {run.status} with other settings ({_listed(training(run))})." for run in others
            ]
        return _keep(equal, changes[equal.id], runs, options, warnings, stop)

    equal = chosen(pending)
    if equal:
        plan = _keep(equal, changes[equal.id], runs, options, [], [])
        if plan.action == "update" and can.late_update and not options.wait:
            later = f"Run {equal.id} is {equal.status}, and is changed only once it is ready ({_listed(plan.changes)})."
            return replace(
                plan, action="none", changes=(), warnings=(*plan.warnings, f"{later} Run the task again then.")
            )
        return replace(plan, action="resume") if equal.phase is Phase.PAUSED else plan

    unknown = next((run for run in runs if run.phase is Phase.UNKNOWN), None)
    if unknown:
        return Plan("none", unknown, refusal=_unknown(unknown, options))
    for run in (*ready, *pending):
        if all(change.field in run.unclear for change in training(run)):
            why = " ".join(run.unclear[change.field] for change in training(run))
            return Plan("none", run, tuple(training(run)), refusal=Differs(f"'{options.name}': {why}"))
    retired = [run for run in runs if run.phase is Phase.RETIRED]
    ended = chosen(retired)
    if ended:
        return Plan("none", ended, refusal=_ended(ended, options, kind))

    if pending:
        different = next((run for run in pending if run.doubt), pending[0])
        listed = tuple(training(different))
        if different.doubt:
            return Plan("none", different, listed, refusal=_doubtful(different, options))
        if can.no_rerun:
            return Plan("none", different, listed, refusal=_unlike(different, listed, options, can, kind))
        if not on_change:
            return Plan(
                "none",
                different,
                listed,
                refusal=Differs(
                    f"'{options.name}' is being trained by run {different.id} "
                    f"({different.status}) with other settings: "
                    f"{_listed(listed)}.",
                    hint=can.no_cancel
                    or (
                        "Wait for it and ask for the same settings, or set "
                        "'retrain: on_change' to cancel it and train anew."
                    ),
                ),
            )
        if can.no_cancel:
            return Plan(
                "none",
                different,
                listed,
                refusal=Differs(f"Run {different.id} of '{options.name}' cannot be cancelled.", hint=can.no_cancel),
            )
        return Plan("retrain", different, listed, stop=tuple(pending), remove=_previous(ready, options))

    counting = [run for run in runs if run.phase in (Phase.READY, Phase.FAILED, Phase.CANCELLED)]
    newest = counting[0] if counting else None
    gone = [run for run in runs if run.phase is Phase.GONE]
    notes = tuple(f"The {kind} of run {run.id} no longer exists ({run.model or run.status})." for run in gone[:3])
    if newest and newest.phase is not Phase.READY and not training(newest):
        if options.retry_failed:
            return Plan("retry", newest, warnings=notes, remove=_previous(ready, options))
        word = "was cancelled" if newest.phase is Phase.CANCELLED else "failed"
        reason = f": {newest.reason.rstrip('.')}" if newest.reason else ""
        return Plan(
            "none",
            newest,
            refusal=RunFailed(
                f"Run {newest.id} of '{options.name}' {word}{reason}.",
                hint="Nothing was started again; 'retry_failed: true' starts one more run.",
            ),
            warnings=notes,
        )
    if ready:
        listed = tuple(training(ready[0]))
        if can.no_rerun:
            return Plan("none", ready[0], listed, refusal=_unlike(ready[0], listed, options, can, kind))
        if not on_change:
            return Plan(
                "none",
                ready[0],
                listed,
                refusal=Differs(
                    f"'{options.name}' exists (run {ready[0].id}) and was trained differently: {_listed(listed)}.",
                    hint=(
                        "A finished model cannot be changed. Set 'retrain: on_change' "
                        "to train a new one, or ask for what exists."
                    ),
                ),
            )
        return Plan("retrain", ready[0], listed, warnings=notes, remove=_previous(ready, options))
    if retired:
        listed = tuple(training(retired[0]))
        if can.no_rerun or not on_change:
            return Plan("none", retired[0], listed, refusal=_ended(retired[0], options, kind, listed))
        return Plan("retrain", retired[0], listed, warnings=notes)
    return Plan("create", warnings=notes)


def _ended(run: Run, options: Options, kind: str, listed: Sequence[Change] = ()) -> Differs:
    differs = f", and was trained differently: {_listed(listed)}" if listed else ""
    reason = f": {run.reason.rstrip('.')}" if run.reason else ""
    return Differs(
        f"The {kind} {run.model} of '{options.name}' (run {run.id}) is retired{reason}{differs}.",
        hint=(
            "It does not come back, and nothing was started. To train its successor under this name, ask for another "
            "base model with 'retrain: on_change'; 'state: absent' needs nothing more."
        ),
    )


def _unlike(run: Run, listed: Sequence[Change], options: Options, can: Capabilities, kind: str) -> Differs:
    return Differs(
        f"The {kind} '{options.name}' ({run.id}, {run.status}) is there with other settings: {_listed(listed)}.",
        hint=can.no_rerun,
    )


def _keep(
    run: Run,
    changes: Sequence[Change],
    runs: Sequence[Run],
    options: Options,
    warnings: Sequence[str],
    stop: Sequence[Run],
) -> Plan:
    """The run is what was asked: update in place what can be, warn of what only mattered while it was made."""
    in_place = tuple(change for change in changes if change.kind == "in_place")
    stale = [change for change in changes if change.kind == "creation"]
    if stale:
        warnings = [
            *warnings,
            f"Run {run.id} was made with other settings that no longer matter "
            f"({_listed(stale)}); nothing is done about them.",
        ]
    older = [other for other in runs if other.phase is Phase.READY and other.age_key < run.age_key]
    remove = _previous(older, options) if run.phase is Phase.READY else ()
    action: Action = "update" if in_place else "cancel" if stop else "delete" if remove else "none"
    return Plan(action, run, in_place, tuple(warnings), stop=tuple(stop), remove=remove)


def _previous(ready: Sequence[Run], options: Options) -> tuple[Run, ...]:
    return (
        tuple(run for run in ready if run.removable and not run.doubt and not run.uncertain)
        if options.delete_previous
        else ()
    )


def _absent(runs: Sequence[Run], options: Options, can: Capabilities) -> Plan:
    """What is pending is stopped (or, where that cannot be, awaited), unless it can be deleted as it is."""
    stop = tuple(run for run in runs if run.phase.pending and not run.removable)
    if stop and can.no_cancel and not options.wait:
        return Plan(
            "none",
            stop[0],
            refusal=Refused(
                f"Run {stop[0].id} of '{options.name}' is {stop[0].status}; it cannot be deleted yet.",
                hint=can.no_cancel,
            ),
        )
    remove = tuple(run for run in runs if run.removable or run.phase is Phase.DELETING)
    settling = any(run.phase.settling for run in runs)
    unseen = [run for run in runs if run.seen is False and run.model]
    about = next(iter((*remove, *stop)), None)
    return Plan(
        "delete" if stop or remove or settling else "none",
        about,
        warnings=tuple(f"Not deleted: {note}" for run in unseen for note in run.notes),
        stop=() if can.no_cancel else stop,
        remove=(*remove, *stop) if can.no_cancel else remove,
    )


def _halt(runs: Sequence[Run], options: Options, can: Capabilities) -> Plan:
    """``cancelled`` and ``paused``: they act on pending runs only."""
    cancel = options.state == "cancelled"
    acted = tuple(run for run in runs if run.phase.pending and (cancel or run.phase is Phase.PENDING))
    if not acted:
        return Plan("none", runs[0] if runs else None)
    cannot = can.no_cancel if cancel else can.no_pause
    if cannot:
        return Plan(
            "none",
            acted[0],
            refusal=Differs(f"Run {acted[0].id} of '{options.name}' cannot be {options.state}.", hint=cannot),
        )
    return Plan("cancel" if cancel else "pause", acted[0], stop=acted)


def _listed(changes: Sequence[Change]) -> str:
    return "; ".join(str(change) for change in visible(changes))


def visible(changes: Sequence[Change]) -> list[Change]:
    """Those that people are told of: what no option says only where there is nothing else."""
    return [change for change in changes if not change.inner] or list(changes)
