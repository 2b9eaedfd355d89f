# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts pip into the virtual environment that runs this, at the version that ansible-test asks for.

The build writes this file into ansible-test's cache under the name of the script that ansible-test would
otherwise download. It is called with the arguments of ``get-pip.py``: options and the packages to install.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

PIP_PYTHON = "@PIP_PYTHON@"
"""An interpreter that has pip; the build fills it in."""

PACKAGES = "@PACKAGES@"
"""A folder with packages of this version of Python that the environment is to see, or an empty string; likewise."""

arguments = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
failed = subprocess.call([PIP_PYTHON, "-m", "pip", "--python", sys.executable, "install", "--quiet", *arguments])
if PACKAGES and not failed:
    Path(sysconfig.get_path("purelib"), "base.pth").write_text(f"{PACKAGES}\n")
sys.exit(failed)
