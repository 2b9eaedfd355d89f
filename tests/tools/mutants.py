# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find small faults of the engine that its tests miss: one change at a time, in a copy of the collection.

``mutants.py plan engine [-- pytest arguments]`` prints those that survive the engine's tests and the contract suite."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ENGINE, TESTS = "plugins/module_utils/_engine", "tests/unit/plugins/module_utils"
QUICK = [f"{TESTS}/engine/test_{name}.py" for name in ("compare", "plan", "engine")]  # what kills most, first
PAIRS: Any = ((ast.Eq, ast.NotEq), (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Is, ast.IsNot), (ast.In, ast.NotIn))
SWAPS = {one: other for pair in (*PAIRS, (ast.And, ast.Or), (ast.Add, ast.Sub)) for one, other in (pair, pair[::-1])}


def make_fault(node: ast.AST) -> ast.AST | None:
    """The fault that is made of one place; None if none is."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        return ast.Compare(node.left, [SWAPS[type(node.ops[0])](), *node.ops[1:]], node.comparators)
    if isinstance(node, (ast.BoolOp, ast.BinOp)) and type(node.op) in SWAPS:
        return type(node)(**{**vars(node), "op": SWAPS[type(node.op)]()})
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        return ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)
    if isinstance(node, ast.Return) and node.value and ast.unparse(node.value) not in ("None", "False"):
        return ast.Return(ast.Constant(None))
    return ast.Pass() if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None


def list_mutants(source: str) -> Iterator[tuple[str, str]]:
    """What is changed and where, and the whole text with the change."""
    for wanted in range(sum(make_fault(node) is not None for node in ast.walk(ast.parse(source)))):
        tree = ast.parse(source)
        node = [node for node in ast.walk(tree) if make_fault(node) is not None][wanted]
        fault = ast.copy_location(make_fault(node) or node, node)
        what = f"{getattr(node, 'lineno', 0)}: {ast.unparse(node)} -> {ast.unparse(fault)}"
        node.__class__, node.__dict__ = fault.__class__, fault.__dict__  # in its place
        yield what, ast.unparse(ast.fix_missing_locations(tree))


def have_failed(tests: list[str], place: Path) -> bool:
    command = [sys.executable, "-Bm", "pytest", "-xqp", "no:cacheprovider", *tests]
    where: Any = {"cwd": place, "env": {**os.environ, "PYTHONPATH": str(place.parents[2])}}
    try:
        return subprocess.call(command, **where, stdout=subprocess.DEVNULL, timeout=600) != 0
    except subprocess.TimeoutExpired:  # it makes them hang
        return True


def main(modules: list[str], rounds: list[list[str]]) -> None:
    results: list[bool] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "ansible_collections", "llmops", "finetune")
        shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(".*", "build", "__pycache__"))
        for file in (place / ENGINE / f"{module}.py" for module in modules):
            source = file.read_text(encoding="utf-8")
            for what, text in list_mutants(source):
                file.write_text(text, encoding="utf-8")
                results.append(any(have_failed(tests, place) for tests in rounds))
                if not results[-1]:
                    print(f"{file.name}:{what}", flush=True)
            file.write_text(source, encoding="utf-8")
    print(f"{sum(results)} of {len(results)} were killed.")


if __name__ == "__main__":
    names, _separator, given = " ".join(sys.argv[1:]).partition(" -- ")
    main(names.split(), [given.split()] if given else [QUICK, [f"{TESTS}/engine"], [f"{TESTS}/contract"]])
