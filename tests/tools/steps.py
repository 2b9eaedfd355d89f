# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of ``make test``: each runs tools, keeps what they print, and counts their own results."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import environment
from environment import ROOT, BuildError


@dataclass
class Outcome:
    """What a step counted: ``passed``, ``failed`` and ``skipped`` tests; ``notes`` says what was skipped."""

    step: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    notes: list[str] = field(default_factory=list)
    log: str = ""
    seconds: float = 0.0

    def counts(self) -> str:
        """The counts as one line."""
        line = f"{self.passed} passed, {self.failed} failed"
        return f"{line}, {self.skipped} skipped" if self.skipped else line


def run(command: Sequence[str | Path], cwd: Path, environ: dict[str, str] | None = None) -> tuple[int, str]:
    """Run ``command`` without a terminal; return its exit code and all that it printed."""
    result = subprocess.run(
        command,
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return result.returncode, result.stdout


@contextmanager
def _timed(step: str) -> Iterator[Outcome]:
    outcome = Outcome(step)
    started = time.monotonic()
    yield outcome
    outcome.seconds = time.monotonic() - started


# lint


def generate(venv: Path) -> list[str | Path]:
    """The command that writes the generated files; the collection must be on its PYTHONPATH."""
    return [venv / "bin" / "python", "-B", "tests/tools/generate.py"]


def _lint_tools(venv: Path, tree: Path) -> dict[str, tuple[Path, list[str | Path]]]:
    """Tool to the folder it runs in and its command."""
    program = functools.partial(environment.program, venv)
    # Checked by the path of the import, so that a module has one name only.
    package = Path("ansible_collections") / environment.NAMESPACE / environment.NAME
    checked = [
        package / folder
        for folder in ("plugins", "extensions/sandbox", "tests/bench", "tests/chaos", "tests/tools")
        if next((tree / folder).rglob("*.py"), None)
    ]
    return {
        "ruff-check": (ROOT, [venv / "bin" / "ruff", "check", "."]),
        "ruff-format": (ROOT, [venv / "bin" / "ruff", "format", "--check", "--output-format", "concise", "."]),
        "mypy": (
            tree.parents[2],
            [*program("mypy"), "--config-file", tree / "pyproject.toml", "--cache-dir", venv / "mypy", *checked],
        ),
        "yamllint": (tree, [*program("yamllint"), "--strict", "."]),
        "ansible-lint": (tree, [*program("ansible-lint"), "--offline", "--strict", "--nocolor"]),
        "antsibull-docs": (
            tree,
            [
                *program("antsibull-docs"),
                "lint-collection-docs",
                "--plugin-docs",
                "--validate-collection-refs=dependent",
                "--disallow-unknown-collection-refs",
                ".",
            ],
        ),
        "antsibull-changelog": (tree, [*program("antsibull-changelog"), "lint"]),
        "quoted": (tree, [venv / "bin" / "python", "tests/tools/quoted.py"]),
        "generate": (tree, ["env", f"PYTHONPATH={tree.parents[2]}", *generate(venv), "--check"]),
        "reuse": (tree, [*program("reuse"), "lint"]),
    }


def lint(extra: Sequence[str] = ()) -> Outcome:
    """Run every linter, or those that ``extra`` names; one that finds something is one failure."""
    venv = environment.lint_venv()
    tree = environment.tree("lint")
    home = venv / "home"
    home.mkdir(exist_ok=True)
    environ = {
        **os.environ,
        "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "ANSIBLE_COLLECTIONS_PATH": str(tree.parents[2]),
        "ANSIBLE_HOME": str(home / ".ansible"),
    }
    environ.pop("PYTHONPATH", None)
    tools = _lint_tools(venv, tree)
    unknown = sorted(set(extra) - set(tools))
    if unknown:
        raise BuildError(f"lint has no step {', '.join(unknown)}; its steps are {', '.join(tools)}")
    with _timed("lint") as outcome:
        for tool in extra or tools:
            folder, command = tools[tool]
            status, text = run(command, folder, environ)
            if status:
                outcome.failed += 1
                text = text.replace(f"{Path('ansible_collections', environment.NAMESPACE, environment.NAME)}/", "")
                outcome.log += f"--- {tool} ---\n{text.strip()}\n"
            else:
                outcome.passed += 1
    return outcome


# ansible-test


def _ansible_test(
    step: str, arguments: list[str], count: Callable[[Outcome, str, Path], None], extra: Sequence[str] = ()
) -> Outcome:
    venv = environment.sanity_venv() if step == "sanity" else environment.tests_venv()
    # Steps run side by side, which is why each has a copy of its own.
    tree = environment.tree(step)
    environ = environment.ansible_test_environment(venv, step)
    for stale in (*tree.glob("tests/output/junit/*.xml"), *tree.glob("tests/output/data/*.json")):
        stale.unlink()
    command: list[str | Path] = [
        *environment.program(venv, "ansible-test"),
        *arguments,
        "--venv",
        "--color",
        "no",
        *extra,
    ]
    with _timed(step) as outcome:
        status, outcome.log = run(command, tree, environ)
        count(outcome, outcome.log, tree)
        if status and not outcome.failed:
            outcome.failed = 1
        if not status and not outcome.failed and not outcome.passed:
            raise BuildError(f"{step}: ansible-test ran no test\n{outcome.log}")
    return outcome


def _failures(log: str) -> int:
    match = re.search(r"The (\d+) integration test\(s\) listed below \(out of \d+\) failed", log)
    return int(match.group(1)) if match else 0


def _count_sanity(outcome: Outcome, log: str, tree: Path) -> None:
    for report in sorted(tree.glob("tests/output/junit/ansible-test-sanity-*.xml")):
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                outcome.failed += 1
            elif skip is None:
                outcome.passed += 1
            elif (skip.text or skip.get("message")) != "No tests applicable.":
                outcome.skipped += 1
                outcome.notes.append(str(skip.text or skip.get("message")))
    # A test that lacks its program is reported as not applicable.
    for program in re.findall(r"^WARNING: Required program \"(.+)\" not found", log, re.MULTILINE):
        outcome.skipped += 1
        outcome.notes.append(f"{program} is missing: its sanity test did not run")


def sanity(extra: Sequence[str] = ()) -> Outcome:
    """``ansible-test sanity``: every test that needs no container, for each interpreter of this machine."""
    return _ansible_test("sanity", ["sanity", "--junit"], _count_sanity, extra)


def _count_units(outcome: Outcome, log: str, tree: Path) -> None:
    reasons: dict[str, int] = {}
    for report in sorted(tree.glob("tests/output/junit/*units.xml")):
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                outcome.failed += 1
            elif skip is not None:
                outcome.skipped += 1
                reason = skip.get("message") or "no reason given"
                reasons[reason] = reasons.get(reason, 0) + 1
            else:
                outcome.passed += 1
    outcome.notes = [f"{number} x {reason}" for reason, number in sorted(reasons.items())]


def units(extra: Sequence[str] = ()) -> Outcome:
    """``ansible-test units``."""
    # ansible-test hands on nothing of the environment: tests/unit/conftest.py reads these files.
    output = environment.tree("units") / "tests" / "output"
    output.mkdir(exist_ok=True)
    for name in ("loops", "agreement"):
        (output / name).write_text(os.environ.get(f"LLMOPS_{name.upper()}", ""))
    # One interpreter: others are asked for with PYTHON=.
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return _ansible_test("units", ["units", "--python", version], _count_units, extra)


def _count_integration(outcome: Outcome, log: str, tree: Path) -> None:
    ran = set(re.findall(r"^Running (\S+) integration test (?:role|script)", log, re.MULTILINE))
    outcome.failed = _failures(log)
    outcome.passed = len(ran) - outcome.failed


def integration(extra: Sequence[str] = (), step: str = "integration") -> Outcome:
    """``ansible-test integration`` against the sandbox; one test target is one test."""
    arguments = ["integration", "--continue-on-error"]
    return _ansible_test(step, arguments, _count_integration, extra)


def integration_parts(number: int) -> list[Callable[[], Outcome]]:
    """The same in parts that take about as long as each other, by the lines of the targets' tasks."""
    targets = (ROOT / "tests" / "integration" / "targets").iterdir()
    weights = {
        target.name: sum(len(file.read_text().splitlines()) for file in target.glob("tasks/*.yml"))
        for target in targets
        if (target / "aliases").is_file() and not target.name.startswith("setup_")
    }
    parts: list[list[str]] = [[] for _number in range(number)]
    for name in sorted(weights, key=lambda name: (-weights[name], name)):
        min(parts, key=lambda part: sum(weights[other] for other in part)).append(name)
    return [
        functools.partial(integration, tuple(sorted(part)), f"integration-{index}")
        for index, part in enumerate(parts, 1)
        if part
    ]
