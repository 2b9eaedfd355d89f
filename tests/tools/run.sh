#!/bin/sh
# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the build tool with the interpreter that $PYTHON names (python3 if unset).
# A name that is on the PATH but does not run (a shim of pyenv for a version that is not
# switched on) is looked for among pyenv's versions.

wanted=${PYTHON:-python3}
here=$(dirname -- "$0")

# Packages are not compiled when they are installed: what of them is imported is compiled and kept then.
unset PYTHONDONTWRITEBYTECODE

works() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1
}

if works "$wanted"; then
    exec "$wanted" "$here/build.py" "$@"
fi
for candidate in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/"$wanted"; do
    if works "$candidate"; then
        exec "$candidate" "$here/build.py" "$@"
    fi
done

echo "error: '$wanted' is missing, does not run, or is older than Python 3.10." >&2
echo "Install Python 3.10 or newer, or name one that works: make $1 PYTHON=python3.11" >&2
exit 1
