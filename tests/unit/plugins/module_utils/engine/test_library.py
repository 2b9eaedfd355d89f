# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gc
import sys
from importlib import import_module
from pathlib import Path

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import MissingLibrary
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit.client import load


def test_gives_the_library_and_leaves_the_collector_as_it_was() -> None:
    assert gc.isenabled()
    assert load("json", "to read JSON") is sys.modules["json"]
    assert gc.isenabled()


def test_a_missing_library_is_named_with_what_it_is_for() -> None:
    with pytest.raises(MissingLibrary) as caught:
        load("no_such_library", "to reach nothing")
    assert (caught.value.library, caught.value.reason) == ("no_such_library", "to reach nothing")
    assert "ModuleNotFoundError" in caught.value.trace
    assert gc.isenabled()


def test_what_is_there_already_is_taken_as_it_is() -> None:
    """Without a walk of the collector for each of the many parts of an SDK."""
    frozen = gc.get_freeze_count()
    assert load("json", "to read JSON") is sys.modules["json"]
    assert gc.get_freeze_count() == frozen


def test_an_optional_part_is_left_out_for_the_time_of_the_import_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sdk_of_a_test.py").write_text(
        "try:\n    import extra_of_a_test as extra\nexcept ImportError:\n    extra = None\n"
    )
    (tmp_path / "extra_of_a_test.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("sdk_of_a_test", "extra_of_a_test"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert load("sdk_of_a_test", "to test", without=("extra_of_a_test",)).extra is None
    extra = import_module("extra_of_a_test")
    monkeypatch.delitem(sys.modules, "sdk_of_a_test")
    assert load("sdk_of_a_test", "to test", without=("extra_of_a_test",)).extra is extra
    for name in ("sdk_of_a_test", "extra_of_a_test"):
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize(
    "how", ["from . import seldom", "from .seldom import deep", "from .seldom.deep import VALUE", "import {0}.seldom"]
)
def test_a_part_that_is_seldom_used_is_imported_when_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    package = f"sdk_with_parts_{len(how)}"
    folder = tmp_path / package
    (folder / "seldom").mkdir(parents=True)
    (folder / "__init__.py").write_text(f"{how.format(package)}\nfrom . import seldom\n")
    (folder / "seldom" / "__init__.py").write_text("from .deep import VALUE\nfrom . import deep\nOWN = 7\n")
    # As parts of OpenAI's SDK before 3.20 do: the package itself cannot be imported while this one is.
    (folder / "seldom" / "deep.py").write_text("from . import deeper\nVALUE = deeper.VALUE\n")
    (folder / "seldom" / "deeper.py").write_text("VALUE = 5\n")
    monkeypatch.syspath_prepend(tmp_path)
    part = f"{package}.seldom"
    sdk = load(package, "to test", later=(part, f"{package}.no_such_part"))
    assert sys.modules[part].__spec__ is None
    assert (f"{part}.deep" in sys.modules) is ("deep" in how)
    assert sdk.seldom.deep.VALUE == 5
    assert load(part, "to test").deep is sys.modules[f"{part}.deep"] is sdk.seldom.deep
    assert sdk.seldom.OWN == 7
    assert sys.modules[part].__spec__ is not None
    with pytest.raises(ModuleNotFoundError, match="no_such_part"):
        assert sys.modules[f"{package}.no_such_part"].anything
    for name in [name for name in sys.modules if name.startswith(package)]:
        monkeypatch.delitem(sys.modules, name)
