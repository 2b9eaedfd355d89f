# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report in a real browser: nothing asked for, nothing cut off, and text that can be read in both schemes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._report.page import page
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.report import browser as browsers
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.report.results import (
    DATA,
    WARNING,
    failed,
    trained,
    unchanged,
)

READABLE = 4.5  # WCAG 2.2, success criterion 1.4.3 (AA)
SEEN = 3.0  # and 1.4.11, for lines

# Every text and line that is shown, and its contrast with what is behind it: a list of [what, contrast, wanted].
CONTRASTS = """
(() => {
  const parts = (color) => (color.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parts(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
      if (color[3] > 0) throw new Error("a background that lets something through: " + color);
    }
    throw new Error("no background");
  };
  const contrast = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.tagName === "title" || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const color = element instanceof SVGElement ? style.fill : style.color;
    found.push([node.data.trim(), contrast(parts(color), behind(element)), READABLE]);
  }
  for (const line of document.querySelectorAll("polyline, .sample line")) {
    found.push([line.getAttribute("class"), contrast(parts(getComputedStyle(line).stroke), behind(line)), SEEN]);
  }
  return found;
})()
""".replace("READABLE", str(READABLE)).replace("SEEN", str(SEEN))

# The elements that stick out of the page on the right.
OUTSIDE = """
[...document.querySelectorAll("body *")]
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map((one) => one.tagName + " " + one.className + ": " + one.textContent.slice(0, 60))
"""


def results() -> list[dict[str, Any]]:
    """Every kind of content, and words too long for any line."""
    data = {**DATA, "errors": [WARNING], "error_count": 1, "error_codes": {"long_example": 1}}
    endless = "an_endless_name_without_a_place_to_break" * 8
    return [
        trained(),
        unchanged(),
        failed(dataset={"training": data}),
        trained(name="busy", status="InProgress", phase="pending", curve={"training": [[1, 2.0]]}),
        trained(
            name=endless,
            base_model=endless,
            status=endless,
            settings={endless: {endless: endless}},
            metrics={endless: 1},
            model_id=endless,
            curve={"training": [[step, 1e9 / step] for step in range(1, 400)]},
        ),
    ]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[browsers.Browser]:
    path = browsers.program()
    if path is None:
        pytest.skip("needs Chromium or Chrome on the PATH")
    with browsers.Browser(path, tmp_path) as running:
        yield running


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(page("A run of everything", results()), encoding="utf-8")
    return path


def test_readable_in_light_and_dark_and_on_paper(browser: browsers.Browser, report: Path) -> None:
    browser.open(report)
    backgrounds = []
    for scheme, media in (("light", ""), ("dark", ""), ("dark", "print")):
        browser.look(1200, scheme, media)
        found = browser.run(CONTRASTS)
        assert len(found) > 200
        assert [(what, contrast) for what, contrast, wanted in found if contrast < wanted] == []
        backgrounds.append(browser.run("getComputedStyle(document.body).backgroundColor"))
    light, dark, paper = (sum(map(int, found[4:-1].split(","))) / 3 for found in backgrounds)
    assert light > 200 > 60 > dark, "the scheme that was asked for was not taken"
    assert paper == 255


@pytest.mark.parametrize("width", [320, 360, 768, 1200])
def test_nothing_sticks_out(browser: browsers.Browser, report: Path, width: int) -> None:
    browser.look(width)
    browser.open(report)
    assert browser.run("innerWidth") == width
    assert browser.run("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert browser.run(OUTSIDE) == []


def test_on_paper_a_table_is_a_table_and_nothing_stays_folded(browser: browsers.Browser, report: Path) -> None:
    browser.look(718, media="print")  # A4 without its margins
    browser.open(report)
    assert browser.run("getComputedStyle(document.querySelector('.models')).display") == "table"
    assert browser.run("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert browser.run(OUTSIDE) == []
    folded = browser.run("[...document.querySelectorAll('details li')].filter((one) => !one.checkVisibility()).length")
    assert folded == 0 < browser.run("document.querySelectorAll('details:not([open]) li').length")


def test_asks_for_nothing_and_breaks_no_rule_of_its_own(browser: browsers.Browser, report: Path) -> None:
    browser.look(1200)
    browser.open(report)
    assert browser.run("document.querySelectorAll('section.model').length") == len(results())
    # The style sheet is in force, although the page's own policy allows only what it names by its hash.
    assert browser.run("getComputedStyle(document.querySelector('polyline')).strokeWidth") == "2px"
    assert (browser.requested, browser.complaints()) == ([], [])


def test_a_script_that_slipped_through_would_not_run(browser: browsers.Browser, report: Path) -> None:
    html = report.read_text(encoding="utf-8")
    slipped = (
        "<script>document.title = 'ran'</script><img src='data:,' onerror=\"document.title = 'ran'\"><style>*{}</style>"
    )
    report.write_text(html.replace("</main>", f"{slipped}</main>"), encoding="utf-8")
    browser.open(report)
    assert browser.run("document.title") == "A run of everything"
    assert len(browser.complaints()) >= 3


def test_curves_are_where_their_numbers_are(browser: browsers.Browser, tmp_path: Path) -> None:
    """The line goes through its dots at any width, and the labels stand beside their marks."""
    path = tmp_path / "curve.html"
    path.write_text(page("A run", [trained(curve={"training": [[0, 4.0], [50, 1.0], [100, 3.0]]})]), encoding="utf-8")
    for width in (360, 1200):
        browser.look(width)
        browser.open(path)
        dots, corners, labels = browser.run("""
        (() => {
          const centre = (one) => {
            const box = one.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
          };
          const line = document.querySelector("polyline"), matrix = line.getScreenCTM();
          return [
            [...document.querySelectorAll("circle")].map(centre),
            [...line.points].map((p) => p.matrixTransform(matrix)).map((p) => [p.x, p.y]),
            Object.fromEntries([...document.querySelectorAll("svg text")].map((t) => [t.textContent, centre(t)])),
          ];
        })()
        """)
        assert len(dots) == 3
        for dot, corner in zip(dots, corners, strict=True):
            assert dot == pytest.approx(corner, abs=1)
        assert dots[0][1] == pytest.approx(labels["4"][1], abs=3)
        assert dots[1][1] == pytest.approx(labels["1"][1], abs=3)
        assert dots[2][0] == pytest.approx(labels["100"][0], abs=1)
