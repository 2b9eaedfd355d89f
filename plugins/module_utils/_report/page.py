# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run: one HTML file that needs nothing else. Private to llmops.finetune; may change at any time.

It has no script, no external link and no external picture. A content security policy makes the browser refuse them even
if there were one by mistake. The same results give the same bytes: nothing depends on the time of writing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._engine.coerce import mapping, timestamp
from .._engine.compare import number
from .._engine.types import duration
from . import curves, usable, words
from .markup import Html, joined, tag
from .style import STYLE

_ACTIONS = {
    "none": "nothing to do",
    "create": "new training run",
    "update": "updated in place",
    "retrain": "trained anew",
    "retry": "new attempt",
    "cancel": "cancelled",
    "pause": "paused",
    "resume": "resumed",
    "delete": "deleted",
}
_TRAINING = frozenset({"create", "retrain", "retry", "resume"})  # the actions that lead to a model
# The kind of a phase. Any other phase, and a result without a phase, is shown as "still".
_KINDS = {
    "ready": "good",
    "failed": "bad",
    "pending": "busy",
    "pausing": "busy",
    "cancelling": "busy",
    "deleting": "busy",
}
_SIGNS = {"good": "\u2713", "bad": "\u2715", "busy": "\u2026", "still": "\u2013"}
_SPREAD = ("min", "median", "mean", "p95", "max")


@dataclass(frozen=True)
class _Model:
    """One result, and its position on the page, from 1."""

    position: int
    result: Mapping[str, Any]

    @property
    def anchor(self) -> str:
        return f"model-{self.position}"

    @cached_property
    def name(self) -> str:
        return self.text("name") or "(no name)"

    @cached_property
    def provider(self) -> str:
        return self.text("provider_label") or self.text("provider")

    @property
    def label(self) -> str:
        """The name with the provider, because several providers may train a model of one name."""
        return f"{self.name} ({self.provider})" if self.provider else self.name

    @cached_property
    def curves(self) -> curves.Curves:
        return curves.read(self.result.get("curve"))

    @cached_property
    def metrics(self) -> list[tuple[str, float]]:
        found = ((words.text(name), number(value)) for name, value in mapping(self.result.get("metrics")).items())
        return [(name, value) for name, value in found if value is not None]

    def text(self, key: str) -> str:
        """A value as text; empty if there is none."""
        value = self.result.get(key)
        return "" if value is None else words.text(value)

    def texts(self, key: str) -> list[str]:
        """A list of texts."""
        return [words.text(one) for one in self.result.get(key) or ()]

    @property
    def kind(self) -> str:
        """``bad`` (failed), ``good`` (ready), ``busy`` (in progress) or ``still`` (anything else)."""
        return "bad" if self.result.get("failed") else _KINDS.get(self.text("phase"), "still")

    @property
    def count(self) -> str:
        """The heading under which the summary counts the model."""
        if self.kind == "bad":
            return "failed"
        action = self.text("action")
        if not self.result.get("changed") or action == "none":
            return "still training" if self.kind == "busy" else "unchanged"
        if action in _TRAINING:
            return "trained" if self.kind == "good" else "still training" if self.kind == "busy" else "changed"
        return "changed"

    def loss(self, name: str) -> str:
        """The last loss of ``training`` or ``validation``; empty if it is unknown.

        It is the provider's metric that ends in ``_loss`` and contains the first five letters of ``name``. If there is
        none, it is the last loss of the curve.
        """
        summed = sorted((key, value) for key, value in self.metrics if key.endswith("_loss") and name[:5] in key)
        found = summed[0][1] if summed else self.curves.last(name)
        return "" if found is None else words.readable(found)

    @property
    def losses(self) -> list[str]:
        """The last losses: ``0.412 training``, ``0.455 validation``."""
        found = {name: self.loss(name) for name in ("training", "validation")}
        return [f"{loss} {name}" for name, loss in found.items() if loss]

    @property
    def origin(self) -> str:
        """Provider and base model."""
        return " · ".join(filter(None, (self.provider, self.text("base_model"))))


@dataclass
class _Data:
    """A dataset; several models may share it. ``used``: each model that uses it, and its split."""

    position: int
    found: Mapping[str, Any]
    used: list[tuple[_Model, str]]

    @property
    def anchor(self) -> str:
        return f"data-{self.position}"

    @property
    def format(self) -> str:
        return words.text(self.found.get("format") or "no known format")

    @property
    def converted(self) -> str:
        source = self.found.get("source_format")
        return f", converted from {words.text(source)}" if source and source != self.found.get("format") else ""

    @property
    def examples(self) -> str:
        found = number(self.found.get("examples"))
        return "examples" if found is None else words.counted(found, "example")

    def issues(self, kind: str) -> int:
        """The number of all errors or warnings. The results list only the first ones."""
        listed = len(self.found.get(f"{kind}s") or ())
        return int(max(listed, number(self.found.get(f"{kind}_count")) or 0))


