# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interpreters, virtual environments and the copies of the collection that the tools run on.

Only the standard library is used here: this runs before anything is installed.
"""

from __future__ import annotations

import configparser
import fcntl
import functools
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
VENVS = ROOT / ".venv"
FLOOR = (3, 10)
NAMESPACE, NAME = "llmops", "finetune"

# What is never part of a copy, should the sources not be under git.
UNTRACKED = {
    ".git",
    ".venv",
    ".ansible",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    "__pycache__",
    "build",
}


class BuildError(Exception):
    """The build cannot go on; the message says what to do."""


def python_tag() -> str:
    """The running interpreter as part of a folder's name, as in ``py3.11``."""
    return f"py{sys.version_info[0]}.{sys.version_info[1]}"


def core_version() -> str:
    """The ansible-core asked for with ``CORE=2.16``, or an empty string."""
    core = os.environ.get("CORE", "").strip()
    if core and not re.fullmatch(r"\d+\.\d+(\.\d+((a|b|rc)\d+)?)?", core):
        raise BuildError(
            f"CORE={core} is not a version of ansible-core. Write CORE=2.19 or CORE=2.22.0rc1, for example."
        )
    return core


# Locks: two runs of make at once neither rebuild nor overwrite what the other one uses

_venv_lock = threading.Lock()
_ready: dict[str, int] = {}
_trees: dict[Path, int] = {}


def _open_lock(name: str) -> int:
    (VENVS / "locks").mkdir(parents=True, exist_ok=True)
    return os.open(VENVS / "locks" / name, os.O_RDWR | os.O_CREAT, 0o644)


