# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Makefile calls: ``build.py TARGET``. Needs Python 3.10 or newer and its standard library."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import environment
import quickstart as show
import steps
from environment import ROOT, VENVS, BuildError

OUTPUT = ROOT / "build"
_printing = threading.Lock()


def _extra() -> list[str]:
    return shlex.split(os.environ.get("ARGS", ""))


def _show(outcome: steps.Outcome) -> None:
    """Print a step's log, whole if something failed, and its counts."""
    folder = VENVS / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{environment.python_tag()}-{outcome.step}.log"
    log.write_text(outcome.log)
    with _printing:
        print(f"\n===== {outcome.step}: {outcome.counts()} ({outcome.seconds:.0f} s)", flush=True)
        if outcome.failed:
            print(outcome.log.rstrip(), flush=True)
        for note in outcome.notes:
            print(f"  {note}", flush=True)


def _close(outcomes: Sequence[steps.Outcome]) -> int:
    """Print the line of counts that ends a run; the exit code."""
    total = steps.Outcome("test")
    for outcome in outcomes:
        total.passed += outcome.passed
        total.failed += outcome.failed
        total.skipped += outcome.skipped
    print(f"\n{total.counts()}", flush=True)
    return 1 if total.failed else 0


def _step(step: Callable[[], steps.Outcome]) -> steps.Outcome:
    try:
        outcome = step()
    except BuildError as error:
        # The other steps still run: one that cannot be counted is a failure.
        outcome = steps.Outcome(getattr(step, "__name__", "integration"), failed=1, log=f"error: {error}")
    _show(outcome)
    return outcome


def test() -> int:
    """All steps, in lanes side by side: the integration tests sleep for much of their time."""
    # Sanity has a small environment of its own, and runs while that of the others is made. Of these, what takes long is
    # first, so that the lanes end at about the same time.
    waiting = [steps.sanity, steps.units, *steps.integration_parts(4), steps.lint]
    with ThreadPoolExecutor(4) as lanes:
        outcomes = list(lanes.map(_step, waiting))
    return _close(outcomes)


def _one(step: Callable[[Sequence[str]], steps.Outcome]) -> int:
    """One step with what ARGS adds to it."""
    outcome = step(_extra())
    _show(outcome)
    return _close([outcome])


def lint() -> int:
    """All linters, or those that ARGS names."""
    return _one(steps.lint)


def sanity() -> int:
    """The sanity tests."""
    return _one(steps.sanity)


def units() -> int:
    """The unit tests."""
    return _one(steps.units)


def integration() -> int:
    """The integration tests."""
    return _one(steps.integration)


def _runtime(venv: Path | None = None) -> tuple[Path, dict[str, str]]:
    """Where the programs are installed, and the environment in which they find the collection."""
    venv = venv or environment.runtime_venv()
    environ = {
        **os.environ,
        "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "ANSIBLE_COLLECTIONS_PATH": str(environment.collections_path()),
        # No inventory: localhost is then run by the interpreter of ansible-playbook, which has the libraries.
        "ANSIBLE_INVENTORY": os.devnull,
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
    }
    return venv, environ


def _run(command: Sequence[str | Path], environ: dict[str, str], cwd: Path = ROOT) -> int:
    return subprocess.run(command, cwd=cwd, env=environ, check=False).returncode


def quickstart() -> int:
    """What a newcomer runs first."""
    venv, environ = _runtime()
    return show.main(ROOT, venv / "bin", environ)


def sandbox() -> int:
    """The offline providers, until interrupted."""
    venv, environ = _runtime()
    try:
        return _run([venv / "bin" / "python", ROOT / "extensions" / "sandbox", *_extra()], environ)
    except KeyboardInterrupt:
        return 0


def bench() -> int:
    """The benchmarks."""
    venv, environ = _runtime(environment.bench_venv())
    environ["PYTHONPATH"] = str(environment.collections_path())
    return _run([venv / "bin" / "python", ROOT / "tests" / "bench", *_extra()], environ)


def pytest() -> int:
    """Plain pytest on these sources: all unit tests, or those that ARGS names."""
    venv, environ = _runtime(environment.pytest_venv())
    environ["PYTHONPATH"] = str(environment.collections_path())
    return _run([*environment.program(venv, "pytest"), *_extra()], environ)


def chaos() -> int:
    """Trials in which everything goes wrong."""
    venv = environment.tests_venv()
    environ = {**os.environ, "PYTHONPATH": str(environment.collections_path())}
    module = f"ansible_collections.{environment.NAMESPACE}.{environment.NAME}.tests.chaos"
    return _run([venv / "bin" / "python", "-m", module, *_extra()], environ)