class _Datasets:
    """Each different dataset once, in the order of its first use."""

    def __init__(self, models: Sequence[_Model]) -> None:
        self.all: list[_Data] = []
        self.of: dict[int, list[tuple[str, _Data]]] = {}
        known: dict[str, _Data] = {}
        for model in models:
            dataset = mapping(model.result.get("dataset"))
            self.of[model.position] = []
            for use in ("training", "validation"):
                found = mapping(dataset.get(use))
                if not found:
                    continue
                same = json.dumps(found, sort_keys=True, default=str)
                if same not in known:
                    known[same] = _Data(len(known) + 1, found, [])
                    self.all.append(known[same])
                known[same].used.append((model, use))
                self.of[model.position].append((use, known[same]))


def page(title: str, results: Sequence[Mapping[str, Any]]) -> str:
    """The report as one HTML document. The caller writes it as UTF-8.

    ``results``: one mapping for each model. Any key may be missing or None: provider, provider_label (for people),
    name, id, job_id, status (the provider's word), phase (the engine's word), action, changed, failed, msg, hint,
    model_id (the identifier to call), base_model, settings, metrics (name to number), curve
    (``{"training": [[step, loss], ...], "validation": ...}``), elapsed (seconds), started and ended (ISO 8601),
    dataset (``{"training": D, "validation": D}``; D is the result of `_dataset.report.Report.to_dict` with
    source_format), estimated_training_tokens, epochs, warnings and previous (lists of texts). The caller must mask
    secrets before: the page shows all values.
    """
    models = [_Model(position, usable.result(result)) for position, result in enumerate(results, 1)]
    datasets = _Datasets(models)
    failed = [model for model in models if model.kind == "bad"]
    body = joined(
        (
            _head(title, models),
            _summary(models),
            _failures(failed, datasets),
            _overview(models),
            *(_model(model, datasets) for model in models),
            _data(datasets.all),
        )
    )
    return _document(title, body)


def _document(title: str, body: Html) -> str:
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        Html(
            '<meta http-equiv="Content-Security-Policy" '
            f"content=\"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\">"
        ),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    foot = tag(
        "footer",
        "Written by the Ansible collection llmops.finetune. Losses and metrics are the providers'; "
        "token counts of datasets are estimates.",
    )
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', tag('main', body), foot), lang='en')}\n"


def _head(title: str, models: Sequence[_Model]) -> Html:
    providers = dict.fromkeys(model.provider for model in models if model.provider)
    facts = [words.counted(len(models), "model"), *providers]
    times = sorted(
        (found, text)
        for model in models
        for key in ("started", "ended")
        if (found := timestamp(model.result.get(key))) is not None and (text := words.moment(model.result.get(key)))
    )
    if times:
        facts.append(words.period(times[0][1], times[-1][1]))
    return tag("header", tag("h1", title), tag("p", " · ".join(facts), class_="quiet"))


def _summary(models: Sequence[_Model]) -> Html:
    if not models:
        return tag("p", "There was no model to train.")
    counts = Counter(model.count for model in models)
    always = ("trained", "unchanged", "failed")
    kinds = {"trained": "good", "failed": "bad", "still training": "busy"}
    tiles = (
        tag(
            "li",
            tag("b", words.grouped(counts[key])),
            " ",
            key,
            class_=kinds.get(key, "still") if counts[key] else "still",
        )
        for key in ("trained", "still training", "changed", "unchanged", "failed")
        if key in always or counts[key]
    )
    heads = ("Model", "Status", "Last loss", "Model to call")
    rows = (
        tag(
            "tr",
            tag("th", tag("a", model.name, href=f"#{model.anchor}"), _under(model.origin), scope="row"),
            _cell(heads[1], joined((_badge(model), _under(_action(model))))),
            _cell(heads[2], joined(tag("span", loss, class_="line") for loss in model.losses), "figures"),
            _cell(heads[3], _code(model.text("model_id"))),
        )
        for model in models
    )
    table = tag(
        "table",
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *rows),
        class_="models",
    )
    return tag("section", tag("h2", "Summary"), tag("ul", *tiles, class_="tiles"), table, id="summary")


def _under(words_below: str) -> str:
    return tag("span", words_below, class_="line quiet small") if words_below else ""


