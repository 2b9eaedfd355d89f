# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find small faults of the engine that its tests miss: one change at a time, in a copy of the collection.

    python tests/tools/mutants.py plan engine [-- pytest arguments]
Prints each fault that survives, then how many were killed. What makes the tests hang for a minute is killed."""

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
ENGINE, TESTS = "plugins/module_utils/_engine", "tests/unit/plugins/module_utils/engine"
PAIRS: Any = ((ast.Eq, ast.NotEq), (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Is, ast.IsNot), (ast.In, ast.NotIn))
SWAPS = dict((*PAIRS, (ast.And, ast.Or), (ast.Add, ast.Sub)))
SWAPS |= {second: first for first, second in SWAPS.items()}


def make_fault(node: ast.AST) -> ast.AST | None:
    """The fault that is made of one place; None if none is."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        return ast.Compare(node.left, [SWAPS[type(node.ops[0])](), *node.ops[1:]], node.comparators)
    if isinstance(node, ast.BoolOp):
        return ast.BoolOp(SWAPS[type(node.op)](), node.values)
    if isinstance(node, ast.BinOp) and type(node.op) in SWAPS:
        return ast.BinOp(node.left, SWAPS[type(node.op)](), node.right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        return ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)
    if isinstance(node, ast.Return) and node.value is not None and ast.unparse(node.value) != "None":
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


def main(modules: list[str], tests: list[str]) -> None:
    results: list[bool] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "ansible_collections", "llmops", "finetune")
        shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(".*", "build", "__pycache__"))
        where: Any = {"cwd": place, "env": {**os.environ, "PYTHONPATH": folder}}
        command = [sys.executable, "-Bm", "pytest", "-xqp", "no:cacheprovider", *tests]
        for file in (place / ENGINE / f"{module}.py" for module in modules):
            source = file.read_text(encoding="utf-8")
            for what, text in list_mutants(source):
                file.write_text(text, encoding="utf-8")
                try:
                    found = subprocess.run(command, **where, check=False, capture_output=True, timeout=60)
                    results.append(found.returncode != 0)
                except subprocess.TimeoutExpired:
                    results.append(True)
                if not results[-1]:
                    print(f"{file.name}:{what}", flush=True)
            file.write_text(source, encoding="utf-8")
    print(f"{sum(results)} of {len(results)} were killed.")


if __name__ == "__main__":
    names, _separator, given = " ".join(sys.argv[1:]).partition(" -- ")
    main(names.split(), given.split() or [TESTS])