def _artifact() -> Path:
    venv, environ = _runtime()
    OUTPUT.mkdir(exist_ok=True)
    for old in OUTPUT.glob("*.tar.gz"):
        old.unlink()
    # Built from the copy: what git ignores never gets into the artifact.
    source = environment.tree("build")
    command = [
        *environment.program(venv, "ansible-galaxy"),
        "collection",
        "build",
        "--force",
        "--output-path",
        OUTPUT,
        source,
    ]
    if _run(command, environ):
        raise BuildError("ansible-galaxy did not build the collection (see above)")
    return next(OUTPUT.glob("*.tar.gz"))


def build() -> int:
    """The artifact."""
    print(_artifact().relative_to(ROOT))
    return 0


def importer() -> int:
    """What Ansible Galaxy does with an upload, by its own program."""
    artifact = _artifact()
    venv = environment.venv("importer", ["tests/tools/requirements-importer.txt"], core=False)
    environ = {
        **os.environ,
        "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "ANSIBLE_HOME": str(venv / "home"),
    }
    environ.pop("ANSIBLE_COLLECTIONS_PATH", None)
    status, text = steps.run([venv / "bin" / "python", "-m", "galaxy_importer.main", artifact], OUTPUT, environ)
    print(text)
    complaints = [line for line in text.splitlines() if line.startswith(("ERROR", "WARNING"))]
    failed = 1 if status or any(line.startswith("ERROR") for line in complaints) else 0
    return _close([steps.Outcome("importer", passed=1 - failed, failed=failed)])


def docs() -> int:
    """The documentation as HTML, from what is installed here: nothing is fetched."""
    venv = environment.venv("docs", ["tests/tools/requirements-docs.txt"])
    tree = environment.tree("docs")
    site = OUTPUT / "docs"
    work = VENVS / "docsite"
    for folder in (site, work):
        shutil.rmtree(folder, ignore_errors=True)
    work.mkdir(parents=True)
    environ = {
        **os.environ,
        "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "ANSIBLE_COLLECTIONS_PATH": str(tree.parents[2]),
    }
    name = f"{environment.NAMESPACE}.{environment.NAME}"
    tool = environment.program(venv, "antsibull-docs")
    common: list[str | Path] = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir"]
    (work / "rst").mkdir()
    init: list[str | Path] = [*tool, "sphinx-init", *common, work, name]
    if _run(init, environ):
        return 1
    with (work / "conf.py").open("a") as conf:
        # Other projects' indexes are on the network: references to them become plain text.
        conf.write("\nintersphinx_mapping = {}\nnitpicky = False\nsuppress_warnings = ['ref.ref']\n")
    commands: list[list[str | Path]] = [
        [*tool, "collection", *common, work / "rst", name],
        [*environment.program(venv, "sphinx-build"), "--quiet", "-b", "html", "-c", work, work / "rst", site],
    ]
    for command in commands:
        if _run(command, environ):
            return 1
    print((site / "index.html").relative_to(ROOT))
    return 0


def changelog() -> int:
    """Write CHANGELOG.md and changelogs/changelog.yaml anew from the fragments and the plugins."""
    venv = environment.lint_venv()
    environ = {
        **os.environ,
        "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "ANSIBLE_COLLECTIONS_PATH": str(environment.collections_path()),
    }
    tree = environment.collections_path() / "ansible_collections" / environment.NAMESPACE / environment.NAME
    return _run(
        [
            *environment.program(venv, "antsibull-changelog"),
            "release",
            "--update-existing",
            "--reload-plugins",
            *_extra(),
        ],
        environ,
        tree,
    )


def generate() -> int:
    """Write the files that follow from others anew."""
    environ = {**os.environ, "PYTHONPATH": str(environment.collections_path())}
    return _run(steps.generate(environment.lint_venv()), environ)


def reformat() -> int:
    """Let ruff format the Python files and fix what it can."""
    ruff = environment.lint_venv() / "bin" / "ruff"
    return _run([ruff, "check", "--fix", "."], dict(os.environ)) | _run([ruff, "format", "."], dict(os.environ))


def probe() -> int:
    """Nothing: that this runs says that the interpreter is fit."""
    return 0


def clean() -> int:
    """Remove everything that make made."""
    for folder in (VENVS, OUTPUT):
        shutil.rmtree(folder, ignore_errors=True)
    return 0


TARGETS: dict[str, Callable[[], int]] = {
    "quickstart": quickstart,
    "sandbox": sandbox,
    "test": test,
    "lint": lint,
    "sanity": sanity,
    "units": units,
    "pytest": pytest,
    "integration": integration,
    "format": reformat,
    "generate": generate,
    "changelog": changelog,
    "bench": bench,
    "chaos": chaos,
    "docs": docs,
    "build": build,
    "importer": importer,
    "clean": clean,
    "probe": probe,
}


def main() -> int:
    """Run the target named on the command line."""
    if len(sys.argv) != 2 or sys.argv[1] not in TARGETS:
        print(f"usage: build.py {{{','.join(TARGETS)}}}", file=sys.stderr)
        return 2
    try:
        return TARGETS[sys.argv[1]]()
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