def _lock(handle: int, kind: int, name: str) -> None:
    """Take the lock, shared or exclusive; it lasts as long as this process."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"Another run of make uses .venv/{name}: waiting for it ...", flush=True)
        fcntl.flock(handle, kind)


# Interpreters


def probe(path: Path) -> str | None:
    """The ``3.11``-like version of the interpreter at ``path``, or None if it does not run."""
    try:
        result = subprocess.run(
            [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def _pyenv_versions() -> list[Path]:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return sorted(root.glob("versions/*/bin"))


@functools.cache
def interpreters() -> tuple[dict[str, Path], tuple[Path, ...]]:
    """Find the interpreters of this machine.

    Returns the working ones (version to path, Python 3.10 or newer, by rising version) and the folders of
    the PATH that hold a ``pythonX.Y`` that does not run. The PATH comes first, then pyenv's versions.
    """
    found: dict[str, Path] = {f"{sys.version_info[0]}.{sys.version_info[1]}": Path(sys.executable)}
    broken: list[Path] = []
    folders = [Path(entry) for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry]
    for folder in [*folders, *_pyenv_versions()]:
        for path in sorted(folder.glob("python3.*")):
            match = re.fullmatch(r"python(3\.\d+)", path.name)
            if match is None or not os.access(path, os.X_OK):
                continue
            version = match.group(1)
            if version in found and folder not in folders:
                continue
            if probe(path) != version:
                if folder not in broken:
                    broken.append(folder)
            elif version not in found and tuple(map(int, version.split("."))) >= FLOOR:
                found[version] = path
    ordered = dict(sorted(found.items(), key=lambda item: tuple(map(int, item[0].split(".")))))
    return ordered, tuple(broken)


def interpreter_path(venv: Path, home: Path) -> str:
    """A PATH on which every ``pythonX.Y`` that ansible-test can find works. Part of it is a folder in ``home``, which
    belongs to one step.

    ansible-test runs each interpreter that it finds by name; one that exits with an error stops it. Of those that are
    not on the PATH anyway it gets the oldest and the newest: each costs it a quarter of a minute, and what those two
    and the one of this build can import, those between can.
    """
    working, broken = interpreters()
    versions = [*working]
    folder = home / "interpreters"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for version in sorted({versions[0], versions[-1], f"{sys.version_info[0]}.{sys.version_info[1]}"}):
        (folder / f"python{version}").symlink_to(working[version])
    entries = [entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry]
    kept = [entry for entry in entries if Path(entry) not in broken]
    return os.pathsep.join([str(venv / "bin"), str(folder), *kept])


# Virtual environments


def _pip_wheel(folder: Path) -> Path:
    """A wheel of pip for a Python without ensurepip, which Debian packs separately."""
    wheels = sorted(Path("/usr/share/python-wheels").glob("pip-*.whl"))
    if not wheels and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        subprocess.run(["apt-get", "download", "python3-pip-whl"], cwd=folder, capture_output=True, check=False)
        for package in folder.glob("python3-pip-whl*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, folder / "deb"], check=True)
        wheels = sorted(folder.glob("deb/usr/share/python-wheels/pip-*.whl"))
    if not wheels:
        raise BuildError(
            f"{sys.executable} has neither ensurepip nor pip. Install the package that brings them "
            "(python3-venv on Debian and Ubuntu) and run make again."
        )
    return wheels[-1]


def _create(venv: Path) -> None:
    shutil.rmtree(venv, ignore_errors=True)
    venv.parent.mkdir(parents=True, exist_ok=True)
    if subprocess.run([sys.executable, "-m", "venv", venv], capture_output=True, check=False).returncode == 0:
        return
    shutil.rmtree(venv, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    with tempfile.TemporaryDirectory() as scratch:
        environ = {**os.environ, "PYTHONPATH": str(_pip_wheel(Path(scratch)))}
        subprocess.run([venv / "bin" / "python", "-m", "pip", "install", "--quiet", "pip"], env=environ, check=True)


def packages_of(venv: Path) -> Path:
    """Where the packages of an environment of ours lie."""
    return venv / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def venv(purpose: str, requirements: list[str], *, core: bool = True, base: Path | None = None) -> Path:
    """Make, or find again, the virtual environment for ``purpose`` and return its folder.

    There is one for each purpose, interpreter and ansible-core. It is made anew when its requirement files,
    the interpreter or the place of the sources changed. ``core``: it follows ``CORE=``. ``base``: an environment
    whose packages it sees as well, so that they are not installed twice.
    """
    version = core_version() if core else ""
    name = "-".join(part for part in (purpose, python_tag(), f"core{version}" if version else "") if part)
    folder = VENVS / name
    packages: list[str] = []
    for entry in requirements:
        if not (ROOT / entry).is_file():
            raise BuildError(f"the requirement file {entry} is missing")
        packages += ["-r", entry]
    if version:
        packages.append(f"ansible-core=={version}" if version.count(".") == 2 else f"ansible-core=={version}.*")
    digest = hashlib.sha256()
    for part in (sys.version, platform.machine(), str(folder), *packages):
        digest.update(part.encode() + b"\0")
    for entry in requirements:
        digest.update((ROOT / entry).read_bytes() + b"\0")
    if base is not None:
        digest.update((base / "stamp").read_bytes())
    stamp = folder / "stamp"
    with _venv_lock:
        if name in _ready:
            # Requirements that change while this runs wait for the next run.
            return folder
        handle = _open_lock(name)
        _lock(handle, fcntl.LOCK_SH, name)
        if not (stamp.is_file() and stamp.read_text() == digest.hexdigest()):
            _lock(handle, fcntl.LOCK_EX, name)
            if not (stamp.is_file() and stamp.read_text() == digest.hexdigest()):
                _install(folder, packages, base)
                stamp.write_text(digest.hexdigest())
            fcntl.flock(handle, fcntl.LOCK_SH)
        _ready[name] = handle
    return folder


# pip's settings in uv's words. Those that it has no word for, and that change what is installed, leave it to pip.
_UV_VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
_SAME_FOR_UV = {
    "break-system-packages",
    "cache-dir",
    "compile",
    "disable-pip-version-check",
    "no-cache-dir",
    "no-compile",
    "no-input",
    "no-warn-script-location",
    "progress-bar",
    "quiet",
    "require-virtualenv",
    "root-user-action",
    "verbose",
}


def _installs(command: list[str | Path], output: IO[str], environ: dict[str, str] | None = None) -> bool:
    """Run an installer that writes to ``output``; whether it got through."""
    result = subprocess.run(command, cwd=ROOT, env=environ, stdout=output, stderr=output, check=False)
    return result.returncode == 0


def _pip(folder: Path) -> list[str | Path]:
    """The start of a command that installs with the pip of an environment."""
    return [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]


def _install_by_uv(folder: Path, packages: list[str], output: IO[str]) -> bool:
    """Install with uv, which takes a tenth of pip's time; False where it cannot be had or does not get through."""
    settings = _pip_settings(folder)
    if settings.keys() - _UV_VARIABLES.keys() - _SAME_FOR_UV:
        return False
    home = VENVS / "uv"
    uv = home / "bin" / "uv"
    handle = _open_lock("uv")
    try:
        _lock(handle, fcntl.LOCK_EX, "uv")
        if not uv.exists() and not _installs([*_pip(folder), "--target", home, "uv"], output):
            return False
    finally:
        os.close(handle)
    environ = dict(os.environ)
    for name, value in settings.items():
        if name in _UV_VARIABLES:
            # pip's lists have a word a line or, in a variable, words with spaces between; one is with commas here.
            separator = "," if name == "find-links" else " "
            environ.setdefault(_UV_VARIABLES[name], separator.join(value.split()))
    # Beside the environments, so that these are links to it; all of pip's indexes count the same.
    environ.update(UV_CACHE_DIR=str(home / "cache"), UV_INDEX_STRATEGY="unsafe-best-match", UV_PYTHON_DOWNLOADS="never")
    command: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", *packages]
    return _installs(command, output, environ)


