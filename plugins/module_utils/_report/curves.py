# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loss curves as inline SVG. Private to llmops.finetune; may change at any time.

Positions are percentages of the plot, and only the lines are stretched to its size. So text and dots keep their size on
a phone, on a large screen and on paper. The colours are in the style sheet (style.py). The two curves also differ in
the dashes of their lines and the filling of their dots.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from .._engine.coerce import mapping
from .._engine.compare import number
from .markup import Html, tag
from .words import counted, grouped, readable

Point = tuple[float, float]  # step, loss

MOST_POINTS = 150  # of one curve in its chart; a screen cannot show so many separately
_FEW_POINTS = 40  # of one curve in the overview. A chart with more dots shows a dot only under the pointer
_SERIES = ("training", "validation")
_LARGEST = 1e12  # a larger number is an error in the data, and would not fit on one axis with the others
_SMALLEST = 1e-200  # a smaller number is drawn as 0; calculations with it would not be exact
_OUTLIER = 4  # times the median loss; on a scale for such a loss, every other curve would be a flat line
_ALIKE = 1e-9  # a smaller relative difference is a rounding error
_FINE = 1000  # width and height of the box in which lines are drawn, in its own units


@dataclass(frozen=True)
class Curves:
    """The two curves of one model, with the points sorted by step.

    ``unusable``: how many points were left out, because they had no usable number.
    """

    training: tuple[Point, ...] = ()
    validation: tuple[Point, ...] = ()
    unusable: int = 0

    def drawn(self) -> list[tuple[str, tuple[Point, ...]]]:
        """The name and the points of each curve that has points."""
        return [(name, points) for name in _SERIES if (points := getattr(self, name))]

    @property
    def drawable(self) -> bool:
        """Whether a line can be drawn: a curve has at least two different steps."""
        return any(points[0][0] < points[-1][0] for _name, points in self.drawn())

    def last(self, name: str) -> float | None:
        """The last loss of a curve; None if it has no points."""
        points: tuple[Point, ...] = getattr(self, name)
        return points[-1][1] if points else None


def read(curve: Any) -> Curves:
    """The curves of ``{"training": [[step, loss], ...], "validation": [...]}``; any part of it may be missing."""
    found: dict[str, tuple[Point, ...]] = {}
    unusable = 0
    for name in _SERIES:
        drawns = mapping(curve).get(name) or ()
        points = [point for point in map(_point, drawns) if point]
        unusable += len(drawns) - len(points)
        found[name] = tuple(sorted(points, key=lambda point: point[0]))
    return Curves(found["training"], found["validation"], unusable)


def _point(drawns: Any) -> Point | None:
    if not isinstance(drawns, (list, tuple)) or len(drawns) != 2:
        return None
    step, loss = number(drawns[0]), number(drawns[1])
    if step is None or loss is None or abs(step) > _LARGEST or abs(loss) > _LARGEST:
        return None
    return _drawn(step), _drawn(loss)


def _drawn(value: float) -> float:
    return float(value) if abs(value) >= _SMALLEST else 0.0