def _cell(label: str, content: str, class_: str | None = None) -> Html:
    """A cell of a table. On a narrow screen the table's head is hidden, and the cell shows its own ``label``."""
    empty = None if content else "empty"
    return tag("td", content or "–", data_label=label, class_=" ".join(filter(None, (class_, empty))) or None)


def _badge(model: _Model) -> Html:
    kind = model.kind
    status = model.text("status") or ("failed" if kind == "bad" else "unknown")
    # A task may fail although its run did not: the wait timed out, or the desired state differs from the observed one.
    failed = tag("span", " · task failed") if kind == "bad" and model.text("phase") != "failed" else ""
    return tag("span", tag("span", _SIGNS[kind], aria_hidden="true"), " ", status, failed, class_=f"badge {kind}")


def _action(model: _Model) -> str:
    action = model.text("action")
    return _ACTIONS.get(action, action)


def _code(value: str) -> str:
    return tag("code", value) if value else ""


def _failures(failed: Sequence[_Model], datasets: _Datasets) -> Html:
    if not failed:
        return Html("")
    return tag(
        "section",
        tag("h2", "What failed"),
        *(_failure(model, datasets) for model in failed),
        class_="failures",
        id="failed",
    )


def _failure(model: _Model, datasets: _Datasets) -> Html:
    parts = [
        tag("h3", tag("a", model.name, href=f"#{model.anchor}"), " ", _badge(model)),
        tag("p", model.origin, class_="quiet small"),
        tag("p", model.text("msg") or "No message was given.", class_="said"),
    ]
    if hint := model.text("hint"):
        parts.append(tag("p", tag("b", "What to do: "), hint, class_="said"))
    parts += [
        tag("p", tag("a", f"{words.counted(errors, 'error')} in the {use} data", href=f"#{data.anchor}"))
        for use, data in datasets.of[model.position]
        if (errors := data.issues("error"))
    ]
    return tag("article", *parts, class_="failure", id=f"failed-{model.position}")


def _overview(models: Sequence[_Model]) -> Html:
    drawn = [(model.name, model.provider, model.anchor, model.curves) for model in models if model.curves.drawable]
    if len(drawn) < 2:
        return Html("")
    return tag("section", tag("h2", "Loss curves side by side"), curves.overview(drawn), id="curves")


def _model(model: _Model, datasets: _Datasets) -> Html:
    about = " · ".join(filter(None, (model.origin, _action(model))))
    parts = [tag("h2", model.name, " ", _badge(model)), tag("p", about, class_="quiet")]
    if model.kind == "bad":
        parts.append(tag("p", tag("a", "Why it failed and what to do", href=f"#failed-{model.position}")))
    if warnings := model.texts("warnings"):
        signed = (tag("li", tag("b", "Warning: "), warning, class_="said") for warning in warnings)
        parts.append(tag("ul", *signed, class_="warnings"))
    replaced = model.texts("previous")
    identifiers = _facts(
        [
            ("Model to call", _code(model.text("model_id"))),
            ("Job", _code(model.text("job_id") or model.text("id"))),
            ("Replaced", tag("ul", *(tag("li", one) for one in replaced), class_="plain") if replaced else ""),
            ("Trained on", _trained_on(datasets.of[model.position])),
        ]
    )
    metrics = _definition_list([(name, words.readable(value)) for name, value in model.metrics])
    settings = joined(
        joined((tag("p", _breakable(where), class_="small quiet") if where else "", _definition_list(rows)))
        for where, rows in words.settings(mapping(model.result.get("settings"))).items()
    )
    parts += [
        identifiers,
        tag("h3", "Loss"),
        curves.chart(model.label, model.curves),
        tag(
            "div",
            *(
                tag("div", tag("h3", head), block)
                for head, block in (("Run", _facts(_run(model), "times")), ("Settings", settings), ("Metrics", metrics))
                if block
            ),
            class_="blocks",
        ),
    ]
    return tag("section", *parts, class_="model", id=model.anchor)


def _facts(rows: Sequence[tuple[str, str]], class_: str = "") -> Html:
    """A list of names and values. A name without a value is left out. Without any value there is no list."""
    entries = [tag("div", tag("dt", name), tag("dd", value)) for name, value in rows if value]
    return tag("dl", *entries, class_=f"facts {class_}".strip()) if entries else Html("")


def _definition_list(rows: Sequence[tuple[str, str]]) -> Html:
    return _facts([(_breakable(name), value) for name, value in rows])