def _install(folder: Path, packages: list[str], base: Path | None) -> None:
    print(f"Setting up .venv/{folder.name} ...", flush=True)
    _create(folder)
    if base is not None:
        (packages_of(folder) / "base.pth").write_text(f"{packages_of(base)}\n")
    log = folder / "pip.log"
    with log.open("w") as output:
        installed = _install_by_uv(folder, packages, output)
        if not installed:
            installed = _installs([*_pip(folder), "--no-compile", *packages], output)
    if not installed:
        raise BuildError(f"pip could not install {' '.join(packages)}:\n{log.read_text()}")
    if base is not None:
        # Linters call these by name.
        for tool in (base / "bin").glob("ansible*"):
            if not (folder / "bin" / tool.name).exists():
                (folder / "bin" / tool.name).symlink_to(tool)


def program(venv: Path, name: str) -> list[str | Path]:
    """The start of a command that runs an installed program.

    By its interpreter: the first line of a script cannot name one whose path has a space.
    """
    return [venv / "bin" / "python", venv / "bin" / name]


def runtime_venv() -> Path:
    """ansible-core with what the modules and the sandbox import."""
    return venv("", ["requirements.txt", "extensions/sandbox/requirements.txt"])


def bench_venv() -> Path:
    """The same with what the benchmarks compare it with."""
    requirements = ["requirements.txt", "extensions/sandbox/requirements.txt", "tests/bench/requirements.txt"]
    return venv("bench", requirements)


def tests_venv() -> Path:
    """ansible-core with what all units and targets import: the environments of ansible-test see these packages."""
    requirements = ["requirements.txt", "extensions/sandbox/requirements.txt"]
    return venv("tests", [*requirements, "tests/unit/requirements.txt", "tests/integration/requirements.txt"])


def pytest_venv() -> Path:
    """pytest with what the unit tests import, on top of the environment of the quickstart."""
    return venv("pytest", ["tests/tools/requirements-pytest.txt", "tests/unit/requirements.txt"], base=runtime_venv())


def lint_venv() -> Path:
    """The linters, which see the packages that they look up."""
    return venv("lint", ["tests/tools/requirements-lint.txt"], base=tests_venv())


def sanity_venv() -> Path:
    """ansible-core with the programs that its sanity tests would rather have."""
    return venv("sanity", ["tests/tools/requirements-sanity.txt"])


# Copies of the collection