def thin(points: Sequence[Point], most: int) -> list[Point]:
    """At most ``most`` of the points, in order. ``most`` is at least 4.

    They are the first point, the last point, and the lowest and the highest point of each of ``(most - 2) / 2``
    sections between them. So every spike stays.
    """
    if len(points) <= most:
        return list(points)
    inner = points[1:-1]
    stretches = (most - 2) // 2
    kept = [points[0]]
    for index in range(stretches):
        stretch = range(len(inner) * index // stretches, len(inner) * (index + 1) // stretches)
        ends = {min(stretch, key=lambda at: inner[at][1]), max(stretch, key=lambda at: inner[at][1])}
        kept += (inner[at] for at in sorted(ends))
    return [*kept, points[-1]]


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers at equal distances: about ``wanted``, and at least two.

    The first one is at or below ``low``, the last one at or above ``high``.
    """
    spread = high - low
    if spread <= _ALIKE * max(abs(low), abs(high)):
        spread = abs(high) * wanted or 1.0
    rough = spread / wanted
    power: float = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - _ALIKE))
    first, last = math.floor(low / step + _ALIKE), math.ceil(high / step - _ALIKE)
    return [index * step for index in range(first, max(last, first + 1) + 1)]


def _tick_text(value: float, step: float) -> str:
    """The label of a tick, with as many decimals as ``step``, the distance between ticks, has."""
    decimals = max(0, -math.floor(math.log10(step) + _ALIKE))
    if decimals > 6:
        return f"{value:.1e}" if value else "0"
    return f"{value:.{decimals}f}" if decimals else grouped(value)


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    def share(self, value: float) -> float:
        """The position of the value: 0 for ``low``, 1 for ``high``."""
        return (value - self.low) / (self.high - self.low)


def _steps(curves: Curves) -> _Scale:
    steps = [step for _name, points in curves.drawn() for step, _loss in points]
    first, last = min(steps), max(steps)
    # The axis starts at zero if the first step is near zero. It does not if a run was resumed at a later step.
    return _Scale(0 if 0 <= first <= last / 10 else first, last)


def _losses(curves: Iterable[Curves]) -> tuple[float, float]:
    losses = [loss for one in curves for _name, points in one.drawn() for _step, loss in points]
    return min(losses), max(losses)


def _percent(share: float) -> str:
    return f"{round(100 * share, 2):g}%"


def chart(name: str, curves: Curves) -> Html:
    """The chart of one model with axes and a legend. If there is nothing to draw, it is a sentence."""
    if not curves.drawable:
        return tag("p", _describe_points(curves), class_="quiet")
    low, high = _losses([curves])
    # The loss axis starts at zero. If all losses are far above zero, that would hide the shape of the curves.
    marks = ticks(0 if 0 <= low <= high / 2 else low, high)
    across, up = _steps(curves), _Scale(marks[0], marks[-1])
    along = [tick for tick in _step_ticks(across) if across.low <= tick <= across.high]
    picture = tag(
        "svg",
        _grid(marks, up),
        _labels_along(along, across),
        _lines(curves, across, up, MOST_POINTS),
        *(_dots(series, points, across, up) for series, points in curves.drawn()),
        role="img",
        aria_label=f"Loss of {name} by step. {_describe_curves(curves)}",
    )
    notes = []
    thinned = max(len(points) for _series, points in curves.drawn())
    if thinned > MOST_POINTS:
        notes.append(
            f"Drawn with at most {MOST_POINTS} of {grouped(thinned)} points a curve; its highs and lows are kept."
        )
    if curves.unusable:
        notes.append(_left_out(curves))
    return tag(
        "figure",
        tag("figcaption", *(_legend(series, points) for series, points in curves.drawn())),
        tag("div", picture, class_="plot"),
        tag("p", "step", class_="axis"),
        *(tag("p", note, class_="quiet small") for note in notes),
        class_="chart",
    )


def overview(models: Sequence[tuple[str, str, str, Curves]]) -> Html:
    """Small charts of several models side by side, with one scale of losses.

    ``models``: name, provider, anchor and curves of each; all curves are drawable. A model with a loss far above the
    others has its own scale, and a note says so.
    """
    tops = {anchor: _losses([curves])[1] for _name, _provider, anchor, curves in models}
    most = _OUTLIER * abs(median(tops.values()))
    shared = _overview_scale([curves for _name, _provider, anchor, curves in models if tops[anchor] <= most])
    small = []
    for name, provider, anchor, curves in models:
        own = tops[anchor] > most
        up = _overview_scale([curves]) if own else shared
        picture = tag(
            "svg",
            _grid([up.low, up.high], up),
            _lines(curves, _steps(curves), up, _FEW_POINTS),
            role="img",
            aria_label=f"Loss of {name} ({provider}) by step. {_describe_curves(curves)}",
        )
        small.append(
            tag(
                "li",
                tag("a", name, href=f"#{anchor}"),
                tag("span", provider, class_="line quiet small"),
                tag("div", picture, class_="plot"),
                *((tag("p", "on a scale of its own", class_="quiet small"),) if own else ()),
            )
        )
    note = "Each to its last step; all losses on one scale, unless it says otherwise."
    return tag(
        "figure",
        tag("figcaption", *(_sample(series, series.capitalize()) for series in _SERIES)),
        tag("ul", *small),
        tag("p", note, class_="quiet small"),
        class_="overview",
    )


def _overview_scale(curves: Sequence[Curves]) -> _Scale:
    low, high = _losses(curves)
    marks = ticks(min(low, 0), high, 4)
    return _Scale(marks[0], marks[-1])


def _step_ticks(across: _Scale) -> list[float]:
    found = ticks(across.low, across.high)
    whole = float(across.low).is_integer() and across.high.is_integer()
    return [tick for tick in found if tick.is_integer()] if whole else found


def _grid(marks: Sequence[float], up: _Scale) -> Html:
    step = marks[1] - marks[0]
    parts = []
    for mark in marks:
        y = _percent(1 - up.share(mark))
        parts += [
            tag("line", x1="0", x2="100%", y1=y, y2=y),
            tag("text", _tick_text(mark, step), x="-8", y=y, dy=".32em"),
        ]
    return tag("g", *parts, class_="grid")


def _labels_along(along: Sequence[float], across: _Scale) -> Html:
    step = along[1] - along[0] if len(along) > 1 else 1.0
    labels = (
        tag("text", _tick_text(tick, step), x=_percent(across.share(tick)), y="100%", dy="1.5em") for tick in along
    )
    return tag("g", *labels, class_="along")


def _lines(curves: Curves, across: _Scale, up: _Scale, most: int) -> Html:
    lines = []
    for series, points in curves.drawn():
        positions = (
            f"{round(_FINE * across.share(step), 1):g},{round(_FINE * (1 - up.share(loss)), 1):g}"
            for step, loss in thin(points, most)
        )
        lines.append(tag("polyline", points=" ".join(positions), class_=series))
    return tag("svg", *lines, width="100%", height="100%", viewBox=f"0 0 {_FINE} {_FINE}", preserveAspectRatio="none")


def _dots(series: str, points: Sequence[Point], across: _Scale, up: _Scale) -> Html:
    thinned = thin(points, MOST_POINTS)
    dots = (
        tag(
            "circle",
            tag("title", f"{series}, step {_step_text(step)}: {readable(loss)}"),
            cx=_percent(across.share(step)),
            cy=_percent(1 - up.share(loss)),
            r="3",
        )
        for step, loss in thinned
    )
    return tag("g", *dots, class_=f"dots {series}{' dense' if len(thinned) > _FEW_POINTS else ''}")


def _step_text(step: float) -> str:
    return grouped(step) if step.is_integer() else readable(step)


def _sample(series: str, *words: str) -> Html:
    line = tag(
        "svg", tag("line", x1="0", x2="100%", y1="50%", y2="50%", class_=series), class_="sample", aria_hidden="true"
    )
    return tag("span", line, " ", *words)


def _legend(series: str, points: Sequence[Point]) -> Html:
    first, last = readable(points[0][1]), readable(points[-1][1])
    change = first if len(points) == 1 else f"{first} \u2192 {last}"
    return _sample(series, f"{series.capitalize()} loss ", tag("b", change))


def _describe_curves(curves: Curves) -> str:
    """The curves in words, for readers who do not see them."""
    sentences = []
    for series, points in curves.drawn():
        (first, start), (last, end) = points[0], points[-1]
        at = f"{readable(start)} at step {_step_text(first)}"
        if len(points) > 1:
            lowest = min(loss for _step, loss in points)
            at = f"from {at} to {readable(end)} at step {_step_text(last)}, lowest {readable(lowest)}"
        sentences.append(f"{series.capitalize()}: {at}.")
    return " ".join(sentences)


def _describe_points(curves: Curves) -> str:
    curves_drawn = curves.drawn()
    text = "No loss curve: none was reported."
    if curves_drawn:
        ends = (
            f"{name} loss {readable(points[-1][1])} at step {_step_text(points[-1][0])}"
            for name, points in curves_drawn
        )
        text = f"One step only, too little for a curve: {', '.join(ends)}."
    return f"{text} {_left_out(curves)}" if curves.unusable else text


def _left_out(curves: Curves) -> str:
    return f"{counted(curves.unusable, 'reported point')} without a usable number left out."