def _breakable(name: str) -> Html:
    """A name in which the browser may break the line after a dot or an underscore."""
    return joined(re.split(r"(?<=[._])", name), tag("wbr"))


def _run(model: _Model) -> list[tuple[str, str]]:
    result = model.result
    elapsed, tokens, epochs = (number(result.get(key)) for key in ("elapsed", "estimated_training_tokens", "epochs"))
    begin, end = timestamp(result.get("started")), timestamp(result.get("ended"))
    return [
        ("Started", words.moment(result.get("started")) or ""),
        ("Ended", words.moment(result.get("ended")) or ""),
        ("Training took", duration(end - begin) if begin is not None and end is not None and end >= begin else ""),
        ("This task took", "" if elapsed is None else duration(elapsed)),
        ("Epochs", "" if epochs is None else words.readable(epochs)),
        ("Training tokens", "" if tokens is None else f"about {words.grouped(tokens)}"),
    ]


def _trained_on(datasets: Sequence[tuple[str, _Data]]) -> str:
    lines = []
    for use, data in datasets:
        sha256 = words.text(data.found.get("sha256") or "")[:12]
        doubts = (words.counted(count, kind) for kind in ("error", "warning") if (count := data.issues(kind)))
        about = ", ".join(filter(None, (data.format + data.converted, sha256 and f"sha256 {sha256}", *doubts)))
        lines.append(tag("li", f"{use.capitalize()}: ", tag("a", data.examples, href=f"#{data.anchor}"), f", {about}"))
    return tag("ul", *lines, class_="plain") if lines else ""


def _data(datasets: Sequence[_Data]) -> Html:
    if not datasets:
        return Html("")
    return tag("section", tag("h2", "Datasets"), *map(_dataset, datasets), id="datasets")


def _dataset(data: _Data) -> Html:
    found = data.found
    many, tokens = number(found.get("bytes")), number(found.get("estimated_tokens"))
    used = (
        joined((tag("a", model.name, href=f"#{model.anchor}"), f" ({', '.join(filter(None, (model.provider, use)))})"))
        for model, use in data.used
    )
    facts = _facts(
        [
            ("Format", data.format + data.converted),
            ("Size", "" if many is None else words.size(many)),
            ("Tokens", f"about {words.grouped(tokens)}" if tokens else ""),
            ("sha256", _code(words.text(found.get("sha256") or ""))),
            ("Used by", joined(used, ", ")),
        ]
    )
    return tag(
        "article",
        tag("h3", f"{data.examples[:1].upper()}{data.examples[1:]}, {data.format}"),
        tag("div", facts, _spread(mapping(found.get("statistics"))), class_="pair"),
        _issues("error", data),
        _issues("warning", data),
        class_="dataset",
        id=data.anchor,
    )


def _spread(statistics: Mapping[str, Any]) -> Html:
    rows = [
        tag(
            "tr",
            tag("th", words.text(name).replace("_", " ").capitalize(), scope="row"),
            *(tag("td", _figure(mapping(spread).get(key)), class_="figures") for key in _SPREAD),
        )
        for name, spread in statistics.items()
        if spread
    ]
    if not rows:
        return Html("")
    heads = ("", "least", "median", "mean", "95 % up to", "most")
    return tag(
        "table",
        tag("thead", tag("tr", *(tag("th", head, scope="col") if head else tag("td") for head in heads))),
        tag("tbody", *rows),
        class_="spread",
    )


def _figure(value: Any) -> str:
    found = number(value)
    return "–" if found is None else words.readable(found)


def _issues(kind: str, data: _Data) -> Html:
    count = data.issues(kind)
    if not count:
        return Html("")
    listed = [mapping(one) for one in data.found.get(f"{kind}s") or ()]
    items = [
        tag(
            "li",
            tag("b", "Whole file: " if issue.get("line") is None else f"Line {words.text(issue.get('line'))}: "),
            " ".join(words.text(issue[key]) for key in ("message", "hint") if issue.get(key)),
            *((" ", tag("code", words.text(issue["code"]))) if issue.get("code") else ()),
            class_="said",
        )
        for issue in listed
    ]
    rest = count - len(listed)
    codes = mapping(data.found.get(f"{kind}_codes"))
    if rest > 0:
        by_code = ", ".join(f"{words.text(code)}: {words.text(many)}" for code, many in codes.items())
        items.append(
            tag("li", f"{words.grouped(rest)} more are not listed.{f' In all: {by_code}.' if by_code else ''}")
        )
    return tag(
        "details",
        tag("summary", words.counted(count, kind)),
        tag("ul", *items),
        class_=f"issues {kind}",
        open="" if kind == "error" else None,
    )