def sources() -> list[str]:
    """The paths of the collection's files, relative to its root: what git tracks or would track."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        result = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        names = {name for name in result.stdout.split("\0") if name}
    else:
        names = set()
        for parent, folders, files in os.walk(ROOT):
            folders[:] = [folder for folder in folders if folder not in UNTRACKED]
            names.update(str((Path(parent) / file).relative_to(ROOT)) for file in files)
    return sorted(name for name in names if (ROOT / name).is_symlink() or (ROOT / name).is_file())


def tree(purpose: str) -> Path:
    """Bring the copy of the collection for ``purpose`` up to date and return its root.

    ansible-test and others insist on a real folder ``ansible_collections/llmops/finetune``. Steps that run
    side by side have a copy each. What a tool keeps in its copy (tests/output) stays there.
    """
    root = VENVS / "trees" / purpose / "ansible_collections" / NAMESPACE / NAME
    root.mkdir(parents=True, exist_ok=True)
    if root not in _trees:
        handle = _open_lock(f"trees-{purpose}")
        _lock(handle, fcntl.LOCK_EX, f"trees/{purpose}")
        _trees[root] = handle
    wanted = sources()
    for name in wanted:
        source, target = ROOT / name, root / name
        if not target.is_symlink() and target.is_dir():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink() or target.is_symlink():
            target.unlink(missing_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    keep = set(wanted)
    walked = []
    for parent, folders, files in os.walk(root):
        here = Path(parent).relative_to(root)
        folders[:] = [name for name in folders if str(here / name) not in (".git", "tests/output")]
        walked.append(root / here)
        for file in files:
            if str(here / file) not in keep:
                (root / here / file).unlink()
    for folder in reversed(walked):
        if not any(folder.iterdir()):
            folder.rmdir()
    if shutil.which("git") and not (root / ".git").exists():
        # Without one of its own, ansible-test would ask the repository above, which ignores .venv as a whole.
        subprocess.run(["git", "init", "--quiet", root], check=True)
    return root


def collections_path() -> Path:
    """A folder to name in ANSIBLE_COLLECTIONS_PATH: it shows these sources as the installed collection."""
    folder = VENVS / "collections"
    link = folder / "ansible_collections" / NAMESPACE / NAME
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink() or link.resolve() != ROOT:
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(ROOT, link.parent), target_is_directory=True)
    return folder


# ansible-test


def _pip_settings(venv: Path) -> dict[str, str]:
    """pip's settings as this user has them, from the files and from the environment."""
    result = subprocess.run(
        [venv / "bin" / "python", "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    settings: dict[str, str] = {}
    for scope in ("global", "install", ":env:"):
        for line in result.stdout.splitlines():
            match = re.fullmatch(rf"{scope}\.([\w-]+)='(.*)'", line)
            if match:
                settings[match.group(1)] = match.group(2).replace("\\n", "\n")
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    if proxy:
        settings.setdefault("proxy", proxy)
    settings.pop("config-file", None)
    return settings


def ansible_test_environment(venv: Path, step: str) -> dict[str, str]:
    """The environment for ansible-test, with a home of its own in .venv for each step, because steps run side by side.

    ansible-test hands its children little more than HOME and PATH, so pip's settings are written to that
    home. There too lies the script with which ansible-test puts pip into a new environment: it fetches one
    from its own site unless the cache has a file of that name. Ours uses the pip that we already have, and lets
    the new environment see the packages of ``venv``, which then are not installed again; but not those of sanity,
    whose tests are to see what happens where nothing is installed.
    """
    home = venv / f"home-{step}"
    settings = configparser.RawConfigParser()
    settings["global"] = {name: "\n" + value if "\n" in value else value for name, value in _pip_settings(venv).items()}
    settings["install"] = {"quiet": "1"}
    if step != "sanity":
        # Here "no" means not to compile. What is imported is compiled then, which is little of what is installed; but
        # of old packages Python says something then, and that fails a sanity test.
        settings["install"]["no-compile"] = "no"
    pip_file = home / ".config" / "pip" / "pip.conf"
    pip_file.parent.mkdir(parents=True, exist_ok=True)
    with pip_file.open("w") as output:
        settings.write(output)

    packages = packages_of(venv)
    asked = (packages / "ansible_test" / "_internal" / "python_requirements.py").read_text()
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    script = (ROOT / "tests" / "tools" / "bootstrap_pip.py").read_text()
    script = script.replace("@PIP_PYTHON@", str(venv / "bin" / "python"))
    script = script.replace("@PACKAGES@", "" if step == "sanity" else str(packages))
    for version in re.findall(r"\bpip='([\d.]+)'", asked):
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(script)

    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    environ.pop("CORE", None)
    environ.update(HOME=str(home), PATH=interpreter_path(venv, home))
    return environ
