# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in a report, and that nothing from outside becomes part of its markup."""

from __future__ import annotations

import math
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._report import curves
from ansible_collections.llmops.finetune.plugins.module_utils._report.page import page
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.report.results import (
    DATA,
    failed,
    falling,
    trained,
    unchanged,
)

SPACE = "\u202f"


class _Tree(HTMLParser):
    """Builds a tree of what HTML says; fails for an element that is closed by another's end, or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.builder = ElementTree.TreeBuilder()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in <{tag}>"
        self.builder.start(tag, {key: value or "" for key, value in attrs})
        if tag in ("meta", "wbr"):
            self.builder.end(tag)
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.builder.end(tag)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.builder.data(data)


def tree(html: str) -> ElementTree.Element:
    """The page as a tree. Raises AssertionError where it is not well formed."""
    parser = _Tree()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser.builder.close()


def told(element: ElementTree.Element) -> str:
    """The text of an element, its spaces evened out."""
    return " ".join("".join(element.itertext()).replace(SPACE, " ").split())


def one(root: ElementTree.Element, **attributes: str) -> ElementTree.Element:
    """The one element that has these attributes."""
    (found,) = every(root, **attributes)
    return found


def every(root: ElementTree.Element, **attributes: str) -> list[ElementTree.Element]:
    wanted = {key.rstrip("_"): value for key, value in attributes.items()}
    return [element for element in root.iter() if wanted.items() <= element.attrib.items()]


def shown(*results: dict[str, Any]) -> ElementTree.Element:
    return tree(page("A run", results))


def dots(root: ElementTree.Element, series: str) -> list[str]:
    """What the dots of a curve say when pointed at."""
    return [
        told(title)
        for group in root.iter("g")
        if series in group.get("class", "").split() and "dots" in group.get("class", "").split()
        for title in group.iter("title")
    ]


def values(element: ElementTree.Element) -> dict[str, str]:
    """The names and values of a list of facts."""
    return {
        told(row[0]): told(row[1])
        for row in element.iter("div")
        if len(row) == 2 and (row[0].tag, row[1].tag) == ("dt", "dd")
    }


class TestSummary:
    def test_counts(self) -> None:
        busy = trained(status="InProgress", phase="pending")
        root = shown(trained(), unchanged(), failed(), busy, trained(action="delete"))
        tiles = [told(tile) for tile in one(root, class_="tiles")]
        assert tiles == ["1 trained", "1 still training", "1 changed", "1 unchanged", "1 failed"]

    def test_a_run_that_failed_is_counted_although_its_task_did_not(self) -> None:
        tiles = [told(tile) for tile in one(shown(failed(failed=False)), class_="tiles")]
        assert tiles == ["0 trained", "0 unchanged", "1 failed"]

    def test_every_model_with_its_status_and_what_to_call(self) -> None:
        rows = [told(row) for row in one(shown(trained(), failed()), class_="models").iter("tr")][1:]
        assert rows == [
            "support-botAmazon Bedrock · amazon.nova-lite-v1:0:300k✓ Completednew training run0.4123 training"
            f"0.4551 validation{trained()['model_id']}",
            "triageOpenAI · gpt-4.1-mini-2025-04-14✕ failednew training run––",
        ]

    @pytest.mark.parametrize(
        ("status", "phase", "sign"),
        [
            ("ACTIVE", "ready", "✓"),
            ("Failed", "failed", "✕"),
            ("queued", "pending", "…"),
            ("Stopping", "cancelling", "…"),
            ("cancelled", "cancelled", "–"),
            ("NEW_WORD", "unknown", "–"),
            ("Completed", None, "–"),  # a result of 1.0.0
        ],
    )
    def test_a_sign_beside_the_word(self, status: str, phase: str | None, sign: str) -> None:
        badge = one(shown(trained(status=status, phase=phase)), class_="models").findall(".//td[1]/span")[0]
        assert told(badge) == f"{sign} {status}"

    def test_a_task_that_failed_beside_a_run_that_did_not(self) -> None:
        root = shown(trained(failed=True, msg="The wait was over."))
        assert "✕ Completed · task failed" in told(one(root, class_="models"))

    def test_results_of_1_0_0_have_neither_phase_nor_label(self) -> None:
        old = {key: value for key, value in trained().items() if key not in ("phase", "provider_label")}
        assert "bedrock · amazon.nova-lite-v1:0:300k– Completed" in told(one(shown(old), class_="models"))

    def test_links_lead_somewhere(self) -> None:
        root = shown(trained(), unchanged(), failed(dataset={"training": {**DATA, "error_count": 3}}))
        targets = [element.get("id") for element in root.iter() if element.get("id")]
        links = [link.get("href", "") for link in root.iter("a")]
        assert len(targets) == len(set(targets))
        assert links and {link.removeprefix("#") for link in links} <= set(targets)

    def test_when(self) -> None:
        other = unchanged(started="2026-11-20T07:00:00+00:00", ended=None)
        assert "2 models · Amazon Bedrock · OCI Generative AI · 2026-11-20 07:00 to 09:45 UTC" in told(
            shown(trained(), other)
        )


class TestFailures:
    def test_stand_before_the_models_with_their_hint(self) -> None:
        root = shown(trained(), failed())
        sections = [section.get("id") for section in root.iter("section")]
        assert sections == ["summary", "failed", "model-1", "model-2", "datasets"]
        said = told(one(root, id="failed-2"))
        assert "The training file has 7 examples; at least 10 are needed." in said
        assert "What to do: Add examples, then run again with retry_failed." in said

    def test_lines_of_a_message_stay_lines(self) -> None:
        html = page("A run", [failed(msg="Two lines are wrong.\nline 1: empty\nline 2: empty")])
        assert '<p class="said">Two lines are wrong.\nline 1: empty\nline 2: empty</p>' in html

    def test_without_a_message(self) -> None:
        assert "No message was given." in told(one(shown(failed(msg=None, hint=None)), id="failed-1"))

    def test_errors_of_the_dataset(self) -> None:
        issue = {"line": 3, "code": "no_messages", "message": "No messages.", "hint": "Add some."}
        data = {**DATA, "errors": [issue], "error_count": 2, "error_codes": {"no_messages": 1, "not_json": 1}}
        root = shown(failed(dataset={"training": data}))
        assert "2 errors in the training data" in told(one(root, id="failed-1"))
        listed = one(root, class_="issues error")
        assert "open" in listed.attrib
        assert told(listed) == (
            "2 errorsLine 3: No messages. Add some. no_messages"
            "1 more are not listed. In all: no_messages: 1, not_json: 1."
        )

    def test_none(self) -> None:
        assert "What failed" not in told(shown(trained()))


class TestModel:
    def test_what_was_trained_on_what(self) -> None:
        found = values(one(shown(trained()), id="model-1"))
        assert found["Model to call"] == trained()["model_id"]
        assert found["Job"] == trained()["job_id"]
        assert found["Replaced"] == "support-bot-5f70bf18 (kept)"
        assert found["Trained on"] == (
            "Training: 60 examples, bedrock_converse, converted from openai_chat, sha256 46793edb021a, 31 warnings"
        )

    def test_run_settings_and_metrics(self) -> None:
        model = one(shown(trained()), id="model-1")
        found = values(model)
        assert found["Started"] == "2026-11-20 08:14 UTC"
        assert (found["Training took"], found["This task took"]) == ("1 h 31 min", "1 h 32 min")
        assert (found["Epochs"], found["Training tokens"]) == ("2", "about 38 624")
        assert (found["epochCount"], found["type"], found["seed"]) == ("2", "supervised", "7")
        assert "left_out" not in found
        assert "method.supervised" in told(model)
        assert (found["training_loss"], found["validation_loss"]) == ("0.4123", "0.4551")

    def test_warnings(self) -> None:
        assert "Warning: role_arn differs from that of the finished job." in told(one(shown(trained()), id="model-1"))

    @pytest.mark.parametrize("empty", [{}, dict.fromkeys(trained())])
    def test_nothing_known(self, empty: dict[str, Any]) -> None:
        root = shown(empty)
        assert "(no name) – unknown" in told(one(root, id="model-1"))
        assert "None" not in told(root.find("body"))  # type: ignore[arg-type]  # there is one

    def test_no_models(self) -> None:
        assert "There was no model to train." in told(shown())

    def test_a_long_message_is_cut_and_that_is_said(self) -> None:
        said = told(one(shown(failed(msg="x" * 12345)), id="failed-1"))
        assert f"{'x' * 10000} ... (2 345 characters more)" in said


class TestDatasets:
    def test_statistics(self) -> None:
        data = one(shown(trained()), id="data-1")
        assert values(data)["Size"] == "96.1 kB"
        assert values(data)["Tokens"] == "about 19 312"
        assert values(data)["sha256"] == DATA["sha256"]
        rows = [[told(cell) for cell in row] for row in one(data, class_="spread").iter("tr")]
        assert rows == [
            ["", "least", "median", "mean", "95 % up to", "most"],
            ["Characters per example", "1 085", "1 388", "1 408", "1 628", "2 150"],
        ]

    def test_warnings_are_counted_although_few_are_listed(self) -> None:
        listed = told(one(shown(trained()), class_="issues warning"))
        assert listed.startswith("31 warningsLine 7: 5 000 tokens. Shorten it. long_example")
        assert "30 more are not listed. In all: long_example: 31." in listed

    def test_one_that_several_models_use_is_told_once(self) -> None:
        root = shown(trained(), unchanged(dataset={"training": DATA, "validation": {**DATA, "examples": 1}}))
        assert [told(one(root, id=f"data-{position}").find("h3")) for position in (1, 2)] == [  # type: ignore[arg-type]
            "60 examples, bedrock_converse",
            "1 example, bedrock_converse",
        ]
        assert every(root, id="data-3") == []
        assert values(one(root, id="data-1"))["Used by"] == (
            "support-bot (Amazon Bedrock, training), support-bot-oci (OCI Generative AI, training)"
        )


class TestCurves:
    def test_every_point(self) -> None:
        root = shown(trained())
        assert len(dots(root, "training")) == 30
        assert dots(root, "validation") == [f"validation, step {step}: {loss:.4g}" for step, loss in falling(30, 10)]
        training = one(root, class_="training", points=one_line(root, "training"))
        assert len(training.get("points", "").split()) == 30

    def test_said_for_who_does_not_see_it(self) -> None:
        (picture,) = every(shown(trained()), role="img")
        assert picture.get("aria-label") == (
            "Loss of support-bot (Amazon Bedrock) by step. "
            "Training: from 2.223 at step 1 to 0.525 at step 30, lowest 0.525. "
            "Validation: from 1.194 at step 10 to 0.525 at step 30, lowest 0.525."
        )

    def test_places(self) -> None:
        """Higher is more, and further right is later."""
        curve = {"training": [[0, 2.0], [50, 1.0], [100, 0.0]]}
        circles = list(shown(trained(curve=curve)).iter("circle"))
        assert [(circle.get("cx"), circle.get("cy")) for circle in circles] == [
            ("0%", "0%"),
            ("50%", "50%"),
            ("100%", "100%"),
        ]

    def test_points_in_any_order_and_as_text(self) -> None:
        assert dots(shown(trained(curve={"training": [[20, "0.5"], ["10", 1]]})), "training") == [
            "training, step 10: 1",
            "training, step 20: 0.5",
        ]

    def test_thinned_but_no_spike_lost(self) -> None:
        points = [[step, 1 + math.sin(step / 700)] for step in range(10_000)]
        points[4321][1], points[7654][1] = 77.0, -5.0
        root = shown(trained(curve={"training": points, "validation": None}))
        kept = dots(root, "training")
        assert len(kept) <= curves.MOST_POINTS
        for step, loss in ((0, 1), (4321, 77), (7654, -5), (9999, points[-1][1])):
            assert f"training, step {f'{step:,}'.replace(',', ' ')}: {loss:.4g}" in kept
        assert "at most 150 of 10 000 points" in told(one(root, id="model-1"))

    @pytest.mark.parametrize(
        ("curve", "said"),
        [
            (None, "No loss curve: none was reported."),
            ({"training": [], "validation": None}, "No loss curve: none was reported."),
            ({"training": [[10, 0.5]]}, "One step only, too little for a curve: training loss 0.5 at step 10."),
            (
                {"training": [[10, 0.5]], "validation": [[10, 0.75]]},
                "too little for a curve: training loss 0.5 at step 10, validation loss 0.75 at step 10.",
            ),
            ({"training": [[1, math.nan], [2, "NaN"]]}, "2 reported points without a usable number left out."),
        ],
    )
    def test_nothing_to_draw_is_said(self, curve: Any, said: str) -> None:
        model = one(shown(trained(curve=curve)), id="model-1")
        assert said in told(model)
        assert every(model, role="img") == []

    @pytest.mark.parametrize("bad", [math.nan, math.inf, "NaN", None, True, 10**400, [1], {}])
    def test_what_is_no_number_is_left_out_and_said(self, bad: Any) -> None:
        root = shown(trained(curve={"training": [[1, 2.0], [2, bad], [3, 1.0]]}))
        assert len(dots(root, "training")) == 2
        assert "1 reported point without a usable number left out." in told(root)

    @pytest.mark.parametrize(
        "losses", [[0, 0], [0.5, 0.5], [-3, -1], [1e-9, 2e-9], [1e12, 1], [-0.5, 0.5], [0.3, 0.30000000000000004]]
    )
    def test_any_losses(self, losses: list[float]) -> None:
        root = shown(trained(curve={"training": list(enumerate(losses))}), trained())
        for circle in root.iter("circle"):
            for key in ("cx", "cy"):
                assert 0 <= float(circle.get(key, "").removesuffix("%")) <= 100

    @pytest.mark.parametrize(
        ("low", "high", "expected"),
        [
            (0, 2.3, [0, 0.5, 1, 1.5, 2, 2.5]),
            (0.41, 0.47, [0.4, 0.42, 0.44, 0.46, 0.48]),
            (0, 100, [0, 20, 40, 60, 80, 100]),
            (-1, 1, [-1, -0.5, 0, 0.5, 1]),
            (0, 0, [0, 0.2]),
            (5, 5, [5, 10]),
        ],
    )
    def test_round_ticks(self, low: float, high: float, expected: list[float]) -> None:
        assert curves.ticks(low, high) == pytest.approx(expected)

    def test_several_models_side_by_side(self) -> None:
        root = shown(trained(), unchanged(), trained(name="other"), failed())
        drawn = list(one(root, class_="overview").iter("li"))
        assert [told(item.find("a")) for item in drawn] == ["support-bot", "other"]  # type: ignore[arg-type]
        assert every(shown(trained(), failed()), class_="overview") == []

    def test_one_diverged_model_does_not_flatten_the_others(self) -> None:
        wild = trained(name="wild", curve={"training": [[1, 2], [2, 9000]]})
        items = [told(item) for item in one(shown(trained(), trained(), wild), class_="overview").iter("li")]
        assert ["on a scale of its own" in item for item in items] == [False, False, True]

    def test_pictures_are_well_formed_xml(self) -> None:
        html = page("A run", [trained(name='<&"]]>'), trained(curve=None)])
        for start in range(len(html)):
            if html.startswith('<svg role="img"', start):
                depth, end = 0, start
                while not (depth == 0 and end > start):
                    opening, closing = html.find("<svg", end), html.find("</svg>", end)
                    deeper = -1 < opening < closing
                    depth, end = (depth + 1, opening + 4) if deeper else (depth - 1, closing + 6)
                assert ElementTree.fromstring(html[start:end]).get("role") == "img"


def one_line(root: ElementTree.Element, series: str) -> str:
    """The points of the only line of a series."""
    (line,) = (line for line in root.iter("polyline") if line.get("class") == series)
    return line.get("points", "")


HOSTILE = [
    "<script>alert(1)</script>",
    "</style></title><img onerror=alert(1)>",
    "\" onload='x' data-x=\"",
    "]]><!--",
    "&lt;b&gt;",
    "a\u202egnp.exe\u2066\x00\x1b[31m\x9b",
    "lone \udc80",
]


def everywhere(value: str, like: Any) -> Any:
    """The same with every text in it, keys of free mappings too, replaced."""
    if isinstance(like, str):
        return value
    if isinstance(like, list):
        return [everywhere(value, item) for item in like]
    if isinstance(like, dict):
        return {key: everywhere(value, item) for key, item in like.items()}
    return like


def skeleton(html: str) -> list[tuple[str, frozenset[str], str | None]]:
    """The elements in their order, with the names of their attributes, and their classes; without the places where a
    long name may be broken."""
    return [
        (element.tag, frozenset(element.attrib), element.get("class"))
        for element in tree(html).iter()
        if element.tag != "wbr"
    ]


class TestFromOutside:
    @pytest.mark.parametrize("value", HOSTILE)
    def test_is_text_wherever_it_comes(self, value: str) -> None:
        plain = [trained(), failed(dataset={"training": {**DATA, "errors": DATA["warnings"], "source_format": "x"}})]
        hostile = everywhere(value, plain)
        for result in hostile:
            result.update(settings={value: {value: value}}, metrics={value: 1})
        harmless = everywhere("x", plain)
        for result in harmless:
            result.update(settings={"x": {"x": "x"}}, metrics={"x": 1})
        html = page(value, hostile)
        assert skeleton(html) == skeleton(page("x", harmless))
        html.encode()
        assert not set(html) & set("\u202e\u2066\x00\x1b\x9b\udc80")

    def test_is_shown_as_it_is(self) -> None:
        name = "<b>\"R&D\"</b> ]]> 'x'"
        root = shown(trained(name=name))
        assert told(one(root, id="model-1").find("h2")).startswith(name)  # type: ignore[arg-type]
        assert f"Loss of {name} (Amazon Bedrock)" in one(root, role="img").get("aria-label", "")

    def test_what_cannot_be_seen_is_spelled_out(self) -> None:
        name = told(one(shown(trained(name="a\u202egnp\x00\udc80")), id="model-1").find("h2"))  # type: ignore[arg-type]
        assert name.startswith("a\\u202egnp\\x00\\udc80")

    @pytest.mark.parametrize("value", [7, 1.5, True, [1], {"a": None}, "text"])
    def test_values_of_another_kind(self, value: Any) -> None:
        """A key that holds what nobody expects there costs that key only."""
        for key in trained():
            if key not in ("warnings", "previous"):  # lists, as the contract says
                assert "Summary" in told(shown(trained(**{key: value})))


class TestFile:
    def test_needs_nothing_else(self) -> None:
        html = page("A run", [trained(), unchanged(), failed()]).lower()
        # Not "http" alone: http-equiv is how a page states its content security policy.
        for word in ("http:", "https:", '="//', "src=", "<script", "<link", "<img", "@import", "url(", "style="):
            assert word not in html

    def test_the_same_bytes_twice(self) -> None:
        assert page("A run", [trained(), failed()]) == page("A run", [trained(), failed()])

    def test_a_hundred_models_with_long_curves(self) -> None:
        curve = {"training": falling(1000), "validation": falling(1000)}
        html = page("A run", [trained(name=f"model-{number}", curve=curve) for number in range(100)])
        assert len(html.encode()) < 4_000_000
        assert len(every(tree(html), class_="model")) == 100
