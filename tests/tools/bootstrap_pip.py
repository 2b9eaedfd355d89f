# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts pip into the virtual environment that runs this, at the version that ansible-test asks for.

The build writes this file into ansible-test's cache under the name of the script that ansible-test would
otherwise download. It is called with the arguments of ``get-pip.py``: options and the packages to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

PIP_PYTHON = "@PIP_PYTHON@"
"""An interpreter that has pip; the build fills it in."""

PACKAGES = "@PACKAGES@"
"""A folder with packages of this version of Python that the environment is to see, or an empty string; likewise."""

wanted = sorted(word for word in sys.argv[1:] if not word.startswith("-"))
purelib = Path(sysconfig.get_path("purelib"))

# Installed once and copied for each environment, of which ansible-test makes a dozen: pip takes seconds for it.
kept = Path(os.environ["GET_PIP"]).with_name(" ".join(wanted))
if not kept.is_dir():
    made = kept.with_name("unfinished")
    shutil.rmtree(made, ignore_errors=True)
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(made)]
    subprocess.run([PIP_PYTHON, "-m", "pip", "install", *options, *wanted], check=True)
    made.rename(kept)
shutil.copytree(kept, purelib, ignore=shutil.ignore_patterns("bin"), dirs_exist_ok=True)
if PACKAGES:
    (purelib / "base.pth").write_text(f"{PACKAGES}\n")
